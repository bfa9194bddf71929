"""One FusionSolar account: lists, readings, alarms, settings, each inside its limits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, override

from ..control import Capabilities, Command, CommandResult, ControlAction, Settings
from ..history import HistoryClient, HistoryLimits, PastEnergies
from ..model import DeviceCorrection, Inventory, Plant, Reading, Snapshot
from ..storage import Json, Storage
from ..vendor import Access, Cloud, PlantSources, SupportsCorrections, SupportsLogout
from .controls.manager import FusionSolarControls
from .controls.state import ControlStates
from .decoder import FusionSolarDecoder
from .history import LAG, REACH, FusionSolarHistory
from .inventory import FusionSolarInventory
from .oauth import SCOPES
from .poller import FusionSolarPoller
from .session import FusionSolarSession
from .sources import roles


class FusionSolar(Cloud, SupportsCorrections, SupportsLogout, HistoryClient):
    """A client of the SmartPVMS Northbound API."""

    def __init__(
        self, calls: FusionSolarSession, storage: Storage, *, owner: bool
    ) -> None:
        """Read through ``calls``; ``owner`` says that the calls come out of an owner's daily thousand."""
        self._calls: Final = calls
        self._lists: Final = FusionSolarInventory(calls, storage)
        self._decoder: Final = FusionSolarDecoder(storage)
        self._past: Final = FusionSolarHistory(calls, self._lists, self._decoder)
        self._poller: Final = FusionSolarPoller(
            calls, self._lists, self._decoder, storage, owner=owner
        )

    @override
    async def inventory(self) -> Inventory:
        """Return plants and devices, from the vendor at most every ten hours."""
        return await self._lists.inventory()

    @override
    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read what is due; everything else is shown as it was last read, while it is young enough."""
        return await self._poller.poll(wanted)

    @override
    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Say who feeds the plant's roles."""
        return roles(plant_id, inventory)

    @override
    def tune(self, tunings: Mapping[str, DeviceCorrection]) -> None:
        """Take up the user's corrections; readings made without them are forgotten."""
        for key in {*tunings, *self._decoder.tunings}:
            if tunings.get(key) != self._decoder.tunings.get(key):
                self._poller.cache.drop(key)
        self._decoder.tunings = dict(tunings)

    @override
    async def sign_out(self) -> None:
        """End the session."""
        await self._calls.auth.sign_out()

    @override
    def report(self) -> dict[str, Json]:
        """Describe the client for diagnostics."""
        return {
            **self._poller.report(),
            "contested": self._calls.auth.tokens.session_conflict,
            "unmapped": {
                str(kind): [*sorted(names)]
                for kind, names in self._decoder.unmapped.items()
                if names
            },
        }

    @property
    @override
    def reach(self) -> HistoryLimits:
        """Say how far back the past goes."""
        return REACH

    @override
    def newest(self, plant: Plant, now: datetime) -> datetime:
        """Return the instant up to which the past is complete."""
        return now - LAG

    @override
    def batches(
        self, owners: Collection[str], inventory: Inventory
    ) -> list[tuple[str, ...]]:
        """Pack devices into what one call of the past can ask for; plants have reports only."""
        return self._past.batches(owners)

    @override
    async def past_readings(
        self,
        batch: Sequence[str],
        inventory: Inventory,
        start: datetime,
        end: datetime,
        step: timedelta,
    ) -> Mapping[str, Sequence[Reading]]:
        """Return the five minutes of up to three days."""
        return await self._past.readings(batch, start, end)

    @override
    async def past_energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return the hours of one day."""
        return await self._past.energies(plant, inventory, end)


class FusionSolarAccount(FusionSolar):
    """The client of readings, with settings. Implements ``Controllable``."""

    def __init__(
        self, calls: FusionSolarSession, storage: Storage, *, owner: bool
    ) -> None:
        """Read and write through ``calls``."""
        super().__init__(calls, storage, owner=owner)
        self._steering: Final = FusionSolarControls(
            calls,
            ControlStates(storage),
            self._poller.cache,
            self._poller.offline,
            owner=owner,
        )

    async def access(self, inventory: Inventory) -> Access:
        """Say which scopes the owner granted, as far as the token tells."""
        token = self._calls.auth.tokens.token
        scope = None if token is None else token.scope
        if scope is None:
            return Access()
        return Access(
            tuple(each for each in SCOPES if each in scope),
            tuple(each for each in SCOPES if each not in scope),
        )

    @property
    def pace(self) -> float:
        """Return the least seconds between two commands to one plant."""
        return self._steering.pace

    def available(self, inventory: Inventory) -> Capabilities:
        """Say what may be set, and why other things may not."""
        return self._steering.available(inventory)

    async def settings(self, wanted: Inventory) -> Settings:
        """Ask how plants are set. Raises a ``CloudError``."""
        return await self._steering.settings(wanted)

    async def apply(self, command: Command) -> CommandResult:
        """Send a command. Raises a ``CloudError``."""
        return await self._steering.apply(command)

    async def order(self, order: ControlAction) -> CommandResult:
        """Send an order. Raises a ``CloudError``."""
        return await self._steering.order(order)

    async def follow(self, task: str) -> CommandResult:
        """Look how a command stands. Raises a ``CloudError``."""
        return await self._steering.follow(task)
