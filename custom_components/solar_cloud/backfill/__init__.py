"""The past of counters: gaps noticed, hours fetched and joined. Imports nothing from Home Assistant."""
