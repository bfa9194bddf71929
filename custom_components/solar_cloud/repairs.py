"""Repairs: what only the user can mend, shown while it lasts."""

from typing import Final

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .cloud.errors import (
    CloudError,
    ListingUnfinished,
    Paced,
    PermissionMissing,
    QuotaExhausted,
    SessionContested,
)
from .cloud.model import Notice
from .cloud.vendor import fingerprint
from .const import DOMAIN
from .fix_flows import async_flow

ORDINARY: Final = frozenset(
    {
        QuotaExhausted.default_key,
        Paced.default_key,
        ListingUnfinished.default_key,
        "vendor_busy",
    }
)
"""Limits that pass by themselves and tell the user to do nothing."""
LASTING: Final = frozenset({"access_blocked"})
"""Errors that pass by themselves as a rule, and are worth a word when they outlast the grace."""


def notice_of(error: CloudError | None) -> frozenset[Notice]:
    """Return the notice an error deserves: those the user can do something about."""
    if error is None:
        return frozenset()
    mendable = isinstance(error, PermissionMissing | SessionContested) or (
        isinstance(error, QuotaExhausted) and error.key not in ORDINARY
    )
    if mendable or error.key in LASTING:
        return frozenset({Notice(error.key, tuple(sorted(error.placeholders.items())))})
    return frozenset()


class Repairs:
    """The repairs of one entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, account_name: str) -> None:
        """Start with none shown; those of the last run ended with it."""
        self._hass: Final = hass
        self._prefix: Final = entry_id
        self._account: Final = account_name
        self._shown: dict[str, Notice] = {}

    @callback
    def show(self, notices: frozenset[Notice]) -> None:
        """Show these and take back all others."""
        wanted = {self._issue_id(notice): notice for notice in notices}
        for issue_id in self._shown.keys() - wanted.keys():
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        for issue_id in wanted.keys() - self._shown.keys():
            notice = wanted[issue_id]
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue_id,
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key=notice.key,
                translation_placeholders={
                    "account": self._account,
                    **dict(notice.placeholders),
                },
            )
        self._shown = wanted

    def _issue_id(self, notice: Notice) -> str:
        """Tell notices apart; ids are part of every download of diagnostics, and what a user calls a device is nobody's business."""
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
