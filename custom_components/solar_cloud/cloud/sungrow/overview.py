"""What only the list of plants says: their state, and under V1 income and CO2 (sungrow.md §4.1)."""

from collections.abc import Mapping
import re
from typing import Final

from ..model import Quantity, Slot, Unit, Value
from ..points import number, text
from ..states import PlantState
from .api_version import Operation
from .enumerations import PLANT_FAULTS
from .inventory import Row
from .session import Session

MASSES: Final[Mapping[str, Unit]] = {
    "kg": Unit.KILOGRAM,
    "t": Unit.TONNE,
    "千克": Unit.KILOGRAM,
    "吨": Unit.TONNE,
}
"""Values scale themselves, so their unit comes with each (sungrow.md §4.1)."""

CONNECTING: Final = 3
"""``valid_flag`` of a plant that is being set up."""


async def read_overview(session: Session) -> dict[str, dict[Slot, Value]]:
    """Return these values by plant."""
    listing = await session.list_all(Operation.PLANTS, {})
    live = session.dialect.live_list
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
    amount, unit = _scaled(row.get("co2_reduce_total"))
    if amount is not None and unit in MASSES:
        values[Slot(Quantity.CO2_SAVED_TOTAL)] = round(amount * MASSES[unit].factor, 3)
    return values


def _scaled(raw: object) -> tuple[float | None, str]:
    if not isinstance(raw, dict):
        return None, ""
    return number(raw.get("value")), (text(raw.get("unit")) or "")
