"""Repairs: what only the user can mend, shown while it lasts, and the flows of those that a click can make."""

from collections.abc import Iterable, Mapping
import ipaddress
import socket
from typing import Any, Final, override

import voluptuous as vol
from yarl import URL

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .attempt import Attempt, identity, paused, shows_same_plants
from .cloud.addresses import is_loopback, may_move
from .cloud.errors import (
    CloudError,
    ListingUnfinished,
    Paced,
    PermissionMissing,
    QuotaExhausted,
    SessionConflict,
)
from .cloud.model import Notice
from .cloud.registry import VENDORS
from .cloud.vendor import fingerprint
from .const import CONF_CREDENTIALS, CONF_PLANTS, CONF_SIGN_IN, CONF_VENDOR, DOMAIN
from .doctors import REMEDIES, SHOWN, DoctorFlow
from .energy_dashboard import (
    CannotAddError,
    DashboardIssue,
    Proposal,
    async_add,
    async_preferences,
    lacking,
    propose,
)
from .flow_schemas import async_sentence, plants_field, preselected
from .statistics.anomalies import KEY as ANOMALIES
from .statistics.manager import History

DISMISS: Final = "dismiss"
DISMISSIBLE: Final = vol.Schema({vol.Optional(DISMISS, default=False): bool})
"""Home Assistant has no button to ignore what it can mend."""
IMPORT_PAST: Final = "import_past"
"""Whether the past is to be brought in, too."""
KIND: Final = "kind"
ENTRY_ID: Final = "entry_id"
PLANT_ID: Final = "plant_id"


class DashboardFlow(ConfirmRepairFlow):
    """Shows the sources of an account's plants and adds them to the Energy Dashboard."""

    def __init__(self, history: History, offered: list[str]) -> None:
        """Work on the loaded account; ``offered`` are ids of plants."""
        self._history: Final = history
        self._offered: Final = offered
        self._chosen = offered

    @override
    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for the plant where there are several."""
        if len(self._offered) > 1:
            return await self.async_step_choose()
        return await self.async_step_confirm()

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Choose plants; those left out are not offered again."""
        if user_input is not None:
            self._chosen = user_input[CONF_PLANTS]
            return await self.async_step_confirm() if self._chosen else self._settle()
        plants = {key: self._history.inventory.plants[key] for key in self._offered}
        return self.async_show_form(
            step_id="choose",
            data_schema=vol.Schema(plants_field(plants, preselected(plants))),
        )

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Add after confirmation, or never ask again."""
        proposal = self._proposal()
        if user_input is not None and user_input.get(DISMISS):
            return self._settle()
        try:
            missing = proposal.beyond(await async_preferences(self.hass))
            if user_input is not None:
                await async_add(self.hass, missing)
        except CannotAddError:
            return await self.async_step_by_hand()
        if user_input is None:
            return self._form("confirm", missing, self._confirmation())
        if user_input.get(IMPORT_PAST):
            await self._history.async_import(self._chosen)
        return self._settle(set(self._offered) - set(self._chosen))

    def _confirmation(self) -> vol.Schema:
        """Offer the past where the vendor keeps one."""
        if not self._history.can_import:
            return DISMISSIBLE
        return vol.Schema({vol.Optional(IMPORT_PAST, default=True): bool}).extend(
            DISMISSIBLE.schema
        )

    async def async_step_by_hand(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show the list; the user clicks, and is not asked again."""
        if user_input is not None:
            return self._settle()
        return self._form("by_hand", self._proposal(), vol.Schema({}))

    def _settle(self, plants: Iterable[str] | None = None) -> RepairsFlowResult:
        """End; these plants, else all that were offered, are not offered again."""
        DashboardIssue.settle(
            self._history.account, self._offered if plants is None else plants
        )
        return self.async_create_entry(data={})

    def _proposal(self) -> Proposal:
        account, inventory = self._history.account, self._history.inventory
        return Proposal.of(
            propose(self.hass, account, inventory, plant_id)
            for plant_id in self._chosen
        )

    def _form(
        self, step_id: str, proposal: Proposal, schema: vol.Schema
    ) -> RepairsFlowResult:
        plants = self._history.inventory.plants
        names = ", ".join(plants[plant_id].name for plant_id in self._chosen)
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            description_placeholders={"plant": names, **proposal.texts(self.hass)},
        )


