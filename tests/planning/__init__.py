"""The planner without a Home Assistant."""
