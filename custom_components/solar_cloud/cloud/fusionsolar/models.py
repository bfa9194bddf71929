"""Device types of the vendor: what they are to us, and which have values.

Source: SmartPVMS device type list (getDevList) and the types getDevRealKpi accepts (2022 to 25.2); unknown types are kept as they are.
"""

from collections.abc import Mapping
import re
from typing import Final

from ..model import DeviceKind

STRING_INVERTER: Final = 1
WEATHER: Final = 10
GRID_METER: Final = 17
HOME_INVERTER: Final = 38
HOME_BATTERY: Final = 39
STORAGE: Final = 41
POWER_SENSOR: Final = 47
EMMA: Final = 23070
SMART_GUARD: Final = 23071
"""A backup box, known from one client's code only."""
MAINS: Final = 60001
GENSET: Final = 60003
AC_OUTPUT: Final = 60010
LITHIUM_STRING: Final = 60014
MODULE_GROUP: Final = 60043
MODULE: Final = 60044
CONVERTER: Final = 60092

INVERTERS: Final = frozenset({STRING_INVERTER, HOME_INVERTER})
BATTERIES: Final = frozenset({HOME_BATTERY, STORAGE, LITHIUM_STRING})
METERS: Final = (EMMA, POWER_SENSOR, GRID_METER, MAINS)
"""What stands at the grid connection; the first type a plant has is believed (EMMA includes the sensor it reads)."""
CORRECTABLE: Final = frozenset({*METERS, STORAGE, HOME_BATTERY})

KINDS: Final[Mapping[int, DeviceKind]] = {
    STRING_INVERTER: DeviceKind.INVERTER,
    HOME_INVERTER: DeviceKind.INVERTER,
    HOME_BATTERY: DeviceKind.BATTERY,
    STORAGE: DeviceKind.BATTERY,
    LITHIUM_STRING: DeviceKind.BATTERY,
    GRID_METER: DeviceKind.METER,
    POWER_SENSOR: DeviceKind.METER,
    MAINS: DeviceKind.METER,
    EMMA: DeviceKind.ENERGY_MANAGER,
    WEATHER: DeviceKind.WEATHER_STATION,
    **dict.fromkeys((2, 37, 45, 62, 63), DeviceKind.GATEWAY),
    46: DeviceKind.OPTIMIZER,
}

REPORTED: Final = frozenset({*INVERTERS, HOME_BATTERY, STORAGE})
"""Types with reports by day, month and year (fusionsolar.md §3.10)."""
READABLE: Final = frozenset(
    {
        *INVERTERS,
        *BATTERIES,
        *METERS,
        WEATHER,
        GENSET,
        AC_OUTPUT,
        MODULE_GROUP,
        MODULE,
        CONVERTER,
    }
)
"""Types with real-time data; asking for others is refused with 20013."""

NAMES: Final[Mapping[int, str]] = {SMART_GUARD: "SmartGuard"}
"""Products of types whose rows name none."""


def kind_of(device_type: int) -> DeviceKind:
    """Return our kind for a type."""
    return KINDS.get(device_type, DeviceKind.OTHER)


def rated_power(device_type: int, model: str | None) -> float | None:
    """Read an inverter's rated W from its model (SUN2000-8KTL-M1, SUN2000-50KTL-M3, SUN5000-17K-MAP0)."""
    if device_type not in INVERTERS or model is None:
        return None
    found = re.search(r"-(\d+(?:\.\d+)?)K", model.upper())
    return float(found[1]) * 1000 if found else None


def capacity(device_type: int, model: str | None) -> float | None:
    """Read a home battery's kWh from its model (LUNA2000-10-S0)."""
    if device_type != HOME_BATTERY or model is None:
        return None
    found = re.search(r"LUNA2000-(\d+(?:\.\d+)?)\b", model.upper())
    return float(found[1]) if found else None
