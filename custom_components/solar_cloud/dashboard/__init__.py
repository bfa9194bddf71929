"""The dashboard that comes with the integration: a strategy, which the frontend loads and which builds views of its own cards, and a table."""

from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from ..const import DOMAIN

MODULE: Final = Path(__file__).parent / "strategy.mjs"
TABLE: Final = Path(__file__).parent / "plants_table.mjs"
URLS: Final = {f"/{DOMAIN}/{module.name}": module for module in (MODULE, TABLE)}
"""The modules by the addresses browsers load them from."""


async def async_serve(hass: HomeAssistant) -> None:
    """Let browsers load the modules; where there is no frontend, nobody would.

    Browsers keep the files for a month, so their addresses change with each version.
    """
    if frontend.DOMAIN not in hass.config.components:
        return
    integration = await async_get_integration(hass, DOMAIN)
    await hass.http.async_register_static_paths(
        [
            StaticPathConfig(url, str(module), cache_headers=True)
            for url, module in URLS.items()
        ]
    )
    for url in URLS:
        frontend.add_extra_js_url(hass, f"{url}?v={integration.version}")
