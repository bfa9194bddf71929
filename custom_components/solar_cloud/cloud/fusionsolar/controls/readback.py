"""How plants are set: asked rarely, at once after something was sent, and never while a task runs (fusionsolar.md §3.12)."""

from collections.abc import Mapping
import time
from typing import Final

from ...control import BatterySchedule, Control, Period, Settings, SettingValue
from ...control_kit import EVERY_DAY, across_midnight, clock_time
from ...control_state import as_setting
from ...errors import CloudError, CredentialsRejected
from ...model import Inventory
from ...points import number
from ..api import rows
from ..errors import Refused
from ..limits import BATTERY_MODE, GRID_MODE
from ..session import FusionSolarSession
from ..sources import PlantHardware
from .api import BATTERY_MODE_PATH, GRID_MODE_PATH, Kind
from .catalog import CHARGE, DISCHARGE, MODES, SURPLUS, TIME_OF_USE
from .requests import GRID_POWER, PRIORITY, WINDOWS
from .state import MODE, TIMES, ControlStates, Fields, PlantControlState
from .tasks import why_withheld

FRESH: Final = 3500.0
MOST_ASKED: Final = 2
"""Plants per turn: two calls each, out of an owner's thousand a day."""
RUNS: Final = 60.0
"""Seconds to the next turn while a task runs."""
PATIENT: Final = 900.0
"""Seconds after which a running task is no reason any more to look again soon."""
WAYS: Final = {CHARGE: True, DISCHARGE: False}
"""What a window does, by whether it charges."""
PRIORITIES: Final = {theirs: ours for ours, theirs in SURPLUS.items()}


class SettingsReader:
    """Asks plants how they are set."""

    def __init__(self, session: FusionSolarSession, memory: ControlStates) -> None:
        """Ask with ``session``, and keep the answers in ``memory``."""
        self._session: Final = session
        self._memory: Final = memory
        self._tried: Final[dict[str, float]] = {}

    async def read(self, wanted: Inventory) -> Settings:
        """Ask those whose turn it is. Raises a ``CloudError`` when nothing could be asked."""
        due = sorted(
            filter(self._due, wanted.plants),
            key=lambda plant_id: self._tried.get(plant_id, 0.0),
        )
        silent: dict[str, str] = {}
        failure: CloudError | None = None
        for plant_id in due[:MOST_ASKED]:
            self._tried[plant_id] = time.time()
            try:
                await self.ask(PlantHardware.of(plant_id, wanted))
            except CredentialsRejected:
                raise
            except CloudError as err:
                silent[plant_id] = err.key
                failure = err
        if failure and len(silent) == len(wanted.plants):
            raise failure
        values: dict[tuple[str, Control], SettingValue] = {}
        for plant_id in wanted.plants:
            known = self._memory.of(plant_id)
            hidden = self._hidden(plant_id)
            house = PlantHardware.of(plant_id, wanted)
            for control, value in values_of(known, house.most_export).items():
                if control not in hidden:
                    values[plant_id, control] = value
        more = len(due) > MOST_ASKED or any(map(self._runs_briefly, wanted.plants))
        accepted_at = self._memory.accepted_at(wanted.plants)
        return Settings(values, silent, RUNS if more else None, accepted_at=accepted_at)

    async def ask(self, house: PlantHardware) -> None:
        """Ask a plant everything. A refusal for good is noted, any other raised."""
        known = self._memory.of(house.plant.id)
        known.ask_at = 0.0
        try:
            if house.batteries:
                await self.ask_mode(house.plant.id)
            await self._ask_grid(house.plant.id)
        except Refused as err:
            if (reason := why_withheld(err)) is None:
                raise
            known.refused = reason
        else:
            known.refused = None
        known.asked_at = time.time()
        self._memory.save()

    async def ask_mode(self, plant_id: str) -> None:
        """Ask how a plant's batteries are used."""
        answer = await self._session.send(
            BATTERY_MODE, {"plantCode": plant_id}, path=BATTERY_MODE_PATH
        )
        if isinstance(answer, dict):
            self._memory.see_mode(plant_id, answer)

    async def _ask_grid(self, plant_id: str) -> None:
        answer = await self._session.send(
            GRID_MODE, {"plantCode": plant_id}, path=GRID_MODE_PATH
        )
        if not isinstance(answer, dict):
            return
        if not self._memory.see_grid(plant_id, answer):
            return
        known = self._memory.of(plant_id)
        limit = _grid_values(known).get(Control.EXPORT_LIMIT)
        if limit is not None:
            self._memory.keep(plant_id, Control.EXPORT_LIMIT, limit, time.time())

    def _due(self, plant_id: str) -> bool:
        known, now = self._memory.of(plant_id), time.time()
        return (
            (now - known.asked_at >= FRESH or 0 < known.ask_at <= now)
            and now >= known.ask_after
            and not any(self._memory.running(plant_id, kind) for kind in Kind)
        )

    def _runs_briefly(self, plant_id: str) -> bool:
        known = self._memory.of(plant_id)
        return max(known.ask_after, known.ask_at) > time.time() or any(
            task.age < PATIENT
            for kind in Kind
            if (task := self._memory.running(plant_id, kind)) is not None
        )

    def _hidden(self, plant_id: str) -> set[str]:
        """Return the settings that are uncertain: while their task runs, and until the plant itself reports them."""
        found: set[str] = set()
        for kind in Kind:
            found.update(self._memory.of(plant_id).hidden(kind))
            if (task := self._memory.running(plant_id, kind)) is not None:
                found.update(task.hides)
        return found


