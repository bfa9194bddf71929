"""When the session of each EV charger began: what is charged in it is counted from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from ..cloud.model import Quantity as Q, Reading, Slot
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Storage

SECTION: Final = "sessions"
ENERGY: Final = Slot(Q.CHARGER_ENERGY_SESSION)
DURATION: Final = Slot(Q.CHARGER_SESSION_DURATION)
TOTAL: Final = Slot(Q.CHARGER_ENERGY_TOTAL)
UNSEEN: Final = 0.5
"""kWh by which the lifetime counter must have gained more than the session for another one to have been missed."""
DIP: Final = 0.1
"""The share by which an older answer or a rounding may lower an energy; as much as Home Assistant overlooks in a counter."""


@dataclass(frozen=True, slots=True)
class ChargingSession:
    """A session as it was last seen: its begin in epoch seconds, the most kWh it had, and the most kWh that the lifetime counter had from before it."""

    since: float
    energy: float
    before: float | None = None


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

    def follow(self, readings: Mapping[str, Reading], now: datetime) -> None:
        """See where sessions begin: where the counter starts anew, or the lifetime counter gained what this one did not."""
        for key, reading in readings.items():
            energy, total = reading.values.get(ENERGY), reading.values.get(TOTAL)
            if not isinstance(energy, float):
                continue
            before = total - energy if isinstance(total, float) else None
            known = self._known.get(key)
            if known is None or _is_another(known, energy, before):
                session = ChargingSession(_begin(reading, now), energy, before)
            else:
                most = max(
                    (each for each in (known.before, before) if each is not None),
                    default=None,
                )
                session = ChargingSession(known.since, max(known.energy, energy), most)
            if session != known:
                self._known[key] = session
                self._storage.delay_save(SECTION, partial(to_json, self._known))


def _is_another(known: ChargingSession, energy: float, before: float | None) -> bool:
    """Whether an energy is of another session than the known one; nobody need have seen that begin."""
    if energy < known.energy * (1 - DIP):
        return True
    return (
        before is not None
        and known.before is not None
        and before > known.before + UNSEEN
    )


def _begin(reading: Reading, now: datetime) -> float:
    """Return when a session began: its duration tells, else it is the moment it is first seen."""
    lasts = reading.values.get(DURATION)
    at = min(reading.measured_at or now, now).timestamp()
    return at - lasts if isinstance(lasts, float) else at
