"""Limits: every call is counted before it is sent, a refusal is waited out, and no wait is for ever."""

from contextlib import suppress
import logging

import pytest

from custom_components.solar_cloud.cloud.errors import QuotaExhausted

from .account import Account
from .accounts import every

DAY = 86400.0


async def stopped(account: Account, after: float | None = None) -> float:
    """Poll, expecting the vendor's limit; return the wait."""
    try:
        snapshot = await account.poll(after)
    except QuotaExhausted as err:
        return err.retry_after
    assert snapshot.resume_after is not None
    return snapshot.resume_after


@every
async def test_every_call_is_counted(account: Account) -> None:
    """By us as by the cloud, sign-ins aside."""
    await account.whole()
    before, counted = len(account.cloud.calls), account.quota.used()
    for _ in range(6):
        await account.poll()
    assert account.quota.used() - counted == len(account.cloud.calls) - before
    account.restart()
    assert account.quota.used() - counted == len(account.cloud.calls) - before


@every
async def test_a_limit_that_was_met_is_waited_out(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is called meanwhile, over a restart neither; then it goes on. The log says once how many calls were made (A152)."""
    caplog.set_level(logging.DEBUG, "custom_components.solar_cloud.cloud.quota")
    await account.whole()
    tokens = account.tokens
    account.cloud.fault("*", times=None, **account.too_many)
    wait = await stopped(account)
    assert 0 < wait <= DAY
    told = [text for text in caplog.messages if "limit of calls" in text]
    assert told
    made, left = account.quota.used(), account.quota.left()
    kept = "an unknown number" if left is None else left
    assert f"{made} made within 24 hours, {kept} left" in told[-1]
    account.restart()
    account.cloud.calls.clear()
    await stopped(account, 1)
    assert len(account.cloud.calls) == 0
    account.cloud.faults.clear()
    account.clock.advance(wait)
    assert (await account.whole()).readings
    assert account.tokens <= tokens


@every
async def test_e76_a_wait_of_centuries_ends_within_a_day(account: Account) -> None:
    """A gateway's ``Retry-After`` silenced an account for three thousand years."""
    await account.whole()
    for told in ("99999999999", "9" * 400, "1e300", "inf", "-5", "0", "nan", "soon"):
        header = {"Retry-After": told}
        account.cloud.fault("*", times=None, http=429, body="{}", headers=header)
        assert 0 < await stopped(account) <= DAY, told
        account.cloud.faults.clear()
        account.restart()
        assert (await account.poll(DAY)).readings, told


@every
async def test_asking_again_and_again_does_not_exceed_a_limit(
    account: Account,
) -> None:
    """Our own pace stops it before the cloud does, and says when it goes on."""
    await account.whole()
    account.cloud.calls.clear()
    for _ in range(60):
        with suppress(QuotaExhausted):
            await account.poll(0)
    assert len(account.cloud.calls) <= 60
    assert not any(call.http == 429 for call in account.cloud.calls)
    assert (await account.poll()).readings
