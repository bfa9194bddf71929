"""The lists of plants and devices: read rarely, kept over restarts, never shortened by one answer."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
import re
import time
from typing import Final

from ..access import Batcher
from ..errors import (
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    RetryLater,
    UnexpectedAnswer,
)
from ..model import Device, Inventory, Listed, Notice, Plant
from ..paging import Page, read_list
from ..points import number, text
from ..storage import Json, Storage
from . import models
from .access import OWNER_NOTICE, denied_notice
from .api import rows
from .errors import ErrorAction, Refused
from .limits import BATCH, DEVICES, STATIONS, set_windows
from .session import FusionSolarSession

SECTION: Final = "fusionsolar_lists"
KEPT_SECONDS: Final = 10 * 3600.0
"""Lists younger than this are not read again: a reload an hour would use up the day's calls."""
RELIST_SECONDS: Final = 3600.0
"""Least time between lists when the vendor says that they are out of date."""
RETRY_SECONDS: Final = 600.0
BASIC: Final = "Basic APIs"
"""The set of permissions as Northbound Management calls it."""


@dataclass(slots=True)
class PlantRow(Listed):
    """What is kept of a plant."""

    code: str = field(repr=False)
    name: str = field(repr=False)
    capacity: float | None
    offset: str | None = None
    """UTC offset on the day it was connected."""


@dataclass(slots=True)
class DeviceRow(Listed):
    """What is kept of a device."""

    id: str = field(repr=False)
    dn: str | None = field(repr=False)
    serial: str | None = field(repr=False)
    type: int
    plant: str = field(repr=False)
    model: str | None
    firmware: str | None
    optimizers: int | None = None


