"""Honest answers of an emulated cloud, kept in memory, and how they are wrecked on their way to a client."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
import re
from typing import Any, Final, override
from urllib.parse import urlencode

from hypothesis import strategies as st
from multidict import CIMultiDict
from yarl import URL

from custom_components.solar_cloud.cloud.transport import Answer, Transport

UNASKED: Final = ("token", "appkey", "api_key_param", "lang", "timestamp", "nonce")
"""What is asked anew each time, though it is about the same."""
HOSTILE: Final = (
    *("null", "true", "false", '""', '" "', '"-"', '"N/A"', "[]", "{}", "[[]]"),
    *("0", "-0.0", "-1", "1.5", "NaN", "-Infinity", "1e308", "-1e308", "1e999"),
    *("9" * 25, "-" + "9" * 25, "9" * 400, f'"{"9" * 400}"', '"1e999"', '"nan"'),
    *('"1_000"', '"0x10"', '"\\uff11"', '"\\ud800"', '"\\u0000"', '"a\\r\\nb: c"'),
    *('"\\u202e\\u0007"', '"../../x"', '"<script>"', f'"{"x" * 9000}"'),
    *("253402300800000", "-62135596800001", "1e17", '"2026-02-30 25:61:61"'),
    *('"9999-12-31 23:59:59"', '"0001-01-01 00:00:00"', '"20260615250000"', "99999"),
    *('"2026-06-15T10:00:00+99:99"', '{"":{"":[]}}', "[null]", "[[[[{}]]]]", "[1,2]"),
    *("[" * 60 + "]" * 60, '{"a":' * 60 + "1" + "}" * 60, '{"code":0}', "2147483648"),
)
"""Values that stand where others should."""
STATUSES: Final = (200, 201, 204, 301, 400, 401, 403, 404, 407, 410, 429, 500, 502, 599)
HEADERS: Final = (
    ("Retry-After", "9" * 30),
    ("Retry-After", "-1"),
    ("Retry-After", "nan"),
    ("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"),
    ("Date", "Mon, 01 Jan 99999999999 00:00:00 GMT"),
    ("Date", "Mon, 01 Jan 0001 00:00:00 +2359"),
    ("Location", "https://[::1"),
    ("Location", "//\ud800"),
    ("Set-Cookie", 'XSRF-TOKEN="\\777;; a=b'),
    ("XSRF-TOKEN", "a\r\nb"),
    ("XSRF-TOKEN", "\u00e9"),
)
BODIES: Final = (
    *("", "null", "[]", "{}", "0", '"x"', "<html></html>", "\ufeff{}", "[" * 5000),
    *("AB" * 40, "AB" * 32, '{"code": "\\ud800"}', '{"failCode": 1e999}', "9" * 5000),
)
MOST_CALLS: Final = 2000
"""Calls of a life after which its client is taken for one that never ends."""
SPOT: Final = "\u2400spot\u2400"


class Endless(BaseException):
    """A client asks on and on."""


@dataclass(frozen=True)
class Said:
    """An answer: HTTP's status and headers, and a body."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: str


@dataclass(frozen=True)
class Wreck:
    """What happens to some answers on their way; ``place`` picks one of the things in an answer."""

    first: int
    times: int
    kind: str
    place: int
    value: str = ""

    def hits(self, number: int) -> bool:
        """Whether the answer of a number is wrecked."""
        return self.first <= number < self.first + self.times

    def wreck(self, said: Said) -> Said:
        """Return what comes of an answer."""
        match self.kind:
            case "status":
                status = STATUSES[self.place % len(STATUSES)]
                return Said(status, said.headers, said.body)
            case "header":
                header = HEADERS[self.place % len(HEADERS)]
                return Said(said.status, [*said.headers, header], said.body)
            case "body":
                body = BODIES[self.place % len(BODIES)]
                return Said(said.status, said.headers, body)
            case "torn":
                end = self.place % (len(said.body) + 1)
                return Said(said.status, said.headers, said.body[:end])
        return Said(said.status, said.headers, self._altered(said.body))

    def _altered(self, body: str) -> str:
        try:
            tree = json.loads(body)
        except ValueError:
            return self.value
        spots = [*_spots(tree)]
        if not spots:
            return self.value
        holder, key = spots[self.place % len(spots)]
        match self.kind:
            case "gone":
                del holder[key]
            case "twice" if isinstance(holder, list):
                holder[key:key] = [holder[key]] * 3
            case "listed":
                holder[key] = [holder[key]]
            case "elsewhere":
                other, place = spots[(self.place * 7 + 1) % len(spots)]
                holder[key] = json.loads(json.dumps(other[place]))
            case "renamed" if isinstance(holder, dict):
                holder[json.loads(_as_text(self.value))] = holder.pop(key)
            case _:
                holder[key] = SPOT
        return json.dumps(tree).replace(json.dumps(SPOT), self.value)


