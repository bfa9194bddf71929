"""The part of the admin API that only SolaX has."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from .plant import Tariff

if TYPE_CHECKING:
    from .cloud import SolaxCloud


class SolaxAdmin:
    """Applications, packs, plants and whole devices."""

    def __init__(self, cloud: SolaxCloud) -> None:
        """Serve a cloud."""
        self._cloud = cloud

    async def steal_token(self, request: web.Request) -> web.Response:
        """Let a rival ask for a token: {app: client id}, or the first application."""
        body = await _body(request)
        self._cloud.steal_token(body.get("app"))
        return self._state()

    async def rotate_secret(self, request: web.Request) -> web.Response:
        """Rotate a secret and return the new credentials: {app: client id}."""
        body = await _body(request)
        secret = self._cloud.rotate_secret(body.get("app"))
        return web.json_response({"client_secret": secret})

    async def packs(self, request: web.Request) -> web.Response:
        """Authorise or withdraw packs: {authorise: [...], withdraw: [...]}."""
        body = await _body(request)
        self._cloud.authorise(*body.get("authorise", ()))
        self._cloud.withdraw(*body.get("withdraw", ()))
        return self._state()

    async def plant(self, request: web.Request) -> web.Response:
        """Change a plant: {authorised, name, tariff: {currency, price, feed_in}}."""
        body = await _body(request)
        wanted = request.match_info["id"]
        plant = next(one for one in self._cloud.plants if one.plant_id == wanted)
        plant.authorised = body.get("authorised", plant.authorised)
        plant.name = body.get("name", plant.name)
        if "tariff" in body:
            plant.tariff = Tariff(**body["tariff"]) if body["tariff"] else None
        return self._state()

    async def add(self, request: web.Request) -> web.Response:
        """Install a device at the first plant: {kind: inverter or charger, part: name}."""
        body = await _body(request)
        if body["kind"] == "inverter":
            device = self._cloud.add_inverter(body["part"])
        else:
            device = self._cloud.add_charger(body["part"])
        return web.json_response({"deviceSn": device.sn})

    async def remove(self, request: web.Request) -> web.Response:
        """Take a device away."""
        self._cloud.remove_device(request.match_info["id"])
        return self._state()

    def _state(self) -> web.Response:
        return web.json_response(self._cloud.state())


async def _body(request: web.Request) -> dict[str, Any]:
    body: dict[str, Any] = await request.json() if request.can_read_body else {}
    return body


def routes(cloud: SolaxCloud) -> list[web.RouteDef]:
    """Return SolaX's own admin routes."""
    admin = SolaxAdmin(cloud)
    return [
        web.post("/steal_token", admin.steal_token),
        web.post("/rotate_secret", admin.rotate_secret),
        web.post("/packs", admin.packs),
        web.post("/plant/{id}", admin.plant),
        web.post("/device", admin.add),
        web.delete("/device/{id}", admin.remove),
    ]
