"""Doctors: what Home Assistant itself finds out about an account, who can mend what, and looking again once the user has seen to it.

A repair appears by a notice, says what to do, and goes with its cause. Where the user can do something, its flow also lists what the
vendor's portal grants, has the words for whoever must grant it, and looks at once rather than at the next try.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    OperationNotAllowed,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntryType
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
from homeassistant.util.hass_dict import HassKey

from .account import Account, accounts, is_account
from .cloud.errors import CloudError
from .cloud.model import Notice, Plant
from .cloud.registry import VENDORS
from .cloud.vendor import Access, ShowsAccess, SignIn
from .const import (
    CONF_CREDENTIALS,
    CONF_EXCLUDED_PLANTS,
    CONF_SIGN_IN,
    CONF_VENDOR,
    DOMAIN,
)
from .device_registry import registered_devices
from .flow_schemas import async_sentence
from .set_up_report import plain

LETTER: Final = "letter"
SHOWN: Final[HassKey[dict[str, dict[str, Notice]]]] = HassKey(f"{DOMAIN}_repairs")
"""What is shown of each entry, by the repair's id: a set-up that is tried again knows what the try before it showed."""


class Remedy(StrEnum):
    """What the user can do about a notice; all but ``ONCE`` end with looking again."""

    GRANT = "grant"
    """Something in the vendor's portal."""
    APART = "apart"
    """Give another program an access of its own."""
    LOOK = "look"
    """Something at home."""
    ONCE = "once"
    """Read a plant by one entry only."""


SERVED_TWICE: Final = "served_twice"
REMEDIES: Final[Mapping[str, Remedy]] = {
    "permission_missing": Remedy.GRANT,
    "ip_not_allowed": Remedy.GRANT,
    "user_not_allowed": Remedy.GRANT,
    "not_authorized": Remedy.GRANT,
    "service_expired": Remedy.GRANT,
    "owner_permission_missing": Remedy.GRANT,
    "interface_denied": Remedy.GRANT,
    "no_plants_visible": Remedy.GRANT,
    "no_readable_devices": Remedy.GRANT,
    "session_contested": Remedy.APART,
    "token_refused": Remedy.APART,
    "clock_skew": Remedy.LOOK,
    "access_blocked": Remedy.LOOK,
    SERVED_TWICE: Remedy.ONCE,
}
"""By the key of a notice. What is not here passes by itself, or has a flow of its own."""
LISTED: Final = frozenset({"no_plants_visible", "no_readable_devices"})
"""What only new lists can show."""


def own_notices(
    hass: HomeAssistant, entry: ConfigEntry, account: Account
) -> frozenset[Notice]:
    """Return what no vendor says: the clock of this machine, calls that run out, a plant that two entries read."""
    found = {
        Notice(SERVED_TWICE, (("other", other.title), ("plant", plant.name)))
        for plant, other in _served_twice(hass, entry, account)
    }
    if account.store.capture.clock_is_wrong:
        found.add(Notice("clock_skew"))
    if account.quota.runs_out:
        found.add(Notice("calls_run_out"))
    return frozenset(found)


def _served_twice(
    hass: HomeAssistant, entry: ConfigEntry, account: Account
) -> Iterator[tuple[Plant, ConfigEntry]]:
    """Yield the plants that an older entry reads as well."""
    own = account.inventory.chosen.plants
    for other in _older(hass, entry):
        if other.state is ConfigEntryState.LOADED:
            theirs = other.runtime_data.inventory.chosen.plants
            yield from ((own[key], other) for key in own.keys() & theirs.keys())


