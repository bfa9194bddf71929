"""One signed-in Sungrow account."""

from collections.abc import Mapping
from typing import Final

from ..alarms import PastAlarms, Pause
from ..catalogue import CataloguePoint, PickedPoints
from ..corrections import DeviceCorrection
from ..demand import Demand
from ..errors import PermissionMissing
from ..model import Device, Inventory, Plant, Snapshot
from ..quota import DAY, Quota
from ..sources import PlantSources
from ..storage import Json, Storage
from ..token import TokenManager
from ..transport import Transport
from ..vendor import Ability, Access, Clients, Credentials, Permission, SignIn
from . import api_client
from .access import Permissions
from .api import V1, V2
from .auth import AccountLogin
from .controls.manager import SungrowControls
from .controls.tasks import GRID_CONTROL
from .errors import MONITORING
from .history import SungrowHistory
from .inventory import SungrowInventory, listed_points
from .limits import SungrowBackoff, quota
from .oauth import OAuthRefresh
from .points import CATALOGUE
from .poller import SungrowPoller
from .read_calls import ask
from .session import SungrowSession
from .sources import roles

LONGEST_ID: Final = 9
ACCOUNT_MARGIN: Final = 600.0
GRANT_MARGIN: Final = DAY
"""Refreshed once a day, so that a stopped Home Assistant keeps most of the thirty days (sungrow.md §2.6)."""
PERMISSIONS: Final = (
    Permission(MONITORING, (Ability.VALUES, Ability.ALARMS, Ability.HISTORY)),
    Permission(GRID_CONTROL, (Ability.SETTINGS,)),
)
"""What each group of an application's package is for."""


class SungrowCloud:
    """Lists and reads what one account can see."""

    def __init__(self, session: SungrowSession, storage: Storage) -> None:
        """Read through ``session``; what must be remembered goes to the storage."""
        self._session: Final = session
        self._lists: Final = SungrowInventory(session)
        self._poller: Final = SungrowPoller(session, storage)
        self.history: Final = SungrowHistory(session, self._poller)
        self.controls: Final = SungrowControls(
            session, storage, self._poller.cache.last
        )

    async def inventory(self) -> Inventory:
        """List plants and devices."""
        return await self._lists.inventory()

    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read what is due of these plants and devices."""
        return await self._poller.poll(wanted)

    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Say what can feed the plant's roles."""
        return roles(plant_id, inventory)

    def correct(self, corrections: Mapping[str, DeviceCorrection]) -> None:
        """Read meters wired the other way round as the user says."""
        self._poller.corrections = corrections

    def speak(self, language: str) -> None:
        """Ask for alarms in the language nearest to the user's."""
        self._poller.alarms.speak(language)

    async def past_alarms(
        self,
        plant_id: str,
        inventory: Inventory,
        span: tuple[float, float],
        pause: Pause,
    ) -> PastAlarms:
        """Return what was raised at a plant within a span, in epoch seconds."""
        return await self._poller.alarms.past(plant_id, inventory, span, pause)

    async def listed_points(self, owner: Plant | Device) -> list[CataloguePoint]:
        """Return the vendor's list of the points of a type; none where the edition has no such list."""
        return await listed_points(self._session, owner)

    def meet(self, demand: Demand) -> None:
        """Ask for no point that nobody needs."""
        self._poller.demand = demand

    def pick(self, points: PickedPoints) -> None:
        """Ask for these points too."""
        self._poller.picked = {
            kind: [each for each in ids if self.is_point_id(each)]
            for kind, ids in points.items()
        }

    def is_point_id(self, text: str) -> bool:
        """Whether a text is a number as points have."""
        return text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID

    @property
    def refused_points(self) -> frozenset[str]:
        """The types whose picked points are not asked for any more."""
        return self._poller.refused_points

    def unmapped(self) -> PickedPoints:
        """Return the points that no table reads, by type."""
        found: dict[str, set[str]] = {}
        for name in self._poller.unmapped:
            kind, _, point = name.partition(".")
            found.setdefault(kind, set()).add(point.removeprefix("p"))
        return found

    async def ask(
        self,
        name: str,
        owner: Plant | Device | None,
        parameters: Mapping[str, Json],
    ) -> Json:
        """Send a call that only reads, as the vendor's documents name it."""
        return await ask(self._session, name, owner, parameters)

    async def access(self, inventory: Inventory, *, again: bool = False) -> Access:
        """Ask for one plant's values, and whether one device takes settings. Raises ``PermissionMissing`` when no values may be read."""
        if again:
            await self._session.ask_again()
        known: dict[str, bool | None] = {MONITORING: True}
        try:
            await self._poller.try_live(inventory, again=again)
        except PermissionMissing as err:
            if not again or err.permission != MONITORING:
                raise
            known[MONITORING] = False
        known[GRID_CONTROL] = await self.controls.may_set(inventory)
        return Access(
            tuple(name for name, granted in known.items() if granted),
            tuple(name for name, granted in known.items() if granted is False),
            PERMISSIONS,
        )

    def report(self) -> dict[str, Json]:
        """Describe the client's state for diagnostics."""
        return {
            "edition": "V2" if self._session.api_version.bearer else "V1",
            "encrypted": self._session.encrypted,
            "token": self._session.tokens.token is not None,
            "doubled_waits": self._session.backoff.level,
            **self._poller.report(),
        }


def connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    budget: Quota,
) -> SungrowCloud:
    """Build a client; no call is made."""
    api = api_client(sign_in, credentials, transport)
    if sign_in.oauth is not None:
        refresh = OAuthRefresh(api, budget, storage)
        tokens = TokenManager(refresh.issue, storage, margin=GRANT_MARGIN)
        api_version = V2
    else:
        login = AccountLogin(
            api,
            budget,
            storage,
            credentials["username"].strip(),
            credentials["password"],
            scope=sign_in.quota_account(credentials),
        )
        tokens = TokenManager(login.issue, storage, margin=ACCOUNT_MARGIN)
        api_version = V1
    session = SungrowSession(
        api, api_version, tokens, budget, SungrowBackoff(storage), Permissions(storage)
    )
    return SungrowCloud(session, storage)


CLIENTS: Final = Clients(quota=quota, connect=connect, catalogue=CATALOGUE)
