"""Alarms that are still open (sungrow.md §4.9)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ..model import Alarm, Inventory
from ..points import number, text
from .api import Body
from .api_version import Operation
from .enumerations import ALARM_LEVELS
from .errors import RequestRefused
from .inventory import Row
from .session import Session

OPEN: Final = "8"
LOOK_BACK: Final = timedelta(days=30)
"""Without dates the server lists the current month only, and on the 1st forgets what began before (sungrow.md §7.2 #17)."""


async def read_alarms(
    session: Session, inventory: Inventory, now: datetime
) -> dict[str, tuple[Alarm, ...]]:
    """Return the open alarms by plant; plants without any have an empty list."""
    body: Body = {
        "process_status": OPEN,
        "startTime": f"{now - LOOK_BACK:%Y%m%d%H%M}",
        "endTime": f"{now + timedelta(days=1):%Y%m%d%H%M}",
    }
    try:
        listing = await session.list_all(Operation.ALARMS, body)
    except RequestRefused:
        listing = await session.list_all(Operation.ALARMS, {"process_status": OPEN})
    found: dict[str, list[Alarm]] = {plant_id: [] for plant_id in inventory.plants}
    devices = {
        device.address["ps_key"]: device.id
        for device in inventory.devices.values()
        if "ps_key" in device.address
    }
    for row in listing.rows:
        plant_id = text(row.get("ps_id"))
        if plant_id in found and text(row.get("over_time")) is None:
            found[plant_id].append(_alarm(row, devices))
    return {plant_id: tuple(alarms) for plant_id, alarms in found.items()}


def _alarm(row: Row, devices: Mapping[str, str]) -> Alarm:
    code = text(row.get("fault_type_code")) or text(row.get("fault_code"))
    level = number(row.get("fault_type"))
    return Alarm(
        name=text(row.get("fault_name")) or code or "?",
        code=code,
        level=ALARM_LEVELS.get(int(level)) if level is not None else None,
        device_id=devices.get(text(row.get("ps_key")) or ""),
    )
