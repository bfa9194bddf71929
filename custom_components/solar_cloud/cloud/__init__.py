"""Clients of the vendors' clouds. Nothing in here knows Home Assistant."""
