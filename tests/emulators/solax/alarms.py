"""Alarms: faults as far as the devices have told of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..alarms import disturbed
from ..world import Fault
from .envelope import page
from .knobs import Knobs
from .plant import Device, Kind, Plant
from .query import Query

CLOSED, ONGOING = 0, 1


def answer(
    query: Query, knobs: Knobs, known: Sequence[Plant]
) -> dict[str, Any] | list[Any]:
    """Answer alarm/page_alarm_info."""
    if "hollow" in knobs.alarm_troubles:
        return []
    serial, state = query.get("deviceSn"), query.get("alarmState")
    records = [
        record
        for plant in query.plants(known, optional=True)
        for record in _records(plant, knobs)
        if serial in (None, record["deviceSn"])
        and state in (None, str(record["alarmState"]))
    ]
    records.sort(key=lambda record: str(record["alarmStartTime"]), reverse=True)
    number, size = query.page(knobs)
    records = disturbed(records, knobs.alarm_troubles, f"{query.now}/{number}")
    return page(records, number, size)


def _records(plant: Plant, knobs: Knobs) -> Iterator[dict[str, Any]]:
    for device in plant.devices:
        if device.kind is Kind.METER:
            continue
        heard = plant.uploaded_at(device) or 0.0
        for fault in plant.site.faults:
            if fault.device_id == device.part and fault.since <= heard:
                record = _record(plant, device, fault, heard)
                if knobs.alarm_texts:
                    record["alarmCause"] = fault.cause
                    record["handleSuggestion"] = fault.advice
                yield record


def _record(plant: Plant, device: Device, fault: Fault, heard: float) -> dict[str, Any]:
    over = fault.until if fault.until is not None and fault.until <= heard else None
    return {
        "alarmStartTime": _local(plant, fault.since),
        "alarmEndTime": None if over is None else _local(plant, over),
        "alarmName": fault.name,
        "errorCode": fault.code,
        "alarmType": str(fault.kind),
        "alarmLevel": fault.level,
        "alarmState": ONGOING if over is None else CLOSED,
        "deviceSn": "X0ALIEN0000001" if fault.foreign else device.sn,
        "registerNo": device.register_no,
        "deviceType": int(device.kind),
        "deviceModel": device.model,
    }


def _local(plant: Plant, at: float) -> str:
    return plant.site.local.at(at).strftime("%Y-%m-%d %H:%M:%S")
