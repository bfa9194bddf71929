"""One test per code of the portal's appendix, at a data call and at the token endpoint, with what must follow."""

from dataclasses import dataclass
import json
import logging
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
from custom_components.solar_cloud.cloud.solax.errors import AnswerVerdict, judge
from custom_components.solar_cloud.cloud.transport import Answer
from tests.emulators.solax import SolaxCloud

from .conftest import BATTERY, CHARGER, INVERTER, METER, PLANT, Account

DATA = "device/realtime_data"
TOKEN = "oauth/token"
EVERYTHING = {PLANT, INVERTER, BATTERY, METER, CHARGER}


@dataclass(frozen=True, slots=True)
class Case:
    """A refusal of a data call, and the error that it is when nothing else works either."""

    how: dict[str, Any]
    error: type[CloudError]
    key: str
    reason: str | None = None
    """Why a device is silent when only its own call is refused; ``None`` when the whole poll stops."""


CASES = {
    "10001": Case(
        {"code": 10001}, UnexpectedAnswer, "operation_failed", "operation_failed"
    ),
    "11500": Case({"code": 11500}, CloudUnreachable, "cloud_busy", "cloud_busy"),
    "10200-unknown": Case(
        {"code": 10200}, UnexpectedAnswer, "unexpected_code", "unexpected_code"
    ),
    "10200-parameter": Case(
        {"code": 10200, "message": "PARAM_ERROR: snList"},
        UnexpectedAnswer,
        "request_refused",
        "request_refused",
    ),
    "10200-year": Case(
        {"code": 10200, "message": "The date must be within the past year"},
        UnexpectedAnswer,
        "request_refused",
        "request_refused",
    ),
    "10200-master": Case(
        {"code": 10200, "message": "The master control device does not exist"},
        UnexpectedAnswer,
        "no_master",
        "no_master",
    ),
    "10403": Case(
        {"code": 10403}, PermissionMissing, "permission_missing", "permission_missing"
    ),
    "10404": Case(
        {"code": 10404}, UnexpectedAnswer, "unexpected_code", "unexpected_code"
    ),
    "10500": Case({"code": 10500}, UnexpectedAnswer, "no_access", "no_access"),
    "10505": Case({"code": 10505}, UnexpectedAnswer, "no_access", "no_access"),
    "10506": Case({"code": 10506}, UnexpectedAnswer, "no_access", "no_access"),
    "unlisted": Case(
        {"code": 77777}, UnexpectedAnswer, "unexpected_code", "unexpected_code"
    ),
    "http-403": Case(
        {"http": 403}, CloudUnreachable, "access_blocked", "access_blocked"
    ),
    "http-404": Case({"http": 404}, CloudUnreachable, "not_json", "not_json"),
    "http-500": Case({"http": 500}, CloudUnreachable, "server_error", "server_error"),
    "http-503": Case({"http": 503}, CloudUnreachable, "server_error", "server_error"),
    "html": Case({"body": "html"}, CloudUnreachable, "not_json", "not_json"),
    "truncated": Case({"body": "truncated"}, CloudUnreachable, "not_json", "not_json"),
    "invalid-json": Case(
        {"body": "invalid-json"}, CloudUnreachable, "not_json", "not_json"
    ),
    "null-body": Case(
        {"body": "null"}, UnexpectedAnswer, "unexpected_answer", "unexpected_answer"
    ),
    "empty-body": Case({"body": "empty"}, CloudUnreachable, "not_json", "not_json"),
    "list-body": Case(
        {"body": "list"}, UnexpectedAnswer, "unexpected_answer", "unexpected_answer"
    ),
    "redirect": Case(
        {"body": "redirect"}, UnexpectedAnswer, "redirected", "redirected"
    ),
    "huge": Case({"body": "huge"}, UnexpectedAnswer, "too_large", "too_large"),
    "disconnect": Case(
        {"body": "disconnect"}, CloudUnreachable, "cannot_connect", "cannot_connect"
    ),
    "10406": Case({"code": 10406}, QuotaExhausted, "rate_limited"),
    "10200-text": Case(
        {"code": 10200, "message": "current minute > threshold"},
        QuotaExhausted,
        "rate_limited",
    ),
    "http-429": Case({"http": 429}, QuotaExhausted, "rate_limited"),
    "10405": Case({"code": 10405}, QuotaExhausted, "daily_quota_exhausted"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_refusal_of_everything(
    account: Account, cloud: SolaxCloud, case: Case
) -> None:
    """A cloud that answers nothing else raises the error its code stands for."""
    await account.list()
    cloud.fault("realtime_data", **case.how, times=None)
    with pytest.raises(case.error) as caught:
        await account.poll()
    assert caught.value.key == case.key
    assert cloud.application.live is not None
    assert len(cloud.token_calls) == 1  # none of these is a matter of tokens


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_e5_e8_refusal_of_one_call_leaves_the_others_alone(
    account: Account, cloud: SolaxCloud, case: Case
) -> None:
    """One refused call silences its own devices; a limit keeps everybody's last values."""
    await account.poll()
    cloud.fault(DATA, **case.how, times=None, where={"deviceType": 3})
    snapshot = await account.poll()
    if case.reason is None:
        assert set(snapshot.readings) == EVERYTHING
        assert snapshot.resume_after is not None
        assert snapshot.resume_after >= 60
    else:
        assert snapshot.silent == {METER: case.reason}
        assert set(snapshot.readings) == EVERYTHING - {METER}
        assert snapshot.resume_after is None


@pytest.mark.parametrize("code", [10400, 10401, 10402])
async def test_e1_refused_token_is_renewed_once(
    account: Account, cloud: SolaxCloud, code: int
) -> None:
    """A token refused at a data call is everyday life: one new token, one repetition, no re-authentication."""
    await account.poll()
    cloud.fault(DATA, code=code)
    snapshot = await account.poll()
    assert set(snapshot.readings) == EVERYTHING
    assert len(cloud.token_calls) == 2
    assert not snapshot.notices


async def test_e1_http_401_is_a_refused_token(
    account: Account, cloud: SolaxCloud
) -> None:
    """The same, told by the status."""
    cloud.turn(dead_token_http=401)
    await account.poll()
    cloud.steal_token()
    assert set((await account.poll()).readings) == EVERYTHING
    assert len(cloud.token_calls) == 2


@pytest.mark.parametrize("how", [{"code": 10402}, {"http": 401}], ids=["code", "http"])
async def test_e2_refused_again_right_after_renewal(
    account: Account, cloud: SolaxCloud, how: dict[str, Any]
) -> None:
    """No loop: one renewal, then a rest."""
    await account.poll()
    cloud.calls.clear()
    cloud.fault("realtime_data", **how, times=None)
    with pytest.raises(SessionConflict) as caught:
        await account.poll()
    assert caught.value.retry_after >= 300
    assert len(cloud.token_calls) == 1
    assert cloud.calls.count("realtime_data") == 2


@pytest.mark.parametrize("code", [10400, 10401, 10402])
async def test_token_endpoint_refuses_the_credentials(
    account: Account, cloud: SolaxCloud, code: int
) -> None:
    """Which of the three a wrong secret gives is not certain: all mean the same."""
    cloud.turn(bad_secret_code=code)
    account.restart(client_secret="wrong")
    with pytest.raises(CredentialsRejected) as caught:
        await account.list()
    assert caught.value.key == "invalid_auth"


@pytest.mark.parametrize(
    ("how", "error", "key"),
    [
        ({"http": 401}, CredentialsRejected, "invalid_auth"),
        ({"code": 10001}, UnexpectedAnswer, "operation_failed"),
        ({"code": 10403}, UnexpectedAnswer, "unexpected_code"),
        ({"code": 11500}, CloudUnreachable, "cloud_busy"),
        ({"code": 10406}, QuotaExhausted, "rate_limited"),
        ({"http": 429}, QuotaExhausted, "rate_limited"),
        ({"code": 10405}, QuotaExhausted, "daily_quota_exhausted"),
        ({"http": 500}, CloudUnreachable, "server_error"),
        ({"http": 403}, CloudUnreachable, "access_blocked"),
        ({"body": "html"}, CloudUnreachable, "not_json"),
        ({"body": "null"}, UnexpectedAnswer, "unexpected_answer"),
        ({"body": '{"code": 0, "result": {}}'}, UnexpectedAnswer, "unexpected_answer"),
        ({"body": '{"code": 0, "result": [1]}'}, UnexpectedAnswer, "unexpected_answer"),
        ({"body": "disconnect"}, CloudUnreachable, "cannot_connect"),
    ],
)
async def test_token_endpoint_stumbles(
    account: Account,
    cloud: SolaxCloud,
    how: dict[str, Any],
    error: type[CloudError],
    key: str,
) -> None:
    """A busy cloud never asks the user for a secret; the next try succeeds."""
    cloud.fault(TOKEN, **how)
    with pytest.raises(error) as caught:
        await account.list()
    assert caught.value.key == key
    if error is not CredentialsRejected:
        account.clock.advance(4 * 3600)
        assert (await account.list()).plants


async def test_success_is_0_or_10000_everywhere(
    account: Account, cloud: SolaxCloud
) -> None:
    """The documents disagree, so both count (A023)."""
    cloud.fault(TOKEN, body='{"code": "10000", "result": {"access_token": "x"}}')
    cloud.fault(
        "page_plant_info", body='{"code": 0, "result": {"records": []}}', times=None
    )
    assert not (await account.list()).plants


def judged(content: object, status: int = 200, **headers: str) -> AnswerVerdict:
    """Judge an answer."""
    return judge(Answer(status, headers, json.dumps(content))).verdict


@pytest.mark.parametrize(
    "words",
    [
        "API call RATE LIMIT reached",
        "maximum call threshold",
        "over the current minute",
        "Too many requests",
        "we suspend the request",
    ],
)
@pytest.mark.parametrize("name", ["message", "msg", "exception"])
def test_a028_10200_is_a_rate_limit_by_its_text_only(name: str, words: str) -> None:
    """In whichever of the three fields the text stands."""
    assert judged({"code": 10200, name: words}) is AnswerVerdict.TOO_FAST
    assert judged({"code": 10200, "message": None}) is AnswerVerdict.UNKNOWN


def test_status_decides_where_the_code_does_not() -> None:
    """A success that an error status contradicts is none; a code inside an error page counts."""
    assert judged({"code": 10000}, 404) is AnswerVerdict.UNKNOWN
    assert judged({"code": 10000}, 401) is AnswerVerdict.UNAUTHENTICATED
    assert judged({"code": 10403}, 403) is AnswerVerdict.FORBIDDEN
    assert judged({"hello": 1}, 403) is AnswerVerdict.BLOCKED
    assert judged([], 401) is AnswerVerdict.UNAUTHENTICATED
    with pytest.raises(UnexpectedAnswer):
        judged({"code": "?"})


async def test_no_vendor_text_reaches_the_error_or_the_log(
    account: Account, cloud: SolaxCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """A message can echo an account: it is read, never passed on (E61)."""
    caplog.set_level(logging.DEBUG)
    await account.list()
    cloud.fault(
        "realtime_data", code=10200, message="no such user demo@mail", times=None
    )
    with pytest.raises(UnexpectedAnswer) as caught:
        await account.poll()
    assert caught.value.placeholders == {"code": "10200"}
    secrets = {
        *cloud.credentials.values(),
        *(one.value for one in cloud.application.tokens),
        "demo@mail",
        PLANT,
        INVERTER,
        METER,
        CHARGER,
    }
    for secret in secrets:
        assert secret not in caplog.text
        assert secret not in str(caught.value)
