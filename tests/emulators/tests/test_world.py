"""The world keeps its books: energy is neither lost nor invented, whatever is asked when."""

from dataclasses import astuple
from datetime import UTC, datetime, timedelta
import itertools

import pytest

from tests.emulators.world import (
    Array,
    Battery,
    Charger,
    Clock,
    Dongle,
    Energies,
    Inverter,
    Site,
    SiteSpec,
    World,
)
from tests.emulators.world.site import forget_the_past

NOON = datetime(2026, 6, 10, 11, 0, tzinfo=UTC)
HOME = SiteSpec(
    id="home",
    inverters=(
        Inverter(
            id="inverter",
            arrays=(Array(peak_w=5200), Array(peak_w=4400, azimuth=250)),
            battery=Battery(id="battery"),
        ),
    ),
    chargers=(Charger(id="charger"),),
)
TWINS = SiteSpec(
    id="twins",
    inverters=tuple(
        Inverter(
            id=name,
            arrays=(Array(peak_w=6000),),
            rated_w=5000,
            battery=Battery(id=f"battery-{name}", capacity_kwh=5),
        )
        for name in ("master", "slave")
    ),
)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that is moved by hand."""
    return Clock(NOON)


@pytest.fixture
def home(clock: Clock) -> Site:
    """Return a home with everything."""
    return World(clock).add(HOME)


def assert_close(left: Energies, right: Energies, tolerance: float = 1e-6) -> None:
    """Compare energies to well below a millionth of a kWh."""
    assert astuple(left) == pytest.approx(astuple(right), abs=tolerance)


@pytest.mark.parametrize("spec", [HOME, TWINS], ids=["home", "twins"])
@pytest.mark.parametrize("days", [-380, -100, -31, -1, 0, 1, 40])
@pytest.mark.slow
def test_energy_balances_at_any_instant(
    clock: Clock, spec: SiteSpec, days: int
) -> None:
    """What came equals what went, to rounding, for past, present and future."""
    site = World(clock).add(spec)
    truth = site.truth(NOON + timedelta(days=days, seconds=1234.5))
    assert truth.balance == pytest.approx(0, abs=1e-6)
    assert min(astuple(truth)) >= 0


def test_batteries_lose_exactly_what_their_efficiency_says(
    clock: Clock, home: Site
) -> None:
    """The level follows from charge and discharge with five per cent lost each way."""
    before = home.sample().battery("battery")
    after = home.sample(NOON + timedelta(days=3)).battery("battery")
    charged = after.charge_kwh - before.charge_kwh
    discharged = after.discharge_kwh - before.discharge_kwh
    assert discharged > 5
    assert after.stored_kwh - before.stored_kwh == pytest.approx(
        charged * 0.95 - discharged / 0.95, abs=1e-6
    )


def test_counters_only_grow_and_go_on_where_the_past_ends(home: Site) -> None:
    """No step at the seams between past and present."""
    epoch = home.epoch
    instants = [epoch + hours * 3600.0 for hours in range(-31 * 24, 49)]
    rows = [astuple(home.truth(at)) for at in instants]
    for earlier, later in itertools.pairwise(rows):
        assert all(b >= a for a, b in zip(earlier, later, strict=True))
        assert max(b - a for a, b in zip(earlier, later, strict=True)) < 13
    assert_close(home.truth(epoch - 1e-3), home.truth(epoch + 1e-3), 1e-5)


@pytest.mark.slow
def test_two_worlds_of_one_seed_are_the_same_and_of_two_seeds_are_not(
    clock: Clock,
) -> None:
    """The seed decides the weather and nothing else does."""
    one, same, other = (World(clock, seed).add(HOME) for seed in (1, 1, 2))
    tomorrow = NOON + timedelta(days=1)
    assert one.truth(tomorrow) == same.truth(tomorrow)
    assert one.truth(tomorrow).pv != other.truth(tomorrow).pv
    # The order of the questions does not matter either.
    same.truth(NOON - timedelta(days=200))
    before = same.truth(NOON - timedelta(days=1))
    forget_the_past()
    assert one.truth(NOON - timedelta(days=1)) == before


@pytest.mark.slow
def test_sun_follows_season_and_hour(home: Site) -> None:
    """Dark at night, and a June day brings several December days."""

    def yield_of(day: datetime) -> float:
        return home.truth(day + timedelta(days=1)).since(home.truth(day)).pv

    assert home.powers(datetime(2026, 6, 10, 23, 30, tzinfo=UTC)).pv == 0
    june = sum(yield_of(datetime(2026, 6, day, tzinfo=UTC)) for day in range(1, 11))
    december = sum(
        yield_of(datetime(2025, 12, day, tzinfo=UTC)) for day in range(11, 21)
    )
    assert june > 3 * december > 0


def test_changes_act_from_now_on(clock: Clock, home: Site) -> None:
    """What was before stays; what was already looked at beyond is forgotten."""
    clock.advance(90.5)
    home.truth(NOON + timedelta(days=2))
    before = home.truth()
    home.override_load(5000)
    assert_close(home.truth(), before, 1e-9)
    clock.advance(7200)
    grown = home.truth().since(before)
    assert grown.load == pytest.approx(10.0, abs=1e-6)
    assert home.powers().load == pytest.approx(5000)
    assert home.truth().balance == pytest.approx(0, abs=1e-6)


def test_state_of_charge_can_be_set_without_touching_counters(
    clock: Clock, home: Site
) -> None:
    """Magic fills the battery, the books stay balanced."""
    before = home.truth()
    home.set_soc(0.2)
    assert home.sample().battery("battery").soc == pytest.approx(0.2, abs=0.01)
    assert_close(home.truth(), before, 1e-9)
    clock.advance(3600)
    assert home.truth().balance == pytest.approx(0, abs=1e-6)


def test_charger_runs_a_session(clock: Clock, home: Site) -> None:
    """Available, charging, full, away; the session's energy survives until the next."""
    assert home.sample().charger("charger").status == "available"
    home.plug("charger", needs_kwh=8)
    clock.advance(600)
    charging = home.sample().charger("charger")
    assert charging.status == "charging"
    assert charging.watts == pytest.approx(11000)
    clock.advance(3 * 3600)
    full = home.sample().charger("charger")
    assert full.status == "full"
    assert full.session_kwh == pytest.approx(8, abs=0.05)
    home.unplug("charger")
    clock.advance(600)
    gone = home.sample().charger("charger")
    assert gone.status == "available"
    assert gone.session_kwh == full.session_kwh


