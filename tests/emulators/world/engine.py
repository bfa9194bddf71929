"""The physics: one step of sun, house, car, battery and grid."""

from dataclasses import dataclass

from .charging import Commuter, Socket, WallBox
from .household import Household, LocalTime
from .segment import LEVEL, Segment
from .spec import Battery, Controls, Inverter, SiteSpec
from .sun import Direction, Sky

_JOULES_PER_KWH = 3.6e6
_PERFORMANCE = 0.86  # dirt, heat and cables between module and tracker
_STEERING_S = 6 * 3600.0

type Light = tuple[Direction, float, float] | None


@dataclass(frozen=True)
class Nature:
    """What a site cannot choose: sky, habits, clock on the wall."""

    sky: Sky
    household: Household
    local: LocalTime
    seed: int


@dataclass(frozen=True)
class Target:
    """Levels that the batteries have to meet at an instant."""

    at: float
    stored: dict[str, float]


def column_names(spec: SiteSpec) -> list[str]:
    """Name the running sums of a site."""
    names = ["load", "import", "export", "loss"]
    for inverter in spec.inverters:
        names += [
            f"pv.{inverter.id}.{number}" for number in range(len(inverter.arrays))
        ]
        names += [f"ac_out.{inverter.id}", f"ac_in.{inverter.id}"]
    for battery in spec.batteries:
        names += [f"charge.{battery.id}", f"discharge.{battery.id}"]
    for charger in spec.chargers:
        names += [f"charger.{charger.id}", f"charging_s.{charger.id}"]
    return names


class _Unit:
    """An inverter with its columns looked up."""

    def __init__(self, spec: Inverter, segment: Segment) -> None:
        self.spec = spec
        self.arrays = [
            (array.normal, array.peak_w, segment.index[f"pv.{spec.id}.{number}"])
            for number, array in enumerate(spec.arrays)
        ]
        self.ac_out = segment.index[f"ac_out.{spec.id}"]
        self.ac_in = segment.index[f"ac_in.{spec.id}"]
        self.battery = spec.battery
        if spec.battery:
            self.charge = segment.index[f"charge.{spec.battery.id}"]
            self.discharge = segment.index[f"discharge.{spec.battery.id}"]
            self.stored = segment.index[f"{LEVEL}{spec.battery.id}"]


