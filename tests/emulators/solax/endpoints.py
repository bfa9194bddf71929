"""Which path is answered by what, and which service pack it needs."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import alarms, commercial, discovery, ems_control, history, realtime, statistics
from .application import EMS_PACK
from .knobs import Knobs
from .plant import Plant
from .query import Query

INFO, TELEMETRY = "API_Info_V2", "API_Telemetry_V2"


class Endpoint(NamedTuple):
    """One path below /openapi."""

    method: str
    path: str
    pack: str
    answer: Callable[[Query, Knobs, Sequence[Plant]], Any]


_DEVICE = "/openapi/v2/device"
_PLANT = "/openapi/v2/plant"

READING = (
    Endpoint("GET", f"{_PLANT}/page_plant_info", INFO, discovery.plants),
    Endpoint("GET", f"{_DEVICE}/page_device_info", INFO, discovery.devices),
    Endpoint("POST", f"{_DEVICE}/get_master_control_device", INFO, commercial.master),
    Endpoint("GET", f"{_PLANT}/realtime_data", TELEMETRY, realtime.plant),
    Endpoint("GET", f"{_DEVICE}/realtime_data", TELEMETRY, realtime.devices),
    Endpoint("GET", f"{_DEVICE}/history_data", TELEMETRY, history.rows),
    Endpoint("POST", f"{_PLANT}/energy/get_stat_data", TELEMETRY, statistics.answer),
    Endpoint("GET", "/openapi/v2/alarm/page_alarm_info", INFO, alarms.answer),
    Endpoint(
        "POST", f"{_DEVICE}/ems_system/attribute_info", EMS_PACK, commercial.attributes
    ),
    Endpoint(
        "POST", f"{_DEVICE}/ems_system/summary_data", EMS_PACK, commercial.summaries
    ),
    Endpoint(
        "POST", f"{_DEVICE}/ems_system/increase_data", EMS_PACK, commercial.slices
    ),
    *(
        Endpoint(
            "POST",
            f"{_DEVICE}/ems_system/control/{name}",
            EMS_PACK,
            ems_control.take(check),
        )
        for name, check in ems_control.CHECKS.items()
    ),
)
