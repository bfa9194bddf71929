"""The cloud's numbers for states and modes, in our words.

Source: the developer portal's appendices on device and plant status (generation v34) [doc].
"""

from collections.abc import Mapping
from typing import Final

from ..states import BatteryState, ChargerMode, ChargerState, InverterState, PlantState

WAITING: Final = 100
"""An inverter that sleeps: its zeros of voltage, frequency and temperature are not measurements [seen]."""
NO_STATE: Final = 0
"""Seen on commercial inverters both asleep and at 17 kW [seen]: it says nothing."""

INVERTER: Final[Mapping[int, str]] = {
    WAITING: InverterState.WAITING,
    101: InverterState.SELF_CHECK,
    102: InverterState.RUNNING,
    103: InverterState.FAULT,
    104: InverterState.PERMANENT_FAULT,
    105: InverterState.UPDATING,
    106: InverterState.BACKUP_CHECK,
    107: InverterState.OFF_GRID,
    108: InverterState.SELF_TEST,
    109: InverterState.IDLE,
    110: InverterState.STANDBY,
    111: InverterState.WAKING_BATTERY,
    112: InverterState.GENERATOR_CHECK,
    113: InverterState.GENERATOR,
    114: InverterState.RAPID_SHUTDOWN,
    130: InverterState.EXTERNAL_CONTROL,
    131: InverterState.TIME_OF_USE,
    132: InverterState.TIME_OF_USE_CHARGING,
    133: InverterState.TIME_OF_USE_DISCHARGING,
    134: InverterState.TIME_OF_USE_BATTERY_OFF,
    135: InverterState.PEAK_SHAVING,
    136: InverterState.GENERATOR,  # "Normal (generator)"
    137: InverterState.RUNNING,  # "Normal (BAT-E)"
    138: InverterState.RUNNING,  # "Normal (BAT-H)"
    139: InverterState.OFF_GRID,  # "EPS (BAT-H)"
    140: InverterState.STARTING,
    **dict.fromkeys(range(141, 148), InverterState.RESTRICTED),  # "Normal (R-1 … R-7)"
    150: InverterState.SELF_CONSUMPTION,
    151: InverterState.MANUAL,
    152: InverterState.BACKUP,
    153: InverterState.FEED_IN_PRIORITY,
    154: InverterState.DEMAND,
    155: InverterState.CONSTANT_POWER,
    160: InverterState.OPEN_ADR,
    170: InverterState.STOPPED,
    171: InverterState.DEBUG,
    174: InverterState.SMART_SELF_CONSUMPTION,
    175: InverterState.SMART_FEED_IN,
    176: InverterState.SMART_BATTERY_HOLD,
    177: InverterState.RUNNING,  # "Normal (WLV 0 %)"
    1301: InverterState.POWER_CONTROL,
    1302: InverterState.ENERGY_TARGET,
    1303: InverterState.SOC_TARGET,
    1304: InverterState.PUSH_POWER,
    1305: InverterState.PUSH_POWER_ZERO,
    1306: InverterState.SELF_CONSUME,
    1307: InverterState.SELF_CONSUME_CHARGE_ONLY,
    1308: InverterState.PV_AND_BATTERY_DURATION,
    1309: InverterState.PV_AND_BATTERY_SOC,
}

REMOTE: Final = frozenset(INVERTER[code] for code in (130, *range(1301, 1310)))
"""An inverter that is steered from afar."""

HOME_BATTERY: Final[Mapping[int, str]] = {
    0: BatteryState.IDLE,
    1: BatteryState.WORKING,
}

COMMERCIAL_BATTERY: Final[Mapping[int, str]] = {
    0: BatteryState.IDLE,
    1: BatteryState.STANDBY,
    2: BatteryState.PRE_DISCHARGE,
    3: BatteryState.SWITCHING_TO_DISCHARGE,
    4: BatteryState.DISCHARGING,
    5: BatteryState.DISCHARGE_FAULT,
    6: BatteryState.CHARGE_LIMITED,
    7: BatteryState.CHARGE_SELF_TEST,
    8: BatteryState.PRE_CHARGE,
    9: BatteryState.CHARGING,
    10: BatteryState.CHARGE_FAULT,
    11: BatteryState.POWERED_OFF,
}

CHARGER: Final[Mapping[int, str]] = {
    0: ChargerState.AVAILABLE,
    1: ChargerState.PREPARING,
    2: ChargerState.CHARGING,
    3: ChargerState.FINISHED,
    4: ChargerState.FAULT,
    5: ChargerState.OUT_OF_SERVICE,
    6: ChargerState.RESERVED,
    7: ChargerState.SUSPENDED_BY_VEHICLE,
    8: ChargerState.SUSPENDED_BY_CHARGER,
    9: ChargerState.UPDATING,
    10: ChargerState.CARD_ACTIVATION,
    11: ChargerState.START_DELAYED,
    12: ChargerState.PAUSED,
    13: ChargerState.STOPPING,
}

CHARGER_MODE: Final[Mapping[int, str]] = {
    0: ChargerMode.STOP,
    1: ChargerMode.FAST,
    2: ChargerMode.ECO,
    3: ChargerMode.GREEN,
}

HOME_PLANT: Final[Mapping[int, str]] = {
    0: PlantState.CONNECTING,
    1: PlantState.OFFLINE,
    **dict.fromkeys(range(2, 10), PlantState.ONLINE),  # "greater than 1"; 3 was seen
}

COMMERCIAL_PLANT: Final[Mapping[int, str]] = {
    0: PlantState.OFFLINE,
    1: PlantState.ONLINE,
    2: PlantState.FAULT,
    3: PlantState.WARNING,
    4: PlantState.CONNECTING,
}
