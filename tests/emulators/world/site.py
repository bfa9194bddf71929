"""A site: its past, its present, and what can be done to it."""

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .ageing import initial_counters
from .clock import Clock
from .engine import Engine, Nature, Target, column_names
from .household import Household, LocalTime
from .noise import seed_of
from .sample import Energies, Powers, Sample
from .segment import LEVEL, Moment, Segment
from .spec import Charger, ChargerControls, Controls, Inverter, SiteSpec
from .sun import Sky
from .timed import Timed
from .uploads import Dongle

STEP = 60.0
PAST_STEP = 300.0
PAST_CHUNK = 30 * 86400.0
PAST_CHUNKS = 14
KEPT_CHUNKS = 100
"""Chunks of the past that are remembered, one megabyte each: nearly every test asks for those of the same few homes."""
_SETTLED = 15 * 60.0  # daily counters may still be looked at a while after midnight

type Instant = datetime | float | None
type Lived = tuple[SiteSpec, int, float, tuple[tuple[str, float], ...]]
"""All that a chunk of the past depends on: what stands there, the seed, when it ends, and with which levels."""

_lived: OrderedDict[Lived, Segment] = OrderedDict()


def forget_the_past() -> None:
    """Simulate what was again, the next time somebody asks for it."""
    _lived.clear()


@dataclass
class _Stretch:
    """A segment with what stood there while it lasted."""

    spec: SiteSpec
    segment: Segment
    engine: Engine


@dataclass
class Fault:
    """Something that went wrong with a device, and perhaps got right again."""

    device_id: str
    name: str
    code: str
    since: float
    until: float | None = None
    level: int = 2
    kind: int = 1
    cause: str | None = None
    advice: str | None = None
    foreign: bool = False  # told of under a serial that no list has


