"""What nobody tells of a plant and is reckoned from what is told: what its battery holds and gives back, what its panels yield, which of them lag.

All of it is little: a few numbers a day. It is kept in a file of its own, which is written once a day; a restart loses what was seen since
midnight, and whatever rests on a whole day says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from ..cloud.model import (
    DeviceKind,
    Inventory,
    Plant,
    Quantity as Q,
    Reading,
    Slot,
    Value,
)
from ..cloud.serialization import Json, from_json
from ..cloud.storage import LATER, Storage
from .battery import BatteryHistory, BatterySample, Measured, Unknown
from .known_slots import KnownSlots
from .lagging import Lag, PartKey, PartsToday, PlantPowers, Siblings

SECTION: Final = "insights"

SOC: Final = Slot(Q.BATTERY_SOC)
CHARGED: Final = Slot(Q.BATTERY_CHARGE_ENERGY_TOTAL)
DISCHARGED: Final = Slot(Q.BATTERY_DISCHARGE_ENERGY_TOTAL)
BATTERY_POWER: Final = Slot(Q.BATTERY_POWER)
GRID_POWER: Final = Slot(Q.GRID_POWER)
PV_POWER: Final = Slot(Q.PV_POWER)
PV_TODAY: Final = Slot(Q.PV_ENERGY_TODAY)
PV_TOTAL: Final = Slot(Q.PV_ENERGY_TOTAL)
RATED_CAPACITY: Final = Slot(Q.BATTERY_CAPACITY)

OF_BATTERY: Final = (
    Q.TIME_TO_FULL,
    Q.TIME_TO_EMPTY,
    Q.BATTERY_USABLE_CAPACITY,
    Q.BATTERY_ROUND_TRIP_EFFICIENCY,
)
INSIGHTS: Final = frozenset({*OF_BATTERY, Q.SPECIFIC_YIELD})
"""What is told as numbers."""

PARTS: Final = (
    (Q.STRING_POWER, None),
    (Q.MPPT_POWER, None),
    (Q.STRING_CURRENT, Q.STRING_VOLTAGE),
    (Q.MPPT_CURRENT, Q.MPPT_VOLTAGE),
)
"""By what the parts of an inverter are told from each other, the finest first: a power, or what makes one."""
UNSEEN: Final = 0.2
"""kWh that may have been made between the last look at a day and the first at the next."""

type Part = tuple[Slot, Slot | None]
"""A power, or a current with its voltage."""


@dataclass(slots=True)
class YieldDay:
    """What the panels of a plant gave on a day, kWh."""

    date: int = 0
    """The day of the plant, as an ordinal."""
    begun: bool = False
    """Whether it was seen to begin."""
    today: float = 0.0
    total: float = 0.0
    """The counters at the last look."""
    last: float | None = None
    """What the day before came to, where all of it was seen."""

    def look(self, date: int, today: float, total: float) -> bool:
        """Take in the counters of today and of a life; return whether a day ended with it."""
        turned = date != self.date
        if turned:
            unseen = total - self.total - today
            follows = date == self.date + 1 and abs(unseen) <= UNSEEN
            whole = follows and self.begun
            self.last = self.today + max(0.0, unseen) if whole else None
            self.date, self.begun = date, follows
        self.today, self.total = today, total
        return turned


@dataclass(slots=True)
class PlantInsights:
    """What is known of one plant."""

    battery: BatteryHistory = field(default_factory=BatteryHistory)
    siblings: Siblings = field(default_factory=Siblings)
    parts: PartsToday = field(default_factory=PartsToday)
    yields: YieldDay = field(default_factory=YieldDay)
    unknown: dict[Q, Unknown] = field(default_factory=dict, init=False)
    """Why the rest is not."""
    untold: bool = field(default=False, init=False)
    """Whether a part told no power at the last look by day."""


@dataclass(frozen=True, slots=True)
class PlantLook:
    """One look at a plant: what is published of it, and what its devices say."""

    plant: Plant
    values: Mapping[Slot, Value]
    devices: Mapping[str, Reading]
    at: float
    """Epoch seconds of the newest of it."""
    date: int
    """The day of the plant, as an ordinal."""
    live: bool
    """Whether it is not too old to be called live."""

    def number(self, slot: Slot) -> float | None:
        """Return a number of the plant."""
        value = self.values.get(slot)
        return value if isinstance(value, float) else None


class Insights:
    """What is known of all plants of an account."""

    def __init__(self, storage: Storage, seen: KnownSlots) -> None:
        """Take up what the last run knew; ``seen`` tells which parts there are."""
        self._storage: Final = storage
        self._seen: Final = seen
        self._plants: Final = from_json(dict[str, PlantInsights], storage.load(SECTION))
        self._parts: Final[dict[str, dict[PartKey, Part]]] = {}
        self._turned = False

    def look_again(self) -> None:
        """Find the parts of plants anew: devices or their slots are others."""
        self._parts.clear()

    def look(self, look: PlantLook, inventory: Inventory) -> dict[Slot, Value]:
        """Take in what is published of a plant, and return what follows of it."""
        known = self._plants.setdefault(look.plant.id, PlantInsights())
        if look.live:
            turned = [
                self._look_at_battery(known.battery, look),
                self._look_at_parts(known, look, inventory),
                self._look_at_yield(known.yields, look),
            ]
            self._turned = self._turned or any(turned)
        found: dict[Q, float | Unknown] = {
            Q.SPECIFIC_YIELD: _specific_yield(known.yields, look.plant)
        }
        if known.battery.days:
            found |= _of_battery(known.battery, look, inventory)
        known.unknown = {
            quantity: value
            for quantity, value in found.items()
            if isinstance(value, Unknown)
        }
        return {
            Slot(quantity): value
            for quantity, value in found.items()
            if not isinstance(value, Unknown)
        }

    def _look_at_battery(self, battery: BatteryHistory, look: PlantLook) -> bool:
        soc, charged = look.number(SOC), look.number(CHARGED)
        discharged = look.number(DISCHARGED)
        if soc is None or charged is None or discharged is None:
            return False
        sample = BatterySample(
            look.at,
            soc,
            charged,
            discharged,
            look.number(BATTERY_POWER),
            look.number(GRID_POWER),
        )
        return battery.observe(sample, look.date)

    def _look_at_parts(
        self, known: PlantInsights, look: PlantLook, inventory: Inventory
    ) -> bool:
        if not look.number(PV_POWER):
            return False
        parts = self.parts_of_plant(look.plant.id, inventory)
        powers = {}
        for key, part in parts.items():
            power = _power(key, part, look.devices)
            known.untold = power is None
            if power is None:
                return False
            powers[key] = power
        if len(powers) < 2:
            return False
        around = PlantPowers(look.number(GRID_POWER), look.number(BATTERY_POWER))
        return known.siblings.observe(powers, around, look.at, look.date, known.parts)

    def _look_at_yield(self, yields: YieldDay, look: PlantLook) -> bool:
        today, total = look.number(PV_TODAY), look.number(PV_TOTAL)
        if today is None or total is None:
            return False
        return yields.look(look.date, today, total)

    def parts_of_plant(
        self, plant_id: str, inventory: Inventory
    ) -> dict[PartKey, Part]:
        """Return the parts of a plant that can be compared, which only other devices or slots change."""
        if (parts := self._parts.get(plant_id)) is None:
            parts = self._parts[plant_id] = {
                (device.id, part[0]): part
                for device in inventory.devices_of(plant_id)
                if device.kind is DeviceKind.INVERTER
                for part in parts_of(self._seen.slots(device.id))
            }
        return parts

    def applies(self, plant_id: str, inventory: Inventory) -> Iterable[Q]:
        """Yield what is, or will be, known of a plant."""
        slots = self._seen.slots(plant_id)
        if {SOC, CHARGED, DISCHARGED} <= slots:
            yield from OF_BATTERY
        if {PV_TODAY, PV_TOTAL} <= slots:
            yield Q.SPECIFIC_YIELD
        if len(self.parts_of_plant(plant_id, inventory)) > 1:
            yield Q.UNDERPERFORMING

    def lags(self, plant_id: str) -> list[Lag] | None:
        """Return the parts of a plant that lag, the worst first; ``None`` while that is not known."""
        known = self._plants.get(plant_id)
        return known.siblings.lags(known.parts.date) if known else None

    def learning(self, plant_id: str) -> dict[str, Json]:
        """Return why it is not known whether a part lags: how many days there are to compare with, or that the parts tell nothing."""
        known = self._plants.get(plant_id) or PlantInsights()
        reason = Unknown.NOT_TOLD if known.untold else Unknown.LEARNING
        return {"reason": str(reason), "days_learnt": len(known.siblings.usual)}

    def told(self, plant_id: str, quantity: Q) -> dict[str, Json]:
        """Return what a number rests on, or why there is none."""
        known = self._plants.get(plant_id) or PlantInsights()
        if (reason := known.unknown.get(quantity)) is not None:
            return {"reason": str(reason)}
        match quantity:
            case Q.BATTERY_USABLE_CAPACITY:
                return _rests_on(known.battery.known.capacity, "discharges")
            case Q.BATTERY_ROUND_TRIP_EFFICIENCY:
                return _rests_on(known.battery.known.efficiency, "cycles")
            case Q.TIME_TO_FULL:
                return {"target_soc": known.battery.known.top}
            case Q.TIME_TO_EMPTY:
                return {"target_soc": known.battery.known.bottom}
            case _ if known.yields.last is None:
                return {"reason": str(Unknown.NOT_SEEN_WHOLE)}
            case _:
                return {"date": date.fromordinal(known.yields.date - 1).isoformat()}

    def save(self) -> None:
        """Keep it where a day has ended."""
        if self._turned:
            self._turned = False
            self._storage.delay_save(SECTION, lambda: self._plants, LATER)


def parts_of(slots: Iterable[Slot]) -> list[Part]:
    """Return by what slots the parts of an inverter are told from each other; one that tells of none is a part itself."""
    known = frozenset(slots)
    for quantity, beside in PARTS:
        found: list[Part] = [
            (slot, None if beside is None else Slot(beside, slot.index))
            for slot in sorted(known)
            if slot.quantity is quantity
            and (beside is None or Slot(beside, slot.index) in known)
        ]
        if len(found) > 1:
            return found
    if PV_POWER in known:
        return [(PV_POWER, None)]
    stores = any("battery" in slot.quantity for slot in known)
    ac_power = Slot(Q.AC_POWER)
    return [(ac_power, None)] if ac_power in known and not stores else []


def _power(key: PartKey, part: Part, devices: Mapping[str, Reading]) -> float | None:
    """Return what a part gives, W; ``None`` where it is not told."""
    if (reading := devices.get(key[0])) is None:
        return None
    slot, beside = part
    power = reading.values.get(slot)
    if not isinstance(power, float):
        return None
    if beside is None:
        return max(0.0, power)
    volts = reading.values.get(beside)
    return max(0.0, power * volts) if isinstance(volts, float) else None


def _of_battery(
    battery: BatteryHistory, look: PlantLook, inventory: Inventory
) -> dict[Q, float | Unknown]:
    """Return what is known of a battery, and how long it lasts."""
    known = battery.known
    found: dict[Q, float | Unknown] = {
        Q.BATTERY_USABLE_CAPACITY: _rounded(known.capacity, 1, 2),
        Q.BATTERY_ROUND_TRIP_EFFICIENCY: _rounded(known.efficiency, 100, 1),
    }
    if (soc := look.number(SOC)) is None:
        return found

    def rated() -> float | None:
        return _rated(look, inventory)

    found[Q.TIME_TO_FULL] = battery.time_to(known.top, soc, rated)
    found[Q.TIME_TO_EMPTY] = battery.time_to(known.bottom, soc, rated)
    return found


def _rounded(
    measured: Measured | Unknown, factor: float, digits: int
) -> float | Unknown:
    if isinstance(measured, Unknown):
        return measured
    return round(factor * measured.value, digits)


def _rests_on(measured: Measured | Unknown, what: str) -> dict[str, Json]:
    if isinstance(measured, Unknown):
        return {"reason": str(measured)}
    return {what: round(measured.rests_on, 1), "days": measured.days}


def _rated(look: PlantLook, inventory: Inventory) -> float | None:
    """Return the kWh that a plant's batteries are told to hold; ``None`` where one of them tells none."""
    held = [
        device.capacity or _told_capacity(look.devices.get(device.id))
        for device in inventory.devices_of(look.plant.id)
        if device.kind is DeviceKind.BATTERY
    ]
    told = [each for each in held if isinstance(each, float)]
    return sum(told) if told and len(told) == len(held) else look.number(RATED_CAPACITY)


def _told_capacity(reading: Reading | None) -> Value | None:
    return reading.values.get(RATED_CAPACITY) if reading else None


def _specific_yield(yields: YieldDay, plant: Plant) -> float | Unknown:
    """Return what each kWp gave on the day before, kWh."""
    if plant.pv_capacity is None:
        return Unknown.NO_INSTALLED_POWER
    if yields.last is None:
        return Unknown.NOT_SEEN_WHOLE
    return round(1000 * yields.last / plant.pv_capacity, 2)
