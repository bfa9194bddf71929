"""Tests for Solar Cloud."""
