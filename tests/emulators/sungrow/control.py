"""Parameters: checking, setting, reading, looking back (sungrow.md §4.10)."""

from typing import Any

from . import parameters as p
from .envelope import Refusal
from .plant import CHARGER, Device, Plant
from .query import Query
from .tasks import READ, WRITE, Item, Task, stamp

OK, EMPTY, TWICE, TOO_MANY, NO_DEVICE, NO_TEMPLATE = "1", "4", "2", "3", "5", "6"
NOT_THIS_ONE, OFFLINE, EXPIRE, REPEATED, CLOSED = "6-1", "7", "8", "9", "14"
OVER_TEN = "er_parameter_value_invalid:Parameter:param_list is over 10"
LONGEST_EXPIRE = 1800
VIEW_ONLY = "1"


def _may(query: Query) -> None:
    if not query.knobs.control_group:
        raise Refusal("E900")


def _find(query: Query, uuid: str) -> tuple[Plant, Device] | None:
    for plant in query.plants:
        for device in plant.devices:
            if str(device.uuid) == uuid:
                return plant, device
    return None


def _barred(query: Query, plant: Plant) -> bool:
    """Whether the user may only look."""
    if query.user.shares.get(plant.ps_id) != VIEW_ONLY:
        return False
    if query.knobs.viewer_code != NOT_THIS_ONE:
        raise Refusal(query.knobs.viewer_code)
    return True


def check(query: Query) -> dict[str, Any]:
    """Answer paramSettingCheck."""
    _may(query)
    if query.text("set_type") not in {WRITE, READ}:
        raise Refusal("010", "Parameters set_type is invalid")
    rows = []
    for uuid in query.listed("uuid"):
        found = _find(query, uuid)
        if found is None:
            result = NO_DEVICE
        elif _barred(query, found[0]) or not p.rules_of(found[1]):
            result = "0"
        elif not found[0].online(found[1]):
            result = "6"
        else:
            result = OK
        rows.append({"uuid": uuid, "check_result": result, "check_msg": "check"})
    return {"check_result": OK, "dev_result_list": rows}


def submit(query: Query) -> dict[str, Any]:
    """Answer paramSetting."""
    _may(query)
    reads = query.text("set_type") == READ
    uuids = query.listed("uuid")
    items = [
        Item(str(row.get("param_code") or ""), str(row.get("set_value", "")))
        for row in query.params.get("param_list") or ()
    ]
    if code := _form(query, items, uuids, reads=reads):
        return {"check_result": code, "dev_result_list": []}
    rows = [_take(query, uuid, items, reads=reads) for uuid in uuids]
    return {"check_result": OK, "dev_result_list": rows}


def _form(
    query: Query, items: list[Item], uuids: list[str], *, reads: bool
) -> str | None:
    codes = [p.DUPLICATES.get(item.code, item.code) for item in items]
    if not items or not all(codes) or (not reads and any(not i.value for i in items)):
        return EMPTY
    if len(set(codes)) < len(codes):
        return TWICE
    if len(items) > p.MOST_IN_ONE_TASK:
        if query.knobs.too_many != TOO_MANY:
            raise Refusal(query.knobs.too_many, OVER_TEN)
        return TOO_MANY
    if not 0 <= query.whole("expire_second") <= LONGEST_EXPIRE:
        return EXPIRE
    return "11" if reads and len(uuids) > 1 else None


def _take(query: Query, uuid: str, items: list[Item], *, reads: bool) -> dict[str, Any]:
    found = _find(query, uuid)
    code = _refusal(query, found, items)
    row: dict[str, Any] = {
        "uuid": int(uuid),
        "code": code or OK,
        "task_id": None,
        "task_name": query.text("task_name"),
        "msg": None if code is None else "refused",
    }
    if code is None and found is not None:
        row["task_id"] = query.tasks.take(
            *found,
            query.text("task_name"),
            [Item(item.code, item.value) for item in items],
            reads=reads,
            expire=query.whole("expire_second"),
            now=query.now,
            user=query.user.account,
        )
    return row


def _refusal(
    query: Query, found: tuple[Plant, Device] | None, items: list[Item]
) -> str | None:
    if found is None:
        return NO_DEVICE
    plant, device = found
    rules = p.rules_of(device)
    if query.knobs.channel_closed:
        return CLOSED
    if _barred(query, plant) or device.kind == CHARGER:
        return NOT_THIS_ONE
    if not rules:
        return NO_TEMPLATE
    if not plant.online(device):
        return OFFLINE
    if query.tasks.busy(device, query.now):
        return REPEATED
    whole = query.knobs.unsupported_style == "whole"
    lacks = any(
        item.code not in rules or item.code in query.knobs.unsupported for item in items
    )
    return NOT_THIS_ONE if whole and lacks else None


def task(query: Query) -> dict[str, Any]:
    """Answer getParamSettingTask."""
    _may(query)
    known = query.tasks.known.get(query.text("task_id"))
    if known is None or str(known.device.uuid) != query.text("uuid"):
        raise Refusal("010", "Parameters task_id is invalid")
    return {
        "command_status": known.status,
        "param_list": [_row(query, known, item) for item in known.items],
        "create_time": stamp(known.created),
        "over_time": None if known.finished is None else stamp(known.finished),
    }


def _row(query: Query, known: Task, item: Item) -> dict[str, Any]:
    rule = p.rules_of(known.device).get(item.code)
    names, values = (rule.names if rule else None) or (None, None)
    return {
        "param_code": int(item.code) if len(known.items) % 2 else item.code,
        "point_id": int(item.code) + 10_000,
        "point_name": f"参数{item.code}",
        "command_status": item.status,
        "set_value": item.value,
        "return_value": item.answer,
        "set_precision": f"{rule.precision:g}" if rule else None,
        "unit": rule.unit if rule and item.code not in query.knobs.no_unit else None,
        "set_val_name": names,
        "set_val_name_val": values,
        "create_time": stamp(known.created),
        "update_time": stamp(known.finished or known.created),
    }


def records(query: Query) -> dict[str, Any]:
    """Answer getDeviceSettingRecordList."""
    _may(query)
    if query.knobs.records_refused:
        raise Refusal("E996")
    uuids, codes = query.listed("uuidList"), query.listed("paramList")
    start, end = (query.text(name) for name in ("startTime", "endTime"))
    rows = [
        {
            "taskId": known.id,
            "taskName": known.name,
            "psId": int(known.plant.ps_id),
            "deviceUuid": known.device.uuid,
            "paramCode": int(item.code),
            "setValue": item.value,
            "returnValue": item.answer,
            "commandStatus": item.status,
            "taskSource": 2,
            "userName": known.user,
            "createTime": stamp(known.created),
            "updateTime": stamp(known.finished or known.created),
        }
        for known in query.tasks.known.values()
        for item in known.items
        if not known.reads
        and str(known.device.uuid) in uuids
        and (not codes or item.code in codes)
        and start <= stamp(known.created) <= end
    ]
    return {"data": rows}
