"""The emulated FusionSolar cloud."""

from .cloud import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME, FusionSolarCloud
from .knobs import Knobs
from .plant import Device, Plant
from .scenarios import SCENARIOS

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "PASSWORD",
    "SCENARIOS",
    "USERNAME",
    "Device",
    "FusionSolarCloud",
    "Knobs",
    "Plant",
]
