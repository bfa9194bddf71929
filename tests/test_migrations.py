"""An update of the integration: older forms of what is stored, in its sections one by one.

``test_stored_forms.py`` has whole homes go on after it.
"""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any, Final

import pytest

from custom_components.solar_cloud.backfill.anomalies import Finding
from custom_components.solar_cloud.backfill.fetcher import HistoryFetcher, Reports
from custom_components.solar_cloud.backfill.gaps import Watched
from custom_components.solar_cloud.cloud.control import Control
from custom_components.solar_cloud.cloud.history import PastEnergy
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.quota import Block, Spent
from custom_components.solar_cloud.cloud.serialization import from_json, to_json
from custom_components.solar_cloud.cloud.sources import SourceTerm
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.control.forced_mode import supervised
from custom_components.solar_cloud.control.pending import PendingValues
from custom_components.solar_cloud.control.tasks import TaskStore
from custom_components.solar_cloud.migrations import MIGRATIONS, VERSION, migrate
from custom_components.solar_cloud.pipeline.counter_filter import CounterFilter
from custom_components.solar_cloud.pipeline.counter_filters import CounterFilters
from custom_components.solar_cloud.pipeline.daily import DaysState
from custom_components.solar_cloud.pipeline.growth import Evidence
from custom_components.solar_cloud.pipeline.known_slots import KnownSlots
from custom_components.solar_cloud.pipeline.plant_sources import SourceSelection
from custom_components.solar_cloud.polling.upload_detector import UploadDetector
from custom_components.solar_cloud.polling.upload_tracker import PollOffset
from custom_components.solar_cloud.statistics.anomalies import Examination
from custom_components.solar_cloud.statistics.importer import ImportJob, ImportRecord
from custom_components.solar_cloud.statistics.undo import Imported
from custom_components.solar_cloud.storage import AccountStorage
from homeassistant.core import HomeAssistant

from .helpers.cutting import sections

STORES: Final = Path(__file__).parent / "fixtures" / "stores"
FILES: Final = [
    path for path in sorted(STORES.glob("*/*.json")) if "seen" not in path.name
]
PV: Final = Slot(Q.PV_ENERGY_TOTAL)
START: Final = datetime(2026, 6, 16, 10, tzinfo=UTC).timestamp()


def taken_up(section: str, content: Any) -> Any:
    """Return a section after an update, through the text of a file."""
    return json.loads(json.dumps(migrate({section: content})[section]))


def filter_of(row: Any) -> CounterFilter:
    """Return the filter that a row of the first versions becomes."""
    stored = taken_up("guards", [["inverter", "pv_energy_total#0", row]])
    found = from_json(dict[str, dict[Slot, CounterFilter]], stored)
    return found["inverter"][PV]


# Files that were written by an earlier version


