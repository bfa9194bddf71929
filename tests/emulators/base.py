"""What all emulated clouds have in common: a server, a log, faults, knobs, an admin API."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from email.utils import formatdate
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, override

from aiohttp import web

from . import admin
from .calls import Call, CallLog
from .faults import Fault, Faults, spoil
from .world import World

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ADMIN = "/_emu"
CALL = web.RequestKey("call", Call)
_MASKED = "***"

type Alter = Callable[[web.Request, web.StreamResponse], web.StreamResponse]


class LoopbackServer(ABC):
    """Serves on a port of this machine.

    Use it as an asynchronous context manager, or start and stop it.
    """

    def __init__(self) -> None:
        """Not started yet."""
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    @abstractmethod
    def make_app(self) -> web.Application:
        """Return what is served."""

    @property
    def url(self) -> str:
        """The base address while the server runs."""
        if self._url is None:
            raise RuntimeError("The cloud is not running")
        return self._url

    async def start(self, port: int = 0) -> str:
        """Listen on a port of the loopback interface and return the base address."""
        self._runner = web.AppRunner(
            self.make_app(), access_log=None, shutdown_timeout=0.5
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        host, bound = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{bound}"
        return self._url

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = self._url = None

    async def __aenter__(self) -> Self:
        """Start on any free port."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()


class Cloud[KnobsT: "DataclassInstance"](LoopbackServer):
    """One vendor's cloud."""

    name: ClassVar[str]
    scenarios: ClassVar[tuple[str, ...]]
    secret_fields: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        world: World | None = None,
        scenario: str | None = None,
        *,
        knobs: KnobsT | None = None,
    ) -> None:
        """Build a scenario in a world (a fresh one with a running clock unless given)."""
        self.world = world or World()
        self.knobs = knobs or self.make_knobs()
        self.calls = CallLog()
        self.faults = Faults()
        self.clock_off = 0.0
        """Seconds by which the time of answers is ahead."""
        self.alter: Alter | None = None
        """What a test does to every answer before it is sent."""
        super().__init__()
        self.load(scenario or self.scenarios[0])

    # For vendors

    @staticmethod
    @abstractmethod
    def make_knobs() -> KnobsT:
        """Return the knobs as they usually stand."""

    @abstractmethod
    def register(self, app: web.Application) -> None:
        """Add the vendor's routes."""

    @abstractmethod
    def load(self, scenario: str) -> None:
        """Forget everything and build a scenario by name."""

    @abstractmethod
    def envelope(self, code: int | str, message: str | None) -> Mapping[str, Any]:
        """Return the vendor's error body."""

    @property
    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """What a user would type in to sign in."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Describe the cloud for people and tests."""

    @abstractmethod
    def change_device(self, device_id: str, changes: dict[str, Any]) -> None:
        """Change a device by the words of the admin API."""

    def admin_routes(self) -> list[web.RouteDef]:
        """Return more routes of the admin API, without its prefix."""
        return []

    def serials(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Find the devices that a request names, for the log."""
        return ()

    # For tests

    def fault(self, endpoint: str = "*", **how: Any) -> Fault:
        """Let the next matching call go wrong; see Fault for the words."""
        return self.faults.add(Fault(endpoint, **how))

    def turn(self, **knobs: Any) -> None:
        """Turn knobs by name."""
        known = {field.name for field in fields(self.knobs)}
        if unknown := knobs.keys() - known:
            raise ValueError(f"There is no such knob: {', '.join(sorted(unknown))}")
        for name, value in knobs.items():
            setattr(self.knobs, name, value)

    def reset(self, scenario: str, seed: int | None = None) -> None:
        """Build a scenario anew, with all knobs back and nothing noted."""
        usual = self.make_knobs()
        self.turn(**{field.name: getattr(usual, field.name) for field in fields(usual)})
        self.world.seed = self.world.seed if seed is None else seed
        self.calls.clear()
        self.faults.clear()
        self.load(scenario)

    # Serving

    @override
    def make_app(self) -> web.Application:
        """Return the vendor's routes, and those of the admin API."""
        app = web.Application(middlewares=[self._serve], client_max_size=64 * 2**20)
        admin.register(app, self, ADMIN)
        self.register(app)
        return app

    @web.middleware
    async def _serve(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith(ADMIN):
            response: web.StreamResponse = await handler(request)
            return response
        call = await self._note(request)

        async def answer() -> web.StreamResponse:
            real: web.StreamResponse = await handler(request)
            return real

        fault = self.faults.take(call)
        try:
            if fault is None:
                response = await answer()
            else:
                call.fault = True
                call.code = fault.code
                response = await spoil(fault, request, answer, self.envelope)
        except web.HTTPException as err:
            call.http = err.status
            raise
        if fault is None or fault.body != "disconnect":
            call.http = response.status
            response.headers["Date"] = formatdate(
                time.time() + self.clock_off, usegmt=True
            )
        return response if self.alter is None else self.alter(request, response)

    async def _note(self, request: web.Request) -> Call:
        params = await self._params(request)
        call = Call(
            at=self.world.clock.now(),
            method=request.method,
            path=request.path,
            params={
                key: _MASKED if key in self.secret_fields else value
                for key, value in params.items()
            },
            serials=self.serials(params),
        )
        request[CALL] = call
        self.calls.add(call)
        return call

    @staticmethod
    async def _params(request: web.Request) -> dict[str, Any]:
        params: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            try:
                body = await request.json()
            except ValueError:
                return params
            if isinstance(body, dict):
                params |= body
        elif request.content_type == "application/x-www-form-urlencoded":
            params |= dict(await request.post())
        return params
