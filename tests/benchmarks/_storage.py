"""Days of homes and plants and an import in a real Home Assistant whose files are on a disk; started by storage.py.

What is written is seen from outside: Python tells of each file that is opened, renamed or synchronised, and the kernel of the bytes that the recorder's
thread wrote.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
import json
import os
from pathlib import Path
import sqlite3
import sys
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.config_entries import ConfigEntryState
from tests.emulators.base import Cloud
from tests.emulators.registry import CLOUDS
from tests.emulators.solax import SolaxCloud
from tests.emulators.world import World
from tests.helpers.accounts import account_entry, demo_entry
from tests.helpers.cutting import unpacked
from tests.helpers.home import Home, solax_entry
from tests.helpers.past import live

from ._tape import HOMES, HOUR, SEASONS, SIGN_INS
from ._worlds import apart

CHOSEN = os.environ.get("BENCHMARK_ROWS", "solax").split(",")
HOURS = float(os.environ.get("BENCHMARK_HOURS", "24"))
PLANTS = int(os.environ.get("BENCHMARK_PLANTS", "100"))
PLANT_HOURS = float(os.environ.get("BENCHMARK_PLANT_HOURS", "1"))
DAYS = float(os.environ.get("BENCHMARK_DAYS", "30"))
TOLD = os.environ.get("BENCHMARK_TOLD", "")
TELL = os.environ.get("BENCHMARK_TELL", "")
SETTLED = 0.5
"""Hours after set-up from which on is counted."""
CALM = 1.0
"""Hours after the hour of a start until a large account has settled."""
LIVED = 2.2
"""Hours before an import begins."""
OURS = f".storage/{DOMAIN}."


@dataclass
class Disk:
    """What is written to our files."""

    folder: Path
    writes: int = 0
    bytes: int = 0
    syncs: int = 0
    counts: bool = False
    by_file: dict[str, list[int]] = field(default_factory=dict)
    _grows: dict[str, int] = field(default_factory=dict)
    """Files that were opened to write in place, with their sizes before."""

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take in an event of the interpreter's."""
        if not self.counts:
            return
        if event == "os.rename" and OURS in str(arguments[1]):
            self._note(str(arguments[1]), Path(arguments[0]).stat().st_size)
            self.syncs += 2  # the file and its folder
        elif event == "open" and OURS in str(arguments[0]):
            if arguments[2] & (os.O_WRONLY | os.O_RDWR):
                self.settle()
                path = Path(arguments[0])
                self._grows[str(path)] = path.stat().st_size if path.exists() else 0

    def _note(self, path: str, size: int) -> None:
        self.writes += 1
        self.bytes += max(size, 0)
        self.by_file.setdefault(Path(path).name, []).append(size)

    def settle(self) -> None:
        """Measure what was written in place."""
        for path, before in self._grows.items():
            self._note(path, Path(path).stat().st_size - before)
        self._grows.clear()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count for a while."""
        self.counts = True
        yield
        self.settle()
        self.counts = False

    def take(self) -> Disk:
        """Return what was counted so far, and begin anew."""
        taken = replace(self)
        self.writes = self.bytes = self.syncs = 0
        return taken

    def files(self) -> list[Path]:
        """Return our files."""
        return sorted((self.folder / ".storage").glob(f"{DOMAIN}.*"))

    def size(self) -> int:
        """Return how large all our files are."""
        return sum(each.stat().st_size for each in self.files())

    def tell(self) -> None:
        """Print what the files hold."""
        for name, sizes in self.by_file.items():
            print(f"\n{name}: {len(sizes)} writes, {sizes[:6]} … {sizes[-3:]}")
        for path in self.files():
            content = json.loads(path.read_text("utf-8"))["data"]
            if "packed" in content:
                content = unpacked(content)
            print(f"{path.name}: {path.stat().st_size}")
            large = [(len(json.dumps(each)), key) for key, each in content.items()]
            for size, key in sorted(large, reverse=True)[:12]:
                print(f"  {size:9} {key}")


HEARERS: list[Disk] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if HEARERS and event in {"os.rename", "open"}:
        HEARERS[-1].hear(event, arguments)


sys.addaudithook(_hook)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A configuration of its own, on disk."""
    for each in Path(hass_tmp_config_dir).glob(f"{OURS}*"):
        each.unlink()  # what somebody left in the folder that was copied
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let files be files."""
    return {}


@pytest.fixture
def disk(hass_config_dir: str) -> Iterator[Disk]:
    """What is written."""
    disk = Disk(Path(hass_config_dir))
    HEARERS.append(disk)
    yield disk
    HEARERS.remove(disk)


@pytest.fixture
def begin() -> datetime:
    """A summer's day, from its first minutes."""
    return SEASONS["summer"]


@pytest.fixture
async def cloud(
    world: World, sign_in: str, socket_enabled: None
) -> AsyncIterator[Cloud[Any]]:
    """The cloud of the demo home."""
    name = SIGN_INS[sign_in]
    async with CLOUDS[name](world, HOMES[name]) as cloud:
        yield cloud


def tell(
    row: str,
    name: str,
    disk: Disk,
    floor: float,
    factor: float = 1.0,
    note: str = "",
    more: int = 0,
    **figures: float,
) -> None:
    """Hand a row to the program that asked for it."""
    told = {
        "row": row,
        "name": name,
        "writes": disk.writes * factor,
        "bytes": disk.bytes * factor + more,
        "syncs": disk.syncs * factor,
        "floor": floor,
        "note": note,
        **figures,
    }
    with Path(TOLD or os.devnull).open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
    if TELL:
        print(told)
        disk.tell()


