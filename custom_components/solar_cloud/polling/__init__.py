"""When to poll next, by when the vendors' uploads come. Imports nothing from Home Assistant."""
