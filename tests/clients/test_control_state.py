"""What was accepted last outranks every reading made before it, for every vendor, over restarts and updates."""

import json
import time

import pytest

from custom_components.solar_cloud.cloud.control import Control
from custom_components.solar_cloud.cloud.control_state import (
    FORCED,
    ControlState,
    DeviceControlState,
)
from custom_components.solar_cloud.cloud.fusionsolar.controls.api import Kind
from custom_components.solar_cloud.cloud.fusionsolar.controls.state import (
    SETTLES,
    ControlStates,
)
from custom_components.solar_cloud.cloud.solax.controls.state import (
    OUTRANKS,
    assumed_settings,
)
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.cloud.sungrow.controls.parameters import (
    HEARTBEAT,
    ReadBack,
)
from custom_components.solar_cloud.cloud.sungrow.controls.state import ParameterCache
from tests.helpers.clock import StillClock

LIMIT = Control.BATTERY_MIN_SOC
MODE = Control.WORK_MODE
B = "B1"


@pytest.fixture
def now(clock: StillClock) -> StillClock:
    """A time that stands still."""
    clock.move_to("2026-06-15 12:00:00")
    return clock


@pytest.fixture
def storage() -> MemoryStorage:
    """What outlives a restart."""
    return MemoryStorage()


def started(storage: MemoryStorage) -> ControlState[DeviceControlState]:
    """Start with what the last run kept."""
    return ControlState(storage, DeviceControlState, "earlier", lambda stored: stored)


def test_an_upload_from_before_a_command_does_not_undo_it(
    now: StillClock, storage: MemoryStorage
) -> None:
    """However late it comes in, and over a restart."""
    state = started(storage)
    assert state.read(B, LIMIT, 10.0, time.time())
    now.advance(60)
    state.send(B, "1", {LIMIT: 20.0}, settles=180.0)
    state.accept(B, "1", {LIMIT: 20.0}, time.time() + 180.0)
    for each in (state, started(storage)):
        assert not each.read(B, LIMIT, 10.0, time.time() + 179.0)
        assert each.get(B, LIMIT) == 20
    assert state.read(B, LIMIT, 10.0, time.time() + 181.0)
    assert state.get(B, LIMIT) == 10


def test_a_clock_that_was_ahead_silences_no_device(
    now: StillClock, storage: MemoryStorage
) -> None:
    """What was read in a wrong hour gives way to what is read now."""
    state = started(storage)
    now.advance(7200)
    assert state.read(B, LIMIT, 10.0, time.time())
    now.advance(-7200)
    assert state.read(B, LIMIT, 20.0, time.time())
    assert state.of(B).value(LIMIT) == 20.0


def test_a_refused_command_leaves_the_one_before_it(
    now: StillClock, storage: MemoryStorage
) -> None:
    """Which may still be on its way."""
    state = started(storage)
    state.send(B, "1", {LIMIT: 20.0}, settles=180.0)
    now.advance(10)
    state.send(B, "2", {LIMIT: 30.0, MODE: "backup"}, settles=180.0)
    assert started(storage).get(B, LIMIT) == 30
    state.refuse(B, "2")
    assert (state.get(B, LIMIT), state.get(B, MODE)) == (20, None)


def test_the_outcome_of_the_first_command_does_not_replace_the_second(
    now: StillClock, storage: MemoryStorage
) -> None:
    """Whoever is asked about first."""
    state, first = started(storage), time.time()
    state.send(B, "1", {LIMIT: 20.0}, settles=180.0)
    now.advance(10)
    state.send(B, "2", {LIMIT: 30.0}, settles=180.0)
    state.accept(B, "2", {LIMIT: 30.0}, time.time() + 180.0)
    state.accept(B, "1", {LIMIT: 20.0}, first + 180.0)
    assert state.get(B, LIMIT) == 30


def test_an_answer_without_a_time_is_old_only_if_it_was_given_before(
    now: StillClock, storage: MemoryStorage
) -> None:
    """Two changes within the lag: neither of the earlier answers counts, any other does at once."""
    state = started(storage)
    assert state.read(B, "mode", {"mode": "a"}, time.time())
    for mode in ("b", "c"):
        state.expect(B, "mode", {"mode": mode}, time.time() + 240.0)
        now.advance(5)
    state = started(storage)
    assert not state.read(B, "mode", {"mode": "a", "more": 1}, time.time())
    assert not state.read(B, "mode", {"mode": "b"}, time.time())
    assert state.get(B, "mode") == {"mode": "c"}
    assert state.read(B, "mode", {"mode": "d"}, time.time())
    assert state.read(B, "mode", {"mode": "a"}, time.time())


def test_a_forced_mode_is_known_until_its_end(
    now: StillClock, storage: MemoryStorage
) -> None:
    """And not longer."""
    state, at = started(storage), time.time()
    state.keep(B, FORCED, [at, at + 600.0, True], at)
    now.advance(100)
    left = started(storage).forced(B)
    assert left is not None
    assert (left.ends_after, left.ends_by_itself) == (500, True)
    now.advance(500)
    assert state.forced(B) is None


@pytest.mark.parametrize("junk", [[], "x", {B: 3}, {B: {"known": 1, "sent": {}}}])
def test_a_damaged_state_is_no_state(storage: MemoryStorage, junk: Json) -> None:
    """What is kept on disk may be anything."""
    storage.delay_save("controls", lambda: junk)
    assert started(storage).get(B, LIMIT) is None


# What the versions kept that had a section for each vendor


