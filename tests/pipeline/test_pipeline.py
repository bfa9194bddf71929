"""From a poll to what is published: silence, staleness, sleep, days and roles together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
import json

import pytest

from custom_components.solar_cloud.cloud.demand import Demand
from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
    Quantity as Q,
    Reading,
    Slot,
    Snapshot,
    Value,
)
from custom_components.solar_cloud.cloud.sources import PlantSources, Source, SourceTerm
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.pipeline.counter_filters import bound
from custom_components.solar_cloud.pipeline.freshness import GRACE
from custom_components.solar_cloud.pipeline.known_slots import KnownSlots
from custom_components.solar_cloud.pipeline.pipeline import ReadingPipeline

from .place import Place

NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
POLL = timedelta(minutes=5)
STALE = 1200.0
PLANT = Plant(id="plant", name="Roof", time_zone="Europe/Berlin", pv_capacity=9_000)
INVERTER = Device(
    id="inverter",
    plant_id="plant",
    kind=DeviceKind.INVERTER,
    serial="SN1",
    rated_power=8_000,
)
BATTERY = Device(id="battery", plant_id="plant", kind=DeviceKind.BATTERY)
METER = Device(id="meter", plant_id="plant", kind=DeviceKind.METER)


def roles(plant_id: str, inventory: Inventory) -> PlantSources:
    """Feed the plant from its devices."""
    feeds: Mapping[Q, str] = {
        Q.PV_POWER: "inverter",
        Q.PV_ENERGY_TOTAL: "inverter",
        Q.GRID_POWER: "meter",
        Q.GRID_IMPORT_ENERGY_TOTAL: "meter",
    }
    return {
        quantity: (Source((SourceTerm(owner, Slot(quantity)),)),)
        for quantity, owner in feeds.items()
        if owner in inventory.devices
    }


def _same(content: Json) -> Json:
    return content


@dataclass
class Home:
    """An account in time."""

    devices: tuple[Device, ...] = (INVERTER, BATTERY, METER)
    place: Place = field(default_factory=Place)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    now: datetime = NOON
    roles: Callable[[str, Inventory], PlantSources] = roles
    last: Snapshot = field(default_factory=lambda: Snapshot({}))

    def __post_init__(self) -> None:
        """Start."""
        self.restart()

    def restart(self) -> None:
        """Build the painter from nothing but the vault."""
        storage = MemoryStorage()
        for section, content in self.storage.sections().items():
            kept: Json = json.loads(json.dumps(content))
            storage.delay_save(section, partial(_same, kept))
        self.storage = storage
        self.pipeline = ReadingPipeline(self.storage, STALE, self.roles, self.place)

    @property
    def inventory(self) -> Inventory:
        """What the account lists."""
        return Inventory({"plant": PLANT}, {each.id: each for each in self.devices})

    def poll(
        self,
        wait: timedelta = POLL,
        *,
        away: frozenset[str] = frozenset(),
        ages: Mapping[str, float | None] | None = None,
        **said: Mapping[Q, Value],
    ) -> Snapshot:
        """Paint a poll in which these owners said something; readings are a minute old unless ``ages`` says otherwise."""
        self.now += wait
        readings = {}
        for owner, values in said.items():
            age = (ages or {}).get(owner, 60.0)
            at = None if age is None else self.now - timedelta(seconds=age)
            readings[owner] = Reading(
                at, {Slot(quantity): value for quantity, value in values.items()}
            )
        self.last = self.pipeline.process(
            Snapshot(readings, stale=away), self.inventory, self.now
        )
        return self.last

    def value(self, owner: str, quantity: Q) -> Value | None:
        """Return what is published."""
        return self.last.readings[owner].values.get(Slot(quantity))


RUNNING: Mapping[Q, Value] = {
    Q.PV_POWER: 4_000.0,
    Q.AC_POWER: 3_900.0,
    Q.TEMPERATURE: 40.0,
    Q.PV_ENERGY_TOTAL: 12_000.0,
    Q.PV_ENERGY_TODAY: 9.0,
}
METERED: Mapping[Q, Value] = {
    Q.GRID_POWER: -500.0,
    Q.GRID_IMPORT_ENERGY_TOTAL: 700.0,
}


def test_what_was_said_is_published_and_fills_the_roles() -> None:
    """With the one-way powers; where only a lifetime counter is known, nobody knows what was counted today before."""
    home = Home()
    home.poll(inverter=RUNNING, meter=METERED)
    assert home.value("plant", Q.PV_POWER) == 4_000
    assert home.value("plant", Q.GRID_EXPORT_POWER) == 500
    assert home.value("plant", Q.PV_ENERGY_TODAY) == 9
    assert home.value("plant", Q.GRID_IMPORT_ENERGY_TODAY) is None
    home.poll(meter=dict(METERED) | {Q.GRID_IMPORT_ENERGY_TOTAL: 700.5})
    assert home.value("plant", Q.GRID_IMPORT_ENERGY_TODAY) is None
    assert home.pipeline.day_start("inverter") == datetime(2026, 6, 14, 22, tzinfo=UTC)
    assert home.pipeline.day_start("plant") == home.pipeline.day_start("inverter")


def test_the_parts_of_a_poll_work_on_what_they_bring() -> None:
    """Limits cut the polls of large accounts into minutes: a plant is worked on when it is heard, once in five minutes also unheard."""
    home = Home()
    said = Snapshot({"inverter": Reading(NOON, {Slot(Q.PV_POWER): 4_000.0})})
    worked_on = []
    for minute in range(6):
        home.pipeline.process(said, home.inventory, NOON + timedelta(minutes=minute))
        worked_on.append("plant" in home.pipeline.heard)
    assert worked_on == [True, False, False, False, False, True]


def test_e58_one_lost_answer_is_no_news() -> None:
    """Within the grace a silent device is as it was; then its powers go and its energies stay."""
    home = Home()
    home.poll(inverter=RUNNING, meter=METERED)
    for _ in range(3):
        home.poll(meter=METERED)
        assert home.value("plant", Q.PV_POWER) == 4_000
        assert "inverter" not in home.last.stale
    home.poll(meter=METERED)
    assert (home.now - NOON - POLL).total_seconds() > GRACE
    assert home.last.stale == {"inverter", "battery", "plant"}
    assert home.value("inverter", Q.PV_POWER) is None
    assert home.value("plant", Q.PV_POWER) is None
    assert home.value("plant", Q.GRID_POWER) == -500
    assert home.value("plant", Q.PV_ENERGY_TOTAL) == 12_000
    assert home.value("inverter", Q.PV_ENERGY_TODAY) == 9
    home.poll(inverter=RUNNING, meter=METERED)
    assert home.value("plant", Q.PV_POWER) == 4_000
    assert home.last.stale == {"battery"}


def test_e59_values_of_an_hour_ago_are_not_live() -> None:
    """The cloud still answers, with what the dongle said last."""
    home = Home()
    home.poll(inverter=RUNNING, meter=METERED)
    home.poll(inverter=RUNNING, meter=METERED, ages={"inverter": STALE + 1})
    assert home.value("inverter", Q.TEMPERATURE) is None
    assert home.value("inverter", Q.PV_ENERGY_TOTAL) == 12_000
    assert home.value("plant", Q.PV_POWER) is None
    assert "plant" in home.last.stale


@pytest.mark.parametrize(("sunlit", "believed"), [(0.0, True), (4.0, False)])
def test_after_an_outage_no_step_is_soon_believed_beside_one_that_cannot_be(
    sunlit: float, believed: bool
) -> None:
    """The cloud comes back with energy of the sun at night: then its grid counter, possible by itself, waits too."""
    home = Home((INVERTER, METER), Place(up=False))
    drawn = 700.0

    def poll(leap: float = 0.0, *, outage: bool = False) -> None:
        nonlocal drawn
        drawn += 1 / 12
        if outage:
            home.poll()
            return
        home.poll(
            inverter={Q.PV_POWER: 0.0, Q.PV_ENERGY_TOTAL: 12_000.0 + leap},
            meter={
                Q.GRID_IMPORT_POWER: 1_000.0,
                Q.GRID_IMPORT_ENERGY_TOTAL: round(drawn + bool(leap) * 1.0, 2),
            },
        )

    for _ in range(12):
        poll()
    for _ in range(12):
        poll(outage=True)
    for _ in range(7):
        poll(sunlit)
    told = home.value("meter", Q.GRID_IMPORT_ENERGY_TOTAL)
    assert isinstance(told, float)
    assert (told == pytest.approx(drawn, abs=0.02)) == believed
    assert told <= drawn + 0.02
    for _ in range(7):
        poll()
    told = home.value("meter", Q.GRID_IMPORT_ENERGY_TOTAL)
    assert told == pytest.approx(drawn, abs=0.02)


@pytest.mark.parametrize(
    ("devices", "ac_power"), [((INVERTER,), 0.0), ((INVERTER, BATTERY), 0.0)]
)
def test_a_sleeping_inverter_produces_nothing(
    devices: tuple[Device, ...], ac_power: float
) -> None:
    """When the sun is down its power is zero, not unavailable; by day it is."""
    home = Home(devices)
    home.poll(inverter=RUNNING)
    home.place.up = False
    home.poll(inverter=RUNNING, ages={"inverter": 3 * 3600.0})
    assert home.value("inverter", Q.PV_POWER) == 0
    assert home.value("inverter", Q.AC_POWER) == ac_power
    assert home.value("inverter", Q.TEMPERATURE) is None
    assert home.value("plant", Q.PV_POWER) == 0
    assert "inverter" in home.last.stale
    home.restart()
    home.poll()
    assert home.value("plant", Q.PV_POWER) == 0
    assert home.value("inverter", Q.PV_POWER) == 0
    home.place.up = True
    home.poll(inverter=RUNNING, ages={"inverter": 9 * 3600.0})
    assert home.value("inverter", Q.PV_POWER) is None


def test_a_sleeping_hybrid_says_nothing_of_its_output() -> None:
    """Its battery may feed the house."""
    home = Home((INVERTER,))
    hybrid = dict(RUNNING) | {Q.BATTERY_POWER: 100.0}
    home.poll(inverter=hybrid)
    home.place.up = False
    home.poll(inverter=hybrid, ages={"inverter": 3 * 3600.0})
    assert home.value("inverter", Q.PV_POWER) == 0
    assert home.value("inverter", Q.AC_POWER) is None


def test_a_car_charged_in_the_evening_counts_no_rejected_values() -> None:
    """An inverter that sleeps goes on counting the grid by the meter, and says no power of it."""
    home, energy = Home(), 100.0
    for watts in (*[300.0] * 300, *[12_000.0] * 12):
        energy += watts / 12_000
        inverter: dict[Q, Value] = {Q.GRID_IMPORT_ENERGY_TOTAL: round(energy, 1)}
        if watts == 300.0:
            inverter[Q.GRID_IMPORT_POWER] = watts
        painted = home.poll(
            inverter=inverter,
            meter={Q.GRID_POWER: watts, Q.GRID_IMPORT_ENERGY_TOTAL: round(energy, 2)},
        )
    shown = painted.readings
    assert shown["plant"].values[Slot(Q.REJECTED_VALUES)] == 0
    total = shown["inverter"].values[Slot(Q.GRID_IMPORT_ENERGY_TOTAL)]
    assert total == pytest.approx(energy, abs=0.1)


def test_whom_the_vendor_calls_away_is_stale() -> None:
    """Rows without a time can only be told old by the client; their counters wait, and catch up soon."""
    home = Home()
    for _ in range(30):
        home.poll(inverter=RUNNING, ages={"inverter": None})
    for _ in range(30):
        home.poll(
            inverter=RUNNING, ages={"inverter": None}, away=frozenset({"inverter"})
        )
    assert "inverter" in home.last.stale
    assert home.value("inverter", Q.PV_ENERGY_TOTAL) == 12_000
    back = dict(RUNNING) | {Q.PV_ENERGY_TOTAL: 12_012.0}
    for _ in range(6):
        home.poll(inverter=back, ages={"inverter": None})
    assert home.value("plant", Q.PV_ENERGY_TOTAL) == 12_012


def test_an_away_device_met_first_is_believed() -> None:
    """There is nothing better."""
    home = Home()
    home.poll(inverter=RUNNING, ages={"inverter": None}, away=frozenset({"inverter"}))
    assert home.value("inverter", Q.PV_ENERGY_TOTAL) == 12_000


def test_e56_a_row_from_the_future_makes_no_energy() -> None:
    """An hour ahead is not an hour of production."""
    home = Home()
    home.poll(inverter=RUNNING)
    ahead = dict(RUNNING) | {Q.PV_ENERGY_TOTAL: 12_030.0}
    home.poll(inverter=ahead, ages={"inverter": -36_000.0})
    published = home.value("inverter", Q.PV_ENERGY_TOTAL)
    assert published == pytest.approx(12_000, abs=0.5)
    assert home.value("plant", Q.REJECTED_VALUES) == 1
    assert home.pipeline.rejected() == {("inverter", Slot(Q.PV_ENERGY_TOTAL)): 1}


def test_e08_e64_a_restart_at_night_loses_nothing() -> None:
    """Zeros and silence after it: counters and entities are there."""
    home = Home()
    home.poll(inverter=RUNNING, meter=METERED)
    home.restart()
    home.poll(inverter={Q.PV_ENERGY_TOTAL: 0.0})
    assert home.value("inverter", Q.PV_ENERGY_TOTAL) == 12_000
    assert home.value("plant", Q.PV_ENERGY_TOTAL) == 12_000
    assert home.value("plant", Q.GRID_IMPORT_ENERGY_TOTAL) == 700
    assert home.value("inverter", Q.PV_ENERGY_TODAY) == 9
    assert Slot(Q.PV_POWER) in home.pipeline.seen.slots("inverter")
    assert home.pipeline.sources("plant")[Q.PV_ENERGY_TOTAL] == (
        ("inverter", "pv_energy_total"),
    )
    assert home.pipeline.sources("elsewhere") == {}


def test_e12_a_counter_left_out_of_one_answer_keeps_its_value() -> None:
    """Absent is not zero."""
    home = Home()
    home.poll(inverter=RUNNING)
    home.poll(inverter={Q.PV_POWER: 1.0})
    assert home.value("inverter", Q.PV_ENERGY_TOTAL) == 12_000
    assert home.value("inverter", Q.PV_ENERGY_TODAY) == 9


def test_midnight_in_the_plant_and_nothing_of_yesterday_after_it() -> None:
    """The counter of today begins anew for silent devices too."""
    home = Home()
    home.poll(inverter=RUNNING)
    home.poll(timedelta(hours=13))
    assert home.value("inverter", Q.PV_ENERGY_TODAY) == 0
    assert home.value("plant", Q.PV_ENERGY_TODAY) == 0
    assert home.pipeline.day_start("plant") == datetime(2026, 6, 15, 22, tzinfo=UTC)
    home.poll(inverter=RUNNING)
    assert home.value("inverter", Q.PV_ENERGY_TODAY) == 0
    assert home.pipeline.day_start("nobody") is None


def test_a_plant_that_counts_its_day_is_believed() -> None:
    """Its own counter, not a share of the lifetime."""
    home = Home()
    home.poll(inverter=RUNNING, plant={Q.PV_ENERGY_TODAY: 8.7, Q.INCOME_TODAY: 1.5})
    assert home.value("plant", Q.PV_ENERGY_TODAY) == 8.7
    assert home.value("plant", Q.INCOME_TODAY) == 1.5


def test_a_new_serial_starts_the_counters_anew() -> None:
    """The inverter was replaced behind the same id."""
    home = Home()
    home.poll(inverter=RUNNING)
    home.devices = (replace(INVERTER, serial="SN2"), BATTERY, METER)
    home.poll(inverter=dict(RUNNING) | {Q.PV_ENERGY_TOTAL: 0.3})
    assert home.value("inverter", Q.PV_ENERGY_TOTAL) == 0.3
    assert home.value("plant", Q.PV_ENERGY_TOTAL) == 12_000.3
    home.devices = (replace(INVERTER, serial=None), BATTERY, METER)
    home.poll(inverter=dict(RUNNING) | {Q.PV_ENERGY_TOTAL: 0.5})
    assert home.value("plant", Q.PV_ENERGY_TOTAL) == 12_000.5


def test_the_age_of_the_data_is_told() -> None:
    """By the devices' clocks, or by when they were seen to change."""
    home = Home()
    home.poll(inverter=RUNNING, meter=METERED, ages={"inverter": 90.0, "meter": 200.0})
    assert home.value("plant", Q.DATA_AGE) == 90
    home.poll(inverter=RUNNING, meter=METERED, ages={"inverter": None, "meter": None})
    assert home.value("plant", Q.DATA_AGE) == 0
    home.poll(inverter=RUNNING, meter=METERED, ages={"inverter": None, "meter": None})
    assert home.value("plant", Q.DATA_AGE) == 300


