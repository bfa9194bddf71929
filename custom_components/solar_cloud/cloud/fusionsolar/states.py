"""The vendor's state codes in our words; source: SmartPVMS data items of the device types (2022), later values from newer clients."""

from collections.abc import Mapping
from typing import Final

from ..model import AlarmLevel, AlarmType
from ..states import BatteryMode, BatteryState, InverterState, PlantState

INVERTER: Final[Mapping[int, str]] = {
    0: InverterState.WAITING,  # initialising
    1: InverterState.SELF_CHECK,  # insulation
    2: InverterState.WAITING,  # irradiation
    3: InverterState.SELF_CHECK,  # grid
    256: InverterState.STARTING,
    512: InverterState.RUNNING,
    513: InverterState.RESTRICTED,  # power limited
    514: InverterState.DERATED,
    768: InverterState.FAULT,
    769: InverterState.STOPPED,  # by command
    770: InverterState.FAULT,  # ground overvoltage relay
    771: InverterState.STOPPED,  # communication lost
    772: InverterState.STOPPED,  # power limited
    773: InverterState.STOPPED,  # manual start required
    774: InverterState.STOPPED,  # DC switch open
    1025: InverterState.DISPATCHED,  # power factor by power
    1026: InverterState.DISPATCHED,  # reactive power by voltage
    1280: InverterState.SELF_TEST,
    1281: InverterState.SELF_TEST,
    1536: InverterState.SELF_CHECK,  # inspection
    1792: InverterState.SELF_CHECK,  # arc fault detector
    2048: InverterState.SELF_CHECK,  # I-V scan
    2304: InverterState.SELF_CHECK,  # DC input
    40960: InverterState.NO_IRRADIATION,
    45056: InverterState.DISCONNECTED,
    49152: InverterState.STARTING,  # loading
}
DARK: Final = 40960

BATTERY: Final[Mapping[int, str]] = {
    0: BatteryState.OFFLINE,
    1: BatteryState.STANDBY,
    2: BatteryState.WORKING,
    3: BatteryState.FAULT,
    4: BatteryState.HIBERNATING,
}

BATTERY_MODE: Final[Mapping[int, str]] = {
    0: BatteryMode.NONE,
    1: BatteryMode.FORCED,
    2: BatteryMode.TIME_OF_USE_PRICE,
    3: BatteryMode.FIXED,
    4: BatteryMode.SELF_CONSUMPTION,
    5: BatteryMode.FEED_IN_PRIORITY,
    6: BatteryMode.TIME_OF_USE,
    7: BatteryMode.REMOTE_SELF_CONSUMPTION,
    8: BatteryMode.REMOTE_FEED_IN_PRIORITY,
    9: BatteryMode.REMOTE_TIME_OF_USE,
    10: BatteryMode.ENERGY_CONTROL,
    11: BatteryMode.REMOTE_ENERGY_CONTROL,
    12: BatteryMode.EXTERNAL_CONTROL,
}

PLANT: Final[Mapping[int, str]] = {
    1: PlantState.OFFLINE,
    2: PlantState.FAULT,
    3: PlantState.ONLINE,
}

ALARM_LEVELS: Final[Mapping[int, AlarmLevel]] = {
    1: AlarmLevel.CRITICAL,
    2: AlarmLevel.MAJOR,
    3: AlarmLevel.MINOR,
    4: AlarmLevel.WARNING,
}
ALARM_TYPES: Final[Mapping[int, AlarmType]] = {
    0: AlarmType.OTHER,
    1: AlarmType.TRANSPOSITION,
    2: AlarmType.EXCEPTION,
    3: AlarmType.PROTECTION,
    4: AlarmType.NOTICE,
    5: AlarmType.INFORMATION,
}
