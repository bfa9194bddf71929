"""What is kept of an account's calls: enough to see what the cloud said, within bounds, without secrets."""

from collections.abc import AsyncIterator
import json
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from yarl import URL

from custom_components.solar_cloud.cloud.capture import (
    MOST_ANSWER,
    MOST_CALLS,
    MOST_KEPT,
    Capture,
    LoggedCall,
    frame,
)
from custom_components.solar_cloud.cloud.errors import CloudUnreachable
from custom_components.solar_cloud.cloud.transport import Transport

SOLAX = '{"code": 10000, "message": null, "result": [%s], "traceId": "8bc1-02.1781"}'


def call(path: str = "/data") -> LoggedCall:
    """A call that was answered."""
    return LoggedCall(0.0, "GET", path, 12.0, 200)


def test_the_last_answer_of_each_kind_of_call_is_kept() -> None:
    """Of the same question at another time only the newer one, and of another device its own."""
    capture = Capture()
    capture.note(call(), {"sn": "A", "from": 1781508302}, "old")
    capture.note(call(), {"sn": "B"}, "other")
    capture.note(call(), {"sn": "A", "from": 1781508602}, "new")
    assert [each.body for each in capture.answers] == ["other", "new"]
    assert len(capture.calls) == 3


def test_what_is_kept_is_bounded() -> None:
    """By the number of calls, the size of an answer, and the size of all of them."""
    capture = Capture()
    for number in range(MOST_CALLS + 5):
        capture.note(call(), {"page": number}, "x" * (MOST_ANSWER // 2))
    assert len(capture.calls) == MOST_CALLS
    assert sum(len(each.body) for each in capture.answers) == MOST_KEPT
    assert capture.answers[-1].request == {"page": MOST_CALLS + 4}
    capture.note(call("/large"), {}, "x" * (MOST_ANSWER + 1))
    assert "/large" not in {each.call.path for each in capture.answers}
    assert capture.calls[-1].path == "/large"


def test_secrets_that_were_sent_are_not_kept() -> None:
    """Passwords, keys, tokens and codes of a consent, in a body that is an object or the text of one."""
    capture = Capture()
    sent: dict[str, Any] = {
        "appkey": "K",
        "user_password": "P",
        "token": "T",
        "code": "C",
        "page": 1,
    }
    capture.note(call(), sent, "{}")
    capture.note(call("/text"), json.dumps(sent), "{}")
    capture.note(call("/odd"), "no JSON", "{}")
    capture.note(call("/list"), "[1]", "{}")
    assert [each.request for each in capture.answers] == [
        {"page": 1},
        {"page": 1},
        {},
        {},
    ]
    assert "page" not in repr(capture.answers)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (SOLAX % "", ("10000", "8bc1-02.1781")),
        (SOLAX % ("1, " * 5000 + "1"), ("10000", "8bc1-02.1781")),
        (
            '{"req_serial_num":"2026ab","result_code":"E00003","x":1}',
            ("E00003", "2026ab"),
        ),
        ('{"success":false,"failCode":407,"data":null}', ("407", None)),
        ("<html>", (None, None)),
    ],
)
def test_code_and_number_are_found_in_each_vendors_frame(
    body: str, told: tuple[str | None, str | None]
) -> None:
    """At both ends of an answer, however long it is."""
    assert frame(body) == told


def test_what_the_form_was_answered_goes_on() -> None:
    """The entry that a form makes begins with the form's answers."""
    form, entry = Capture(), Capture()
    form.note(call("/lists"), {"page": 1}, "lists")
    entry.note(call("/data"), {}, "data")
    entry.take_up(form)
    assert {each.call.path for each in entry.answers} == {"/lists", "/data"}
    assert len(entry.calls) == 2


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[TestServer]:
    """A server that says what it was asked for."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text='{"code": 7}', status=int(request.query["status"]))

    app = web.Application()
    app.router.add_get("/data", answer)
    running = TestServer(app)
    await running.start_server()
    yield running
    await running.close()


async def test_every_call_is_logged(server: TestServer) -> None:
    """Also one that is refused, and one that nobody answers."""
    capture = Capture()
    async with aiohttp.ClientSession() as session:
        transport = Transport(session, capture)
        url = URL(str(server.make_url("/data")))
        await transport.send("GET", url, params={"status": "200"})
        await transport.send("GET", url, params={"status": "403"})
        await server.close()
        with pytest.raises(CloudUnreachable):
            await transport.send("GET", url, params={"status": "200"})
    first, second, third = capture.calls
    assert (first.method, first.path, first.status, first.code) == (
        "GET",
        "/data",
        200,
        "7",
    )
    assert (first.size, first.failure) == (11, None)
    assert second.status == 403
    assert (third.status, third.failure) == (None, "ClientConnectorError")
    assert [each.request for each in capture.answers] == [
        {"status": "200"},
        {"status": "403"},
    ]
