"""The calls this client makes and the service pack each one needs."""

from dataclasses import dataclass
from typing import Final

INFORMATION: Final = "Information Access Service"
MONITORING: Final = "Data Monitoring Service"
EMS_FUNCTIONS: Final = "EMS System Functions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call. ``permission`` is the service pack as the developer portal spells it.

    Which pack opens which call is nowhere stated; it is inferred from the packs' names [guess], here and only here.
    """

    method: str
    path: str
    permission: str


PLANTS: Final = Endpoint("GET", "/openapi/v2/plant/page_plant_info", INFORMATION)
DEVICES: Final = Endpoint("GET", "/openapi/v2/device/page_device_info", INFORMATION)
ALARMS: Final = Endpoint("GET", "/openapi/v2/alarm/page_alarm_info", INFORMATION)
PLANT_DATA: Final = Endpoint("GET", "/openapi/v2/plant/realtime_data", MONITORING)
DEVICE_DATA: Final = Endpoint("GET", "/openapi/v2/device/realtime_data", MONITORING)
DEVICE_HISTORY: Final = Endpoint("GET", "/openapi/v2/device/history_data", MONITORING)
STATISTICS: Final = Endpoint(
    "POST", "/openapi/v2/plant/energy/get_stat_data", MONITORING
)
EMS_LIST: Final = Endpoint(
    "POST", "/openapi/v2/device/ems_system/attribute_info", EMS_FUNCTIONS
)
EMS_DATA: Final = Endpoint(
    "POST", "/openapi/v2/device/ems_system/summary_data", EMS_FUNCTIONS
)

TOKEN_PATH: Final = "/openapi/auth/oauth/token"
