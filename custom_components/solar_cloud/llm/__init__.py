"""Tools for assistants, which Home Assistant's own API for language models offers beside its others; none but the one that sets a battery mode asks a cloud."""

from typing import Final

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool

from .battery_mode import BatteryModeTool
from .energy import EnergyNowTool, EnergyPeriodTool
from .exposed import exposed_batteries, exposed_plants
from .missing import MissingTool
from .surplus import SurplusTool

PROMPT: Final = (
    "Solar plants: the solar_cloud tools know them better than single sensors do. Their values are minutes old:"
    " say from when they are. Never guess a value that is missing; explain it."
)


@callback
def async_get_tools(
    hass: HomeAssistant, llm_context: LLMContext, api_id: str
) -> LLMTools | None:
    """Return the tools, if an entity of a plant is exposed to the assistant."""
    if api_id != LLM_API_ASSIST or not (assistant := llm_context.assistant):
        return None
    if next(exposed_plants(hass, assistant), None) is None:
        return None
    tools: list[Tool] = [
        EnergyNowTool(),
        EnergyPeriodTool(),
        SurplusTool(),
        MissingTool(),
    ]
    if exposed_batteries(hass, assistant):
        tools.append(BatteryModeTool())
    return LLMTools(tools=tools, prompt=PROMPT)
