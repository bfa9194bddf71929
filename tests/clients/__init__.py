"""Tests of the vendor-neutral core and of the vendors' clients."""
