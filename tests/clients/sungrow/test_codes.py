"""One test per result code of sungrow.md §6, by real HTTP."""

from contextlib import suppress
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
    SessionConflict,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.sungrow.errors import ERRORS, safe_code
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import Account, Connect

CODES = [
    ("-1", CloudUnreachable, "server_error"),
    ("000", CloudUnreachable, "server_error"),
    ("001", UnexpectedAnswer, "request_refused"),
    ("002", SessionConflict, "session_contested"),
    ("003", UnexpectedAnswer, "request_refused"),
    ("009", UnexpectedAnswer, "request_refused"),
    ("010", UnexpectedAnswer, "request_refused"),
    ("011", CloudUnreachable, "server_error"),
    ("E00000", CredentialsRejected, "invalid_app_key"),
    ("E00001", PermissionMissing, "service_expired"),
    ("E00002", CredentialsRejected, "invalid_rsa_key"),
    ("E00003", SessionConflict, "session_contested"),
    ("E900", PermissionMissing, "not_authorized"),
    ("E901", QuotaExhausted, "rate_limited"),
    ("E902", CredentialsRejected, "encryption_required"),
    ("E903", QuotaExhausted, "address_changes"),
    ("E904", UnexpectedAnswer, "encryption_failed"),
    ("E905", CredentialsRejected, "invalid_rsa_key"),
    ("E906", CredentialsRejected, "invalid_rsa_key"),
    ("E907", CredentialsRejected, "invalid_rsa_key"),
    ("E908", UnexpectedAnswer, "encryption_failed"),
    ("E909", UnexpectedAnswer, "encryption_failed"),
    ("E910", UnexpectedAnswer, "encryption_failed"),
    ("E911", CredentialsRejected, "invalid_secret_key"),
    ("E912", CredentialsRejected, "invalid_secret_key"),
    ("E913", UnexpectedAnswer, "clock_wrong"),
    ("E914", CredentialsRejected, "invalid_secret_key"),
    ("E916", QuotaExhausted, "login_too_often"),
    ("E918", PermissionMissing, "ip_not_allowed"),
    ("E919", PermissionMissing, "user_not_allowed"),
    ("E994", UnexpectedAnswer, "endpoint_missing"),
    ("E995", UnexpectedAnswer, "request_refused"),
    ("E996", UnexpectedAnswer, "endpoint_missing"),
    ("E997", CloudUnreachable, "server_error"),
    ("E998", QuotaExhausted, "monthly_limit"),
    ("E999", QuotaExhausted, "rate_limited"),
    ("E777", UnexpectedAnswer, "request_refused"),
]


@pytest.mark.parametrize(("code", "kind", "key"), CODES)
async def test_result_code(
    server: SungrowCloud,
    connect: Connect,
    code: str,
    kind: type[CloudError],
    key: str,
) -> None:
    """E37: the envelope is looked at before anything else."""
    server.fault("getPowerStationList", code=code, message="secret text", times=None)
    with pytest.raises(kind) as caught:
        await connect().cloud.inventory()
    assert caught.value.key == key
    assert "secret text" not in str(caught.value)


def test_no_code_is_left_out() -> None:
    """The table and these tests know the same codes."""
    assert set(ERRORS) == {code for code, _, _ in CODES} - {"E777"}


@pytest.mark.parametrize(
    ("how", "kind", "key"),
    [
        ({"http": 401}, SessionConflict, "session_contested"),
        ({"http": 404}, UnexpectedAnswer, "endpoint_missing"),
        ({"http": 405}, UnexpectedAnswer, "endpoint_missing"),
        ({"http": 413}, UnexpectedAnswer, "request_refused"),
        ({"http": 429}, QuotaExhausted, "rate_limited"),
        ({"http": 403}, UnexpectedAnswer, "http_error"),
        ({"http": 400, "body": "{}"}, UnexpectedAnswer, "http_error"),
        ({"http": 400, "body": "[]"}, UnexpectedAnswer, "http_error"),
        ({"http": 400, "code": "E912"}, CredentialsRejected, "invalid_secret_key"),
        ({"http": 500}, CloudUnreachable, "server_error"),
        ({"http": 502, "body": "html"}, CloudUnreachable, "server_error"),
        ({"body": "html"}, UnexpectedAnswer, "not_json"),
        ({"body": "empty"}, UnexpectedAnswer, "not_json"),
        ({"body": "truncated"}, UnexpectedAnswer, "not_json"),
        ({"body": "null"}, UnexpectedAnswer, "not_an_object"),
        ({"body": "list"}, UnexpectedAnswer, "not_an_object"),
        ({"body": "{}"}, UnexpectedAnswer, "request_refused"),
        ({"body": "disconnect"}, CloudUnreachable, "cannot_connect"),
        ({"body": "redirect"}, UnexpectedAnswer, "redirected"),
        ({"body": '{"result_code":"<i>evil</i>"}'}, UnexpectedAnswer, "code=\\?"),
    ],
)
async def test_http_trouble(
    server: SungrowCloud,
    connect: Connect,
    how: dict[str, Any],
    kind: type[CloudError],
    key: str,
) -> None:
    """Status, form and length of what comes back (sungrow.md §11.3 #38)."""
    server.fault("getPowerStationList", times=None, **how)
    with pytest.raises(kind, match=key):
        await connect().cloud.inventory()


