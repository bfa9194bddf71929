"""Which alarms were raised and which are over since it was last told, over restarts.

What is open when a plant is read for the first time is how it stands, and no news. Only what a client was answered counts: while nothing can
be read, nothing is over.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
import re
from typing import Final

from ..cloud.model import Alarm, Inventory
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Storage

SECTION: Final = "told_alarms"
MOST_NEWS: Final = 50
"""News of a plant that wait for somebody to tell them to; nobody does while the entity is disabled."""


SHORTEST_ID: Final = 8
"""Characters; a shorter number may be anything."""


def masked(alarms: Iterable[Alarm], inventory: Inventory) -> tuple[Alarm, ...]:
    """Return alarms whose texts name no serial and no other number of the account's devices: they are shown, told and sent on."""
    listed = tuple(alarms)
    if not listed:
        return listed
    numbers = {
        each
        for device in inventory.devices.values()
        for each in (device.id, device.serial, *device.address.values())
        if each and len(each) >= SHORTEST_ID and any(map(str.isdigit, each))
    }
    longest_first = sorted(map(re.escape, numbers), key=len, reverse=True)
    pattern = re.compile("|".join(longest_first) or r"(?!)", re.IGNORECASE)
    return tuple(
        replace(
            alarm,
            name=pattern.sub("…", alarm.name),
            cause=alarm.cause and pattern.sub("…", alarm.cause),
            advice=alarm.advice and pattern.sub("…", alarm.advice),
        )
        for alarm in listed
    )


class AlarmMasking:
    """What may be told of the open alarms of an account, found out once for each: a large account has thousands of numbers."""

    def __init__(self) -> None:
        """Begin without alarms."""
        self._inventory: Inventory | None = None
        self._known: dict[Alarm, Alarm] = {}

    def masked(
        self, alarms: Mapping[str, tuple[Alarm, ...]], inventory: Inventory
    ) -> dict[str, tuple[Alarm, ...]]:
        """Return the alarms of plants without the numbers of the account's devices."""
        if inventory is not self._inventory:
            self._inventory, self._known = inventory, {}
        listed = [alarm for each in alarms.values() for alarm in each]
        fresh = [alarm for alarm in listed if alarm not in self._known]
        known = self._known | dict(zip(fresh, masked(fresh, inventory), strict=True))
        self._known = {alarm: known[alarm] for alarm in listed}
        return {
            key: tuple(self._known[alarm] for alarm in each)
            for key, each in alarms.items()
        }


class AlarmNews(StrEnum):
    """What became of an alarm."""

    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """One alarm that was raised, or is over."""

    news: AlarmNews
    alarm: Alarm


class AlarmJournal:
    """Compares what is open with what was told before."""

    def __init__(self, storage: Storage) -> None:
        """Take up what the last run told."""
        self._storage: Final = storage
        self._told: Final = from_json(
            dict[str, dict[str, Alarm]], storage.load(SECTION)
        )
        self._news: Final[dict[str, deque[AlarmChange]]] = {}

    def note(
        self, alarms: Mapping[str, tuple[Alarm, ...]], inventory: Inventory
    ) -> None:
        """Compare what is open at the chosen plants; one that cannot be read is left as it was."""
        for plant_id, listed in alarms.items():
            if plant_id in inventory.plants:
                self._compare(plant_id, {alarm.id: alarm for alarm in listed})
        if inventory.complete:
            for plant_id in self._told.keys() - inventory.plants.keys():
                del self._told[plant_id]

    def _compare(self, plant_id: str, found: dict[str, Alarm]) -> None:
        known = self._told.get(plant_id)
        if known == found:
            return
        if known is not None:
            news = self._news.setdefault(plant_id, deque(maxlen=MOST_NEWS))
            for key in found.keys() - known.keys():
                news.append(AlarmChange(AlarmNews.RAISED, found[key]))
            for key in known.keys() - found.keys():
                news.append(AlarmChange(AlarmNews.CLEARED, known[key]))
        self._told[plant_id] = found
        self._storage.delay_save(SECTION, partial(to_json, self._told))

    def news(self, plant_id: str) -> Iterator[AlarmChange]:
        """Yield what was not told yet of a plant, each once: what is over, then what is new as it was raised."""
        yield from sorted(self._news.pop(plant_id, ()), key=_order)


def _order(change: AlarmChange) -> tuple[bool, float]:
    return change.news is AlarmNews.RAISED, change.alarm.raised or 0.0
