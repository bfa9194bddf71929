"""Choosing a battery mode: the one thing that an assistant may change, and only in an administrator's name.

Home Assistant lets an action pass that nobody asked for, such as an automation's; a model is asked by somebody, and a satellite on the wall
does not know by whom.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.llm import LLMContext, ToolAnnotations
from homeassistant.util.json import JsonObjectType

from ..cloud.control import BATTERY_MODES
from ..const import CONF_CONTROLS, DOMAIN
from .exposed import (
    ExposedPlant,
    NotTold,
    SolarCloudTool,
    exposed_batteries,
    iso,
    loaded,
    zone_of,
)

FIELDS: Final = {"power_w": "power", "target_percent": "target_soc"}
"""What is asked for, by the words of the action."""


class BatteryModeTool(SolarCloudTool):
    """Starting and ending a battery mode."""

    name = "solar_cloud__set_battery_mode"
    title = "Set battery mode"
    description = (
        "Starts a mode of a solar plant's battery, or ends it with automatic. hold: do not discharge; charge: from the sun"
        " and the grid; charge_from_sun: from the sun only; discharge: give to house and grid. Every mode ends by itself."
        " Use it only when the user asks for it. 'outcome' says whether the battery has confirmed; accepted means not yet."
    )
    annotations = ToolAnnotations()
    fields = {
        vol.Required("mode"): vol.In([*BATTERY_MODES]),
        vol.Optional(
            "minutes", description="Left out: as long as the account's options say."
        ): vol.All(vol.Coerce(int), vol.Range(min=1, max=1440)),
        vol.Optional(
            "power_w", description="For charge and discharge. Left out: all it can."
        ): vol.All(vol.Coerce(int), vol.Range(min=1, max=100_000)),
        vol.Optional(
            "target_percent", description="Charge at which it ends earlier."
        ): vol.All(vol.Coerce(int), vol.Range(min=0, max=100)),
    }

    @override
    async def async_answer(
        self,
        hass: HomeAssistant,
        plants: list[ExposedPlant],
        asked: Mapping[str, Any],
        llm_context: LLMContext,
    ) -> JsonObjectType:
        """Call the action in the user's name, if that is an administrator's."""
        await _async_check_user(hass, llm_context)
        if len(plants) > 1:
            names = ", ".join(each.name for each in plants)
            raise NotTold(f"Say which plant is meant: {names}")
        ((plant, account),) = loaded(plants)
        if not plant.entry.options.get(CONF_CONTROLS):
            raise NotTold("Changing settings is not allowed in the account's options.")
        batteries = exposed_batteries(hass, llm_context.assistant).get(
            plant.device.id, ()
        )
        if len(batteries) != 1:
            raise NotTold(
                "The plant has several batteries; let the user choose in Home Assistant."
                if batteries
                else "Its Battery mode is not exposed to this assistant, or the plant offers none."
            )
        data = {"device_id": batteries[0].device_id, "mode": asked["mode"]}
        data |= {FIELDS[key]: asked[key] for key in FIELDS.keys() & asked.keys()}
        if "minutes" in asked:
            data["duration"] = {"minutes": asked["minutes"]}
        try:
            receipt = await hass.services.async_call(
                DOMAIN,
                "set_battery_mode",
                data,
                blocking=True,
                context=llm_context.context,
                return_response=True,
            )
        except (HomeAssistantError, vol.Invalid) as err:
            raise NotTold(str(err)) from err
        zone = await zone_of(hass, account, plant)
        told: JsonObjectType = {"plant": plant.name, "mode": asked["mode"]}
        for key, value in (receipt or {}).items():
            if key.endswith("_at") and isinstance(value, str):
                value = iso(datetime.fromisoformat(value), zone)
            told[key] = value
        return told


async def _async_check_user(hass: HomeAssistant, llm_context: LLMContext) -> None:
    """Refuse who is not known, and who is no administrator. Raises ``NotTold``."""
    user_id = llm_context.context.user_id if llm_context.context else None
    user = await hass.auth.async_get_user(user_id) if user_id else None
    if user is None or not user.is_active or not user.is_admin:
        raise NotTold(
            "Only an administrator who is signed in may change the battery mode; nothing was sent."
        )
