"""Signing in: whose account it is, what a wrong secret means, and that nothing secret shows."""

import json
import logging

import pytest

from custom_components.solar_cloud.cloud.errors import CloudError, CredentialsRejected
from custom_components.solar_cloud.cloud.registry import VENDORS

from .account import Account
from .accounts import ACCOUNTS, Consented, every


def test_every_sign_in_keeps_the_contract() -> None:
    """A new one comes with its account here."""
    offered = {each.key for vendor in VENDORS.values() for each in vendor.sign_ins}
    assert offered <= ACCOUNTS.keys()


@every
async def test_an_account_is_named_without_being_told(new_account: Account) -> None:
    """By something that stays when the secret changes, and holds nothing that was typed."""
    sign_in, typed = new_account.sign_in, new_account.credentials()
    secrets = {each.key: "another" for each in sign_in.secrets}
    for name in (sign_in.account, sign_in.quota_account):
        assert name(typed) == name(typed | secrets)
        assert not any(text in name(typed) for text in new_account.typed.values())


@every
async def test_nobody_is_called_before_there_is_a_question(
    new_account: Account,
) -> None:
    """A client is built at each try of a set-up."""
    new_account.connect()
    assert len(new_account.cloud.calls) == 0


@every
async def test_a_wrong_secret_asks_the_user(new_account: Account) -> None:
    """And nobody else: it is no outage."""
    new_account.connect(**new_account.wrong)
    asks = (
        new_account.consent(**new_account.wrong)
        if new_account.sign_in.oauth is not None
        else new_account.client.inventory()
    )
    with pytest.raises(CredentialsRejected):
        await asks
    assert new_account.tokens == 1


@every
async def test_polls_and_restarts_reuse_the_token(account: Account) -> None:
    """It outlives the process."""
    for _ in range(8):
        assert (await account.poll()).readings
        account.restart()
    assert account.tokens == 1


@every
async def test_e15_a_token_is_on_disk_before_its_first_use(account: Account) -> None:
    """A crash between the two does not lose it; neither the first one nor one that was renewed."""
    account.cloud.fault(account.lists, http=502)
    with pytest.raises(CloudError):
        await account.list()
    issued = account.tokens
    account.restart()
    account.clock.advance(120)
    assert (await account.whole()).readings
    assert account.tokens == issued
    account.lose_token()
    refused_and_renewed = 2
    account.cloud.fault("*", http=502, times=None, skip=refused_and_renewed)
    with pytest.raises(CloudError):
        await account.poll()
    account.restart()
    account.cloud.faults.clear()
    assert (await account.poll()).readings
    assert account.tokens == issued + 1


@every
async def test_nothing_secret_is_shown(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """E60, E61: in no log line, error, ``repr`` or report, whatever the cloud answers."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for fault in ({}, {"body": "html"}, {"http": 502}, account.too_many):
        if fault:
            account.cloud.fault(account.live, **fault)
        try:
            await account.poll()
        except CloudError as err:
            shown += [str(err), repr(err)]
    account.lose_token()
    account.clock.advance(3600)
    snapshot = await account.whole()
    if isinstance(account, Consented):
        account.revoke()
        account.lose_token()
        with pytest.raises(CredentialsRejected) as caught:
            await account.poll()
        shown.append(repr(caught.value))
    shown += [caplog.text, repr(account.client), repr(account.token)]
    shown += [
        json.dumps(account.client.report()),
        *map(repr, snapshot.readings.values()),
    ]
    shown += map(repr, account.wanted.plants.values())
    shown += map(repr, account.wanted.devices.values())
    hidden = {
        *account.typed.values(),
        *account.secrets,
        *account.wanted.plants,
        *account.wanted.devices,
        *(plant.name for plant in account.wanted.plants.values()),
    }
    assert account.secrets
    assert len(caplog.records) > 6
    text = "".join(shown)
    assert not [secret for secret in hidden if secret in text]
