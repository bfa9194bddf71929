"""How often one device may be changed: an automation that storms wears the memory of an inverter and the contactor of a charger."""

from functools import partial
import time
from typing import Final

from ..cloud.control import Command, Control, ControlAction, RenewBattery, StopBattery
from ..cloud.errors import CommandInvalid
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Storage

SECTION: Final = "writes"
WRITES_PER_DAY: Final = 150
"""One every ten minutes."""
DAY: Final = 86400.0
RESERVE: Final = 30
"""More for ends of forced modes that were begun elsewhere, in the vendor's app for example."""
ENDS: Final = frozenset({Control.EXIT_REMOTE_CONTROL, Control.STOP_FORCED_CHARGE})
ENDING: Final = frozenset({(Control.BATTERY_COMMAND, "stop")})


class WriteLimiter:
    """Writes by device within the last 24 hours."""

    def __init__(self, storage: Storage) -> None:
        """Take up the counts of the last run."""
        self._storage: Final = storage
        self._writes: Final = from_json(dict[str, list[float]], storage.load(SECTION))

    def used(self, device_id: str) -> int:
        """Return how often a device was changed in 24 hours."""
        since = time.time() - DAY
        recent = [at for at in self._writes.get(device_id, []) if at > since]
        self._writes[device_id] = recent
        return len(recent)

    def spent(self) -> frozenset[str]:
        """Return the devices that take no more changes for now."""
        return frozenset(
            device_id
            for device_id in list(self._writes)
            if self.used(device_id) >= WRITES_PER_DAY
        )

    def acquire(
        self, device_id: str, what: Command | ControlAction, *, forced: bool
    ) -> None:
        """Count a write, or raise ``CommandInvalid``.

        The end of a forced mode that is on always goes, others have some in reserve. Signs of life are no storm: they are ours.
        """
        if isinstance(what, RenewBattery):
            return
        ends = isinstance(what, StopBattery) or (
            isinstance(what, Command)
            and (what.control in ENDS or (what.control, what.value) in ENDING)
        )
        most = WRITES_PER_DAY + (RESERVE if ends else 0)
        if not (ends and forced) and self.used(device_id) >= most:
            raise CommandInvalid("write_budget_spent", count=str(WRITES_PER_DAY))
        self._writes.setdefault(device_id, []).append(time.time())
        self._storage.delay_save(SECTION, partial(to_json, self._writes))
