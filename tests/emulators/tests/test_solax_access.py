"""SolaX's tokens, limits and permissions are as narrow as the real ones."""

import asyncio
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from tests.emulators.solax import SolaxCloud
from tests.emulators.world import Clock

from .conftest import Client, Open

PLANTS = "plant/page_plant_info"


async def test_only_the_newest_token_lives(visit: Open) -> None:
    """A new token kills the old one; using it does not make it live longer."""
    client: Client = await visit()
    assert (await client.get(PLANTS))["code"] == 10000
    first = client.token
    client.cloud.steal_token()
    assert (await client.get(PLANTS))["code"] == 10402
    answer = await client.sign_in()
    assert client.token != first
    assert answer["result"]["expires_in"] == 2_591_999
    assert (await client.get(PLANTS))["code"] == 10000
    calls = client.cloud.calls.of(PLANTS)
    assert [call.token_generation for call in calls] == [1, 1, 3]


async def test_tokens_expire_and_rotated_secrets_are_refused(
    visit: Open, clock: Clock
) -> None:
    """Time ends a token; a rotation ends the credentials, and the token if so set."""
    client: Client = await visit(token_lifetime=3600)
    old = client.cloud.credentials
    clock.advance(3601)
    assert (await client.get(PLANTS))["code"] == 10402
    await client.sign_in()
    client.cloud.rotate_secret()
    assert (await client.get(PLANTS))["code"] == 10000
    assert (await client.sign_in(**old))["code"] == 10400
    assert (await client.sign_in())["code"] == 0
    client.cloud.turn(rotation_kills_token=True, dead_token_http=401)
    client.cloud.rotate_secret()
    headers = {"Authorization": f"bearer {client.token}"}
    async with client.session.get(f"/openapi/v2/{PLANTS}", headers=headers) as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == 10402


@pytest.mark.parametrize("code", [10400, 10401, 10402])
async def test_wrong_secret(visit: Open, code: int) -> None:
    """The refusal's code is not agreed upon; its HTTP status is."""
    client: Client = await visit(bad_secret_code=code)
    answer = await client.sign_in(client_secret="wrong")
    assert (answer["code"], answer["result"]) == (code, None)
    assert (await client.get(PLANTS))["code"] == 10000


async def test_token_request_must_be_a_form(visit: Open) -> None:
    """JSON counts as no parameters; other grants are not offered."""
    client: Client = await visit()
    body = {**client.cloud.credentials, "grant_type": "client_credentials"}
    url = "/openapi/auth/oauth/token"
    async with client.session.post(url, json=body) as answer:
        assert (await answer.json())["code"] == 10001
    answer_body = await client.sign_in(grant_type="authorization_code")
    assert answer_body["code"] == 10001


async def test_old_token_endpoint_shares_the_one_token(visit: Open) -> None:
    """Whoever still asks there kills the token of everybody else."""
    client: Client = await visit()
    body = {**client.cloud.credentials, "grant_type": "CICS"}
    async with client.session.post("/openapi/auth/get_token", json=body) as answer:
        assert (await answer.json())["code"] == 0
    assert (await client.get(PLANTS))["code"] == 10402


async def test_authorization_header(visit: Open) -> None:
    """Without it or with another scheme nobody is authenticated; case does not matter."""
    client: Client = await visit()
    url, params = f"/openapi/v2/{PLANTS}", {"businessType": "1"}
    for header, code in (
        (None, 10400),
        ("Basic abc", 10400),
        (f"Bearer {client.token}", 10000),
        ("bearer nonsense", 10402),
    ):
        headers = {"Authorization": header} if header else {}
        async with client.session.get(url, params=params, headers=headers) as answer:
            assert (await answer.json())["code"] == code


@pytest.mark.parametrize("style", ["10406", "10200-text", "http429"])
async def test_calls_per_minute(visit: Open, clock: Clock, style: str) -> None:
    """The window rolls, refused calls count, token calls count."""
    client: Client = await visit(per_minute=3, rate_style=style)
    assert [(await client.get(PLANTS))["code"] for _ in range(2)] == [10000, 10000]
    headers = {"Authorization": f"bearer {client.token}"}
    async with client.session.get(f"/openapi/v2/{PLANTS}", headers=headers) as answer:
        text = await answer.text()
        if style == "http429":
            assert answer.status == 429
            assert answer.headers["Retry-After"] == "60"
        elif style == "10406":
            assert '"code": 10406' in text
        else:
            assert "current minute" in text
    clock.advance(61)
    assert (await client.get(PLANTS))["code"] == 10000


async def test_calls_per_day(visit: Open, clock: Clock) -> None:
    """The quota is used up until the day is over."""
    client: Client = await visit(per_day=2)
    assert (await client.get(PLANTS))["code"] == 10000
    assert (await client.get(PLANTS))["code"] == 10405
    clock.advance(15 * 3600)
    assert (await client.get(PLANTS))["code"] == 10000