def _as_text(value: str) -> str:
    """Return JSON as the JSON of a text, as the name of a field must be."""
    return value if value.startswith('"') else json.dumps(value)


def _spots(item: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in JSON by what holds it and its key."""
    keys: Any = ()
    if isinstance(item, dict):
        keys = [*item]
    elif isinstance(item, list):
        keys = range(len(item))
    for key in keys:
        yield item, key
        yield from _spots(item[key])


VALUES: Final = st.sampled_from(HOSTILE) | st.one_of(
    st.floats(width=32), st.integers(), st.text(max_size=12)
).map(json.dumps)
KINDS: Final = (
    *("value", "value", "value", "gone", "twice", "listed", "elsewhere", "renamed"),
    *("status", "header", "body", "torn"),
)
WRECKS: Final = st.lists(
    st.builds(
        Wreck,
        first=st.integers(0, 60),
        times=st.sampled_from([1, 1, 2, 5, 1000]),
        kind=st.sampled_from(KINDS),
        place=st.integers(0, 2000),
        value=VALUES,
    ),
    min_size=1,
    max_size=3,
)
"""What happens to the answers of a client's life."""


@dataclass
class Tape:
    """What a cloud answered honestly, by what was asked."""

    said: dict[tuple[str, str], dict[str, Said]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def keep(self, method: str, path: str, asked: str, answer: Answer) -> None:
        """Keep the last answer to a question."""
        headers = [
            (name, value)
            for name, value in answer.headers.items()
            if name.lower() in {"set-cookie", "xsrf-token"}
        ]
        self.said[method, path][asked] = Said(answer.status, headers, answer.body)

    def answer(self, method: str, path: str, asked: str) -> Said:
        """Return the answer to a question, or to another one at the same address."""
        known = self.said.get((method, path))
        if not known:
            return Said(404, [], "")
        return known.get(asked) or next(iter(known.values()))


def _asked(*parts: Any) -> str:
    """Write down what is asked, without what is new each time."""
    told: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, str):
            part = json.loads(part) if part.startswith("{") else None
        if isinstance(part, Mapping):
            told |= {str(key): str(each) for key, each in part.items()}
    return json.dumps({key: told[key] for key in sorted(told) if key not in UNASKED})


class RecordingTransport(Transport):
    """A transport that keeps what was answered."""

    def __init__(self, session: Any, tape: Tape) -> None:
        """Keep it on ``tape``."""
        super().__init__(session)
        self._tape: Final = tape

    @override
    async def send(self, method: str, url: URL, **more: Any) -> Answer:
        answer = await super().send(method, url, **more)
        asked = _asked(*(more.get(key) for key in ("params", "json", "form", "text")))
        self._tape.keep(method, url.path, asked, answer)
        return answer


class _Content:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]


class _Response:
    def __init__(self, said: Said) -> None:
        self.status = said.status
        self.headers = CIMultiDict(said.headers)
        self.content = _Content(said.body.encode(errors="replace"))

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class WreckedSession:
    """Stands in for aiohttp's session: answers from a tape, wrecked; refuses to send what aiohttp refuses."""

    tape: Tape
    wrecks: Sequence[Wreck]
    calls: int = 0

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        **_: Any,
    ) -> AsyncIterator[_Response]:
        """Answer one call."""
        for name, value in (headers or {}).items():
            if set("\r\n\0") & set(f"{name}{value}".encode().decode()):
                raise ValueError(name)
        if params:
            str(url.update_query(params))
        if isinstance(data, str):
            data.encode()
        elif data:
            urlencode(data).encode()
        await asyncio.sleep(0)
        asked = _asked(params, json, data)
        said = self.tape.answer(method, url.path, asked)
        for wreck in self.wrecks:
            if wreck.hits(self.calls):
                said = wreck.wreck(said)
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise Endless(url.path)
        yield _Response(said)


@dataclass(frozen=True)
class Lie(Wreck):
    """Every field of a name holds something else: a case that was found once."""

    def __init__(self, name: str, value: str) -> None:
        """Let ``value``, in JSON, stand in every field of this name."""
        super().__init__(0, MOST_CALLS, name, 0, value)

    @override
    def wreck(self, said: Said) -> Said:
        field = re.compile(rf'("{re.escape(self.kind)}"\s*:\s*)("[^"]*"|[-\d.]+|null)')
        body = field.sub(lambda found: found[1] + self.value, said.body)
        return Said(said.status, said.headers, body)
