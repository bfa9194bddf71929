"""OAuth 2.0: the page of consent, the exchange, and tokens that rotate."""

import asyncio
from itertools import pairwise
from typing import override
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.serialization import from_json_or_none
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.cloud.sungrow import VENDOR
from custom_components.solar_cloud.cloud.token import Token
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import OAuth
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import Account, Connect, grant

HOUR = 3600.0
DAY = 86400.0
SIGN_IN = VENDOR.sign_in("sungrow_oauth")


@pytest.fixture
def oauth() -> OAuth:
    """What the flow drives."""
    assert SIGN_IN.oauth is not None
    return SIGN_IN.oauth


@pytest.fixture
def credentials(server: SungrowCloud) -> dict[str, str]:
    """What the form hands over."""
    return {**server.consent_credentials, "region": "other", "base_url": server.url}


@pytest.mark.parametrize(
    ("region", "page"),
    [
        ("eu", "https://web3.isolarcloud.eu/?state=s%2F1#/authorized-app?cloudId=3&"),
        (
            "international",
            "https://web3.isolarcloud.com.hk/?state=s%2F1#/authorized-app?cloudId=2&",
        ),
        ("cn", "https://web3.isolarcloud.com/?state=s%2F1#/authorized-app?cloudId=1&"),
        (
            "au",
            "https://auweb3.isolarcloud.com/?state=s%2F1#/authorized-app?cloudId=7&",
        ),
        ("other", "http://127.0.0.1:8/?state=s%2F1#/authorized-app?"),
    ],
)
def test_the_page_of_consent_belongs_to_the_region(
    oauth: OAuth, region: str, page: str
) -> None:
    """The state stands before the #, where it comes back from."""
    url = oauth.authorize_url(
        {"region": region, "base_url": "http://127.0.0.1:8", "application_id": "1234"},
        "https://my.home-assistant.io/redirect/oauth",
        "s/1",
    )
    assert url == (
        f"{page}applicationId=1234"
        "&redirectUrl=https%3A%2F%2Fmy.home-assistant.io%2Fredirect%2Foauth"
    )


async def test_consent_in_a_browser_leads_to_a_token(
    server: SungrowCloud,
    oauth: OAuth,
    credentials: dict[str, str],
    transport: Transport,
) -> None:
    """The page, the form, the redirect with code and state, the exchange."""
    redirect = server.application.redirect_url
    credentials = credentials | {"cloud_id": server.knobs.cloud_id}
    url = urlsplit(oauth.authorize_url(credentials, redirect, "opaque"))
    route = parse_qs(url.fragment.partition("?")[2])
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{server.url}/?{url.query}") as page:
            assert 'id="authorize"' in await page.text()
        form = {
            "account": "demo@example.org",
            "password": "demo-password",
            "ps_id": "5000001",
            "state": "opaque",
            "applicationId": route["applicationId"][0],
            "redirectUrl": route["redirectUrl"][0],
            "cloudId": route["cloudId"][0],
        }
        async with browser.post(
            f"{server.url}/authorize", data=form, allow_redirects=False
        ) as done:
            target = done.headers["Location"]
    assert parse_qs(urlsplit(target).query)["state"] == ["opaque"]
    token = await oauth.exchange(
        credentials, oauth.code_from(target), redirect, transport
    )
    assert token.access == server.grant.access
    assert token.refresh == server.grant.refresh
    assert dict(token.extra) == {"user": "800100"}


@pytest.mark.parametrize("shape", ["both", "top", "nested"])
@pytest.mark.parametrize(
    ("told", "life"), [(172_799, 172_799), (None, 172_799), (-20, 0), (0, 0)]
)
async def test_both_shapes_of_the_answer_are_read(
    server: SungrowCloud,
    oauth: OAuth,
    credentials: dict[str, str],
    transport: Transport,
    shape: str,
    told: int | None,
    life: float,
) -> None:
    """At the top, nested or both; a life that is missing or negative (sungrow.md §2.5)."""
    server.turn(token_shape=shape, expires_in=told)
    token = await oauth.exchange(
        credentials, server.consent(), server.application.redirect_url, transport
    )
    assert token.access == server.grant.access
    assert token.expires_at - token.issued_at == life


