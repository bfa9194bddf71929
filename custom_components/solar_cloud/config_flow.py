"""Adding, re-authorising and changing an account in the user interface.

The forms are built from what each vendor says of its sign-ins; this file names no vendor.
"""

from collections.abc import Awaitable, Callable, Mapping
import logging
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_entry_oauth2_flow as oauth2
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.translation import async_get_translations

from .cloud.addresses import check_base_url
from .cloud.errors import CloudError
from .cloud.model import Inventory, Plant
from .cloud.quota import Quota
from .cloud.registry import VENDORS
from .cloud.token import SECTION as TOKEN, Token
from .cloud.vault import MemoryVault
from .cloud.vendor import OTHER, CredentialField, FieldKind, OAuth, SignIn, Vendor
from .const import (
    CONF_BASE_URL,
    CONF_CREDENTIALS,
    CONF_SIGN_IN,
    CONF_VENDOR,
    DOMAIN,
    LOGGER,
)
from .forms import (
    flow_error,
    marker,
    plant_options,
    plants_schema,
    selector_of,
    stripped,
)
from .oauth import Consent
from .options_flow import SolarCloudOptionsFlow
from .session import get_transport
from .store import Seed, async_keep_seed

CONF_REGION: Final = "region"
CONF_CODE: Final = "code"

SIGN_INS: Final[Mapping[str, Vendor]] = {
    sign_in.key: vendor for vendor in VENDORS.values() for sign_in in vendor.sign_ins
}
"""The vendor behind each step of the menu."""


