"""Triggers and conditions in automations of a real Home Assistant, on the emulated homes of every vendor."""
