"""Live data: what plants and devices last uploaded."""

from collections.abc import Sequence
from random import Random
from typing import Any

from . import inverter, rows
from .discovery import find, refuse_unless_authorised
from .envelope import Refusal
from .knobs import Knobs
from .plant import Device, Kind, Plant
from .query import Query
from .snapshot import Snapshot, floor_to

BY_INVERTER = 1  # requestSnType


def plant(query: Query, knobs: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
    """Answer plant/realtime_data: energies by the newest upload, the time by the clock."""
    one = query.plant(known)
    return {
        "plantLocalTime": one.site.local.at(query.now).strftime("%Y-%m-%d %H:%M:%S"),
        "plantId": one.plant_id,
        **plant_energies(one, knobs, query.now),
    }


def plant_energies(one: Plant, knobs: Knobs, now: float) -> dict[str, float]:
    """Return daily and lifetime energies; the day is the plant's, to the minute."""
    heard = one.reporter and one.uploaded_at(one.reporter)
    figures = dict.fromkeys(_FIGURES, (0.0, 0.0))
    if heard:
        figures |= _figures(one, knobs, heard, one.site.local.midnight(now))
    values = {}
    for name, (today, total) in figures.items():
        values[f"daily{name}"] = floor_to(today, 2)
        values[f"total{name}"] = floor_to(total, 2)
    return values


_FIGURES = ("Yield", "Charged", "Discharged", "Imported", "Exported", "Earnings")


def _figures(
    one: Plant, knobs: Knobs, heard: float, midnight: float
) -> dict[str, tuple[float, float]]:
    last, first = one.site.sample(heard), one.site.sample(min(midnight, heard))
    end = last.energies
    day = end.since(first.energies)
    figures: dict[str, tuple[float, float]] = {}
    if inverters := one.of(Kind.INVERTER):
        micro = all(device.micro for device in inverters)
        share = 1.0 if micro else knobs.plant_yield_share
        total = one.generated(last)
        figures["Yield"] = ((total - one.generated(first)) * share, total * share)
    if any(battery.listed for battery in one.of(Kind.BATTERY)):
        figures["Charged"] = (day.battery_charge, end.battery_charge)
        figures["Discharged"] = (day.battery_discharge, end.battery_discharge)
    if any(device.metered for device in one.of(Kind.INVERTER)):
        figures["Imported"] = (day.grid_import, end.grid_import)
        figures["Exported"] = (day.grid_export, end.grid_export)
    if one.tariff:
        spared = max(0.0, day.pv - day.grid_export), max(0.0, end.pv - end.grid_export)
        figures["Earnings"] = (
            spared[0] * one.tariff.price + day.grid_export * one.tariff.feed_in,
            spared[1] * one.tariff.price + end.grid_export * one.tariff.feed_in,
        )
    return figures


def devices(query: Query, knobs: Knobs, known: Sequence[Plant]) -> list[dict[str, Any]]:
    """Answer device/realtime_data."""
    answer = [
        row
        for plant, device in wanted(query, knobs, known)
        if (row := _newest(plant, device, knobs)) is not None
    ]
    if knobs.shuffle_rows:
        Random(int(query.now)).shuffle(answer)
    return answer


def wanted(
    query: Query, knobs: Knobs, known: Sequence[Plant]
) -> list[tuple[Plant, Device]]:
    """Return the devices a query names, or refuse."""
    business = query.business_type
    kind = query.kind(Kind.INVERTER, Kind.BATTERY, Kind.METER, Kind.CHARGER)
    serials = query.serials()
    mine = [plant for plant in known if plant.business_type == business]
    by_inverter = (
        kind is Kind.BATTERY and query.integer("requestSnType", 2) == BY_INVERTER
    )
    found: list[tuple[Plant, Device]] = []
    for serial in serials:
        if by_inverter:
            found += _batteries_of(mine, serial)
            continue
        match = find(mine, kind, serial)
        if match is None or (kind is Kind.BATTERY and not match[1].listed):
            if knobs.unknown_serial == "10505":
                raise Refusal(10505)
        else:
            refuse_unless_authorised(*match)
            found.append(match)
    if kind is Kind.BATTERY and not found:
        raise Refusal(10001)  # no battery there: the call fails instead of being empty
    return [(plant, device) for plant, device in found if device.readable]


def _batteries_of(known: Sequence[Plant], serial: str) -> list[tuple[Plant, Device]]:
    host = find(known, Kind.INVERTER, serial)
    if host is None:
        return []
    plant, inverter_device = host
    refuse_unless_authorised(plant, inverter_device)
    return [
        (plant, battery)
        for battery in plant.of(Kind.BATTERY)
        if battery.host == inverter_device.sn
    ]


def _newest(plant: Plant, device: Device, knobs: Knobs) -> dict[str, Any] | None:
    if knobs.offline_rows == "missing" and not plant.online(device):
        return None
    heard = plant.uploaded_at(device)
    return None if heard is None else row_at(plant, device, heard, knobs)


def honest_row(
    plant: Plant, device: Device, at: float, knobs: Knobs
) -> dict[str, Any] | None:
    """Return what a device measured at an instant, None if it was not there yet."""
    snapshot = Snapshot(plant, device, at, knobs)
    return _row(snapshot) if snapshot.sample.has(device.part) else None


def row_at(
    plant: Plant, device: Device, at: float, knobs: Knobs
) -> dict[str, Any] | None:
    """Return the row that a device uploaded at an instant, None if it was not there yet."""
    row = honest_row(plant, device, at, knobs)
    if row is None:
        return None
    for distortion in device.distortions:
        if distortion.since < at <= distortion.until:
            distortion.apply(row)
    for name in device.null_fields | knobs.null_fields:
        if name in row:
            row[name] = None
    return row | knobs.extra_fields


def _row(snapshot: Snapshot) -> dict[str, Any]:
    device = snapshot.device
    if device.kind is Kind.INVERTER:
        return inverter.row(snapshot)
    if device.kind is Kind.BATTERY:
        host = find([snapshot.plant], Kind.INVERTER, device.host or "")
        return rows.battery(snapshot, host[1].part if host else device.part)
    return rows.meter(snapshot) if device.kind is Kind.METER else rows.charger(snapshot)
