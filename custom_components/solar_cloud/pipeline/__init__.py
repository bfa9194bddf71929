"""From what a cloud says to what is published: counters filtered, sources chosen, days kept. Imports nothing from Home Assistant."""
