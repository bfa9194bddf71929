"""The one way to a vendor's server: bounded, never redirected, never logged in full."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
import json
import logging
import threading
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
import pytest
from yarl import URL

from custom_components.solar_cloud.cloud import transport
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    InterfaceMoved,
    NotConnected,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.fusionsolar.history import AT_ONCE, LIMITS
from custom_components.solar_cloud.cloud.fusionsolar.models import STRING_INVERTER
from custom_components.solar_cloud.cloud.fusionsolar.points import TABLES
from custom_components.solar_cloud.cloud.transport import Answer, Transport

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A server that answers as a test wants."""

    def __init__(self) -> None:
        """Begin with an empty answer."""
        self.url = URL()
        self.requests: list[tuple[str, str, str, str]] = []
        self.handler: Handler = self._empty
        self.over = asyncio.Event()

    @staticmethod
    async def _empty(request: web.Request) -> web.StreamResponse:
        return web.Response(text="{}")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Note the request and answer it."""
        body = await request.text()
        self.requests.append(
            (request.method, str(request.rel_url), request.content_type, body)
        )
        return await self.handler(request)


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    """A server on this machine."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = URL(f"http://127.0.0.1:{runner.addresses[0][1]}/path")
    yield server
    server.over.set()
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[Transport]:
    """A transport with a session of its own."""
    async with aiohttp.ClientSession() as session:
        yield Transport(session)


async def test_bodies_of_every_kind(server: Server, http: Transport) -> None:
    """JSON, a form, plain text, parameters."""
    await http.send("POST", server.url, json={"a": 1})
    await http.send("POST", server.url, form={"a": "b c"})
    await http.send("POST", server.url, text="plain")
    await http.send("GET", server.url, params={"q": "1,2"})
    assert server.requests == [
        ("POST", "/path", "application/json", '{"a": 1}'),
        ("POST", "/path", "application/x-www-form-urlencoded", "a=b+c"),
        ("POST", "/path", "text/plain", "plain"),
        ("GET", "/path?q=1,2", "application/octet-stream", ""),
    ]


async def test_answer_of_any_status(server: Server, http: Transport) -> None:
    """Whether it is what the vendor promised is for the client to say; broken characters are no exception."""

    async def teapot(request: web.Request) -> web.StreamResponse:
        return web.Response(status=418, body=b"\xff{", headers={"Retry-After": "7"})

    server.handler = teapot
    answer = await http.send("GET", server.url)
    assert answer.status == 418
    assert answer.body == "\ufffd{"
    assert answer.retry_after == 7


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(
    server: Server, http: Transport, status: int
) -> None:
    """A token must not travel to another host."""

    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    server.handler = away
    with pytest.raises(UnexpectedAnswer) as caught:
        await http.send("GET", server.url)
    assert caught.value.key == "redirected"
    assert caught.value.placeholders == {"status": str(status)}
    assert len(server.requests) == 1


MOVES = {
    "absolute": ("https://api.new.example/login", "api.new.example"),
    "unencrypted": ("http://api.new.example/login", "api.new.example"),
    "other-port": ("https://api.new.example:31943/", "api.new.example:31943"),
    "credentials": ("https://user:word@api.new.example/", "api.new.example"),
    "same-machine": ("http://127.0.0.1:9/", "127.0.0.1:9"),
}


