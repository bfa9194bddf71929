"""What can be made to go wrong between a client and a cloud."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
import json
import re
from typing import Any

from aiohttp import web

from .calls import Call

HTML = (
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    "<body><h1>The site is under maintenance</h1></body></html>"
)
REDIRECTED = "/redirected"  # nothing may ever be asked here

type Answer = Callable[[], Awaitable[web.StreamResponse]]


@dataclass
class Fault:
    """A rule that spoils answers.

    `body` is one of html, invalid-json, null, empty, list, huge, redirect, disconnect
    (the answer is replaced), truncated, nan, bad-token (the real answer is spoilt), drip
    (the real answer, byte by byte over a minute), or any other text, which is sent as it is.
    """

    endpoint: str = "*"  # the end of the path
    code: int | str | None = None  # the vendor's error, in the vendor's own envelope
    message: str | None = None
    http: int | None = None
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds of the process's time, before anything else
    times: int | None = 1  # None: until it is taken away
    skip: int = 0  # so many matching calls go through first
    where: dict[str, Any] = field(default_factory=dict)
    lost: bool = False  # the cloud does the work, only its answer is replaced
    megabytes: int = 30

    @property
    def replaces(self) -> bool:
        """Whether the client gets something else than the real answer."""
        return not (self.code is None and self.http is None and self.body is None)

    @property
    def spoils(self) -> bool:
        """Whether the real answer is needed to be spoilt."""
        return self.body in {"truncated", "nan", "bad-token", "drip"}


class Faults:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        """Begin with a reliable cloud."""
        self.rules: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force."""
        self.rules.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take a rule away, if it is still there."""
        if fault in self.rules:
            self.rules.remove(fault)

    def clear(self) -> None:
        """Take all rules away."""
        self.rules.clear()

    def take(self, call: Call) -> Fault | None:
        """Return the rule for a call and use it up by one."""
        for fault in self.rules:
            if not call.matches(fault.endpoint, fault.where):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.rules.remove(fault)
            return fault
        return None


async def spoil(
    fault: Fault,
    request: web.Request,
    answer: Answer,
    envelope: Callable[[int | str, str | None], Mapping[str, Any]],
) -> web.StreamResponse:
    """Answer as the fault wants it."""
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if not fault.replaces:
        return await answer()
    real = await answer() if fault.lost or fault.spoils else None
    if fault.body == "drip" and isinstance(real, web.Response):
        return await _drip(request, real)
    if fault.spoils and isinstance(real, web.Response):
        return _spoilt(fault, real)
    if fault.code is not None:
        body: Any = envelope(fault.code, fault.message)
        return web.json_response(body, status=fault.http or 200, headers=fault.headers)
    return _replacement(fault, request)


def _spoilt(fault: Fault, real: web.Response) -> web.Response:
    text = real.text or ""
    if fault.body == "bad-token":
        return _with_bad_token(real, text)
    if fault.body == "truncated":
        text = text[: len(text) * 2 // 3]
    else:
        # Every decimal number, as a cloud does that divides zero by zero.
        text = re.sub(r"(?<=[:\[ ])-?\d+\.\d+(?=[,}\]])", "NaN", text)
    return web.Response(
        text=text, content_type="application/json", status=fault.http or real.status
    )


async def _drip(request: web.Request, real: web.Response) -> web.StreamResponse:
    """Send an answer in sixty pieces, a second of the process's time apart."""
    body = (real.text or "").encode()
    slow = web.StreamResponse(status=real.status)
    slow.content_type = real.content_type
    slow.content_length = len(body)
    await slow.prepare(request)
    size = max(1, len(body) // 60)
    for start in range(0, len(body), size):
        await asyncio.sleep(1.0)
        if request.transport is None or request.transport.is_closing():
            break
        await slow.write(body[start : start + size])
    return slow


def _with_bad_token(real: web.Response, text: str) -> web.Response:
    """Break the line of every access token, and leave it out of ASCII in a header."""
    token = re.compile(r'("(?:access_token|token)": ?"[^"]{4})')
    answer = web.Response(
        text=token.sub(r"\1\\n", text),
        content_type=real.content_type,
        status=real.status,
    )
    for name, value in real.headers.items():
        if name.lower() in {"xsrf-token", "set-cookie"}:
            answer.headers.add(name, value.replace(";", "\u00e9;", 1) + "\u00e9")
    return answer


def _replacement(fault: Fault, request: web.Request) -> web.StreamResponse:
    kind = fault.body
    if kind == "disconnect":
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=500)
    if kind == "redirect":
        return web.Response(
            status=fault.http or 302,
            headers={"Location": REDIRECTED, **fault.headers},
        )
    texts = {
        "invalid-json": ('{"code": oops', "application/json"),
        "null": ("null", "application/json"),
        "empty": ("", "application/json"),
        "list": ("[]", "application/json"),
        "html": (HTML, "text/html"),
        None: (HTML if fault.http else "", "text/html"),
    }
    if kind == "huge":
        filler = "0" * (fault.megabytes * 1024 * 1024)
        text, content_type = (
            json.dumps({"code": 10000, "result": filler}),
            "application/json",
        )
    else:
        text, content_type = texts.get(kind, (kind or "", "application/json"))
    return web.Response(
        text=text,
        content_type=content_type,
        status=fault.http or 200,
        headers=fault.headers,
    )
