"""Calls that an administrator may send by hand; none of them changes anything, and none carries a ``set_type``."""

from collections.abc import Mapping
from typing import Final

from ..model import Device, Plant
from ..read_calls import Check, ReadCall, Scope, find, matching, whole
from ..storage import Json
from .api import ApiVersion, Operation
from .limits import HISTORY_BUCKET
from .points import PLANT_TYPE
from .session import SungrowSession

PAGE: Final = whole(1, 1000)
SIZE: Final = whole(1, 999)
POINT: Final = r"p?\d{1,6}"
POINTS: Final = matching(rf"{POINT}(,{POINT}){{0,49}}")
MOMENT: Final = matching(r"20\d{12}")
DATE: Final = matching(r"20\d\d(\d\d){0,2}")
DAYS: Final[Mapping[str, Check]] = {
    "data_point": POINTS,
    "data_type": matching("[1-4](,[1-4]){0,3}"),
    "query_type": matching("[123]|day|month|year"),
    "start_time": DATE,
    "end_time": DATE,
    "order": matching("[01]"),
}
MINUTES: Final[Mapping[str, Check]] = {
    "points": POINTS,
    "start_time_stamp": MOMENT,
    "end_time_stamp": MOMENT,
    "minute_interval": whole(5, 60),
    "is_get_point_dict": matching("[01]"),
}


def _point_ids(raw: Json) -> Json:
    """Take a list of points, or one text with commas; without the ``p`` of the past."""
    listed = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(listed, list) or not 0 < len(listed) <= 100:
        return None
    check = matching(POINT)
    if any(check(each) is None for each in listed):
        return None
    return [str(each).removeprefix("p") for each in listed]


NOW: Final[Mapping[str, Check]] = {
    "point_id_list": _point_ids,
    "is_get_point_dict": matching("[01]"),
}


def calls(api_version: ApiVersion) -> tuple[ReadCall[Operation], ...]:
    """Return the calls of one edition, by its names."""
    page: Mapping[str, Check] = {api_version.page: PAGE, "size": SIZE}
    listed: tuple[tuple[Operation, Scope, Mapping[str, Check]], ...] = (
        (Operation.PLANTS, Scope.ACCOUNT, page),
        (Operation.PLANT_DETAILS, Scope.PLANT, {}),
        (Operation.DEVICES, Scope.PLANT, page),
        (Operation.PLANT_VALUES, Scope.PLANT, NOW),
        (Operation.DEVICE_VALUES, Scope.DEVICE, NOW),
        (Operation.PLANT_MINUTES, Scope.PLANT, MINUTES),
        (Operation.DEVICE_MINUTES, Scope.DEVICE, MINUTES),
        (Operation.PLANT_DAYS, Scope.PLANT, DAYS),
        (Operation.DEVICE_DAYS, Scope.DEVICE, DAYS),
        (Operation.POINTS, Scope.DEVICE, {**page, "type": matching("[125]")}),
        (
            Operation.ALARMS,
            Scope.PLANT,
            {
                **page,
                "process_status": matching("8|9|999"),
                "fault_type": matching("[1-4](,[1-4]){0,3}"),
                "startTime": matching(r"20\d{10}"),
                "endTime": matching(r"20\d{10}"),
            },
        ),
    )
    return tuple(
        ReadCall(api_version.paths[operation], operation, scope, parameters)
        for operation, scope, parameters in listed
    )


async def ask(
    session: SungrowSession,
    name: str,
    owner: Plant | Device | None,
    parameters: Mapping[str, Json],
) -> Json:
    """Send a call of the list about a plant, a device or the account, within the limits of the past. Raises a ``CloudError``."""
    call = find(calls(session.api_version), name, owner)
    ids = _ids(call.key, owner, session.api_version)
    return await session.call(
        call.key, {**call.checked(parameters), **ids}, HISTORY_BUCKET
    )


def _ids(
    operation: Operation, owner: Plant | Device | None, api_version: ApiVersion
) -> Mapping[str, Json]:
    """Name whom a call is about."""
    match owner:
        case Device() if operation is Operation.POINTS:
            return {"device_type": int(owner.address["type"])}
        case Device():
            kind = {"device_type": int(owner.address["type"])}
            live = operation is Operation.DEVICE_VALUES
            return {"ps_key_list": [owner.address["ps_key"]], **(kind if live else {})}
        case Plant() if operation is Operation.PLANT_DETAILS:
            return {"ps_ids": owner.id}
        case Plant() if operation in {Operation.DEVICES, Operation.ALARMS}:
            return {"ps_id": owner.id}
        case Plant() if api_version.bearer:
            return {"ps_id_list": [owner.id]}
        case Plant():
            virtual: dict[str, Json] = {"ps_key_list": [f"{owner.id}_{PLANT_TYPE}_0_0"]}
            live = operation is Operation.PLANT_VALUES
            return virtual | ({"device_type": PLANT_TYPE} if live else {})
    return {}
