"""The paths of commands and of questions about settings."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.typedefs import Handler

from ..base import CALL
from .accounts import Refusal
from .control_checks import BadShape
from .control_tasks import BATTERY, DISPATCH, FORCE, GRID, MODE, admit
from .plant import HOME_INVERTER, STRING_INVERTER, Plant

if TYPE_CHECKING:
    from .server import FusionSolarServer

OPENAPI = "/rest/openapi/pvms"
PATHS = {
    FORCE: (
        f"{OPENAPI}/nbi/v2/control/charge-and-discharge/async-task",
        f"{OPENAPI}/v1/vpp/chargeAndDischargeStatus",
    ),
    MODE: (
        f"{OPENAPI}/nbi/v1/control/battery/mode/async-task",
        f"{OPENAPI}/nbi/v1/control/battery/mode/task-info",
    ),
    BATTERY: (
        f"{OPENAPI}/nbi/v1/control/battery/configuration/async-task",
        f"{OPENAPI}/nbi/v1/control/battery/configuration/task-info",
    ),
    DISPATCH: (
        f"{OPENAPI}/nbi/v1/control/battery/battery-dispatch/async-task",
        f"{OPENAPI}/nbi/v1/control/battery/battery-dispatch/task-info",
    ),
    GRID: (
        f"{OPENAPI}/nbi/v2/control/active-power-control/async-task",
        f"{OPENAPI}/nbi/v2/control/active-power-control/task-info",
    ),
}
CONFIGURATION = f"{OPENAPI}/nbi/v1/configuration"


def exception(detail: str, kind: str = "Paramerror", status: int = 400) -> web.Response:
    """Answer as the gateway does when something is wrong with the call itself."""
    return web.json_response(
        {
            "exceptionId": f"framwork.remote.{kind}",
            "exceptionType": "ROA_EXFRAME_EXCEPTION",
            "descArgs": None,
            "reasonArgs": ["tasks"],
            "detailArgs": [detail],
            "adviceArgs": None,
        },
        status=status,
    )


class ControlServer:
    """Handlers of one cloud's control paths."""

    def __init__(self, cloud: FusionSolarServer) -> None:
        """Serve a cloud's plants."""
        self._cloud = cloud

    def register(self, app: web.Application) -> None:
        """Add the routes."""
        add = app.router.add_route
        for kind, (deliver, status) in PATHS.items():
            add("*", deliver, self._cloud.posted(self._deliver(kind)))
            add("*", status, self._cloud.posted(self._status(kind)))
        for which, name in enumerate(("battery-mode", "active-power-control-mode")):
            path = f"{CONFIGURATION}/{name}"
            add("*", path, self._cloud.posted(self._configuration(name, which)))

    def _deliver(self, kind: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            params, cloud = request[CALL].params, self._cloud
            try:
                plants = cloud.admitted(request, kind, control=True)
                code, message, data = cloud.desk.deliver(
                    kind, params, plants, cloud.now()
                )
            except Refusal as refusal:
                return cloud.answer(request, cloud.refused(refusal, params))
            except BadShape as wrong:
                return exception(str(wrong))
            body = cloud.accepted(data, params) | {
                "success": code != 2,
                "failCode": code,
                "message": message,
            }
            return cloud.answer(request, body)

        return handle

    def _status(self, kind: str) -> Handler:
        def answer(params: dict[str, Any], plants: list[Plant]) -> Any:
            return self._cloud.desk.status(kind, params, self._cloud.now())

        return self._query(f"{kind}-status", answer, control=True)

    def _configuration(self, name: str, which: int) -> Handler:
        def answer(params: dict[str, Any], plants: list[Plant]) -> Any:
            code = params.get("plantCode")
            plant = next((one for one in plants if one.code == code), None)
            if plant is None:
                raise Refusal(20622)
            admit(plant)
            inverter = next(iter(plant.of(HOME_INVERTER, STRING_INVERTER)), None)
            if inverter and not plant.online(inverter):
                raise Refusal(20614)
            lag = self._cloud.knobs.settings_lag
            return self._cloud.desk.steered(plant).answer(which, self._cloud.now(), lag)

        return self._query(name, answer)

    def _query(
        self,
        name: str,
        answer: Callable[[dict[str, Any], list[Plant]], Any],
        *,
        control: bool = False,
    ) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            params, cloud = request[CALL].params, self._cloud
            try:
                plants = cloud.admitted(request, name, control=control)
                data = answer(params, plants)
            except Refusal as refusal:
                return cloud.answer(request, cloud.refused(refusal, params))
            return cloud.answer(request, cloud.accepted(data, params))

        return handle