class FusionSolarInventory:
    """The account's plants and devices."""

    def __init__(self, session: FusionSolarSession, storage: Storage) -> None:
        """Take up the lists of the last run."""
        self._session: Final = session
        self._storage: Final = storage
        self._plants: dict[str, PlantRow] = {}
        self._devices: dict[str, DeviceRow] = {}
        self._outstanding: set[str] = set()
        self._closed: set[str] = set()
        """Plants whose owner has not allowed their devices to be listed."""
        self._swept_at = 0.0
        self._outdated = False
        self._whole = False
        self._batcher: Final = Batcher(BATCH, 2 * RELIST_SECONDS)
        self._lock: Final = asyncio.Lock()
        self.notices: set[Notice] = set()
        self._by_id: dict[str, DeviceRow] = {}
        self._identities: dict[str, str] = {}
        """The other way round."""
        self._restore()

    def device(self, device_id: str) -> DeviceRow | None:
        """Return how the vendor addresses one of our devices at present; a replaced one keeps its serial and gets a new id."""
        return self._by_id.get(device_id)

    def identity(self, vendor_id: str) -> str | None:
        """Return our identity of the device that the vendor calls so."""
        return self._identities.get(vendor_id)

    def by_serial(self, serial: str | None) -> str | None:
        """Return the identity of the device with a serial."""
        if serial is None:
            return None
        return next(
            (key for key, row in self._by_id.items() if row.serial == serial), None
        )

    def expire(self) -> None:
        """Note that the vendor says the lists are out of date."""
        self._outdated = True

    def reopen(self, plants: Iterable[str]) -> None:
        """Owners have allowed access: the devices of their plants are listed with the next look."""
        opened = self._closed.intersection(plants)
        self._closed -= opened
        self._outstanding |= opened
        self._batcher.retry(opened)

    @property
    def outdated(self) -> bool:
        """Whether the vendor said so, and the last lists are old enough to ask again."""
        return self._outdated and time.time() - self._swept_at >= RELIST_SECONDS

    async def inventory(self) -> Inventory:
        """Return the lists, reading what is due."""
        wait: float | None = None
        try:
            await self.refresh()
        except CredentialsRejected:
            raise
        except (RetryLater, CloudUnreachable, UnexpectedAnswer) as err:
            if not self._plants:
                raise
            wait = err.retry_after if isinstance(err, RetryLater) else RETRY_SECONDS
        complete = self._whole and not self._outstanding and wait is None
        return Inventory(
            {row.code: _plant(row) for row in self._plants.values()},
            {key: _device(key, row) for key, row in self._by_id.items()},
            complete,
            wait,
        )

    async def refresh(self) -> None:
        """Read the lists as far as they are due and the limits allow. Raises a ``CloudError`` where it has to stop."""
        async with self._lock:
            await self._refresh()

    async def _refresh(self) -> None:
        if self.outdated or time.time() - self._swept_at >= KEPT_SECONDS:
            await self._list_plants()
            self._outdated = False
        try:
            while self._outstanding and (
                batches := self._batcher.pack(sorted(self._outstanding))
            ):
                await self._list_devices(batches[0])
        finally:
            self._index()

    async def _list_plants(self) -> None:
        listing = await read_list(self._page_of_plants)
        self._accept_plants({row.code: row for row in listing.rows})

    async def _page_of_plants(self, page: int) -> Page[PlantRow]:
        try:
            answer = await self._session.send(STATIONS, {"pageNo": page})
        except Refused as err:
            if err.reaction is ErrorAction.RELIST:
                return Page([])  # 20007: nothing there
            if err.reaction in (ErrorAction.NOT_ALLOWED, ErrorAction.OWNER):
                raise PermissionMissing(BASIC) from None
            raise
        pages = number(answer.get("pageCount")) if isinstance(answer, dict) else None
        listed = [
            PlantRow(
                code,
                text(row.get("plantName")) or "FusionSolar",
                number(row.get("capacity")),
                _offset(row.get("gridConnectionDate")),
            )
            for row in rows(answer, "list")
            if (code := text(row.get("plantCode"))) is not None
        ]
        return Page(listed, int(pages or page))

    def _accept_plants(self, found: dict[str, PlantRow]) -> None:
        nothing = Notice("no_plants_visible")
        self._whole = bool(found) or not self._plants
        self.notices.discard(nothing)
        if self._plants and not found:
            self.notices.add(nothing)
        else:
            for code, row in self._plants.items():
                if code not in found and not row.miss():
                    found[code] = row
            self._plants = found
        self._devices = {
            key: row for key, row in self._devices.items() if row.plant in self._plants
        }
        self._swept_at = time.time()
        self._outstanding, self._closed = set(self._plants), set()
        set_windows(self._session.quota, len(self._plants), self._counts())
        self._storage.delay_save(SECTION, self._as_json)

    async def _list_devices(self, batch: tuple[str, ...]) -> None:
        try:
            answer = await self._session.send(
                DEVICES, {"stationCodes": ",".join(batch)}
            )
        except Refused as err:
            match err.reaction:
                case ErrorAction.OWNER | ErrorAction.RELIST:
                    if self._batcher.mark_failed(batch):
                        self._outstanding -= set(batch)
                        self._whole = False
                        if err.reaction is ErrorAction.OWNER:
                            self._closed |= set(batch)
                            self.notices.add(OWNER_NOTICE)
                case ErrorAction.NOT_ALLOWED:
                    self._outstanding.clear()
                    self._whole = False
                    self.notices.add(denied_notice(DEVICES))
                case ErrorAction.EMPTY:
                    self._outstanding -= set(batch)
                case _:
                    raise
        else:
            self._batcher.mark_ok(batch)
            self._outstanding -= set(batch)
            if not self._closed:
                self.notices.discard(OWNER_NOTICE)
            self.notices.discard(denied_notice(DEVICES))
            self._accept_devices(set(batch), rows(answer))
        self._storage.delay_save(SECTION, self._as_json)

    def _accept_devices(
        self, plants: set[str], answer: Iterable[dict[str, Json]]
    ) -> None:
        found = {
            row.id: row
            for each in answer
            if (row := _device_row(each)) is not None and row.plant in plants
        }
        serials = {row.serial for row in found.values() if row.serial}
        for key, row in list(self._devices.items()):
            if row.plant in plants and key not in found:
                if row.miss() or row.serial in serials:
                    del self._devices[key]
        self._devices |= found
        set_windows(self._session.quota, len(self._plants), self._counts())

    def _counts(self) -> dict[int, int]:
        counts: dict[int, int] = {}
        for row in self._devices.values():
            if row.type in models.READABLE:
                counts[row.type] = counts.get(row.type, 0) + 1
        return counts

    def _index(self) -> None:
        """Give each device its identity: the serial survives re-registration, names and ids do not."""
        serials: dict[str, int] = {}
        for row in self._devices.values():
            if row.serial:
                serials[row.serial] = serials.get(row.serial, 0) + 1
        self._by_id = {
            (row.serial if row.serial and serials[row.serial] == 1 else None)
            or row.dn
            or row.id: row
            for row in self._devices.values()
        }
        self._identities = {row.id: key for key, row in self._by_id.items()}

    def _as_json(self) -> Json:
        return {
            "swept_at": self._swept_at,
            "whole": self._whole,
            "plants": [asdict(row) for row in self._plants.values()],
            "devices": [asdict(row) for row in self._devices.values()],
            "outstanding": [*sorted(self._outstanding)],
            "closed": [*sorted(self._closed)],
        }

    def _restore(self) -> None:
        stored = self._storage.load(SECTION)
        if not isinstance(stored, dict):
            return
        try:
            for each in rows(stored, "plants"):
                plant = PlantRow(**each)  # type: ignore[arg-type]
                self._plants[plant.code] = plant
            for each in rows(stored, "devices"):
                device = DeviceRow(**each)  # type: ignore[arg-type]
                self._devices[device.id] = device
        except TypeError:  # written by another version
            self._plants, self._devices = {}, {}
            return
        self._swept_at = number(stored.get("swept_at")) or 0.0
        self._whole = stored.get("whole") is True
        for known, codes in (
            (self._outstanding, stored.get("outstanding")),
            (self._closed, stored.get("closed")),
        ):
            if isinstance(codes, list):
                known |= {str(code) for code in codes} & set(self._plants)
        if self._closed:
            self.notices.add(OWNER_NOTICE)
        set_windows(self._session.quota, len(self._plants), self._counts())
        self._index()


