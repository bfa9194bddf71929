"""The SolaX cloud: routes, the order of checks, and what tests can do to it."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, override
import uuid

from aiohttp import web

from ..base import CALL, Cloud
from ..calls import Call
from ..world import World
from ..world.noise import chance, seed_of
from . import discovery, realtime, tokens
from .application import Application
from .device_admin import change
from .envelope import SUCCESS, TOKEN_SUCCESS, Refusal
from .knobs import Knobs
from .plant import Device, Kind, Plant
from .query import Query, split
from .scenarios import SCENARIOS
from .style import write

TOKEN = "/openapi/auth/oauth/token"
OLD_TOKEN = "/openapi/auth/get_token"
INFO, TELEMETRY = "API_Info_V2", "API_Telemetry_V2"

CLIENT_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CLIENT_SECRET = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0001"

type Endpoint = Callable[[Query], Any]


class SolaxCloud(Cloud[Knobs]):
    """SolaX's open API with one account's plants behind it."""

    name: ClassVar[str] = "solax"
    scenarios: ClassVar[tuple[str, ...]] = tuple(SCENARIOS)
    secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    def __init__(
        self,
        world: World | None = None,
        scenario: str | None = None,
        *,
        knobs: Knobs | None = None,
    ) -> None:
        """Build a scenario in a world (a fresh one with a running clock unless given)."""
        self.plants: list[Plant] = []
        self.applications: dict[str, Application] = {}
        super().__init__(world, scenario, knobs=knobs)

    # Building

    @staticmethod
    @override
    def make_knobs() -> Knobs:
        return Knobs()

    @override
    def load(self, scenario: str) -> None:
        build = SCENARIOS[scenario]
        for plant in self.plants:
            self.world.remove(plant.site.spec.id)
        application = Application(CLIENT_ID, CLIENT_SECRET)
        self.applications = {application.client_id: application}
        self.plants = build(self.world, self.knobs)

    @property
    @override
    def credentials(self) -> dict[str, str]:
        return {
            "client_id": self.application.client_id,
            "client_secret": self.application.client_secret,
        }

    # What tests look at and do

    @property
    def application(self) -> Application:
        """The account's first application."""
        return next(iter(self.applications.values()))

    @property
    def plant(self) -> Plant:
        """The first plant."""
        return self.plants[0]

    @property
    def token_calls(self) -> list[Call]:
        """All requests for tokens."""
        return self.calls.of(TOKEN) + self.calls.of(OLD_TOKEN)

    def device(self, sn: str) -> Device:
        """Return a device by its serial."""
        return self._find(sn)[1]

    def first(self, kind: Kind) -> Device:
        """Return the first device of a kind."""
        return next(device for plant in self.plants for device in plant.of(kind))

    def steal_token(self, client_id: str | None = None) -> str:
        """Let another program of the same application ask for a token."""
        application = self.applications[client_id or self.application.client_id]
        lifetime = self.knobs.token_lifetime
        return application.issue(self._now(), lifetime, holder="rival").value

    def rotate_secret(self, client_id: str | None = None) -> str:
        """Press the portal's button for a new secret and return it."""
        application = self.applications[client_id or self.application.client_id]
        return application.rotate(kill=self.knobs.rotation_kills_token)

    def withdraw(self, *packs: str) -> None:
        """Withdraw service packs from the application."""
        self.application.packs -= set(packs)

    def authorise(self, *packs: str) -> None:
        """Authorise service packs."""
        self.application.packs |= set(packs)

    def set_online(self, online: bool, *serials: str) -> None:
        """Cut the dongles of devices off, or connect them; all devices if none is named."""
        for plant in self.plants:
            for device in plant.devices:
                if not serials or device.sn in serials:
                    plant.dongle(device).online.set(self._now(), online)

    @override
    def change_device(self, device_id: str, changes: dict[str, Any]) -> None:
        plant, device = self._find(device_id)
        change(plant, device, changes, self._now())

    @override
    def state(self) -> dict[str, Any]:
        return {
            "now": self.world.clock.now().isoformat(),
            "applications": [
                {
                    "client_id": one.client_id,
                    "packs": sorted(one.packs),
                    "generation": len(one.tokens),
                    "holder": one.live.holder if one.live else None,
                    "calls_last_minute": one.minute.used(self._now()),
                    "calls_today": one.day.used(self._now()),
                }
                for one in self.applications.values()
            ],
            "plants": [
                {
                    "plantId": plant.plant_id,
                    "site": plant.site.spec.id,
                    "businessType": plant.business_type,
                    "devices": {
                        device.sn: {
                            "kind": device.kind.name.lower(),
                            "online": plant.online(device),
                            "uploaded": plant.uploaded_at(device),
                        }
                        for device in plant.devices
                    },
                }
                for plant in self.plants
            ],
        }

    # Serving

    @override
    def serials(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(split(params.get("snList") or params.get("registerNoList")))

    @override
    def envelope(self, code: int | str, message: str | None) -> dict[str, Any]:
        return self._refused(Refusal(int(code), message))

    @override
    def register(self, app: web.Application) -> None:
        app.router.add_post(TOKEN, self._token)
        app.router.add_post(OLD_TOKEN, self._old_token)
        for method, path, pack, endpoint in self._endpoints():
            app.router.add_route(method, path, self._data(pack, endpoint))
        app.router.add_route("*", "/openapi/v2/device/data/realtime", self._broken)
        app.router.add_route("*", "/{anything:.*}", self._unknown)

    def _endpoints(self) -> list[tuple[str, str, str, Endpoint]]:
        knobs = self.knobs
        return [
            (
                "GET",
                "/openapi/v2/plant/page_plant_info",
                INFO,
                lambda query: discovery.plants(query, knobs, self.plants),
            ),
            (
                "GET",
                "/openapi/v2/device/page_device_info",
                INFO,
                lambda query: discovery.devices(query, knobs, self.plants),
            ),
            (
                "GET",
                "/openapi/v2/plant/realtime_data",
                TELEMETRY,
                lambda query: realtime.plant(query, knobs, self.plants),
            ),
            (
                "GET",
                "/openapi/v2/device/realtime_data",
                TELEMETRY,
                lambda query: realtime.devices(query, knobs, self.plants),
            ),
        ]

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
            application, answer = tokens.grant(
                params, grant_type, self.applications, self.knobs, self._now()
            )
        except Refusal as refusal:
            return self._json(request, self._refused(refusal))
        request[CALL].token_generation = len(application.tokens)
        body = {"code": TOKEN_SUCCESS, "message": None, "result": answer}
        return self._json(request, body)

    def _data(self, pack: str, endpoint: Endpoint) -> Any:
        async def handle(request: web.Request) -> web.Response:
            call = request[CALL]
            call.token_generation = tokens.generation(request, self.applications)
            try:
                application = self._admit(request)
                self._check_limits(application)
                self._check_pack(application, pack)
                result = endpoint(Query(call.params, self._now(), application))
            except tokens.DeadToken as refusal:
                body = self._refused(refusal)
                return self._json(request, body, self.knobs.dead_token_http)
            except web.HTTPException:
                raise
            except Refusal as refusal:
                return self._json(request, self._refused(refusal))
            return self._json(request, self._accepted(result))

        return handle

    def _admit(self, request: web.Request) -> Application:
        return tokens.authenticate(request, self.applications, self._now())[0]

    def _check_limits(self, application: Application) -> None:
        now, knobs = self._now(), self.knobs
        over_day = application.day.used(now) >= knobs.per_day
        over_minute = application.minute.used(now) >= knobs.per_minute
        if not (over_day or over_minute) or knobs.count_rejected:
            application.minute.spend(now)
            application.day.spend(now)
        if over_day:
            raise Refusal(10405)
        if over_minute:
            raise self._too_fast()

    def _too_fast(self) -> Exception:
        if self.knobs.rate_style == "http429":
            wait = self.knobs.retry_after
            headers = {} if wait is None else {"Retry-After": str(wait)}
            return web.HTTPTooManyRequests(text="Too Many Requests", headers=headers)
        if self.knobs.rate_style == "10200-text":
            return RateText(10200)
        return Refusal(10406)

    @staticmethod
    def _check_pack(application: Application, pack: str) -> None:
        if pack not in application.packs:
            raise Refusal(10403)

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
        return f"{uuid.UUID(int=number, version=4)}.{int(self._now() * 1000)}"

    def _now(self) -> float:
        return self.world.clock.timestamp()

    def _find(self, sn: str) -> tuple[Plant, Device]:
        for plant in self.plants:
            for device in plant.devices:
                if device.sn == sn:
                    return plant, device
        raise KeyError(sn)


class RateText(Refusal):
    """A rate limit dressed as an abnormal operation."""
