"""Alarms: faults as far as the devices have told of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..world import Fault
from .envelope import page
from .knobs import Knobs
from .plant import Device, Kind, Plant
from .query import Query

CLOSED, ONGOING = 0, 1


def answer(query: Query, knobs: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
    """Answer alarm/page_alarm_info."""
    serial, state = query.get("deviceSn"), query.get("alarmState")
    records = [
        record
        for plant in query.plants(known, optional=True)
        for record in _records(plant)
        if serial in (None, record["deviceSn"])
        and state in (None, str(record["alarmState"]))
    ]
    records.sort(key=lambda record: str(record["alarmStartTime"]), reverse=True)
    return page(records, *query.page(knobs))


def _records(plant: Plant) -> Iterator[dict[str, Any]]:
    for device in plant.devices:
        if device.kind is Kind.METER:
            continue
        heard = plant.uploaded_at(device) or 0.0
        for fault in plant.site.faults:
            if fault.device_id == device.part and fault.since <= heard:
                yield _record(plant, device, fault, heard)


def _record(plant: Plant, device: Device, fault: Fault, heard: float) -> dict[str, Any]:
    over = fault.until if fault.until is not None and fault.until <= heard else None
    return {
        "alarmStartTime": _local(plant, fault.since),
        "alarmEndTime": None if over is None else _local(plant, over),
        "alarmName": fault.name,
        "errorCode": fault.code,
        "alarmType": "1",
        "alarmLevel": fault.level,
        "alarmState": ONGOING if over is None else CLOSED,
        "deviceSn": device.sn,
        "registerNo": device.register_no,
        "deviceType": int(device.kind),
        "deviceModel": device.model,
    }


def _local(plant: Plant, at: float) -> str:
    return plant.site.local.at(at).strftime("%Y-%m-%d %H:%M:%S")
