"""The calls this client makes, the service pack each one needs, and reading what they answer: lists and objects of varying shape and spelling."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..points import number, text
from ..storage import Json

LISTS: Final = ("records", "list")


@dataclass(frozen=True, slots=True)
class SolaxRow:
    """One object of an answer; names are found whatever their case (``status``, ``EPSL1Voltage`` and ``epsl1Voltage`` were all seen)."""

    fields: Mapping[str, Json] = field(repr=False)
    _folded: Mapping[str, Json] = field(repr=False)

    @classmethod
    def of(cls, fields: Mapping[str, Json]) -> SolaxRow:
        """Take the fields of one object."""
        return cls(fields, {name.lower(): raw for name, raw in fields.items()})

    def text(self, *names: str) -> str | None:
        """Return the first name that holds an identifier or a name."""
        return next(
            (
                found
                for name in names
                if (found := text(self._folded.get(name.lower()))) is not None
            ),
            None,
        )

    def number(self, *names: str) -> float | None:
        """Return the first name that holds a number."""
        return next(
            (
                found
                for name in names
                if (found := number(self._folded.get(name.lower()))) is not None
            ),
            None,
        )

    def whole(self, *names: str) -> int | None:
        """Return the first name that holds a number, as a whole one."""
        found = self.number(*names)
        return None if found is None else int(found)


def rows(result: Json) -> list[SolaxRow]:
    """Return the objects of a result: a list, a page, a lone object, or the ``[]``, ``{}`` and ``null`` that mean nothing."""
    return [SolaxRow.of(each) for each in _objects(result)]


def _objects(result: Json) -> Iterator[Mapping[str, Json]]:
    if isinstance(result, dict):
        folded = {name.lower(): raw for name, raw in result.items()}
        page = next((folded[name] for name in LISTS if name in folded), None)
        if page is None and folded and "total" not in folded:
            yield result
        result = page
    if isinstance(result, list):
        yield from (each for each in result if isinstance(each, dict) and each)


INFORMATION: Final = "Information Access Service"
MONITORING: Final = "Data Monitoring Service"
EMS_FUNCTIONS: Final = "EMS System Functions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call. ``permission`` is the service pack as the developer portal spells it.

    Which pack opens which call is nowhere stated; it is inferred from the packs' names [guess], here and only here.
    """

    method: str
    path: str
    permission: str


PLANTS: Final = Endpoint("GET", "/openapi/v2/plant/page_plant_info", INFORMATION)
DEVICES: Final = Endpoint("GET", "/openapi/v2/device/page_device_info", INFORMATION)
ALARMS: Final = Endpoint("GET", "/openapi/v2/alarm/page_alarm_info", INFORMATION)
PLANT_DATA: Final = Endpoint("GET", "/openapi/v2/plant/realtime_data", MONITORING)
DEVICE_DATA: Final = Endpoint("GET", "/openapi/v2/device/realtime_data", MONITORING)
DEVICE_HISTORY: Final = Endpoint("GET", "/openapi/v2/device/history_data", MONITORING)
STATISTICS: Final = Endpoint(
    "POST", "/openapi/v2/plant/energy/get_stat_data", MONITORING
)
EMS_LIST: Final = Endpoint(
    "POST", "/openapi/v2/device/ems_system/attribute_info", EMS_FUNCTIONS
)
EMS_DATA: Final = Endpoint(
    "POST", "/openapi/v2/device/ems_system/summary_data", EMS_FUNCTIONS
)

TOKEN_PATH: Final = "/openapi/auth/oauth/token"
