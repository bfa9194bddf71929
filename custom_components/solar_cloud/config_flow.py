"""Adding, re-authorising and changing an account in the user interface.

The forms are built from what each vendor says of its sign-ins; this file names no vendor.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
import logging
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import config_entry_oauth2_flow as oauth2
from homeassistant.helpers.selector import TextSelector

from .account import is_account
from .all_plants import ALL_PLANTS, are_offered
from .attempt import (
    Attempt,
    Elsewhere,
    async_look_elsewhere,
    at_home,
    identity,
    paused,
    shows_same_plants,
    unserved,
)
from .cloud.addresses import check_base_url
from .cloud.errors import (
    CloudError,
    ConsentLost,
    CredentialsRejected,
    ListingUnfinished,
    Paced,
)
from .cloud.model import Plant
from .cloud.registry import VENDORS
from .cloud.serialization import from_json_or_none, to_json
from .cloud.token import SECTION as TOKEN, Token
from .cloud.vendor import OTHER, CredentialField, FieldKind, OAuth, SignIn, Vendor
from .const import (
    CONF_BASE_URL,
    CONF_CONTROLS,
    CONF_CREDENTIALS,
    CONF_PLANTS,
    CONF_REGION,
    CONF_SIGN_IN,
    CONF_VENDOR,
    DOMAIN,
    LOGGER,
)
from .flow_schemas import (
    async_device_name,
    async_pause,
    async_region_name,
    async_sentence,
    at_section,
    credential_fields,
    entry_title,
    flow_error,
    in_sections,
    plant_options,
    plants_schema,
    preselected,
    region_field,
    typed,
    without_kept,
)
from .oauth import Consent, redirect_address, stands_in
from .options_flow import SolarCloudOptionsFlow
from .set_up_report import async_grants, async_report
from .storage import async_get_store

CONF_CODE: Final = "code"
ADDRESS: Final = CredentialField(CONF_BASE_URL, FieldKind.ADDRESS)
LATER: Final = frozenset({SOURCE_REAUTH, SOURCE_RECONFIGURE})
FORMS: Final[Mapping[str, str]] = {
    SOURCE_REAUTH: "reauth_confirm",
    SOURCE_RECONFIGURE: "reconfigure",
}
"""The form of credentials by what began the flow; a new account's is that of its sign-in."""
SAID: Final = frozenset(
    {"cannot_connect", "invalid_auth", "rate_limited", "unexpected_answer"}
)
"""Errors of which the form's own text says all there is to say."""
SPENT: Final = frozenset({"invalid_code", "access_denied"})
"""Errors after which a code is of no more use."""
LONGEST_PAUSE: Final = 120.0
"""Seconds of our own pace that a form waits for; longer ones are told."""

SIGN_INS: Final[Mapping[str, Vendor]] = {
    sign_in.key: vendor for vendor in VENDORS.values() for sign_in in vendor.sign_ins
}
"""The vendor behind each form of credentials."""


