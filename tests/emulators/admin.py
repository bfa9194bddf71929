"""The admin API: what tests in another process use to move the world and the clouds."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .faults import Fault

if TYPE_CHECKING:
    from .base import Cloud

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Admin:
    """Handlers of one cloud's admin API; every body is a JSON object."""

    def __init__(self, cloud: Cloud[Any]) -> None:
        """Serve a cloud."""
        self._cloud = cloud

    async def reset(self, request: web.Request) -> web.Response:
        """Build a scenario anew: {scenario, seed}."""
        body = await _body(request)
        self._cloud.reset(body["scenario"], body.get("seed"))
        return web.json_response(self._cloud.state())

    async def clock(self, request: web.Request) -> web.Response:
        """Move time: {set: ISO time}, {advance: seconds}, {speed: x}, {freeze: true}."""
        clock = self._cloud.world.clock
        body = await _body(request)
        if "set" in body:
            clock.set(datetime.fromisoformat(body["set"]))
        if "advance" in body:
            clock.advance(float(body["advance"]))
        if "speed" in body:
            clock.run(float(body["speed"]))
        if body.get("freeze"):
            clock.freeze()
        return web.json_response({"now": clock.now().isoformat(), "speed": clock.speed})

    async def fault(self, request: web.Request) -> web.Response:
        """Inject a fault by the words of Fault; delay_ms is taken too."""
        body = await _body(request)
        if "delay_ms" in body:
            body["delay"] = body.pop("delay_ms") / 1000
        self._cloud.faults.add(Fault(**body))
        return await self.faults(request)

    async def faults(self, _: web.Request) -> web.Response:
        """List the faults in force."""
        return web.json_response([asdict(fault) for fault in self._cloud.faults.rules])

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Take all faults away."""
        self._cloud.faults.clear()
        return await self.faults(request)

    async def knobs(self, request: web.Request) -> web.Response:
        """Turn knobs by name, or read them."""
        if request.method == "POST":
            self._cloud.turn(**await _body(request))
        return web.json_response(asdict(self._cloud.knobs), dumps=_dumps)

    async def device(self, request: web.Request) -> web.Response:
        """Change a device."""
        self._cloud.change_device(request.match_info["id"], await _body(request))
        return web.json_response(self._cloud.state(), dumps=_dumps)

    async def calls(self, request: web.Request) -> web.Response:
        """List the calls, of one endpoint if asked: ?endpoint=."""
        endpoint = request.query.get("endpoint", "*")
        return web.json_response(
            [call.as_dict() for call in self._cloud.calls.of(endpoint)], dumps=_dumps
        )

    async def clear_calls(self, _: web.Request) -> web.Response:
        """Forget the calls."""
        self._cloud.calls.clear()
        return web.json_response([])

    async def state(self, _: web.Request) -> web.Response:
        """Describe everything."""
        return web.json_response(self._cloud.state(), dumps=_dumps)

    async def truth(self, request: web.Request) -> web.Response:
        """Return the exact energies of every site: ?at=ISO time."""
        at = request.query.get("at")
        when = datetime.fromisoformat(at) if at else None
        sites = self._cloud.world.sites
        return web.json_response(
            {key: asdict(site.truth(when)) for key, site in sites.items()}
        )


async def _body(request: web.Request) -> dict[str, Any]:
    body = await request.json() if request.can_read_body else {}
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body must be a JSON object")
    return body


def _dumps(value: object) -> str:
    return json.dumps(value, default=_plain)


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn mistakes of an admin request into a readable 400."""
    try:
        return await handler(request)
    except (KeyError, TypeError, ValueError) as err:
        return web.json_response({"error": repr(err)}, status=400)


def register(app: web.Application, cloud: Cloud[Any], prefix: str) -> None:
    """Add the admin API below a prefix no vendor uses."""
    admin = Admin(cloud)
    inner = web.Application(middlewares=[explain])
    inner.add_routes(
        [
            web.post("/reset", admin.reset),
            web.get("/clock", admin.clock),
            web.post("/clock", admin.clock),
            web.get("/fault", admin.faults),
            web.post("/fault", admin.fault),
            web.delete("/fault", admin.clear_faults),
            web.get("/knobs", admin.knobs),
            web.post("/knobs", admin.knobs),
            web.post("/device/{id}", admin.device),
            web.get("/calls", admin.calls),
            web.delete("/calls", admin.clear_calls),
            web.get("/state", admin.state),
            web.get("/truth", admin.truth),
        ]
    )
    for route in cloud.admin_routes():
        inner.router.add_route(route.method, route.path, route.handler)
    app.add_subapp(prefix, inner)
