"""A FusionSolar account that is read and, where its owner allows it, changed."""

from typing import Final

from ..control import Capabilities, Command, CommandResult, ControlAction, Settings
from ..model import Inventory
from ..storage import Storage
from ..vendor import Access
from .client import FusionSolar
from .controls.manager import Steering
from .controls.state import Memory
from .oauth import SCOPES
from .session import Calls


class FusionSolarAccount(FusionSolar):
    """The client of readings, with settings. Implements ``Controllable``."""

    def __init__(self, calls: Calls, storage: Storage, *, owner: bool) -> None:
        """Read and write through ``calls``."""
        super().__init__(calls, storage, owner=owner)
        self._steering: Final = Steering(
            calls, Memory(storage), self._shelf, self._offline, owner=owner
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
