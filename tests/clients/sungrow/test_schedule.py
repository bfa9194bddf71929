"""The order and number of calls (sungrow.md §7.1)."""

from collections.abc import Iterable

from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.sungrow.access import PointMemory
from custom_components.solar_cloud.cloud.sungrow.schedule import Schedule, ScheduledCall
from tests.helpers.clock import StillClock


async def _nothing() -> None:
    """Do nothing."""


def task(
    key: str, every: float, calls: int = 1, *, owners: Iterable[str] = "x"
) -> ScheduledCall:
    """Make a task."""
    return ScheduledCall(key, every, calls, _nothing, frozenset(owners))


def test_a_task_larger_than_the_budget_runs_alone() -> None:
    """A farm of hundreds of devices must be read too."""
    big, small = task("big", 240, 9), task("small", 240)
    schedule = Schedule()
    assert schedule.due([big, small], 1000.0, 6) == [big]
    schedule.done(big, 1000.0)
    assert schedule.due([big, small], 1000.0, 6) == [small]


def test_fast_tasks_come_first_and_slow_ones_fill_up() -> None:
    """In their own order."""
    fast = [task(f"f{number}", 240) for number in range(4)]
    slow = [task("s1", 900), task("s2", 1800, owners=""), task("s3", 900)]
    schedule = Schedule()
    assert schedule.due([*slow, *fast], 0.0, 6) == [*fast, *slow[:2]]


def test_a_task_that_is_wanted_now_does_not_wait_for_its_turn() -> None:
    """Nor for the rest of a day after a refusal."""
    slow = task("slow", 900)
    schedule = Schedule()
    schedule.done(slow, 1000.0, 86400.0)
    assert schedule.due([slow], 2000.0, 6) == []
    schedule.hurry(["slow"])
    assert schedule.due([slow], 2000.0, 6) == [slow]


def test_a_starving_slow_task_goes_first() -> None:
    """Once it is twice overdue."""
    fast = [task(f"f{number}", 240) for number in range(7)]
    slow = task("slow", 900)
    schedule = Schedule()
    now = 0.0
    ran = []
    for _ in range(12):
        due = schedule.due([*fast, slow], now, 6)
        assert len(due) == 6
        for each in due:
            schedule.done(each, now)
        ran.append(slow in due)
        now += 300
    assert ran.count(True) >= 2
    assert due[0].key.startswith("f")


def test_a_pause_counts_as_done(clock: StillClock) -> None:
    """For an endpoint that is missing."""
    slow = task("slow", 900)
    schedule = Schedule()
    schedule.due([slow], 0.0, 6)
    schedule.done(slow, 0.0, pause=85_500)
    assert schedule.due([slow], 86_000.0, 6) == []
    assert schedule.due([slow], 86_400.0, 6) == [slow]


def test_a_clock_that_is_put_back_makes_no_task_wait() -> None:
    """What ran two hours later than now is due, and waits its period from then on; what has a pause keeps it."""
    fast, slow, closed = task("fast", 240), task("slow", 900), task("closed", 900)
    schedule = Schedule()
    schedule.due([fast, slow, closed], 7200.0, 6)
    for each, pause in ((fast, 0.0), (slow, 0.0), (closed, 85_500.0)):
        schedule.done(each, 7200.0, pause)
    assert fast in schedule.due([fast, slow, closed], 300.0, 6)
    assert slow in schedule.due([fast, slow, closed], 300.0, 6)
    for each in (fast, slow):
        schedule.done(each, 300.0)
    schedule.done(closed, 300.0, 85_500.0)
    assert schedule.due([fast, slow, closed], 600.0, 6) == [fast]


def test_points_never_seen_are_dropped_only_where_that_saves_calls(
    clock: StillClock,
) -> None:
    """Below a hundred everything is asked; beyond only what was ever filled, and all every hour."""
    memory = PointMemory(MemoryStorage())
    few = tuple(map(str, range(80)))
    memory.note("14", ["1"])
    assert memory.chunks("14", few) == [list(few)]
    many = tuple(map(str, range(157)))
    assert [len(chunk) for chunk in memory.chunks("1", many)] == [100, 57]
    memory.note("1", ["7", "130"])
    assert memory.calls("1", many) == 1
    assert memory.chunks("1", many) == [["7", "130"]]
    clock.advance(3601)
    assert memory.calls("1", many) == 2
    assert [len(chunk) for chunk in memory.chunks("1", many)] == [100, 57]
    memory.note("1", map(str, range(150)))
    assert [len(chunk) for chunk in memory.chunks("1", many)] == [100, 57]


def test_a_damaged_memory_starts_anew() -> None:
    """Whatever lies in the vault."""
    storage = MemoryStorage()
    storage.delay_save(
        "points", lambda: {"seen": {"1": 7, "2": ["a", None]}, "most": 3}
    )
    memory = PointMemory(storage)
    assert memory.most == 10
    storage.delay_save("points", lambda: ["x"])
    assert PointMemory(storage).most == 100
