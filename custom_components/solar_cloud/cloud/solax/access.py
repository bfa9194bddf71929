"""What the account has taught us, so that it need not be asked again every time.

Refusals of live data are kept for an hour, of lists and absences for a day, or until the entry is reloaded. What was once seen (a class of devices, a battery, a yield
counter that counts) survives restarts: it tells a stumbling cloud from a class that is not there.
"""

from collections import defaultdict
from dataclasses import dataclass
import time
from typing import Final

from ..access import Refusals
from ..backoff import doubled
from ..model import Listed
from ..storage import Json, Storage

SECTION: Final = "solax"
RECHECK: Final = 86400.0
FIRST_LOOK: Final = 870.0
NEXT_LOOK: Final = 3270.0
"""Seconds after a refused permission: a quarter of an hour and an hour, less what polls come late by, so that a grant shows within the hour."""
FIRST_BLOCK: Final = 900.0
LONGEST_BLOCK: Final = 4 * 3600.0
BLOCKS_TOLD: Final = 3
"""HTTP 403 that many times in a row is worth telling the user."""

type Gate = tuple[str, ...]
"""An endpoint with what it is asked for: its path, business type and device type."""


@dataclass(slots=True)
class Rest:
    """A gate that stays closed for a while, and why."""

    until: float
    key: str
    permission: str | None = None
    strikes: int = 0


class SolaxAccess:
    """Closed gates, absent classes, devices that are not ours to read, and what was once seen."""

    def __init__(self, storage: Storage) -> None:
        """Take up what earlier runs have seen."""
        self._storage: Final = storage
        self._rests: dict[Gate, Rest] = {}
        self.absent: Final = Refusals[Gate](RECHECK)
        """Classes without members."""
        self.dropped: Final = Refusals[str](RECHECK)
        """Devices and plants that are not ours to read."""
        stored = storage.load(SECTION)
        seen = stored if isinstance(stored, dict) else {}
        self._classes: Final = _texts(seen.get("classes"))
        self._batteries: Final = _texts(seen.get("batteries"))
        self._yields: Final = _texts(seen.get("yields"))
        self._missing: Final = defaultdict[str, Listed](Listed)

    def _as_json(self) -> Json:
        return {
            "classes": list[Json](sorted(self._classes)),
            "batteries": list[Json](sorted(self._batteries)),
            "yields": list[Json](sorted(self._yields)),
        }

    def _remember(self, where: set[str], what: str) -> None:
        if what not in where:
            where.add(what)
            self._storage.delay_save(SECTION, self._as_json)

    # Gates

    def forbid(self, gate: Gate, permission: str, wait: float | None = None) -> None:
        """Ask again soon after a first refusal, then every hour: a service pack is missing, or the cloud stumbled."""
        if wait is None:
            known = self._rests.get(gate)
            wait = NEXT_LOOK if known is not None and known.permission else FIRST_LOOK
        self._rests[gate] = Rest(time.time() + wait, "permission_missing", permission)

    def block(self, gate: Gate) -> None:
        """Stay away from a gate that answers HTTP 403, longer each time."""
        strikes = self._rests[gate].strikes + 1 if gate in self._rests else 1
        wait = doubled(FIRST_BLOCK, strikes - 1, LONGEST_BLOCK)
        self._rests[gate] = Rest(time.time() + wait, "access_blocked", strikes=strikes)

    def open(self, gate: Gate) -> None:
        """Note that a gate let a call through."""
        self._rests.pop(gate, None)

    def resting(self, gate: Gate) -> Rest | None:
        """Return why a gate must not be tried now."""
        rest = self._rests.get(gate)
        return rest if rest is not None and time.time() < rest.until else None

    @property
    def permissions(self) -> frozenset[str]:
        """The service packs found missing and not yet seen to work."""
        return frozenset(
            rest.permission for rest in self._rests.values() if rest.permission
        )

    @property
    def blocked(self) -> bool:
        """Whether a gateway keeps turning us away."""
        return any(rest.strikes >= BLOCKS_TOLD for rest in self._rests.values())

    # Classes of things

    def note_seen(self, gate: Gate) -> None:
        """A class has members: from now on its failure is a failure, not an absence."""
        self.absent.clear(gate)
        self._remember(self._classes, "|".join(gate))

    def seen(self, gate: Gate) -> bool:
        """Whether a class ever had members."""
        return "|".join(gate) in self._classes

    # Batteries

    def note_battery(self, inverter: str) -> None:
        """An inverter has a battery."""
        self._missing.pop(inverter, None)
        self._remember(self._batteries, inverter)

    def has_battery(self, inverter: str) -> bool:
        """Whether an inverter was seen with a battery."""
        return inverter in self._batteries

    def miss_battery(self, inverter: str) -> bool:
        """Note a look in vain; returns whether a battery seen before is still believed in."""
        if inverter not in self._batteries:
            return False
        if not self._missing[inverter].miss():
            return True
        self._batteries.discard(inverter)
        self._storage.delay_save(SECTION, self._as_json)
        return False

    # Counters

    def note_yield(self, inverter: str) -> None:
        """An inverter counts its yield itself."""
        self._remember(self._yields, inverter)

    def counts_yield(self, inverter: str) -> bool:
        """Whether an inverter was ever seen to count its yield."""
        return inverter in self._yields

    def report(self) -> dict[str, Json]:
        """Describe it without an identity."""
        now = time.time()
        return {
            "absent": list[Json](sorted(" ".join(gate) for gate in self.absent)),
            "resting": {
                " ".join(gate): rest.key
                for gate, rest in self._rests.items()
                if now < rest.until
            },
            "dropped": sum(1 for _ in self.dropped),
            "batteries": len(self._batteries),
        }


def _texts(stored: Json) -> set[str]:
    return (
        {each for each in stored if isinstance(each, str)}
        if isinstance(stored, list)
        else set()
    )
