"""Sungrow's iSolarCloud OpenAPI on localhost, as sungrow.md describes it."""

from .application import Application, User
from .cloud import SungrowCloud
from .knobs import Knobs
from .plant import Device, Plant

__all__ = ["Application", "Device", "Knobs", "Plant", "SungrowCloud", "User"]