class AnomalyFlow(ConfirmRepairFlow):
    """Shows the hours that cannot be, and takes them out of the sums."""

    def __init__(self, history: History, plant_id: str) -> None:
        """Work for one plant."""
        self._history: Final = history
        self._plant_id: Final = plant_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Correct after confirmation, or leave the findings as they are and never ask again."""
        inventory = self._history.inventory
        if user_input is not None and user_input.get(DISMISS):
            self._history.anomaly_finder.accept(inventory, self._plant_id)
            return self.async_create_entry(data={})
        if user_input is not None:
            await self._history.anomaly_finder.async_correct(inventory, self._plant_id)
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=DISMISSIBLE,
            description_placeholders={
                "plant": inventory.plants[self._plant_id].name,
                "findings": self._history.anomaly_finder.lines(self._plant_id),
            },
        )


async def async_flow(
    hass: HomeAssistant, data: Mapping[str, Any] | None
) -> RepairsFlow:
    """Return the flow of an issue; one whose account is not loaded just goes away."""
    values = data or {}
    entry = hass.config_entries.async_get_entry(str(values.get(ENTRY_ID)))
    if entry is None:
        return ConfirmRepairFlow()
    if values.get(KIND) == DOCTOR:
        told = {key: str(text) for key, text in values.items() if key not in OWN_DATA}
        return DoctorFlow(entry, Notice(str(values["key"]), tuple(told.items())))
    if values.get(KIND) == MOVED:
        return MovedFlow(entry, str(values.get("old")), str(values.get("host")))
    if entry.state is not ConfigEntryState.LOADED:
        return ConfirmRepairFlow()
    history: History = entry.runtime_data.history
    if values.get(KIND) == ANOMALIES:
        plant_id = str(values.get(PLANT_ID))
        known = plant_id in history.inventory.plants
        return AnomalyFlow(history, plant_id) if known else ConfirmRepairFlow()
    try:
        preferences = await async_preferences(hass)
    except CannotAddError:
        preferences = None
    return DashboardFlow(
        history, lacking(hass, history, preferences) or [*history.inventory.plants]
    )


MOVED: Final = "moved"
INTERFACE_MOVED: Final = "interface_moved"
"""The error and the repair."""


DOCTOR: Final = "doctor"
OWN_DATA: Final = frozenset({KIND, ENTRY_ID, "key"})


def issue_data(entry_id: str, notice: Notice) -> dict[str, Any] | None:
    """Return what the repair's flow needs to know, ``None`` for a notice without one."""
    told = dict(notice.placeholders)
    if notice.key == INTERFACE_MOVED:
        return {
            KIND: MOVED,
            ENTRY_ID: entry_id,
            "old": told["old"],
            "host": told["host"],
        }
    if notice.key in REMEDIES:
        return {KIND: DOCTOR, ENTRY_ID: entry_id, "key": notice.key, **told}
    return None


def address_of(host: str) -> URL:
    """Return the address of a host as it is shown; encrypted unless it is this machine."""
    url = URL(f"https://{host}")
    return url.with_scheme("http") if is_loopback(url.host or "") else url


