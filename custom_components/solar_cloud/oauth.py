"""The consent of an account's owner, for Home Assistant's OAuth flow.

Nothing is registered as application credentials: each account brings an application of its own, typed into our form.
"""

from typing import Final, override

from yarl import URL

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_entry_oauth2_flow as oauth2

from .cloud.token import Token
from .cloud.vendor import Credentials, OAuth, SignIn, Vendor
from .const import DOMAIN
from .session import get_transport


class Consent(oauth2.LocalOAuth2Implementation):
    """One vendor's page of consent, opened with the credentials just typed."""

    def __init__(
        self,
        hass: HomeAssistant,
        vendor: Vendor,
        sign_in: SignIn,
        credentials: Credentials,
    ) -> None:
        """Prepare it; the base class only lends its signed state and its redirect address."""
        super().__init__(hass, DOMAIN, "", "", "https://localhost/", "")
        assert sign_in.oauth is not None
        self._vendor: Final = vendor
        self._oauth: Final[OAuth] = sign_in.oauth
        self._credentials: Final = credentials

    @property
    @override
    def name(self) -> str:
        """The vendor's name."""
        return self._vendor.name

    @override
    async def async_generate_authorize_url(self, flow_id: str) -> str:
        """Return the vendor's page, carrying the state that leads back to this flow."""
        state = URL(await super().async_generate_authorize_url(flow_id)).query["state"]
        return self._oauth.authorize_url(self._credentials, self.redirect_uri, state)

    async def async_exchange(self, code: str) -> Token:
        """Turn a code into the first token. Raises a ``CloudError``."""
        transport = get_transport(self.hass)
        return await self._oauth.exchange(
            self._credentials, code, self.redirect_uri, transport
        )
