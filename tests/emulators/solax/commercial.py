"""What only commercial plants have: an EMS, and a master that takes the commands."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..world import Energies, Site
from .discovery import find
from .envelope import Refusal, bad_parameter, page
from .knobs import Knobs
from .plant import COMMERCIAL, Kind, Plant
from .query import MOST_SERIALS, Query, split
from .snapshot import floor_to

SLICES = (15, 30, 60)
_LONGEST = 31 * 86400

_WORDS = {
    "PVYield": "pv",
    "BatteryCharge": "battery_charge",
    "BatteryDischarge": "battery_discharge",
    "LoadConsumption": "load",
    "ImportEnergy": "grid_import",
    "ExportEnergy": "grid_export",
}


def attributes(query: Query, knobs: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
    """Answer ems_system/attribute_info."""
    wanted, plant_id = query.get("registerNo"), query.get("plantId")
    records = [
        _attributes(plant)
        for plant in _plants(query, known)
        if wanted in (None, plant.ems) and plant_id in (None, plant.plant_id)
    ]
    return page(records, *query.page(knobs))


def summaries(
    query: Query, knobs: Knobs, known: Sequence[Plant]
) -> list[dict[str, Any]]:
    """Answer ems_system/summary_data."""
    answer = []
    for plant in _named(query, known):
        heard = plant.site.last_upload(plant.ems or "")
        if heard is not None:
            answer.append(_summary(plant, knobs, heard))
    return answer


def slices(query: Query, knobs: Knobs, known: Sequence[Plant]) -> list[dict[str, Any]]:
    """Answer ems_system/increase_data."""
    start, end = query.integer("startTime"), query.integer("endTime")
    minutes = query.integer("timeInterval", 15)
    if minutes not in SLICES:
        raise bad_parameter("timeInterval is not supported")
    if not 0 <= end - start <= _LONGEST:
        raise bad_parameter("The time span is not supported")
    return [
        row
        for plant in _named(query, known)
        for row in _slices(plant, start, end, 60.0 * minutes)
    ]


def master(query: Query, _: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
    """Answer get_master_control_device."""
    serial = query.require("deviceSn")
    kind = query.kind(Kind.INVERTER, Kind.BATTERY, Kind.METER, Kind.CHARGER)
    if query.business_type != COMMERCIAL:
        raise Refusal(10200)
    found = find(
        [plant for plant in known if plant.business_type == COMMERCIAL], kind, serial
    )
    if found is None:
        raise Refusal(10505)
    plant, device = found
    chief, chief_kind = plant.ems, int(Kind.EMS)
    if chief is None and len(plant.of(Kind.INVERTER)) > 1 and plant.reporter:
        chief, chief_kind = plant.reporter.sn, int(Kind.INVERTER)
    if chief is None:
        raise Refusal(10200, "The master control device does not exist")
    return {
        "deviceSn": device.sn,
        "controlDeviceSn": chief,
        "controlDeviceType": chief_kind,
    }


def _plants(query: Query, known: Sequence[Plant]) -> list[Plant]:
    if query.business_type != COMMERCIAL:
        raise bad_parameter("businessType is not supported")
    query.kind(Kind.EMS)
    return [
        plant
        for plant in known
        if plant.business_type == COMMERCIAL and plant.ems and plant.authorised
    ]


def _named(query: Query, known: Sequence[Plant]) -> list[Plant]:
    plants = _plants(query, known)
    wanted = split(query.params.get("registerNoList"))
    if not 1 <= len(wanted) <= MOST_SERIALS:
        raise bad_parameter(f"registerNoList must have 1 to {MOST_SERIALS} elements")
    return [plant for plant in plants if plant.ems in wanted]


def _attributes(plant: Plant) -> dict[str, Any]:
    spec = plant.site.spec
    rated = sum(one.rated_w for one in spec.inverters) / 1000
    capacity = sum(one.capacity_kwh for one in spec.batteries)
    peak = round(spec.peak_w / 1000, 1)
    record: dict[str, Any] = {
        "stationId": plant.plant_id,
        "registerNo": plant.ems,
        "deviceModel": 1,
        "deviceName": "EMS1000",
    }
    for owner in ("", "Solax", "ThirdParty"):
        foreign = owner == "ThirdParty"
        record[f"sys{owner}ACRatedPower"] = 0.0 if foreign else rated
        record[f"sys{owner}BatteryCapacity"] = 0.0 if foreign else capacity
        record[f"sys{owner}PVRatedPower"] = 0.0 if foreign else peak
    return record


def _summary(plant: Plant, knobs: Knobs, heard: float) -> dict[str, Any]:
    site = plant.site
    sample = site.sample(heard)
    morning = site.truth(site.local.midnight(heard))
    total, today = _words(sample.energies), _words(sample.energies.since(morning))
    powers, stored = sample.powers, sum(one.stored_kwh for one in sample.batteries)
    capacity = sum(one.spec.capacity_kwh for one in sample.batteries)

    def kilowatts(watts: float) -> float:
        return round(watts / 1000, knobs.kw_decimals)

    return {
        "registerNo": plant.ems,
        "utcTime": _utc(heard),
        "plantLocalTime": site.local.at(heard).strftime("%Y-%m-%d %H:%M:%S"),
        **{f"sysDaily{word}": floor_to(today[word], 1) for word in _WORDS},
        **{f"sysTotal{word}": floor_to(total[word], 1) for word in _WORDS},
        # Signs by the page's example: export and discharge are positive.
        "sysGridPower": kilowatts(-powers.grid),
        "sysPVPower": kilowatts(powers.pv),
        "sysLoadPower": kilowatts(powers.load + powers.charger),
        "sysBatteryPower": kilowatts(powers.battery),
        "sysBatterySOC": round(100 * stored / capacity) if capacity else 0,
        "sysBatterySOH": 99,
        "sysBatteryRemainings": round(stored, 1),
        "sysBatteryCapacity": capacity,
    }


def _words(energies: Energies) -> dict[str, float]:
    values = asdict(energies)
    values["load"] += values["charger"]
    return {word: values[name] for word, name in _WORDS.items()}


def _slices(
    plant: Plant, start: float, end: float, seconds: float
) -> Iterator[dict[str, Any]]:
    site = plant.site
    heard = site.last_upload(plant.ems or "") or 0.0
    begin = start
    while begin + seconds <= min(end, heard):
        yield _slice(plant, site, begin, seconds)
        begin += seconds


def _slice(plant: Plant, site: Site, begin: float, seconds: float) -> dict[str, Any]:
    last = site.sample(begin + seconds)
    grown = _words(last.energies.since(site.truth(begin)))
    hours = seconds / 3600
    stored = sum(one.stored_kwh for one in last.batteries)
    capacity = sum(one.spec.capacity_kwh for one in last.batteries)
    grid = grown["ExportEnergy"] - grown["ImportEnergy"]
    battery = grown["BatteryDischarge"] - grown["BatteryCharge"]
    return {
        "registerNo": plant.ems,
        "timeSliceStart": _utc(begin),
        "pvIncrease": round(grown["PVYield"], 2),
        "chargeIncrease": round(grown["BatteryCharge"], 2),
        "dischargeIncrease": round(grown["BatteryDischarge"], 2),
        "loadIncrease": round(grown["LoadConsumption"], 2),
        "importIncrease": round(grown["ImportEnergy"], 2),
        "exportIncrease": round(grown["ExportEnergy"], 2),
        "gridPower": round(grid / hours, 2),
        "pvPower": round(grown["PVYield"] / hours, 2),
        "loadPower": round(grown["LoadConsumption"] / hours, 2),
        "batteryPower": round(battery / hours, 2),
        "soc": round(100 * stored / capacity) if capacity else 0,
        "soh": 99,
    }


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
