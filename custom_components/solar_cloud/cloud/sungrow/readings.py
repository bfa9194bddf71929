"""What one poll brings in: points, the plants' states of the list, and alarms (sungrow.md §4.1, §4.4, §4.5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Final

from ..model import Inventory, Quantity, Slot, Unit, Value
from ..points import number, text
from ..states import PlantState
from ..storage import Json
from .alarms import AlarmRows
from .api import Operation
from .decoder import unwrap
from .inventory import Row
from .session import SungrowSession
from .states import PLANT_FAULTS

MASSES: Final[Mapping[str, Unit]] = {
    "kg": Unit.KILOGRAM,
    "t": Unit.TONNE,
    "千克": Unit.KILOGRAM,
    "吨": Unit.TONNE,
}
"""Values scale themselves, so their unit comes with each (sungrow.md §4.1)."""

CONNECTING: Final = 3
"""``valid_flag`` of a plant that is being set up."""


OVERVIEW: Final = (
    Quantity.PLANT_STATE,
    Quantity.INCOME_TODAY,
    Quantity.INCOME_TOTAL,
    Quantity.CO2_SAVED_TODAY,
    Quantity.CO2_SAVED_TOTAL,
)
"""What the list of plants tells of them; nothing is worked out of it."""


async def read_overview(session: SungrowSession) -> dict[str, dict[Slot, Value]]:
    """Return these values by plant."""
    listing = await session.list_all(Operation.PLANTS, {})
    live = session.api_version.live_list
    return {
        plant_id: _state(row) | (_money(row) if live else {})
        for row in listing.rows
        if (plant_id := text(row.get("ps_id"))) is not None
    }


def _state(row: Row) -> dict[Slot, Value]:
    state: str | None = None
    if (fault := number(row.get("ps_fault_status"))) is not None:
        state = PLANT_FAULTS.get(int(fault))
    if number(row.get("ps_status")) == 0:
        state = PlantState.OFFLINE
    if number(row.get("valid_flag")) == CONNECTING:
        state = PlantState.CONNECTING
    return {} if state is None else {Slot(Quantity.PLANT_STATE): state}


def _money(row: Row) -> dict[Slot, Value]:
    values: dict[Slot, Value] = {}
    for name, quantity in (
        ("today_income", Quantity.INCOME_TODAY),
        ("total_income", Quantity.INCOME_TOTAL),
    ):
        amount, unit = _scaled(row.get(name))
        if amount is not None and re.fullmatch("[A-Z]{3}", unit):
            values[Slot(quantity)] = amount
    for name, quantity in (
        ("co2_reduce", Quantity.CO2_SAVED_TODAY),
        ("co2_reduce_total", Quantity.CO2_SAVED_TOTAL),
    ):
        amount, unit = _scaled(row.get(name))
        if amount is not None and unit in MASSES:
            values[Slot(quantity)] = round(amount * MASSES[unit].factor, 3)
    return values


def _scaled(raw: object) -> tuple[float | None, str]:
    if not isinstance(raw, dict):
        return None, ""
    return number(raw.get("value")), (text(raw.get("unit")) or "")


KEYS_AT_ONCE: Final = 50

type Fields = Mapping[str, Json]


@dataclass(slots=True)
class SungrowPoll:
    """What one poll brought in, before it is understood."""

    wanted: Inventory
    now: datetime
    rows: dict[str, Fields] = field(default_factory=dict)
    """Fields by plant or device id."""
    silent: dict[str, str] = field(default_factory=dict)
    overview: dict[str, dict[Slot, Value]] | None = None
    alarms: AlarmRows | None = None
    succeeded: bool = False
    """Whether any call of every poll was."""
    unanswered: int = 0
    most_points: int = 0
    """How many a call named at most when it began."""


def chunks[T](items: Iterable[T]) -> Iterator[list[T]]:
    """Cut what is asked for into what one call may name."""
    listed = list(items)
    for start in range(0, len(listed), KEYS_AT_ONCE):
        yield listed[start : start + KEYS_AT_ONCE]


def rows(result: Json) -> Iterator[dict[str, Json]]:
    """Yield the devices of a realtime answer."""
    listed = result.get("device_point_list") if isinstance(result, dict) else None
    for row in listed if isinstance(listed, list) else ():
        if (fields := unwrap(row)) is not None:
            yield fields


def merge(known: dict[str, Fields], key: str, fields: Fields) -> None:
    """Put the points of one chunk to those of the others."""
    known[key] = {**known.get(key, {}), **fields}


def missing(poll: SungrowPoll, asked: Iterable[str]) -> None:
    """Name what was asked and left out of the answer."""
    poll.silent |= {key: "not_answered" for key in asked if key not in poll.rows}


def plant_of(wanted: Inventory, key: str) -> str:
    """Return the plant a plant or device belongs to."""
    device = wanted.devices.get(key)
    return key if device is None else device.plant_id