class SolarCloudConfigFlow(oauth2.AbstractOAuth2FlowHandler, domain=DOMAIN):
    """The flow of one account."""

    DOMAIN = DOMAIN
    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._vendor: Vendor
        self._sign_in: SignIn
        self._credentials: dict[str, str] = {}
        self._inventory = Inventory({}, {})
        self._vault = MemoryVault()
        self._quota: Quota | None = None
        self._tried: dict[str, str] = {}
        self._detail = ""

    @property
    @override
    def logger(self) -> logging.Logger:
        """The logger of the OAuth steps."""
        return LOGGER

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SolarCloudOptionsFlow:
        """Offer the options."""
        return SolarCloudOptionsFlow()

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how to sign in."""
        return self.async_show_menu(step_id="user", menu_options=list(SIGN_INS))

    def _choose(self, key: str) -> None:
        self._vendor = SIGN_INS[key]
        self._sign_in = self._vendor.sign_in(key)

    async def async_step_sign_in(
        self, key: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Take the credentials of one way to sign in."""
        self._choose(key)
        return await self._async_step_credentials(key, user_input, self._sign_in.fields)

    async def _async_step_credentials(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        fields: tuple[CredentialField, ...],
    ) -> ConfigFlowResult:
        """Show a form of credentials until they work; an address is asked for where the region is ``other``."""
        errors: dict[str, str] = {}
        if user_input is not None:
            # What is shown and was emptied is meant to go; an empty secret was never shown.
            shown = {each.key for each in fields} - self._secret
            self._credentials = {
                key: value
                for key, value in self._credentials.items()
                if key not in shown
            } | stripped(user_input)
            if self._credentials[CONF_REGION] == OTHER:
                return await self.async_step_base_url()
            self._credentials.pop(CONF_BASE_URL, None)
            if (result := await self._async_proceed(errors)) is not None:
                return result
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                self._schema(fields), self._suggested()
            ),
            errors=errors,
            description_placeholders=self._placeholders(),
        )

    async def async_step_base_url(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take the address of a server that is not in the list of regions."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._credentials |= stripped(user_input)
            try:
                self._credentials[CONF_BASE_URL] = check_base_url(
                    self._sign_in.tidy(user_input[CONF_BASE_URL])
                )
            except CloudError as err:
                errors[CONF_BASE_URL], self._detail = flow_error(err), ""
            else:
                if (result := await self._async_proceed(errors)) is not None:
                    return result
        return self.async_show_form(
            step_id="base_url",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(
                    {
                        vol.Required(CONF_BASE_URL): TextSelector(
                            TextSelectorConfig(type=TextSelectorType.URL)
                        )
                    }
                    # The secret may be what is wrong: it can be corrected without going back.
                    | (
                        {
                            vol.Optional(each.key): selector_of(each)
                            for each in self._sign_in.secrets
                        }
                        if errors
                        else {}
                    )
                ),
                self._suggested(),
            ),
            errors=errors,
            description_placeholders=self._placeholders(),
        )

    async def _async_proceed(self, errors: dict[str, str]) -> ConfigFlowResult | None:
        """Go on with complete credentials; on failure say why and return nothing."""
        if self._sign_in.oauth is not None:
            return await self.async_step_consent()
        # Before any call: on some clouds a test call would kill the token of the running account.
        await self._async_identify(self._sign_in.account(self._credentials))
        await self._async_forget_token()
        return await self._async_connect(errors)

    async def _async_forget_token(self) -> None:
        """Drop the token of what was typed before: it would open the account whatever is typed now.

        Calls stay counted for as long as they are the same account's.
        """
        if not self._tried or self._credentials == self._tried:
            return
        quota_account = self._sign_in.quota_account
        if quota_account(self._credentials) != quota_account(self._tried):
            self._vault, self._quota = MemoryVault(), None
        else:
            await self._vault.save(TOKEN, None)

    async def _async_identify(self, account: str) -> None:
        """Refuse an account that is set up already, or another one than the entry's."""
        await self.async_set_unique_id(f"{self._vendor.key}_{account}")
        if self.source in {SOURCE_REAUTH, SOURCE_RECONFIGURE}:
            self._abort_if_unique_id_mismatch()
        else:
            self._abort_if_unique_id_configured()

    async def _async_connect(self, errors: dict[str, str]) -> ConfigFlowResult | None:
        """Sign in and list the plants; on failure say why and return nothing."""
        if self._quota is None:
            self._quota = self._vendor.quota(self._vault)
        self._tried, self._detail = dict(self._credentials), ""
        transport = get_transport(self.hass)
        try:
            cloud = self._vendor.connect(
                self._sign_in, self._credentials, transport, self._vault, self._quota
            )
            self._inventory = await cloud.inventory()
        except CloudError as err:
            await self._async_explain(err, errors)
            return None
        except Exception:  # noqa: BLE001
            LOGGER.exception("Unexpected error while connecting")
            errors["base"] = "unknown"
            return None
        if self.source in {SOURCE_REAUTH, SOURCE_RECONFIGURE}:
            return await self._async_update_entry()
        if not self._offered():
            errors["base"] = "no_plants"
            return None
        return await self.async_step_plants()

    def _offered(self) -> Mapping[str, Plant]:
        return _unserved(self.hass, self._vendor, self._inventory.plants)

    async def _async_keep_seed(self) -> None:
        """Leave the token and the lists to the entry: it need not ask again."""
        await async_keep_seed(
            self.hass,
            self._vendor,
            self._sign_in,
            self._credentials,
            self.unique_id,
            Seed(self._vault, self._inventory),
        )

    async def _async_explain(self, err: CloudError, errors: dict[str, str]) -> None:
        """Put an error and the sentence that names its fix on the form."""
        errors["base"] = flow_error(err)
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "exceptions", [DOMAIN]
        )
        text = texts.get(f"component.{DOMAIN}.exceptions.{err.key}.message", "")
        self._detail = (
            text.format(**err.placeholders)
            if err.key != err.default_key or err.placeholders
            else ""
        )

    async def _async_update_entry(self) -> ConfigFlowResult:
        """Write new credentials to the entry and start it anew."""
        entry = (
            self._get_reauth_entry()
            if self.source == SOURCE_REAUTH
            else self._get_reconfigure_entry()
        )
        await self._async_keep_seed()
        return self.async_update_reload_and_abort(
            entry, data_updates={CONF_CREDENTIALS: self._credentials}
        )

    async def async_step_plants(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose plants, and whether settings may be changed."""
        if user_input is not None:
            await self._async_keep_seed()
            return self.async_create_entry(
                title=self._vendor.name,
                data={
                    CONF_VENDOR: self._vendor.key,
                    CONF_SIGN_IN: self._sign_in.key,
                    CONF_CREDENTIALS: self._credentials,
                },
                # Plants that another entry shows are left out too.
                options=plant_options(user_input, self._inventory.plants),
            )
        offered = self._offered()
        return self.async_show_form(
            step_id="plants", data_schema=plants_schema(offered, list(offered), False)
        )

    # Consent in a browser

    async def async_step_consent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer the vendor's page, and to paste the code it ends with."""
        self.flow_impl = Consent(
            self.hass, self._vendor, self._sign_in, self._credentials
        )
        return self.async_show_menu(
            step_id="consent",
            menu_options=["auth", "paste"],
            description_placeholders=self._consent_placeholders(),
        )

    def _consent_placeholders(self) -> dict[str, str]:
        assert isinstance(self.flow_impl, Consent)
        return {"redirect_uri": self.flow_impl.redirect_uri, "detail": self._detail}

    @override
    async def async_step_creation(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Use the code the vendor's page sent back; on failure it can be pasted."""
        return await self.async_step_paste({CONF_CODE: self.external_data["code"]})

    async def async_step_paste(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a pasted code or address and exchange it."""
        assert isinstance(self.flow_impl, Consent)
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                token = await self.flow_impl.async_exchange(
                    OAuth.code_from(user_input[CONF_CODE])
                )
            except CloudError as err:
                await self._async_explain(err, errors)
            else:
                if (result := await self._async_use_token(token, errors)) is not None:
                    return result
        placeholders = self._consent_placeholders()
        return self.async_show_form(
            step_id="paste",
            data_schema=vol.Schema({vol.Required(CONF_CODE): TextSelector()}),
            errors=errors,
            description_placeholders=placeholders
            | {"url": await self.async_generate_authorize_url()},
        )

    async def _async_use_token(
        self, token: Token, errors: dict[str, str]
    ) -> ConfigFlowResult | None:
        """Continue with the first token of a consent."""
        assert self._sign_in.oauth is not None
        await self._vault.save(TOKEN, token.as_json())
        await self._async_identify(
            self._sign_in.oauth.account(self._credentials, token)
        )
        return await self._async_connect(errors)

    # Later changes

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """The vendor refuses the credentials."""
        self._load(entry_data)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take new secrets; everything else stays."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._credentials |= stripped(user_input)
            if (result := await self._async_proceed(errors)) is not None:
                return result
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=vol.Schema(
                {marker(each): selector_of(each) for each in self._sign_in.secrets}
            ),
            errors=errors,
            description_placeholders=self._placeholders()
            | {"vendor": self._vendor.name},
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how the account is reached; a secret left empty stays as it is."""
        if not self._credentials:
            self._load(self._get_reconfigure_entry().data)
        fields = tuple(
            CredentialField(
                each.key, each.kind, each.required and each.kind is not FieldKind.SECRET
            )
            for each in self._sign_in.fields
        )
        return await self._async_step_credentials("reconfigure", user_input, fields)

    def _load(self, entry_data: Mapping[str, Any]) -> None:
        self._choose(entry_data[CONF_SIGN_IN])
        self._credentials = dict(entry_data[CONF_CREDENTIALS])

    # Forms

    def _schema(self, fields: tuple[CredentialField, ...]) -> vol.Schema:
        regions = [*self._sign_in.regions, OTHER]
        return vol.Schema(
            {
                vol.Required(CONF_REGION, default=regions[0]): SelectSelector(
                    SelectSelectorConfig(
                        options=regions,
                        translation_key=f"{self._vendor.key}_region",
                        mode=SelectSelectorMode.DROPDOWN,
                    )
                )
            }
            | {marker(each): selector_of(each) for each in fields}
        )

    def _suggested(self) -> dict[str, str]:
        """Return what may be shown again: never a secret."""
        secret = self._secret
        return {
            key: value for key, value in self._credentials.items() if key not in secret
        }

    @property
    def _secret(self) -> set[str]:
        return {each.key for each in self._sign_in.secrets}

    def _placeholders(self) -> dict[str, str]:
        return {**self._sign_in.links, "detail": self._detail}


def _unserved(
    hass: HomeAssistant, vendor: Vendor, plants: Mapping[str, Plant]
) -> Mapping[str, Plant]:
    """Leave out plants that another entry shows already: their entities would collide."""
    served = {
        key
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if entry.data[CONF_VENDOR] == vendor.key
        for key in entry.runtime_data.readings.data.readings
    }
    return {key: plant for key, plant in plants.items() if key not in served}


type Step = Callable[
    [SolarCloudConfigFlow, dict[str, Any] | None], Awaitable[ConfigFlowResult]
]


def _step(key: str) -> Step:
    async def step(
        flow: SolarCloudConfigFlow, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        return await flow.async_step_sign_in(key, user_input)

    return step


# Home Assistant finds the step of a menu's choice by its name.
for _key in SIGN_INS:
    setattr(SolarCloudConfigFlow, f"async_step_{_key}", _step(_key))
