"""How often the clouds are asked on a simulated day, by kind of call, and how old the data are that a poll brings.

Real clients polled by the real scheduler, over HTTP, at a moved clock; counted is what the emulated cloud saw. The floor is one call for
each upload seen, of each kind of device that uploads, and the lists once a day: the clouds answer one kind of device a call.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
import json
from pathlib import Path
import statistics
import time
from typing import Any, Final

import aiohttp

from custom_components.solar_cloud.cloud.demand import Demand, SupportsDemand
from custom_components.solar_cloud.cloud.errors import CloudError, RetryLater
from custom_components.solar_cloud.cloud.model import (
    DeviceKind,
    Inventory,
    Reading,
    Snapshot,
)
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import Cloud as Client
from custom_components.solar_cloud.const import INVENTORY_INTERVAL
from custom_components.solar_cloud.pipeline.pipeline import ReadingPipeline
from custom_components.solar_cloud.polling.scheduler import PollScheduler
from tests.emulators.base import Cloud
from tests.emulators.calls import Call
from tests.emulators.registry import CLOUDS
from tests.emulators.world import World

from ._tape import HOUR, SIGN_INS, ZONE, Place, Time, connect, moved_time

DAY: Final = 86400.0
SEASONS: Final = {
    "spring": datetime(2026, 3, 20, 0, 20, tzinfo=ZONE),
    "summer": datetime(2026, 6, 15, 0, 20, tzinfo=ZONE),
    "winter": datetime(2026, 12, 7, 0, 20, tzinfo=ZONE),
}
NOON: Final = 11.5 * HOUR
SHORTEST: Final = 15.0
"""Seconds the coordinator waits at least."""
ASLEEP: Final = 2 * HOUR
"""Seconds after which a device is taken to upload nothing, as inverters do at night, rather than to be read late."""
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "sign-in": ("login", "oauth/token", "apiManage/token", "refreshToken"),
    "lists": (
        "page_plant_info",
        "page_device_info",
        "attribute_info",
        "getPowerStationList",
        "queryPowerStationList",
        "getDeviceList",
        "getDeviceListByPsId",
        "getBatchPsDetail",
        "getPowerStationDetail",
        "thirdData/stations",
        "getDevList",
    ),
    "plants": (
        "plant/realtime_data",
        "getPowerStationRealTimeData",
        "getStationRealKpi",
        "getKpiStationDay",
    ),
    "devices": (
        "device/realtime_data",
        "summary_data",
        "getDeviceRealTimeData",
        "getMlpeRealTimeData",
        "getDevRealKpi",
    ),
    "alarms": ("page_alarm_info", "getFaultAlarmInfo", "getAlarmList"),
}
"""What the clouds' addresses end with."""
COLUMNS: Final = (*KINDS, "other")
LIMITS: Final = {
    "solax": "1,000,000 a day, 100 a minute",
    "sungrow_account": "48,000 a day, 2,000 an hour",
    "sungrow_oauth": "48,000 a day, 2,000 an hour",
    "fusionsolar_account": "windows of 5 min",
    "fusionsolar_oauth": "1,000 a day",
}


@dataclass(frozen=True)
class Case:
    """An account that lives through some hours, a day from midnight on or less from noon on."""

    name: str
    sign_in: str
    scenario: str
    hours: float = 24.0
    plants: int | None = None
    """How many of the scenario's plants there are."""
    per_cycle: bool = False
    warm_up: float = 6.0
    """Hours in which the moment of the uploads is found before calls are counted."""


CASES: Final = (
    Case("SolaX home", "solax", "home-hybrid"),
    Case("SolaX, no battery", "solax", "micro-only"),
    Case("Sungrow home", "sungrow_account", "home-hybrid"),
    Case("Sungrow, no battery", "sungrow_account", "home-string"),
    Case("Sungrow, no battery, no meter", "sungrow_account", "no-battery"),
    Case("Sungrow by consent", "sungrow_oauth", "home-hybrid"),
    Case("FusionSolar home", "fusionsolar_account", "home"),
    Case("FusionSolar by consent", "fusionsolar_oauth", "home"),
    Case("FusionSolar, PV only", "fusionsolar_account", "string-only"),
    Case("SolaX 100 plants, a cycle", "solax", "installer", 1.0, 100, True, 2.0),
)


