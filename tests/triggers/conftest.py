"""A demo home of any vendor, its surplus in the test's hand, and an automation that says when it ran."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.solar_cloud.cloud.model import DeviceKind
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component

from ..emulators.world import Site
from ..helpers.accounts import AnyCloud, demo_entry
from ..helpers.home import Home

RAN = "ran"
KNOCK = "knock"
SURPLUS = ("device_id", "surplus", "measured_at")
TOLD = {
    "surplus_rose_above": SURPLUS,
    "surplus_fell_below": SURPLUS,
    "battery_reached": ("device_id", "state_of_charge", "before"),
    "device_fell_silent": ("device_id", "since"),
    "forced_mode_began": ("device_id", "mode"),
    "forced_mode_ended": ("device_id", "mode"),
    "alarm_raised": ("device_id", "name", "level"),
}
"""What is told of each trigger, in the words of its description."""


@dataclass(slots=True)
class Automated:
    """A home with automations."""

    home: Home
    cloud: Any
    """The emulated cloud, whichever it is."""
    entry: MockConfigEntry
    ran: list[Event[Any]] = field(default_factory=list)

    @property
    def hass(self) -> HomeAssistant:
        """Home Assistant."""
        return self.home.hass

    @property
    def site(self) -> Site:
        """The world behind the cloud."""
        site: Site = self.cloud.plant.site
        return site

    def device(self, kind: DeviceKind = DeviceKind.PLANT) -> str:
        """Return the registry's id of the plant, or of the first device of a kind."""
        listed = self.entry.runtime_data.inventory.data
        keys = (
            listed.plants
            if kind is DeviceKind.PLANT
            else sorted(
                key for key, each in listed.devices.items() if each.kind is kind
            )
        )
        device = self.home.device(next(iter(keys)), self.entry)
        assert device is not None
        return device.id

    def target(self, kind: DeviceKind = DeviceKind.PLANT) -> dict[str, Any]:
        """Return the plant or a device as an automation names it."""
        return {"device_id": self.device(kind)}

    async def automate(
        self, *conditions: Mapping[str, Any], trigger: str = "", **options: Any
    ) -> None:
        """Say when a trigger of ours fires, or under which conditions a knock is heard."""
        config = {"automation": self._automation(conditions, trigger, options)}
        assert await async_setup_component(self.hass, "automation", config)
        await self.hass.async_block_till_done()
        assert self.hass.states.get("automation.ours").state == "on"  # type: ignore[union-attr]
        self.ran = async_capture_events(self.hass, RAN)

    async def again(
        self, *conditions: Mapping[str, Any], trigger: str = "", **options: Any
    ) -> None:
        """Change the automation, as a user does in the editor."""
        config = {"automation": self._automation(conditions, trigger, options)}
        with patch("homeassistant.config.load_yaml_config_file", return_value=config):
            await self.hass.services.async_call("automation", "reload", blocking=True)
        await self.hass.async_block_till_done()

    def _automation(
        self,
        conditions: Sequence[Mapping[str, Any]],
        trigger: str,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        target = options.pop("target", None) or self.target()
        told = {key: f"{{{{ trigger.{key} }}}}" for key in TOLD.get(trigger, ())}
        return {
            "id": "ours",
            "alias": "ours",
            "triggers": [
                {
                    "trigger": f"{DOMAIN}.{trigger}",
                    "target": target,
                    "options": options,
                }
                if trigger
                else {"trigger": "event", "event_type": KNOCK}
            ],
            "conditions": list(conditions),
            "actions": [{"event": RAN, "event_data": {"told": told}}],
        }

    @property
    def told(self) -> list[dict[str, Any]]:
        """What the trigger told each time."""
        return [each.data["told"] for each in self.ran]

    async def holds(self) -> bool:
        """Whether the automation runs when somebody knocks."""
        self.ran.clear()
        self.hass.bus.async_fire(KNOCK)
        await self.hass.async_block_till_done()
        return bool(self.ran)

    async def act(self, name: str, **data: Any) -> None:
        """Call an action of ours on the plant."""
        await self.hass.services.async_call(
            DOMAIN, name, {"device_id": self.device(), **data}, blocking=True
        )

    async def sell(self, watts: float) -> None:
        """Let the house use what leaves so much to sell; negative buys."""
        self.site.set_soc(0.0 if watts < 0 else 1.0)
        self.site.override_load(self.site.powers().pv - watts)

    async def restart(self) -> None:
        """Set the account up anew, and the automations too."""
        await self.home.restart(self.entry)
        for service in ("turn_off", "turn_on"):
            await self.hass.services.async_call(
                "automation", service, {"entity_id": "automation.ours"}, blocking=True
            )
        await self.hass.async_block_till_done()


@pytest.fixture
async def automated(
    home: Home, cloud: AnyCloud, sign_in: str, waiting: list[float]
) -> AsyncIterator[Automated]:
    """The demo home under a clear sky, at noon."""
    entry = await demo_entry(home, cloud, sign_in)
    automated = Automated(home, cloud, entry)
    automated.site.change(clearness=1.0)
    await home.start(entry)
    yield automated
    if home.hass.services.has_service("automation", "turn_off"):
        await home.hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )
