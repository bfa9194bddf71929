"""OAuth Connect: consent, renewal, and what ends it."""

from collections.abc import Mapping
import time

import pytest
from yarl import URL

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    QuotaExhausted,
    SessionConflict,
)
from custom_components.solar_cloud.cloud.fusionsolar import VENDOR
from custom_components.solar_cloud.cloud.token import Token
from custom_components.solar_cloud.cloud.vendor import OAuth

from .conftest import REDIRECT, Rig

SIGN_IN = VENDOR.sign_in("fusionsolar_oauth")
HUAWEI: Mapping[str, str] = {
    "region": "eu5",
    "client_id": "id",
    "client_secret": "secret",
}


def oauth() -> OAuth:
    """Return the description of the consent."""
    assert SIGN_IN.oauth is not None
    return SIGN_IN.oauth


async def exchange(rig: Rig, code: str, redirect: str = REDIRECT) -> Token:
    """Trade a code in."""
    rig.sign_in = "fusionsolar_oauth"
    return await oauth().exchange(rig.credentials, code, redirect, rig.transport)


async def test_the_page_is_asked_for_both_scopes_with_a_short_state(rig: Rig) -> None:
    """One server for all regions; the page breaks on a long state, so the flow is told."""
    url = URL(oauth().authorize_url(HUAWEI, REDIRECT, "12345678"))
    assert url.host == "oauth2.fusionsolar.huawei.com"
    assert url.path == "/rest/dp/uidm/oauth2/v1/authorize"
    assert url.query["scope"] == "pvms.openapi.basic pvms.openapi.control"
    assert url.query["redirect_uri"] == REDIRECT
    assert url.query["state"] == "12345678"
    assert oauth().longest_state == 8


@pytest.mark.parametrize(
    ("consent", "status"), [("page", 200), ("approve", 302), ("wrong-role", 403)]
)
async def test_the_owner_approves_on_the_page(
    rig: Rig, consent: str, status: int
) -> None:
    """The page, its approval and the exchange of the code belong together."""
    rig.cloud.turn(consent=consent)
    rig.sign_in = "fusionsolar_oauth"
    page = oauth().authorize_url(rig.credentials, REDIRECT, "12345678")
    async with rig.session.get(page, allow_redirects=False) as answer:
        assert answer.status == status
        location = answer.headers.get("Location", "")
    if consent == "approve":
        assert URL(location).query["state"] == "12345678"
        token = await exchange(rig, OAuth.code_from(location))
        assert token.scope == ("pvms.openapi.basic", "pvms.openapi.control")
        assert token.expires_at == pytest.approx(time.time() + 3600, abs=5)


async def test_the_page_refuses_a_long_state(rig: Rig) -> None:
    """As the real one does."""
    rig.sign_in = "fusionsolar_oauth"
    page = oauth().authorize_url(rig.credentials, REDIRECT, "x" * 200)
    async with rig.session.get(page) as answer:
        assert answer.status == 400


async def test_the_oldest_plant_tells_owners_apart(rig: Rig) -> None:
    """The API names no user; one client serves many owners."""
    token = await exchange(rig, rig.cloud.consent(REDIRECT))
    account = oauth().account(rig.credentials, token)
    again = await exchange(rig, rig.cloud.consent(REDIRECT))
    assert oauth().account(rig.credentials, again) == account
    assert rig.cloud.plant.code not in account
    rig.cloud.plant.code = "NE=44444444"
    other = await exchange(rig, rig.cloud.consent(REDIRECT))
    assert oauth().account(rig.credentials, other) != account


async def test_a_code_belongs_to_its_redirect(rig: Rig) -> None:
    """A wrong one is the user's to repeat."""
    code = rig.cloud.consent(REDIRECT)
    with pytest.raises(CloudError, match="invalid_code"):
        await exchange(rig, code, "https://elsewhere.example/")


async def test_a_wrong_client_secret_is_told_apart(rig: Rig) -> None:
    """It is no fault of the code."""
    rig.overrides["client_secret"] = "not it"
    with pytest.raises(CredentialsRejected, match="client_refused"):
        await exchange(rig, rig.cloud.consent(REDIRECT))


async def test_another_region_is_found_out_at_once(rig: Rig) -> None:
    """A token is good on its owner's regional host only."""
    rig.cloud.turn(bearer_region_ok=False)
    with pytest.raises(CloudError, match="wrong_region"):
        await exchange(rig, rig.cloud.consent(REDIRECT))


async def test_a_throttled_exchange_waits(rig: Rig) -> None:
    """The plant list may be refused for today; its refusal for good does not matter yet."""
    rig.cloud.fault("stations", code=407)
    with pytest.raises(QuotaExhausted):
        await exchange(rig, rig.cloud.consent(REDIRECT))
    rig.cloud.fault("stations", code=20056)
    token = await exchange(rig, rig.cloud.consent(REDIRECT))
    assert token.access


