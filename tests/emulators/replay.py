"""A cloud that says again what is in a downloaded bundle of diagnostics, so that a user's report becomes a running test.

It answers by the masked answers of the bundle, whatever it is asked with: a question is met by the recorded one that it has most in common with, but for times,
and for what was masked beyond recognition. Times are moved, so that what was new when the bundle was taken is new again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import re
import time
from typing import Any, Final, override

from aiohttp import web

from custom_components.solar_cloud.cloud.masking import is_moment
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.token import Token
from custom_components.solar_cloud.cloud.vendor import OTHER, SignIn
from custom_components.solar_cloud.pipeline.daily import DAYS

from .base import LoopbackServer

YEARS: Final = 10 * 365 * 86400.0
MASKED: Final = re.compile(r"(text|secret|address|name|mail)_\d+")
"""What a question was asked with is not known."""
NOTHING: Final[Mapping[str, Any]] = {
    "solax": {"code": 10000, "message": None, "result": []},
    "sungrow": {
        "result_code": "1",
        "result_msg": "success",
        "result_data": {"pageList": [], "row_count": 0, "device_point_list": []},
    },
    "fusionsolar": {"success": True, "failCode": 0, "data": []},
}
"""What each vendor says when it has nothing to say: to questions that the bundle has no answer for."""
FORMS: Final = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y%m%d%H%M")
"""Times as text, in whatever zone."""


class NotABundleError(Exception):
    """The file is no bundle of diagnostics that can be replayed."""


class ReplayCloud(LoopbackServer):
    """The cloud of one bundle."""

    def __init__(self, document: Mapping[str, Any], *, live: bool = False) -> None:
        """Take a bundle, bare or as Home Assistant wraps it. Raises ``NotABundleError``.

        Answers are as old as they were when the bundle was taken; ``live``, they stay so.
        """
        bundle = document.get("data", document)
        if not isinstance(bundle, dict) or bundle.get("form") != 1:
            raise NotABundleError("It is no diagnostics file of this integration")
        self.bundle: Final[dict[str, Any]] = bundle
        self.taken_at: Final = datetime.fromisoformat(bundle["taken_at"])
        self.unanswered: Final[list[str]] = []
        """The paths of questions that the bundle has no answer for."""
        super().__init__()
        self._live: Final = live
        self._later: Final = datetime.now(UTC) - self.taken_at

    # The account, as an entry keeps it

    @property
    def sign_in(self) -> SignIn:
        """How the account of the bundle signed in."""
        return VENDORS[self.bundle["vendor"]].sign_in(self.bundle["sign_in"])

    @property
    def credentials(self) -> dict[str, str]:
        """Credentials that lead here; none of them opens anything."""
        typed = {each.key: "replayed" for each in self.sign_in.fields if each.required}
        return {"region": OTHER, "base_url": self.url, **typed}

    @property
    def memory(self) -> dict[str, Any]:
        """What the account remembered of its counters, by the section of its store; the day only while it lasts."""
        sections: dict[str, Any] = self.bundle.get("memory", {})
        return {
            name: _moved(kept, self._later, floats=True)
            for name, kept in sections.items()
            if name != DAYS or self._later < timedelta(hours=1)
        }

    @property
    def token(self) -> Token:
        """A token that never ends, with what was granted."""
        now, told = time.time(), self.bundle["token"] or {}
        scopes = told.get("scopes")
        token = Token("replayed", now, now + YEARS, "replayed")
        return token if scopes is None else replace(token, scope=tuple(scopes))

    # The server

    @override
    def make_app(self) -> web.Application:
        """Return the one route that answers everything."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.Response:
        asked: dict[str, Any] = dict(request.query)
        if body := await request.text():
            try:
                parsed = json.loads(body)
            except ValueError:
                parsed = None
            asked |= parsed if isinstance(parsed, dict) else await request.post()
        found = self._find(request.method, request.path, asked)
        if found is None:
            self.unanswered.append(request.path)
            return web.json_response(NOTHING[self.bundle["vendor"]])
        if found["answer"] is None:
            return web.Response(status=found["status"], text="")
        later = datetime.now(UTC) - self.taken_at if self._live else self._later
        moved = _moved(found["answer"], later)
        return web.json_response(moved, status=found["status"])

    def _find(
        self, method: str, path: str, asked: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return the recorded answer to the question that has most in common with this one, brought up to date by later ones to parts of it."""
        alike = [
            (common, number, each)
            for number, each in enumerate(self.bundle["answers"])
            if (each["method"], each["path"]) == (method, path)
            and (common := _in_common(each["request"], asked)) is not None
        ]
        if not alike:
            return None
        best: dict[str, Any]
        _, number, best = max(alike, key=lambda each: each[:2])
        for _, later, each in alike:
            if later > number and _in_common(each["request"], best["request"]):
                best = {**best, "answer": _updated(best["answer"], each["answer"])}
        return best


def _in_common(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> int | None:
    """Count what two questions have in common, the members of lists one by one; ``None`` when they ask for different things."""
    common = 0
    for key, value in recorded.items():
        if is_moment(value) or MASKED.fullmatch(str(value)):
            continue
        if isinstance(value, list) and isinstance(other := asked.get(key), list):
            shared = len({*map(str, value)} & {*map(str, other)})
            if value and not shared:
                return None
            common += shared
        elif str(asked.get(key)) != str(value):
            return None
        else:
            common += 1
    return common


def _updated(old: Any, new: Any) -> Any:
    """Return an answer with the values of a newer one where both have the same shape."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            key: _updated(each, new[key]) if key in new else each
            for key, each in old.items()
        }
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_updated(*pair) for pair in zip(old, new, strict=True)]
    if isinstance(old, dict | list):
        return old
    return new


def _moved(item: Any, by: timedelta, *, floats: bool = False) -> Any:
    """Move every time in an answer, or in what we remember, where epoch seconds have fractions."""
    if isinstance(item, dict):
        return {key: _moved(each, by, floats=floats) for key, each in item.items()}
    if isinstance(item, list):
        return [_moved(each, by, floats=floats) for each in item]
    if floats and isinstance(item, float) and is_moment(int(item)):
        return item + by.total_seconds()
    if not is_moment(item):
        return item
    text = str(item)
    if text.isdigit() and len(text) in {10, 13}:
        scale = 1 if len(text) == 10 else 1000
        moved = str(int(text) + round(by.total_seconds()) * scale)
    else:
        moved = _moved_text(text, by)
    return int(moved) if isinstance(item, int) else moved


def _moved_text(text: str, by: timedelta) -> str:
    """Move a time that is written out; a date alone stays."""
    for form in FORMS:
        length = len(datetime(2026, 1, 1).strftime(form))
        if text.isdigit() and len(text) != length:
            continue
        try:
            moment = datetime.strptime(text[:length], form)
        except ValueError:
            continue
        rest = text[length:]
        if not rest or not rest[0].isdigit():
            return (moment + by).strftime(form) + rest
    return text
