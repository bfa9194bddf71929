"""The one way to a vendor's server: bounded in time and size, verified, never redirected, never logged in full.

The session is injected. Answers are text; whether they are what the vendor promised is for the client to say.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
import json
import logging
import time
from typing import Final

import aiohttp
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from .addresses import notices, other_origin, retires, written
from .backoff import ordered
from .errors import (
    CloudError,
    CloudUnreachable,
    InterfaceMoved,
    NotConnected,
    UnexpectedAnswer,
)
from .storage import Json

LOGGER: Final = logging.getLogger(__name__)
TIMEOUT: Final = 30.0
MOST_BYTES: Final = 16 * 1024 * 1024
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
class Answer:
    """What came back. ``repr`` shows neither headers nor body: both can hold a token.

    Headers are looked up whatever the case of their names.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)

    def json(self) -> Json:
        """Parse the body, whatever content type it claims.

        NaN and infinities become ``None``. Raises ``UnexpectedAnswer`` for anything that is not JSON (a maintenance page).
        """
        try:
            parsed: Json = json.loads(self.body, parse_constant=lambda _: None)
        except ValueError, RecursionError:
            raise UnexpectedAnswer("not_json", status=str(self.status)) from None
        return parsed

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


class Transport:
    """Sends requests over an aiohttp session, which is its caller's to close."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use this session; it verifies TLS."""
        self._session: Final = session

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
    ) -> Answer:
        """Send a request within the limits of time and size, and return its answer, whatever its status.

        Raises ``CloudUnreachable`` or ``UnexpectedAnswer``.
        """
        started = time.monotonic()
        try:
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
                answer = Answer(response.status, CIMultiDict(response.headers), body)
        except CloudError:
            raise
        except UNSENT as err:
            LOGGER.debug(
                "%s %s failed after %.0f ms: %s",
                method,
                url.path,
                _since(started),
                type(err).__name__,
            )
            # The text of the cause names the whole address.
            if isinstance(err, aiohttp.ClientConnectorError):
                raise NotConnected from None
            raise CloudUnreachable from None
        LOGGER.debug(
            "%s %s answered %s, %d characters in %.0f ms",
            method,
            url.path,
            answer.status,
            len(body),
            _since(started),
        )
        _stay(url, answer)
        return answer


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


def _since(started: float) -> float:
    return (time.monotonic() - started) * 1000


async def _bounded(response: aiohttp.ClientResponse) -> str:
    """Read at most ``MOST_BYTES`` of a body, unpacked."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > MOST_BYTES:
            response.close()
            raise UnexpectedAnswer("too_large")
    return body.decode(errors="replace")
