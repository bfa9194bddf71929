"""Calls that an administrator may send by hand; none of them changes anything."""

from collections.abc import Mapping
from typing import Final

from ..model import Device, DeviceKind, Plant
from ..read_calls import Check, ReadCall, Scope, find, matching, whole
from ..storage import Json
from .api import (
    ALARMS,
    DEVICE_DATA,
    DEVICE_HISTORY,
    DEVICES,
    EMS_DATA,
    EMS_LIST,
    PLANT_DATA,
    PLANTS,
    STATISTICS,
    Endpoint,
)
from .history import address_of
from .limits import HISTORY
from .models import COMMERCIAL, EMS
from .session import SolaxSession

BUSINESS: Final = matching("[14]")
PAGE: Final = whole(1, 1000)
TIME: Final = whole(10**12, 10**13 - 1)


def _call(
    endpoint: Endpoint, scope: Scope = Scope.ACCOUNT, **parameters: Check
) -> ReadCall[Endpoint]:
    name = endpoint.path.removeprefix("/openapi/v2/")
    return ReadCall(name, endpoint, scope, parameters)


CALLS: Final = (
    _call(PLANTS, businessType=BUSINESS, pageNo=PAGE),
    _call(DEVICES, businessType=BUSINESS, deviceType=matching(r"\d{1,3}"), pageNo=PAGE),
    _call(PLANT_DATA, Scope.PLANT),
    _call(
        STATISTICS,
        Scope.PLANT,
        dateType=whole(1, 2),
        date=matching(r"20\d\d(-(0[1-9]|1[0-2]))?"),
    ),
    _call(ALARMS, Scope.PLANT, alarmState=matching("[01]"), pageNo=PAGE),
    _call(EMS_LIST, Scope.PLANT),
    _call(EMS_DATA, Scope.DEVICE),
    _call(DEVICE_DATA, Scope.DEVICE),
    _call(
        DEVICE_HISTORY,
        Scope.DEVICE,
        startTime=TIME,
        endTime=TIME,
        timeInterval=matching("5|10|15|30|60"),
    ),
)


async def ask(
    session: SolaxSession,
    name: str,
    owner: Plant | Device | None,
    parameters: Mapping[str, Json],
) -> Json:
    """Send a call of the list about a plant, a device or the account, at the pace of the past. Raises a ``CloudError``."""
    call = find(CALLS, name, owner)
    content: dict[str, Json] = {**call.checked(parameters), **_ids(call.key, owner)}
    if call.key.method == "GET":
        return await session.call(
            call.key,
            params={key: str(value) for key, value in content.items()},
            bucket=HISTORY,
        )
    return await session.call(call.key, body=content, bucket=HISTORY)


def _ids(endpoint: Endpoint, owner: Plant | Device | None) -> Mapping[str, Json]:
    """Name whom a call is about."""
    match owner:
        case Plant():
            business: Json = owner.address["business_type"]
            if endpoint.method == "POST":
                business = int(owner.address["business_type"])
            more = {"deviceType": EMS} if endpoint is EMS_LIST else {}
            return {"plantId": owner.id, "businessType": business, **more}
        case Device(kind=DeviceKind.ENERGY_MANAGER):
            return {
                "deviceType": EMS,
                "businessType": int(COMMERCIAL),
                "registerNoList": [owner.address["register"]],
            }
        case Device():
            return address_of(owner)
    return {}
