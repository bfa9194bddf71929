"""Energy by day or month: the only place where SolaX tells a house's consumption."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
import re
from typing import Any

from ..world import Site
from .envelope import bad_parameter
from .history import TOO_OLD, YEAR
from .knobs import Knobs
from .plant import Kind, Plant
from .query import Query
from .snapshot import floor_to

BY_MONTH, BY_DAY = 1, 2

type Period = tuple[str, float, float]  # label, begin, end


def answer(query: Query, knobs: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
    """Answer plant/energy/get_stat_data."""
    plant = query.plant(known)
    date = query.require("date")
    periods = list(_periods(plant.site, query.integer("dateType"), date))
    oldest = query.now - YEAR
    if not periods or periods[-1][2] <= oldest:
        raise bad_parameter(TOO_OLD)
    return {
        "plantId": plant.plant_id,
        "date": date,
        "currencyCode": plant.tariff.currency if plant.tariff else None,
        "plantEnergyStatDataList": [
            {"date": label, **_energies(plant, knobs, begin, min(end, query.now))}
            for label, begin, end in periods
            if end > oldest and begin < query.now
        ],
    }


def _periods(site: Site, kind: int, date: str) -> Iterator[Period]:
    pattern = {BY_MONTH: r"\d{4}", BY_DAY: r"\d{4}-\d{2}"}.get(kind)
    if pattern is None:
        raise bad_parameter("dateType is not supported")
    if re.fullmatch(pattern, date) is None:
        raise bad_parameter("date does not fit dateType")
    if kind == BY_MONTH:
        for month in range(1, 13):
            label = f"{date}-{month:02d}"
            begin, end = _month(site, label)
            yield label, begin, end
        return
    begin, end = _month(site, date)
    day = 1
    while begin < end:
        after = site.local.midnight(begin, days=1)
        yield f"{date}-{day:02d}", begin, after
        begin, day = after, day + 1


def _month(site: Site, label: str) -> tuple[float, float]:
    year, month = (int(part) for part in label.split("-"))
    if not 1 <= month <= 12:
        raise bad_parameter("date does not fit dateType")
    following = (year + month // 12, month % 12 + 1)
    noons = (datetime(*pair, 1, 12, tzinfo=UTC) for pair in ((year, month), following))
    begin, end = (site.local.midnight(noon.timestamp()) for noon in noons)
    return begin, end


def _energies(plant: Plant, knobs: Knobs, begin: float, end: float) -> dict[str, float]:
    site = plant.site
    grown = site.truth(end).since(site.truth(begin))
    first, last = site.sample(begin), site.sample(end)
    output = sum(
        last.counter(f"ac_out.{one.id}") - first.counter(f"ac_out.{one.id}")
        for one in site.spec.inverters
    )
    inverters = plant.of(Kind.INVERTER)
    metered = any(device.metered for device in inverters)
    blind = knobs.statistics_ac_only or bool(inverters and not metered)
    registered = any(device.listed for device in plant.of(Kind.BATTERY))
    values = {
        # Without a meter the cloud takes the output for the consumption.
        "pvGeneration": 0.0
        if blind
        else plant.generated(last) - plant.generated(first),
        "inverterACOutputEnergy": output,
        "exportEnergy": grown.grid_export if metered else 0.0,
        "importEnergy": grown.grid_import * knobs.statistics_import_scale
        if metered
        else 0.0,
        "loadConsumption": output if blind else grown.load + grown.charger,
        "batteryCharged": grown.battery_charge if registered else 0.0,
        "batteryDischarged": grown.battery_discharge if registered else 0.0,
        "earnings": 0.0,
    }
    if plant.tariff:
        spared = max(0.0, grown.pv - grown.grid_export) * plant.tariff.price
        values["earnings"] = spared + grown.grid_export * plant.tariff.feed_in
    return {name: floor_to(value, 2) for name, value in values.items()}