def _device_row(row: dict[str, Json]) -> DeviceRow | None:
    device_id, plant = text(row.get("id")), text(row.get("stationCode"))
    device_type = number(row.get("devTypeId"))
    if device_id is None or plant is None or device_type is None:
        return None
    return DeviceRow(
        device_id,
        text(row.get("devDn")),
        text(row.get("esnCode")),
        int(device_type),
        plant,
        text(row.get("model"))
        or text(row.get("invType"))
        or models.NAMES.get(int(device_type)),
        text(row.get("softwareVersion")),
        None if (count := number(row.get("optimizerNumber"))) is None else int(count),
    )


def _offset(connected: Json) -> str | None:
    """Read the one hint at a plant's time zone: the offset in the date of its connection to the grid."""
    if not isinstance(connected, str):
        return None
    found = re.search(r"T.*(Z|[+-]\d\d:?\d\d)$", connected.strip())
    return None if found is None else f"UTC{found[1].replace('Z', '+00:00')}"


def _plant(row: PlantRow) -> Plant:
    return Plant(
        id=row.code,
        name=row.name,
        # Does not follow daylight saving: ``pipeline/timezones.py`` compares it with zones that do.
        time_zone=row.offset,
        pv_capacity=None if row.capacity is None else row.capacity * 1000,
        address={"code": row.code},
    )


def _device(key: str, row: DeviceRow) -> Device:
    return Device(
        id=key,
        plant_id=row.plant,
        kind=models.kind_of(row.type),
        model=row.model,
        serial=row.serial,
        firmware=row.firmware,
        rated_power=models.rated_power(row.type, row.model),
        capacity=models.capacity(row.type, row.model),
        correctable=row.type in models.CORRECTABLE,
        reports=row.type in models.READABLE,
        address={
            "id": row.id,
            "type": str(row.type),
            **({"dn": row.dn} if row.dn else {}),
        },
    )
