"""The two editions of the OpenAPI: one set of operations under different names (sungrow.md §1.3, §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Operation(Enum):
    """What can be asked, whatever an edition calls it."""

    PLANTS = auto()
    PLANT_DETAILS = auto()
    DEVICES = auto()
    PLANT_VALUES = auto()
    DEVICE_VALUES = auto()
    OPTIMIZER_VALUES = auto()
    ALARMS = auto()
    PLANT_MINUTES = auto()
    DEVICE_MINUTES = auto()
    PLANT_DAYS = auto()
    DEVICE_DAYS = auto()
    SETTING_CHECK = auto()
    SETTING = auto()
    SETTING_TASK = auto()
    SETTING_RECORDS = auto()


@dataclass(frozen=True, slots=True)
class Dialect:
    """Names of one edition."""

    prefix: str
    bearer: bool
    """Whether the token travels in the ``Authorization`` header; else it is a field of the body."""
    page: str
    """The field that numbers pages."""
    paths: Mapping[Operation, str]
    live_list: bool
    """Whether the list of plants carries income and CO2."""

    def path(self, operation: Operation) -> str:
        """Return where an operation lives."""
        return f"{self.prefix}/{self.paths[operation]}"


_SHARED: Final = {
    Operation.DEVICE_VALUES: "getDeviceRealTimeData",
    Operation.OPTIMIZER_VALUES: "getMlpeRealTimeData",
    Operation.ALARMS: "getFaultAlarmInfo",
    Operation.DEVICE_MINUTES: "getDevicePointMinuteDataList",
    Operation.SETTING_CHECK: "paramSettingCheck",
    Operation.SETTING: "paramSetting",
    Operation.SETTING_TASK: "getParamSettingTask",
    Operation.SETTING_RECORDS: "getDeviceSettingRecordList",
}

V1: Final = Dialect(
    prefix="openapi",
    bearer=False,
    page="curPage",
    paths={
        **_SHARED,
        Operation.PLANTS: "getPowerStationList",
        Operation.PLANT_DETAILS: "getBatchPsDetail",
        Operation.DEVICES: "getDeviceList",
        Operation.PLANT_VALUES: "getDeviceRealTimeData",
        Operation.PLANT_MINUTES: "getDevicePointMinuteDataList",
        Operation.PLANT_DAYS: "getDevicePointsDayMonthYearDataList",
        Operation.DEVICE_DAYS: "getDevicePointsDayMonthYearDataList",
    },
    live_list=True,
)
"""Without OAuth: the portal's keys and an account's password."""

V2: Final = Dialect(
    prefix="openapi/platform",
    bearer=True,
    page="page",
    paths={
        **_SHARED,
        Operation.PLANTS: "queryPowerStationList",
        Operation.PLANT_DETAILS: "getPowerStationDetail",
        Operation.DEVICES: "getDeviceListByPsId",
        Operation.PLANT_VALUES: "getPowerStationRealTimeData",
        Operation.PLANT_MINUTES: "getPowerStationPointMinuteDataList",
        Operation.PLANT_DAYS: "getPowerStationPointDayMonthYearDataList",
        Operation.DEVICE_DAYS: "getDevicePointDayMonthYearDataList",
    },
    live_list=False,
)
"""With OAuth 2.0."""
