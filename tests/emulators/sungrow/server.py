"""How Sungrow answers: the order of checks (sungrow.md §11.2), limits, encryption."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
import json
import time
from typing import Any, override

from aiohttp import web

from ..base import CALL, Cloud
from . import consent, control, history, lists, points, realtime
from .application import Application, Grant, User
from .crypto import check_param, open_body, seal, unwrap
from .envelope import BadBearer, Refusal, success
from .knobs import Knobs
from .plant import Plant
from .query import Query
from .tasks import Tasks

type Endpoint = Callable[[Query], dict[str, Any]]

SHARED: dict[str, Endpoint] = {
    "getDeviceRealTimeData": realtime.devices,
    "getMlpeRealTimeData": realtime.optimizers,
    "getFaultAlarmInfo": lists.alarms,
    "getDevicePointMinuteDataList": partial(history.minutes, ids="ps_key_list"),
    "getMlpeMinuteDataList": partial(
        history.minutes, ids="ps_key_list", longest=history.LONGEST_OPTIMIZER
    ),
    "getMlpeDayMonthYearDataList": partial(
        history.periods, ids="ps_key_list", numbered=True
    ),
    "paramSettingCheck": control.check,
    "paramSetting": control.submit,
    "getParamSettingTask": control.task,
    "getDeviceSettingRecordList": control.records,
}
V1: dict[str, Endpoint] = {
    **SHARED,
    "getPowerStationList": lists.plants,
    "getBatchPsDetail": lists.details,
    "getDeviceList": lists.devices,
    "getOpenPointInfo": points.catalogue,
    "getDevicePointsDayMonthYearDataList": partial(
        history.periods, ids="ps_key_list", numbered=True
    ),
}
V2: dict[str, Endpoint] = {
    **SHARED,
    "queryPowerStationList": lists.plants,
    "getPowerStationDetail": lists.details,
    "getDeviceListByPsId": lists.devices,
    "getPowerStationRealTimeData": realtime.plants,
    "getPowerStationPointMinuteDataList": partial(history.minutes, ids="ps_id_list"),
    "getDevicePointDayMonthYearDataList": partial(
        history.periods, ids="ps_key_list", numbered=False
    ),
    "getPowerStationPointDayMonthYearDataList": partial(
        history.periods, ids="ps_id_list", numbered=False
    ),
}
SECRET = frozenset(
    {"user_password", "token", "refresh_token", "code", "password", "appkey"}
)


class SungrowServer(Cloud[Knobs]):
    """The API as clients see it."""

    plants: list[Plant]
    applications: dict[str, Application]
    users: dict[str, User]
    tasks: Tasks

    @override
    def serials(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        named = params.get("ps_key_list") or params.get("ps_id_list") or ()
        return tuple(map(str, named)) if isinstance(named, list) else ()

    @override
    def envelope(self, code: int | str, message: str | None) -> dict[str, Any]:
        return Refusal(str(code), message).body()

    @override
    def register(self, app: web.Application) -> None:
        app.router.add_get("/", self._page)
        app.router.add_post("/authorize", self._authorize)
        app.router.add_get("/timestamp", self._timestamp)
        app.router.add_route("*", "/openapi/{name:.*}", self._openapi)

    def now(self) -> float:
        """Return the world's time."""
        return self.world.clock.timestamp()

    # The page of consent

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=consent.page(self.plants), content_type="text/html")

    async def _authorize(self, request: web.Request) -> web.Response:
        form = await request.post()
        fields = {name: str(value) for name, value in form.items()}
        user = self.users.get(fields.get("account", ""))
        application = next(
            (
                one
                for one in self.applications.values()
                if one.application_id == fields.get("applicationId")
            ),
            None,
        )
        elsewhere = fields.get("cloudId") != self.knobs.cloud_id
        if elsewhere or user is None or user.password != fields.get("password"):
            return web.Response(text="Account or password is wrong", status=403)
        if application is None or self.knobs.unapproved:
            return web.Response(text="Operation failed", status=400)
        if fields.get("redirectUrl") != application.redirect_url:
            return web.Response(text="The redirect address is not registered")
        ticked = tuple(str(value) for value in form.getall("ps_id", []))
        target = consent.redirect_target(application, user, ticked, fields, self.now())
        raise web.HTTPFound(target)

    async def _timestamp(self, _: web.Request) -> web.Response:
        return web.json_response(round(self._server_time() * 1000))

    def _server_time(self) -> float:
        """The clock of the transport is the process's, whatever the world's says."""
        return time.time() + self.knobs.clock_skew

    # The API

    async def _openapi(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ["POST"])
        call = request[CALL]
        try:
            body, key = await self._answer(request, request.match_info["name"])
            status = 200
        except Refusal as err:
            body, status = err.body(), err.http
            key = request.get("aes_key")
        call.code = str(body.get("result_code", body.get("error")))
        text = json.dumps(body, ensure_ascii=False)
        if self.knobs.always_hex:
            key = key or b"0123456789abcdef"
        elif self.knobs.plain_answers:
            key = None
        if key is not None:
            sealed = seal(key, text, lower=self.knobs.lower_hex)
            return web.Response(text=sealed, content_type="text/plain", status=status)
        return web.Response(text=text, content_type="application/json", status=status)

    async def _answer(
        self, request: web.Request, name: str
    ) -> tuple[dict[str, Any], bytes | None]:
        v2, endpoint = self._find(name)
        application = self._check_access_key(request)
        params, key = await self._read(request, application)
        self._check_application(application, params)
        match name:
            case "login":
                self._check_sys_code(request)
                return self._login(application, params), key
            case "apiManage/token":
                answer = consent.exchange(application, params, self.knobs, self.now())
                return answer, key
            case "apiManage/refreshToken":
                return consent.refresh(application, params, self.knobs, self.now()), key
        if not v2:
            self._check_sys_code(request)
        self.tasks.catch_up(self.now())
        user, ids = self._check_token(request, application, params, v2=v2)
        self._spend(application)
        if self.knobs.unapproved:
            raise Refusal("E900")
        assert endpoint is not None
        query = Query(
            params=params,
            application=application,
            user=user,
            plants=tuple(plant for plant in self.plants if plant.ps_id in ids),
            knobs=self.knobs,
            now=self.now(),
            v2=v2,
            chinese=self.knobs.chinese,
            tasks=self.tasks,
        )
        if name.endswith("getOpenApiCallInfo"):
            return success(self._call_info(application)), key
        return success(endpoint(query)), key

    def _find(self, name: str) -> tuple[bool, Endpoint | None]:
        if name in {"login", "apiManage/token", "apiManage/refreshToken"}:
            return False, None
        if name == "getOpenApiCallInfo":
            return False, points.catalogue
        edition, _, rest = name.rpartition("/")
        if edition == "platform" and rest in V2:
            return True, V2[rest]
        if edition == "" and name in V1:
            return False, V1[name]
        raise Refusal("E996")

    def _check_access_key(self, request: web.Request) -> Application:
        told = request.headers.get("x-access-key")
        if not told:
            raise Refusal("E911")
        for application in self.applications.values():
            if application.secret_key == told:
                return application
        raise Refusal("E912")

    async def _read(
        self, request: web.Request, application: Application
    ) -> tuple[dict[str, Any], bytes | None]:
        """Return the parameters, decrypted if need be."""
        text = await request.text()
        header = request.headers.get("x-random-secret-key")
        if header is None:
            if self.knobs.encryption == "required":
                raise Refusal("E902")
            try:
                params = json.loads(text)
            except ValueError:
                hexadecimal = bool(text) and not text.startswith("{")
                raise Refusal("E904" if hexadecimal else "000") from None
            return (params if isinstance(params, dict) else {}), None
        key = unwrap(application.rsa, header)
        params = open_body(key, text)
        request["aes_key"] = key
        check_param(
            params.get("api_key_param"), self._server_time(), application.nonces
        )
        shown = request[CALL].params
        shown |= {
            name: "***" if name in self.secret_fields else value
            for name, value in params.items()
        }
        request[CALL].serials = self.serials(params)
        return params, key

    def _check_application(
        self, application: Application, params: Mapping[str, Any]
    ) -> None:
        told = params.get("appkey")
        if not told:
            raise Refusal("001")
        if told not in self.applications:
            raise Refusal("E00000")
        if told != application.app_key:
            raise Refusal("E914")
        for refused, code in (
            (self.knobs.expired, "E00001"),
            (self.knobs.ip_refused, "E918"),
            (self.knobs.user_refused, "E919"),
            (self.knobs.address_changes, "E903"),
        ):
            if refused:
                raise Refusal(code)

    @staticmethod
    def _check_sys_code(request: web.Request) -> None:
        if not request.headers.get("sys_code"):
            raise Refusal("003")

    # Tokens

    def _login(
        self, application: Application, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        if self.knobs.login_state is not None:
            return success({"login_state": self.knobs.login_state})
        user = self.users.get(str(params.get("user_account")))
        if user is None or self.knobs.other_region:
            return success({"login_state": "-1", "msg": "账号不存在"})
        now = self.now()
        user.logins.acquire(now)
        if user.logins.used(now) > self.knobs.logins_in_ten_minutes:
            raise Refusal("E916")
        if self.knobs.unapproved:
            raise Refusal("E900")
        if self.knobs.admin_locked:
            return success({"login_state": "5"})
        if now < user.locked_until:
            return success(self._locked(user))
        if user.password != params.get("user_password"):
            return success(self._wrong_password(user, now))
        user.err_times = 0
        if self.knobs.single_session:
            application.sessions.clear()
        session = application.open_session(user, now + self.knobs.token_hours * 3600)
        return success(
            {
                "login_state": "1",
                "token": session.value,
                "user_id": str(user.user_id),
                "user_account": user.account,
                "err_times": "0",
                "disable_time": None,
            }
        )

    def _wrong_password(self, user: User, now: float) -> dict[str, Any]:
        user.err_times += 1
        if user.err_times >= self.knobs.login_tries:
            user.locked_at, user.locked_until = now, now + self.knobs.lock_hours * 3600
            return self._locked(user)
        return {
            "login_state": "0",
            "err_times": str(user.err_times),
            "msg": "密码错误",
            "disable_time": None,
        }

    @staticmethod
    def _locked(user: User) -> dict[str, Any]:
        at = datetime.fromtimestamp(user.locked_at or 0.0, UTC)
        return {
            "login_state": "2",
            "err_times": str(user.err_times),
            "disable_time": f"{at:%Y-%m-%d %H:%M:%S}",
        }

    def _check_token(
        self,
        request: web.Request,
        application: Application,
        params: Mapping[str, Any],
        *,
        v2: bool,
    ) -> tuple[User, tuple[str, ...]]:
        now = self.now()
        if v2:
            grant = self._grant(request, application)
            return grant.user, grant.plants
        told = params.get("token")
        if not told:
            raise Refusal("002")
        session = application.sessions.get(str(told))
        if session is None or now > session.expires or self.knobs.other_region:
            raise Refusal(self.knobs.expired_code)
        session.expires = now + self.knobs.token_hours * 3600
        shares = session.user.shares
        return session.user, tuple(shares or (plant.ps_id for plant in self.plants))

    def _grant(self, request: web.Request, application: Application) -> Grant:
        told = request.headers.get("Authorization", "").removeprefix("Bearer ")
        for grant in application.grants:
            if grant.access == told and not grant.revoked:
                if self.now() <= grant.access_expires:
                    return grant
        if self.knobs.expired_code == "E900":
            raise Refusal("E900")
        raise BadBearer("invalid_token", http=self.knobs.bad_bearer_http)

    # Limits

    def _spend(self, application: Application) -> None:
        now = datetime.fromtimestamp(self.now(), UTC)
        if self.knobs.per_second is not None:
            if application.second.used(self.now()) >= self.knobs.per_second:
                raise Refusal("E901")
            application.second.acquire(self.now())
        hour, day, month = f"{now:%Y%m%d%H}", f"{now:%Y%m%d}", f"{now:%Y%m}"
        more: dict[str, Any] = (
            {}
            if self.knobs.retry_after is None
            else {"retry_after": self.knobs.retry_after}
        )
        for period, limit, code in (
            (month, self.knobs.per_month, "E998"),
            (day, self.knobs.per_day, "E999"),
            (hour, self.knobs.per_hour, "E999"),
        ):
            if limit is not None and application.calls.get(period, 0) >= limit:
                raise Refusal(code, **more)
        for period in (hour, day, month):
            application.calls[period] = application.calls.get(period, 0) + 1

    def _call_info(self, application: Application) -> dict[str, Any]:
        now = datetime.fromtimestamp(self.now(), UTC)
        hour = application.calls.get(f"{now:%Y%m%d%H}", 0)
        limit = self.knobs.per_hour
        hours = [now.replace(minute=0) + timedelta(hours=each) for each in range(24)]
        return {
            "per_day_access_times_config": str(self.knobs.per_day or 48_000),
            "today_accessed_times": str(application.calls.get(f"{now:%Y%m%d}", 0)),
            "curr_hour_accessed_times": str(hour),
            "per_hour_access_times_config": [
                {"hour": str(each.hour), "max_call_times": limit} for each in hours
            ],
            "per_hour_residue_times": [
                {"hour": str(each.hour), "times": str(limit - (0 if number else hour))}
                for number, each in enumerate(hours)
            ],
        }