async def test_a_result_code_may_be_a_number(
    server: SungrowCloud, connect: Connect
) -> None:
    """sungrow.md §7.2 #2."""
    server.fault(
        "getPowerStationList",
        body='{"result_code":1,"result_data":{"pageList":[],"rowCount":0}}',
    )
    assert not (await connect().cloud.inventory()).plants


def test_only_short_codes_are_shown() -> None:
    """Whatever the vendor puts there."""
    assert safe_code("E900") == "E900"
    assert safe_code("6-1") == "6-1"
    assert safe_code("a@b.example.org") == "?"


@pytest.mark.parametrize("knob", ["ip_refused", "user_refused", "expired"])
async def test_e36_a_whitelist_is_asked_slowly_and_without_logins(
    server: SungrowCloud, connect: Connect, clock: StillClock, knob: str
) -> None:
    """The same error all the time, one call in half an hour, and it ends by itself."""
    account = connect()
    await account.poll()
    server.turn(**{knob: True})
    server.calls.clear()
    keys = set()
    for _ in range(12):
        clock.advance(300)
        with pytest.raises(PermissionMissing) as caught:
            await account.poll()
        keys.add((caught.value.key, caught.value.permission))
    assert len(keys) == 1
    assert len(server.data_calls) <= 2
    assert not server.logins
    server.turn(**{knob: False})
    clock.advance(3600)
    assert (await account.poll()).readings


@pytest.mark.parametrize(
    ("endpoint", "code"), [("getFaultAlarmInfo", "E919"), ("login", "E996")]
)
async def test_a_refusal_that_is_not_of_one_call_closes_none_for_a_day(
    server: SungrowCloud, connect: Connect, clock: StillClock, endpoint: str, code: str
) -> None:
    """The account, or its sign-in, was turned away for a moment when alarms were due: they were not asked for until the next day."""
    account = connect()
    await account.poll()
    clock.advance(1800)
    server.fault(endpoint, code=code)
    if endpoint == "login":
        server.end_sessions()
    with suppress(CloudError):
        await account.poll()
    before = server.calls.count("getFaultAlarmInfo")
    for _ in range(15):
        clock.advance(300)
        with suppress(CloudError):
            snapshot = await account.poll()
    assert server.calls.count("getFaultAlarmInfo") > before
    assert not snapshot.notices


async def test_e903_changing_addresses_are_waited_out(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Half an hour, remembered over a restart."""
    account = connect()
    await account.poll()
    server.turn(address_changes=True)
    for _ in range(5):
        clock.advance(300)
        with pytest.raises(QuotaExhausted, match="address_changes"):
            await connect(storage=account.storage).cloud.inventory()
    assert server.calls.count("getPowerStationList") == 2


async def test_wrong_keys_are_the_users_to_mend(
    server: SungrowCloud, connect: Connect
) -> None:
    """E37: each of the three ways a pair of keys can be wrong."""
    server.add_application("ANOTHER", "anothersecret")
    for changes, key in (
        ({"app_key": "x"}, "invalid_app_key"),
        ({"secret_key": "x"}, "invalid_secret_key"),
        ({"app_key": "ANOTHER"}, "invalid_secret_key"),
    ):
        with pytest.raises(CredentialsRejected, match=key):
            await connect(**changes).cloud.inventory()


async def test_the_editions_do_not_mix(server: SungrowCloud, granted: Account) -> None:
    """Bearer in the header, platform paths, other paging names (sungrow.md §1.3)."""
    await granted.poll()
    paths = {call.path for call in server.data_calls}
    assert all(path.startswith("/openapi/platform/") for path in paths)
    listing = server.calls.of("queryPowerStationList")[0]
    assert listing.params["page"] == 1
    assert "token" not in listing.params
    assert "curPage" not in listing.params
