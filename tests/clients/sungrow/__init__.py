"""Tests of the Sungrow client, against its emulated cloud."""