async def test_a_life_of_nothing_means_refresh_at_once_and_only_once(
    server: SungrowCloud, transport: Transport, connect: Connect
) -> None:
    """Right after consent; a refresh that says so again is not believed."""
    server.turn(expires_in=-1)
    account = await grant(server, transport, connect)
    await account.poll()
    await account.poll()
    assert server.calls.count("refreshToken") == 1


async def test_e39_each_mistake_of_a_consent_has_a_message(
    server: SungrowCloud,
    oauth: OAuth,
    credentials: dict[str, str],
    transport: Transport,
    clock: StillClock,
) -> None:
    """Used, late and invented codes, another redirect, another key."""
    redirect = server.application.redirect_url

    async def refused(code: str, redirect_uri: str = redirect, **changes: str) -> str:
        with pytest.raises(CloudError) as caught:
            await oauth.exchange(
                {**credentials, **changes}, code, redirect_uri, transport
            )
        return caught.value.key

    code = server.consent()
    assert await refused(code, f"{redirect}/") == "redirect_mismatch"
    await oauth.exchange(credentials, code, redirect, transport)
    assert await refused(code) == "invalid_code"
    assert await refused("zzzzzz") == "invalid_code"
    late = server.consent()
    clock.advance(1801)
    assert await refused(late) == "invalid_code"
    assert await refused("x", secret_key="wrong") == "invalid_secret_key"
    assert await refused("x", app_key="wrong") == "invalid_app_key"


@pytest.mark.parametrize(
    ("body", "kind", "key"),
    [
        ('{"error":"invalid_grant"}', CloudError, "invalid_code"),
        (
            '{"error":"invalid_grant","error_description":"Redirect URI mismatch."}',
            CredentialsRejected,
            "redirect_mismatch",
        ),
        ('{"error":"invalid_client"}', CredentialsRejected, "invalid_app_key"),
        ('{"result_code":"2"}', CloudError, "invalid_code"),
        ('{"result_code":"3"}', PermissionMissing, "not_authorized"),
        ('{"result_code":"4"}', CredentialsRejected, "invalid_app_key"),
        ('{"result_code":"5"}', CredentialsRejected, "redirect_mismatch"),
        ('{"result_code":"6"}', UnexpectedAnswer, "request_refused"),
        ('{"result_code":"1","result_data":{}}', UnexpectedAnswer, "not_an_object"),
        ('{"result_code":"E900"}', PermissionMissing, "not_authorized"),
    ],
)
async def test_each_result_of_an_exchange_is_understood(
    server: SungrowCloud,
    oauth: OAuth,
    credentials: dict[str, str],
    transport: Transport,
    body: str,
    kind: type[Exception],
    key: str,
) -> None:
    """sungrow.md §2.5."""
    server.fault("apiManage/token", body=body)
    with pytest.raises(kind, match=key):
        await oauth.exchange(credentials, "abc", "https://x", transport)


async def test_e40_every_plant_of_the_consent_appears(
    server: SungrowCloud, transport: Transport, connect: Connect
) -> None:
    """Not the first alone, and none that was not ticked."""
    server.load("all")
    account = await grant(server, transport, connect, "5000001", "5000003")
    inventory = await account.cloud.inventory()
    assert set(inventory.plants) == {"5000001", "5000003"}


