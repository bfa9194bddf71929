"""Nothing secret is printed, whatever happens (E61)."""

import logging

import pytest

from custom_components.solar_cloud.cloud.errors import CloudError
from custom_components.solar_cloud.cloud.sungrow.api import Keys
from custom_components.solar_cloud.cloud.transport import HttpTransport
from tests.clouds.sungrow import SungrowCloud

from .conftest import Connect, Time, grant


async def test_logs_and_errors_hold_no_secret(
    server: SungrowCloud,
    transport: HttpTransport,
    connect: Connect,
    clock: Time,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Through login, consent, refresh, refusals and nonsense."""
    caplog.set_level(logging.DEBUG)
    account = connect()
    granted = await grant(server, transport, connect)
    shown: list[str] = []
    for fault in ({}, {"body": "html"}, {"code": "E912"}, {"http": 502}):
        for each in (account, granted):
            if fault:
                server.fault("*", **fault)
            try:
                await each.poll()
                await each.cloud.inventory()
            except CloudError as err:
                shown += [str(err), repr(err)]
            clock.advance(1.5 * 86400)
        server.faults.clear()
    server.revoke()
    with pytest.raises(CloudError) as caught:
        await granted.cloud.inventory()
    shown.append(repr(caught.value))
    text = caplog.text + "".join(shown)
    secrets = {
        *server.credentials.values(),
        *server.application.sessions,
        *server.application.codes,
        server.grant.access,
        server.grant.refresh,
        "ADEMO0010002",
        "Home A",
    }
    assert not [secret for secret in secrets if secret in text]
    assert len(caplog.records) > 10


def test_keys_hide_themselves() -> None:
    """Their repr is empty."""
    assert repr(Keys("app", "secret", "rsa")) == "Keys()"
