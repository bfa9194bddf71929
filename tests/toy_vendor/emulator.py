"""Toy Solar's cloud on localhost: three calls over the emulated world, as unkind as a real one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, override

from aiohttp import web

from ..emulators.base import Cloud
from ..emulators.limits import Window
from ..emulators.world import Array, Battery, Dongle, Inverter, Sample, Site, SiteSpec

CREDENTIALS = {"username": "demo", "password": "toy-demo-password"}
KINDS = ("inverter", "battery", "meter")
PLANTS = {"home": 1, "two-homes": 2, "empty": 0}
"""How many by the scenario's name; each has one device of each kind."""


@dataclass
class Knobs:
    """What tests may turn."""

    per_minute: int = 60
    token_seconds: float = 3600.0


class ToyCloud(Cloud[Knobs]):
    """One account."""

    name: ClassVar[str] = "toy"
    scenarios: ClassVar[tuple[str, ...]] = tuple(PLANTS)
    secret_fields: ClassVar[frozenset[str]] = frozenset({"password"})
    make_knobs = Knobs

    @override
    def load(self, scenario: str) -> None:
        for site in getattr(self, "sites", ()):
            self.world.remove(site.spec.id)
        self.sites = [self._build(f"toy-{one}") for one in range(PLANTS[scenario])]
        self.minute = Window(60.0)
        self.tokens: dict[str, float] = {}
        """When each ends."""
        self.logins = 0

    def _build(self, plant_id: str) -> Site:
        roof = (Array(peak_w=3500), Array(peak_w=2500, azimuth=250))
        inverter = Inverter(id="inverter", arrays=roof, battery=Battery(id="battery"))
        site = self.world.add(SiteSpec(id=plant_id, inverters=(inverter,)))
        site.attach(Dongle(plant_id), *(serial(site, kind) for kind in KINDS))
        return site

    @override
    def register(self, app: web.Application) -> None:
        app.router.add_post("/login", self.login)
        app.router.add_get("/plants", self.plants)
        app.router.add_get("/live", self.live)

    async def login(self, request: web.Request) -> web.Response:
        """Issue a token."""
        now = self._count()
        if await request.json() != CREDENTIALS:
            raise web.HTTPForbidden
        self.logins += 1
        token, life = f"toy-token-{self.logins}", self.knobs.token_seconds
        self.tokens[token] = now + life
        return web.json_response({"token": token, "expires_in": life})

    async def plants(self, request: web.Request) -> web.Response:
        """List plants with their devices."""
        self._check(request)
        rows = [
            {
                "id": site.spec.id,
                "name": site.spec.id.replace("toy-", "Toy home "),
                "devices": [
                    {"serial": serial(site, kind), "type": kind} for kind in KINDS
                ],
            }
            for site in self.sites
        ]
        return web.json_response({"plants": rows})

    async def live(self, request: web.Request) -> web.Response:
        """Show what devices uploaded last; those that never did are missing."""
        self._check(request)
        rows = [
            {"serial": serial(site, kind)} | row(kind, sample)
            for site in self.sites
            for kind in KINDS
            if (sample := site.uploaded(serial(site, kind))) is not None
        ]
        return web.json_response({"live": rows})

    def _count(self) -> float:
        now = self.world.clock.timestamp()
        if self.minute.used(now) >= self.knobs.per_minute:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"})
        self.minute.acquire(now)
        return now

    def _check(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0.0) <= self._count():
            raise web.HTTPUnauthorized

    credentials = CREDENTIALS

    @override
    def envelope(self, code: int | str, message: str | None) -> Mapping[str, Any]:
        return {"error": code}

    @override
    def state(self) -> dict[str, Any]:
        return {"plants": [site.spec.id for site in self.sites]}

    @override
    def change_device(self, device_id: str, changes: dict[str, Any]) -> None:
        raise ValueError("There is nothing to change")


def serial(site: Site, kind: str) -> str:
    """Return the serial of a site's device."""
    return f"{site.spec.id}-{kind}"


def row(kind: str, sample: Sample) -> dict[str, Any]:
    """Write a device's values as this cloud does, in units and signs of its own."""
    (inverter,), (battery,) = sample.inverters, sample.batteries
    powers, energies = sample.powers, sample.energies
    values: dict[str, Any] = {}
    if kind == "inverter":
        first, second = (watts / 1000 for watts in inverter.array_w)
        values |= {"state": 1 if first else 0, "yieldKwh": energies.pv}
        values |= {"pvKw": first + second, "pv1Kw": first, "pv2Kw": second}
    elif kind == "battery":
        values |= {"chargeKw": -battery.watts / 1000, "level": battery.soc}
        values |= {"inKwh": battery.charge_kwh, "outKwh": battery.discharge_kwh}
    else:
        values |= {"feedKw": -powers.grid / 1000, "houseKw": powers.load / 1000}
        values["boughtWh"] = energies.grid_import * 1000
        values["soldWh"] = energies.grid_export * 1000
        values["houseWh"] = energies.load * 1000
    return {"time": datetime.fromtimestamp(sample.at, UTC).isoformat(), **values}