class MovedFlow(ConfirmRepairFlow):
    """Names the new host, and changes the account over to it once it is confirmed and shows the same plants."""

    def __init__(self, entry: ConfigEntry, old: str, host: str) -> None:
        """Work for one account."""
        self._entry: Final = entry
        self._old: Final = old
        self._host: Final = host

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Change over after confirmation."""
        shown = {"account": self._entry.title, "old": self._old, "host": self._host}
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=shown,
            )
        try:
            await async_change_over(self.hass, self._entry, self._old, self._host)
        except CloudError as err:
            detail = await async_sentence(self.hass, err.key, **err.placeholders)
            return self.async_abort(
                reason="not_changed",
                description_placeholders=shown | {"detail": detail},
            )
        return self.async_create_entry(data={})


async def async_change_over(
    hass: HomeAssistant, entry: ConfigEntry, old: str, host: str
) -> None:
    """Try the account at its new address, with the token it has, and keep the address if it is the same account.

    Raises a ``CloudError``; the entry is then as before.
    """
    vendor = VENDORS[entry.data[CONF_VENDOR]]
    sign_in = vendor.sign_in(entry.data[CONF_SIGN_IN])
    new = address_of(host)
    credentials = sign_in.moved(entry.data[CONF_CREDENTIALS], old, new)
    if credentials is None:
        return  # it was changed meanwhile
    await _async_check_host(hass, address_of(old), new)
    attempt = Attempt(hass, vendor, sign_in)
    await attempt.async_take_up(entry)
    unique_id = identity(vendor, sign_in, credentials, attempt.token)
    async with paused(hass, entry):
        await attempt.async_connect(credentials)
        await attempt.async_list()
        if not shows_same_plants(hass, entry, attempt.inventory):
            raise CloudError("other_account")
    await attempt.async_hand_over(credentials, unique_id)
    hass.config_entries.async_update_entry(
        entry,
        unique_id=unique_id,
        data={**entry.data, CONF_CREDENTIALS: credentials},
    )
    hass.config_entries.async_schedule_reload(entry.entry_id)


async def _async_check_host(hass: HomeAssistant, old: URL, new: URL) -> None:
    """Refuse a host whose name leads into a home's network after all. Raises ``CloudError("private_host")``."""
    if not may_move(old, new):
        raise CloudError("private_host")
    if is_loopback(new.host or ""):
        return
    try:
        found = await hass.loop.getaddrinfo(new.host, new.port, type=socket.SOCK_STREAM)
    except OSError:
        raise CloudError("cannot_connect") from None
    if not all(
        ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_global
        for each in found
    ):
        raise CloudError("private_host")


ORDINARY: Final = frozenset(
    {
        QuotaExhausted.default_key,
        Paced.default_key,
        ListingUnfinished.default_key,
        "vendor_busy",
    }
)
"""Limits that pass by themselves and tell the user to do nothing."""
LASTING: Final = frozenset({"access_blocked", "interface_moved", "interface_closed"})
"""Errors that say nothing of the account, and are worth a word when they outlast the grace."""


def notice_of(error: CloudError | None) -> frozenset[Notice]:
    """Return the notice an error deserves: those the user can do something about."""
    if error is None:
        return frozenset()
    mendable = isinstance(error, PermissionMissing | SessionConflict) or (
        isinstance(error, QuotaExhausted) and error.key not in ORDINARY
    )
    if mendable or error.key in LASTING:
        return frozenset({Notice(error.key, tuple(sorted(error.placeholders.items())))})
    return frozenset()


class Repairs:
    """The repairs of one entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, account_name: str) -> None:
        """Take up what the last try showed; what an earlier run did ended with it."""
        self._hass: Final = hass
        self._prefix: Final = entry_id
        self._account: Final = account_name
        self._of_all: Final = hass.data.setdefault(SHOWN, {})

    @callback
    def show(self, notices: frozenset[Notice]) -> None:
        """Show these and take back all others."""
        wanted = {self._issue_id(notice): notice for notice in notices}
        shown = self._of_all.get(self._prefix, {})
        for issue_id in shown.keys() - wanted.keys():
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        for issue_id in wanted.keys() - shown.keys():
            notice = wanted[issue_id]
            told = dict(notice.placeholders)
            data = issue_data(self._prefix, notice)
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue_id,
                data=data,
                is_fixable=data is not None,
                severity=ir.IssueSeverity.WARNING,
                translation_key=notice.key,
                translation_placeholders={
                    "account": self._account,
                    **told,
                },
            )
        self._of_all[self._prefix] = wanted

    def _issue_id(self, notice: Notice) -> str:
        """Tell notices apart; ids are part of every download of diagnostics, which must not name a user's device."""
        told = [value for _, value in notice.placeholders]
        return "_".join(
            (notice.key, self._prefix, *([fingerprint(*told)] if told else []))
        )


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Offer the repair of an issue."""
    return await async_flow(hass, data)
