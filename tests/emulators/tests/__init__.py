"""Tests of the emulated clouds themselves."""
