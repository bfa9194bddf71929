"""Where accounts live, and the frame around every answer, read with distrust: codes as text, pages instead of JSON."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import re
import time
from typing import Final

from yarl import URL

from ..addresses import tidied
from ..errors import CloudUnreachable, UnexpectedAnswer
from ..points import number
from ..storage import Json
from ..transport import Answer
from ..vendor import OTHER, Credentials
from .errors import ParameterRefused

REGIONS: Final[Mapping[str, str]] = {
    "eu5": "https://eu5.fusionsolar.huawei.com",
    "intl": "https://intl.fusionsolar.huawei.com",
    "sg5": "https://sg5.fusionsolar.huawei.com",
    "la5": "https://la5.fusionsolar.huawei.com",
    "cn": "https://cn.fusionsolar.huawei.com",
}
OAUTH: Final = "https://oauth2.fusionsolar.huawei.com"
"""One for all regions."""
VENDOR_DOMAIN: Final = ".huawei.com"
OLD_PORT: Final = 27200
"""Of the API until 2022."""
_PORTAL: Final = re.compile(r"^(?:uni|region)\d+(?=[a-z])")


def normalize_url(address: str) -> str:
    """Make an API address of what a browser shows: portal hosts answer 404 or a page to every call (uni001eu5 → eu5).

    For any host: European accounts move to another domain, whose portal may number its hosts in the same way.
    """
    server = tidied(address)
    try:
        url = URL(server)
        if url.user or url.password or not url.host:
            return server
        host = _PORTAL.sub("", url.host)
        if host.endswith(VENDOR_DOMAIN):
            return str(URL.build(scheme="https", host=host))
        port = None if url.is_default_port() or url.port == OLD_PORT else url.port
        return str(URL.build(scheme=url.scheme, host=host, port=port))
    except ValueError:
        return server


def base_url(credentials: Credentials) -> URL:
    """Return the regional host."""
    region = credentials["region"]
    return URL(
        normalize_url(credentials["base_url"]) if region == OTHER else REGIONS[region]
    )


def oauth_url(credentials: Credentials) -> URL:
    """Return the host of the consent page: the one that was typed; else the vendor's, or the SmartPVMS of one's own."""
    base = base_url(credentials)
    if credentials["region"] == OTHER and (typed := credentials.get("oauth_url")):
        return URL(normalize_url(typed))
    return URL(OAUTH) if (base.host or "").endswith(VENDOR_DOMAIN) else base


SESSION_LOST: Final = 305
FORBIDDEN: Final = 403
GATEWAY: Final = frozenset({FORBIDDEN, 429})
"""What a gateway says by HTTP's status alone, with a page of its own or nothing below it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's code and what it carries; the message is read only to tell refusals of a login apart."""

    code: int
    data: Json = field(repr=False)
    message: str = field(repr=False)
    status: int = 200
    """HTTP's."""
    retry_after: float | None = None
    """Seconds to stay away, where the answer orders a wait."""

    @property
    def blocked(self) -> bool:
        """Whether the call was turned away in front of the vendor's system."""
        return self.status == FORBIDDEN


def read(answer: Answer) -> Reply:
    """Read an answer. Raises ``CloudUnreachable`` for what passes by itself, ``UnexpectedAnswer`` for what does not."""
    body = None  # a maintenance page, an empty body
    with suppress(UnexpectedAnswer):
        body = answer.json()
    if not isinstance(body, dict) and answer.status in GATEWAY:
        body = {}
    if body is None:
        raise CloudUnreachable
    if not isinstance(body, dict):
        raise UnexpectedAnswer("unexpected_shape")
    if "exceptionId" in body:
        _raise_exception(body)
    message = body.get("message")
    return Reply(
        _code(answer.status, body),
        body.get("data"),
        message if isinstance(message, str) else "",
        answer.status,
        answer.retry_after,
    )


def _code(status: int, body: Mapping[str, Json]) -> int:
    """Return the failCode; 305 comes without ``success``, so the code is looked at first (it is text at times)."""
    code = number(body.get("failCode"))
    if code is not None and (code != 0 or body.get("success") is not False):
        return int(code)
    if status >= 500:
        raise CloudUnreachable
    if status == 401:
        return SESSION_LOST
    if status in GATEWAY:
        return status
    if code is None and body.get("success") is True:
        return 0
    raise UnexpectedAnswer("unexpected_shape")


def _raise_exception(body: Mapping[str, Json]) -> None:
    """Raise for the second form of errors, which has neither ``success`` nor ``failCode``."""
    if str(body["exceptionId"]).endswith("SystemError"):
        raise CloudUnreachable
    raise ParameterRefused("call_refused", code="Paramerror")


def rows(data: Json, *inside: str) -> Iterator[dict[str, Json]]:
    """Yield the maps of a list; anything else (null, the text of a refusal) has none."""
    for name in inside:
        data = data.get(name) if isinstance(data, dict) else None
    for row in data if isinstance(data, list) else ():
        if isinstance(row, dict):
            yield row


def milliseconds(moment: float | None = None) -> int:
    """Return a time as the vendor counts; seconds are taken silently and find nothing."""
    return int((time.time() if moment is None else moment) * 1000)