class Site:
    """One place: simulated when somebody looks, from the start of today on.

    The past before is simulated in chunks of a month when somebody asks for it, in
    coarser steps; each chunk ends with the batteries as the next one finds them, so
    that counters and levels are continuous.
    """

    def __init__(self, spec: SiteSpec, clock: Clock, seed: int = 0) -> None:
        """Build a site as it stands now."""
        self.clock = clock
        self.local = LocalTime(ZoneInfo(spec.zone))
        self.controls = Timed(Controls())
        self.faults: list[Fault] = []
        self.dongles: dict[str, Dongle] = {}
        self._nature = self._make_nature(spec, seed)
        self.epoch = self.local.midnight(clock.timestamp() - _SETTLED)
        self._stored = {one.id: one.soc * one.capacity_kwh for one in spec.batteries}
        self._past: list[_Stretch] = []  # newest first
        self._live = [self._open(spec, self.epoch, self._stored)]
        self._live[0].segment.base = initial_counters(spec)

    # What is and was

    @property
    def spec(self) -> SiteSpec:
        """What stands there now."""
        return self._live[-1].spec

    def now(self) -> float:
        """Return the world's time in seconds since 1970."""
        return self.clock.timestamp()

    def sample(self, at: Instant = None) -> Sample:
        """Look at the site at an instant, now unless said otherwise."""
        when = self._when(at)
        stretch = self._stretch(when)
        return Sample(
            stretch.spec, Moment(stretch.segment, when), self.controls.at(when)
        )

    def truth(self, at: Instant = None) -> Energies:
        """Return the exact lifetime energies at an instant."""
        return self.sample(at).energies

    def powers(self, at: Instant = None) -> Powers:
        """Return the exact powers at an instant."""
        return self.sample(at).powers

    def temperature(self, at: Instant = None) -> float:
        """Return the air's temperature in degrees Celsius."""
        return self._nature.sky.temperature(self._when(at))

    def irradiance(self, at: Instant = None) -> float:
        """Return the sunshine on level ground in W per square metre."""
        return self._nature.sky.irradiance(self._when(at))

    # What the cloud has heard

    def attach(self, dongle: Dongle, *device_ids: str) -> Dongle:
        """Let a dongle upload for devices."""
        for device_id in device_ids:
            self.dongles[device_id] = dongle
        return dongle

    def last_upload(self, device_id: str, at: Instant = None) -> float | None:
        """Return when the data a cloud shows now were uploaded."""
        return self.dongles[device_id].last_upload(self._when(at))

    def uploaded(self, device_id: str, at: Instant = None) -> Sample | None:
        """Return the site as the device's newest upload saw it."""
        when = self.last_upload(device_id, at)
        return None if when is None else self.sample(when)

    def truth_at_last_upload(
        self, device_id: str, at: Instant = None
    ) -> Energies | None:
        """Return the exact energies at the device's newest upload."""
        sample = self.uploaded(device_id, at)
        return sample.energies if sample else None

    # What can be done to it, from now on

    def change(
        self,
        controls: Controls | None = None,
        *,
        since: float | None = None,
        **changes: object,
    ) -> None:
        """Change controls by name, or all of them: now, or since an instant after the last change."""
        now = self._rewind(since)
        fresh = controls or replace(self.controls.latest, **changes)  # type: ignore[arg-type]
        self.controls.set(now, fresh)
        self._live[-1].engine.controls = fresh

    def override_load(self, watts: float | None) -> None:
        """Let the house draw a fixed power, or live again."""
        self.change(load_w=watts)

    def set_soc(self, soc: float, battery_id: str | None = None) -> None:
        """Fill batteries by magic to a state of charge between 0 and 1."""
        stored = {
            one.id: soc * one.capacity_kwh
            for one in self.spec.batteries
            if battery_id in (None, one.id)
        }
        self._reopen(self.spec, stored)

    def charger(
        self, charger_id: str, *, since: float | None = None, **changes: object
    ) -> None:
        """Tell a charger something: mode, limit_a, gear_a, paused, plugged, car_needs_kwh."""
        controls = self.controls.latest
        told: ChargerControls = replace(controls.charger(charger_id), **changes)  # type: ignore[arg-type]
        self.change(chargers=controls.chargers | {charger_id: told}, since=since)

    def plug(self, charger_id: str, needs_kwh: float = 15.0) -> None:
        """Plug a car in that is `needs_kwh` short of full."""
        self.charger(charger_id, plugged=True, car_needs_kwh=needs_kwh)

    def unplug(self, charger_id: str) -> None:
        """Unplug the car, and keep the commuter's away too."""
        self.charger(charger_id, plugged=False)

    def stop(self, inverter_id: str, *, running: bool = False) -> None:
        """Stop an inverter, or start it again."""
        stopped = self.controls.latest.stopped - {inverter_id}
        self.change(stopped=stopped if running else stopped | {inverter_id})

    def fail(self, device_id: str, name: str, code: str, **told: Any) -> Fault:
        """Report a fault of a device, with any fields of it; an inverter stops with it."""
        if any(one.id == device_id for one in self.spec.inverters):
            self.stop(device_id)
        fault = Fault(device_id, name, code, self.now(), **told)
        self.faults.append(fault)
        return fault

    def repair(self, fault: Fault) -> None:
        """End a fault."""
        fault.until = self.now()
        if fault.device_id in self.controls.latest.stopped:
            self.stop(fault.device_id, running=True)

    def add_inverter(self, inverter: Inverter) -> None:
        """Install another inverter."""
        self._reopen(replace(self.spec, inverters=(*self.spec.inverters, inverter)), {})

    def add_charger(self, charger: Charger) -> None:
        """Install another charger."""
        self._reopen(replace(self.spec, chargers=(*self.spec.chargers, charger)), {})

    def remove(self, device_id: str) -> None:
        """Take an inverter (with its battery) or a charger away."""
        spec = self.spec
        self._reopen(
            replace(
                spec,
                inverters=tuple(one for one in spec.inverters if one.id != device_id),
                chargers=tuple(one for one in spec.chargers if one.id != device_id),
            ),
            {},
        )

    # Segments

    @staticmethod
    def _make_nature(spec: SiteSpec, seed: int) -> Nature:
        own = seed_of(seed, spec.seed, spec.id)
        local = LocalTime(ZoneInfo(spec.zone))
        habits = spec.habits
        return Nature(
            Sky(spec.latitude, spec.longitude, own),
            Household(own, local, habits.base_w, habits.peak_w),
            local,
            own,
        )

    def _when(self, at: Instant) -> float:
        if at is None:
            return self.clock.timestamp()
        return at.timestamp() if isinstance(at, datetime) else at

    def _open(
        self,
        spec: SiteSpec,
        start: float,
        stored: dict[str, float],
        target: Target | None = None,
    ) -> _Stretch:
        levels = {f"{LEVEL}{battery_id}": kwh for battery_id, kwh in stored.items()}
        segment = Segment(start, levels, column_names(spec))
        controls = Controls() if target else self.controls.latest
        return _Stretch(
            spec, segment, Engine(spec, self._nature, segment, controls, target)
        )

    def _stretch(self, at: float) -> _Stretch:
        if at < self.epoch:
            return self._past_stretch(at)
        number = bisect_right([one.segment.start for one in self._live], at) - 1
        stretch = self._live[number]
        if number == len(self._live) - 1 and at >= stretch.segment.end:
            stretch.engine.run(at, STEP)
        return stretch

    def _past_stretch(self, at: float) -> _Stretch:
        number = int((self.epoch - at - 1e-6) // PAST_CHUNK)
        if number >= PAST_CHUNKS:
            raise ValueError(f"The world of {self.spec.id} was not there yet")
        while len(self._past) <= number:
            self._past.append(self._relive(len(self._past)))
        return self._past[number]

    def _relive(self, number: int) -> _Stretch:
        """Simulate a chunk of the past that ends where the next younger one begins."""
        younger = self._past[-1] if self._past else self._live[0]
        end = self.epoch - number * PAST_CHUNK
        spec = self._live[0].spec
        stretch = self._open(
            spec, end - PAST_CHUNK, self._stored, Target(end, self._stored)
        )
        segment = stretch.segment
        key = (spec, self._nature.seed, end, tuple(self._stored.items()))
        if key in _lived:
            segment.share(_lived[key])
        else:
            stretch.engine.run(end, PAST_STEP)
            _lived[key] = segment
            if len(_lived) > KEPT_CHUNKS:
                _lived.popitem(last=False)
        segment.base = {
            name: younger.segment.base.get(name, 0.0) - segment.total(name)
            for name in column_names(spec)
        }
        return stretch

    def _rewind(self, since: float | None = None) -> float:
        """Simulate until now and forget what was simulated beyond; ``since`` is never before anything else changed."""
        now = self.clock.timestamp()
        if since is not None:
            changed = self.controls.since(now)
            now = min(now, max(since, changed + 1e-3, self._live[-1].segment.start))
        if now < self.epoch:
            raise ValueError("What is past cannot be changed")
        while self._live[-1].segment.start > now:
            self._live.pop()
        stretch = self._stretch(now)
        stretch.segment.cut(now)
        stretch.engine.controls = self.controls.at(now)
        return now

    def _reopen(self, spec: SiteSpec, stored: dict[str, float]) -> None:
        """Begin a segment now, with other devices or other levels."""
        now = self._rewind()
        last = self._live[-1].segment
        levels = {one.id: one.soc * one.capacity_kwh for one in spec.batteries}
        levels |= {
            one.id: last.total(f"{LEVEL}{one.id}")
            for one in self.spec.batteries
            if one.id in levels
        }
        fresh = self._open(spec, now, levels | stored)
        fresh.segment.base = last.reached()
        for charger_id, socket in last.sockets.items():
            if charger_id in fresh.segment.sockets:
                fresh.segment.sockets[charger_id] = socket.handed_over(
                    last.total(f"charger.{charger_id}"),
                    last.total(f"charging_s.{charger_id}"),
                )
        fresh = _Stretch(
            spec,
            fresh.segment,
            Engine(spec, self._nature, fresh.segment, self.controls.latest),
        )
        self._live.append(fresh)
