"""The logic on readings, without Home Assistant."""