def keep(storage: MemoryStorage, section: str, content: Json) -> None:
    """Keep what an earlier version wrote into its file."""
    written = json.dumps(content)
    storage.delay_save(section, lambda: json.loads(written))


def test_told_settings_of_an_earlier_version_are_taken_up(
    now: StillClock, storage: MemoryStorage
) -> None:
    """With their times, and a command under way."""
    at = time.time()
    sent: Json = [
        {"mark": "7", "since": at + 100, "told": {MODE: "backup"}, "doubted": False}
    ]
    earlier: Json = {
        "told": {B: {LIMIT: 20.0, FORCED: [at, at + 600.0, True]}},
        "since": {B: {LIMIT: at + OUTRANKS}},
        "sent": {B: sent},
    }
    keep(storage, "solax_told", earlier)
    state = assumed_settings(storage)
    assert not state.read(B, LIMIT, 10.0, at + 100)
    assert (state.get(B, LIMIT), state.get(B, MODE)) == (20, "backup")
    assert state.forced(B) is not None
    state.refuse(B, "7")
    assert assumed_settings(storage).get(B, MODE) is None
    assert assumed_settings(storage).get(B, LIMIT) == 20


def test_parameters_of_an_earlier_version_are_taken_up(
    now: StillClock, storage: MemoryStorage
) -> None:
    """What was read, what was told since, what a step is, and the forced mode's target."""
    earlier: Json = {
        B: {
            "barred": None,
            "settings": {"10001": 100.0, "10002": 10.0, "10012": True},
            "told": {"10002": 20.0, HEARTBEAT: 599.0},
            "most": {"10091": 5000.0},
            "quanta": {"10013": 10.0},
            "strange": ["10024"],
            "refused": ["10007"],
            "target": 80.0,
            "charges": False,
            "over": True,
            "beats": 3,
        }
    }
    keep(storage, "parameters", earlier)
    for _ in range(2):
        state = ParameterCache(storage)
        assert state.value(B, "10002") == 20
        assert state.number(B, HEARTBEAT) == 599
        assert state.vouched_for(B) == {
            Control.BATTERY_MAX_SOC: 100.0,
            Control.EXPORT_LIMIT_ENABLED: True,
        }
        assert state.doubted(B)
        assert state.quantum(B, "10013") == 10
        row = state.of(B)
        assert row.known["10024"].value is None
        assert (row.barred, row.refused, row.most) == (None, ["10007"], {"10091": 5000})
        assert (row.target, row.charges, row.over) == (80, False, True)
        state.save()
    state.note(B, {"10002": ReadBack("20", "%")}, time.time())
    assert not state.doubted(B)
    assert ParameterCache(storage).vouched_for(B)[LIMIT] == 20


def test_plants_of_an_earlier_version_are_taken_up(
    now: StillClock, storage: MemoryStorage
) -> None:
    """How they are set, what was said before the last change, what is hidden, and a forced mode."""
    at = time.time()
    earlier: Json = {
        B: {
            "mode": {"operationMode": "TOU"},
            "times": {"allowedAcChargePower": 2.0},
            "modes": ["TOU"],
            "grid": {"controlMode": "noLimit"},
            "asked_at": at,
            "told": {LIMIT: 15.0},
            "highest": {"charge": 5000.0},
            "running": {"grid": {"id": "1", "sent": at, "hides": ["export_limit"]}},
            "accepted": {
                "mode": {
                    "at": at,
                    "hides": ["work_mode"],
                    "before": [{"operationMode": "maximumSelfConsumption"}],
                }
            },
            "force": [at + 600.0, 0.0],
            "forced_by": "force",
        }
    }
    keep(storage, "fusionsolar_control", earlier)
    for _ in range(2):
        state = ControlStates(storage)
        row = state.of(B)
        assert (row.mode, row.grid) == (
            {"operationMode": "TOU"},
            {"controlMode": "noLimit"},
        )
        assert (row.value(LIMIT), row.modes[0], row.asked_at) == (15, "TOU", at)
        assert row.hidden(Kind.MODE) == ["work_mode"]
        assert row.hidden(Kind.GRID) == []
        assert state.running(B, Kind.GRID) == row.running["grid"]
        left = state.forced(B)
        assert left is not None
        assert (left.ends_after, left.ends_by_itself) == (600, False)
        state.see_mode(B, {"operationMode": "maximumSelfConsumption", "more": None})
        assert row.mode == {"operationMode": "TOU"}
        assert row.ask_at == at + SETTLES
    state.see_mode(B, {"operationMode": "TOU", "more": None})
    assert ControlStates(storage).of(B).hidden(Kind.MODE) == []


async def test_what_a_battery_mode_changed_is_kept_as_it_was_before_the_first_one(
    now: StillClock, storage: MemoryStorage
) -> None:
    """Until it was set back; on disk before anything is sent, so that a restart knows it."""
    state = started(storage)
    await state.remember(B, {"limit": 5000.0})
    await started(storage).remember(B, {"limit": 0.0, "grid": 2.5})
    state = started(storage)
    assert state.of(B).before == {"limit": 5000.0, "grid": 2.5}
    state.forget(B, ["limit"])
    assert started(storage).of(B).before == {"grid": 2.5}


def test_what_a_device_turned_down_is_asked_again_after_a_week(
    now: StillClock, storage: MemoryStorage
) -> None:
    """Not before, over restarts."""
    started(storage).lack(B, "hold")
    now.advance(6.9 * 86400)
    assert started(storage).lacks(B, "hold")
    assert not started(storage).lacks(B, "another way")
    now.advance(0.2 * 86400)
    assert not started(storage).lacks(B, "hold")
