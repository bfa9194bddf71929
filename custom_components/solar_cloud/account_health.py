"""Health of an account: until when it may ask what, and what went wrong last; shown by sensors of its own device and by the system information."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .account import Account
from .cloud.errors import CloudError
from .cloud.quota import SHORT
from .cloud.serialization import from_json_or_none
from .cloud.token import SECTION as TOKEN, Token
from .const import DOMAIN
from .coordinator import polled
from .device_registry import account_key
from .runtime import SolarCloudConfigEntry

NO_ERROR: Final = "none"
"""The state while all is well."""


@dataclass(frozen=True, kw_only=True)
class AccountHealth:
    """How an account stands with its cloud."""

    calls_by_kind: Mapping[str, Mapping[str, int]]
    """As ``Quota.by_kind``."""
    calls_reset: datetime | None
    token_ends: datetime | None
    next_poll: datetime
    last_error: CloudError | None
    """``None`` once a poll went well."""


def health_of(account: Account) -> AccountHealth:
    """Return how an account stands now; no call is made."""
    token = from_json_or_none(Token, account.store.load(TOKEN))
    return AccountHealth(
        calls_by_kind=account.quota.by_kind(),
        calls_reset=_instant(account.quota.next_reset),
        token_ends=_instant(token.expires_at if token else None),
        next_poll=account.readings.next_poll,
        last_error=account.readings.last_error,
    )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else dt_util.utc_from_timestamp(seconds)


def reason_of(hass: HomeAssistant, err: CloudError | None) -> str | None:
    """Return an error in the user's language; its texts must have been loaded."""
    if err is None:
        return None
    texts = async_get_cached_translations(
        hass, hass.config.language, "exceptions", DOMAIN
    )
    text = texts.get(f"component.{DOMAIN}.exceptions.{err.key}.message")
    return err.key if text is None else text.format(**err.placeholders)


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A fact of an account."""

    value_fn: Callable[[AccountHealth], str | int | datetime | None]
    attributes_fn: Callable[[HomeAssistant, AccountHealth], Mapping[str, Any]] = (
        lambda _hass, _health: {}
    )


def _error_key(health: AccountHealth) -> str:
    return health.last_error.key if health.last_error else NO_ERROR


def _scarcest(health: AccountHealth) -> int | None:
    """Return the fewest calls left of a kind; a limit of minutes is met by each poll and says nothing."""
    kinds = health.calls_by_kind.values()
    left = [each["left"] for each in kinds if each["within_seconds"] >= SHORT]
    return min(left, default=None)


ACCOUNT_SENSORS: Final = (
    AccountSensorDescription(
        key="last_error",
        value_fn=_error_key,
        attributes_fn=lambda hass, health: {
            "reason": reason_of(hass, health.last_error)
        },
    ),
    AccountSensorDescription(
        key="next_poll",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=lambda health: health.next_poll,
    ),
    AccountSensorDescription(
        key="token_ends",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=lambda health: health.token_ends,
    ),
    AccountSensorDescription(
        key="calls_reset",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=lambda health: health.calls_reset,
    ),
    AccountSensorDescription(
        key="calls_by_kind",
        entity_registry_enabled_default=False,
        value_fn=_scarcest,
        attributes_fn=lambda _, health: {"by_kind": health.calls_by_kind},
    ),
)
"""What is told of an account; what changes with each poll is off by default."""


class AccountSensor(SensorEntity):
    """A fact of an account, which has a device of its own; always known, since it tells of failures."""

    entity_description: AccountSensorDescription
    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _unrecorded_attributes = frozenset({"by_kind", "reason"})
    _shown: object = None
    """What a poll made it write last."""

    def __init__(
        self, entry: SolarCloudConfigEntry, description: AccountSensorDescription
    ) -> None:
        """Belong to the account's device."""
        self._signal: Final = polled(entry.entry_id)
        self._account: Final = entry.runtime_data
        self.entity_description = description
        key = account_key(entry.entry_id)
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{self._account.vendor.key}_{key}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, key)})

    @override
    async def async_added_to_hass(self) -> None:
        """Hear of each poll."""
        self.async_on_remove(
            async_dispatcher_connect(self.hass, self._signal, self._polled)
        )

    @callback
    def _polled(self) -> None:
        """Write what is new; a poll that changes nothing here is none."""
        shows = self.native_value, self.extra_state_attributes
        if shows != self._shown:
            self._shown = shows
            self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> str | int | datetime | None:
        """The fact."""
        return self.entity_description.value_fn(health_of(self._account))

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """The error in the user's language, or what each kind of call used and has left."""
        return self.entity_description.attributes_fn(
            self.hass, health_of(self._account)
        )
