"""When the session of each EV charger began: what is charged in it is counted from there."""

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ..cloud.model import Quantity as Q, Reading, Slot
from ..cloud.serialization import from_json
from ..cloud.storage import SOON, Storage

SECTION: Final = "sessions"
ENERGY: Final = Slot(Q.CHARGER_ENERGY_SESSION)
DURATION: Final = Slot(Q.CHARGER_SESSION_DURATION)
TOTAL: Final = Slot(Q.CHARGER_ENERGY_TOTAL)
UNSEEN: Final = 0.5
"""kWh by which the lifetime counter must have gained more than the session for another one to have been missed."""
SELDOM: Final = 3600.0
"""Seconds after which what a session gained is written: only its begin is what nobody could tell again."""
DIP: Final = 0.1
"""The share by which an older answer or a rounding may lower an energy; as much as Home Assistant overlooks in a counter."""


@dataclass(frozen=True, slots=True)
class ChargingSession:
    """A session as it was last seen: its begin in epoch seconds, the most kWh it had, and the most kWh that the lifetime counter had from before it.

    ``fell`` is when its energy was first told too low to be its own, in epoch seconds.
    """

    since: float
    energy: float
    before: float | None = None
    fell: float | None = None


class Sessions:
    """The sessions of an account's chargers; a restart in the middle of one begins no other."""

    def __init__(self, storage: Storage) -> None:
        """Take up the sessions of the last run."""
        self._storage: Final = storage
        self._known: Final = from_json(
            dict[str, ChargingSession], storage.load(SECTION)
        )

    def since(self, device_id: str) -> datetime | None:
        """Return when the present session of a charger began."""
        if (session := self._known.get(device_id)) is None:
            return None
        return datetime.fromtimestamp(session.since, UTC)

    def follow(self, readings: MutableMapping[str, Reading], now: datetime) -> None:
        """See where sessions begin: where the counter starts anew, or the lifetime counter gained what this one did not.

        A counter that fell is held for one upload: a single wrong zero would book the whole session a second time.
        """
        for key, reading in readings.items():
            if not isinstance(energy := reading.values.get(ENERGY), float):
                continue
            known = self._known.get(key)
            session = _followed(known, reading, energy, now)
            if session.fell is not None:
                values = {**reading.values, ENERGY: session.energy}
                readings[key] = reading.with_values(values)
            if session != known:
                self._known[key] = session
                goes_on = known and (known.since, known.fell) == (
                    session.since,
                    session.fell,
                )
                self._storage.delay_save(
                    SECTION, lambda: self._known, SELDOM if goes_on else SOON
                )


def _followed(
    known: ChargingSession | None, reading: Reading, energy: float, now: datetime
) -> ChargingSession:
    """Return the session after a reading that tells an energy in kWh."""
    total, told = reading.values.get(TOTAL), _told_at(reading, now)
    before = total - energy if isinstance(total, float) else None
    if known is None:
        return ChargingSession(_begin(reading, now), energy, before)
    if energy < known.energy * (1 - DIP):
        if known.fell is None or told <= known.fell:
            return replace(known, fell=known.fell or told)
        return ChargingSession(min(_begin(reading, now), known.fell), energy, before)
    if (
        before is not None
        and known.before is not None
        and before > known.before + UNSEEN
    ):
        return ChargingSession(_begin(reading, now), energy, before)
    most = max(
        (each for each in (known.before, before) if each is not None), default=None
    )
    return ChargingSession(known.since, max(known.energy, energy), most)


def _told_at(reading: Reading, now: datetime) -> float:
    """Return when a reading was made, in epoch seconds, as far as anybody knows."""
    return min(reading.measured_at or reading.heard_at or now, now).timestamp()


def _begin(reading: Reading, now: datetime) -> float:
    """Return when a session began: its duration tells, else it is the moment it is first seen."""
    lasts = reading.values.get(DURATION)
    at = _told_at(reading, now)
    return at - lasts if isinstance(lasts, float) else at
