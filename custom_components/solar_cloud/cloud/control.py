"""What can be set, within which limits, and how a command is answered.

One name per setting for all vendors. A command is done when the device says so: a client that cannot tell answers *accepted*, a refusal is an
exception (``CommandRejected``), and nothing here is ever sent twice by itself.

The client sends and asks; it never waits. Who owns it (``control/manager.py``) sends one command per device at a time, keeps the vendor's pace, calls
``poll_task`` until the device has answered, reads back, and ends a forced mode in time, over restarts too.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import Final, Protocol, Self

from .model import Inventory, in_range


class ControlKind(StrEnum):
    """How a setting is shown."""

    NUMBER = "number"
    SWITCH = "switch"
    SELECT = "select"
    BUTTON = "button"


class Control(StrEnum):
    """What can be set, with its kind and its canonical unit.

    The value is a contract: unique-id suffix and translation key. Members are added, never renamed.
    """

    kind: ControlKind
    unit: str

    def __new__(cls, key: str, kind: ControlKind, unit: str = "") -> Self:
        """Keep kind and unit beside the key."""
        member = str.__new__(cls, key)
        member._value_ = key
        member.kind = kind
        member.unit = unit
        return member

    CHARGE_CURRENT_LIMIT = ("charge_current_limit", ControlKind.NUMBER, "A")
    BATTERY_MIN_SOC = ("battery_min_soc", ControlKind.NUMBER, "%")
    BATTERY_MAX_SOC = ("battery_max_soc", ControlKind.NUMBER, "%")
    BACKUP_RESERVE_SOC = ("backup_reserve_soc", ControlKind.NUMBER, "%")
    BATTERY_CHARGE_POWER_LIMIT = ("battery_charge_power_limit", ControlKind.NUMBER, "W")
    BATTERY_DISCHARGE_POWER_LIMIT = (
        "battery_discharge_power_limit",
        ControlKind.NUMBER,
        "W",
    )
    BATTERY_COMMAND_POWER = ("battery_command_power", ControlKind.NUMBER, "W")
    BATTERY_MODE_POWER = ("battery_mode_power", ControlKind.NUMBER, "W")
    BATTERY_MODE_TARGET_SOC = ("battery_mode_target_soc", ControlKind.NUMBER, "%")
    GRID_CHARGE_POWER_LIMIT = ("grid_charge_power_limit", ControlKind.NUMBER, "W")
    EXPORT_LIMIT = ("export_limit", ControlKind.NUMBER, "W")
    EXPORT_LIMIT_RATIO = ("export_limit_ratio", ControlKind.NUMBER, "%")
    IMPORT_LIMIT = ("import_limit", ControlKind.NUMBER, "W")
    ACTIVE_POWER_LIMIT = ("active_power_limit", ControlKind.NUMBER, "%")

    CHARGING = ("charging", ControlKind.SWITCH)
    GRID_CHARGING = ("grid_charging", ControlKind.SWITCH)
    EXPORT_LIMIT_ENABLED = ("export_limit_enabled", ControlKind.SWITCH)
    IMPORT_LIMIT_ENABLED = ("import_limit_enabled", ControlKind.SWITCH)
    ACTIVE_POWER_LIMIT_ENABLED = ("active_power_limit_enabled", ControlKind.SWITCH)
    FORCED_CHARGING = ("forced_charging", ControlKind.SWITCH)
    BATTERY_FIRST = ("battery_first", ControlKind.SWITCH)
    BATTERY_HEATING = ("battery_heating", ControlKind.SWITCH)

    WORK_MODE = ("work_mode", ControlKind.SELECT)
    BATTERY_COMMAND = ("battery_command", ControlKind.SELECT)
    BATTERY_MODE = ("battery_mode", ControlKind.SELECT)
    CHARGER_MODE = ("charger_mode", ControlKind.SELECT)
    CHARGER_START_MODE = ("charger_start_mode", ControlKind.SELECT)
    CHARGER_SCENE = ("charger_scene", ControlKind.SELECT)
    ECO_CURRENT = ("eco_current", ControlKind.SELECT)
    GREEN_CURRENT = ("green_current", ControlKind.SELECT)
    FORCED_CHARGING_DAYS = ("forced_charging_days", ControlKind.SELECT)
    SURPLUS_PRIORITY = ("surplus_priority", ControlKind.SELECT)

    CHARGER_LOCK = ("charger_lock", ControlKind.BUTTON)
    CHARGER_UNLOCK = ("charger_unlock", ControlKind.BUTTON)
    EXIT_REMOTE_CONTROL = ("exit_remote_control", ControlKind.BUTTON)
    STOP_FORCED_CHARGE = ("stop_forced_charge", ControlKind.BUTTON)


type SettingValue = float | bool | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedMode:
    """A forced mode that a command or action began; one that replaces another replaces its end too."""

    ends_after: float
    """Seconds after which it has to end."""
    ends_by_itself: bool = False
    """Whether the vendor ends it then; otherwise a ``StopBattery`` is sent, after a restart too."""
    renew_after: float | None = None
    """Seconds after which a ``RenewBattery`` is sent, again and again until the end, for vendors that want a sign of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSpec:
    """One setting of one plant or device: its limits come from the hardware, never from what is asked for."""

    control: Control = field(kw_only=False)
    minimum: float = 0.0
    maximum: float = 0.0
    step: float = 1.0
    options: tuple[str, ...] = ()
    """Words of a select."""
    begins: Mapping[str, ForcedMode] = field(default_factory=dict)
    """The options that begin a forced mode, with what ends it: it is kept before the command is sent."""
    reads_back: bool = True
    """Whether the device can be asked for it; otherwise the last accepted value is shown as assumed, and restored."""
    settle: float = 60.0
    """Seconds after a command before which a read-back may still show the old value."""