async def test_an_unusable_token_server_is_temporary(rig: Rig) -> None:
    """Pages, 5xx and 429 ask nobody anything."""
    for how in ({"body": "html"}, {"http": 502}, {"body": "null"}):
        rig.cloud.fault("token", **how)
        with pytest.raises(CloudUnreachable):
            await exchange(rig, rig.cloud.consent(REDIRECT))
    rig.cloud.fault("token", http=429, headers={"Retry-After": "90"})
    with pytest.raises(QuotaExhausted) as caught:
        await exchange(rig, rig.cloud.consent(REDIRECT))
    assert caught.value.retry_after == 90


async def test_calls_carry_the_bearer_alone(owner: Rig) -> None:
    """With an XSRF token beside it every call is answered with 305."""
    snapshot = await owner.poll()
    assert owner.cloud.plant.code in snapshot.readings
    assert not [call for call in owner.cloud.calls if call.code == 305]
    assert owner.count("login") == 0


@pytest.mark.parametrize("rotation", ["new", "same", "none"])
async def test_tokens_are_renewed_with_and_without_a_new_refresh_token(
    owner: Rig, rotation: str
) -> None:
    """Once an hour, before the old one ends, and the newest is on disk before its use."""
    owner.cloud.turn(rotation=rotation)
    for _ in range(24):
        await owner.next_poll()
        owner.restart()
    assert owner.count("token") == 3
    assert not [call for call in owner.cloud.calls if call.code == 305]


async def test_e15_a_crash_after_a_renewal_is_survived(owner: Rig) -> None:
    """The new refresh token was saved before it was used."""
    await owner.poll()
    owner.tick(3500)
    owner.cloud.fault("getDevRealKpi", body="disconnect")
    await owner.failing_poll()
    owner.restart()
    assert (await owner.next_poll()).readings


async def test_a_fresh_token_that_is_refused_ends_in_a_wait(owner: Rig) -> None:
    """No loop; most likely the region is wrong."""
    await owner.poll()
    owner.cloud.turn(bearer_region_ok=False)
    owner.tick(310)
    error = await owner.waiting_poll()
    assert isinstance(error, SessionConflict)
    assert error.key == "token_refused"
    assert owner.count("token") == 2


async def test_a_busy_token_server_is_left_alone(owner: Rig) -> None:
    """429 on a refresh blocks everything until it is over."""
    await owner.poll()
    owner.tick(3600)
    owner.cloud.fault("token", http=429)
    error = await owner.waiting_poll()
    assert error.retry_after == 60
    owner.cloud.calls.clear()
    await owner.waiting_poll()
    assert not owner.cloud.calls


async def test_a_gateway_in_front_of_the_token_server_keeps_the_consent(
    owner: Rig,
) -> None:
    """Its 403 says nothing of the owner's consent: nobody is asked to approve again."""
    await owner.poll()
    owner.tick(3600)
    owner.cloud.turn(gateway=403)
    error = await owner.failing_poll()
    assert isinstance(error, CloudUnreachable)
    assert error.key == "access_blocked"
    owner.cloud.turn(gateway=None)
    owner.restart()
    assert (await owner.next_poll()).readings


async def test_a_smaller_scope_is_read_back(rig: Rig) -> None:
    """Controls are for those who were granted them; the scope may come with commas or not at all."""
    rig.cloud.turn(grants=frozenset({"pvms.openapi.basic"}))
    token = await exchange(rig, rig.cloud.consent(REDIRECT))
    assert token.scope == ("pvms.openapi.basic",)
    rig.cloud.fault("token", body='{"access_token": "at-x", "expires_in": "60"}')
    rig.cloud.fault("stations", code=20056)
    token = await exchange(rig, rig.cloud.consent(REDIRECT))
    assert token.scope is None
    assert token.refresh is None


async def test_removing_the_entry_keeps_the_consent(owner: Rig) -> None:
    """There is no documented way to take it back."""
    await owner.client.sign_out()
    assert owner.storage.load("token") is not None


@pytest.mark.parametrize(
    "wait", ["99999999999", "9" * 400, "1e300", "inf", "-5", "nan", "soon"]
)
async def test_e76_a_retry_after_of_centuries_ends_within_a_day(
    owner: Rig, wait: str
) -> None:
    """It silenced the account for three thousand years."""
    await owner.poll()
    owner.tick(3600)
    owner.cloud.fault("token", http=429, headers={"Retry-After": wait})
    error = await owner.waiting_poll()
    assert 0 < error.retry_after <= 86_400
    owner.tick(86_400)
    owner.restart()
    assert (await owner.poll()).readings


async def test_e75_a_refresh_with_a_damaged_token_keeps_the_consent(owner: Rig) -> None:
    """The refresh token that came with it is good, also after a restart."""
    await owner.poll()
    owner.tick(3600)
    owner.cloud.fault("token", body="bad-token")
    before = owner.count("token")
    await owner.poll()
    owner.tick(300)
    owner.restart()
    assert (await owner.poll()).readings
    assert owner.count("token") == before + 2
