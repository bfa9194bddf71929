"""How the service answers: the order of checks, sessions, limits, envelopes."""

from collections.abc import Callable, Mapping
from typing import Any, override

from aiohttp import web
from aiohttp.typedefs import Handler

from ..base import ADMIN, CALL, Cloud
from ..faults import HTML
from .accounts import ApiAccount, Client, Owner, Refusal
from .control import ControlServer, exception
from .control_tasks import Desk
from .knobs import Knobs
from .oauth import OAuthServer
from .plant import Plant
from .query import QUERIES, Query, device_history

TOO_FREQUENT = "ACCESS_FREQUENCY_IS_TOO_HIGH"
HISTORY = "/rest/openapi/pvms/nbi/v1/device/history"
BASIC = "pvms.openapi.basic"
CONTROL = "pvms.openapi.control"


class FusionSolarServer(Cloud[Knobs]):
    """The API of one regional host, and the OAuth server, on one port."""

    plants: list[Plant]
    accounts: dict[str, ApiAccount]
    clients: dict[str, Client]
    owner: Owner
    desk: Desk

    @override
    def serials(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        named = params.get("devIds") or params.get("sns") or params.get("stationCodes")
        return tuple(part for part in str(named or "").split(",") if part)

    @override
    def envelope(self, code: int | str, message: str | None) -> dict[str, Any]:
        return self.refused(Refusal(int(code), message), {})

    @web.middleware
    async def _blocked(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Answer as a gateway that lets nothing through: a page, whatever was asked."""
        if self.knobs.gateway is None or request.path.startswith(ADMIN):
            return await handler(request)
        wait = self.knobs.gateway_wait
        return web.Response(
            status=self.knobs.gateway,
            text=HTML,
            content_type="text/html",
            headers={} if wait is None else {"Retry-After": wait},
        )

    @web.middleware
    async def _moved(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Answer as a host whose interface is somewhere else now."""
        target = self.knobs.moved_to
        if target is None or request.path.startswith(ADMIN):
            return await handler(request)
        if self.knobs.moved_status == 200:
            # Worse than any announcement: a refusal of the account that only its text tells from one.
            where = f"has moved to {target}" if target else "was retired"
            notice = Refusal(20400, f"This interface {where}.")
            return web.json_response(self.refused(notice, {}))
        if self.knobs.moved_status == 410:
            return web.Response(status=410, text=f"This API was retired. {target}")
        return web.Response(
            status=self.knobs.moved_status,
            headers={"Location": f"{target}{request.path}"},
        )

    @override
    def register(self, app: web.Application) -> None:
        app.middlewares.extend((self._blocked, self._moved))
        app.router.add_route("*", "/thirdData/login", self.posted(self._login))
        app.router.add_route("*", "/thirdData/logout", self.posted(self._logout))
        for name, answer in QUERIES.items():
            app.router.add_route(
                "*", f"/thirdData/{name}", self.posted(self._data(name, answer))
            )
        app.router.add_route(
            "*", HISTORY, self.posted(self._data("history", device_history))
        )
        OAuthServer(self).register(app)
        ControlServer(self).register(app)
        app.router.add_route("*", "/{anything:.*}", self._nowhere)

    def now(self) -> float:
        """Return the world's time."""
        return self.world.clock.timestamp()

    def posted(self, handler: Handler) -> Handler:
        """Serve POST alone, with an object as its body, and let everything happen first that is due."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if self.knobs.portal_host:
                return await self._nowhere(request)
            if request.method != "POST":
                return web.Response(text=HTML, status=405, content_type="text/html")
            try:
                body = await request.json()
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return exception("malformed")
            self.desk.catch_up(self.now())
            return await handler(request)

        return handle

    async def _nowhere(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=HTML, status=404, content_type="text/html")

    # Sessions

    async def _login(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        account = self.accounts.get(str(body.get("userName")))
        try:
            token = self._open_session(account, str(body.get("systemCode")))
        except Refusal as refusal:
            if refusal.code in (20400, 20001) and (
                self.knobs.wrong_password_body == "empty"
            ):
                return web.Response(text="")
            return self.answer(request, self.refused(refusal, {}))
        headers = {}
        if self.knobs.token_in != "cookie":
            headers[self.knobs.header_name] = token
        response = self.answer(
            request,
            {
                "data": None,
                "success": True,
                "failCode": 0,
                "params": {},
                "message": self.knobs.login_message,
            },
            headers,
        )
        response.headers.add("Set-Cookie", "locale=en-us; path=/; secure")
        if self.knobs.token_in != "header":
            response.headers.add("Set-Cookie", f"XSRF-TOKEN={token}; path=/; secure")
        return response

    def _open_session(self, account: ApiAccount | None, password: str) -> str:
        if account is None:
            raise Refusal(
                self.knobs.wrong_password_code, "user.login.user_or_value_invalid"
            )
        return account.login(password, self.now(), self.knobs)

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        now = self.now()
        account = next(
            (
                one
                for one in self.accounts.values()
                if one.token and one.token == body.get("xsrfToken")
            ),
            None,
        )
        if account is None:
            return self.answer(request, self.refused(Refusal(20001), body))
        account.logouts.acquire(now)
        if account.logouts.used(now) > self.knobs.logins:
            return self.answer(request, self.refused(Refusal(407), body))
        account.token = None
        return self.answer(request, self.accepted(None, body))

    # Data

    def _data(self, name: str, answer: Callable[[Query], Any]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            params = request[CALL].params
            try:
                plants = self.admitted(request, name)
                rows = answer(Query(params, plants, self.now(), self.knobs))
                if rows is not None and not isinstance(rows, dict | list):
                    rows = list(rows)
            except Refusal as refusal:
                return self.answer(request, self.refused(refusal, params))
            return self.answer(request, self.accepted(rows, params))

        return handle

    def admitted(
        self, request: web.Request, name: str, *, control: bool = False
    ) -> list[Plant]:
        """Check token, scope and limits; return the plants the caller may see."""
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = request.headers.get("XSRF-TOKEN", "")
        if bearer and token:
            raise Refusal(305)
        now = self.now()
        return (
            self._admit_owner(bearer, name, now, control=control)
            if bearer
            else self._admit_account(token, name, now, control=control)
        )

    def _admit_account(
        self, token: str, name: str, now: float, *, control: bool
    ) -> list[Plant]:
        account = next(
            (one for one in self.accounts.values() if one.token == token and token),
            None,
        )
        if account is None or not account.admit(token, now, self.knobs):
            raise Refusal(305)
        if not account.budget.take(name, account.plants, now, self.knobs):
            raise Refusal(407)
        if name in ("battery-mode", "active-power-control-mode"):
            control = True
        if control and not self.knobs.account_controls:
            raise Refusal(401, "Invalid access to current interface!")
        return account.plants

    def _admit_owner(
        self, bearer: str, name: str, now: float, *, control: bool
    ) -> list[Plant]:
        grant = next(
            (
                found
                for client in self.clients.values()
                if (found := client.admit(bearer, now)) is not None
            ),
            None,
        )
        if grant is None or not self.knobs.bearer_region_ok:
            raise Refusal(305)
        if (CONTROL if control else BASIC) not in grant.scope & self.knobs.grants:
            raise Refusal(401)
        owner = grant.owner
        fits = owner.used(now, self.knobs) < self.knobs.owner_day
        owner.acquire(now)
        if control:
            fits = fits and owner.control.used(now) < self.knobs.owner_control_day
            owner.control.acquire(now)
        if not fits:
            owner.budget.exceeded["day"] += 1
        if not (owner.budget.take(name, owner.plants, now, self.knobs) and fits):
            raise Refusal(407)
        return owner.plants

    # Writing

    def accepted(self, rows: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the frame around data."""
        return {
            "success": True,
            "failCode": 0,
            "message": "get plant list success" if "pageNo" in params else None,
            "params": dict(params) | {"currentTime": self._current_time()},
            "data": rows,
        }

    def refused(self, refusal: Refusal, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the frame around a refusal."""
        code: int | str = refusal.code
        if refusal.code == 305 and self.knobs.session_lost == "bare":
            return {
                "failCode": 305,
                "immediately": True,
                "message": "USER_MUST_RELOGIN",
            }
        return {
            "success": False,
            "failCode": str(code) if self.knobs.codes_as_text else code,
            "data": TOO_FREQUENT if code == 407 else None,
            "message": refusal.message,
            "params": None
            if code == 407
            else dict(params) | {"currentTime": self._current_time()},
        }

    def _current_time(self) -> int:
        return int((self.now() + self.knobs.clock_skew) * 1000)

    def answer(
        self,
        request: web.Request,
        body: dict[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        """Send a body, and note its code."""
        request[CALL].code = body["failCode"]
        return web.json_response(body, headers=headers)