@dataclass(frozen=True, slots=True)
class Command:
    """A value to set, in canonical units; ``None`` for a button."""

    device_id: str = field(repr=False)
    control: Control
    value: SettingValue | None = None


class Outcome(StrEnum):
    """How a command stands. A refusal is no outcome but a ``CommandRejected``."""

    CONFIRMED = "confirmed"
    """The device says it is done."""
    ACCEPTED = "accepted"
    """The platform took it; the device has not answered yet, or never does."""
    UNCERTAIN = "uncertain"
    """It was sent and nothing came back: it may or may not have arrived."""
    KEPT = "kept"
    """Nothing was sent: it belongs to a mode that is not on, and goes along when that is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The answer to a command or an action."""

    outcome: Outcome
    task: str | None = field(default=None, repr=False)
    """The client's handle of what still runs, for ``poll_task``; it holds everything needed and is good after a restart."""
    check_after: float | None = None
    """Seconds after which ``poll_task`` is worth a call; ``None`` when no more can be learnt."""
    force: ForcedMode | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What plants and devices are set to, as far as they could be asked."""

    values: Mapping[tuple[str, Control], SettingValue]
    silent: Mapping[str, str] = field(default_factory=dict)
    """Why others did not tell, by id: the key of an error."""
    resume_after: float | None = field(default=None, compare=False)
    """The wait in seconds after which the vendor's limits let the rest be asked; ``None`` when that is all."""
    accepted_at: Mapping[tuple[str, Control], float] = field(
        default_factory=dict, compare=False
    )
    """When a device accepted what cannot be read back, in epoch seconds."""
    asked_at: float = field(default=0.0, compare=False)
    """When the question was sent, in epoch seconds."""

    def __post_init__(self) -> None:
        """Leave out what cannot be: a damaged answer is not known, and never a limit."""
        sound = {
            (device_id, control): value
            for (device_id, control), value in self.values.items()
            if not isinstance(value, float)
            or not control.unit
            or in_range(value, control.unit)
        }
        if len(sound) < len(self.values):
            object.__setattr__(self, "values", sound)