def test_green_mode_waits_for_surplus(clock: Clock, home: Site) -> None:
    """At night nothing flows into a car that is to be charged by the sun."""
    home.charger("charger", mode="green", gear_a=6)
    home.plug("charger", needs_kwh=30)
    clock.advance(600)
    assert home.sample().charger("charger").status == "charging"
    clock.set(NOON + timedelta(hours=11))
    assert home.sample().charger("charger").status == "waiting"


def test_devices_come_and_go(clock: Clock, home: Site) -> None:
    """Counters of the others run on, a removed device's energy stays in the books."""
    home.add_charger(Charger(id="second", commuter=False))
    home.plug("second")
    clock.advance(3600)
    assert home.sample().charger("second").total_kwh > 8
    before = home.truth()
    home.remove("inverter")
    clock.advance(3600)
    grown = home.truth(clock.now()).grid_import - before.grid_import
    assert grown > 0
    assert [one.id for one in home.spec.inverters] == []


def test_uploads_come_in_steps_and_stop_when_offline(clock: Clock, home: Site) -> None:
    """A cloud sees the newest upload that was processed, and no newer one when offline."""
    dongle = home.attach(Dongle("dongle", phase=30, delay=45), "inverter")
    clock.set(datetime(2026, 6, 10, 11, 5, 70 - 30, tzinfo=UTC))
    assert home.last_upload("inverter") == clock.timestamp() - 40 - 300 + 30
    clock.advance(60)
    assert home.last_upload("inverter") == clock.timestamp() - 70
    truth = home.truth_at_last_upload("inverter")
    assert truth == home.truth(clock.timestamp() - 70)
    dongle.online.set(clock.timestamp(), False)
    clock.advance(7200)
    assert home.truth_at_last_upload("inverter") == truth
    dongle.online.set(clock.timestamp(), True)
    clock.advance(400)
    assert clock.timestamp() - (home.last_upload("inverter") or 0) < 400


def test_missed_and_late_uploads(clock: Clock, home: Site) -> None:
    """Some uploads get lost, others come late, and both are repeatable."""
    dongle = home.attach(Dongle("flaky", jitter=40, missed=0.2), "inverter")
    now = clock.timestamp()
    sent = list(dongle.uploads(now - 86400, now))
    assert 200 < len(sent) < 260
    assert sent == sorted(sent)
    assert all(dongle.last_upload(at + dongle.delay) == at for at in sent)


def test_clock_runs_stands_and_jumps() -> None:
    """Real, accelerated and manual time."""
    ticks = 1000.0
    clock = Clock(NOON, speed=60, source=lambda: ticks)
    ticks += 2
    assert clock.now() == NOON + timedelta(minutes=2)
    clock.freeze()
    ticks += 50
    assert clock.now() == NOON + timedelta(minutes=2)
    clock.advance(timedelta(hours=1))
    clock.set(clock.now() - timedelta(hours=2))
    assert clock.now() == NOON - timedelta(minutes=58)


def test_limits_and_commands_are_obeyed(clock: Clock, home: Site) -> None:
    """Export is curtailed, a forced battery discharges, darkness yields nothing."""
    home.set_soc(1.0)
    home.change(export_limit_w=1000.0)
    assert home.powers().grid == pytest.approx(-1000, abs=1)
    home.change(export_limit_w=None, battery_w=2500.0)
    assert home.powers().battery == pytest.approx(2500)
    home.change(battery_w=None, clearness=0.0, load_w=400.0)
    powers = home.powers()
    assert (powers.pv, powers.battery > 400) == (0, True)
    clock.advance(86400)
    assert home.sample().battery("battery").soc == pytest.approx(0.10)
    assert home.powers().grid == pytest.approx(400, abs=1)
    assert home.truth().balance == pytest.approx(0, abs=1e-6)