class SolarCloudConfigFlow(oauth2.AbstractOAuth2FlowHandler, domain=DOMAIN):
    """The flow of one account."""

    DOMAIN = DOMAIN
    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Begin without credentials."""
        super().__init__()
        self._vendor: Vendor
        self._sign_in: SignIn
        self._attempt: Attempt
        self._credentials: dict[str, str] = {}
        self._form = ""
        """The form that was filled in last: what fails leads back to it."""
        self._errors: dict[str, str] = {}
        self._detail = ""
        """What the next form has to say."""
        self._mendable: tuple[CredentialField, ...] = ()
        """The fields that the form of the address shows once more."""
        self._work: asyncio.Task[None] | None = None
        self._progress = (0, 1)
        self._code = ""
        """What the owner's consent led to: good until it was traded in."""
        self._traded_in = ""
        self._looked_for: list[Mapping[str, str]] = []
        """The credentials that were tried in every region."""
        self._elsewhere: Elsewhere
        self._consented_with: dict[str, str] = {}

    @property
    @override
    def logger(self) -> logging.Logger:
        """The logger of the OAuth steps."""
        return LOGGER

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SolarCloudOptionsFlow:
        """Return the flow behind the entry's gear wheel."""
        return SolarCloudOptionsFlow()

    @classmethod
    @callback
    @override
    def async_supports_options_flow(cls, config_entry: ConfigEntry) -> bool:
        """An account has options; all plants have none."""
        return is_account(config_entry)

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the brand; once there are several plants, adding them up is a choice as well."""
        more = [ALL_PLANTS] if are_offered(self.hass) else []
        return self.async_show_menu(step_id="user", menu_options=[*VENDORS, *more])

    async def async_step_all_plants(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what the device of all plants shows, and add it."""
        await self.async_set_unique_id(ALL_PLANTS)
        self._abort_if_unique_id_configured()
        if user_input is None:
            return self.async_show_form(step_id=ALL_PLANTS, data_schema=vol.Schema({}))
        title = await async_device_name(self.hass, ALL_PLANTS)
        return self.async_create_entry(title=title, data={}, description=ALL_PLANTS)

    async def async_step_brand(self, vendor: Vendor) -> ConfigFlowResult:
        """Ask what the user has of a brand, where there is a choice."""
        ways = [each.key for each in vendor.sign_ins]
        if len(ways) > 1:
            return self.async_show_menu(step_id=vendor.key, menu_options=ways)
        return await self.async_step_sign_in(ways[0], None)

    def _choose(self, key: str) -> None:
        self._vendor = SIGN_INS[key]
        self._sign_in = self._vendor.sign_in(key)
        self._attempt = Attempt(self.hass, self._vendor, self._sign_in)

    async def async_step_sign_in(
        self, key: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Take the credentials of one way to sign in."""
        if not self._form:
            self._choose(key)
        return await self._async_step_credentials(key, user_input, self._sign_in.fields)

    async def _async_step_credentials(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        fields: tuple[CredentialField, ...],
    ) -> ConfigFlowResult:
        """Show a form of credentials until they work; an address is asked for where the region is ``other``."""
        self._form = step_id
        if user_input is not None:
            # What is shown and was emptied is meant to go; an empty secret was never shown.
            shown = {each.key for each in fields} - self._secret
            self._credentials = {
                key: value
                for key, value in self._credentials.items()
                if key not in shown
            } | typed(user_input)
            if self._credentials[CONF_REGION] == OTHER:
                return await self.async_step_base_url()
            for key in self._sign_in.place - {CONF_REGION}:
                self._credentials.pop(key, None)
            return await self._async_proceed()
        # A secret that was typed and is not what is wrong need not be typed again; it is never shown.
        fields, kept = without_kept(
            fields, self._secret & self._credentials.keys() - self._errors.keys()
        )
        return await self._async_show_fields(
            step_id,
            fields,
            region_field(self._vendor, self._sign_in),
            kept=await async_sentence(self.hass, "secrets_kept") if kept else "",
        )

    async def async_step_base_url(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take the address of a server that is not in the list of regions."""
        addresses = (ADDRESS, *self._sign_in.other_fields)
        if user_input is not None:
            self._form = "base_url"
            optional = (each for each in self._mendable if not each.required)
            for each in (*addresses, *optional):
                self._credentials.pop(each.key, None)
            self._credentials |= typed(user_input)
            if self._check_addresses(addresses):
                self._credentials = self._sign_in.in_region(self._credentials)
                if self._credentials[CONF_REGION] != OTHER:
                    self._form = FORMS.get(self.source or "", self._sign_in.key)
                return await self._async_proceed()
        # What is wrong can be corrected without going back; a secret may be, whatever is said.
        if "invalid_auth" in self._errors.values():
            self._mendable = self._sign_in.fields
        else:
            self._mendable = self._sign_in.secrets if self._errors else ()
        fields = (
            *addresses,
            *(replace(each, required=False) for each in self._mendable),
        )
        return await self._async_show_fields("base_url", fields)

    def _check_addresses(self, fields: Iterable[CredentialField]) -> bool:
        """Whether the addresses can be right; tidied if so."""
        for each in fields:
            if each.kind is FieldKind.ADDRESS and (
                each.required or each.key in self._credentials
            ):
                try:
                    self._credentials[each.key] = check_base_url(
                        self._sign_in.normalize_url(self._credentials.get(each.key, ""))
                    )
                except CloudError as err:
                    self._errors[each.key] = flow_error(err)
        return not self._errors

    # Trying

    async def _async_proceed(self) -> ConfigFlowResult:
        """Go on with complete credentials; what fails is told on the form they were typed into."""
        if self._sign_in.oauth is not None:
            return await self._async_proceed_to_consent()
        # Before any call: on some clouds a test call would kill the token of the running account.
        await self._async_identify(None)
        if self.source == SOURCE_RECONFIGURE and self._typed_of_old():
            await self._attempt.async_take_up(self._entry)
        else:
            await self._attempt.async_begin(self._credentials)
        return await self._async_try()

    async def _async_proceed_to_consent(self) -> ConfigFlowResult:
        """Use the consent there is: an entry's, or one whose code waits for the right secret; else ask for one."""
        if self._code and self._consented_with == self._suggested():
            assert isinstance(self.flow_impl, Consent)
            self.flow_impl = self._consent(self.flow_impl.redirect_uri)
            return await self._async_trade_in(self._code)
        self._code = ""
        if (
            self.source in LATER
            and self._credentials != self._stored
            and not self._names_another()
            and await self._async_has_consent()
        ):
            return await self._async_use_old_consent()
        return await self.async_step_consent()

    async def _async_use_old_consent(self) -> ConfigFlowResult:
        """Try an entry's consent with another address or a new secret."""
        await self._attempt.async_take_up(self._entry)
        await self._async_identify(self._attempt.token)
        if any(self._credentials[key] != self._stored[key] for key in self._secret):
            await self._attempt.async_renew()
        return await self._async_try()

    def _typed_of_old(self) -> bool:
        """Whether only the address differs from what the entry has."""
        return at_home(self._sign_in, self._entry, self._credentials) == self._stored

    def _names_another(self) -> bool:
        """Whether another application or user was typed than the entry has: whether it may take its place, its plants say."""
        return any(
            self._credentials.get(each.key) != self._stored.get(each.key)
            for each in self._sign_in.fields
            if each.required and each.kind is not FieldKind.SECRET
        )

    async def _async_has_consent(self) -> bool:
        """Whether the entry's consent can be renewed; one that was refused is forgotten."""
        store = await async_get_store(self.hass, self._entry.entry_id, None)
        token = from_json_or_none(Token, store.load(TOKEN))
        return token is not None and token.refresh is not None

    async def _async_identify(self, token: Token | None) -> None:
        """Refuse an account that is set up already, or another one than the entry's."""
        unique_id = identity(self._vendor, self._sign_in, self._credentials, token)
        # A flow that a closed tab left behind stands in nobody's way: it ends when this one adds the account.
        same = await self.async_set_unique_id(unique_id, raise_on_progress=False)
        if self.source not in LATER:
            self._abort_if_unique_id_configured()
            return
        # An account that only moved is the same one.
        credentials = at_home(self._sign_in, self._entry, self._credentials)
        before = identity(self._vendor, self._sign_in, credentials, token)
        replaced = self.source == SOURCE_RECONFIGURE and self._names_another()
        if before != self._entry.unique_id and not replaced:
            raise AbortFlow("unique_id_mismatch")
        if same is not None and same.entry_id != self._entry.entry_id:
            raise AbortFlow("already_configured")

    async def _async_try(self) -> ConfigFlowResult:
        """Sign in and list the plants; go on later where the lists are longer than our pace allows at once."""
        try:
            await self._attempt.async_connect(self._credentials)
            if self.source in LATER and self._attempt.carries:
                async with paused(self.hass, self._entry):
                    await self._attempt.async_list()
            else:
                await self._attempt.async_list()
        except Paced as err:
            if err.retry_after <= LONGEST_PAUSE:
                return self._go_on_after(err)
            return await self._async_failed(err)
        except Exception as err:  # noqa: BLE001
            return await self._async_failed(err)
        return await self._async_listed()

    def _go_on_after(self, err: Paced) -> ConfigFlowResult:
        """Wait for our pace, and say meanwhile how far the lists are."""
        if isinstance(err, ListingUnfinished):
            self._progress = (err.done, err.total)
        self._work = self.hass.async_create_background_task(
            self._async_go_on(err.retry_after), "solar_cloud listing"
        )
        return self._show_progress(self._work)

    async def _async_go_on(self, seconds: float) -> None:
        await async_pause(self.hass, seconds)
        await self._attempt.async_list()

    def _show_progress(self, work: asyncio.Task[None]) -> ConfigFlowResult:
        done, total = self._progress
        self.async_update_progress(min(done / total, 1.0))
        return self.async_show_progress(
            step_id="listing",
            progress_action="listing",
            progress_task=work,
            description_placeholders={"done": str(done), "total": str(total)},
        )

    async def async_step_listing(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show how far the lists are."""
        assert self._work is not None
        if not self._work.done():
            return self._show_progress(self._work)
        err = self._work.exception()
        if isinstance(err, Paced) and err.retry_after <= LONGEST_PAUSE:
            return self._go_on_after(err)
        return self.async_show_progress_done(next_step_id="listed")

    async def async_step_listed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on where the lists ended."""
        assert self._work is not None
        err = self._work.exception()
        return await (
            self._async_failed(err)
            if isinstance(err, Exception)
            else self._async_listed()
        )

    async def _async_failed(self, err: Exception) -> ConfigFlowResult:
        """Say what went wrong on the form that can mend it."""
        if isinstance(err, CloudError):
            await self._async_explain(err)
        else:
            LOGGER.error("Unexpected error while connecting", exc_info=err)
            self._errors["base"] = "unknown"
        if (
            isinstance(err, ConsentLost)
            and self.source in LATER
            and not self._traded_in
        ):
            # Nothing that was typed is wrong.
            await self._attempt.async_let_go()
            return await self.async_step_reauth_consent()
        # An entry that is there has a token, which another one of the same application would end.
        if isinstance(err, CredentialsRejected) and self.source not in LATER:
            return await self._async_look_elsewhere()
        return await self._async_form_again()

    # Another region

    async def _async_look_elsewhere(self) -> ConfigFlowResult:
        """Ask whether to go on in the region that takes the credentials, if there is one; each are tried once."""
        wherever = self._sign_in.elsewhere(self._credentials, "")
        if wherever not in self._looked_for:
            self._looked_for.append(wherever)
            found = await async_look_elsewhere(
                self.hass, self._vendor, self._sign_in, self._credentials
            )
            if found is not None:
                self._elsewhere = found
                return await self.async_step_other_region()
        return await self._async_form_again()

    async def async_step_other_region(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say in which region the account was found; nothing is changed unasked."""
        typed_in, found_in = [
            await async_region_name(self.hass, self._vendor, each[CONF_REGION])
            for each in (self._credentials, self._elsewhere.credentials)
        ]
        return self.async_show_menu(
            step_id="other_region",
            menu_options=["take_region", "keep_region"],
            description_placeholders={"typed": typed_in, "found": found_in},
        )

    async def async_step_take_region(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on where the account was found, with the token it gave."""
        self._errors.clear()
        self._credentials = self._elsewhere.credentials
        self._attempt = self._elsewhere.attempt
        await self._async_identify(None)
        return await self._async_try()

    async def async_step_keep_region(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go back to what was typed."""
        return await self._async_form_again()

    async def _async_form_again(self) -> ConfigFlowResult:
        """Show the form that was filled in last."""
        step: Callable[[], Awaitable[ConfigFlowResult]] = getattr(
            self, f"async_step_{self._form}"
        )
        return await step()

    async def _async_listed(self) -> ConfigFlowResult:
        """Go on with the plants."""
        if self.source in LATER:
            return await self._async_update_entry()
        if not self._offered():
            self._attempt.relist()
            self._errors["base"] = "no_plants"
            return await self._async_form_again()
        return await self.async_step_plants()

    def _offered(self) -> Mapping[str, Plant]:
        return unserved(self.hass, self._vendor, self._attempt.inventory.plants)

    async def _async_explain(self, err: CloudError) -> None:
        """Put an error at the field it means, and the sentence that names its fix on the form."""
        error = flow_error(err)
        field = (
            CONF_CODE if error in SPENT else self._sign_in.blames.get(err.key, "base")
        )
        self._errors[field if field in self._asked() else "base"] = error
        self._detail = (
            await async_sentence(self.hass, err.key, **err.placeholders)
            if err.key not in SAID or err.placeholders
            else ""
        )
        if error == "invalid_auth" and not self._detail:
            self._detail = await async_sentence(self.hass, "credentials_refused")

    def _asked(self) -> set[str]:
        """Return the fields of the form that was filled in last, as it is shown again."""
        match self._form:
            case "paste":
                return {CONF_CODE}
            case "reauth_confirm":
                return self._secret
        return {each.key for each in self._sign_in.fields}

    async def _async_update_entry(self) -> ConfigFlowResult:
        """Write new credentials to the entry and start it anew; another address, application or user must show the same plants."""
        entry, inventory = self._entry, self._attempt.inventory
        moved = self.unique_id != entry.unique_id or any(
            self._credentials.get(key) != self._stored.get(key)
            for key in self._sign_in.place
        )
        if moved and not shows_same_plants(self.hass, entry, inventory):
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
            return self.async_abort(reason="unique_id_mismatch")
        await self._attempt.async_hand_over(self._credentials, self.unique_id)
        return self.async_update_reload_and_abort(
            entry,
            unique_id=self.unique_id,
            data_updates={CONF_CREDENTIALS: self._credentials},
        )

    async def async_step_plants(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose plants, and whether settings may be changed."""
        if user_input is not None and user_input[CONF_PLANTS]:
            return await self._async_create(user_input)
        offered = self._offered()
        schema = plants_schema(offered, preselected(offered), False)
        return self.async_show_form(
            step_id="plants",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors={CONF_PLANTS: "no_plant_chosen"} if user_input else {},
            description_placeholders={
                "access": await async_grants(self.hass, self._attempt.access)
            },
        )

    async def _async_create(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Add the account, and say what was found of the chosen plants."""
        await self._attempt.async_hand_over(self._credentials, self.unique_id)
        inventory = self._attempt.inventory
        chosen = inventory.only(frozenset(user_input[CONF_PLANTS]))
        report = await async_report(
            self.hass, chosen, self._attempt.access, controls=user_input[CONF_CONTROLS]
        )
        return self.async_create_entry(
            title=entry_title(
                self._vendor, (plant.name for plant in chosen.plants.values())
            ),
            description_placeholders={"report": report},
            data={
                CONF_VENDOR: self._vendor.key,
                CONF_SIGN_IN: self._sign_in.key,
                CONF_CREDENTIALS: self._credentials,
            },
            # Plants that another entry shows are left out too.
            options=plant_options(user_input, inventory.plants),
        )

    # Consent in a browser

    def _consent(self, redirect: str | None = None) -> Consent:
        return Consent(
            self.hass, self._vendor, self._sign_in, self._credentials, redirect
        )

    async def async_step_consent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer the vendor's page, and to paste the code it ends with; only what can come back is promised to."""
        self.flow_impl = consent = self._consent()
        self._consented_with = self._suggested()
        if not consent.comes_back:
            return await self.async_step_paste()
        return self.async_show_menu(
            step_id="consent",
            menu_options=["auth", "paste"],
            description_placeholders=await self._async_placeholders(),
        )

    @override
    async def async_step_creation(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Use the code the vendor's page sent back."""
        return await self._async_trade_in(self.external_data["code"])

    async def async_step_paste(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a pasted code or address and exchange it."""
        if user_input is not None:
            return await self._async_trade_in(user_input[CONF_CODE])
        url = await self.async_generate_authorize_url()
        code = vol.Required(
            CONF_CODE, description={"suggested_value": self._code or self._traded_in}
        )
        return await self._async_show(
            "paste", vol.Schema({code: TextSelector()}), url=url
        )

    async def _async_trade_in(self, pasted: str) -> ConfigFlowResult:
        """Turn what a consent led to into a token; a wrong secret is mended without another consent."""
        assert isinstance(self.flow_impl, Consent)
        self._form = "paste"
        if pasted and pasted == self._traded_in:
            return await self._async_try()
        self._code = pasted
        try:
            token = await self.flow_impl.async_exchange(OAuth.code_from(pasted))
        except CloudError as err:
            if isinstance(err, CredentialsRejected) and not isinstance(
                err, ConsentLost
            ):
                self._form = FORMS.get(self.source or "", self._sign_in.key)
            elif isinstance(err, ConsentLost) or flow_error(err) in SPENT:
                self._code = ""
            await self._async_explain(err)
            return await self._async_form_again()
        self._code, self._traded_in = "", pasted
        return await self._async_use_token(token)

    async def _async_use_token(self, token: Token) -> ConfigFlowResult:
        """Continue with the first token of a consent."""
        await self._attempt.async_let_go()
        self._attempt.relist()
        await self._attempt.storage.save(TOKEN, to_json(token))
        await self._async_identify(token)
        return await self._async_try()

    # Later changes

    @property
    def _entry(self) -> ConfigEntry:
        return (
            self._get_reauth_entry()
            if self.source == SOURCE_REAUTH
            else self._get_reconfigure_entry()
        )

    @property
    def _stored(self) -> Mapping[str, str]:
        """The credentials the entry has now."""
        stored: Mapping[str, str] = self._entry.data[CONF_CREDENTIALS]
        return stored

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """The vendor refuses the credentials, or a consent is gone: no secret is asked for then."""
        self._load(entry_data)
        if self._sign_in.oauth is not None and not await self._async_has_consent():
            return await self.async_step_reauth_consent()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_consent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the owner must consent again."""
        if user_input is not None:
            return await self.async_step_consent()
        self._errors.clear()
        return await self._async_show("reauth_consent", vol.Schema({}))

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take new secrets; everything else stays."""
        self._form = "reauth_confirm"
        if user_input is not None:
            self._credentials |= typed(user_input)
            return await self._async_proceed()
        return await self._async_show_fields("reauth_confirm", self._sign_in.secrets)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how the account is reached; a secret left empty stays as it is."""
        if not is_account(self._entry):
            return self.async_abort(reason="totals_only")
        if not self._credentials:
            self._load(self._entry.data)
        fields = tuple(
            replace(each, required=each.required and each.kind is not FieldKind.SECRET)
            for each in self._sign_in.fields
        )
        return await self._async_step_credentials("reconfigure", user_input, fields)

    def _load(self, entry_data: Mapping[str, Any]) -> None:
        self._choose(entry_data[CONF_SIGN_IN])
        self._credentials = dict(entry_data[CONF_CREDENTIALS])

    # Forms

    async def _async_show_fields(
        self,
        step_id: str,
        fields: Iterable[CredentialField],
        first: dict[vol.Marker, Any] | None = None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form of credentials with what was typed before, secrets excepted; a section with something in it is open."""
        known = self._suggested()
        opened = known.keys() | self._errors.keys()
        schema = vol.Schema((first or {}) | credential_fields(fields, opened=opened))
        filled = self.add_suggested_values_to_schema(schema, in_sections(known))
        return await self._async_show(step_id, filled, **placeholders)

    async def _async_show(
        self, step_id: str, schema: vol.Schema, **placeholders: str
    ) -> ConfigFlowResult:
        """Show a form with what went wrong before, once."""
        shown = await self._async_placeholders()
        errors, self._errors, self._detail = self._errors, {}, ""
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=at_section(errors, schema),
            description_placeholders=shown | placeholders,
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

    async def _async_placeholders(self) -> dict[str, str]:
        """Return what the texts of forms refer to; the address to register on every form of a consent, the first one too."""
        shown = {
            **self._sign_in.links,
            "vendor": self._vendor.name,
            "detail": self._detail,
            "kept": "",
        }
        if self._sign_in.oauth is None:
            return shown
        redirect = redirect_address(self.hass, self._sign_in.oauth)
        pasted = stands_in(self.hass, self._sign_in.oauth, redirect)
        key = "redirect_stands_in" if pasted else ""
        return shown | {
            "redirect_uri": redirect,
            "warning": await async_sentence(self.hass, key),
        }


type Step = Callable[
    [SolarCloudConfigFlow, dict[str, Any] | None], Awaitable[ConfigFlowResult]
]


def _form_step(key: str) -> Step:
    async def step(
        flow: SolarCloudConfigFlow, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        return await flow.async_step_sign_in(key, user_input)

    return step


def _brand_step(vendor: Vendor) -> Step:
    async def step(
        flow: SolarCloudConfigFlow, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        return await flow.async_step_brand(vendor)

    return step


def menu_steps(vendor: Vendor) -> dict[str, Step]:
    """Return the steps of a vendor by the names Home Assistant finds them by; a single form may be called as its vendor."""
    steps = {vendor.key: _brand_step(vendor)} | {
        each.key: _form_step(each.key) for each in vendor.sign_ins
    }
    return {f"async_step_{key}": step for key, step in steps.items()}


for _vendor in VENDORS.values():
    for _name, _step in menu_steps(_vendor).items():
        setattr(SolarCloudConfigFlow, _name, _step)
