"""One poll: the calls the plan has due, as far as the windows allow, and one picture of all that is known."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
import logging
import time
from typing import Final

from ..demand import Demand
from ..errors import (
    CloudError,
    CredentialsRejected,
    Paced,
    QuotaExhausted,
    SessionConflict,
    UnexpectedAnswer,
)
from ..model import Inventory, Notice, Quantity, Reading, Slot, Snapshot, Value
from ..points import decode, number, text
from ..polling import run_calls
from ..storage import Json, Storage
from . import STALE_AFTER, models
from .access import ReadAccess
from .alarms import DAYS, SHORT_DAYS, WRONG_LANGUAGE, FusionSolarAlarms
from .api import milliseconds, rows
from .decoder import OFFLINE, FusionSolarDecoder
from .errors import Refused
from .inventory import DeviceRow, FusionSolarInventory
from .limits import ALARMS, DEVICE_NOW, PLANT_DAY, PLANT_NOW
from .points import PLANT, PLANT_TYPE, TABLES
from .readings import FusionSolarReadingCache, Report, day_reports
from .schedule import CYCLE, Batch, CallPlanner
from .session import FusionSolarSession
from .sources import PlantDevices, add_up

LOGGER: Final = logging.getLogger(__name__)
FORM_SECTION: Final = "fusionsolar_types_as_text"
"""Whether the host is known to take types of devices as text, or as numbers."""
NO_DATA: Final = "no_data"
NOT_AUTHORIZED: Final = "not_authorized"
UNSUPPORTED: Final = "unsupported"
CYCLES_KEPT: Final = 3
"""Cycles a device may be missing from the answers before it counts as silent."""
AT_START: Final = 6
"""Calls side by side in the first cycle, whose readings somebody waits for: all of a home. Later ones go one after the other, calmly."""
PLANT_KEPT: Final = 2 * 3600.0 + 600.0
TOLD: Final = frozenset(
    {*(each.slot.quantity for each in PLANT.points), Quantity.PV_ENERGY_TODAY}
)
"""What a call for plants tells; the power of the house is added up here."""
FRESH: Final = CYCLE
"""Seconds for which a plant's figures are of the same moment as those of its devices."""