@pytest.mark.parametrize("status", [301, 302, 308, 410])
@pytest.mark.parametrize(("location", "host"), MOVES.values(), ids=list(MOVES))
async def test_an_interface_that_moved_names_its_new_host(
    server: Server, http: Transport, status: int, location: str, host: str
) -> None:
    """Words of its own, neither an outage nor a refusal; nothing is sent there."""

    async def moved(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": location})

    server.handler = moved
    with pytest.raises(InterfaceMoved) as caught:
        await http.send("GET", server.url)
    assert caught.value.key == "interface_moved"
    assert caught.value.placeholders == {
        "status": str(status),
        "old": f"127.0.0.1:{server.url.port}",
        "host": host,
    }
    assert len(server.requests) == 1


async def test_a_closed_interface_may_write_where_it_is_now(
    server: Server, http: Transport
) -> None:
    """In the text of its last answer."""

    async def closed(request: web.Request) -> web.StreamResponse:
        text = "Retired. Use https://api.new.example/thirdData now."
        return web.Response(status=410, text=text)

    server.handler = closed
    with pytest.raises(InterfaceMoved) as caught:
        await http.send("GET", server.url)
    assert caught.value.address == URL("https://api.new.example")


NOTICES = {
    "retired": ('{"failCode": 20400, "message": "This interface was retired."}', True),
    "moved": ('{"success": false, "message": "The API has moved."}', True),
    "page": ("<html><h1>Our OpenAPI service was migrated</h1></html>", True),
    "inwards": ('{"message": "This interface has moved to https://10.0.0.7"}', True),
    "name": ('{"data": [{"plantName": "We moved house"}]}', False),
    "alarm": ('{"data": [{"alarmName": "The optimizer was moved"}]}', False),
    "two-fields": ('{"message": "Northbound API", "data": "moved"}', False),
    "maintenance": ("<html>The service is closed for maintenance</html>", False),
}


@pytest.mark.parametrize(("body", "closed"), NOTICES.values(), ids=list(NOTICES))
async def test_a_notice_that_names_no_host_is_told_from_data(
    server: Server, http: Transport, body: str, closed: bool
) -> None:
    """With HTTP 200: not the credentials, and not an answer either."""

    async def notice(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    server.handler = notice
    if not closed:
        assert (await http.send("GET", server.url)).body == body
        return
    with pytest.raises(InterfaceMoved) as caught:
        await http.send("GET", server.url)
    assert caught.value.key == "interface_closed"


async def test_an_interface_that_was_closed_says_so(
    server: Server, http: Transport
) -> None:
    """Without another host there is nothing to offer."""

    async def closed(request: web.Request) -> web.StreamResponse:
        return web.Response(status=410, text="This API was retired.")

    server.handler = closed
    with pytest.raises(InterfaceMoved) as caught:
        await http.send("GET", server.url)
    assert caught.value.key == "interface_closed"
    assert caught.value.address is None


@pytest.mark.parametrize(
    "location",
    [
        "https://192.168.1.5/",
        "https://10.0.0.1:8443/",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/",
        "https://[::ffff:192.168.1.5]/",
        "https://router.local/",
        "https://homeassistant/",
        "https://2130706433/",
        "https://0x7f.1/",
        "ftp://api.new.example/",
        "https://[::1",
    ],
)
async def test_nobody_is_sent_into_a_home_network(
    server: Server, http: Transport, location: str
) -> None:
    """A redirect there is an odd answer, and its host is never offered."""

    async def inwards(request: web.Request) -> web.StreamResponse:
        return web.Response(status=308, headers={"Location": location})

    server.handler = inwards
    with pytest.raises(UnexpectedAnswer, match="redirected") as caught:
        await http.send("GET", server.url)
    assert not isinstance(caught.value, InterfaceMoved)


def test_the_limit_fits_the_largest_honest_answer() -> None:
    """FusionSolar's past: every documented field of as many inverters, for as long, as one call may ask for."""
    fields = TABLES[STRING_INVERTER]
    row = {
        "devId": 1000000033786393,
        "sn": "ES2240047666",
        "collectTime": 1760000000000,
        "dataItemMap": dict.fromkeys(
            [
                *(point.field for point in fields.points),
                *(point.field for point in fields.raw),
            ],
            1234.567,
        ),
    }
    rows = AT_ONCE * (LIMITS.window // timedelta(minutes=5))
    largest = rows * len(json.dumps(row, separators=(",", ":")))
    assert 1.2 * largest < transport.MOST_BYTES < 2 * largest


@pytest.mark.parametrize("more", [0, 1])
async def test_the_limit_is_met_to_the_byte(
    server: Server, http: Transport, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    """What is as large as an answer may be is read, and one byte more is not."""
    monkeypatch.setattr(transport, "MOST_BYTES", 100_000)

    async def large(request: web.Request) -> web.StreamResponse:
        return web.Response(text="0" * (100_000 + more))

    server.handler = large
    if not more:
        assert len((await http.send("GET", server.url)).body) == 100_000
        return
    with pytest.raises(UnexpectedAnswer) as caught:
        await http.send("GET", server.url)
    assert caught.value.key == "too_large"


@pytest.mark.parametrize("more", [0, 1])
async def test_a_large_answer_is_read_beside_the_loop(
    server: Server, http: Transport, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    """Once, in a thread that others may interrupt; a small one where it is asked for."""
    threads: list[int] = []
    hooks: list[object] = []
    usual = json.loads

    def loads(text: str, **hooked: Any) -> Any:
        threads.append(threading.get_ident())
        hooks.append(hooked["object_hook"])
        return usual(text, **hooked)

    async def large(request: web.Request) -> web.StreamResponse:
        frame = '{"data": ""}'
        return web.Response(
            text=frame[:-2] + "0" * (transport.LARGE + more - len(frame)) + frame[-2:]
        )

    server.handler = large
    monkeypatch.setattr(json, "loads", loads)
    answer = await http.send("GET", server.url)
    assert isinstance(answer.json(), dict)
    assert len(answer.body) == transport.LARGE + more
    (thread,), (hook,) = threads, hooks
    assert (thread != threading.get_ident()) == bool(more)
    assert (hook is not None) == bool(more)


async def test_a_large_answer_that_is_no_json_is_told_when_it_is_read(
    server: Server, http: Transport
) -> None:
    """As a small one's is."""

    async def large(request: web.Request) -> web.StreamResponse:
        return web.Response(text="{" * (transport.LARGE + 1))

    server.handler = large
    answer = await http.send("GET", server.url)
    with pytest.raises(UnexpectedAnswer, match="not_json"):
        answer.json()


async def test_huge_answer_is_left_unread(
    server: Server, http: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it claims to be packed."""
    monkeypatch.setattr(transport, "MOST_BYTES", 100_000)

    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.Response(text="0" * 1_000_000)
        response.enable_compression()
        return response

    server.handler = huge
    with pytest.raises(UnexpectedAnswer) as caught:
        await http.send("GET", server.url)
    assert caught.value.key == "too_large"


async def test_silence_ends(
    server: Server, http: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer in time is unreachable."""
    monkeypatch.setattr(transport, "TIMEOUT", 0.05)

    async def silent(request: web.Request) -> web.StreamResponse:
        await server.over.wait()
        return web.Response()

    server.handler = silent
    with pytest.raises(CloudUnreachable) as caught:
        await http.send("GET", server.url)
    assert not isinstance(caught.value, NotConnected)


async def test_nobody_there(server: Server, http: Transport) -> None:
    """Nothing was sent, and the error names no address."""
    with pytest.raises(NotConnected) as caught:
        await http.send("GET", URL("http://127.0.0.1:1/secret-path"))
    assert str(caught.value) == "cannot_connect"
    assert caught.value.__cause__ is None


async def test_a_number_that_no_vendor_can_have_is_sent_nothing(
    server: Server, http: Transport
) -> None:
    """No resolver is asked about a number: it is looked at before."""
    with pytest.raises(NotConnected, match="private_host"):
        await http.send("GET", server.url.with_host("0.0.0.0"))
    assert not server.requests


async def test_log_shows_neither_query_nor_header_nor_body(
    server: Server, http: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """Only method, path, status, size and time."""
    caplog.set_level(logging.DEBUG, "custom_components.solar_cloud")
    await http.send(
        "POST",
        server.url,
        headers={"Authorization": "bearer hush-1"},
        params={"sn": "hush-2"},
        form={"secret": "hush-3"},
    )
    await http.send("GET", server.url, params={"sn": "hush-4"})
    with pytest.raises(CloudUnreachable):
        await http.send("GET", URL("http://127.0.0.1:1/x?sn=hush-5"))
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name == transport.__name__
    ]
    assert "hush" not in "".join(lines)
    assert any("POST /path answered 200" in line for line in lines)
    assert any("GET /x failed" in line for line in lines)


@pytest.mark.parametrize(
    "body", ["", "<html>", '{"a": ', "{'a': 1}", "9" * 5000, "[" * 200_000]
)
def test_not_json(body: str) -> None:
    """A maintenance page is told apart from data, and nothing crashes on it."""
    with pytest.raises(UnexpectedAnswer) as caught:
        Answer(200, {}, body).json()
    assert caught.value.key == "not_json"
    assert caught.value.placeholders == {"status": "200"}


def test_nan_is_nothing() -> None:
    """What JSON does not know, some clouds write."""
    answer = Answer(200, {}, '{"a": NaN, "b": -Infinity, "c": 1}')
    assert answer.json() == {"a": None, "b": None, "c": 1}


def test_an_integer_beyond_64_bits_is_nothing() -> None:
    """Else no file of Home Assistant could be written once it is kept: the account's token went with it."""
    body = f'{{"a": {2**63 - 1}, "b": {2**63}, "c": -{2**70}, "d": 7}}'
    answer = Answer(200, {}, body)
    assert answer.json() == {"a": 2**63 - 1, "b": None, "c": None, "d": 7}


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (r"a\ud800b", "a\ufffdb"),
        (r"\uDfFf", "\ufffd"),
        (r"\udc00\ud800", "\ufffd\ufffd"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\\ud800\n", "\\ud800\n"),
    ],
)
def test_half_letters_are_unreadable_ones(told: str, read: str) -> None:
    """Else no registry of Home Assistant could be written once a plant or a device has such a name."""
    assert Answer(200, {}, f'{{"name": "{told}"}}').json() == {"name": read}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-5", None)],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """In seconds; the date form is not used by these vendors."""
    assert Answer(429, CIMultiDict({"retry-after": value}), "").retry_after == seconds


def test_cookies() -> None:
    """Among several headers, in any case; broken ones are passed over."""
    headers = CIMultiDict(
        [
            ("set-cookie", "b@d=;;="),
            ("Set-Cookie", "other=1"),
            ("Set-Cookie", "key=v; Path=/"),
        ]
    )
    assert Answer(200, headers, "").cookie("key") == "v"
    assert Answer(200, headers, "").cookie("absent") is None
    assert Answer(200, {"Set-Cookie": "key=w"}, "").cookie("key") == "w"
    assert Answer(200, {}, "").cookie("key") is None


def test_repr_shows_neither_headers_nor_body() -> None:
    """Both can hold a token."""
    assert repr(Answer(200, {"x": "hush"}, "hush")) == "Answer(status=200)"


@pytest.mark.parametrize("value", ["line\nbreak", "line\rbreak", "nul\0"])
async def test_e75_what_no_header_can_carry_is_an_ordinary_failure(
    server: Server, http: Transport, value: str
) -> None:
    """Whatever the HTTP library raises while it sends: never an exception of its own, and never with the value."""
    with pytest.raises(CloudUnreachable) as caught:
        await http.send("POST", server.url, headers={"token": value})
    assert value not in str(caught.value)
    assert not server.requests


async def test_a_session_that_was_closed_is_an_ordinary_failure(server: Server) -> None:
    """Home Assistant is shutting down while a poll begins."""
    session = aiohttp.ClientSession()
    await session.close()
    with pytest.raises(CloudUnreachable):
        await Transport(session).send("GET", server.url)
