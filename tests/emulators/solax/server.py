"""How SolaX answers: the order of checks, limits, envelopes."""

from collections.abc import Callable, Mapping
from typing import Any, override
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from ..base import CALL, Cloud
from ..world.noise import chance, seed_of
from . import tokens
from .application import Application
from .commands import CommandQueue
from .control_rules import RULES
from .endpoints import READING, Endpoint
from .envelope import SUCCESS, TOKEN_SUCCESS, Refusal
from .knobs import Knobs
from .plant import Plant
from .query import Query, split
from .style import write

TOKEN = "/openapi/auth/oauth/token"
OLD_TOKEN = "/openapi/auth/get_token"
OUTCOME = "/openapi/apiRequestLog/listByCondition"
BROKEN = "/openapi/v2/device/data/realtime"


class RateText(Refusal):
    """A rate limit dressed as an abnormal operation."""


class SolaxServer(Cloud[Knobs]):
    """The API as clients see it."""

    plants: list[Plant]
    applications: dict[str, Application]
    command_queue: CommandQueue

    @override
    def serials(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        named = params.get("snList") or params.get("registerNoList")
        return tuple(split(named or params.get("deviceSn")))

    @override
    def envelope(self, code: int | str, message: str | None) -> dict[str, Any]:
        return self._refused(Refusal(int(code), message))

    @override
    def register(self, app: web.Application) -> None:
        app.router.add_post(TOKEN, self._token)
        app.router.add_post(OLD_TOKEN, self._old_token)
        for endpoint in READING:
            app.router.add_route(endpoint.method, endpoint.path, self._data(endpoint))
        for path, rule in RULES.items():
            app.router.add_post(path, self._guarded(rule.pack, self._take(path)))
        app.router.add_post(OUTCOME, self._guarded(None, self._outcome))
        app.router.add_route("*", BROKEN, self._broken)
        app.router.add_route("*", "/{anything:.*}", self._unknown)

    def now(self) -> float:
        """Return the world's time."""
        return self.world.clock.timestamp()

    # Tokens

    async def _token(self, request: web.Request) -> web.Response:
        form = request.content_type == "application/x-www-form-urlencoded"
        params = dict(await request.post()) if form else {}
        return self._grant(request, params, "client_credentials")

    async def _old_token(self, request: web.Request) -> web.Response:
        try:
            params = await request.json()
        except ValueError:
            params = {}
        return self._grant(request, params if isinstance(params, dict) else {}, "CICS")

    def _grant(
        self, request: web.Request, params: Mapping[str, Any], grant_type: str
    ) -> web.Response:
        try:
            application = tokens.recognise(
                params, grant_type, self.applications, self.knobs
            )
            if self.knobs.count_token_calls:
                self._check_limits(application)
        except Refusal as refusal:
            return self._json(request, self._refused(refusal))
        answer = tokens.issue(application, self.knobs, self.now())
        request[CALL].token_generation = len(application.tokens)
        body = {"code": TOKEN_SUCCESS, "message": None, "result": answer}
        return self._json(request, body)

    # Data

    def _data(self, endpoint: Endpoint) -> Handler:
        def answer(query: Query) -> dict[str, Any]:
            return self._accepted(endpoint.answer(query, self.knobs, self.plants))

        return self._guarded(endpoint.pack, answer)

    def _guarded(
        self, pack: str | None, answer: Callable[[Query], dict[str, Any]]
    ) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            call = request[CALL]
            call.token_generation = tokens.generation(request, self.applications)
            try:
                query = self._admit(request, pack)
                self.command_queue.catch_up(self.now())
                body = answer(query)
            except tokens.DeadToken as refusal:
                status = self.knobs.dead_token_http
                return self._json(request, self._refused(refusal), status)
            except Refusal as refusal:
                return self._json(request, self._refused(refusal))
            return self._json(request, body)

        return handle

    def _take(self, path: str) -> Callable[[Query], dict[str, Any]]:
        def answer(query: Query) -> dict[str, Any]:
            result, request_id = self.command_queue.take(path, query, self.plants)
            if self.knobs.command_answer == "empty":
                result = {serial: {} for serial in result}
            return self._accepted(result) | {
                "message": "Operation successful",
                "requestId": request_id,
            }

        return answer

    def _outcome(self, query: Query) -> dict[str, Any]:
        result: Any = self.command_queue.outcome(query)
        if result and self.knobs.result_shape == "serial":
            result = {row["sn"]: {"status": row["status"]} for row in result}
        elif result and self.knobs.result_shape == "object":
            result = result[0]
        elif self.knobs.result_shape == "empty":
            result = {row["sn"]: {} for row in result}
        return self._accepted(result) | {"code": self.knobs.result_code}

    def _admit(self, request: web.Request, pack: str | None) -> Query:
        """Check token, limits and pack, in this order; the rest is the endpoint's."""
        application = tokens.authenticate(request, self.applications, self.now())
        self._check_limits(application)
        if pack is not None and pack not in application.packs:
            raise Refusal(10403)
        return Query(request[CALL].params, self.now(), application)

    def _check_limits(self, application: Application) -> None:
        now, knobs = self.now(), self.knobs
        over_day = application.day.used(now) >= knobs.per_day
        over_minute = application.minute.used(now) >= knobs.per_minute
        if not (over_day or over_minute) or knobs.count_rejected:
            application.minute.acquire(now)
            application.day.acquire(now)
        if over_day:
            raise Refusal(10405)
        if over_minute:
            self._refuse_haste()

    def _refuse_haste(self) -> None:
        if self.knobs.rate_style == "http429":
            wait = self.knobs.retry_after
            headers = {} if wait is None else {"Retry-After": str(wait)}
            raise web.HTTPTooManyRequests(text="Too Many Requests", headers=headers)
        if self.knobs.rate_style == "10200-text":
            raise RateText(10200)
        raise Refusal(10406)

    async def _broken(self, _: web.Request) -> web.Response:
        return web.Response(status=500, text="Internal Server Error")

    async def _unknown(self, request: web.Request) -> web.Response:
        if self.knobs.unknown_path == "404":
            raise web.HTTPNotFound
        return self._json(request, self._refused(Refusal(10403)))

    # Writing

    def _accepted(self, result: Any) -> dict[str, Any]:
        body = {
            "code": SUCCESS,
            "message": None,
            "result": write(result, self.knobs),
            "traceId": self._trace(),
        }
        if result == [] and self.knobs.empty_result != "list":
            body["result"] = {} if self.knobs.empty_result == "object" else None
            if self.knobs.empty_result == "missing":
                del body["result"]
        return body

    def _refused(self, refusal: Refusal) -> dict[str, Any]:
        if isinstance(refusal, RateText):
            text = "current minute > threshold, maximum call threshold reached"
            return {"code": 10200, "msg": None, "exception": text, "result": None}
        return {
            "code": refusal.code,
            self.knobs.error_text: refusal.message,
            "result": None,
            "traceId": self._trace(),
        }

    def _json(
        self, request: web.Request, body: dict[str, Any], status: int = 200
    ) -> web.Response:
        if request[CALL].code is None:
            request[CALL].code = body["code"]
        return web.json_response(body, status=status)

    def _trace(self) -> str:
        number = int(chance(seed_of("trace", len(self.calls)), 0) * 2**128)
        return f"{uuid.UUID(int=number, version=4)}.{int(self.now() * 1000)}"
