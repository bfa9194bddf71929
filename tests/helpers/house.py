"""A home in Home Assistant whose owner changes settings: what tests of every vendor's controls do and look at."""

from typing import Any

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.fusionsolar.cloud import REDIRECT
from ..emulators.fusionsolar.steered import SteeredPlant
from ..emulators.solax import Kind, SolaxCloud
from ..emulators.sungrow import SungrowCloud
from ..emulators.sungrow.plant import HYBRID
from .home import Home, everything_enabled, solax_id

UPLOAD = 900.0
"""Seconds in which every device has uploaded and been read."""
SERVICES = {
    "number": ("set_value", "value"),
    "select": ("select_option", "option"),
}


class SteeredHome:
    """Controls of one plant or device, and actions on one device."""

    def __init__(
        self, home: Home, entry: MockConfigEntry, owner: str, device: str
    ) -> None:
        """Have the entities of ``owner`` and the actions of ``device``; not started yet."""
        self.home = home
        self.hass = home.hass
        self.entry = entry
        self._owner = owner
        self._device = device

    def id(self, key: str) -> str:
        """Return a unique id of the owner."""
        return f"{self.entry.data['vendor']}_{self._owner}_{key}"

    def state(self, platform: str, key: str) -> str:
        """Return what a user sees."""
        return self.home.state(self.id(key), platform).state

    def command(self, platform: str, key: str) -> Any:
        """Return how the last command ended, as a user sees it."""
        return self.home.state(self.id(key), platform).attributes["command"]

    async def turn(self, platform: str, service: str, key: str, **data: Any) -> None:
        """Call an action of an entity."""
        entity_id = self.home.entity_id(self.id(key), platform)
        await self.hass.services.async_call(
            platform, service, {"entity_id": entity_id, **data}, blocking=True
        )

    async def set(self, platform: str, key: str, wish: float | str) -> None:
        """Give an entity a value."""
        if platform == "switch":
            await self.turn(platform, f"turn_{wish}", key)
            return
        service, field = SERVICES[platform]
        await self.turn(platform, service, key, **{field: wish})

    async def act(self, service: str, **data: Any) -> Any:
        """Call one of our actions on the device and return its receipt."""
        device = self.home.device(self._device, self.entry)
        assert device is not None
        return await self.hass.services.async_call(
            DOMAIN,
            service,
            {"device_id": device.id, **data},
            blocking=True,
            return_response=True,
        )


class SolaxHouse:
    """The emulated home with everything enabled."""

    def __init__(self, home: Home, solax: SolaxCloud, entry: MockConfigEntry) -> None:
        """Not started yet."""
        self.home = home
        self.hass = home.hass
        self.solax = solax
        self.entry = entry

    async def start(self) -> None:
        """Set up with what is off by default too."""
        with everything_enabled():
            await self.home.start(self.entry)
            await self.home.pass_time(120)
        self.solax.calls.clear()

    async def know(self) -> None:
        """Tell what a work mode overwrites and nobody can ask for."""
        await self.act(
            "set_work_mode",
            mode="self_consumption",
            min_soc=10,
            max_soc=100,
            grid_charging=False,
        )
        self.solax.command_queue.carried_out.clear()
        self.solax.calls.clear()

    def id(self, kind: Kind, control: str) -> str:
        """Return a control's unique id."""
        return solax_id(self.solax, kind, control)

    def state(self, platform: str, kind: Kind, control: str) -> str:
        """Return what a user sees."""
        return self.home.state(self.id(kind, control), platform).state

    def command(self, platform: str, kind: Kind, control: str) -> str | None:
        """Return how the last command ended, as a user sees it."""
        state = self.home.state(self.id(kind, control), platform)
        told: str | None = state.attributes["command"]
        return told

    async def call(
        self,
        platform: str,
        service: str,
        kind: Kind,
        control: str,
        context: Context | None = None,
        **data: Any,
    ) -> None:
        """Call an action of an entity."""
        entity_id = self.home.entity_id(self.id(kind, control), platform)
        await self.hass.services.async_call(
            platform,
            service,
            {"entity_id": entity_id, **data},
            blocking=True,
            context=context,
        )

    def device_id(self, kind: Kind | None) -> str:
        """Return the registry's id of a device or of the plant."""
        key = self.solax.plant.plant_id if kind is None else self.solax.first(kind).sn
        if kind is Kind.BATTERY:
            key = f"{self.solax.first(Kind.INVERTER).sn}_battery"
        device = self.home.device(key, self.entry)
        assert device is not None
        return device.id

    async def act(
        self,
        service: str,
        kind: Kind | None = Kind.INVERTER,
        context: Context | None = None,
        **data: Any,
    ) -> Any:
        """Call one of our actions and return its receipt."""
        return await self.hass.services.async_call(
            DOMAIN,
            service,
            {"device_id": self.device_id(kind), **data},
            blocking=True,
            return_response=True,
            context=context,
        )