@dataclass
class Result:
    """What an account cost, and how old its data were."""

    name: str
    limit: str
    calls: dict[str, float]
    total: float
    floor: float
    night_sign_ins: int
    polls: int
    age_by_day: float | None
    """Mean seconds between upload and poll, while the sun is up, of all devices but those that only pass on."""
    age_by_night: float | None
    seconds: float = field(default=0.0)


def kind_of(call: Call) -> str:
    """Say what a call was for; where plants are asked like devices their type tells."""
    for kind, ends in KINDS.items():
        if call.path.endswith(ends):
            plant = kind == "devices" and str(call.params.get("device_type")) == "11"
            return "plants" if plant else kind
    return "other"


@dataclass
class _Life:
    """An account on its way through a day."""

    case: Case
    clock: Time
    cloud: Cloud[Any]
    client: Client
    inventory: Inventory
    ages: list[tuple[float, float]] = field(default_factory=list)
    """When was polled, and how old what it brought was."""
    listed: int = 0
    place: Place = field(default_factory=Place)

    async def list(self) -> None:
        """List, as often as it takes."""
        before = len(self.cloud.calls)
        while True:
            try:
                self.inventory = await self.client.inventory()
            except RetryLater as err:
                self.clock.now += max(SHORTEST, err.retry_after)
                continue
            if self.inventory.resume_after is None:
                break
            self.clock.now += max(SHORTEST, self.inventory.resume_after)
        self.listed = self.listed or len(self.cloud.calls) - before

    async def run(self, begin: float, end: float) -> None:
        """Poll as the coordinator does; what is before the begin is not counted."""
        storage = MemoryStorage()
        vendor, place = VENDORS[self.cloud.name], self.place
        pipeline = ReadingPipeline(
            storage, vendor.stale_after, self.client.roles, place
        )
        rhythm = PollScheduler(storage, vendor.poll_period, 7919, pipeline.seen, place)
        lists_due, fresh = self.clock.now + INVENTORY_INTERVAL.total_seconds(), False
        while self.clock.now < end:
            started = self.clock.now
            if not fresh and started >= begin:
                fresh = True
                self.cloud.calls.clear()
                self.ages.clear()
            if started >= lists_due:
                lists_due += INVENTORY_INTERVAL.total_seconds()
                await self.list()
            following = started + vendor.poll_period
            try:
                snapshot = await self.client.readings(self.inventory)
            except CloudError as err:
                if isinstance(err, RetryLater):
                    following = started + max(SHORTEST, err.retry_after)
            else:
                self._age(snapshot)
                rhythm.learn(snapshot, self.inventory, started)
                now = datetime.fromtimestamp(started, UTC)
                pipeline.process(snapshot, self.inventory, now)
                following = (
                    max(started + SHORTEST, rhythm.next_poll(started))
                    if snapshot.resume_after is None
                    else started + max(SHORTEST, snapshot.resume_after)
                )
                self._meet(pipeline, night=getattr(rhythm, "night", False))
            self.clock.now = following

    def _meet(self, pipeline: ReadingPipeline, *, night: bool) -> None:
        """Say what is wanted, where everything is looked at; commit cc07475 knows less of it."""
        needs = getattr(pipeline, "needs_own", None)
        if needs is not None and isinstance(self.client, SupportsDemand):
            self.client.meet(Demand(plants=needs(Demand()), night=night))

    def _age(self, snapshot: Snapshot) -> None:
        ages = [
            age
            for key, reading in snapshot.readings.items()
            if key in self.inventory.devices
            and self.inventory.devices[key].kind is not DeviceKind.GATEWAY
            and (age := self._age_of(reading)) is not None
            and age < ASLEEP
        ]
        if ages:
            self.ages.append((self.clock.now, statistics.fmean(ages)))

    def _age_of(self, reading: Reading) -> float | None:
        """How long ago what a reading says was uploaded; where no time is told, what was uploaded when it was read."""
        if reading.measured_at is not None:
            return self.clock.now - reading.measured_at.timestamp()
        if reading.heard_at is None:
            return None
        heard = reading.heard_at.timestamp()
        site = next(iter(self.cloud.world.sites.values()))
        uploads = [site.last_upload(key, heard) for key in site.dongles]
        known = [self.clock.now - at for at in uploads if at is not None]
        return statistics.fmean(known) if known else None

    def mean_age(self, *, day: bool) -> float | None:
        """Average what was brought while the sun was up, or down."""
        ages = [age for at, age in self.ages if self.place.sun_is_up(at) is day]
        return statistics.fmean(ages) if ages else None

    def floor(self) -> float:
        """One call for each upload seen of each group of devices read together, and the lists once a day."""
        groups = len({_group(call) for call in self.cloud.calls if _is_reading(call)})
        site = next(iter(self.cloud.world.sites.values()))
        key = next(iter(site.dongles))
        uploads = len({site.last_upload(key, at) for at, _ in self.ages})
        return groups * uploads + self.listed * self.case.hours / 24

    def result(self) -> Result:
        """Sum up."""
        hours = self.case.hours
        cycles = hours * 12 if self.case.per_cycle else 1
        counts = Counter(kind_of(call) for call in self.cloud.calls)
        calls = {kind: counts[kind] / cycles for kind in COLUMNS}
        nightly = [
            call
            for call in self.cloud.calls
            if kind_of(call) == "sign-in"
            and not self.place.sun_is_up(call.at.timestamp())
        ]
        return Result(
            self.case.name,
            LIMITS[self.case.sign_in],
            calls,
            sum(calls.values()),
            self.floor() / cycles,
            len(nightly),
            len(self.ages),
            self.mean_age(day=True),
            self.mean_age(day=False),
        )


