"""One signed-in Sungrow account."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ..control import Capabilities, Command, CommandResult, ControlAction, Settings
from ..history import HistoryLimits, PastEnergies
from ..model import DeviceCorrection, Inventory, Plant, Reading, Snapshot
from ..storage import Json, Storage
from ..vendor import PlantSources
from .controls.manager import PACE, SungrowControls
from .history import REACH, SungrowHistory
from .inventory import SungrowInventory
from .poller import SungrowPoller
from .session import SungrowSession
from .sources import plant_roles


class SungrowCloud:
    """Lists and reads what one account can see."""

    def __init__(self, session: SungrowSession, storage: Storage) -> None:
        """Call nobody yet."""
        self._session: Final = session
        self._lister: Final = SungrowInventory(session)
        self._reader: Final = SungrowPoller(session, storage)
        self._history: Final = SungrowHistory(session, self._reader)
        self._steering: Final = SungrowControls(session, storage, self._reader.last)

    async def inventory(self) -> Inventory:
        """List plants and devices."""
        return await self._lister.inventory()

    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read what is due of these plants and devices."""
        return await self._reader.read(wanted)

    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Say what can feed the plant's roles."""
        return plant_roles(plant_id, inventory)

    def tune(self, tunings: Mapping[str, DeviceCorrection]) -> None:
        """Read meters wired the other way round as the user says."""
        self._reader.tunings = tunings

    @property
    def reach(self) -> HistoryLimits:
        """Say how far back the past goes."""
        return REACH

    def newest(self, plant: Plant, now: datetime) -> datetime:
        """Return the plant's last midnight."""
        return self._history.newest(plant, now)

    def batches(
        self, owners: Collection[str], inventory: Inventory
    ) -> list[tuple[str, ...]]:
        """Cut plants and devices into what one call of the past can ask for."""
        return self._history.batches(owners, inventory)

    async def past_readings(
        self,
        batch: Sequence[str],
        inventory: Inventory,
        start: datetime,
        end: datetime,
        step: timedelta,
    ) -> Mapping[str, Sequence[Reading]]:
        """Return the minutes of up to three hours."""
        return await self._history.readings(batch, inventory, start, end, step)

    async def past_energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return up to a hundred finished days."""
        return await self._history.energies(plant, inventory, end)

    @property
    def pace(self) -> float:
        """Return the least seconds between two commands to one device."""
        return PACE

    def available(self, inventory: Inventory) -> Capabilities:
        """Say what may be set, and why other things may not."""
        return self._steering.available(inventory)

    async def settings(self, wanted: Inventory) -> Settings:
        """Take the next step of reading what is set. Raises a ``CloudError``."""
        return await self._steering.settings(wanted)

    async def apply(self, command: Command) -> CommandResult:
        """Send a command. Raises a ``CloudError``."""
        return await self._steering.apply(command)

    async def order(self, order: ControlAction) -> CommandResult:
        """Send an order. Raises a ``CloudError``."""
        return await self._steering.order(order)

    async def follow(self, task: str) -> CommandResult:
        """Ask how a running command stands, or take its next step. Raises a ``CloudError``."""
        return await self._steering.follow(task)

    def report(self) -> dict[str, Json]:
        """Describe the client's state for diagnostics."""
        return {
            "edition": "V2" if self._session.dialect.bearer else "V1",
            "encrypted": self._session.encrypted,
            "token": self._session.tokens.token is not None,
            "doubled_waits": self._session.backoff.level,
            **self._reader.report(),
        }
