"""The emulated SolaX cloud."""

from .application import Application
from .cloud import CLIENT_ID, CLIENT_SECRET, SolaxCloud
from .knobs import Knobs
from .plant import Device, Kind, Plant, Tariff
from .scenarios import SCENARIOS

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "SCENARIOS",
    "Application",
    "Device",
    "Kind",
    "Knobs",
    "Plant",
    "SolaxCloud",
    "Tariff",
]
