"""The physical world that the emulated clouds report about."""

from .clock import Clock
from .sample import (
    BatterySample,
    ChargerSample,
    Energies,
    InverterSample,
    Powers,
    Sample,
)
from .site import Fault, Site
from .spec import (
    Array,
    Battery,
    Charger,
    ChargerControls,
    Controls,
    Habits,
    Inverter,
    SiteSpec,
)
from .timed import Timed
from .uploads import Dongle
from .world import World

__all__ = [
    "Array",
    "Battery",
    "BatterySample",
    "Charger",
    "ChargerControls",
    "ChargerSample",
    "Clock",
    "Controls",
    "Dongle",
    "Energies",
    "Fault",
    "Habits",
    "Inverter",
    "InverterSample",
    "Powers",
    "Sample",
    "Site",
    "SiteSpec",
    "Timed",
    "World",
]