def _older(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[ConfigEntry]:
    """Yield the entries of the same vendor that were there before."""
    for other in accounts(hass):
        older = (other.created_at, other.entry_id) < (entry.created_at, entry.entry_id)
        if older and other.data[CONF_VENDOR] == entry.data[CONF_VENDOR]:
            yield other


def leave_to_the_other(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave out the plants that an older entry shows, whether or not either of them is loaded now."""
    theirs = {
        plant_id for other in _older(hass, entry) for plant_id in _shown(hass, other)
    }
    twice = _shown(hass, entry) & theirs
    excluded = twice.union(entry.options.get(CONF_EXCLUDED_PLANTS, ()))
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_EXCLUDED_PLANTS: sorted(excluded)}
    )
    if entry.state.recoverable:
        hass.config_entries.async_schedule_reload(entry.entry_id)


def _shown(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the plants that an entry has devices of."""
    shown = {
        key
        for key, device in registered_devices(hass, entry.entry_id)
        if device.entry_type is DeviceEntryType.SERVICE
    }
    return shown.difference(entry.options.get(CONF_EXCLUDED_PLANTS, ()))


async def async_look_again(hass: HomeAssistant, entry: ConfigEntry, key: str) -> bool:
    """Ask for everything that was refused; whether what a notice told of is over."""
    if entry.state is ConfigEntryState.LOADED:
        account: Account = entry.runtime_data
        await async_access(account)
        if key in LISTED:
            await account.inventory.async_refresh()
        account.readings.expect_change()
        await account.readings.async_refresh()
    else:
        try:
            await hass.config_entries.async_reload(entry.entry_id)
        except OperationNotAllowed:  # it is just being set up, or waits for a restart
            return False
    shown = hass.data.get(SHOWN, {}).get(entry.entry_id, {})
    return key not in {notice.key for notice in shown.values()}


async def async_access(account: Account) -> Access:
    """Find out what is granted, what was refused before included; nothing where that cannot be asked now."""
    access = Access()
    if isinstance(account.cloud, ShowsAccess) and account.inventory.data.plants:
        with suppress(CloudError):
            access = await account.cloud.access(account.inventory.data, again=True)
    return access


async def async_services(hass: HomeAssistant, sign_in: SignIn, access: Access) -> str:
    """List what the vendor grants by name, each with a mark and what it is for; and where the rest is granted."""
    lines = []
    for permission in access.permissions:
        name = permission.name
        known = (access.granted, "✓"), (access.missing, "✗")
        mark = next((sign for names, sign in known if name in names), "–")
        serves = [
            await async_sentence(hass, f"report_{each}") for each in permission.serves
        ]
        lines.append(f"- {mark} **{plain(name)}** ({', '.join(serves)})")
    if access.missing or not lines:
        lines += ["", await async_sentence(hass, sign_in.portal_step or "")]
    return "\n".join(lines)


async def async_letter(hass: HomeAssistant, sign_in: SignIn, missing: str) -> str:
    """Return the words to send to whoever must grant something."""
    step = await async_sentence(hass, sign_in.portal_step or "")
    return (await async_sentence(hass, "letter", missing=missing, step=step)).replace(
        "*", ""
    )


def letter_field(words: str) -> vol.Schema:
    """Offer words to copy."""
    return vol.Schema(
        {
            vol.Optional(LETTER, description={"suggested_value": words}): TextSelector(
                TextSelectorConfig(multiline=True)
            )
        }
    )


class DoctorFlow(ConfirmRepairFlow):
    """Says what to do about a notice, and looks again when that is done."""

    def __init__(self, entry: ConfigEntry, notice: Notice) -> None:
        """Work for one account."""
        self._entry: Final = entry
        self._notice: Final = notice
        self._remedy: Final = REMEDIES[notice.key]

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Look again once the user says so; what lasts is shown again."""
        errors = {}
        if user_input is not None:
            if self._remedy is Remedy.ONCE:
                leave_to_the_other(self.hass, self._entry)
                return self.async_create_entry(data={})
            if await async_look_again(self.hass, self._entry, self._notice.key):
                return self.async_create_entry(data={})
            errors["base"] = "still_so"
        told = dict(self._notice.placeholders)
        advice, schema = await self._advice(told)
        return self.async_show_form(
            step_id="confirm",
            data_schema=schema,
            errors=errors,
            description_placeholders={
                "account": self._entry.title,
                "advice": advice,
                **told,
            },
        )

    async def _advice(self, told: Mapping[str, str]) -> tuple[str, vol.Schema]:
        """Return what the portal grants and the words to send, or how another program gets an access of its own."""
        data = self._entry.data
        sign_in = VENDORS[data[CONF_VENDOR]].sign_in(data[CONF_SIGN_IN])
        if self._remedy is Remedy.APART:
            rivals = await async_sentence(
                self.hass, "rivals", others=", ".join(self._rivals()) or "–"
            )
            own = await async_sentence(self.hass, sign_in.own_step or "")
            return f"{rivals} {own}", vol.Schema({})
        if self._remedy is not Remedy.GRANT:
            return "", vol.Schema({})
        access = Access()
        if self._entry.state is ConfigEntryState.LOADED:
            access = await async_access(self._entry.runtime_data)
        missing = (
            ", ".join(access.missing)
            or told.get("permission")
            or told.get("interface", "")
        )
        letter = await async_letter(self.hass, sign_in, missing or "–")
        services = await async_services(self.hass, sign_in, access)
        return services, letter_field(letter)

    def _rivals(self) -> list[str]:
        """Return the entries that may sign in with the same access: ours with the same, and other integrations of the brand."""
        data = self._entry.data
        vendor = VENDORS[data[CONF_VENDOR]]

        def access(entry: ConfigEntry) -> str:
            sign_in = vendor.sign_in(entry.data[CONF_SIGN_IN])
            return sign_in.quota_account(entry.data[CONF_CREDENTIALS])

        found = []
        for each in self.hass.config_entries.async_entries(include_disabled=False):
            if each.domain == DOMAIN:
                if not is_account(each):
                    continue
                ours = each is not self._entry and each.data[CONF_VENDOR] == vendor.key
                rival = ours and access(each) == access(self._entry)
            else:
                rival = vendor.key in each.domain.replace("_", "")
            if rival:
                found.append(f"{each.title} ({each.domain})")
        return found
