"""Sungrow's numeric states in the shared words (sungrow.md §5.9)."""

from collections.abc import Mapping
from typing import Final

from ..model import AlarmLevel, AlarmType
from ..states import BatteryState, ChargerState, InverterState, PlantState

HYBRID_STATES: Final[Mapping[int, str]] = {
    0: InverterState.RUNNING,
    64: InverterState.RUNNING,
    1: InverterState.STOPPED,
    2: InverterState.WAITING,
    4: InverterState.EMERGENCY_STOP,
    8: InverterState.STANDBY,
    16: InverterState.STANDBY,
    20: InverterState.MICRO_GRID,
    32: InverterState.STARTING,
    65: InverterState.OFF_GRID_CHARGING,
    128: InverterState.DERATED,
    256: InverterState.FAULT,
    512: InverterState.UPDATE_FAILED,
    1024: InverterState.MAINTENANCE,
    2048: InverterState.FORCED,
    4096: InverterState.OFF_GRID,
    4369: InverterState.UNINITIALISED,
    4608: InverterState.STANDBY,
    4864: InverterState.WAITING,
    5120: InverterState.STANDBY,
    5376: InverterState.EMERGENCY_STOP,
    5632: InverterState.STARTING,
    5888: InverterState.SELF_TEST,
    6400: InverterState.SAFE_MODE,
    8192: InverterState.OPEN_LOOP,
    9472: InverterState.RESTARTING,
    9473: InverterState.RESTARTING,
    16384: InverterState.EXTERNAL_CONTROL,
    16385: InverterState.EMERGENCY_CHARGING,
    16435: InverterState.FAULT,
    16439: InverterState.FAULT,
    20992: InverterState.STOPPING,
    21760: InverterState.FAULT,
    32768: InverterState.STOPPED,
    33024: InverterState.DERATED,
    33280: InverterState.DISPATCHED,
    33792: InverterState.ANTI_PID,
    37120: InverterState.RUNNING_WITH_ALARM,
}
"""Operating status of hybrid inverters (point 13146) and micro-inverters (51301)."""

PV_STATES: Final[Mapping[int, str]] = {
    **HYBRID_STATES,
    6144: InverterState.COMMISSIONING,
    16385: InverterState.DISPATCHED,
}
"""Operating status of PV inverters (point 29)."""

BATTERY_STATES: Final[Mapping[int, str]] = {
    0: BatteryState.IDLE,
    1: BatteryState.STANDBY,
    2: BatteryState.WORKING,
    3: BatteryState.FAULT,
    4: BatteryState.POWERED_OFF,
    5: BatteryState.UPDATING,
    6: BatteryState.CALIBRATING,
    7: BatteryState.SELF_TEST,
}
"""Point 58608."""

CHARGER_STATES: Final[Mapping[int, str]] = {
    1: ChargerState.AVAILABLE,
    2: ChargerState.PREPARING,
    3: ChargerState.CHARGING,
    4: ChargerState.SUSPENDED_BY_CHARGER,
    5: ChargerState.SUSPENDED_BY_VEHICLE,
    6: ChargerState.FINISHED,
    7: ChargerState.RESERVED,
    8: ChargerState.OUT_OF_SERVICE,
    9: ChargerState.FAULT,
}
"""Point 33716 (sungrow.md §5.8)."""

PLANT_FAULTS: Final[Mapping[int, str]] = {
    1: PlantState.FAULT,
    2: PlantState.WARNING,
    3: PlantState.ONLINE,
    4: PlantState.ONLINE,
}
"""``ps_fault_status``; 4 is what the details page calls normal (sungrow.md §4.2)."""

ALARM_TYPES: Final[Mapping[int, tuple[AlarmType, AlarmLevel]]] = {
    1: (AlarmType.FAULT, AlarmLevel.MAJOR),
    2: (AlarmType.WARNING, AlarmLevel.WARNING),
    3: (AlarmType.NOTICE, AlarmLevel.NOTICE),
    4: (AlarmType.SUGGESTION, AlarmLevel.NOTICE),
}
"""``fault_type`` of an alarm (sungrow.md §4.9), and how bad we call it: which end of ``fault_level`` is worse is not stated."""

FAULTS: Final[Mapping[int, str]] = {
    1: "Grid overvoltage",
    2: "Grid undervoltage",
    3: "Grid overfrequency",
    4: "Grid underfrequency",
    5: "Grid outage",
    6: "Leakage current",
    7: "Grid abnormal",
    8: "Grid imbalance",
    9: "PV reverse connection fault",
    10: "PV reverse connection alarm",
    11: "PV abnormal",
    12: "Ambient temperature too high",
    13: "Ambient temperature too low",
    14: "Low insulation resistance",
    15: "Grounding cable fault",
    16: "Arc fault (AFCI)",
    17: "Backup overload",
    18: "Meter connected the wrong way round",
    19: "Meter communication fault",
    20: "Grid conflict",
    21: "Parallel communication fault",
    22: "BMS communication fault",
    23: "Battery connection fault",
    24: "Battery alarm",
    25: "Battery fault",
    26: "PV overvoltage",
    27: "MPPT reverse connection",
    28: "Boost capacitor alarm",
    29: "Boost capacitor fault",
    30: "String backfeed",
    32: "Rapid shutdown fault",
    35: "PV grounding fault",
    63: "System alarm",
    64: "System fault",
}
"""The last two digits of ``fault_type_code``, the same for PV inverters (600xx) and hybrids (138xx) (sungrow.md §5.9)."""
FAULT_FAMILIES: Final = frozenset({600, 138})
BYPASS: Final = range(13893, 13897)
