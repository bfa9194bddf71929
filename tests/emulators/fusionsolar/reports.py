"""Plants as the vendor adds them up: the totals of the moment, and reports by hour, day, month and year."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from ..world import Energies, Sample, Site
from .knobs import Knobs
from .plant import ESS, HOME_INVERTER, STRING_INVERTER, Plant
from .rows import cut

FEED_IN, PRICE = 0.08, 0.30
HOUR = 3600.0

type Items = dict[str, Any]


def inverter_kwh(plant: Plant, sample: Sample) -> float:
    """Return what the plant's inverters put out over their lives."""
    apart = bool(plant.of(ESS))
    return sum(
        one.pv_kwh * one.spec.efficiency if apart else one.ac_out_kwh
        for one in (
            sample.inverter(device.part)
            for device in plant.of(STRING_INVERTER, HOME_INVERTER)
        )
    )


def now_items(plant: Plant, sample: Sample, knobs: Knobs) -> Items:
    """Return the items of getStationRealKpi."""
    site = plant.site
    began = site.local.midnight(sample.at)
    late = 60.0 * knobs.carry_over_minutes
    carried = sample.at < began + late
    start = site.sample(site.local.midnight(sample.at - late))
    end = site.sample(began) if carried else sample
    hour = site.sample(max(sample.at - sample.at % HOUR, start.at))
    month = site.sample(_month_start(site, sample.at))
    total = inverter_kwh(plant, sample)
    yesterday = _yesterday(plant, began)
    into = sample.at - began
    if knobs.total_dip and 4200 <= into < 6600:
        total -= yesterday
    if knobs.total_rise and 120 <= into < 720:
        total += yesterday
    return {
        "day_power": cut(inverter_kwh(plant, end) - inverter_kwh(plant, start)),
        "month_power": cut(total - inverter_kwh(plant, month)),
        "total_power": cut(total),
        "day_income": _income(start.energies, hour.energies),
        "total_income": round(FEED_IN * hour.energies.grid_export, 2),
        "day_on_grid_energy": cut(
            end.energies.grid_export - start.energies.grid_export
        ),
        "day_use_energy": cut(_used(end.energies) - _used(start.energies)),
        "real_health_state": 3,
    }


def _used(energies: Energies) -> float:
    return energies.load + energies.charger


def _income(start: Energies, end: Energies) -> float:
    return round(FEED_IN * (end.grid_export - start.grid_export), 2)


def _yesterday(plant: Plant, midnight: float) -> float:
    site = plant.site
    before = site.sample(site.local.midnight(midnight - HOUR))
    return inverter_kwh(plant, site.sample(midnight)) - inverter_kwh(plant, before)


def _month_start(site: Site, at: float) -> float:
    local = site.local.at(at)
    return site.local.midnight(at, 1 - local.day)


def spans(
    site: Site, name: str, at: float, now: float
) -> Iterator[tuple[float, float]]:
    """Yield the rows' spans: hours of a day, days of a month, months of a year, all years; none in the future."""
    local = site.local
    moment = local.at(at)
    if name == "Hour":
        start = local.midnight(at)
        edges = [start]
        while edges[-1] < local.midnight(at, 1):
            edges.append(edges[-1] + HOUR)
    elif name == "Day":
        first = _month_start(site, at)
        edges = [local.midnight(first + HOUR, day) for day in range(33)]
        month = moment.month
        edges = [edge for edge in edges if local.at(edge).month == month] + [
            _next_month(site, first)
        ]
    elif name == "Month":
        edges = [_date(site, moment.year, month) for month in range(1, 13)]
        edges.append(_date(site, moment.year + 1, 1))
    else:
        year = local.at(now).year
        edges = [_date(site, one, 1) for one in (year - 1, year, year + 1)]
    for begin, end in pairwise(edges):
        if begin <= now:
            yield begin, min(end, now)


def _date(site: Site, year: int, month: int) -> float:
    noon = datetime(year, month, 1, 12, tzinfo=UTC).timestamp()
    return site.local.midnight(noon)


def _next_month(site: Site, first: float) -> float:
    local = site.local.at(first + 12 * HOUR)
    following = local.replace(day=1) + timedelta(days=32)
    return _date(site, following.year, following.month)


def report_items(
    plant: Plant, name: str, begin: float, end: float, knobs: Knobs
) -> Items | None:
    """Return the items of one row; ``None`` before the world was there."""
    try:
        start, stop = plant.site.sample(begin), plant.site.sample(end)
    except ValueError:
        return None
    gone = stop.energies.since(start.energies)
    made = inverter_kwh(plant, stop) - inverter_kwh(plant, start)
    metered = any(one.type in (17, 47, 23070) for one in plant.devices)
    stored = any(one.type in (39, 41) for one in plant.devices)
    used = gone.load + gone.charger
    row: Items = {
        "radiation_intensity": None,
        "theory_power": None,
        "inverter_power": cut(made),
        "ongrid_power": cut(gone.grid_export) if metered else None,
        "power_profit": _income(start.energies, stop.energies),
    }
    if name != "Hour":
        row |= {
            "installed_capacity": plant.kwp,
            "use_power": cut(used) if metered else None,
            "performance_ratio": None,
            "perpower_ratio": round(made / plant.kwp, 3),
            "reduction_total_co2": round(0.000475 * made, 3),
            "reduction_total_coal": round(0.0004 * made, 3),
            "reduction_total_tree": 0,
        }
    if knobs.new_reports:
        own = max(0.0, used - gone.grid_import)
        row |= {
            "PVYield": cut(gone.pv),
            "inverterYield": cut(made),
            "buyPower": cut(gone.grid_import) if metered else None,
            "use_power": cut(used) if metered else None,
            "selfUsePower": cut(own) if metered else None,
            "selfProvide": cut(own) if metered else None,
            "chargeCap": cut(gone.battery_charge) if stored else None,
            "dischargeCap": cut(gone.battery_discharge) if stored else None,
        }
    return row