def _is_reading(call: Call) -> bool:
    return kind_of(call) == "devices"


def _group(call: Call) -> str:
    """Name what is read together: a kind of device, and which ones of many."""
    names = ("deviceType", "device_type", "devTypeId", "snList", "devIds")
    return str([call.path, *(str(call.params.get(name)) for name in names)])


async def live(case: Case, season: str) -> Result:
    """Let an account live through its hours."""
    started = time.perf_counter()
    begin = SEASONS[season].timestamp()
    if case.hours < 24:
        begin += NOON
    with moved_time(begin - case.warm_up * HOUR) as clock:
        async with (
            CLOUDS[SIGN_INS[case.sign_in]](World(seed=1), case.scenario) as cloud,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        ):
            plants: Any = getattr(cloud, "plants", None)
            if case.plants is not None:
                del plants[case.plants :]
            transport = Transport(session)
            client = await connect(case.sign_in, cloud, transport, MemoryStorage())
            life = _Life(case, clock, cloud, client, Inventory({}, {}))
            await life.list()
            await life.run(begin, begin + case.hours * HOUR)
            result = life.result()
    result.seconds = time.perf_counter() - started
    return result


def _seconds(age: float | None) -> str:
    return "–" if age is None else f"{age:.0f}"


def line(result: Result) -> str:
    """Print a row."""
    kinds = "".join(f"{result.calls[kind]:9.0f}" for kind in COLUMNS)
    return (
        f"{result.name:32}{result.total:7.0f}{result.floor:7.0f}{kinds}"
        f"{result.night_sign_ins:7}{_seconds(result.age_by_day):>6}"
        f"{_seconds(result.age_by_night):>7}  {result.limit}"
    )


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark calls")
    parser.add_argument("--season", choices=SEASONS, default="spring")
    parser.add_argument("--only", help="cases whose names begin so")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    kinds = "".join(f"{kind:>9}" for kind in COLUMNS)
    print(f"Calls of a day in {options.season}; ages in seconds, by day and by night")
    print(
        f"{'':32}{'calls':>7}{'floor':>7}{kinds}{'night':>7}{'day':>6}{'night':>7}  limit"
    )
    results = []
    for case in CASES:
        if case.name.startswith(options.only or ""):
            result = asyncio.run(live(case, options.season))
            results.append(result)
            print(line(result), flush=True)
    print("night: sign-ins while the sun was down")
    if options.json:
        figures = [asdict(each) for each in results]
        options.json.write_text(json.dumps(figures, indent=1))
    return 0
