"""The lists: plants of a business type, devices of a type."""

from collections.abc import Sequence
from typing import Any

from .envelope import Refusal, page
from .knobs import Knobs
from .plant import COMMERCIAL, Device, Kind, Plant
from .query import Query


def plants(query: Query, knobs: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
    """Answer page_plant_info."""
    business = query.business_type
    mine = [plant for plant in known if plant.business_type == business]
    if not mine and knobs.absent_business != "empty":
        raise Refusal(int(knobs.absent_business))
    wanted = query.get("plantId")
    name = query.get("plantName")
    return page(
        [
            _plant(plant, knobs)
            for plant in mine
            if wanted in (None, plant.plant_id) and (name is None or name in plant.name)
        ],
        *query.page(knobs),
    )


def devices(query: Query, knobs: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
    """Answer page_device_info."""
    kind = query.kind(Kind.INVERTER, Kind.BATTERY, Kind.METER, Kind.CHARGER)
    mine = query.plants(known, optional=True)
    serial = query.get("deviceSn")
    records = [
        _device(plant, device)
        for plant in mine
        for device in plant.of(kind)
        if device.listed and serial in (None, device.sn)
    ]
    if not records and knobs.absent_class == "10001":
        raise Refusal(10001)
    return page(
        [record | knobs.extra_list_fields for record in records], *query.page(knobs)
    )


def _plant(plant: Plant, knobs: Knobs) -> dict[str, Any]:
    spec = plant.site.spec
    return {
        "plantId": plant.plant_id,
        "plantName": plant.name,
        "loginName": plant.login,
        "batteryCapacity": _battery_capacity(plant),
        "pvCapacity": round(spec.peak_w / 1000, 2),
        "createTime": plant.created,
        "plantTimeZone": plant.label if knobs.zone_style == "label" else spec.zone,
        "plantState": _plant_state(plant),
        "plantAddress": plant.address,
        "longitude": spec.longitude,
        "latitude": spec.latitude,
        "electricityPriceUnit": plant.tariff.currency if plant.tariff else None,
    } | knobs.extra_list_fields


def _battery_capacity(plant: Plant) -> float | None:
    if not any(one.listed for one in plant.of(Kind.BATTERY)):
        return None
    return sum(one.capacity_kwh for one in plant.site.spec.batteries)


def _plant_state(plant: Plant) -> int:
    online = any(plant.online(device) for device in plant.devices)
    if plant.business_type != COMMERCIAL:
        return 3 if online else 1
    if not online:
        return 0
    return 2 if any(fault.until is None for fault in plant.site.faults) else 1


def _device(plant: Plant, device: Device) -> dict[str, Any]:
    record: dict[str, Any] = {
        "registerNo": device.register_no,
        "deviceSn": device.sn,
        "deviceModel": device.model,
        "plantId": plant.plant_id,
        "onlineStatus": int(plant.online(device)),
        **{key: value for key, value in device.facts.items() if key != "phases"},
    }
    if device.kind is Kind.CHARGER:
        record["singleThreePhase"] = int(device.phases == 3)
    return record


def find(
    known: Sequence[Plant], kind: Kind, serial: str
) -> tuple[Plant, Device] | None:
    """Find a device by its serial, in any case."""
    for plant in known:
        for device in plant.of(kind):
            if device.sn.lower() == serial.lower():
                return plant, device
    return None


def refuse_unless_authorised(plant: Plant, device: Device | None = None) -> None:
    """Refuse a plant or a device that the account may not read."""
    if not plant.authorised:
        raise Refusal(10506)
    if device is not None and not device.authorised:
        raise Refusal(10505)
