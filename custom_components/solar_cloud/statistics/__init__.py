"""The past of counters in Home Assistant's long-term statistics."""
