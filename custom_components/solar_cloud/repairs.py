"""Repairs: what only the user can mend, shown while it lasts."""

from typing import Final

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.hass_dict import HassKey

from .cloud.errors import (
    CloudError,
    ListingUnfinished,
    Paced,
    PermissionMissing,
    QuotaExhausted,
    SessionConflict,
)
from .cloud.model import Notice
from .cloud.vendor import fingerprint
from .const import DOMAIN
from .fix_flows import async_flow
from .moving import KEY as MOVED, issue_data

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
SHOWN: Final[HassKey[dict[str, dict[str, Notice]]]] = HassKey(f"{DOMAIN}_repairs")
"""What is shown of each entry, by the repair's id: a set-up that is tried again knows what the try before it showed."""


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
            moved = notice.key == MOVED
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue_id,
                data=issue_data(self._prefix, told) if moved else None,
                is_fixable=moved,
                severity=ir.IssueSeverity.WARNING,
                translation_key=notice.key,
                translation_placeholders={
                    "account": self._account,
                    **told,
                },
            )
        self._of_all[self._prefix] = wanted

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
