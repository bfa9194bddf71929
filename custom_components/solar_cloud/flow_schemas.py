"""Pieces of the forms: credential fields, the choice of plants, and what went wrong."""

import asyncio
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.translation import async_get_translations

from .cloud.errors import (
    CloudError,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
)
from .cloud.model import Plant
from .cloud.vendor import OTHER, CredentialField, FieldKind, SignIn, Vendor
from .const import CONF_CONTROLS, CONF_EXCLUDED_PLANTS, CONF_PLANTS, CONF_REGION, DOMAIN

ADVANCED: Final = "advanced"
"""The section of a form for what few accounts need."""

MOST_NAMED: Final = 3
"""Plants in the title of an account."""


def flow_error(err: CloudError) -> str:
    """Return the message of a form for what a client raised."""
    match err:
        case CredentialsRejected():
            return "invalid_auth"
        case PermissionMissing():
            return "no_permission"
        case QuotaExhausted():
            return "account_locked" if err.locked else "rate_limited"
        case CloudError(
            key="invalid_host"
            | "invalid_code"
            | "access_denied"
            | "unknown_serial" as key
        ):
            return key
        case CloudError(key="private_host"):
            return "invalid_host"
    return "cannot_connect"


FEW_PLANTS: Final = 3
"""A household's; whoever has more is an installer, who wants some of them."""


def preselected(plants: Mapping[str, Plant]) -> list[str]:
    """Return the plants that are chosen beforehand."""
    return [*plants] if len(plants) <= FEW_PLANTS else []


def plants_field(
    plants: Mapping[str, Plant], chosen: list[str]
) -> dict[vol.Marker, SelectSelector]:
    """Ask for plants: by boxes to tick, or by names to search where there are many."""
    options = [
        SelectOptionDict(value=key, label=plant.name) for key, plant in plants.items()
    ]
    few = len(plants) <= FEW_PLANTS
    selector = SelectSelector(
        SelectSelectorConfig(
            options=options,
            multiple=True,
            mode=SelectSelectorMode.LIST if few else SelectSelectorMode.DROPDOWN,
        )
    )
    return {vol.Required(CONF_PLANTS, default=chosen): selector}


def plants_schema(
    plants: Mapping[str, Plant], chosen: list[str], controls: bool
) -> vol.Schema:
    """Ask which plants to read, and whether settings may be changed."""
    return vol.Schema(
        {
            **plants_field(plants, chosen),
            vol.Required(CONF_CONTROLS, default=controls): BooleanSelector(),
        }
    )


def entry_title(vendor: Vendor, plants: Iterable[str]) -> str:
    """Return what an account is called after its plants, until the user calls it otherwise."""
    names = [name for name in plants if name]
    if not names:
        return vendor.name
    more = ["…"] if len(names) > MOST_NAMED else []
    return f"{', '.join(names[:MOST_NAMED] + more)} ({vendor.name})"


def plant_options(
    user_input: Mapping[str, Any], plants: Mapping[str, Plant]
) -> dict[str, Any]:
    """Keep what was left out rather than what was chosen, so that a new plant comes in by itself."""
    return {
        CONF_EXCLUDED_PLANTS: sorted(plants.keys() - set(user_input[CONF_PLANTS])),
        CONF_CONTROLS: user_input[CONF_CONTROLS],
    }


def typed(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return what was typed, wherever it stood in the form, without the blanks that come along with copying and without fields left empty."""
    flat = {**user_input, **user_input.get(ADVANCED, {})}
    flat.pop(ADVANCED, None)
    return {key: text for key, value in flat.items() if (text := str(value).strip())}


def region_field(vendor: Vendor, sign_in: SignIn) -> dict[vol.Marker, Any]:
    """Ask where the account lives."""
    regions = [*sign_in.regions, OTHER]
    selector = SelectSelector(
        SelectSelectorConfig(
            options=regions,
            translation_key=f"{vendor.key}_region",
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    return {vol.Required(CONF_REGION, default=regions[0]): selector}


def credential_fields(
    fields: Iterable[CredentialField], *, opened: Container[str] = ()
) -> dict[vol.Marker, Any]:
    """Ask for credentials; the rare ones in a section, which is closed unless one of them is among ``opened``."""
    common: dict[vol.Marker, Any] = {}
    rare: dict[vol.Marker, Any] = {}
    for each in fields:
        (rare if each.rare else common)[marker(each)] = selector_of(each)
    if not rare:
        return common
    collapsed = not any(str(each) in opened for each in rare)
    return common | {
        vol.Optional(ADVANCED): section(vol.Schema(rare), {"collapsed": collapsed})
    }


def without_kept(
    fields: Iterable[CredentialField], known: Container[str]
) -> tuple[tuple[CredentialField, ...], bool]:
    """Return fields of which those known need not be typed again, and whether there are any that would be needed."""
    fields = tuple(fields)
    kept = {each.key for each in fields if each.required and each.key in known}
    left = (
        replace(each, required=each.required and each.key not in kept)
        for each in fields
    )
    return tuple(left), bool(kept)


def in_sections(values: Mapping[str, str]) -> dict[str, Any]:
    """Offer values to a form and to its section alike; each takes those of its fields."""
    return {**values, ADVANCED: values}


def at_section(errors: Mapping[str, str], schema: vol.Schema) -> dict[str, str]:
    """Put what is wrong inside a section above it: the frontend shows no errors of the fields in it."""
    rare = schema.schema[ADVANCED].schema.schema if ADVANCED in schema.schema else ()
    return {(ADVANCED if key in rare else key): each for key, each in errors.items()}


def marker(each: CredentialField) -> vol.Marker:
    """Return the key of a field in a form: required or optional."""
    return vol.Required(each.key) if each.required else vol.Optional(each.key)


def selector_of(each: CredentialField) -> TextSelector:
    """Return the selector of a field; a secret is hidden while it is typed."""
    if each.kind is FieldKind.ADDRESS:
        return TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
    if each.kind is FieldKind.SECRET:
        return TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
        )
    return TextSelector()


async def async_sentence(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return a message in the user's language, filled in; nothing for one that has no text."""
    texts = await async_get_translations(
        hass, hass.config.language, "exceptions", [DOMAIN]
    )
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", "")
    return text.format(**placeholders)


async def async_region_name(hass: HomeAssistant, vendor: Vendor, region: str) -> str:
    """Return what the drop-down of regions calls one."""
    texts = await async_get_translations(
        hass, hass.config.language, "selector", [DOMAIN]
    )
    key = f"component.{DOMAIN}.selector.{vendor.key}_region.options.{region}"
    return texts.get(key, region)


async def async_device_name(hass: HomeAssistant, key: str) -> str:
    """Return what a device without a name of its own is called in the user's language."""
    texts = await async_get_translations(hass, hass.config.language, "device", [DOMAIN])
    return texts[f"component.{DOMAIN}.device.{key}.name"]


async def async_pause(hass: HomeAssistant, seconds: float) -> None:
    """Wait in Home Assistant's time."""
    over = asyncio.Event()

    @callback
    def end(_: datetime) -> None:
        over.set()

    cancel = async_call_later(hass, seconds, end)
    try:
        await over.wait()
    finally:
        cancel()