def test_a_plant_takes_its_time_from_its_newest_device() -> None:
    """Some vendors tell none of the plant itself."""
    home = Home()
    home.poll(inverter=RUNNING, meter=METERED, ages={"meter": 10.0})
    stamp = home.last.readings["plant"].measured_at
    assert stamp == home.now - timedelta(seconds=10)


def test_strangers_are_left_out() -> None:
    """Readings of what the user did not choose."""
    home = Home()
    home.poll(stranger=RUNNING)
    assert "stranger" not in home.last.readings


@pytest.mark.parametrize(
    ("owner", "quantity", "watts"),
    [
        ("inverter", Q.PV_ENERGY_TOTAL, 8_000),
        ("inverter", Q.BATTERY_CHARGE_ENERGY_TODAY, 8_000),
        ("inverter", Q.GRID_IMPORT_ENERGY_TOTAL, None),
        ("inverter", Q.LOAD_ENERGY_TOTAL, None),
        ("battery", Q.BATTERY_CHARGE_ENERGY_TOTAL, 5_000),
        ("charger", Q.CHARGER_ENERGY_TOTAL, 11_000),
        ("meter", Q.GRID_IMPORT_ENERGY_TOTAL, None),
        ("plant", Q.PV_ENERGY_TOTAL, 9_000),
        ("plant", Q.AC_ENERGY_TOTAL, None),
        ("nobody", Q.PV_ENERGY_TOTAL, None),
    ],
)
def test_a_rating_bounds_what_it_rates(
    owner: str, quantity: Q, watts: float | None
) -> None:
    """A house may draw more than its inverter gives."""
    devices = (
        INVERTER,
        replace(BATTERY, rated_power=5_000),
        replace(METER, rated_power=1.0),
        Device(
            id="charger",
            plant_id="plant",
            kind=DeviceKind.CHARGER,
            rated_power=11_000,
        ),
    )
    assert bound(quantity, owner, Home(devices).inventory) == watts


