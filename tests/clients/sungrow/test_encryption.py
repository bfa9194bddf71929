"""Encrypted transport over the wire (sungrow.md §3)."""

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CredentialsRejected,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.sungrow.api import Keys
from custom_components.solar_cloud.cloud.transport import Transport
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.crypto import make_key, public_text
from tests.helpers.clock import StillClock

from .conftest import Connect, grant


async def test_everything_travels_encrypted(
    server: SungrowCloud, connect: Connect
) -> None:
    """Login and data of V1."""
    server.turn(encryption="required")
    account = connect(rsa_public_key=server.application.rsa_public_key)
    assert (await account.poll()).readings
    assert account.cloud.report()["encrypted"] is True
    nonces = [call.params["api_key_param"]["nonce"] for call in server.calls]
    assert len(set(nonces)) == len(nonces) == len(server.calls)


async def test_consent_travels_encrypted_too(
    server: SungrowCloud, transport: Transport, connect: Connect, clock: StillClock
) -> None:
    """Exchange, refresh and data of V2."""
    server.turn(encryption="required")
    key = server.application.rsa_public_key
    account = await grant(server, transport, connect, rsa_public_key=key)
    await account.poll()
    clock.advance(1.5 * 86400)
    await account.poll()
    assert server.calls.count("refreshToken") == 1


@pytest.mark.parametrize("knobs", [{"lower_hex": True}, {"plain_answers": True}, {}])
async def test_answers_may_be_written_in_several_ways(
    server: SungrowCloud, connect: Connect, knobs: dict[str, bool]
) -> None:
    """Hex in either case, or plain."""
    server.turn(**knobs)
    account = connect(rsa_public_key=server.application.rsa_public_key)
    assert (await account.poll()).readings


async def test_e35_an_application_that_demands_encryption_says_so(
    server: SungrowCloud, connect: Connect
) -> None:
    """E902: the key is the user's to enter."""
    server.turn(encryption="required")
    with pytest.raises(CredentialsRejected, match="encryption_required"):
        await connect().cloud.inventory()


async def test_a_hex_answer_to_a_plain_request_says_so_too(
    server: SungrowCloud, connect: Connect
) -> None:
    """Nobody can read it without the key of a request."""
    server.turn(always_hex=True)
    with pytest.raises(CredentialsRejected, match="encryption_required"):
        await connect().cloud.inventory()


async def test_another_applications_key_is_refused(
    server: SungrowCloud, connect: Connect
) -> None:
    """E906, or E905 and E907 where the server unwraps noise."""
    with pytest.raises(CredentialsRejected, match="invalid_rsa_key"):
        await connect(rsa_public_key=public_text(make_key())).cloud.inventory()
    with pytest.raises(CredentialsRejected, match="invalid_rsa_key"):
        await connect(rsa_public_key="nonsense").cloud.inventory()


async def test_a_wrong_clock_is_mended_once(
    server: SungrowCloud, connect: Connect
) -> None:
    """E913: the server's time is asked for and kept."""
    server.turn(clock_skew=3600.0)
    account = connect(rsa_public_key=server.application.rsa_public_key)
    await account.poll()
    await account.cloud.inventory()
    assert server.calls.count("/timestamp") == 1


@pytest.mark.parametrize(
    ("body", "works"),
    [
        ('{"timestamp":"1781092920000"}', True),
        ('"1781092920000"', True),
        ("{}", False),
        ("true", False),
    ],
)
async def test_the_servers_time_is_read_in_any_form(
    server: SungrowCloud, connect: Connect, clock: StillClock, body: str, *, works: bool
) -> None:
    """A number, a text, or an object around it."""
    clock.now = 1781092920.0 - 3600.0
    server.turn(clock_skew=3600.0)
    server.fault("/timestamp", body=body)
    account = connect(rsa_public_key=server.application.rsa_public_key)
    if works:
        assert (await account.cloud.inventory()).plants
    else:
        with pytest.raises(UnexpectedAnswer, match="clock_wrong"):
            await account.cloud.inventory()


async def test_a_repeated_nonce_is_replaced_once(
    server: SungrowCloud, connect: Connect
) -> None:
    """E910."""
    server.fault("getPowerStationList", code="E910")
    account = connect(rsa_public_key=server.application.rsa_public_key)
    assert (await account.cloud.inventory()).plants
    assert server.calls.count("getPowerStationList") == 2


def test_keys_hide_themselves() -> None:
    """Their repr is empty (E61)."""
    assert repr(Keys("app", "secret", "rsa")) == "Keys()"