class FusionSolarPoller:
    """Reads one account, and shows what this poll does not ask as it was last read."""

    def __init__(
        self,
        session: FusionSolarSession,
        lists: FusionSolarInventory,
        decoder: FusionSolarDecoder,
        storage: Storage,
        *,
        owner: bool,
    ) -> None:
        """Take up the readings of the last run; ``owner`` says that the calls come out of an owner's daily thousand."""
        self._session: Final = session
        self._lists: Final = lists
        self._decoder: Final = decoder
        self.cache: Final = FusionSolarReadingCache(storage)
        self._plan: Final = CallPlanner(session.quota, storage, owner=owner)
        self.access: Final = ReadAccess()
        self._reports: dict[str, Report] = {}
        self.alarms: Final = FusionSolarAlarms(storage)
        self._loads: dict[str, tuple[float, float]] = {}
        self.demand = Demand()
        self._storage: Final = storage
        known = storage.load(FORM_SECTION)
        self._types_as_text = known is True
        self._type_form_known = isinstance(known, bool)
        self._learning_form: Final = asyncio.Lock()

    async def poll(self, wanted: Inventory) -> Snapshot:
        """Read what is due; everything else is shown as it was last read, while it is young enough."""
        if self._lists.outdated:
            await self._relist()
        self._plan.alarms_wanted = self.demand.shows_alarms(
            wanted.plants, wanted.devices
        )
        self._plan.plants_needed = any(
            self.demand.needs(plant_id, TOLD) for plant_id in wanted.plants
        )
        batches = self._plan.due(
            self._device_batches(wanted),
            self.access.pack(PLANT_NOW, 0, wanted.plants),
            dark=self._dark(wanted),
        )
        failure, answered = await self._work(batches)
        snapshot = replace(self._snapshot(wanted), answered=answered)
        readable = [
            key
            for key, device in wanted.devices.items()
            if number(device.address.get("type")) in models.READABLE
        ]
        # Plants that were not asked, since an owner's may be so rarely only, are no failure.
        plants_failed = any(batch.bucket == PLANT_NOW for batch in batches)
        known = readable if readable and plants_failed else [*readable, *wanted.plants]
        if failure is not None and (
            snapshot.readings.keys().isdisjoint(known)
            or not isinstance(failure, QuotaExhausted)
            or failure.key not in {Paced.default_key, QuotaExhausted.default_key}
        ):
            raise failure
        return snapshot

    async def _relist(self) -> None:
        try:
            await self._lists.refresh()
        except CredentialsRejected, SessionConflict:
            raise
        except CloudError as err:
            LOGGER.debug("Lists stay as they are: %s", err.key)

    async def _work(self, batches: list[Batch]) -> tuple[CloudError | None, bool]:
        """Make the calls; return the failure if none of them brought anything, or a fault kept all devices from being read.

        And whether any was answered.
        """
        answered: set[str] = set()

        async def read(batch: Batch) -> None:
            await self._read(batch)
            answered.add(batch.bucket)

        result = await run_calls(
            batches,
            read,
            self._failed,
            lambda batch: batch.bucket,
            at_once=self._session.at_once(AT_START) if self._plan.starting else 1,
        )
        for err in result.errors:
            if isinstance(err, SessionConflict):
                raise err
        failure = _telling(result.errors)
        # An alarm or a plant's hourly figures between two such polls are no recovery; a limit closes devices only.
        silent = DEVICE_NOW in {each.bucket for each in batches} - answered
        faulty = silent and not isinstance(failure, QuotaExhausted)
        return failure if faulty or not answered else None, bool(answered)

    async def _read(self, batch: Batch) -> None:
        await {
            DEVICE_NOW: self._read_devices,
            PLANT_NOW: self._read_plants,
            PLANT_DAY: self._read_reports,
            ALARMS: self._read_alarms,
        }[batch.bucket](batch)
        self._lists.reopen(batch.ids)
        self.access.granted(batch)
        self._plan.done(batch)

    def _failed(self, batch: Batch, err: CloudError) -> bool:
        """Note a refusal; what is unreachable now is not asked again: the rest waits for the next poll."""
        if isinstance(err, Refused):
            self.access.refused(batch, err)
            if self.access.outdated:
                self._lists.expire()
                self.access.outdated = False
        elif not isinstance(err, UnexpectedAnswer):
            return True
        self._plan.done(batch)
        return False

    async def _ask_devices(self, batch: Batch) -> dict[str | None, dict[str, Json]]:
        """Return rows by the vendor's ids. Until the form of types is known, one call goes after the other."""
        async with self._learning_form:
            if not self._type_form_known:
                return await self._ask_type(batch)
        return await self._ask_type(batch)

    async def _ask_type(self, batch: Batch) -> dict[str | None, dict[str, Json]]:
        as_text = self._types_as_text
        answer = await self._session.send(
            DEVICE_NOW,
            {
                "devIds": ",".join(batch.ids),
                "devTypeId": str(batch.kind) if as_text else batch.kind,
            },
        )
        found = {text(row.get("devId")): row for row in rows(answer)}
        if self._type_form_known:
            return found
        if found:
            self._type_form_known = True
            self._storage.delay_save(FORM_SECTION, lambda: self._types_as_text)
        else:
            # One host returns nothing for a number and data for its digits.
            self._types_as_text = not as_text
        return found

    async def _read_devices(self, batch: Batch) -> None:
        found = await self._ask_devices(batch)
        for vendor_id in batch.ids:
            key = self._lists.identity(vendor_id)
            device = self._lists.device(key) if key else None
            items = found.get(vendor_id, {}).get("dataItemMap")
            if key and device and device.type == batch.kind and isinstance(items, dict):
                self._accept(key, device, items)

    def _accept(self, key: str, device: DeviceRow, items: Mapping[str, Json]) -> None:
        reading = self._decoder.decode(key, device, items)
        if isinstance(reading, str):
            self.cache.fail((key,), OFFLINE)
            self.cache.drop(key)
        else:
            self._keep(key, reading)

    def _keep(self, key: str, reading: Reading) -> None:
        now = datetime.fromtimestamp(time.time(), UTC)
        self.cache.put(key, replace(reading, heard_at=now, cycle=self._plan.cycle))

    async def _read_plants(self, batch: Batch) -> None:
        answer = await self._session.send(
            PLANT_NOW, {"stationCodes": ",".join(batch.ids)}
        )
        for row in rows(answer):
            code, items = text(row.get("stationCode")), row.get("dataItemMap")
            if code in batch.ids and isinstance(items, dict):
                decoded = decode(PLANT, items, picked=self._picked_of_plants)
                self._decoder.unmapped.setdefault(0, set()).update(decoded.unmapped)
                self._keep(code, decoded.reading(None))

    @property
    def _picked_of_plants(self) -> Collection[str]:
        return self._decoder.picked.get(PLANT_TYPE, ())

    async def _read_reports(self, batch: Batch) -> None:
        answer = await self._session.send(
            PLANT_DAY,
            {"stationCodes": ",".join(batch.ids), "collectTime": milliseconds()},
        )
        self._reports |= day_reports(answer, self._picked_of_plants)

    async def _read_alarms(self, batch: Batch) -> None:
        days = SHORT_DAYS if self.access.span_too_long else DAYS
        query = self.alarms.query(batch.ids, days)
        try:
            answer = await self._session.send(ALARMS, query.body)
        except Refused as err:
            if err.code != WRONG_LANGUAGE:
                raise
            self.alarms.refuse_language()
        else:
            self.alarms.take(batch.ids, query, answer, self._lists.by_serial)

    def _device_batches(self, wanted: Inventory) -> list[Batch]:
        """Pack the devices by type across all plants, those read longest ago first; of one cycle, those of the same plants together."""
        by_type: dict[int, dict[str, tuple[int, float]]] = {}
        for plant_id in wanted.plants:
            for key in wanted.members(plant_id):
                row = self._lists.device(key)
                if (
                    row is not None
                    and row.type in models.READABLE
                    and not self.access.rests(row.type)
                ):
                    by_type.setdefault(row.type, {})[row.id] = self._read_in(key)
        batches: list[tuple[tuple[int, float], int, Batch]] = []
        for kind, read_in in by_type.items():
            for place, ids in enumerate(self.access.pack(DEVICE_NOW, kind, read_in)):
                newest = max(read_in[each] for each in ids)
                batches.append((newest, place, Batch(DEVICE_NOW, kind, ids)))
        return [batch for *_, batch in sorted(batches, key=lambda each: each[:2])]

    def _read_in(self, key: str) -> tuple[int, float]:
        """Return the cycle a device was read in last; of the last run, 0 and when."""
        if (entry := self.cache.get(key)) is None:
            return 0, 0.0
        cycle = entry.reading.cycle
        return (cycle, 0.0) if cycle else (0, entry.read_at)

    def _dark(self, wanted: Inventory) -> bool:
        """Whether every inverter sleeps: no sun on its modules, or nothing heard of it."""
        keys = [
            key
            for key in wanted.devices
            if (row := self._lists.device(key)) is not None
            and row.type in models.INVERTERS
        ]
        return bool(keys) and all(self._sleeps(key) for key in keys)

    def _sleeps(self, key: str) -> bool:
        if key in self.cache.silent:
            return True
        if (entry := self.cache.get(key, self._device_kept)) is None:
            return False
        values = entry.reading.values
        power = values.get(Slot(Quantity.PV_POWER), values.get(Slot(Quantity.AC_POWER)))
        return power == 0

    @property
    def _device_kept(self) -> float:
        return CYCLES_KEPT * max(self._plan.period, CYCLE) + 60.0

    def _snapshot(self, wanted: Inventory) -> Snapshot:
        readings: dict[str, Reading] = {}
        silent: dict[str, str] = {}
        for key in wanted.devices:
            row = self._lists.device(key)
            if row is None or row.type not in models.READABLE:
                continue
            entry = self.cache.get(key, self._device_kept)
            if entry is None:
                silent[key] = self._why_silent(key, row)
            else:
                readings[key] = entry.reading
        stale = self.cache.stale(readings, STALE_AFTER)
        for plant_id in wanted.plants:
            if (reading := self._plant_reading(plant_id, wanted)).values:
                readings[plant_id] = reading
            else:
                silent[plant_id] = (
                    NOT_AUTHORIZED if plant_id in self.access.unauthorized else NO_DATA
                )
        return Snapshot(
            readings,
            silent,
            stale,
            self.alarms.open.of(wanted.plants),
            self._notices(wanted),
            self._plan.resume_after(),
        )

    def _why_silent(self, key: str, row: DeviceRow) -> str:
        if (reason := self.cache.silent.get(key)) is not None:
            return reason
        if row.id in self.access.unauthorized or self.access.denies(
            DEVICE_NOW, row.type
        ):
            return NOT_AUTHORIZED
        return UNSUPPORTED if row.type in self.access.unsupported else NO_DATA

    def _plant_reading(self, plant_id: str, wanted: Inventory) -> Reading:
        """Put together what is known of a plant: the day's report, the totals of the moment, the house's power."""
        values: dict[Slot, Value] = {}
        slow: set[Slot] = set()
        raw: dict[str, float] = {}
        heard_at = None
        report = self._reports.get(plant_id)
        if report is not None and report.current:
            values |= report.values
            slow |= report.values.keys()
            raw |= report.raw
        if (entry := self.cache.get(plant_id, PLANT_KEPT)) is not None:
            values |= entry.reading.values
            raw |= entry.reading.raw
            heard_at = entry.reading.heard_at
            if time.time() - entry.read_at > FRESH:
                slow |= entry.reading.values.keys()
            else:
                slow -= entry.reading.values.keys()
        hardware = PlantDevices(plant_id, wanted)
        ac_today, pv_today = (
            Slot(Quantity.AC_ENERGY_TODAY),
            Slot(Quantity.PV_ENERGY_TODAY),
        )
        if ac_today in values and not hardware.batteries and pv_today not in values:
            values[pv_today] = values[ac_today]
            slow |= {pv_today} if ac_today in slow else set()
        values |= self._load_power(plant_id, hardware)
        return Reading(None, values, heard_at=heard_at, slow=frozenset(slow), raw=raw)

    def _load_power(self, plant_id: str, hardware: PlantDevices) -> dict[Slot, Value]:
        """Return what the house draws; in the middle of a cycle the figure of the last one stays."""

        def live(key: str) -> Reading | None:
            entry = self.cache.get(key, self._device_kept)
            return entry.reading if entry else None

        if (figure := add_up(hardware.house_power, live)) is not None:
            self._loads[plant_id] = (figure, time.time())
        figure, since = self._loads.get(plant_id, (0.0, 0.0))
        young = time.time() - since <= self._device_kept
        return {Slot(Quantity.LOAD_POWER): figure} if young else {}

    def _notices(self, wanted: Inventory) -> frozenset[Notice]:
        found = self._lists.notices | self.access.notices()
        if (used_up := self._session.quota.used_up) is not None:
            # As the error words it: one repair, whichever way it is told.
            found.add(Notice("daily_limit", (*used_up.placeholders.items(),)))
        if self._session.auth.tokens.session_conflict:
            found.add(Notice("session_contested"))
        if wanted.devices and not any(
            number(device.address.get("type")) in TABLES
            for device in wanted.devices.values()
        ):
            found.add(Notice("no_readable_devices"))
        return frozenset(found)

    def report(self) -> dict[str, Json]:
        """Describe what was learnt, without identities."""
        return {
            "cycle": self._plan.cycle,
            "period": self._plan.period,
            "types_as_text": self._types_as_text,
            "unsupported_types": [*self.access.unsupported],
            "unauthorized": len(self.access.unauthorized),
            "offline": len(self.cache.silent),
        }


def _telling(errors: Iterable[CloudError]) -> CloudError | None:
    """Return the first error that is no refusal; after our own pace, which is never why nothing comes, the first that is no limit."""
    failures = [err for err in errors if not isinstance(err, Refused)]
    if failures and isinstance(failures[0], Paced):
        failures.sort(
            key=lambda err: (isinstance(err, QuotaExhausted), isinstance(err, Paced))
        )
    return failures[0] if failures else None
