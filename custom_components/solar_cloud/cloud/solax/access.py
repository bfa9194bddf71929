"""What the account has taught us, so that it need not be asked again every time.

Refusals of live data are kept for an hour, of lists and absences for a day, or until the entry is reloaded. What was once seen (a class of devices, a battery, a yield
counter that counts) survives restarts: it tells a stumbling cloud from a class that is not there.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
import time
from typing import Final

from ..access import Refusals
from ..backoff import doubled
from ..model import Listed
from ..serialization import from_json, to_json
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


@dataclass(frozen=True, slots=True)
class Seen:
    """What outlives restarts: classes that ever had members, and the inverters that were seen with a battery, and to count their yield."""

    classes: set[str] = field(default_factory=set)
    batteries: set[str] = field(default_factory=set)
    yields: set[str] = field(default_factory=set)


class SolaxAccess:
    """Closed gates, absent classes, devices that are not ours to read, and what was once seen."""

    def __init__(self, storage: Storage) -> None:
        """Take up what earlier runs have seen."""
        self._storage: Final = storage
        self._rests: dict[Gate, Rest] = {}
        self.absent: Final = Refusals[Gate](RECHECK)
        """Classes without members."""
        self.dropped: Final = Refusals[str](NEXT_LOOK)
        """Devices and plants that are not ours to read."""
        self._seen: Final = from_json(Seen, storage.load(SECTION))
        self._missing: Final = defaultdict[str, Listed](Listed)

    def _save(self) -> None:
        self._storage.delay_save(SECTION, partial(to_json, self._seen))

    def _remember(self, where: set[str], what: str) -> None:
        if what not in where:
            where.add(what)
            self._save()

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

    def ask_again(self) -> None:
        """Let everything that was refused be asked for at once: the user has seen to it."""
        self._rests.clear()
        self.dropped.forget()

    def open(self, gate: Gate) -> None:
        """Note that a gate let a call through; where a gateway kept it closed, the others may be open again, too."""
        rest = self._rests.pop(gate, None)
        if rest is not None and rest.strikes:
            for each in self._rests.values():
                each.until = 0.0 if each.strikes else each.until

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
        """Whether a gateway keeps refusing calls."""
        return any(rest.strikes >= BLOCKS_TOLD for rest in self._rests.values())

    # Classes of things

    def note_seen(self, gate: Gate) -> None:
        """Note that a class has members: a refusal of its list is a failure from now on, not an absence."""
        self.absent.clear(gate)
        self._remember(self._seen.classes, "|".join(gate))

    def seen(self, gate: Gate) -> bool:
        """Whether a class ever had members."""
        return "|".join(gate) in self._seen.classes

    # Batteries

    def note_battery(self, inverter: str) -> None:
        """Note that an inverter has a battery."""
        self._missing.pop(inverter, None)
        self._remember(self._seen.batteries, inverter)

    def has_battery(self, inverter: str) -> bool:
        """Whether an inverter was seen with a battery."""
        return inverter in self._seen.batteries

    def miss_battery(self, inverter: str) -> bool:
        """Note a look in vain; returns whether a battery seen before still counts as there."""
        if inverter not in self._seen.batteries:
            return False
        if not self._missing[inverter].miss():
            return True
        self._seen.batteries.discard(inverter)
        self._save()
        return False

    # Counters

    def note_yield(self, inverter: str) -> None:
        """Note that an inverter counts its yield itself."""
        self._remember(self._seen.yields, inverter)

    def counts_yield(self, inverter: str) -> bool:
        """Whether an inverter was ever seen to count its yield."""
        return inverter in self._seen.yields

    def report(self) -> dict[str, Json]:
        """Describe the memory for diagnostics, without identities."""
        now = time.time()
        return {
            "absent": list[Json](sorted(" ".join(gate) for gate in self.absent)),
            "resting": {
                " ".join(gate): rest.key
                for gate, rest in self._rests.items()
                if now < rest.until
            },
            "dropped": sum(1 for _ in self.dropped),
            "batteries": len(self._seen.batteries),
        }
