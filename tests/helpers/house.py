"""A home in Home Assistant whose owner changes settings: what tests of every vendor's controls do and look at."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.const import DOMAIN

from ..conftest import Home

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
