"""One FusionSolar account: lists, readings, alarms, settings, each inside its limits."""

from collections.abc import Mapping
from typing import Final

from ..catalogue import PickedPoints
from ..corrections import DeviceCorrection
from ..demand import Demand
from ..model import Device, Inventory, Plant, Snapshot
from ..quota import Quota
from ..sources import PlantSources
from ..storage import Json, Storage
from ..transport import Transport
from ..vendor import Ability, Access, Clients, Credentials, Permission, SignIn
from .api import base_url
from .auth import ApiAccount, Authorization, ConsentAuthorization
from .controls.manager import FusionSolarControls
from .controls.state import ControlStates
from .decoder import FusionSolarDecoder
from .history import FusionSolarHistory
from .inventory import FusionSolarInventory
from .limits import set_total, windows
from .oauth import PERMISSIONS, SCOPES
from .points import CATALOGUE, PLANT_TYPE
from .poller import FusionSolarPoller
from .read_calls import ask
from .session import FusionSolarSession
from .sources import roles

BASIC: Final = "Basic APIs"
"""What the company's administrator gives an API account."""
OWNERS: Final = "Access to API"
"""What the owner of a plant gives: the administrator cannot."""
ACCOUNT_PERMISSIONS: Final = (
    Permission(BASIC, (Ability.VALUES, Ability.ALARMS, Ability.HISTORY)),
    Permission(OWNERS, (Ability.VALUES,)),
)


class FusionSolarCloud:
    """A client of the SmartPVMS Northbound API."""

    def __init__(
        self, session: FusionSolarSession, storage: Storage, *, owner: bool
    ) -> None:
        """Read through ``session``; ``owner`` says that the calls come out of an owner's daily thousand."""
        self._session: Final = session
        self._lists: Final = FusionSolarInventory(session, storage)
        self._decoder: Final = FusionSolarDecoder(storage)
        self._poller: Final = FusionSolarPoller(
            session, self._lists, self._decoder, storage, owner=owner
        )
        self.history: Final = FusionSolarHistory(session, self._lists, self._decoder)
        self.controls: Final = FusionSolarControls(
            session, ControlStates(storage), self._poller.cache, owner=owner
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

    def correct(self, corrections: Mapping[str, DeviceCorrection]) -> None:
        """Take up the user's corrections; readings made without them are forgotten."""
        for key in {*corrections, *self._decoder.corrections}:
            if corrections.get(key) != self._decoder.corrections.get(key):
                self._poller.cache.drop(key)
        self._decoder.corrections = dict(corrections)

    def speak(self, language: str) -> None:
        """Ask for alarms in the language nearest to the user's."""
        self._poller.alarms.speak(language)

    async def sign_out(self) -> None:
        """End the session at the vendor, where that is possible."""
        await self._session.auth.sign_out()

    async def access(self, inventory: Inventory, *, again: bool = False) -> Access:
        """Say which scopes the owner granted, as far as the token tells; of an API account what its last poll met."""
        if again:
            self._session.auth.tokens.forgive()
            self._poller.access.ask_again()
        token = self._session.auth.tokens.token
        scope = None if token is None else token.scope
        if scope is None:
            return self._met(inventory)
        return Access(
            tuple(each for each in SCOPES if each in scope),
            tuple(each for each in SCOPES if each not in scope),
            PERMISSIONS,
        )

    def meet(self, demand: Demand) -> None:
        """Ask for no alarms that nobody looks at."""
        self._poller.demand = demand

    def pick(self, points: PickedPoints) -> None:
        """Carry these items too; the answers hold them anyway."""
        self._decoder.picked = points

    def unmapped(self) -> PickedPoints:
        """Return the items that no table reads, by type."""
        return {
            str(kind) if kind else PLANT_TYPE: names
            for kind, names in self._decoder.unmapped.items()
        }

    async def ask(
        self,
        name: str,
        owner: Plant | Device | None,
        parameters: Mapping[str, Json],
    ) -> Json:
        """Send a call that only reads, as the vendor's documents name it."""
        return await ask(self._session, self._lists, name, owner, parameters)

    def _met(self, inventory: Inventory) -> Access:
        """Say what polls were refused; nothing before one was answered or refused."""
        lacks = {
            BASIC: self._poller.access.denied,
            OWNERS: bool(self._poller.access.unauthorized),
        }
        heard = (*inventory.plants, *inventory.devices)
        if not any(lacks.values()) and not any(map(self._poller.cache.last, heard)):
            return Access()
        return Access(
            tuple(name for name, lacking in lacks.items() if not lacking),
            tuple(name for name, lacking in lacks.items() if lacking),
            ACCOUNT_PERMISSIONS,
        )

    def report(self) -> dict[str, Json]:
        """Describe the client for diagnostics."""
        return {
            **self._poller.report(),
            "contested": self._session.auth.tokens.session_conflict,
            "unmapped": {
                str(kind): [*sorted(names)]
                for kind, names in self._decoder.unmapped.items()
                if names
            },
        }


def quota(storage: Storage) -> Quota:
    """Count calls by interface; what the whole account may spend follows from how it signs in."""
    return Quota(windows(0, {}), storage)


def connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    budget: Quota,
) -> FusionSolarCloud:
    """Build a client; the limit of the whole account depends on how it signs in."""
    owner = sign_in.oauth is not None
    set_total(budget, owner=owner)
    auth: Authorization = (ConsentAuthorization if owner else ApiAccount)(
        credentials, transport, storage, budget
    )
    return FusionSolarCloud(
        FusionSolarSession(base_url(credentials), auth, transport, budget),
        storage,
        owner=owner,
    )


CLIENTS: Final = Clients(quota=quota, connect=connect, catalogue=CATALOGUE)