def test_a_damaged_store_is_no_obstacle() -> None:
    """Everything starts anew, and nothing raises."""
    storage = MemoryStorage()
    storage.delay_save("guards", lambda: {"a": 1, "inverter": {"x": {}, "ac": None}})
    storage.delay_save("serials", lambda: 7)
    storage.delay_save("roles", list)
    storage.delay_save("days", lambda: {"days": [], "counters": {"a": 1}, "shares": 3})
    storage.delay_save("seen", lambda: {"inverter": ["pv_power", "x_y", 3], "b": 5})
    home = Home(storage=storage)
    home.poll(inverter=RUNNING)
    assert home.value("plant", Q.PV_ENERGY_TOTAL) == 12_000
    assert KnownSlots(storage).slots("b") == frozenset()
    days = MemoryStorage()
    days.delay_save("days", lambda: "x")
    Home(storage=days).poll(inverter=RUNNING)


def or_the_plant(plant_id: str, inventory: Inventory) -> PlantSources:
    """Feed the yield from the inverter, else from the plant itself."""
    owners = [
        each
        for each in ("inverter", plant_id)
        if each != "inverter" or each in inventory.devices
    ]
    slot = Slot(Q.PV_ENERGY_TOTAL)
    return {
        Q.PV_ENERGY_TOTAL: tuple(Source((SourceTerm(owner, slot),)) for owner in owners)
    }