class Engine:
    """Carries one segment forward."""

    def __init__(
        self,
        spec: SiteSpec,
        nature: Nature,
        segment: Segment,
        controls: Controls,
        target: Target | None = None,
    ) -> None:
        """Work on a segment under controls that may be replaced between runs."""
        self.controls = controls
        self._nature = nature
        self._segment = segment
        self._target = target
        self._units = [_Unit(one, segment) for one in spec.inverters]
        self._rated_w = sum(one.rated_w for one in spec.inverters)
        self._storage_kwh = sum(one.capacity_kwh for one in spec.batteries)
        self._boxes = []
        for number, charger in enumerate(spec.chargers):
            socket = segment.sockets.setdefault(charger.id, Socket())
            driver = (
                Commuter(nature.seed + number, nature.local)
                if charger.commuter
                else None
            )
            self._boxes.append(
                (
                    charger.id,
                    WallBox(charger, socket, driver),
                    segment.index[f"charger.{charger.id}"],
                    segment.index[f"charging_s.{charger.id}"],
                )
            )
        self._row: list[float] = []

    def run(self, until: float, step: float) -> None:
        """Simulate beyond an instant, in steps on a grid of whole multiples."""
        self._row = self._segment.last()
        at = self._segment.end
        while at <= until:
            end = (at // step + 1) * step
            if self._target and end > self._target.at:
                end = self._target.at
            self._advance(at, end - at)
            self._segment.append(end, self._row)
            at = end
            if self._target and at >= self._target.at:
                return

    def _advance(self, at: float, seconds: float) -> None:
        hours = seconds / _JOULES_PER_KWH  # kWh per watt in this step
        controls = self.controls
        light = self._nature.sky.shine(at, controls.clearness)
        solar = [self._generate(unit, light) for unit in self._units]
        supply = sum(
            sum(watts) * unit.spec.efficiency
            for unit, watts in zip(self._units, solar, strict=True)
        )
        load = controls.load_w
        if load is None:
            load = self._nature.household.load_w(at)
        demand = load + self._charge_cars(at, seconds, supply - load)
        ac = self._convert(at, seconds, solar, demand, supply)
        grid = demand - ac
        row = self._row
        row[0] += load * hours
        if grid > 0:
            row[1] += grid * hours
        else:
            row[2] -= grid * hours

    def _generate(self, unit: _Unit, light: Light) -> list[float]:
        if light is None or unit.spec.id in self.controls.stopped:
            return [0.0] * len(unit.arrays)
        (east, north, up), beam, diffuse = light
        watts = []
        for normal, peak_w, _ in unit.arrays:
            facing = normal[0] * east + normal[1] * north + normal[2] * up
            shine = beam * facing + diffuse if facing > 0.0 else diffuse
            watts.append(peak_w * _PERFORMANCE * min(shine, 1.15))
        return watts

    def _charge_cars(self, at: float, seconds: float, surplus: float) -> float:
        drawn = 0.0
        for charger_id, box, energy, charging in self._boxes:
            told = self.controls.charger(charger_id)
            watts = box.draw_w(
                at, told, surplus - drawn, self._row[energy], self._row[charging]
            )
            if watts > 0.0:
                self._row[energy] += watts * seconds / _JOULES_PER_KWH
                self._row[charging] += seconds
                drawn += watts
        return drawn

    def _convert(
        self,
        at: float,
        seconds: float,
        solar: list[list[float]],
        demand: float,
        supply: float,
    ) -> float:
        """Run all inverters and return what they send to the house (or draw, negative)."""
        limit = self.controls.export_limit_w
        total = 0.0
        for unit, watts in zip(self._units, solar, strict=True):
            battery_w = self._battery_w(unit, at, seconds, demand - supply)
            direct = sum(watts) + battery_w
            ceiling = (
                unit.spec.rated_w * self.controls.power_share / unit.spec.efficiency
            )
            if limit is not None:
                share = unit.spec.rated_w / self._rated_w
                ceiling = min(ceiling, (demand + limit) * share / unit.spec.efficiency)
            if direct > ceiling:
                battery_w, watts = _throttle(battery_w, watts, direct - ceiling)
            total += self._book(unit, watts, battery_w, seconds)
        return total

    def _battery_w(
        self, unit: _Unit, at: float, seconds: float, deficit: float
    ) -> float:
        """Return the battery's power within its limits, positive when it discharges."""
        battery = unit.battery
        if battery is None or unit.spec.id in self.controls.stopped:
            return 0.0
        stored = self._row[unit.stored]
        share = battery.capacity_kwh / self._storage_kwh
        wish = deficit / unit.spec.efficiency * share
        steered = self._target is not None and at >= self._target.at - _STEERING_S
        if self._target and steered:
            wish = _steered(battery, self._target, stored, at)
        elif self.controls.battery_w is not None:
            wish = self.controls.battery_w * share
        per_kwh = _JOULES_PER_KWH / seconds
        if wish > 0:
            floor = 0.0 if steered else self.controls.min_soc * battery.capacity_kwh
            return min(
                wish,
                _least(battery.discharge_w, self.controls.discharge_w),
                max(0.0, stored - floor) * battery.efficiency * per_kwh,
            )
        room = self.controls.max_soc * battery.capacity_kwh - stored
        return -min(
            -wish,
            _least(battery.charge_w, self.controls.charge_w),
            max(0.0, room) / battery.efficiency * per_kwh,
        )

    def _book(
        self, unit: _Unit, watts: list[float], battery_w: float, seconds: float
    ) -> float:
        row, hours = self._row, seconds / _JOULES_PER_KWH
        direct = battery_w
        for (_, _, column), power in zip(unit.arrays, watts, strict=True):
            row[column] += power * hours
            direct += power
        if unit.battery and battery_w > 0:
            row[unit.discharge] += battery_w * hours
            row[unit.stored] -= battery_w * hours / unit.battery.efficiency
        elif unit.battery and battery_w < 0:
            row[unit.charge] -= battery_w * hours
            row[unit.stored] -= battery_w * hours * unit.battery.efficiency
        if direct > 0:
            ac = direct * unit.spec.efficiency
            row[unit.ac_out] += ac * hours
        else:
            ac = direct / unit.spec.efficiency
            row[unit.ac_in] -= ac * hours
        row[3] += (direct - ac) * hours
        return ac


def _least(own: float, told: float | None) -> float:
    return own if told is None else min(own, told)


def _throttle(
    battery_w: float, watts: list[float], excess: float
) -> tuple[float, list[float]]:
    """Take power away: first from a discharging battery, then from the modules."""
    spared = min(excess, max(0.0, battery_w))
    sun = sum(watts)
    rest = excess - spared
    scale = max(0.0, 1.0 - rest / sun) if sun > 0 else 0.0
    return battery_w - spared, [power * scale for power in watts]


def _steered(battery: Battery, target: Target, stored: float, at: float) -> float:
    missing = target.stored[battery.id] - stored
    wish = (
        -missing / battery.efficiency if missing > 0 else -missing * battery.efficiency
    )
    return wish * _JOULES_PER_KWH / (target.at - at)
