"""A SolaX account as everybody else sees it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from ..alarms import PastAlarms, Pause
from ..catalogue import PickedPoints
from ..demand import Demand
from ..errors import CloudError, CloudUnreachable, PermissionMissing, RetryLater
from ..model import Device, Inventory, Plant, Snapshot
from ..quota import Quota
from ..sources import PlantSources
from ..storage import Json, Storage
from ..token import TokenManager
from ..transport import Transport
from ..vendor import Access, Clients, Credentials, SignIn
from . import sources
from .access import SolaxAccess
from .api import DEVICE_DATA, INFORMATION, MONITORING, PLANT_DATA, rows
from .auth import MARGIN, TokenIssuer
from .controls.api import PACKS, PERMISSIONS
from .controls.manager import SolaxControls
from .controls.state import assumed_settings
from .errors import AccessDenied, OperationFailed
from .history import SolaxHistory
from .inventory import SolaxInventory
from .limits import SolaxBackoff, quota
from .models import CHARGER, COMMERCIAL, HOME, INVERTER, METER
from .points import CATALOGUE
from .poller import SolaxPoller
from .read_calls import ask
from .session import SolaxSession, list_of_plants


class SolaxCloud:
    """One application of the developer portal."""

    def __init__(self, session: SolaxSession, storage: Storage) -> None:
        """Read with ``session``; what must be remembered goes to the storage."""
        self._session: Final = session
        self._access: Final = SolaxAccess(storage)
        self._lists: Final = SolaxInventory(session, self._access, storage)
        self._poller: Final = SolaxPoller(session, self._access, self._lists, storage)
        self.history: Final = SolaxHistory(session, self._poller.cache.decoder)
        self.controls: Final = SolaxControls(
            session, assumed_settings(storage), self._poller.cache.last
        )
        self._reading: Final = asyncio.Lock()
        self._counts: dict[str, Json] = {}

    async def inventory(self) -> Inventory:
        """List plants and devices. Raises a ``CloudError``."""
        inventory = await self._lists.read()
        self._counts = {"plant": len(inventory.plants)}
        for device in inventory.devices.values():
            known = self._counts.get(device.kind, 0)
            assert isinstance(known, int)
            self._counts[device.kind] = known + 1
        return inventory

    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read what is wanted as far as the limits allow. Raises a ``CloudError`` when nothing could be read."""
        async with self._reading:
            return await self._poller.poll(wanted)

    async def access(self, inventory: Inventory, *, again: bool = False) -> Access:
        """Look which service packs are authorised, with one live reading. Raises ``PermissionMissing`` when that is refused."""
        if again:
            await self._look_again(inventory)
        refused = set(self._access.permissions)
        try:
            answered = await self._try_live(inventory)
        except PermissionMissing as err:
            if not again:
                raise
            answered = False
            refused.add(err.permission)
        token = self._session.tokens.token
        if token is None or token.scope is None:
            proven = (INFORMATION, *((MONITORING,) if answered else ()))
            granted = tuple(name for name in proven if name not in refused)
            return Access(granted, tuple(sorted(refused)), PERMISSIONS)
        # Lists and readings show better than the words of a token, which may be older than the grant.
        shown = {INFORMATION, MONITORING} - refused
        granted = tuple(
            name
            for word, name in PACKS
            if name in shown or (word in token.scope and name not in refused)
        )
        missing = tuple(name for _, name in PACKS if name not in granted)
        return Access(granted, missing, PERMISSIONS)

    async def _look_again(self, inventory: Inventory) -> None:
        """Ask for the words of a new token, which may be more than those of the last, and for a list."""
        self._session.tokens.forgive()
        self._access.ask_again()
        if (token := self._session.tokens.token) is not None:
            with suppress(RetryLater, CloudUnreachable):
                await self._session.token(token, suspect=True)
        for business in {
            each.address["business_type"] for each in inventory.plants.values()
        }:
            wanted = list_of_plants(business)
            try:
                await self._session.call(wanted.endpoint, params=wanted.params)
            except PermissionMissing as err:
                self._access.forbid(wanted.gate, err.permission)

    async def _try_live(self, inventory: Inventory) -> bool:
        """Read one device, or a plant without any; whether it was answered."""
        device = next(
            (
                each
                for each in inventory.devices.values()
                if each.address.get("device_type") in {INVERTER, METER, CHARGER}
            ),
            None,
        )
        plant = next(iter(inventory.plants.values()), None)
        with suppress(AccessDenied, OperationFailed):
            if device is not None:
                params = {
                    "snList": device.address["sn"],
                    "deviceType": device.address["device_type"],
                    "businessType": device.address["business_type"],
                }
                await self._session.call(DEVICE_DATA, params=params)
                return True
            if plant is not None:
                business = plant.address["business_type"]
                await self._session.call(
                    PLANT_DATA, params={"plantId": plant.id, "businessType": business}
                )
                return True
        return False

    async def past_alarms(
        self,
        plant_id: str,
        inventory: Inventory,
        span: tuple[float, float],
        pause: Pause,
    ) -> PastAlarms:
        """Return what was raised at a plant within a span, in epoch seconds."""
        return await self._poller.alarms.past(plant_id, inventory, span, pause)

    def take_serials(self, serials: Mapping[str, str]) -> None:
        """List these meters too."""
        self._lists.unlisted = dict(serials)

    async def check_serial(self, serial: str, plant: Plant) -> None:
        """Read a meter once. Raises ``CloudError("unknown_serial")`` when the cloud has nothing of it."""
        params = {
            "snList": serial,
            "deviceType": METER,
            "businessType": plant.address["business_type"],
        }
        try:
            found = rows(await self._session.call(DEVICE_DATA, params=params))
        except AccessDenied, OperationFailed:
            found = []
        if not any(
            (row.text("deviceSn") or "").upper() == serial.upper() for row in found
        ):
            raise CloudError("unknown_serial")

    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Say what can feed the plant's roles, best first."""
        return sources.roles(plant_id, inventory)

    def meet(self, demand: Demand) -> None:
        """Ask for no alarms and no states that nobody looks at."""
        self._poller.demand = demand

    def pick(self, points: PickedPoints) -> None:
        """Carry these fields too; the answers hold them anyway."""
        self._poller.cache.decoder.picked = points

    def unmapped(self) -> PickedPoints:
        """Return the fields that no table reads, by type."""
        unmapped = self._poller.cache.decoder.unmapped
        return {
            f"{business}.{kind}": names
            for kind, names in unmapped.items()
            for business in (HOME, COMMERCIAL)
        }

    async def ask(
        self,
        name: str,
        owner: Plant | Device | None,
        parameters: Mapping[str, Json],
    ) -> Json:
        """Send a call that only reads, as the vendor's documents name it."""
        return await ask(self._session, name, owner, parameters)

    def report(self) -> dict[str, Json]:
        """Describe the client's state: nothing secret, no identity."""
        token = self._session.tokens.token
        decoder = self._poller.cache.decoder
        return {
            "scopes": None
            if token is None or token.scope is None
            else list[Json](token.scope),
            "contested": self._session.tokens.session_conflict,
            "devices": dict(self._counts),
            "memory": self._access.report(),
            "unmapped": {
                kind: list[Json](sorted(names))
                for kind, names in decoder.unmapped.items()
            },
            "battery_power_ratios": decoder.units.report(),
            "clock_skew": self._poller.cache.timestamps.skewed,
        }


def connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    budget: Quota,
) -> SolaxCloud:
    """Build a client without a call."""
    base = sign_in.base_url(credentials)
    backoff = SolaxBackoff(budget)
    issuer = TokenIssuer(base, credentials, transport, backoff)
    tokens = TokenManager(issuer.issue, storage, margin=MARGIN)
    return SolaxCloud(SolaxSession(base, transport, tokens, backoff), storage)


CLIENTS: Final = Clients(quota=quota, connect=connect, catalogue=CATALOGUE)