@pytest.fixture(params=FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def before(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What an account kept."""
    file: dict[str, Any] = json.loads(request.param.read_text())
    sections: dict[str, Any] = file["data"]
    return sections


def _rows(rows: list[list[Any]]) -> dict[tuple[str, str], Any]:
    return {
        (row[0], row[1].removesuffix("#0").replace("#", "_")): row[2] for row in rows
    }


def test_every_counter_keeps_what_it_shows(before: dict[str, Any]) -> None:
    """Each filter of the file is there, with its value, what it adds, and how often it held back."""
    kept = from_json(dict[str, dict[Slot, CounterFilter]], migrate(before)["guards"])
    rows = _rows(before["guards"])
    assert {(owner, slot.key) for owner in kept for slot in kept[owner]} == rows.keys()
    for owner, filters in kept.items():
        for slot, each in filters.items():
            row = rows[owner, slot.key]
            if isinstance(row, dict):
                assert to_json(each) == row
            else:
                assert [each.value, each.at, each.moved] == row[0][:3]
                assert each.offset == row[1]
                assert each.learned_limit == row[4]
                assert each.rejected == row[8]


def test_every_day_goes_on(before: dict[str, Any]) -> None:
    """The plant's midnight, the vendor's counters of today, and how much of each lifetime was before."""
    kept, old = from_json(DaysState, migrate(before)["days"]), before["days"]
    assert {key: [day.date, day.start] for key, day in kept.days.items()} == old["days"]
    counters = _rows(old["counters"])
    assert {
        (owner, slot.key): [
            each.guarded,
            each.date,
            each.value,
            each.waiting,
            each.sure,
            each.restarted_at,
            each.raw,
            each.at,
        ]
        for owner in kept.counters
        for slot, each in kept.counters[owner].items()
    } == {key: row[:8] for key, row in counters.items()}
    for owner, found in kept.counters.items():
        for slot, each in found.items():
            assert each.filter.lifelong is False
            row = counters[owner, slot.key][8]
            assert each.filter.value == (
                row[0] and row[0][0] if isinstance(row, list) else row.get("value")
            )
    shares = _rows(old["shares"])
    for owner, found_shares in kept.shares.items():
        for slot, share in found_shares.items():
            row = shares.pop((owner, slot.key))
            if isinstance(row, dict):
                assert to_json(share) == row
            else:
                assert [share.date, share.base, share.last, share.at] == row
    assert not shares


def test_every_role_keeps_its_source(before: dict[str, Any]) -> None:
    """And what it showed, and where the addends stood then."""
    plants = from_json(dict[str, dict[Q, SourceSelection]], migrate(before)["roles"])
    assert plants.keys() == before["roles"].keys()
    for plant_id, roles in before["roles"].items():
        assert plants[plant_id].keys() == roles.keys()
        for role, row in roles.items():
            if isinstance(row, dict):
                row = [
                    row[name]
                    for name in ("terms", "offset", "last", "waiting_since", "stood")
                ]
            choice = plants[plant_id][role]
            assert [list(term) for term in choice.terms] == row[0]
            assert [choice.offset, choice.last, choice.waiting_since] == row[1:4]
            assert {
                key: [*key, value] for key, value in choice.last_addends.items()
            } == {(each[0], each[1]): each for each in row[4]}


def test_every_slot_is_still_known(before: dict[str, Any]) -> None:
    """Or a restart at night would lose an entity."""
    storage = MemoryStorage()
    storage.delay_save("seen", lambda: migrate(before)["seen"])
    known = KnownSlots(storage)
    for key, slots in before["seen"].items():
        assert len(known.slots(key)) == len(slots)


def _taken_whole(kind: type[Any], section: str, before: dict[str, Any]) -> Any:
    """Return a section as its reader takes it up, which is all of it."""
    stored = json.loads(json.dumps(migrate(before)[section]))
    kept = from_json(kind, stored)
    assert to_json(kept) == stored
    return kept


def test_every_call_that_was_made_still_counts(before: dict[str, Any]) -> None:
    """Or an update would spend a limit twice."""
    kept, old = _taken_whole(Spent, "quota", before), before["quota"]
    assert {
        (bucket, seconds): [list(step) for step in tally.steps]
        for (bucket, seconds), tally in kept.calls.items()
    } == {(bucket, seconds): steps for bucket, seconds, steps in old["calls"]}


def test_every_outage_is_still_known(before: dict[str, Any]) -> None:
    """And since when each counter was not heard of."""
    kept, old = _taken_whole(Watched, "gaps", before), before["gaps"]
    heard = [[*key, each.at, each.value] for key, each in kept.heard.items()]
    assert sorted(heard) == sorted(old["heard"])
    assert [[*gap.key, gap.start, gap.end] for gap in kept.gaps] == old["gaps"]


def test_the_moment_of_uploads_is_kept(before: dict[str, Any]) -> None:
    """It took a day to find."""
    offset = _taken_whole(PollOffset, "cadence", before)
    assert [offset.late_enough, offset.too_soon] == before["cadence"]
    anchors = before.get("strides", {})
    stored = migrate({"strides": anchors})["strides"]
    kept = from_json(dict[str, UploadDetector], stored)
    assert {key: detector.anchor for key, detector in kept.items()} == anchors


def test_a_vendors_block_goes_on() -> None:
    """An update is no way around it."""
    stored = taken_up("quota", {"blocked": {"all": [5.0, "rate_limited"]}, "calls": []})
    assert from_json(Spent, stored).blocked == {"all": Block(5.0, "rate_limited")}


def test_every_forced_mode_still_ends(before: dict[str, Any]) -> None:
    """When it was to end, and by whom."""
    kept = supervised(taken_up("forces", before["forces"]))
    assert kept.keys() == before["forces"].keys() != set()
    for key, row in before["forces"].items():
        force = kept[key]
        assert [force.until, force.ends_by_itself] == [
            row["until"],
            row["ends_by_itself"],
        ]
        assert [force.renew_after, force.renewed] == [
            row["renew_after"],
            row["renewed"],
        ]
        assert force.begun == row.get("begun", row["renewed"])


def test_every_command_is_still_followed(before: dict[str, Any]) -> None:
    """And its value shown meanwhile."""
    storage = MemoryStorage()
    storage.delay_save("tasks", lambda: migrate(before)["tasks"])
    storage.delay_save("settings", lambda: migrate(before)["settings"])
    assert [
        [
            task.device_id,
            task.name,
            task.handle,
            task.check_after,
            task.since,
            task.control,
        ]
        for task in TaskStore(storage).tasks()
    ] == [
        [
            row[name]
            for name in ("target", "name", "handle", "check_after", "since", "control")
        ]
        for row in before["tasks"]
    ]
    pending, controls = (
        PendingValues(storage, lambda _: False),
        {str(each): each for each in Control},
    )
    for row in before["settings"]:
        key = row["owner"], controls[row["control"]]
        value = pending.get(key)
        assert value is not None
        assert [value.value, value.reads_back, value.due] == [
            row["value"],
            row["reads_back"],
            row["due"],
        ]
        assert pending.states[key] == row["state"]
    assert len(pending.states) == len(before["settings"])


def test_odd_hours_that_were_accepted_are_not_named_again() -> None:
    """Nor are those that were found forgotten."""
    stored = taken_up(
        "doctor",
        {
            "plant": {
                "examined": 1.0,
                "findings": [["sensor.a", 1, 2.5], ["sensor.a", 3.0, -1.0]],
                "accepted": [["sensor.b", 7.0]],
            }
        },
    )
    assert from_json(dict[str, Examination], stored) == {
        "plant": Examination(
            1.0,
            {"sensor.a": [Finding(1.0, 2.5), Finding(3.0, -1.0)]},
            {("sensor.b", 7.0)},
        )
    }


def test_an_import_that_was_under_way_fetches_nothing_twice() -> None:
    """Nor does it take what was not fetched for fetched: its file has a form of its own."""
    fetched = {
        "name": "one|0|86400",
        "done": ["one|0"],
        "samples": [["one", "pv_energy_total", [[3600, 1.5], [7200, 2.5]]]],
    }
    reports = {
        "start": 0.0,
        "end": 9.0,
        "reached": 5.0,
        "rows": [[5.0, 9.0, {"pv_energy_total": 1.5, "x": 2.0}]],
    }
    kept = taken_up("plant", {"readings": fetched, "reports": reports})
    term, step = SourceTerm("one", PV), timedelta(minutes=15)
    for stored in (kept["readings"], taken_up("repair", fetched)):
        fetcher = HistoryFetcher(["one"], 0.0, 86400.0, step, stored)
        assert fetcher.value([term], 5400.0) == 2.0
        assert to_json(stored) == fetcher.as_json()
    assert Reports(0.0, 9.0, kept["reports"]).rows == [
        PastEnergy(5.0, 9.0, {Q.PV_ENERGY_TOTAL: 1.5})
    ]
    half: Any = kept["readings"] | {"samples": 7}
    fetcher = HistoryFetcher(["one"], 0.0, 86400.0, step, half)
    assert fetcher.as_json() == {"name": "one|0|86400", "done": [], "samples": {}}


def test_an_import_of_before_the_update_can_be_taken_back() -> None:
    """What it did to each statistic is known, the sum of the first hour included where it was kept."""
    stored = taken_up(
        "imports",
        {
            "plant": {
                "begun": 1.0,
                "counters": {
                    "sensor.a": [2.0, 3.0, 4.0, 5.0, "days", 6.0],
                    "sensor.b": [2, 3, 4, 5, "days"],
                    "sensor.c": [2.0, "x"],
                },
            },
            "other": 7,
        },
    )
    assert from_json(dict[str, ImportRecord], stored) == {
        "plant": ImportRecord(
            1.0,
            {
                "sensor.a": Imported(2.0, 3.0, 4.0, 5.0, "days", 6.0),
                "sensor.b": Imported(2.0, 3.0, 4.0, 5.0, "days"),
            },
        )
    }


def test_an_import_under_way_goes_on() -> None:
    """It was kept as the hour it is to begin with; how far it has come is a thing of now."""
    jobs = {"plant": 1_780_000_000.0}
    assert from_json(dict[str, ImportJob], taken_up("import_jobs", jobs)) == {
        "plant": ImportJob(1_780_000_000.0)
    }
    job = ImportJob(1.0, 9.0, 5.0, 8.0, frozenset({"sensor.a"}))
    stored = to_json({"plant": job})
    assert from_json(dict[str, ImportJob], taken_up("import_jobs", stored)) == {
        "plant": job
    }


# Rows of the first versions


def test_what_was_learnt_of_a_counter_is_kept() -> None:
    """Value, offset and what was learnt; a doubt of then is met again by itself."""
    counter = filter_of(
        [
            [12_000.0, START, START, 0.4],
            -3.0,
            None,
            [11_990.0, START + 86400],
            9_000.0,
            [START, START, 1.0, [1.0, START, START, 0.0], []],
            None,
            False,
            7,
        ]
    )
    assert (counter.value, counter.offset, counter.rejected) == (12_000.0, -3.0, 7)
    evidence = Evidence(limit=10_000.0)
    assert counter.observe(12_003.5, START + 300, evidence) == 12_000.5


def test_a_new_counter_waits_for_its_zero_no_longer_after_an_update() -> None:
    """It had shown nothing but zero for 23 hours when the store of the first versions was written."""
    since = START - 23 * 3600
    counter = filter_of([None, 0.0, None, None, 0.0, None, since, False, 2])
    assert counter.observe(0.0, START, Evidence()) is None
    assert counter.observe(0.0, START + 3600, Evidence()) == 0.0
    assert counter.rejected == 2


@pytest.mark.parametrize(
    "row",
    [
        None,
        7,
        [],
        ["x"] * 10,
        [[1, 2], 0.0, None, None, 0.0, None, None, False, 0],
        [["x", 1, 1, 1], 0.0, None, None, 0.0, None, None, False, 0],
    ],
)
def test_a_damaged_row_starts_anew(row: Any) -> None:
    """And the counter counts."""
    stored = taken_up("guards", [1, ["a"], ["inverter", "pv_energy_total#0", row]])
    storage = MemoryStorage()
    storage.delay_save("guards", lambda: stored)
    assert CounterFilters(storage).value("inverter", PV) is None


ODD: Final[tuple[Any, ...]] = (
    None,
    7,
    True,
    "x",
    [],
    [[]],
    {},
    {"x": None},
    {"x": [[]]},
    [["a", "b"], ["a", "b", "c", "d"], [1, 2, 3], {"a": 1}],
    {"days": [1], "counters": {"a": [1]}, "shares": [["a", "b", []]]},
    {"days": {"a": 1}, "counters": [["a", "b", ["x"] * 9]], "shares": 5},
    {"plant": {"role": ["x", "x", "x", "x", "x"]}, "b": {"c": {"stood": 7}}},
)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_nonsense_is_passed_on_to_its_reader(odd: Any) -> None:
    """Nothing raises, whatever a file holds."""
    migrated = migrate(dict.fromkeys(MIGRATIONS, odd))
    assert migrated.keys() == MIGRATIONS.keys()
    assert migrate(migrated).keys() == MIGRATIONS.keys()
    from_json(DaysState, migrated["days"])
    from_json(dict[str, dict[Q, SourceSelection]], migrated["roles"])
    from_json(Spent, migrated["quota"])
    from_json(Watched, migrated["gaps"])
    supervised(migrated["forces"])
    storage = MemoryStorage()
    storage.delay_save("tasks", lambda: migrated["tasks"])
    storage.delay_save("settings", lambda: migrated["settings"])
    assert TaskStore(storage).tasks() == []
    assert PendingValues(storage, lambda _: False).states == {}
    from_json(dict[str, Examination], migrated["doctor"])
    from_json(dict[str, ImportRecord], migrated["imports"])
    assert HistoryFetcher([], 0.0, 1.0, timedelta(1), migrated["repair"]).calls == 0


def test_the_present_form_stays_as_it_is(before: dict[str, Any]) -> None:
    """A file that a development version wrote is taken for an old one without harm."""
    once = migrate(before)
    choices = from_json(dict[str, dict[Q, SourceSelection]], once["roles"])
    once["roles"] = to_json(choices)  # as it is written from now on
    assert migrate(once) == once


# The file


async def test_a_file_is_brought_up_to_date_once(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """It is written in its new form with the new version, and read as it is from then on."""
    hass_storage[f"{DOMAIN}.some_entry"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.some_entry",
        "data": {"seen": {"inverter": ["mppt_power#2"]}, "serials": {"inverter": "S"}},
    }
    store = AccountStorage(hass, "some_entry")
    await store.async_load()
    assert store.load("seen") == {"inverter": ["mppt_power_2"]}
    assert store.load("serials") == {"inverter": "S"}
    assert hass_storage[f"{DOMAIN}.some_entry"]["minor_version"] == VERSION
    assert hass_storage[f"{DOMAIN}.some_entry_state"]["minor_version"] == VERSION
    written = sections(hass_storage, "some_entry")
    assert written["seen"] == {"inverter": ["mppt_power_2"]}


async def test_a_file_of_a_newer_minor_version_is_read_as_far_as_it_is_understood(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Who goes back to an older version signs in no second time."""
    hass_storage[f"{DOMAIN}.some_entry"] = {
        "version": 1,
        "minor_version": 999,
        "key": f"{DOMAIN}.some_entry",
        "data": {"seen": {"inverter": ["pv_power"]}, "tomorrow": 1},
    }
    store = AccountStorage(hass, "some_entry")
    await store.async_load()
    assert store.load("seen") == {"inverter": ["pv_power"]}
