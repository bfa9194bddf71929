"""The states a device can be in, one vocabulary per kind of device.

A vendor's codes are translated into these words by its table; entities show them through translations. A word that several vendors
share means the same for all of them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .model import DeviceKind


class InverterState(StrEnum):
    """What an inverter is doing."""

    WAITING = "waiting"
    SELF_CHECK = "self_check"
    RUNNING = "running"
    FAULT = "fault"
    PERMANENT_FAULT = "permanent_fault"
    UPDATING = "updating"
    BACKUP_CHECK = "backup_check"
    OFF_GRID = "off_grid"
    SELF_TEST = "self_test"
    IDLE = "idle"
    STANDBY = "standby"
    WAKING_BATTERY = "waking_battery"
    GENERATOR_CHECK = "generator_check"
    GENERATOR = "generator"
    RAPID_SHUTDOWN = "rapid_shutdown"
    EXTERNAL_CONTROL = "external_control"
    TIME_OF_USE = "time_of_use"
    TIME_OF_USE_CHARGING = "time_of_use_charging"
    TIME_OF_USE_DISCHARGING = "time_of_use_discharging"
    TIME_OF_USE_BATTERY_OFF = "time_of_use_battery_off"
    PEAK_SHAVING = "peak_shaving"
    STARTING = "starting"
    RESTRICTED = "restricted"
    POWER_CONTROL = "power_control"
    ENERGY_TARGET = "energy_target"
    SOC_TARGET = "soc_target"
    PUSH_POWER = "push_power"
    PUSH_POWER_ZERO = "push_power_zero"
    SELF_CONSUME = "self_consume"
    SELF_CONSUME_CHARGE_ONLY = "self_consume_charge_only"
    PV_AND_BATTERY_DURATION = "pv_and_battery_duration"
    PV_AND_BATTERY_SOC = "pv_and_battery_soc"
    SELF_CONSUMPTION = "self_consumption"
    MANUAL = "manual"
    BACKUP = "backup"
    FEED_IN_PRIORITY = "feed_in_priority"
    DEMAND = "demand"
    CONSTANT_POWER = "constant_power"
    OPEN_ADR = "open_adr"
    STOPPED = "stopped"
    DEBUG = "debug"
    SMART_SELF_CONSUMPTION = "smart_self_consumption"
    SMART_FEED_IN = "smart_feed_in"
    SMART_BATTERY_HOLD = "smart_battery_hold"
    RUNNING_WITH_ALARM = "running_with_alarm"
    DERATED = "derated"
    DISPATCHED = "dispatched"
    FORCED = "forced"
    OFF_GRID_CHARGING = "off_grid_charging"
    EMERGENCY_CHARGING = "emergency_charging"
    MICRO_GRID = "micro_grid"
    OPEN_LOOP = "open_loop"
    ANTI_PID = "anti_pid"
    MAINTENANCE = "maintenance"
    COMMISSIONING = "commissioning"
    UNINITIALISED = "uninitialised"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    EMERGENCY_STOP = "emergency_stop"
    SAFE_MODE = "safe_mode"
    UPDATE_FAILED = "update_failed"
    NO_IRRADIATION = "no_irradiation"
    DISCONNECTED = "disconnected"


class BatteryState(StrEnum):
    """What a battery is doing."""

    IDLE = "idle"
    WORKING = "working"
    STANDBY = "standby"
    PRE_DISCHARGE = "pre_discharge"
    SWITCHING_TO_DISCHARGE = "switching_to_discharge"
    DISCHARGING = "discharging"
    DISCHARGE_FAULT = "discharge_fault"
    CHARGE_LIMITED = "charge_limited"
    CHARGE_SELF_TEST = "charge_self_test"
    PRE_CHARGE = "pre_charge"
    CHARGING = "charging"
    CHARGE_FAULT = "charge_fault"
    POWERED_OFF = "powered_off"
    FAULT = "fault"
    UPDATING = "updating"
    CALIBRATING = "calibrating"
    SELF_TEST = "self_test"
    OFFLINE = "offline"
    HIBERNATING = "hibernating"


class BatteryMode(StrEnum):
    """Who decides when a battery charges and discharges."""

    NONE = "none"
    FORCED = "forced"
    TIME_OF_USE_PRICE = "time_of_use_price"
    FIXED = "fixed"
    SELF_CONSUMPTION = "self_consumption"
    FEED_IN_PRIORITY = "feed_in_priority"
    TIME_OF_USE = "time_of_use"
    REMOTE_SELF_CONSUMPTION = "remote_self_consumption"
    REMOTE_FEED_IN_PRIORITY = "remote_feed_in_priority"
    REMOTE_TIME_OF_USE = "remote_time_of_use"
    ENERGY_CONTROL = "energy_control"
    REMOTE_ENERGY_CONTROL = "remote_energy_control"
    EXTERNAL_CONTROL = "external_control"


class ChargerState(StrEnum):
    """What an EV charger is doing."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    FINISHED = "finished"
    FAULT = "fault"
    OUT_OF_SERVICE = "out_of_service"
    RESERVED = "reserved"
    SUSPENDED_BY_VEHICLE = "suspended_by_vehicle"
    SUSPENDED_BY_CHARGER = "suspended_by_charger"
    UPDATING = "updating"
    CARD_ACTIVATION = "card_activation"
    START_DELAYED = "start_delayed"
    PAUSED = "paused"
    STOPPING = "stopping"


class ChargerMode(StrEnum):
    """How an EV charger chooses its power."""

    STOP = "stop"
    FAST = "fast"
    ECO = "eco"
    GREEN = "green"


class PlantState(StrEnum):
    """How a plant is, seen from the cloud."""

    CONNECTING = "connecting"
    OFFLINE = "offline"
    ONLINE = "online"
    FAULT = "fault"
    WARNING = "warning"


STATES: Final[Mapping[DeviceKind, type[StrEnum]]] = {
    DeviceKind.INVERTER: InverterState,
    DeviceKind.BATTERY: BatteryState,
    DeviceKind.CHARGER: ChargerState,
}
MODES: Final[Mapping[DeviceKind, type[StrEnum]]] = {
    DeviceKind.CHARGER: ChargerMode,
    DeviceKind.BATTERY: BatteryMode,
}

FAULTS: Final = frozenset(
    {
        InverterState.FAULT,
        InverterState.PERMANENT_FAULT,
        BatteryState.FAULT,
        BatteryState.CHARGE_FAULT,
        BatteryState.DISCHARGE_FAULT,
        ChargerState.FAULT,
        PlantState.FAULT,
    }
)
"""States that mean a person should look."""

VEHICLE_ABSENT: Final = frozenset({ChargerState.AVAILABLE, ChargerState.OUT_OF_SERVICE})
VEHICLE_UNCERTAIN: Final = frozenset(
    {
        ChargerState.FAULT,
        ChargerState.RESERVED,
        ChargerState.UPDATING,
        ChargerState.CARD_ACTIVATION,
    }
)
"""States that say nothing about a plug: SolaX documents no plug state, and these four can hold with and without a vehicle."""
