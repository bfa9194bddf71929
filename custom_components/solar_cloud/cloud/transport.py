"""The one way to a vendor's server: bounded in time and size, verified, never redirected, never logged in full.

The session is injected. Answers are text; whether they are what the vendor promised is for the client to say.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.cookies import CookieError, SimpleCookie
import json
import logging
import re
import time
from typing import Final, Protocol

import aiohttp
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from .addresses import check_host, notices, other_origin, retires, written
from .backoff import ordered
from .capture import Capture, LoggedCall, frame
from .errors import (
    CloudError,
    CloudUnreachable,
    InterfaceMoved,
    NotConnected,
    UnexpectedAnswer,
)
from .serialization import LARGEST
from .storage import Json

LOGGER: Final = logging.getLogger(__name__)
TIMEOUT: Final = 30.0
MOST_BYTES: Final = 24 * 1024 * 1024
"""The largest honest answer is FusionSolar's past of ten string inverters over three days: 17.5 MB where every documented field of each
five minutes has a value. Beyond that some room for fields nobody documented.
"""
LARGE: Final = 1024 * 1024
"""Bytes of an answer that takes too long to read while nothing else may run."""
GONE: Final = 410
UNSENT: Final = (
    aiohttp.ClientError,
    OSError,  # TimeoutError too
    ValueError,  # a header that cannot be sent, an address that is none
    RuntimeError,  # the session is closed
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)
"""What aiohttp raises when it cannot send or receive: its own exceptions, and what slips through it."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a body says, unless it is no JSON."""

    content: Json = None
    sound: bool = True

    @classmethod
    def of(cls, body: str) -> _Read:
        """Parse a body."""
        try:
            # The hook is what lets other threads run while this one reads.
            return cls(
                json.loads(
                    _whole_letters(body),
                    parse_constant=lambda _: None,
                    parse_int=_storable,
                    object_hook=_as_it_is if len(body) > LARGE else None,
                )
            )
        except ValueError, RecursionError:
            return cls(sound=False)


_HALVES: Final = re.compile(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u])|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""Halves of a letter in JSON, after what only looks so: two that belong together, and other escapes."""


def _whole_letters(body: str) -> str:
    """Return JSON in which half letters are unreadable ones: no file of Home Assistant could be written with them in it."""
    if "\\ud" not in body and "\\uD" not in body:
        return body
    return _HALVES.sub(lambda found: found[1] or "\\ufffd", body)


def _storable(digits: str) -> int | None:
    """Read an integer; ``None`` for one that no file of Home Assistant could be written with."""
    value = int(digits)
    return value if -LARGEST <= value <= LARGEST else None


def _as_it_is(fields: dict[str, Json]) -> dict[str, Json]:
    return fields


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``repr`` shows neither headers nor body: both can hold a token.

    Headers are looked up whatever the case of their names.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)
    read: _Read | None = field(default=None, repr=False, compare=False)
    """What the body says, of a large one that was read already."""

    def json(self) -> Json:
        """Parse the body, whatever content type it claims.

        NaN, infinities and integers beyond 64 bits become ``None``. Raises ``UnexpectedAnswer`` for anything that is not JSON (a maintenance page).
        """
        read = self.read or _Read.of(self.body)
        if not read.sound:
            raise UnexpectedAnswer("not_json", status=str(self.status))
        return read.content

    @property
    def retry_after(self) -> float | None:
        """Seconds of a ``Retry-After`` header; its date form is not used by these vendors."""
        return ordered(self.headers.get("Retry-After"))

    def cookie(self, name: str) -> str | None:
        """Return a cookie this answer sets, whatever the session's jar does with it."""
        if isinstance(self.headers, MultiMapping):
            lines = self.headers.getall("Set-Cookie", [])
        else:
            lines = [self.headers.get("Set-Cookie", "")]
        for line in lines:
            with suppress(CookieError):
                if (morsel := SimpleCookie(line).get(name)) and morsel.value:
                    return morsel.value
        return None


class BodyEncryption(Protocol):
    """What encrypts the body of one request, and decrypts its answer's."""

    def seal(self, text: str) -> str:
        """Encrypt what is sent."""

    def open(self, body: str) -> str:
        """Decrypt what came back. Raises ``UnexpectedAnswer``."""