class SungrowHouse(SteeredHome):
    """The emulated home in Home Assistant."""

    def __init__(self, home: Home, cloud: SungrowCloud) -> None:
        """Not started yet."""
        self.cloud = cloud
        serial = str(cloud.first(HYBRID).sn)
        stored = {"region": "other", "base_url": cloud.url, **cloud.credentials}
        account = VENDORS["sungrow"].sign_in("sungrow_account").account(stored)
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Sungrow",
            unique_id=f"sungrow_{account}",
            data={
                "vendor": "sungrow",
                "sign_in": "sungrow_account",
                "credentials": stored,
            },
            options={"excluded_plants": [], "controls": True},
        )
        super().__init__(home, entry, serial, serial)

    async def start(self) -> None:
        """Set up, and let the settings be read, which takes the devices a while."""
        await self.home.start(self.entry)
        await self.home.pass_time(150, step=15)
        for _ in range(8):
            numbers = self.hass.states.async_all("number")
            if not numbers or any(each.state != "unknown" for each in numbers):
                break
            await self.home.pass_time(60, step=15)
        self.cloud.calls.clear()

    @property
    def mode(self) -> int:
        """The mode the inverter is really in."""
        return self.cloud.told(self.cloud.first(HYBRID)).mode

    def written(self) -> list[dict[str, str]]:
        """Return what reached the inverter."""
        return self.cloud.tasks.written

    def issues(self) -> set[str]:
        """Return the keys of the repairs that are shown."""
        return {issue for _, issue in ir.async_get(self.hass).issues}


class FusionSolarHouse(SteeredHome):
    """The emulated home in Home Assistant."""

    def __init__(self, home: Home, cloud: FusionSolarCloud) -> None:
        """Not started yet."""
        self.cloud = cloud
        battery = cloud.first(39).serial or ""
        super().__init__(home, MockConfigEntry(), cloud.plant.code, battery)

    async def start(self) -> None:
        """Set up by the owner's consent, with everything enabled."""
        site = self.cloud.plant.site
        site.set_soc(0.4)
        site.change(load_w=600.0)
        credentials = self.cloud.oauth_credentials | {
            "region": "other",
            "base_url": self.cloud.url,
        }
        oauth = VENDORS["fusionsolar"].sign_in("fusionsolar_oauth").oauth
        assert oauth is not None
        async with aiohttp.ClientSession() as session:
            token = await oauth.exchange(
                credentials,
                self.cloud.consent(REDIRECT),
                REDIRECT,
                Transport(session),
            )
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title="FusionSolar",
            unique_id=f"fusionsolar_{oauth.account(credentials, token)}",
            data={
                "vendor": "fusionsolar",
                "sign_in": "fusionsolar_oauth",
                "credentials": credentials,
            },
            options={"excluded_plants": [], "controls": True},
        )
        store = await async_get_store(
            self.hass, self.entry.entry_id, self.entry.unique_id
        )
        await store.save("token", to_json(token))
        with everything_enabled():
            await self.home.start(self.entry)
            await self.home.pass_time(360)
        self.cloud.calls.clear()

    @property
    def told(self) -> SteeredPlant:
        """What the plant was told, now that everything due has happened."""
        self.cloud.desk.catch_up(self.cloud.now())
        return self.cloud.desk.steered(self.cloud.plant)

    def forced(self) -> bool:
        """Whether the battery is forced."""
        return self.told.forced is not None

    @property
    def writes(self) -> int:
        """The commands on the wire."""
        return self.cloud.calls.count("async-task")


def reason(err: pytest.ExceptionInfo[HomeAssistantError]) -> str | None:
    """Return the key of a translated error, which must have one."""
    assert err.value.translation_domain == DOMAIN
    assert str(err.value) != err.value.translation_key
    return err.value.translation_key


def repairs_with(house: SolaxHouse, key: str) -> list[str]:
    """Return the ids of the repairs that are shown, of those that contain a key."""
    return [issue for _, issue in ir.async_get(house.hass).issues if key in issue]
