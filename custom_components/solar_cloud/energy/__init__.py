"""Logic on readings: what may be published, and who feeds which role. Nothing in here knows Home Assistant."""