async def test_a_day_s_use_refreshes_once(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """So that a stopped Home Assistant keeps most of the thirty days."""
    for _ in range(3 * 6):
        await granted.poll()
        clock.advance(4 * HOUR)
    assert server.calls.count("refreshToken") == 2
    assert server.grant.generation == 3


async def test_e15_the_rotated_pair_survives_a_restart(
    server: SungrowCloud, granted: Account, connect: Connect, clock: StillClock
) -> None:
    """The new pair is in the vault before it is used."""
    clock.advance(1.5 * DAY)
    await granted.poll()
    assert server.calls.count("refreshToken") == 1
    stored = from_json_or_none(Token, granted.storage.load("token"))
    assert stored is not None
    assert (stored.access, stored.refresh) == (
        server.grant.access,
        server.grant.refresh,
    )
    assert dict(stored.extra) == {"user": "800100"}
    restarted = connect("sungrow_oauth", granted.storage)
    await restarted.poll()
    assert server.calls.count("refreshToken") == 1


class ProcessDeath(BaseException):
    """The end of the process: nothing in it may catch this."""


class CrashingVault(MemoryStorage):
    """A vault whose process dies at its n-th write of a token."""

    def __init__(self, seed: MemoryStorage, *, after: bool) -> None:
        """Take over what another kept."""
        super().__init__()
        self._sections = seed.sections()
        self._after = after

    @override
    async def save(self, section: str, content: Json) -> None:
        """Die before or after the write."""
        if section == "token" and content is not None:
            if self._after:
                await super().save(section, content)
            raise ProcessDeath
        await super().save(section, content)


@pytest.mark.parametrize("after", [False, True])
async def test_e15_a_crash_around_the_save_never_needs_more_than_consent(
    server: SungrowCloud,
    granted: Account,
    connect: Connect,
    clock: StillClock,
    *,
    after: bool,
) -> None:
    """Saved: nothing is lost. Not saved: the pair is gone, which one refresh finds out."""
    clock.advance(1.5 * DAY)
    storage = CrashingVault(granted.storage, after=after)
    with pytest.raises(ProcessDeath):
        await connect("sungrow_oauth", storage).poll()
    kept = MemoryStorage()
    for section, content in storage.sections().items():
        await kept.save(section, content)
    restarted = connect("sungrow_oauth", kept)
    if after:
        await restarted.poll()
        return
    for _ in range(3):
        with pytest.raises(CredentialsRejected) as caught:
            await restarted.poll()
        assert caught.value.key in {"authorization_lost", "authorization_missing"}
    assert server.calls.count("refreshToken") == 2


async def test_concurrent_calls_share_one_refresh(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """The refresh token works once."""
    inventory = await granted.cloud.inventory()
    clock.advance(1.5 * DAY)
    await asyncio.gather(
        granted.cloud.inventory(),
        granted.cloud.readings(inventory),
        granted.cloud.inventory(),
    )
    assert server.calls.count("refreshToken") == 1


async def test_a_lost_answer_to_a_refresh_is_asked_for_once_more(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """The server may have rotated: then the old token is dead, and only consent helps."""
    clock.advance(2.5 * DAY)
    server.fault("refreshToken", body="disconnect")
    await granted.poll()
    assert server.calls.count("refreshToken") == 2
    clock.advance(2.5 * DAY)
    server.fault("refreshToken", body="disconnect", lost=True)
    with pytest.raises(CredentialsRejected, match="authorization_lost"):
        await granted.poll()


async def test_a_living_token_serves_while_the_refresh_fails(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """-1: the old pair is kept, tried again ever more seldom, and used."""
    server.turn(refresh_fails=True)
    clock.advance(1.1 * DAY)
    for _ in range(12):
        await granted.poll()
        clock.advance(300)
    refreshed = [call.at.timestamp() for call in server.calls.of("refreshToken")]
    waits = [(later - earlier) / 60 for earlier, later in pairwise(refreshed)]
    assert waits == [5, 5, 5, 10, 20]
    clock.advance(DAY)
    with pytest.raises(CloudUnreachable):
        await granted.poll()
    server.turn(refresh_fails=False)
    clock.advance(HOUR)
    await granted.poll()


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("2", "authorization_revoked"),
        ("-2", "authorization_expired"),
        ("5", "authorization_lost"),
    ],
)
async def test_a_refused_refresh_asks_for_consent_and_is_not_repeated(
    server: SungrowCloud, granted: Account, clock: StillClock, code: str, key: str
) -> None:
    """sungrow.md §2.6; the dead pair is dropped from storage too."""
    clock.advance(1.5 * DAY)
    server.turn(refresh_code=code)
    with pytest.raises(CredentialsRejected, match=key):
        await granted.poll()
    assert granted.storage.load("token") is None
    with pytest.raises(CredentialsRejected, match="authorization_missing"):
        await granted.poll()
    assert server.calls.count("refreshToken") == 1


async def test_an_invalid_request_asks_for_consent_at_the_third_time(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """Code 4."""
    clock.advance(2.5 * DAY)
    server.turn(refresh_code="4")
    for _ in range(2):
        with pytest.raises(UnexpectedAnswer):
            await granted.poll()
        clock.advance(HOUR)
    with pytest.raises(CredentialsRejected, match="authorization_lost"):
        await granted.poll()


@pytest.mark.parametrize(
    ("fault", "kind", "key"),
    [
        ({"http": 401}, CredentialsRejected, "authorization_lost"),
        (
            {"body": '{"error":"invalid_grant"}'},
            CredentialsRejected,
            "authorization_lost",
        ),
        (
            {"body": '{"result_code":"1","result_data":{"code":"1"}}'},
            UnexpectedAnswer,
            "not_an_object",
        ),
        ({"code": "E912"}, CredentialsRejected, "invalid_secret_key"),
    ],
)
async def test_other_answers_to_a_refresh(
    server: SungrowCloud,
    granted: Account,
    clock: StillClock,
    fault: dict[str, object],
    kind: type[Exception],
    key: str,
) -> None:
    """OAuth's own error, an empty pair, wrong keys."""
    clock.advance(2.5 * DAY)
    server.fault("refreshToken", **fault)
    with pytest.raises(kind, match=key):
        await granted.poll()
    if key == "invalid_secret_key":
        assert granted.storage.load("token") is not None


async def test_an_answer_without_refresh_token_keeps_the_old_one(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """It has been seen (sungrow.md §2.6)."""
    clock.advance(1.5 * DAY)
    before = from_json_or_none(Token, granted.storage.load("token"))
    server.turn(omit_refresh_token=True)
    await granted.poll()
    after = from_json_or_none(Token, granted.storage.load("token"))
    assert before
    assert after
    assert (after.refresh, after.access) == (before.refresh, server.grant.access)


async def test_a_revoked_consent_asks_for_a_new_one(
    server: SungrowCloud, granted: Account
) -> None:
    """The owner took it back: the data call is refused, then the refresh."""
    await granted.poll()
    server.revoke()
    with pytest.raises(CredentialsRejected, match="authorization_revoked"):
        await granted.cloud.inventory()


@pytest.mark.parametrize("status", [200, 401])
async def test_a_bad_bearer_is_known_by_its_body_too(
    server: SungrowCloud, granted: Account, status: int
) -> None:
    """The page does not say which status it has (sungrow.md §14 #2)."""
    await granted.poll()
    server.turn(bad_bearer_http=status)
    server.grant.access = "rotated by somebody else"
    await granted.cloud.inventory()
    assert server.calls.count("refreshToken") == 1


def test_the_account_is_named_without_being_told(oauth: OAuth) -> None:
    """By the consenting user; without one by the application. Regions differ."""
    token = Token("a", 0, 1, extra=(("user", "800100"),))
    eu = {"region": "eu", "application_id": "12", "app_key": "K"}
    names = {
        oauth.account(eu, token),
        oauth.account({**eu, "region": "au"}, token),
        oauth.account(eu, Token("a", 0, 1)),
        SIGN_IN.quota_account(eu),
    }
    assert len(names) == 4
    assert not any("800100" in name or name == "12" for name in names)
    account = VENDOR.sign_in("sungrow_account")
    one = account.account({"region": "eu", "username": " Demo@Example.org"})
    assert one == account.account({"region": "eu", "username": "demo@example.org"})
    assert account.quota_account(eu) == SIGN_IN.quota_account(eu)


async def test_a_consent_that_names_nobody_works(
    server: SungrowCloud, transport: Transport, connect: Connect
) -> None:
    """``auth_user`` may be missing."""
    server.turn(omit_user=True)
    account = await grant(server, transport, connect)
    assert (await account.poll()).readings


async def test_e73_readings_go_on_when_a_consent_token_expires_as_no_permission(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """Nobody knows whether E900 means that here too: one refresh tells."""
    server.turn(expired_code="E900")
    await granted.poll()
    server.grant.access_expires = clock.now - 1
    clock.advance(300)
    snapshot = await granted.poll()
    assert snapshot.readings
    assert not snapshot.silent
    assert server.calls.count("refreshToken") == 1


async def test_a_consent_without_a_permission_is_refreshed_once(
    server: SungrowCloud, granted: Account, clock: StillClock
) -> None:
    """The second refusal with the fresh pair is the permission."""
    await granted.poll()
    server.turn(unapproved=True)
    for _ in range(6):
        clock.advance(300)
        with pytest.raises(PermissionMissing, match="not_authorized"):
            await granted.poll()
    assert server.calls.count("refreshToken") == 1
    server.turn(unapproved=False)
    clock.advance(DAY)
    assert (await granted.poll()).readings


async def test_e75_a_refresh_with_a_damaged_token_keeps_the_consent(
    server: SungrowCloud, granted: Account, connect: Connect, clock: StillClock
) -> None:
    """The old pair died with the answer: the new refresh token is all there is, also after a restart."""
    await granted.poll()
    server.grant.access_expires = clock.now - 1
    server.fault("refreshToken", body="bad-token")
    clock.advance(300)
    await granted.poll()
    assert server.calls.count("refreshToken") == 2
    clock.advance(300)
    again = connect("sungrow_oauth", granted.storage)
    assert (await again.poll()).readings
    assert server.calls.count("refreshToken") == 2


async def test_e75_a_consent_with_a_damaged_token_is_refused_in_the_form(
    server: SungrowCloud,
    oauth: OAuth,
    credentials: dict[str, str],
    transport: Transport,
) -> None:
    """Nothing is saved that could never be used."""
    server.fault("apiManage/token", body="bad-token")
    with pytest.raises(UnexpectedAnswer, match="unusable_token"):
        await oauth.exchange(
            credentials, server.consent(), server.application.redirect_url, transport
        )


@pytest.mark.parametrize(
    ("changes", "page"),
    [
        (
            {"region": "in"},
            "https://web3.isolarcloud.in/?state=s#/authorized-app?cloudId=9&",
        ),
        (
            {"region": "other", "base_url": "https://own.example", "cloud_id": " 3 "},
            "https://own.example/?state=s#/authorized-app?cloudId=3&",
        ),
        (
            {"region": "other", "base_url": "https://own.example"},
            "https://own.example/?state=s#/authorized-app?applicationId=",
        ),
    ],
)
def test_a_consent_names_its_cloud(changes: dict[str, str], page: str) -> None:
    """India is the ninth; a server of one's own is what its user says, and without a number it would be China's."""
    oauth = VENDOR.sign_in("sungrow_oauth").oauth
    assert oauth is not None
    typed = {"application_id": "77", "app_key": "a", "secret_key": "s", **changes}
    assert oauth.authorize_url(typed, "https://ha.example/back", "s").startswith(page)


def test_the_number_of_the_cloud_is_asked_for_after_other() -> None:
    """And may be left empty."""
    (field,) = VENDOR.sign_in("sungrow_oauth").other_fields
    assert (field.key, field.required) == ("cloud_id", False)
    assert VENDOR.sign_in("sungrow_account").other_fields == ()
    for sign_in in VENDOR.sign_ins:
        assert sign_in.regions["in"] == "https://gateway.isolarcloud.in"
