"""Settings and forced modes, as a user sees them in Home Assistant."""