BELIEVED: Final = (
    Control.BATTERY_MIN_SOC,
    Control.BATTERY_MAX_SOC,
    Control.BATTERY_CHARGE_POWER_LIMIT,
    Control.BATTERY_DISCHARGE_POWER_LIMIT,
)
"""Nothing reads them back: what was accepted last is what is known."""


def values_of(
    known: PlantControlState, most_export: float | None
) -> Mapping[Control, SettingValue]:
    """Return what a plant is set to, by our names; after something was sent only what it answered since counts."""
    values: dict[Control, SettingValue] = {
        control: value
        for control in BELIEVED
        if (value := as_setting(known.value(control))) is not None
    }
    if not known.asked_at:
        return values
    if (mode := MODES.get(str(known.mode.get(MODE)))) is not None:
        values[Control.WORK_MODE] = mode
    if known.mode.get(MODE) == TIME_OF_USE:
        if (watts := number(known.times.get(GRID_POWER))) is not None:
            values[Control.GRID_CHARGE_POWER_LIMIT] = _watts(watts)
        if (ours := PRIORITIES.get(str(known.times.get(PRIORITY)))) is not None:
            values[Control.SURPLUS_PRIORITY] = ours
    return values | _grid_values(known, most_export)


def _grid_values(
    known: PlantControlState, most: float | None = None
) -> dict[Control, SettingValue]:
    """Read the limit of the feed-in: without one it is whatever can come from the roof; of one in percent the W are not known."""
    grid = known.grid
    match grid.get("controlMode") or grid.get("activePowerControlMode"):
        case "noLimit":
            off: dict[Control, SettingValue] = {Control.EXPORT_LIMIT_ENABLED: False}
            return off if most is None else off | {Control.EXPORT_LIMIT: most}
        case "zeroExportLimitation":
            return {Control.EXPORT_LIMIT_ENABLED: True, Control.EXPORT_LIMIT: 0.0}
        case "limitedPowerGridKW":
            values: dict[Control, SettingValue] = {Control.EXPORT_LIMIT_ENABLED: True}
            detail = grid.get("limitedPowerGridValueParam")
            limit = (
                number(detail.get("maxGridFeedInPowerValue"))
                if isinstance(detail, dict)
                else None
            )
            if limit is not None:
                values[Control.EXPORT_LIMIT] = _watts(limit)
            return values
        case "limitedPowerGridPercent":
            return {Control.EXPORT_LIMIT_ENABLED: True}
    return {}


def _watts(kilowatts: float) -> float:
    return round(1000 * kilowatts, 0)


def schedule_of(mode: Fields) -> BatterySchedule | None:
    """Return the periods of a plant by its answer about the mode, which has them while they are in force; ``None`` for what is not understood."""
    if not mode:
        return None
    times = mode.get(TIMES)
    if mode.get(MODE) != TIME_OF_USE or not isinstance(times, dict):
        return BatterySchedule()
    parts = [_period(row) for row in rows(times.get(WINDOWS))]
    known = [part for part in parts if part is not None]
    return (
        BatterySchedule(tuple(across_midnight(known)))
        if len(known) == len(parts)
        else None
    )


def _period(row: Fields) -> Period | None:
    start, end = clock_time(row.get("startTime")), clock_time(row.get("endTime"))
    charge = WAYS.get(str(row.get("chargeOrDischarge")))
    repeat = row.get("repeat")
    days = frozenset(
        day
        for each in (repeat if isinstance(repeat, list) else ())
        if (day := number(each)) in EVERY_DAY
    )
    if start is None or end is None or charge is None or not days:
        return None
    return Period(start, end, charge, frozenset(map(int, days)))
