"""What an EMS of a commercial plant lets itself be told: the ranges differ by mode. Nothing of it moves the world."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .envelope import Refusal, bad_parameter
from .knobs import Knobs
from .plant import COMMERCIAL, Kind, Plant
from .query import MOST_SERIALS, Query

ISSUED = 3

type Params = Mapping[str, Any]
type Check = Callable[[Params], None]


def _within(params: Params, name: str, least: float, most: float) -> float:
    value = params.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise bad_parameter(f"{name} must not be null")
    if not least <= value <= most:
        raise Refusal(10200)
    return value


def _mode(least: int, *, backup: bool = False) -> Check:
    def check(params: Params) -> None:
        low = _within(params, "dischargeCutOffSoc", least, 100)
        if low >= _within(params, "chargeCutOffSoc", 10, 100):
            raise Refusal(10200)
        if backup:
            _within(params, "backupSoc", 5, 100)

    return check


def _manual(params: Params) -> None:
    _within(params, "manualMode", 0, 2)
    _within(params, "power", 0, 1e5)
    _within(params, "targetSoc", 5, 100)


def _export(params: Params) -> None:
    """An offset takes the place of the limit, which must then be 0."""
    _within(params, "isEnable", 0, 1)
    _within(params, "controlMode", 0, 1)
    limit = _within(params, "limitValue", 0, 1e5)
    if params.get("exportOffsetEnable"):
        _within(params, "exportOffsetMode", 1, 2)
        _within(params, "exportOffsetValue", -1e5, 1e5)
        if limit:
            raise Refusal(10200)


def _import(params: Params) -> None:
    _within(params, "isEnable", 0, 1)
    _within(params, "controlMode", 0, 1)
    _within(params, "limitValue", 0, 1e5)


CHECKS: Mapping[str, Check] = {
    "work_mode/self_use": _mode(5),
    "work_mode/feed_in": _mode(10),
    "work_mode/back_up": _mode(10, backup=True),
    "work_mode/manual": _manual,
    "limit_control/export": _export,
    "limit_control/import": _import,
}


def take(check: Check) -> Callable[[Query, Knobs, Sequence[Plant]], dict[str, Any]]:
    """Answer one of them: each row of ``paramList`` is one EMS."""

    def answer(query: Query, _: Knobs, known: Sequence[Plant]) -> dict[str, Any]:
        if query.business_type != COMMERCIAL:
            raise bad_parameter("businessType is not supported")
        query.kind(Kind.EMS)
        rows = query.params.get("paramList")
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_SERIALS:
            raise bad_parameter(f"paramList must have 1 to {MOST_SERIALS} elements")
        managers = {plant.ems for plant in known if plant.ems and plant.authorised}
        for row in rows:
            check(row)
            if row.get("registerNo") not in managers:
                raise Refusal(10505)
        return {row["registerNo"]: {"status": ISSUED} for row in rows}

    return answer