@pytest.mark.parametrize("sign_in", [each for each in CHOSEN if each in SIGN_INS])
async def test_a_day_of_a_home(
    home: Home, cloud: Cloud[Any], sign_in: str, disk: Disk
) -> None:
    """Count what a home writes between two midnights."""
    await home.start(await demo_entry(home, cloud, sign_in))
    await home.pass_time(SETTLED * HOUR)
    with disk.counting():
        await home.pass_time(HOURS * HOUR)
    tell(sign_in, sign_in, disk, disk.size(), 24 / HOURS)


@pytest.mark.skipif("plants" not in CHOSEN, reason="not asked for")
@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_a_day_of_many_plants(
    home: Home, solax: SolaxCloud, disk: Disk, freezer: FrozenDateTimeFactory
) -> None:
    """Count what an installer's account writes in the hour of a start and in hours of an afternoon, told as a day of one start."""
    freezer.move_to(SEASONS["summer"].replace(hour=13))
    solax.plants[:] = apart(solax.world, PLANTS)
    entry = solax_entry(solax)
    with disk.counting():
        await home.start(entry)
        assert entry.state is ConfigEntryState.LOADED
        await home.pass_time(HOUR)
    first = disk.take()
    await home.pass_time(CALM * HOUR)
    with disk.counting():
        await home.pass_time(PLANT_HOURS * HOUR)
    settled = disk.bytes / PLANT_HOURS
    disk.writes = first.writes + round(23 * disk.writes / PLANT_HOURS)
    disk.bytes = first.bytes + round(23 * settled)
    disk.syncs = first.syncs + round(23 * disk.syncs / PLANT_HOURS)
    tell(
        "plants",
        f"{PLANTS} plants",
        disk,
        disk.size(),
        note=f"  (the hour of a start {first.bytes / 1e6:.2f} MB + 23 settled hours of {settled / 1e6:.2f} MB)",
        first_hour=first.bytes,
        settled_hour=settled,
    )


def written(recorder: Recorder) -> int:
    """Return the bytes that the recorder's thread has written so far."""
    path = Path(f"/proc/self/task/{recorder.native_id}/io")
    found = dict(line.split(": ") for line in path.read_text().splitlines())
    return int(found["wchar"])


def size_of_rows(path: str, folder: Path, before: float) -> int:
    """Return how large a database is that holds nothing but the imported hours, each written once."""
    copy = folder / "floor.db"
    with sqlite3.connect(path) as database:
        database.execute("ATTACH ? AS floor", (str(copy),))
        found = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'statistics'"
            " AND sql IS NOT NULL ORDER BY type DESC"
        )
        for name, sql in found.fetchall():
            database.execute(sql.replace(name, f"floor.{name}", 1))
        database.execute(
            "INSERT INTO floor.statistics SELECT * FROM main.statistics"
            " WHERE start_ts < ? ORDER BY metadata_id, start_ts",
            (before,),
        )
        (rows,) = database.execute("SELECT count(*) FROM floor.statistics").fetchone()
    assert rows > 0, "nothing was imported"
    return copy.stat().st_size


async def _run_out(home: Home, start: str) -> int:
    """Let an import run to its end; return how many hours that took."""
    waited = 0.0
    while True:
        answer: Any = await home.hass.services.async_call(
            DOMAIN, "import_history", {"start": start}, True, return_response=True
        )
        if answer["plants"][0]["state"] == "done":
            return round(waited / HOUR)
        await home.pass_time(900, 300)
        waited += 900
        assert waited < 60 * 86400, "the import does not end"


@pytest.mark.skipif("history" not in CHOSEN, reason="not asked for")
@pytest.mark.parametrize("persistent_database", [True])
@pytest.mark.parametrize("sign_in", ["fusionsolar_account"])
async def test_an_import(
    recorder_db_url: str,
    recorder_mock: Recorder,
    home: Home,
    cloud: Cloud[Any],
    sign_in: str,
    disk: Disk,
) -> None:
    """Count what bringing in the past writes."""
    entry: MockConfigEntry = account_entry(cloud, sign_in)
    await home.start(entry)
    await live(home, LIVED)
    path = recorder_db_url.removeprefix("sqlite:///")
    begun = home.freezer().timestamp() - LIVED * HOUR
    start = datetime.fromtimestamp(begun - DAYS * 86400).date().isoformat()
    # States go on anyhow: only statistics are written from here on.
    await home.hass.services.async_call("recorder", "disable", {}, True)
    await async_wait_recording_done(home.hass)
    before = written(recorder_mock)
    with disk.counting():
        hours = await _run_out(home, start)
    await async_wait_recording_done(home.hass)
    database = written(get_instance(home.hass)) - before
    floor = size_of_rows(path, disk.folder, begun - HOUR)
    tell(
        "history",
        f"import of {DAYS:g} days",
        disk,
        floor,
        1.0,
        f"  (.storage {disk.bytes / 1e6:.1f}, recorder {database / 1e6:.1f} MB, {hours} h)",
        database,
        storage=disk.bytes,
        database=database,
    )
