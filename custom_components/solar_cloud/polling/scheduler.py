"""When an account is polled: in step with its devices' uploads, and seldom while nothing can happen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ..cloud.model import DeviceKind, Inventory, Snapshot
from ..cloud.serialization import from_json
from ..cloud.storage import LATER, Storage
from ..pipeline.known_slots import KnownSlots
from ..pipeline.timezones import HomeLocation, is_dark
from .upload_detector import UploadDetector
from .upload_period import UPLOADS
from .upload_tracker import UploadTracker

STRIDES: Final = "strides"
SEARCH: Final = 24.0
"""Seconds polls come later each time while uploads that tell no time are looked for."""
PATIENT: Final = 150
"""Polls after which those that could not be found are left alone."""

NIGHT: Final = 1380.0
"""Seconds, until the next upload, between polls of plants that do nothing but produce, while the sun is down.

Less than half an hour: so a session that lives that long after its last use does not end, and none has to be signed in for anew.
"""
HOUSE_NIGHT: Final = 570.0
"""The same where a house draws from the grid and nothing answers it: every second upload, so that one lost answer is still no news."""


@dataclass(frozen=True, slots=True)
class Wakeful:
    """What is awake at night, by kinds of devices and by how quantities of any device begin; and the seconds between polls then."""

    kinds: frozenset[DeviceKind]
    quantities: tuple[str, ...]
    seconds: float


NIGHTS: Final = (
    Wakeful(
        frozenset({DeviceKind.BATTERY, DeviceKind.CHARGER, DeviceKind.ENERGY_MANAGER}),
        ("battery_", "charger_"),
        0.0,
    ),
    Wakeful(
        frozenset({DeviceKind.METER}),
        ("grid_export_", "grid_import_", "grid_power", "load_"),
        HOUSE_NIGHT,
    ),
)
"""The first that is there counts; where none is, plants only produce."""


class PollScheduler:
    """The polls of one account."""

    def __init__(
        self,
        storage: Storage,
        period: float,
        seed: int,
        seen: KnownSlots,
        place: HomeLocation,
    ) -> None:
        """Poll at most every ``period`` seconds; ``seed`` tells installations apart."""
        self._storage: Final = storage
        self._period: Final = period
        self._tracker: Final = UploadTracker(storage, period, seed)
        self._seen: Final = seen
        self._place: Final = place
        self._searched = 0
        self._searching = False
        self._inventory = Inventory({}, {})
        self.night = False
        """Whether polls lie further apart than by day."""
        self._detectors: Final = from_json(
            dict[str, UploadDetector], storage.load(STRIDES)
        )

    def learn(self, snapshot: Snapshot, inventory: Inventory, polled: float) -> None:
        """Take in what a poll brought."""
        self._inventory = inventory
        stamps = {
            key: reading.measured_at.timestamp()
            for key, reading in snapshot.readings.items()
            if key in inventory.devices and reading.measured_at is not None
        }
        if stamps:
            self._searching = False
            self._tracker.learn(stamps, polled)
            return
        self._tracker.learn(self._listen(snapshot, polled), polled, visible=True)
        self._storage.delay_save(STRIDES, lambda: self._detectors, LATER)

    def _listen(self, snapshot: Snapshot, polled: float) -> Mapping[str, float]:
        """Return when uploads of devices that report no time became visible."""
        stamps = {}
        informative = False
        for key in snapshot.readings.keys() & self._inventory.devices.keys():
            detector = self._detectors.setdefault(key, UploadDetector())
            if (at := detector.hear(snapshot.readings[key], polled)) is not None:
                stamps[key] = at
            informative = informative or detector.informative
        if informative:
            self._searched += 1
        elif stamps:
            self._searched = 0
        self._searching = informative and self._searched < PATIENT
        return stamps

    def next_poll(self, started: float) -> float:
        """Return when to poll after a poll that started at a time."""
        night = self._dark(started) and self._dark(started + NIGHT)
        rest = self._night_period() - self._period if night else 0.0
        self.night = rest > 0
        if self.night:
            return self._tracker.next_poll(started, rest)
        if self._searching:
            return started + max(self._period, UPLOADS + SEARCH)
        return self._tracker.next_poll(started)

    def _dark(self, at: float) -> bool:
        """Whether it is dark over all plants at a time."""
        now = datetime.fromtimestamp(at, UTC)
        plants = self._inventory.plants.values()
        return bool(plants) and all(
            is_dark(plant, now, self._place) for plant in plants
        )

    def _night_period(self) -> float:
        """Return the seconds between polls in the dark, by what is awake then."""
        kinds = {device.kind for device in self._inventory.devices.values()}
        quantities = {
            slot.quantity
            for key in (*self._inventory.plants, *self._inventory.devices)
            for slot in self._seen.slots(key)
        }
        for each in NIGHTS:
            if kinds & each.kinds or any(
                quantity.startswith(each.quantities) for quantity in quantities
            ):
                return each.seconds
        return NIGHT
