"""A dialog of Home Assistant, as the frontend would run it."""

from dataclasses import dataclass
from typing import Any

import voluptuous as vol

from custom_components.solar_cloud.config_flow import SIGN_INS
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers.translation import async_get_translations

from ..emulators.solax import SolaxCloud

UNREACHABLE = "http://127.0.0.1:9"


async def open_options(
    hass: HomeAssistant, entry: ConfigEntry, step: str = "settings"
) -> ConfigFlowResult:
    """Choose a step in the menu of an account's options."""
    options = hass.config_entries.options
    menu = await options.async_init(entry.entry_id)
    return await options.async_configure(menu["flow_id"], {"next_step_id": step})


def shown(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form fills in beforehand, in its section too: it goes to the browser."""
    schema = result.get("data_schema")
    filled: dict[str, Any] = {}
    for marker, field in _fields(schema):
        if isinstance(field, section):
            filled |= {
                str(rare): rare.description["suggested_value"]
                for rare, _ in _fields(field.schema)
                if rare.description
            }
        elif marker.description and "suggested_value" in marker.description:
            filled[str(marker)] = marker.description["suggested_value"]
        elif callable(marker.default):
            filled[str(marker)] = marker.default()
    return filled


def _fields(schema: Any) -> list[tuple[Any, Any]]:
    """Return the fields of a form; what a menu takes is none."""
    fields = {} if schema is None else schema.schema
    return [each for each in fields.items() if isinstance(each[0], vol.Marker)]


def rare_fields(result: ConfigFlowResult) -> list[str]:
    """Return the fields that stand in the section of a form."""
    return [
        str(rare)
        for _, field in _fields(result.get("data_schema"))
        if isinstance(field, section)
        for rare, _ in _fields(field.schema)
    ]


def placed(user_input: dict[str, Any], rare: list[str]) -> dict[str, Any]:
    """Type each value where the form has its field: in the section, or outside."""
    inside = {key: user_input[key] for key in rare if key in user_input}
    outside = {key: value for key, value in user_input.items() if key not in inside}
    return outside | ({"advanced": inside} if inside else {})


def way_to(sign_in: str) -> list[str]:
    """Return what to choose, menu by menu, on the way to a form."""
    brand = SIGN_INS[sign_in]
    return [brand.key, sign_in] if len(brand.sign_ins) > 1 else [brand.key]


@dataclass
class Flow:
    """One flow in the user interface; it notices when a secret is sent back."""

    hass: HomeAssistant
    result: ConfigFlowResult
    typed: list[str]

    @classmethod
    async def add(cls, hass: HomeAssistant) -> Flow:
        """Press the button to add the integration."""
        flows = hass.config_entries.flow
        return cls(
            hass, await flows.async_init(DOMAIN, context={"source": SOURCE_USER}), []
        )

    async def choose(self, step: str) -> None:
        """Choose from a menu."""
        await self._configure({"next_step_id": step})

    async def sign_in(self, key: str) -> None:
        """Choose the brand, and what one has of it."""
        for step in way_to(key):
            await self.choose(step)

    async def submit(self, **user_input: Any) -> None:
        """Fill a form in."""
        secrets = {"client_secret", "password", "secret_key"}
        self.typed += [str(user_input[key]) for key in secrets & user_input.keys()]
        await self._configure(placed(user_input, rare_fields(self.result)))

    async def _configure(self, user_input: dict[str, Any]) -> None:
        flows = self.hass.config_entries.flow
        self.result = await flows.async_configure(self.result["flow_id"], user_input)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        sent = repr(shown(self.result))
        assert not [secret for secret in self.typed if secret and secret in sent]

    def at(self, step: str, **errors: str) -> bool:
        """Say whether a form is shown, with exactly these errors."""
        assert self.result["type"] is FlowResultType.FORM, self.result
        return (
            self.result["step_id"] == step and (self.result["errors"] or {}) == errors
        )

    @property
    def detail(self) -> str:
        """The sentence that names the fix."""
        placeholders = self.result["description_placeholders"]
        assert placeholders is not None
        return placeholders["detail"]

    async def told(self, field: str) -> str:
        """Return what the form says is wrong with a field."""
        texts = await async_get_translations(self.hass, "en", "config", [DOMAIN])
        errors = self.result["errors"]
        assert errors is not None
        text = texts[f"component.{DOMAIN}.config.error.{errors[field]}"]
        return text.format(**self.result["description_placeholders"] or {})

    @property
    def reason(self) -> str:
        """Why the flow was aborted."""
        assert self.result["type"] is FlowResultType.ABORT, self.result
        return self.result["reason"]

    @property
    def entry(self) -> ConfigEntry:
        """What the flow made."""
        assert self.result["type"] is FlowResultType.CREATE_ENTRY, self.result
        return self.result["result"]


async def reach_base_url(flow: Flow, cloud: SolaxCloud, **changes: str) -> None:
    """Type everything up to the address."""
    await flow.sign_in("solax")
    await flow.submit(**{"region": "other", **cloud.credentials, **changes})
    assert flow.at("base_url")


async def reach_plants(flow: Flow, cloud: SolaxCloud) -> None:
    """Sign in without a mistake."""
    await reach_base_url(flow, cloud)
    await flow.submit(base_url=cloud.url)
    assert flow.at("plants")
