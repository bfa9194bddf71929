"""Calls that an administrator may send by hand; none of them changes anything."""

from collections.abc import Mapping
from typing import Final

from ..errors import CommandInvalid
from ..model import Device, Plant
from ..read_calls import Check, ReadCall, Scope, find, matching, whole
from ..storage import Json
from .controls.api import BATTERY_MODE_PATH, GRID_MODE_PATH
from .inventory import DeviceRow, FusionSolarInventory
from .limits import (
    ALARMS,
    BATTERY_MODE,
    DEVICE_DAY,
    DEVICE_MONTH,
    DEVICE_NOW,
    DEVICE_PAST,
    DEVICE_YEAR,
    DEVICES,
    GRID_MODE,
    PLANT_DAY,
    PLANT_HOURS,
    PLANT_MONTH,
    PLANT_NOW,
    PLANT_YEAR,
    STATIONS,
)
from .session import FusionSolarSession

TIME: Final = whole(10**12, 10**13 - 1)
PATHS: Final[Mapping[str, str]] = {
    BATTERY_MODE: BATTERY_MODE_PATH,
    GRID_MODE: GRID_MODE_PATH,
}
"""Of calls that are none of ``thirdData``."""


def _call(
    bucket: str, scope: Scope = Scope.ACCOUNT, **parameters: Check
) -> ReadCall[str]:
    return ReadCall(bucket, bucket, scope, parameters)


CALLS: Final = (
    _call(STATIONS, pageNo=whole(1, 1000)),
    _call(DEVICES, Scope.PLANT),
    _call(PLANT_NOW, Scope.PLANT),
    *(
        _call(each, Scope.PLANT, collectTime=TIME)
        for each in (PLANT_HOURS, PLANT_DAY, PLANT_MONTH, PLANT_YEAR)
    ),
    _call(
        ALARMS,
        Scope.PLANT,
        beginTime=TIME,
        endTime=TIME,
        language=matching("[a-z]{2}_[A-Z]{2}"),
        levels=matching("[1-4](,[1-4]){0,3}"),
    ),
    _call(BATTERY_MODE, Scope.PLANT),
    _call(GRID_MODE, Scope.PLANT),
    _call(DEVICE_NOW, Scope.DEVICE),
    _call(DEVICE_PAST, Scope.DEVICE, startTime=TIME, endTime=TIME),
    *(
        _call(each, Scope.DEVICE, collectTime=TIME)
        for each in (DEVICE_DAY, DEVICE_MONTH, DEVICE_YEAR)
    ),
)


async def ask(
    session: FusionSolarSession,
    lists: FusionSolarInventory,
    name: str,
    owner: Plant | Device | None,
    parameters: Mapping[str, Json],
) -> Json:
    """Send a call of the list about a plant, a device or the account, within its own limits. Raises a ``CloudError``."""
    call = find(CALLS, name, owner)
    row = lists.device(owner.id) if isinstance(owner, Device) else None
    body = {**call.checked(parameters), **_ids(call, owner, row)}
    return await session.send(call.key, body, path=PATHS.get(call.key))


def _ids(
    call: ReadCall[str], owner: Plant | Device | None, row: DeviceRow | None
) -> Mapping[str, Json]:
    """Name whom a call is about."""
    match owner:
        case Plant():
            name = "plantCode" if call.key in PATHS else "stationCodes"
            return {name: owner.id}
        case Device() if row is not None:
            return {"devIds": row.id, "devTypeId": row.type}
        case Device():
            raise CommandInvalid("call_needs", call=call.name)
    return {}
