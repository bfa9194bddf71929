"""A real Home Assistant on localhost, for the demo and the browser tests."""
