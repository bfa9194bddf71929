"""Lies that a device uploads: told on the wire, below the vendor's client, so that whatever the client makes of them is judged too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
import math
from random import Random
import re
import time
from typing import Any, Final, override

from custom_components.solar_cloud.cloud.model import Quantity as Q
from custom_components.solar_cloud.cloud.transport import Answer, Transport

HOUR: Final = 3600.0
KINDS: Final = ("zero", "dip", "leap", "null", "hold")

type Names = tuple[tuple[str, ...], tuple[str, ...]]
"""What a vendor calls a lifetime counter and its counter of today, wherever it is told."""

FIELDS: Final[Mapping[str, Mapping[Q, Names]]] = {
    "solax": {
        Q.PV_ENERGY_TOTAL: (("totalYield",), ("dailyYield",)),
        Q.GRID_IMPORT_ENERGY_TOTAL: (
            ("importEnergy", "totalImportEnergy", "totalImported"),
            ("todayImportEnergy", "dailyImported"),
        ),
        Q.GRID_EXPORT_ENERGY_TOTAL: (
            ("exportEnergy", "totalExportEnergy", "totalExported"),
            ("todayExportEnergy", "dailyExported"),
        ),
        Q.BATTERY_CHARGE_ENERGY_TOTAL: (
            ("totalDeviceCharge", "totalCharged"),
            ("dailyCharged",),
        ),
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL: (
            ("totalDeviceDischarge", "totalDischarged"),
            ("dailyDischarged",),
        ),
    },
    "sungrow": {
        Q.PV_ENERGY_TOTAL: (("p13134", "p83024"), ("p13112", "p83022")),
        Q.GRID_IMPORT_ENERGY_TOTAL: (
            ("p13148", "p8030", "p83105"),
            ("p13147", "p8062", "p83102"),
        ),
        Q.GRID_EXPORT_ENERGY_TOTAL: (
            ("p13125", "p8031", "p83075"),
            ("p13122", "p8063", "p83072"),
        ),
        Q.BATTERY_CHARGE_ENERGY_TOTAL: (("p13034", "p58606"), ("p13028",)),
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL: (("p13035", "p58607"), ("p13029",)),
        Q.LOAD_ENERGY_TOTAL: (("p13130", "p83124"), ("p13199", "p83118")),
    },
    "fusionsolar": {
        Q.PV_ENERGY_TOTAL: (("mppt_1_cap", "total_cap"), ("day_cap", "day_power")),
        Q.GRID_IMPORT_ENERGY_TOTAL: (("reverse_active_cap",), ()),
        Q.GRID_EXPORT_ENERGY_TOTAL: (("active_cap",), ()),
        Q.BATTERY_CHARGE_ENERGY_TOTAL: (("total_charged_energy",), ("charge_cap",)),
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL: (
            ("total_discharged_energy",),
            ("discharge_cap",),
        ),
    },
}
PER_KWH: Final = {"solax": 1.0, "sungrow": 1000.0, "fusionsolar": 1.0}


@dataclass(frozen=True)
class Lie:
    """What becomes of some fields for a while; ``amount`` in the vendor's unit."""

    kind: str
    begin: float
    end: float
    names: tuple[str, ...]
    amount: float = 0.0

    def tell(self, value: float, name: str, kept: dict[tuple[Lie, str], float]) -> Any:
        """Return what a field says instead."""
        match self.kind:
            case "zero":
                return 0.0
            case "null":
                return None
            case "hold":
                return kept.setdefault((self, name), value)
        return max(0.0, value + self.amount)

    @override
    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.kind} {self.amount:g} on {', '.join(self.names)}"


@dataclass
class LyingTransport(Transport):
    """A transport whose answers carry the lies of the moment."""

    session: Any
    lies: Sequence[Lie]
    kept: dict[tuple[Lie, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Send as usual."""
        super().__init__(self.session)

    @override
    async def send(self, *args: Any, **kwargs: Any) -> Answer:
        answer = await super().send(*args, **kwargs)
        now, body = time.time(), answer.body
        for lie in self.lies:
            if lie.begin <= now < lie.end:
                names = "|".join(map(re.escape, lie.names))
                pattern = rf'"({names})"(\s*:\s*)("?)(-?\d+(?:\.\d+)?)("?)'
                body = re.sub(pattern, partial(self._told, lie), body)
        return replace(answer, body=body)

    def _told(self, lie: Lie, found: re.Match[str]) -> str:
        name, colon, quote, value, _ = found.groups()
        told = lie.tell(float(value), name, self.kept)
        if told is None:
            return f'"{name}"{colon}null'
        return f'"{name}"{colon}{quote}{round(told, 4)}{quote}'


def drawn(random: Random, vendor: str, begin: float, end: float) -> tuple[Lie, ...]:
    """Draw a storm on the wire: of single counters and several, lifetime and today, for one upload to two hours."""
    lies, at = [], begin
    while (at := at + random.uniform(600.0, 5 * HOUR)) < end - 2 * HOUR:
        kind = random.choice(KINDS)
        fields = FIELDS[vendor]
        count = random.choice((1, 1, 2, len(fields)))
        which = random.choice((1, 1, 2, 3))
        names = [
            name
            for role in random.sample(sorted(fields), count)
            for bit, group in zip((1, 2), fields[role], strict=True)
            if which & bit
            for name in group
        ]
        size = math.exp(random.uniform(math.log(0.1), math.log(30.0)))
        sign = {"dip": -1.0, "leap": 1.0}.get(kind, 0.0)
        length = math.exp(random.uniform(math.log(300.0), math.log(2 * HOUR)))
        if names:
            amount = round(sign * size, 2) * PER_KWH[vendor]
            lies.append(Lie(kind, at, at + length, tuple(names), amount))
    return tuple(lies)
