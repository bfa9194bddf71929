"""A whole day in the emulated world: what Home Assistant shows and sums up is what really flowed.

The truth is the world's own integral, looked at when each device last uploaded before the poll; none of the client's code has a hand in it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from .emulators.solax import Kind, SolaxCloud
from .emulators.world import Energies, Powers
from .helpers.home import Home, solax_id, uploads_seen

STEP = 300.0
TENTH, HUNDREDTH = 0.1, 0.01


@dataclass(frozen=True)
class Counter:
    """A role counter: which device's uploads carry it, how finely, and what is true."""

    kind: Kind
    resolution: float
    truth: Callable[[Energies], float]


COUNTERS = {
    "pv_energy_total": Counter(Kind.INVERTER, TENTH, lambda truth: truth.pv),
    "grid_import_energy_total": Counter(
        Kind.METER, HUNDREDTH, lambda truth: truth.grid_import
    ),
    "grid_export_energy_total": Counter(
        Kind.METER, HUNDREDTH, lambda truth: truth.grid_export
    ),
    "battery_charge_energy_total": Counter(
        Kind.BATTERY, TENTH, lambda truth: truth.battery_charge
    ),
    "battery_discharge_energy_total": Counter(
        Kind.BATTERY, TENTH, lambda truth: truth.battery_discharge
    ),
}

POWERS: dict[str, Callable[[Powers], float]] = {
    "pv_power": lambda truth: truth.pv,
    "grid_power": lambda truth: truth.grid,
    "grid_import_power": lambda truth: max(0.0, truth.grid),
    "grid_export_power": lambda truth: max(0.0, -truth.grid),
    "battery_power": lambda truth: truth.battery,
    "battery_discharge_power": lambda truth: max(0.0, truth.battery),
    "battery_charge_power": lambda truth: max(0.0, -truth.battery),
    "load_power": lambda truth: truth.load + truth.charger,
}


def asleep(cloud: SolaxCloud, at: float) -> bool:
    """Say whether the empty battery slept, and sent zeros instead of its counters."""
    powers = cloud.plant.site.powers(at)
    return powers.pv <= 0 and abs(powers.battery) < 1


def counted_at(cloud: SolaxCloud, kind: Kind) -> float:
    """Return when the newest counters that Home Assistant was told were uploaded."""
    return next(
        at
        for at in uploads_seen(cloud, cloud.first(kind))
        if kind is not Kind.BATTERY or not asleep(cloud, at)
    )


def check_counters(home: Home, cloud: SolaxCloud) -> None:
    """Compare every role counter with the truth."""
    for quantity, counter in COUNTERS.items():
        truth = cloud.plant.site.truth(counted_at(cloud, counter.kind))
        shown = home.value(solax_id(cloud, None, quantity))
        behind = counter.truth(truth) - shown
        assert -1e-4 <= behind <= counter.resolution + 1e-4, quantity


def check_powers(home: Home, cloud: SolaxCloud) -> None:
    """Compare every power with the truth, signs included."""
    truth = cloud.plant.site.powers(
        next(uploads_seen(cloud, cloud.first(Kind.INVERTER)))
    )
    for quantity, power in POWERS.items():
        shown = home.state(solax_id(cloud, None, quantity)).state
        if shown == STATE_UNKNOWN:
            assert quantity.startswith("battery")
            assert asleep(cloud, next(uploads_seen(cloud, cloud.first(Kind.BATTERY))))
        else:
            assert float(shown) == pytest.approx(power(truth), abs=3), quantity


@pytest.fixture
def recorder_config(recorder_config: dict[str, Any]) -> dict[str, Any]:
    """Record what the Energy Dashboard looks at."""
    return recorder_config | {"include": {"entity_globs": ["sensor.demo_house_*"]}}


def local_midnight(year: int, month: int, day: int, offset: int) -> datetime:
    """Return a plant's midnight."""
    return datetime(year, month, day, tzinfo=UTC) - timedelta(hours=offset)


DAYS = {
    "summer": (local_midnight(2026, 6, 15, 2), 24),
    "winter": (local_midnight(2026, 12, 20, 1), 24),
    "long": (local_midnight(2026, 10, 25, 2), 25),
    "short": (local_midnight(2026, 3, 29, 1), 23),
}


@pytest.fixture
def begin(request: pytest.FixtureRequest) -> datetime:
    """Begin half an hour before midnight, so that the day's first row is known."""
    start: datetime = DAYS[request.node.callspec.params["name"]][0]
    return start - timedelta(minutes=30)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("name", ["summer"])
async def test_a_day_is_shown_and_summed_up_as_it_was(
    recorder_mock: Recorder,
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    name: str,
) -> None:
    """Every role counter, every power, and the recorder's sums in the default units, hour by hour."""
    start, hours = DAYS[name]
    solax.plant.site.set_soc(0.8)
    await home.pass_time(2 * STEP)
    await home.start(entry)
    ids = {home.entity_id(solax_id(solax, None, key)): key for key in COUNTERS}
    await home.pass_time(start - timedelta(seconds=5) - _now(home), step=STEP)
    do_adhoc_statistics(home.hass, start=start - timedelta(minutes=5))
    first = {key: home.value(solax_id(solax, None, key)) for key in COUNTERS}

    shown_at_hours = []
    for period in range(hours * 12):
        moment = start + timedelta(minutes=5 * period)
        await home.pass_time(STEP, step=STEP)
        check_counters(home, solax)
        check_powers(home, solax)
        # Tasks of the recorder follow each other: the states are in before the sums are drawn.
        do_adhoc_statistics(home.hass, start=moment)
        if period % 12 == 11:
            await async_wait_recording_done(home.hass)
            shown_at_hours.append(
                {key: home.value(solax_id(solax, None, key)) for key in COUNTERS}
            )
        if period == 12 * 3:
            await home.restart(entry)

    end = start + timedelta(hours=hours)
    rows = await hourly(home.hass, start, end, set(ids))
    for entity_id, key in ids.items():
        assert len(rows[entity_id]) == hours
        before = first[key]
        for row, shown in zip(rows[entity_id], shown_at_hours, strict=True):
            assert row["change"] == pytest.approx(shown[key] - before, abs=1e-6), key
            before = shown[key]
        counted = sum(row["change"] for row in rows[entity_id])
        counter = COUNTERS[key]
        site = solax.plant.site
        flowed = counter.truth(site.truth(end)) - counter.truth(site.truth(start))
        # What flowed at both ends waits for an upload: at most two periods at full power.
        assert counted == pytest.approx(flowed, abs=2 * 10_000 * 2 * STEP / 3.6e6)
        assert counted > 0
    assert len(solax.token_calls) == 1


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("name", ["winter", "long", "short"])
async def test_e14_every_day_of_the_year_ends_as_it_was(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, name: str
) -> None:
    """Short days of the year and days of 23 and 25 hours."""
    start, hours = DAYS[name]
    solax.plant.site.set_soc(0.8)
    await home.pass_time(2 * STEP)
    await home.start(entry)
    await home.pass_time(start - _now(home), step=STEP)
    for _ in range(hours * 4):
        await home.pass_time(3 * STEP, step=3 * STEP)
        check_counters(home, solax)
        check_powers(home, solax)


def _now(home: Home) -> datetime:
    return datetime.fromtimestamp(home.freezer.time_to_freeze.timestamp(), UTC)


async def hourly(
    hass: HomeAssistant, start: datetime, end: datetime, ids: set[str]
) -> dict[str, list[Any]]:
    """Return what the Energy Dashboard reads."""
    return await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        start,
        end,
        ids,
        "hour",
        None,
        {"change", "state", "sum"},
    )
