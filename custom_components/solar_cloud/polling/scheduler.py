"""When an account is polled: in step with its devices' uploads, and seldom while nothing can happen."""

from collections.abc import Mapping
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
NIGHT: Final = 1380.0
"""Seconds, until the next upload, between polls of plants that do nothing but produce, while the sun is down.

Less than half an hour: so a session that lives that long after its last use does not end, and none has to be signed in for anew.
"""
SEARCH: Final = 24.0
"""Seconds polls come later each time while uploads that tell no time are looked for."""
PATIENT: Final = 150
"""Polls after which those that could not be found are left alone."""

AWAKE: Final = frozenset(
    {
        DeviceKind.BATTERY,
        DeviceKind.METER,
        DeviceKind.CHARGER,
        DeviceKind.ENERGY_MANAGER,
    }
)
"""Devices whose values change at night."""
NIGHTLY: Final = (
    "battery_",
    "charger_",
    "grid_export_",
    "grid_import_",
    "grid_power",
    "load_",
)
"""Quantities that do, on every kind of device."""


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
        if self._sleeps(started) and self._sleeps(started + NIGHT):
            return self._tracker.next_poll(started, NIGHT - self._period)
        if self._searching:
            return started + max(self._period, UPLOADS + SEARCH)
        return self._tracker.next_poll(started)

    def _sleeps(self, at: float) -> bool:
        """Whether all plants only produce, and it is dark over them at that time."""
        owners = (*self._inventory.plants, *self._inventory.devices)
        now = datetime.fromtimestamp(at, UTC)
        return (
            bool(owners)
            and not any(
                device.kind in AWAKE for device in self._inventory.devices.values()
            )
            and not any(
                slot.quantity.startswith(NIGHTLY)
                for key in owners
                for slot in self._seen.slots(key)
            )
            and all(
                is_dark(plant, now, self._place)
                for plant in self._inventory.plants.values()
            )
        )
