"""The five kinds of commands, and what tells how plants are set (fusionsolar.md §3.12, §4)."""

from enum import StrEnum
from typing import Final, Self

_OPENAPI: Final = "rest/openapi/pvms/"
_V1: Final = f"{_OPENAPI}nbi/v1/control/"
_V2: Final = f"{_OPENAPI}nbi/v2/control/"

BATTERY_MODE_PATH: Final = f"{_OPENAPI}nbi/v1/configuration/battery-mode"
GRID_MODE_PATH: Final = f"{_OPENAPI}nbi/v1/configuration/active-power-control-mode"


class Kind(StrEnum):
    """A kind of command: one of each may run at a plant at a time."""

    deliver: str
    status: str

    def __new__(cls, key: str, deliver: str, status: str) -> Self:
        """Keep the paths beside the key."""
        member = str.__new__(cls, key)
        member._value_ = key
        member.deliver = deliver
        member.status = status
        return member

    FORCE = (
        "force",
        f"{_V2}charge-and-discharge/async-task",
        f"{_OPENAPI}v1/vpp/chargeAndDischargeStatus",
    )
    MODE = (
        "mode",
        f"{_V1}battery/mode/async-task",
        f"{_V1}battery/mode/task-info",
    )
    BATTERY = (
        "battery",
        f"{_V1}battery/configuration/async-task",
        f"{_V1}battery/configuration/task-info",
    )
    DISPATCH = (
        "dispatch",
        f"{_V1}battery/battery-dispatch/async-task",
        f"{_V1}battery/battery-dispatch/task-info",
    )
    GRID = (
        "grid",
        f"{_V2}active-power-control/async-task",
        f"{_V2}active-power-control/task-info",
    )
