"""System health: of each account whether its cloud answers, what may still be asked, and how old the values are; no names and no ids."""

from collections import Counter
from collections.abc import Awaitable
from datetime import datetime
from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations

from .account import loaded_accounts
from .account_health import health_of
from .cloud.model import Quantity, Slot
from .const import CONF_CREDENTIALS, DOMAIN
from .runtime import SolarCloudConfigEntry

AGE = Slot(Quantity.DATA_AGE)


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Offer the page under Settings, System, Repairs, System information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return one line for each fact of each account, by a name in the user's language."""
    texts = await async_get_translations(
        hass, hass.config.language, "system_health", [DOMAIN]
    )
    seen: Counter[str] = Counter()
    info: dict[str, Any] = {}
    for entry in loaded_accounts(hass):
        name = entry.runtime_data.vendor.name
        seen[name] += 1
        label = f"{name} {seen[name]}" if seen[name] > 1 else name
        for key, value in _facts(hass, entry).items():
            text = texts.get(f"component.{DOMAIN}.system_health.info.{key}", key)
            info[f"{label}: {text}"] = value
    return info


def _facts(
    hass: HomeAssistant, entry: SolarCloudConfigEntry
) -> dict[str, str | int | Awaitable[str | dict[str, str]] | None]:
    account = entry.runtime_data
    readings = account.readings
    server = account.sign_in.base_url(entry.data[CONF_CREDENTIALS])
    ages = [
        age
        for reading in readings.data.readings.values()
        if isinstance(age := reading.values.get(AGE), float)
    ]
    health = health_of(account)
    return {
        "reachable": system_health.async_check_can_reach_url(hass, str(server)),
        "calls_today": account.quota.used(),
        "calls_left": account.quota.left(),
        "calls_by_kind": ", ".join(
            f"{kind} {each['used']}/{each['used'] + each['left']}"
            for kind, each in health.calls_by_kind.items()
        )
        or None,
        "next_reset": _time(health.calls_reset),
        "token_ends": _time(health.token_ends),
        "data_age": f"{max(ages):.0f} s" if ages else None,
        "last_error": health.last_error.key if health.last_error else None,
        "next_poll": _time(health.next_poll),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
