"""What an inverter was told: work mode with all its settings, and remote (VPP) modes that override it for a while."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ..world import Site
from .knobs import Knobs
from .plant import Device, Plant

SELF_USE, MANUAL, BACKUP, FEED_IN = 150, 151, 152, 153
ENERGY_TARGET, SOC_TARGET, PUSH, PUSH_ZERO = 1302, 1303, 1304, 1305
SELF_CONSUME, CHARGE_ONLY, PV_DURATION, PV_SOC = 1306, 1307, 1308, 1309
STUCK = 141
CONTINUE = 161
"""What may follow a remote mode: self-consumption; 160 leaves it."""

USUAL: Mapping[str, Any] = {
    "minSoc": 10,
    "chargeUpperSoc": 100,
    "chargeFromGridEnable": 0,
    "chargeStartTimePeriod1": "00:00",
    "chargeEndTimePeriod1": "00:00",
    "dischargeStartTimePeriod1": "00:00",
    "dischargeEndTimePeriod1": "23:59",
    "enableTimePeriod2": 0,
}


@dataclass(frozen=True)
class Remote:
    """A remote mode and how it ends."""

    status: int
    until: float | None = None
    watts: float | None = None  # of the battery, positive discharges
    target_soc: float | None = None
    next_motion: int = 160


@dataclass
class SteeredInverter:
    """One inverter's mode, and what it makes of the site."""

    plant: Plant
    device: Device
    knobs: Knobs
    mode: int = SELF_USE
    manual: int = 0
    settings: dict[str, Any] = field(default_factory=lambda: dict(USUAL))
    remote: Remote | None = None
    stuck: bool = False

    @property
    def site(self) -> Site:
        """Where it stands."""
        return self.plant.site

    def set_mode(self, mode: int, settings: Mapping[str, Any], at: float) -> None:
        """Replace the work mode and all that belongs to it: what is left out is as it came from the factory."""
        self.mode, self.settings = mode, {**USUAL, **settings}
        self.manual = int(settings.get("manualMode", 0))
        self.steer(at)

    def enter(self, remote: Remote, at: float) -> None:
        """Begin a remote mode."""
        self.remote = remote
        if self.knobs.remote_without_effect:
            self.remote = None
        elif remote.status == PUSH and not remote.watts:
            self.stuck = False
        if self._reached(at):
            self.remote = None
        self.steer(at)

    def leave(self, at: float) -> None:
        """End a remote mode."""
        if self.remote is not None and self.knobs.remote_sticks:
            self.stuck = self.remote.status != PUSH or bool(self.remote.watts)
        self.remote = None
        self.steer(at)

    def catch_up(self, now: float) -> None:
        """Let what was due since the last look happen, in its order."""
        at = self._steered
        while (due := self._next(at)) is not None and due <= now:
            if (
                self.remote
                and self.remote.until is not None
                and due >= self.remote.until
            ):
                follows = self.remote.next_motion == CONTINUE
                self.remote = Remote(SELF_CONSUME) if follows else None
            self.steer(due)
            at = due
        if self._reached(now):
            self.remote = None
            self.steer(now)

    _steered: float = 0.0

    def _next(self, after: float) -> float | None:
        edges = [edge for edge in self._edges(after) if edge > after]
        if self.remote and self.remote.until is not None:
            edges.append(max(self.remote.until, after + 1e-3))
        return min(edges, default=None)

    def _edges(self, after: float) -> Iterator[float]:
        """Yield when periods begin and end, today and tomorrow."""
        if not self._timed:
            return
        midnight = self.site.local.at(after).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        for name, value in self.settings.items():
            if "TimePeriod" in name and ":" in str(value):
                hours, minutes = (int(part) for part in str(value).split(":"))
                for day in (0, 1):
                    edge = midnight + timedelta(days=day, hours=hours, minutes=minutes)
                    yield edge.timestamp()

    @property
    def _timed(self) -> bool:
        return any(
            self.settings.get(name) != value
            for name, value in USUAL.items()
            if "TimePeriod" in name
        )

    def _reached(self, at: float) -> bool:
        """Say whether a target is met, or was contradictory from the start."""
        remote = self.remote
        if remote is None or remote.target_soc is None:
            return False
        soc = 100 * self._soc(at)
        charging = (remote.watts or 0.0) < 0
        return (
            soc >= remote.target_soc - 0.1
            if charging
            else soc <= remote.target_soc + 0.1
        )

    def _soc(self, at: float) -> float:
        battery = self.site.sample(at).inverter(self.device.part).spec.battery
        return self.site.sample(at).battery(battery.id).soc if battery else 0.0

    def steer(self, at: float) -> None:
        """Set the world and the status word to what holds from an instant on."""
        self._steered = at
        self.device.status.set(at, self._status())
        if self.remote:
            self._steer_remotely(self.remote, at)
        else:
            self._steer_by_mode(at)

    def _status(self) -> int:
        if self.remote:
            return self.remote.status
        return STUCK if self.stuck else self.mode

    def _steer_remotely(self, remote: Remote, at: float) -> None:
        low, high = 0.1, 1.0
        if remote.target_soc is not None:
            charging = (remote.watts or 0.0) < 0
            low, high = (
                (0.1, remote.target_soc / 100)
                if charging
                else (remote.target_soc / 100, 1.0)
            )
        if remote.status == CHARGE_ONLY:
            low = 1.0
        self.site.change(since=at, battery_w=remote.watts, min_soc=low, max_soc=high)

    def _steer_by_mode(self, at: float) -> None:
        low, high = (
            self.settings["minSoc"] / 100,
            self.settings["chargeUpperSoc"] / 100,
        )
        watts: float | None = None
        if self.mode == MANUAL:
            watts = {0: 0.0, 1: -1e5, 2: 1e5}[self.manual]
        elif self._within("charge", at):
            watts = -1e5 if self.settings["chargeFromGridEnable"] else None
        elif self.mode == BACKUP or not self._within("discharge", at):
            low = 1.0
        elif self.mode == FEED_IN:
            high = 0.0  # the sun goes to the grid before it goes to the battery
        self.site.change(since=at, battery_w=watts, min_soc=low, max_soc=high)

    def _within(self, word: str, at: float) -> bool:
        clock = self.site.local.at(at + 1).strftime("%H:%M")
        numbers = (1, 2) if self.settings.get("enableTimePeriod2") else (1,)
        for number in numbers:
            start = self.settings.get(f"{word}StartTimePeriod{number}", "00:00")
            end = self.settings.get(f"{word}EndTimePeriod{number}", "00:00")
            if start == end:
                continue
            if end == "23:59":
                end = "24:00"
            inside = (
                start <= clock < end if start < end else clock >= start or clock < end
            )
            if inside:
                return True
        return False
