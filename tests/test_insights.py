"""What is reckoned of a plant, as a user sees it: a number with what it rests on, or unknown with the reason; the same for every vendor, and after a restart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.model import Slot
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.pipeline.insights import SECTION, PlantInsights
from custom_components.solar_cloud.pipeline.lagging import Laggard, PartsDay, PartsToday
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import State
from homeassistant.helpers import entity_registry as er

from .emulators.solax import SolaxCloud
from .emulators.sungrow import SungrowCloud
from .helpers.accounts import AnyCloud, account_entry, demo_entry
from .helpers.home import Home, everything_enabled
from .pipeline.roof import Store
from .test_devices import registered

NOON = datetime(2026, 6, 14, 10, 1, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 14, 22, tzinfo=UTC)
TODAY = NOON.toordinal()
VENDORS = pytest.mark.parametrize(
    "sign_in", ["solax", "sungrow_account", "fusionsolar_account"], indirect=True
)


@pytest.fixture
def begin(request: pytest.FixtureRequest) -> datetime:
    """Begin in the evening, so that the whole of the next day is seen, unless a test says otherwise."""
    at: datetime = getattr(request, "param", MIDNIGHT - timedelta(minutes=40))
    return at


class Plant:
    """A plant as a user sees it."""

    def __init__(self, home: Home, entry: MockConfigEntry) -> None:
        """Belong to an account that is set up."""
        self._home = home
        self.entry = entry
        self.id = next(
            key
            for key, each in registered(home.hass, entry).items()
            if each.model == "Plant"
        )

    def state(self, key: str, platform: str = "sensor") -> State:
        """Return a state of the plant."""
        vendor = self.entry.data["vendor"]
        return self._home.state(f"{vendor}_{self.id}_{key}", platform)

    def why(self, key: str, platform: str = "sensor") -> Any:
        """Return why something is unknown."""
        state = self.state(key, platform)
        assert state.state == STATE_UNKNOWN, key
        return state.attributes["reason"]


async def started(home: Home, cloud: AnyCloud, sign_in: str) -> Plant:
    """Set the demo home up with all that is off at first, and let it be read."""
    for site in cloud.world.sites.values():
        site.set_soc(0.8)
    entry = await demo_entry(home, cloud, sign_in)
    with everything_enabled():
        await home.start(entry)
        await home.pass_time(1200, step=300)
    return Plant(home, entry)


@pytest.mark.parametrize("sign_in", ["solax"], indirect=True)
async def test_a_day_tells_the_yield_and_until_then_why_it_is_not_known(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """Of the first day only the evening was seen; of the second all, over a restart by night and in spite of rare looks."""
    plant = await started(home, cloud, sign_in)
    assert plant.why("battery_usable_capacity") == "learning"
    assert plant.why("battery_round_trip_efficiency") == "learning"
    assert plant.why("specific_yield") == "not_seen_whole"
    power = float(plant.state("battery_power").state)
    assert power > 100
    assert plant.why("time_to_full") == "idle"
    left = plant.state("time_to_empty")
    assert 0 < float(left.state) < 48 * 60
    assert float(left.state) % 5 == 0
    assert left.attributes["target_soc"] == 0
    assert left.attributes["unit_of_measurement"] == "min"

    await home.pass_time(3600, step=900)
    assert plant.why("specific_yield") == "not_seen_whole"
    await home.restart(plant.entry)
    await home.pass_time(4.5 * 3600, step=3600)
    await home.pass_time(18.5 * 3600, step=1500)
    assert plant.why("underperforming", "binary_sensor") == "learning"
    made = float(plant.state("pv_energy_today").state)
    assert made > 20
    await home.pass_time(2400, step=600)
    shown = plant.state("specific_yield")
    peak = float(plant.state("installed_power").state)
    assert float(shown.state) == pytest.approx(made / peak, abs=0.02)
    assert shown.attributes["date"] == "2026-06-15"
    assert shown.attributes["unit_of_measurement"] == "kWh/kWp"
    await home.restart(plant.entry)
    assert plant.state("specific_yield").state == shown.state


def a_month(plant: Plant) -> PlantInsights:
    """Return what a month of good days tells, of the parts that the plant has, the first of which has given half of late."""
    known = PlantInsights()
    midnight = MIDNIGHT.timestamp() - 86400
    for sample in Store(at=midnight - 32 * 86400).live(32, every=600):
        day = (sample.at - midnight) // 86400
        known.battery.observe(sample, TODAY + int(day))
    # Its counters go on as those of the plant.
    last = known.battery.days[-1]
    more = [
        float(plant.state(f"battery_{way}_energy_total").state) - counted
        for way, counted in (("charge", last.charged), ("discharge", last.discharged))
    ]
    for each in known.battery.days:
        each.charged += more[0]
        each.discharged += more[1]
    account = plant.entry.runtime_data
    parts = account.pipeline.insights.parts_of_plant(plant.id, account.inventory.data)
    assert len(parts) > 1
    full = [1000.0] * len(parts)
    less = [500.0, *full[1:]]
    known.siblings.parts = [*parts]
    known.siblings.usual = [PartsDay(TODAY - day, full) for day in range(24, 8, -1)]
    known.siblings.recent = [PartsDay(TODAY - day, less) for day in range(5, 1, -1)]
    known.siblings.laggards = [
        Laggard(0, TODAY - 5, [*range(1, len(parts))], 1.0 / (len(parts) - 1), 0.4)
    ]
    known.siblings.stands_since = TODAY - 2
    best = [5000.0] * len(parts)
    known.parts = PartsToday(
        date=TODAY, given=[0.0] * len(parts), bests=best, bests_before=best
    )
    return known


@VENDORS
@pytest.mark.parametrize("begin", [NOON], indirect=True)
async def test_a_month_tells_what_the_battery_is_good_for_and_which_part_lags(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """What an earlier run knew is shown at once, with what it rests on; a day later and after another restart it still is."""
    plant = await started(home, cloud, sign_in)
    for key in ("battery_usable_capacity", "battery_round_trip_efficiency"):
        assert plant.why(key) == "learning"
    assert plant.why("specific_yield") == "not_seen_whole"
    assert plant.why("underperforming", "binary_sensor") == "learning"
    known = a_month(plant)
    await home.hass.config_entries.async_unload(plant.entry.entry_id)
    store = await async_get_store(home.hass, plant.entry.entry_id, None)
    await store.save(SECTION, {plant.id: to_json(known)})
    await home.restart(plant.entry)

    def check() -> None:
        capacity = plant.state("battery_usable_capacity")
        assert float(capacity.state) == pytest.approx(9.5, rel=0.03)
        assert capacity.attributes["discharges"] >= 20
        efficiency = plant.state("battery_round_trip_efficiency")
        assert float(efficiency.state) == pytest.approx(90.25, abs=1)
        assert efficiency.attributes["cycles"] > 10
        assert 20 <= efficiency.attributes["days"] <= 30
        lags = plant.state("underperforming", "binary_sensor")
        assert lags.state == STATE_ON
        (part,) = lags.attributes["parts"]
        _, slot = known.siblings.parts[0]
        assert part["part"] == (slot.key if slot.index else None)
        assert part["lacks"] == 50
        assert part["since"] == "2026-06-09"
        assert "Inverter" in part["device"]

    check()
    await home.pass_time(1800, step=600)
    await home.restart(plant.entry)
    check()


@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_two_inverters_are_siblings(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Whatever their panels are told by, each has its place, and the owner learns which of them it is."""
    await home.start(entry)
    await home.pass_time(900, step=300)
    plant = Plant(home, entry)
    account = entry.runtime_data
    parts = account.pipeline.insights.parts_of_plant(plant.id, account.inventory.data)
    assert len({device_id for device_id, _ in parts}) == 2
    assert all(isinstance(slot, Slot) for _, slot in parts)
    state = plant.state("underperforming", "binary_sensor")
    assert state.state == STATE_UNKNOWN
    assert state.state != STATE_OFF
    assert state.attributes["days_learnt"] == 0


@pytest.mark.parametrize("begin", [NOON], indirect=True)
async def test_what_makes_the_power_of_a_tracker_is_asked_for_while_somebody_compares(
    sungrow: SungrowCloud, home: Home
) -> None:
    """Its voltage and current are off at first, and nobody else would ask for them; it takes no call more."""
    entry = account_entry(sungrow, "sungrow_account")
    await home.start(entry)
    await home.pass_time(960)
    plant = Plant(home, entry)

    async def asked() -> list[set[str]]:
        sungrow.calls.clear()
        await home.pass_time(960)
        calls = sungrow.calls.of("getDeviceRealTimeData", device_type=14)
        return [{*call.params["point_id_list"]} for call in calls]

    compared = await asked()
    assert compared
    assert all({"13001", "13002", "13105", "13106"} <= points for points in compared)
    assert plant.why("underperforming", "binary_sensor") == "learning"

    compares = home.entity_id(
        f"sungrow_{plant.id}_underperforming", platform="binary_sensor"
    )
    er.async_get(home.hass).async_update_entity(
        compares, disabled_by=er.RegistryEntryDisabler.USER
    )
    alone = await asked()
    assert len(alone) == len(compared)
    assert not any({"13001", "13002"} & points for points in alone)