class Transport:
    """Sends requests over an aiohttp session, which is its caller's to close."""

    def __init__(
        self, session: aiohttp.ClientSession, capture: Capture | None = None
    ) -> None:
        """Use this session, which verifies TLS; what comes back is noted in ``capture``."""
        self._session: Final = session
        self._capture: Final = capture or Capture()

    async def send(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Json = None,
        form: Mapping[str, str] | None = None,
        text: str | None = None,
        encryption: BodyEncryption | None = None,
    ) -> Answer:
        """Send a request within the limits of time and size, and return its answer, whatever its status.

        ``encryption`` is of the text and of the answer. Raises ``CloudUnreachable`` or ``UnexpectedAnswer``.
        """
        asked: Mapping[str, Json] | str | None = form or text or params
        if isinstance(json, Mapping):
            asked = json
        if text is not None and encryption is not None:
            text = encryption.seal(text)
        at, started = time.time(), time.monotonic()
        failure: str | None = "cancelled"
        answer: Answer | None = None
        try:
            check_host(url.host or "")  # a number is asked of no resolver
            async with self._session.request(
                method,
                url,
                headers=headers,
                params=params,
                json=json,
                data=form if form is not None else text,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            ) as response:
                body = await _bounded(response)
            if len(body) <= LARGE:
                answer = _understood(response, body, encryption)
            else:
                answer = await asyncio.get_running_loop().run_in_executor(
                    None, _understood, response, body, encryption
                )
            failure = None
        except CloudError as err:
            failure = err.key
            raise
        except UNSENT as err:
            failure = type(err).__name__
            # The text of the cause names the whole address.
            if isinstance(err, aiohttp.ClientConnectorError):
                raise NotConnected from None
            raise CloudUnreachable from None
        finally:
            took = (time.monotonic() - started) * 1000
            self._note(
                LoggedCall(at, method, url.path, took, failure=failure), asked, answer
            )
        self._capture.compare_clocks(answer.headers.get("Date"))
        _stay(url, answer)
        return answer

    def _note(
        self,
        call: LoggedCall,
        asked: Mapping[str, Json] | str | None,
        answer: Answer | None,
    ) -> None:
        """Log a call, in the debug log without anything that was said."""
        if answer is None:
            LOGGER.debug(
                "%s %s failed after %.0f ms: %s",
                call.method,
                call.path,
                call.milliseconds,
                call.failure,
            )
            self._capture.note(call)
            return
        LOGGER.debug(
            "%s %s answered %s, %d characters in %.0f ms",
            call.method,
            call.path,
            answer.status,
            len(answer.body),
            call.milliseconds,
        )
        code, number = frame(answer.body)
        told = replace(
            call,
            status=answer.status,
            size=len(answer.body),
            code=code,
            number=number,
        )
        self._capture.note(told, asked, answer.body)


def _stay(url: URL, answer: Answer) -> None:
    """Raise for an answer that sends us elsewhere, or says that nothing is here any more: no redirect is followed."""
    if answer.status == 200:
        address = other_origin(url, notices(answer.body))
        if address is not None or retires(answer.body):
            raise InterfaceMoved(200, url.host_port_subcomponent or "", address)
        return
    redirects = 300 <= answer.status < 400
    if not redirects and answer.status != GONE:
        return
    location = answer.headers.get("Location")
    named = ([location] if location else []) + (
        [] if redirects else written(answer.body)
    )
    address = other_origin(url, named)
    if address is not None or not redirects:
        raise InterfaceMoved(answer.status, url.host_port_subcomponent or "", address)
    raise UnexpectedAnswer("redirected", status=str(answer.status))


def _understood(
    response: aiohttp.ClientResponse, raw: bytearray, encryption: BodyEncryption | None
) -> Answer:
    """Make an answer of what came, decrypted; what a server that stumbles says is plain. A large one is read at once."""
    body = raw.decode(errors="replace")
    if encryption is not None and response.status < 500:
        body = encryption.open(body)
    read = _Read.of(body) if len(raw) > LARGE else None
    return Answer(response.status, CIMultiDict(response.headers), body, read)


async def _bounded(response: aiohttp.ClientResponse) -> bytearray:
    """Read at most ``MOST_BYTES`` of a body, unpacked."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > MOST_BYTES:
            response.close()
            raise UnexpectedAnswer("too_large")
    return body
