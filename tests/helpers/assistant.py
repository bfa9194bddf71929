"""An assistant that uses the tools Home Assistant gives it, as a conversation does."""

from dataclasses import dataclass
import json
from typing import Any, Final, Self

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.auth.models import User
from homeassistant.components.conversation import DOMAIN as CONVERSATION
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    APIInstance,
    LLMContext,
    ToolInput,
    async_get_api,
)
from homeassistant.setup import async_setup_component

from .home import Home

READING: Final[dict[str, dict[str, Any]]] = {
    "get_energy_now": {},
    "get_energy_of_period": {"period": "today"},
    "check_surplus": {"energy_kwh": 1},
    "explain_missing_values": {},
}
"""Our tools that change nothing, each with what it is asked."""


class RefusedError(Exception):
    """A tool said that it cannot, and why."""


@dataclass(slots=True)
class Assistant:
    """A language model's side of a conversation."""

    hass: HomeAssistant
    user: User | None = None
    """Who talks to it; nobody is known of a device on the wall."""

    @classmethod
    async def of(cls, home: Home, *exposed: str) -> Self:
        """Talk to a home that exposes those of our entities whose unique ids end so; all of them for none."""
        for component in ("homeassistant", "conversation", "llm"):
            assert await async_setup_component(home.hass, component, {})
        assistant = cls(home.hass)
        assistant.expose(*exposed or ("",))
        return assistant

    def expose(self, *endings: str, shown: bool = True) -> None:
        """Expose entities of ours, or no longer."""
        for each in [*er.async_get(self.hass).entities.values()]:
            if each.platform == DOMAIN and each.unique_id.endswith(endings):
                async_expose_entity(self.hass, CONVERSATION, each.entity_id, shown)

    async def api(self) -> APIInstance:
        """Return what Home Assistant offers in this conversation."""
        context = LLMContext(
            platform="test",
            context=Context(user_id=self.user.id if self.user else None),
            language="en",
            assistant=CONVERSATION,
            device_id=None,
        )
        return await async_get_api(self.hass, LLM_API_ASSIST, context)

    async def offered(self) -> set[str]:
        """Return our tools by their names without the domain."""
        names = [each.name for each in (await self.api()).tools]
        return {
            each.removeprefix(f"{DOMAIN}__")
            for each in names
            if each.startswith(f"{DOMAIN}__")
        }

    async def ask(self, tool: str, **asked: Any) -> Any:
        """Call a tool of ours; the answer as a model reads it. Raises ``RefusedError``."""
        api = await self.api()
        result = await api.async_call_tool(ToolInput(f"{DOMAIN}__{tool}", asked))
        if result.error:
            raise RefusedError(result.data["error"])
        return json.loads(json.dumps(result.data))

    async def ask_everything(self) -> list[str]:
        """Use every tool that changes nothing, and return what a model reads, refusals included."""
        told = []
        for tool, asked in READING.items():
            try:
                told.append(json.dumps(await self.ask(tool, **asked)))
            except RefusedError as reason:
                told.append(str(reason))
        return told
