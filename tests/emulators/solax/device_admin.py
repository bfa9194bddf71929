"""What can be changed about one device from outside."""

from typing import Any

from .knobs import Knobs
from .plant import Device, Distortion, Kind, Plant
from .realtime import honest_row

_PLAIN = frozenset(
    {
        "authorised",
        "listed",
        "master",
        "metered",
        "micro",
        "midnight",
        "model",
        "readable",
    }
)
_CHARGER = frozenset({"mode", "limit_a", "gear_a", "paused"})


def change(
    plant: Plant, device: Device, changes: dict[str, Any], now: float, knobs: Knobs
) -> None:
    """Apply changes by name; unknown names are mistakes of the test."""
    for name, value in changes.items():
        if name in _PLAIN:
            setattr(device, name, value)
        elif name == "facts":
            device.facts |= value
        elif name == "null_fields":
            device.null_fields = set(value)
        elif name == "online":
            plant.dongle(device).online.set(now, bool(value))
        elif name == "upload_period":
            plant.dongle(device).period.set(now, float(value))
        elif name == "distort":
            distort(plant, device, now, **value)
        elif name == "reset_counter":
            reset_counter(plant, device, now, value, knobs)
        else:
            _change_world(plant, device, name, value)


def _change_world(plant: Plant, device: Device, name: str, value: Any) -> None:
    site, part = plant.site, device.part
    if name == "soc" and device.kind in {Kind.BATTERY, Kind.INVERTER}:
        site.set_soc(float(value), part if device.kind is Kind.BATTERY else None)
    elif name == "plugged" and device.kind is Kind.CHARGER:
        site.charger(part, plugged=value)
    elif name == "needs_kwh" and device.kind is Kind.CHARGER:
        site.charger(part, car_needs_kwh=float(value))
    elif name in _CHARGER and device.kind is Kind.CHARGER:
        site.charger(part, **{name: value})
    elif name == "fault":
        _fault(plant, device, value)
    elif name == "load_w":
        site.override_load(value)
    else:
        raise ValueError(f"{name} cannot be changed on {device.sn}")


def _fault(plant: Plant, device: Device, name: str | None) -> None:
    if name:
        plant.site.fail(
            device.part,
            name,
            "IE002",
            cause="The grid voltage is out of range.",
            advice="1. Wait until the grid recovers.\n2. Ask the installer if it lasts.",
        )
        return
    for fault in plant.site.faults:
        if fault.device_id == device.part and fault.until is None:
            plant.site.repair(fault)


def distort(
    plant: Plant,
    device: Device,
    now: float,
    field: str,
    *,
    value: Any = None,
    add: float | None = None,
    uploads: int | None = 1,
) -> Distortion:
    """Let the next uploads carry a wrong value; `uploads=None` lasts for ever."""
    period = plant.dongle(device).period.at(now)
    until = float("inf") if uploads is None else now + uploads * period
    distortion = Distortion(field, now, until, value, add)
    device.distortions.append(distortion)
    return distortion


def reset_counter(
    plant: Plant, device: Device, now: float, field: str, knobs: Knobs
) -> Distortion:
    """Let a counter begin again at zero, as that of a replaced device does."""
    row = honest_row(plant, device, now, knobs)
    if row is None or not isinstance(row.get(field), int | float):
        raise ValueError(f"{field} is not a counter of {device.sn}")
    return distort(plant, device, now, field, add=-row[field], uploads=None)
