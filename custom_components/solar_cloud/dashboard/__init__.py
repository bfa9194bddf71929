"""The dashboard that comes with the integration: a strategy, which the frontend loads and which builds views of its own cards."""

from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from ..const import DOMAIN

MODULE: Final = Path(__file__).parent / "strategy.mjs"
URL: Final = f"/{DOMAIN}/{MODULE.name}"


async def async_serve(hass: HomeAssistant) -> None:
    """Let browsers load the strategy; where there is no frontend, nobody would.

    Browsers keep the file for a month, so its address changes with each version.
    """
    if frontend.DOMAIN not in hass.config.components:
        return
    integration = await async_get_integration(hass, DOMAIN)
    await hass.http.async_register_static_paths(
        [StaticPathConfig(URL, str(MODULE), cache_headers=True)]
    )
    frontend.add_extra_js_url(hass, f"{URL}?v={integration.version}")
