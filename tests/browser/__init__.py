"""Tests that see the integration as a user does, in a browser."""
