"""Reading an account: what is due, as far as the limits allow, as one picture (sungrow.md §4.4, §4.5, §7)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
import time
from typing import Final

from ..catalogue import PickedPoints
from ..corrections import DeviceCorrection
from ..demand import Demand
from ..errors import CloudError, CloudUnreachable, PermissionMissing
from ..model import Device, Inventory, Notice, Reading, Slot, Snapshot, Value
from ..points import number, text
from ..polling import PollResult, ReadingCache, run_calls
from ..quota import DAY
from ..serialization import from_json
from ..storage import Json, Storage
from . import STALE_AFTER
from .access import PointMemory, PointSelection
from .alarms import SungrowAlarms
from .api import Operation
from .decoder import filled, read
from .errors import BARRED_FOR, EndpointMissing, RequestRefused
from .inventory import STORAGE
from .points import (
    BATTERY_TYPE,
    DEVICE_TYPES,
    EVERY_POLL,
    OPTIMIZER_TYPE,
    PLANT_POINTS,
    PLANT_TYPE,
    SLOW,
    SUN_DRIVEN,
    TWENTY_MINUTES,
    DeviceType,
)
from .readings import (
    OVERVIEW,
    Fields,
    SungrowPoll,
    chunks,
    merge,
    missing,
    plant_of,
    read_overview,
    rows,
)
from .schedule import CALLS_PER_PLANT, Schedule, ScheduledCall
from .session import SungrowSession
from .timestamps import PlantClocks, parse_time

OVERVIEW_EVERY: Final = 3540.0
CALM: Final = 1740.0
"""Seconds between looks at alarms while no device reports a fault; one that begins to, or ceases, has the next poll look."""
FAULTY: Final = frozenset({1.0, 2.0})
"""``dev_fault_status`` of a device with a fault or an alarm."""
RETRY: Final = 580.0
"""Seconds after which a call is made again that failed and is not due for longer: with the next poll but one."""
GIVE_UP_AFTER: Final = 2
"""Calls without an answer, or not allowed, after which a poll asks no more: each may cost half a minute, and all will end alike."""
AT_ONCE: Final = 25
"""Rows that are decoded before others get their turn."""
STORAGE_SECTION: Final = "storage"
CAPACITY: Final = "p13140"


class SungrowPoller:
    """Reads one account, remembering what this poll does not ask."""

    def __init__(self, session: SungrowSession, storage: Storage) -> None:
        """Take up what the last run learnt."""
        self._session: Final = session
        self._storage: Final = storage
        self._points: Final = PointMemory(storage)
        self._clocks: Final = PlantClocks(storage)
        self._choice: Final = PointSelection(storage)
        self._schedule: Final = Schedule()
        self.alarms: Final = SungrowAlarms(session, storage, self._clocks)
        self._with_battery: Final = from_json(set[str], storage.load(STORAGE_SECTION))
        self.corrections: Mapping[str, DeviceCorrection] = {}
        self.demand = Demand()
        self.picked: PickedPoints = {}
        self.refused_points: frozenset[str] = frozenset()
        self.unmapped: Final[set[str]] = set()
        self.cache: Final = ReadingCache()
        self._overview: dict[str, dict[Slot, Value]] = {}
        self._notices: Final[dict[str, Notice]] = {}
        self._faulty: Final[set[str]] = set()
        self._starting = True

    async def poll(self, wanted: Inventory) -> Snapshot:
        """Ask what is due and return the whole picture. Raises a ``CloudError`` when nothing could be asked."""
        poll = SungrowPoll(
            wanted,
            datetime.fromtimestamp(time.time(), UTC),
            most_points=self._points.most,
        )
        tasks = list(self._tasks(poll))
        budget = CALLS_PER_PLANT * max(1, len(wanted.plants))
        due = self._schedule.due(tasks, poll.now.timestamp(), budget)
        # The first readings somebody waits for; later ones are asked calmly, one after the other.
        at_once, self._starting = (
            self._session.most_at_once if self._starting else 1,
            False,
        )
        result = await run_calls(
            due,
            partial(self._make, poll),
            partial(self._failed, poll),
            at_once=at_once,
        )
        if result.errors and not poll.succeeded and any(task.fast for task in due):
            raise result.errors[0]
        return await self._picture(poll, result)

    async def try_live(self, wanted: Inventory, *, again: bool) -> None:
        """Ask for one plant's values; ``again`` makes what was refused due, too. Raises a ``CloudError``."""
        if again:
            self._schedule.hurry(self._notices)
        poll = SungrowPoll(wanted, datetime.fromtimestamp(time.time(), UTC))
        await self._ask_plants(poll, [*wanted.plants][:1])

    async def _make(self, poll: SungrowPoll, task: ScheduledCall) -> None:
        await task.run()
        poll.succeeded = poll.succeeded or task.fast
        self._notices.pop(task.key, None)
        self._schedule.done(task, poll.now.timestamp())

    def _failed(self, poll: SungrowPoll, task: ScheduledCall, err: CloudError) -> bool:
        """Mark the owners as silent; an endpoint that is not for this account is not called for a while."""
        poll.silent |= dict.fromkeys(task.owners, err.key)
        poll.unanswered += isinstance(err, CloudUnreachable | PermissionMissing)
        if isinstance(err, RequestRefused) and self._points.most >= poll.most_points:
            self._points.halve()
        if not task.fast:
            self._rest(task, poll.now.timestamp(), err)
        return poll.unanswered >= GIVE_UP_AFTER

    def _rest(self, task: ScheduledCall, now: float, err: CloudError) -> None:
        """Make a slow call that failed again soon, one that is not for this account a day later: not one that nothing could be signed in for."""
        if isinstance(err, PermissionMissing):
            self._notices[task.key] = Notice(
                "permission_missing", (("permission", err.permission),)
            )
        denied = (
            isinstance(err, PermissionMissing | EndpointMissing)
            and err.key not in BARRED_FOR
            and not self._session.tokenless
        )
        wait = DAY if denied else min(RETRY, task.every)
        self._schedule.done(task, now, wait - task.every)

    # What there is to ask

    def _tasks(self, poll: SungrowPoll) -> Iterator[ScheduledCall]:
        plants = list(poll.wanted.plants)
        if not plants:
            return
        yield ScheduledCall(
            "plants",
            EVERY_POLL,
            self._calls(PLANT_POINTS, plants),
            partial(self._ask_plants, poll, plants),
            frozenset(plants),
        )
        for kind in DEVICE_TYPES.values():
            devices = [
                device
                for device in poll.wanted.devices.values()
                if device.address.get("type") == str(kind.number)
            ]
            if devices and not self._asleep(kind, devices):
                yield ScheduledCall(
                    f"type {kind.number}",
                    kind.every,
                    self._calls(kind, [device.id for device in devices]),
                    partial(self._ask_devices, poll, kind, devices),
                    frozenset(device.id for device in devices),
                )
        if self.demand.shows_alarms(plants, poll.wanted.devices):
            every = SLOW if self._faulty else CALM
            yield ScheduledCall("alarms", every, 1, partial(self._ask_alarms, poll))
        # In the dark nothing is earned.
        told = self.demand.night and self._overview
        if self.demand.shows(plants, OVERVIEW) and not told:
            yield ScheduledCall(
                "overview", OVERVIEW_EVERY, 1, partial(self._ask_overview, poll)
            )

    def _asleep(self, kind: DeviceType, devices: Iterable[Device]) -> bool:
        """Whether the devices of a type do nothing in the dark, and were read a while ago."""
        return (
            self.demand.night
            and kind.number in SUN_DRIVEN
            and all(self.cache.get(each.id, TWENTY_MINUTES) for each in devices)
        )

    def _calls(self, kind: DeviceType, owners: list[str]) -> int:
        points = self._wanted_points(kind, owners) + self._picked(kind)
        return self._points.calls(str(kind.number), points) * len(list(chunks(owners)))

    def _wanted_points(
        self, kind: DeviceType, owners: Iterable[str]
    ) -> tuple[str, ...]:
        """Return the ids somebody needs; at least one, for with it comes the time of the device."""
        rows = zip(kind.point_ids, kind.table.points, strict=True)
        told = {row.quantity for row in kind.table.points}
        wanted = [
            each
            for each, row in rows
            if self.demand.wants(owners, row.slot)
            or self.demand.makes(row.quantity, told)
        ]
        return tuple(wanted) or kind.point_ids[:1]

    def _picked(self, kind: DeviceType) -> tuple[str, ...]:
        """Return the points the user picked of a type."""
        key = str(kind.number)
        return () if key in self.refused_points else tuple(self.picked.get(key, ()))

    async def _ask_points(
        self,
        kind: DeviceType,
        owners: Collection[str],
        ask: Callable[[list[str]], Awaitable[None]],
    ) -> None:
        """Ask for the points of a type, call by call; what was picked comes along, unless the cloud refuses the call for it."""
        key, wanted = str(kind.number), self._wanted_points(kind, owners)
        picked = self._picked(kind)
        try:
            for points in self._points.chunks(key, wanted + picked):
                await ask(points)
        except RequestRefused:
            if not picked:
                raise
            self.refused_points |= {key}
            for points in self._points.chunks(key, wanted):
                await ask(points)

    async def _ask_plants(self, poll: SungrowPoll, plants: list[str]) -> None:
        for chunk in chunks(plants):
            await self._ask_points(
                PLANT_POINTS, chunk, partial(self._ask_plant_points, poll, chunk)
            )
        missing(poll, plants)

    async def _ask_plant_points(
        self, poll: SungrowPoll, chunk: list[str], points: list[str]
    ) -> None:
        keys = {f"{plant_id}_{PLANT_TYPE}_0_0": plant_id for plant_id in chunk}
        body: dict[str, Json] = {"point_id_list": [*points]}
        if self._session.api_version.live_list:
            body["device_type"] = PLANT_TYPE
            body["ps_key_list"] = [*keys]
        else:
            body["ps_id_list"] = [*chunk]
        for fields in rows(await self._session.call(Operation.PLANT_VALUES, body)):
            plant_id = keys.get(text(fields.get("ps_key")) or "") or text(
                fields.get("ps_id")
            )
            if plant_id is not None and plant_id in poll.wanted.plants:
                merge(poll.rows, plant_id, fields)

    async def _ask_devices(
        self, poll: SungrowPoll, kind: DeviceType, devices: list[Device]
    ) -> None:
        by_key = {device.address["ps_key"]: device.id for device in devices}
        for keys in chunks(list(by_key)):
            chunk = {key: by_key[key] for key in keys}
            await self._ask_points(
                kind,
                chunk.values(),
                partial(self._ask_device_points, poll, kind, chunk),
            )
        missing(poll, by_key.values())

    async def _ask_device_points(
        self,
        poll: SungrowPoll,
        kind: DeviceType,
        by_key: Mapping[str, str],
        points: list[str],
    ) -> None:
        optimizers = kind.number == OPTIMIZER_TYPE
        operation = (
            Operation.OPTIMIZER_VALUES if optimizers else Operation.DEVICE_VALUES
        )
        body: dict[str, Json] = {
            "point_id_list": [f"p{point}" if optimizers else point for point in points],
            "ps_key_list": [*by_key],
        }
        if not optimizers:
            body["device_type"] = kind.number
        for fields in rows(await self._session.call(operation, body)):
            device_id = by_key.get(text(fields.get("ps_key")) or "")
            if device_id is not None:
                merge(poll.rows, device_id, fields)
                self._points.note(str(kind.number), filled(fields))

    async def _ask_alarms(self, poll: SungrowPoll) -> None:
        poll.alarms = await self.alarms.ask()

    async def _ask_overview(self, poll: SungrowPoll) -> None:
        poll.overview = await read_overview(self._session)

    # What came of it

    async def _picture(self, poll: SungrowPoll, result: PollResult) -> Snapshot:
        wanted = (*poll.wanted.plants, *poll.wanted.devices)
        self._learn_storage(poll)
        self._set_clocks(poll)
        self._note_faults(poll)
        for count, (key, fields) in enumerate(poll.rows.items(), 1):
            self.cache.put(key, self._read(poll, key, fields))
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        self.cache.silent.update(poll.silent)
        if poll.alarms is not None:
            self.alarms.take(poll.alarms, poll.wanted)
        self._overview = self._overview if poll.overview is None else poll.overview
        readings = {key: reading for key in wanted if (reading := self.cache.live(key))}
        for plant_id in poll.wanted.plants:
            if plant_id in readings:
                readings[plant_id] = self._with_overview(
                    plant_id, readings, poll.wanted
                )
        return Snapshot(
            readings,
            {key: reason for key, reason in self.cache.silent.items() if key in wanted},
            self.cache.stale(
                {key: each for key, each in readings.items() if each.measured_at},
                STALE_AFTER,
            ),
            self.alarms.open.of(poll.wanted.plants),
            frozenset(self._notices.values()),
            result.resume_after,
            bool(result.succeeded),
        )

    def _learn_storage(self, poll: SungrowPoll) -> None:
        """Remember which plants have a battery: others report zeros for one (sungrow.md §7.2 #18)."""
        found = {
            device.plant_id
            for device in poll.wanted.devices.values()
            if (number(poll.rows.get(device.id, {}).get(CAPACITY)) or 0) > 0
        } | {
            plant.id
            for plant in poll.wanted.plants.values()
            if STORAGE in plant.address
        }
        if not found <= self._with_battery:
            self._with_battery.update(found)
            self._storage.delay_save(
                STORAGE_SECTION, lambda: [*sorted(self._with_battery)]
            )

    def _note_faults(self, poll: SungrowPoll) -> None:
        """Have alarms read with the next poll where this one read none and a device began, or ceased, to report a fault."""
        faulty = {
            key
            for key, fields in poll.rows.items()
            if number(fields.get("dev_fault_status")) in FAULTY
        }
        if poll.alarms is None and faulty != self._faulty & poll.rows.keys():
            self._schedule.hurry(["alarms"])
        self._faulty.difference_update(poll.rows)
        self._faulty.update(faulty)

    def _set_clocks(self, poll: SungrowPoll) -> None:
        """Tell each plant's clock the newest local time of its devices."""
        newest: dict[str, datetime] = {}
        for key, fields in poll.rows.items():
            local = parse_time(fields.get("device_time"))
            plant_id = plant_of(poll.wanted, key)
            if local is not None:
                newest[plant_id] = max(local, newest.get(plant_id, local))
        for plant_id, local in newest.items():
            zone = poll.wanted.plants[plant_id].address.get("zone")
            self._clocks.observe(plant_id, local, poll.now, zone)

    def _read(self, poll: SungrowPoll, key: str, fields: Fields) -> Reading:
        plant_id = plant_of(poll.wanted, key)
        local = parse_time(fields.get("device_time"))
        device = poll.wanted.devices.get(key)
        kind = (
            PLANT_POINTS
            if device is None
            else DEVICE_TYPES[int(device.address["type"])]
        )
        if device is None:
            fields = self._choice.settle(key, kind.table, fields)
        reading, unmapped = read(
            kind.table,
            fields,
            self._clocks.of(plant_id).stamp(local, poll.now) if local else None,
            storage=plant_id in self._with_battery or kind.number == BATTERY_TYPE,
            correction=self.corrections.get(key),
            picked=self.picked.get(str(kind.number), ()),
        )
        self.unmapped.update(f"{kind.number}.{name}" for name in unmapped)
        return reading

    def offset(self, plant_id: str) -> timedelta | None:
        """Return how far a plant's local time is from UTC, once its data have shown it."""
        return self._clocks.of(plant_id).offset

    def past_reading(
        self,
        key: str,
        inventory: Inventory,
        kind: DeviceType,
        fields: Fields,
        measured_at: datetime,
        points: Collection[str] = (),
    ) -> Reading:
        """Decode a row of the past like one of now, with these points as they are told."""
        reading, _ = read(
            kind.table,
            fields,
            measured_at,
            storage=plant_of(inventory, key) in self._with_battery
            or kind.number == BATTERY_TYPE,
            correction=self.corrections.get(key),
            picked=points,
        )
        return reading

    def _with_overview(
        self, plant_id: str, readings: Mapping[str, Reading], wanted: Inventory
    ) -> Reading:
        """Add what the list says; a plant without a time of its own is as new as its newest device."""
        own = readings[plant_id]
        times = [
            reading.measured_at
            for key, reading in readings.items()
            if (device := wanted.devices.get(key)) is not None
            and device.plant_id == plant_id
            and reading.measured_at is not None
        ]
        return replace(
            own,
            measured_at=own.measured_at or max(times, default=None),
            values={**own.values, **self._overview.get(plant_id, {})},
        )

    def report(self) -> dict[str, Json]:
        """Describe what was learnt, without identities."""
        return {
            "points_per_call": self._points.most,
            "plants_with_storage": len(self._with_battery),
            "unmapped_points": [*sorted(self.unmapped)],
            "refused_points": [*sorted(self.refused_points)],
            "silent": [*sorted(set(self.cache.silent.values()))],
        }