def _of[ValueT](
    device_ids: Collection[str], by_device: Mapping[str, ValueT]
) -> dict[str, ValueT]:
    return {key: each for key, each in by_device.items() if key in device_ids}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What may be set: specs and actions by plant or device id, and why others may not."""

    specs: Mapping[str, tuple[ControlSpec, ...]] = field(default_factory=dict)
    actions: Mapping[str, frozenset[type[ControlAction]]] = field(default_factory=dict)
    unavailable_reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By id, what (a control's key, an action's class name, or ``all``) and why: ``no_permission``, ``no_battery``, ``not_supported``, ..."""

    def spec(self, device_id: str, control: Control) -> ControlSpec | None:
        """Return the limits of a control, ``None`` where it is not offered."""
        return next(
            (spec for spec in self.specs.get(device_id, ()) if spec.control is control),
            None,
        )

    def only(self, inventory: Inventory) -> Capabilities:
        """Return what concerns these plants and devices."""
        known = inventory.plants.keys() | inventory.devices.keys()
        return Capabilities(
            _of(known, self.specs),
            _of(known, self.actions),
            _of(known, self.unavailable_reasons),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAction:
    """Something asked of a plant or device as a whole, with everything that belongs to it."""

    device_id: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SteerBattery(ControlAction):
    """Put the battery into a mode for a time. It always ends, and what was before comes back; the result has a ``ForcedMode``."""

    duration: float
    """Seconds after which it ends at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBattery(SteerBattery):
    """Do not discharge, and buy nothing from the grid for the battery. Where the vendor can, what the sun leaves over goes on charging it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeBatteryFromSun(SteerBattery):
    """Charge with what the sun leaves over and with nothing from the grid, and do not discharge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceBattery(SteerBattery):
    """Charge or discharge for a time, or until a state of charge."""

    power: float | None = None
    """W, always positive; ``None`` lets the device choose."""
    target_soc: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeBattery(ForceBattery):
    """Charge now, from the grid if need be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeBattery(ForceBattery):
    """Discharge now, into the grid if need be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopBattery(ControlAction):
    """End a forced mode and return to what was before. Harmless when there is none."""

    unfollowed: bool = False
    """Whether nobody calls ``poll_task`` for it, as when an account is removed: all that it takes is sent at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewBattery(ControlAction):
    """Give the sign of life that keeps a forced mode going. Sent only because of ``ForcedMode.renew_after``."""


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the day; an end before the start is on the next day."""

    start: time
    end: time
    charge: bool
    days: frozenset[int] = frozenset(range(1, 8))
    """1 is Monday."""
    target_soc: float | None = None


@dataclass(frozen=True, slots=True)
class BatterySchedule:
    """All periods of charging and discharging that are in force."""

    periods: tuple[Period, ...] = ()
    """One over midnight is one, however the vendor keeps it."""
    reads_back: bool = True
    """Whether the device can be asked for them; otherwise they are what it accepted last."""
    shares_target: bool = False
    """Whether all charging periods have one target: of several the one that was set last counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBatterySchedule(ControlAction):
    """Replace all periods of charging and discharging."""

    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWorkMode(ControlAction):
    """Change the work mode together with the limits that belong to it; what is not given stays as it is."""

    mode: str
    min_soc: float | None = None
    max_soc: float | None = None
    grid_charging: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCharging(ControlAction):
    """Charge the vehicle in a period."""

    start: time
    end: time
    current: float
    """A."""


AUTOMATIC: Final = "automatic"
BATTERY_MODES: Final[Mapping[str, type[ControlAction]]] = {
    AUTOMATIC: StopBattery,
    "hold": HoldBattery,
    "charge": ChargeBattery,
    "charge_from_sun": ChargeBatteryFromSun,
    "discharge": DischargeBattery,
}
"""The options of ``Control.BATTERY_MODE``, the same for every vendor, with the actions that choose them."""
LOCAL_CONTROLS: Final = frozenset(
    {Control.BATTERY_MODE_POWER, Control.BATTERY_MODE_TARGET_SOC}
)
"""Controls that no device has: they go along with the battery mode that is chosen next."""


def battery_mode_of(action: object) -> str | None:
    """Return the battery mode that an action chooses, ``None`` for anything else."""
    kinds = BATTERY_MODES.items()
    return next((mode for mode, kind in kinds if type(action) is kind), None)


FORCED_MODE_CONTROLS: Final = frozenset(
    {
        Control.BATTERY_COMMAND,
        Control.WORK_MODE,
        Control.EXIT_REMOTE_CONTROL,
        Control.STOP_FORCED_CHARGE,
    }
)
"""Controls that begin or end a forced mode: after one of them ``CommandResult.force`` says which one is on, ``None`` that there is none.

The same goes for ``SteerBattery``, ``StopBattery`` and ``SetWorkMode``.
"""


class ControlClient(Protocol):
    """An account's settings. Only asked when the user allowed it."""

    @property
    def min_interval(self) -> float:
        """Return the least seconds between two commands to one target."""

    def available(self, inventory: Inventory) -> Capabilities:
        """Say what may be set: permission granted, hardware present, limits known. Makes no call, and is asked often."""

    def schedule(self, device_id: str) -> BatterySchedule | None:
        """Return the periods that a plant or device is set to, as far as is known; ``None`` before it has told them. Makes no call.

        What was sent last counts, unless it was refused or the device has told something else since.
        """

    async def settings(self, wanted: Inventory) -> Settings:
        """Ask what is set, as far as the vendor tells and its limits allow. Raises a ``CloudError`` when nothing could be asked."""

    async def apply(self, command: Command) -> CommandResult:
        """Send a command; the caller sends one per target at a time.

        Raises ``CommandInvalid`` when it cannot be carried out as asked and nothing was sent, ``CommandRejected`` (key and placeholders name
        the reason) when platform or device refuses, and any other ``CloudError`` when it is certain that nothing was sent. A failure that
        leaves it open is no error: the result says *uncertain*.
        """

    async def run_action(self, action: ControlAction) -> CommandResult:
        """Run an action; errors as ``apply``. A half-done one is undone, or the error says what was done (``CommandRejected("half_done")``)."""

    def battery_mode(self, device_id: str) -> str | None:
        """Return the battery mode that a device's last word shows, ``None`` while that is not known. Makes no call, and is asked often."""

    async def poll_task(self, task: str) -> CommandResult:
        """Ask how a running command stands: sends nothing, or the next step of an action. Raises ``CommandRejected`` when it failed.

        Any other ``CloudError`` says nothing about the command: it is asked again later.
        """