def test_a_plants_own_figures_are_needed_where_no_device_fills_its_roles() -> None:
    """Not before anybody knows, not while the inverter counts; when it is gone; and when nobody looks, not at all."""
    pipeline = ReadingPipeline(MemoryStorage(), STALE, or_the_plant, Place())
    assert pipeline.needs_own(Demand()) is None
    slot = Slot(Q.PV_ENERGY_TOTAL)
    told = {
        "plant": Reading(NOON, {slot: 500.0}),
        "inverter": Reading(NOON, {slot: 400.0}),
    }
    listed = Inventory({"plant": PLANT}, {"inverter": INVERTER})
    pipeline.process(Snapshot(told), listed, NOON)
    assert pipeline.needs_own(Demand()) == {}
    alone = Inventory({"plant": PLANT}, {})
    seldom = Reading(None, {slot: 500.0}, heard_at=NOON, slow=frozenset({slot}))
    pipeline.process(Snapshot({"plant": seldom}), alone, NOON + POLL)
    needed = pipeline.needs_own(Demand())
    assert needed is not None
    assert Q.PV_ENERGY_TOTAL in needed["plant"]
    off = {("plant", str(each)) for each in needed["plant"]}
    assert pipeline.needs_own(Demand(frozenset(off))) == {}


def test_what_is_followed_elsewhere_makes_no_leaps_of_its_own() -> None:
    """A plant that is asked once an hour counts as it did; nothing of it is held, and no value rejected."""
    pipeline = ReadingPipeline(MemoryStorage(), STALE, or_the_plant, Place())
    slot, listed = (
        Slot(Q.PV_ENERGY_TOTAL),
        Inventory({"plant": PLANT}, {"inverter": INVERTER}),
    )
    for number in range(40):
        now = NOON + number * POLL
        asked = NOON + number // 12 * 12 * POLL
        total = 500.0 + 8.0 * (number // 12)
        own = Reading(None, {slot: total}, heard_at=asked, again=True)
        inverter = Reading(now, {slot: 400.0 + number * 0.6})
        published = pipeline.process(
            Snapshot({"plant": own, "inverter": inverter}), listed, now
        )
    assert not pipeline.held()
    assert published.readings["plant"].values[Slot(Q.REJECTED_VALUES)] == 0
