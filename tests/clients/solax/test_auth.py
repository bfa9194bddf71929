"""Tokens: one per application, reused over restarts, fought over by two programs."""

import time

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CredentialsRejected,
    QuotaExhausted,
    SessionConflict,
)
from custom_components.solar_cloud.cloud.model import Notice
from custom_components.solar_cloud.cloud.serialization import from_json_or_none
from custom_components.solar_cloud.cloud.token import Token
from tests.emulators.solax import SolaxCloud
from tests.helpers.clock import StillClock

from .conftest import Account

DAY = 86400.0
CONTESTED = Notice("session_contested")


def stored(account: Account) -> Token | None:
    """Return the token in storage."""
    return from_json_or_none(Token, account.storage.load("token"))


@pytest.mark.slow
async def test_a003_a_day_with_ten_restarts_costs_one_token(
    account: Account, cloud: SolaxCloud
) -> None:
    """The token outlives restarts (solax.md §9.5 C26, failures.md E57)."""
    for poll in range(288):
        if poll % 29 == 28:
            account.restart()
            await account.list()
        await account.poll()
    assert len(cloud.token_calls) == 1


async def test_a004_renewed_before_expiry_and_only_then(
    account: Account, cloud: SolaxCloud, clock: StillClock
) -> None:
    """About an hour early, so that no call meets a dead token."""
    await account.poll()
    token = account.client.report()
    assert token["contested"] is False
    clock.advance(cloud.knobs.token_lifetime - 3600 - 600)
    await account.poll(0)
    assert len(cloud.token_calls) == 1
    await account.poll(700)
    assert len(cloud.token_calls) == 2
    assert not [call for call in cloud.calls if call.code == 10402]


@pytest.mark.parametrize(
    ("missing", "life"),
    [
        ({"expires_in"}, 3600),
        ({"scope", "token_type", "grant_type", "auth_station"}, None),
    ],
)
async def test_a024_token_answer_may_leave_things_out(
    account: Account, cloud: SolaxCloud, missing: set[str], life: float | None
) -> None:
    """Without a life an hour is assumed; without a scope nothing is known about it, which is not the same as none."""
    cloud.turn(token_leaves_out=frozenset(missing))
    await account.list()
    token = stored(account)
    assert token is not None
    assert token.expires_at - token.issued_at == (life or cloud.knobs.token_lifetime)
    assert (token.scope is None) == ("scope" in missing)
    assert account.client.report()["scopes"] == (
        None if token.scope is None else list(token.scope)
    )


async def test_e16_refused_token_leaves_memory_and_storage(
    account: Account, cloud: SolaxCloud
) -> None:
    """While no new token is to be had, neither the next poll nor the next start tries the dead one again."""
    await account.poll()
    cloud.steal_token()
    fault = cloud.fault("oauth/token", http=500, times=None)
    with pytest.raises(CloudUnreachable):
        await account.poll()
    cloud.calls.clear()
    with pytest.raises(CloudUnreachable):
        await account.poll()
    account.restart()
    with pytest.raises(CloudUnreachable):
        await account.poll()
    assert cloud.calls.count("realtime_data") == 0
    cloud.faults.remove(fault)
    snapshot = await account.poll()
    assert snapshot.readings
    assert not snapshot.notices  # one token died, not four


async def test_e4_rotated_secret(
    account: Account, cloud: SolaxCloud, clock: StillClock
) -> None:
    """The live token serves on; when it is refused, so is the old secret, and nothing of it stays in storage."""
    await account.poll()
    secret = cloud.rotate_secret()
    assert (await account.poll()).readings
    cloud.steal_token()
    with pytest.raises(CredentialsRejected):
        await account.poll()
    assert stored(account) is None
    calls = len(cloud.calls)
    with pytest.raises(CredentialsRejected):
        await account.poll()
    assert len(cloud.calls) == calls  # a refused secret is not shown again at once
    clock.advance(3600)
    with pytest.raises(CredentialsRejected):
        await account.poll()
    assert len(cloud.calls) == calls + 1
    account.restart(client_secret=f"  {secret}\n")
    assert (await account.poll()).readings


async def test_e18_two_programs_on_one_application(
    account: Account, cloud: SolaxCloud
) -> None:
    """Each poll costs one token and succeeds; from the third on the user is told, and it stops when the other does."""
    await account.poll()
    told = []
    for _ in range(4):
        cloud.steal_token()
        snapshot = await account.poll()
        assert snapshot.readings
        told.append(CONTESTED in snapshot.notices)
    assert told == [False, False, True, True]
    assert len(cloud.token_calls) == 5
    for _ in range(14):
        snapshot = await account.poll()
    assert CONTESTED not in snapshot.notices


async def test_token_that_is_dead_on_arrival(
    account: Account, cloud: SolaxCloud
) -> None:
    """Somebody signs in faster than we call: a rest, not a race."""
    cloud.turn(refuse_new_tokens=True)
    with pytest.raises(SessionConflict) as caught:
        await account.list()
    assert caught.value.retry_after == 600
    assert len(cloud.token_calls) == 2


async def test_tokens_have_a_lane_of_their_own(
    account: Account, cloud: SolaxCloud
) -> None:
    """However often somebody else takes the token, no storm of sign-ins follows."""
    await account.list()
    for _ in range(2):
        cloud.steal_token()
        await account.poll(0)
    cloud.steal_token()
    with pytest.raises(QuotaExhausted) as caught:
        await account.poll(0)
    assert caught.value.retry_after <= 61
    assert len(cloud.token_calls) == 3


async def test_a022_request_is_a_form_without_authorization(
    account: Account, cloud: SolaxCloud
) -> None:
    """The contract of the token endpoint."""
    await account.list()
    (call,) = cloud.token_calls
    assert call.method == "POST"
    assert call.params["grant_type"] == "client_credentials"
    assert call.params["client_id"] == cloud.application.client_id


async def test_time_of_the_token_is_our_own(account: Account) -> None:
    """Expiry is reckoned from the moment of asking."""
    await account.list()
    token = stored(account)
    assert token is not None
    assert token.issued_at == time.time()