async def test_order_of_checks(visit: Open) -> None:
    """Token, then rate, then pack, then rights, then parameters."""
    client: Client = await visit(per_minute=1)
    client.cloud.withdraw("API_Info_V2")
    assert (await client.get("plant/realtime_data"))["code"] == 10406
    client.cloud.turn(per_minute=100)
    assert (await client.get(PLANTS, businessType="nonsense"))["code"] == 10403
    client.cloud.authorise("API_Info_V2")
    assert (await client.get(PLANTS, businessType="nonsense"))["code"] == 10200
    client.cloud.plant.authorised = False
    answer = await client.get(
        "plant/realtime_data", plantId=client.cloud.plant.plant_id
    )
    assert answer["code"] == 10506
    client.cloud.steal_token()
    client.cloud.turn(per_minute=1)
    assert (await client.get(PLANTS))["code"] == 10402


async def test_unknown_and_broken_paths(visit: Open) -> None:
    """What is not offered is not allowed, and one old path only breaks."""
    client: Client = await visit()
    assert (await client.post("device/nonsense"))["code"] == 10403
    async with client.session.get("/openapi/v2/device/data/realtime") as answer:
        assert answer.status == 500
    client.cloud.turn(unknown_path="404")
    async with client.session.get("/openapi/v2/nonsense") as answer:
        assert answer.status == 404


async def test_log_knows_calls_but_no_secrets(visit: Open, clock: Clock) -> None:
    """Every call is logged with time, serials and token; secrets are masked."""
    client: Client = await visit()
    await client.rows(1, "H3DEMO00000001")
    token, rows = client.cloud.calls
    assert client.cloud.credentials["client_secret"] not in repr(token)
    assert client.cloud.token_calls == [token]
    assert (rows.serials, rows.code, rows.at) == (
        ("H3DEMO00000001",),
        10000,
        clock.now(),
    )
    assert client.cloud.calls.count("device/realtime_data", deviceType=1) == 1


FAULTS: list[tuple[dict[str, Any], int, str]] = [
    ({"code": 11500}, 200, '"code": 11500'),
    ({"code": 10200, "message": "odd"}, 200, "odd"),
    ({"body": "html"}, 200, "<html>"),
    ({"body": "invalid-json"}, 200, "oops"),
    ({"body": "null"}, 200, "null"),
    ({"body": "truncated"}, 200, '{"code": 10000'),
    ({"body": "nan"}, 200, "NaN"),
    ({"body": "huge", "megabytes": 11}, 200, "00000"),
    ({"body": "redirect"}, 302, ""),
    ({"http": 401}, 401, ""),
    ({"http": 403}, 403, "<html>"),
    ({"http": 429, "headers": {"Retry-After": "7"}}, 429, ""),
    ({"http": 503}, 503, "<html>"),
]


@pytest.mark.parametrize(("how", "status", "text"), FAULTS)
async def test_faults(visit: Open, how: dict[str, Any], status: int, text: str) -> None:
    """One answer goes wrong as told, the next is right again."""
    client: Client = await visit()
    client.cloud.fault(PLANTS, **how)
    headers = {"Authorization": f"bearer {client.token}"}
    async with client.session.get(
        f"/openapi/v2/{PLANTS}?businessType=1", headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == status
        assert text in await answer.text()
        for name, value in how.get("headers", {}).items():
            assert answer.headers[name] == value
    assert client.cloud.calls[-1].fault
    assert (await client.get(PLANTS))["code"] == 10000


async def test_answer_that_gets_lost_has_changed_the_world(visit: Open) -> None:
    """A token may be issued although its answer never arrives."""
    client: Client = await visit()
    client.cloud.fault("oauth/token", http=502, lost=True)
    with pytest.raises(Exception, match="unexpected mimetype"):
        await client.sign_in()
    assert (await client.get(PLANTS))["code"] == 10402


async def test_connections_break_and_answers_take_their_time(visit: Open) -> None:
    """No answer at all, and one that comes too late for an impatient client."""
    client: Client = await visit()
    # aiohttp repeats a GET by itself when a kept connection breaks.
    client.cloud.fault(PLANTS, body="disconnect", times=2)
    client.cloud.fault(PLANTS, delay=0.3)
    with pytest.raises(ClientConnectionError):
        await client.get(PLANTS)
    assert client.cloud.calls[-1].http is None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.get(PLANTS)
    assert (await client.get(PLANTS))["code"] == 10000


async def test_scenarios_reset(visit: Open) -> None:
    """A reset forgets knobs, calls and tokens."""
    client: Client = await visit("awkward-json")
    client.cloud.reset("home-hybrid", seed=7)
    assert client.cloud.knobs.numbers == "native"
    assert len(client.cloud.calls) == 0
    assert (await client.get(PLANTS))["code"] == 10402
    with pytest.raises(ValueError, match="no such knob"):
        SolaxCloud(client.cloud.world).turn(nonsense=1)
