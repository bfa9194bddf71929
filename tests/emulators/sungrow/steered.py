"""What an inverter or a logger was told, and what it makes of the site (sungrow.md §11.3 #29-#33, #43)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import override

from ..world import Site
from . import parameters as p
from .knobs import Knobs
from .plant import BATTERY, HYBRID, PV, Device, Plant

FALLS_BACK_AFTER = 20.0
"""Seconds after a missed heartbeat [seen]."""
FORCED_STATE, EXTERNAL_STATE, DISPATCHED_STATE = 2048, 16384, 33280
EVERY_DAY = 1
ALL_POWER = 1e5


@dataclass
class SteeredInverter:
    """One inverter's parameters, as they are written."""

    plant: Plant
    device: Device
    knobs: Knobs
    store: dict[str, int] = field(default_factory=dict)
    beaten: float = 0.0
    fell_back: bool = False
    overdriven: list[float] = field(default_factory=list)  # W told beyond the rating
    _limit: str = p.EXPORT_W
    _steered: float = 0.0

    def __post_init__(self) -> None:
        """Begin as it left the factory."""
        self.store = {
            code: round(self.device.settings.get(code, rule.default) / self._step(code))
            for code, rule in self.rules.items()
        }

    @property
    def rules(self) -> dict[str, p.Rule]:
        """What it has."""
        return p.rules_of(self.device)

    def _step(self, code: str) -> float:
        """Return what one more on the wire is in the unit that is shown."""
        if code in p.RAW_POWERS:
            return self.knobs.watts_per_step / 1000
        return self.rules[code].precision

    def watts(self, code: str) -> float:
        """Return a power."""
        return self.store[code] * self._step(code) * 1000

    def shown(self, code: str) -> str:
        """Return a value as it reads back: in its unit, no finer than its precision."""
        step = self.rules[code].precision
        value = round(self.store[code] * self._step(code) / step) * step
        return f"{round(value, 6):g}"

    @property
    def site(self) -> Site:
        """Where it stands."""
        return self.plant.site

    @property
    def mode(self) -> int:
        """The mode it is really in."""
        return p.SELF if self.fell_back else self.store.get(p.MODE, p.SELF)

    def write(self, values: dict[str, int], at: float) -> None:
        """Take values; a heartbeat or a new mode starts its time anew."""
        self.store |= values
        told = [self.watts(code) for code in p.RAW_POWERS & values.keys()]
        self.overdriven += [watts for watts in told if watts > self._rated()]
        if {p.BEAT, p.MODE} & values.keys():
            self.beaten, self.fell_back = at, False
        for code in (p.EXPORT_W, p.EXPORT_RATIO):
            if code in values:
                self._limit = code
        self.steer(at)

    def catch_up(self, now: float) -> None:
        """Let what was due since the last look happen, in its order."""
        while (due := self._next(self._steered)) is not None and due <= now:
            if due >= self._falls_back_at():
                self.fell_back = True
                if not self.knobs.keeps_mode_without_beat:
                    self.store[p.MODE] = p.SELF
            self.steer(due)

    def _falls_back_at(self) -> float:
        dispatched = self.mode in {p.COMPULSORY, p.EXTERNAL}
        if not dispatched or not self.knobs.heartbeat_needed:
            return float("inf")
        return self.beaten + self.store[p.BEAT] + FALLS_BACK_AFTER

    def _next(self, after: float) -> float | None:
        times = [edge for edge in self._edges(after) if edge > after]
        if (falls_back := self._falls_back_at()) != float("inf"):
            times.append(max(falls_back, after + 1e-3))
        return min(times, default=None)

    # The world

    def steer(self, at: float) -> None:
        """Set the world and the state to what holds from an instant on."""
        self._steered = at
        site = self.site
        stopped = site.controls.latest.stopped - {self.device.part}
        state: int | None = None
        watts: float | None = None
        low = self.store.get(p.MIN_SOC, 100) / 1000
        high = self.store.get(p.MAX_SOC, 1000) / 1000
        if self.mode == p.COMPULSORY:
            state = FORCED_STATE
            watts = {p.CHARGE: -1.0, p.DISCHARGE: 1.0, p.STOP: 0.0}[
                self.store[p.COMMAND]
            ] * min(self.watts(p.POWER), self._most())
            if watts and not self._has_battery:
                state, stopped = DISPATCHED_STATE, stopped | {self.device.part}
        elif self.mode == p.EXTERNAL:
            state = EXTERNAL_STATE
        elif (target := self._window_target(at)) is not None:
            watts, high = -ALL_POWER, min(high, target)
        self.device.state.set(at, state)
        site.change(
            since=at,
            battery_w=watts,
            min_soc=low,
            max_soc=high,
            charge_w=self._limit_of(p.MOST_CHARGE),
            discharge_w=self._limit_of(p.MOST_DISCHARGE),
            export_limit_w=self._export_limit(),
            power_share=self._power_share(),
            stopped=stopped,
        )

    @property
    def _has_battery(self) -> bool:
        return bool(self.plant.of(BATTERY))

    def _most(self) -> float:
        charging = self.store[p.COMMAND] == p.CHARGE
        code = p.MOST_CHARGE if charging else p.MOST_DISCHARGE
        return self.watts(code)

    def _limit_of(self, code: str) -> float | None:
        return self.watts(code) if code in self.store else None

    def _rated(self) -> float:
        spec = self.site.spec
        return next(one for one in spec.inverters if one.id == self.device.part).rated_w

    def _export_limit(self) -> float | None:
        if self.store[p.EXPORT] != p.ON:
            return None
        if self._limit == p.EXPORT_W:
            return self.watts(p.EXPORT_W)
        return self.store[p.EXPORT_RATIO] / 1000 * self._rated()

    def _power_share(self) -> float:
        return (
            self.store[p.LIMITED_RATIO] / 1000 if self.store[p.LIMITED] == p.ON else 1.0
        )

    # Windows of forced charging

    def _windows(self) -> Iterator[tuple[int, int, float]]:
        """Yield start and end in minutes of the day, and the target."""
        if self.store.get(p.FORCED) != p.ON:
            return
        for window in p.WINDOWS:
            hour, minute, end_hour, end_minute, target = (
                self.store[code] for code in window
            )
            if hour < 24:
                yield 60 * hour + minute, 60 * end_hour + end_minute, target / 100

    def _window_target(self, at: float) -> float | None:
        local = self.site.local.at(at + 1e-3)
        if self.store.get(p.FORCED_DAYS) != EVERY_DAY and local.weekday() > 4:
            return None
        now = 60 * local.hour + local.minute
        for start, end, target in self._windows():
            if start <= now < end:
                return target
        return None

    def _edges(self, after: float) -> Iterator[float]:
        midnight = self.site.local.at(after).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        for start, end, _ in self._windows():
            for day in (0, 1):
                for minutes in (start, end, 0):
                    edge = midnight + timedelta(days=day, minutes=minutes)
                    yield edge.timestamp()


class SteeredLogger(SteeredInverter):
    """A logger: its limit is the plant's, and it overwrites what its inverters were told."""

    @override
    def steer(self, at: float) -> None:
        self.site.change(since=at, export_limit_w=self._export_limit())

    @override
    def catch_up(self, now: float) -> None:
        """Nothing happens by itself."""

    def rule(self, inverter: SteeredInverter) -> None:
        """Tell an inverter what it has to be."""
        on = bool(self.store[p.EXPORT])
        inverter.store |= {
            p.EXPORT: p.ON if on else p.OFF,
            p.EXPORT_RATIO: max(0, self.store[p.EXPORT_RATIO]) if on else 1000,
        }

    @override
    def _export_limit(self) -> float | None:
        if not self.store[p.EXPORT]:
            return None
        parts = {one.part for one in self.plant.of(PV, HYBRID)}
        rated = sum(one.rated_w for one in self.site.spec.inverters if one.id in parts)
        return max(0, self.store[p.EXPORT_RATIO]) / 1000 * rated
