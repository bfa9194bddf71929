"""One FusionSolar account: lists, readings, alarms, settings, each inside its limits."""

from collections.abc import Mapping
from typing import Final

from ..corrections import DeviceCorrection
from ..model import Inventory, Snapshot
from ..sources import PlantSources
from ..storage import Json, Storage
from ..vendor import Access
from .controls.manager import FusionSolarControls
from .controls.state import ControlStates
from .decoder import FusionSolarDecoder
from .history import FusionSolarHistory
from .inventory import FusionSolarInventory
from .oauth import SCOPES
from .poller import FusionSolarPoller
from .session import FusionSolarSession
from .sources import roles


class FusionSolarCloud:
    """A client of the SmartPVMS Northbound API."""

    def __init__(
        self, calls: FusionSolarSession, storage: Storage, *, owner: bool
    ) -> None:
        """Read through ``calls``; ``owner`` says that the calls come out of an owner's daily thousand."""
        self._calls: Final = calls
        self._lists: Final = FusionSolarInventory(calls, storage)
        self._decoder: Final = FusionSolarDecoder(storage)
        self._poller: Final = FusionSolarPoller(
            calls, self._lists, self._decoder, storage, owner=owner
        )
        self.history: Final = FusionSolarHistory(calls, self._lists, self._decoder)
        self.controls: Final = FusionSolarControls(
            calls, ControlStates(storage), self._poller.cache, owner=owner
        )

    async def inventory(self) -> Inventory:
        """Return plants and devices, from the vendor at most every ten hours."""
        return await self._lists.inventory()

    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read what is due; everything else is shown as it was last read, while it is young enough."""
        return await self._poller.poll(wanted)

    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Say who feeds the plant's roles."""
        return roles(plant_id, inventory)

    def tune(self, tunings: Mapping[str, DeviceCorrection]) -> None:
        """Take up the user's corrections; readings made without them are forgotten."""
        for key in {*tunings, *self._decoder.tunings}:
            if tunings.get(key) != self._decoder.tunings.get(key):
                self._poller.cache.drop(key)
        self._decoder.tunings = dict(tunings)

    async def sign_out(self) -> None:
        """End the session."""
        await self._calls.auth.sign_out()

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
