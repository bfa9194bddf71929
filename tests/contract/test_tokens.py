"""A token that dies: renewed once, never in a circle, and never kept when nothing can carry it."""

import asyncio
from contextlib import suppress

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    ConsentLost,
    RetryLater,
    SessionConflict,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.token import SECTION, usable

from .account import Account
from .accounts import Consented, by_secret, consented, every


@every
async def test_a_lost_token_is_renewed_once(account: Account) -> None:
    """The call is repeated, and nobody notices."""
    before = await account.whole()
    tokens = account.tokens
    account.lose_token()
    snapshot = await account.poll()
    assert snapshot.readings.keys() == before.readings.keys()
    assert not snapshot.silent
    assert not snapshot.notices
    assert account.tokens == tokens + 1


@every
async def test_a_token_lost_over_a_restart_is_renewed_once(account: Account) -> None:
    """Storage holds one that somebody else killed."""
    await account.whole()
    tokens = account.tokens
    account.lose_token()
    account.restart()
    assert (await account.poll()).readings
    assert account.tokens == tokens + 1


@every
async def test_concurrent_calls_share_one_renewal(account: Account) -> None:
    """A poll and a listing meet the same dead token."""
    await account.whole()
    tokens = account.tokens
    account.lose_token()
    account.clock.advance(account.vendor.poll_period)
    await asyncio.gather(
        account.client.inventory(),
        account.client.readings(account.wanted),
        account.client.inventory(),
    )
    assert account.tokens == tokens + 1


@every
async def test_a_fresh_token_that_is_refused_ends_in_a_wait(account: Account) -> None:
    """Another program signs in with the account: no race with it, but one sign-in a try, over a restart too."""
    await account.whole()
    tokens = account.tokens
    account.refuse_tokens()
    with pytest.raises(SessionConflict) as caught:
        await account.poll()
    assert 300 <= caught.value.retry_after <= 86400
    assert account.tokens == tokens + 1
    for tries in range(2, 6):
        account.restart()
        with suppress(RetryLater):
            await account.poll(60)
        assert account.tokens <= tokens + tries
    account.cloud.faults.clear()
    assert (await account.poll(3700)).readings


@by_secret
async def test_e75_a_first_token_with_a_line_break_is_not_kept(
    account: Account,
) -> None:
    """No header can carry it: an ordinary failure, and the next sign-in heals it."""
    account.spoil_next_token()
    with pytest.raises(UnexpectedAnswer, match="unusable_token"):
        await account.list()
    assert account.storage.load(SECTION) is None
    account.clock.advance(120)
    account.restart()
    assert (await account.poll()).readings


@every
async def test_e75_a_renewed_token_with_a_line_break_is_not_kept(
    account: Account,
) -> None:
    """What came with it may be good for another, over a restart too."""
    await account.whole()
    account.lose_token()
    account.spoil_next_token()
    with suppress(UnexpectedAnswer):
        await account.poll()
    assert account.token is None or usable(account.token.access)
    account.restart()
    assert (await account.poll(600)).readings
    assert account.token is not None
    assert usable(account.token.access)


@every
async def test_e75_a_token_stored_with_a_line_break_is_renewed(
    account: Account,
) -> None:
    """Written by an earlier version: it made every request fail, also after a restart."""
    await account.whole()
    tokens = account.tokens
    stored = account.storage.load(SECTION)
    assert isinstance(stored, dict)
    await account.storage.save(SECTION, {**stored, "access": "abc\ndef"})
    account.restart()
    assert (await account.poll()).readings
    assert account.tokens == tokens + 1


@consented
async def test_a_revoked_consent_asks_the_owner_once(account: Account) -> None:
    """The pair of tokens is forgotten, and not tried again."""
    assert isinstance(account, Consented)
    await account.whole()
    account.revoke()
    account.lose_token()
    tokens = account.tokens
    for _ in range(3):
        with pytest.raises(ConsentLost):
            await account.poll()
    assert account.tokens == tokens + 1


@consented
async def test_without_any_token_the_owner_is_asked(new_account: Account) -> None:
    """The storage may have been lost."""
    with pytest.raises(ConsentLost):
        await new_account.client.inventory()
    assert len(new_account.cloud.calls) == 0


@consented
async def test_a_code_is_good_once(new_account: Account) -> None:
    """A used or invented one is the user's to repeat, and is told as such."""
    oauth = new_account.sign_in.oauth
    assert oauth is not None
    assert isinstance(new_account, Consented)
    code = new_account.cloud.consent()

    async def exchange(code: str) -> None:
        await oauth.exchange(
            new_account.credentials(), code, new_account.redirect, new_account.transport
        )

    await exchange(code)
    for wrong in (code, "invented"):
        with pytest.raises(CloudError, match="invalid_code"):
            await exchange(wrong)
