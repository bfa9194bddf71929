"""The filters of an account's lifetime counters: one per slot, told what else is known of its energy and when its hardware was replaced."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from ..cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Quantity as Q,
    Reading,
    Slot,
    Value,
)
from ..cloud.points import total
from ..cloud.serialization import from_json
from ..cloud.storage import LATER, SOON, Storage
from .counter_filter import DUSK, CounterFilter
from .growth import HIDDEN, Evidence
from .held import Decision, Held, HeldBecause

type Addend = tuple[str, str]
"""Plant or device, and the key of one of its counters."""

MOST_DECISIONS: Final = 100
GUARDS: Final = "guards"
SERIALS: Final = "serials"


STEMS: Final[Mapping[Q, str]] = {each: each.partition("_energy_")[0] for each in Q}


def stem(quantity: Q) -> str:
    """Name what an energy is about: ``pv`` of ``pv_energy_today``."""
    return STEMS[quantity]


SOLAR: Final = frozenset({"pv", "ac", "mppt", "pv_charge", "pv_export", "direct_use"})
"""What a device's or a plant's rating bounds: its own production."""
POWERS: Final[Mapping[str, Q]] = {
    "pv": Q.PV_POWER,
    "mppt": Q.MPPT_POWER,
    "ac": Q.AC_POWER,
    "grid_import": Q.GRID_IMPORT_POWER,
    "grid_export": Q.GRID_EXPORT_POWER,
    "battery_charge": Q.BATTERY_CHARGE_POWER,
    "battery_discharge": Q.BATTERY_DISCHARGE_POWER,
    "load": Q.LOAD_POWER,
    "charger": Q.CHARGER_POWER,
}
"""The power each energy adds up."""
AROUND: Final[Mapping[str, tuple[Slot, ...]]] = {
    "battery_charge": (Slot(Q.PV_POWER), Slot(Q.GRID_IMPORT_POWER)),
    "battery_discharge": (Slot(Q.LOAD_POWER), Slot(Q.GRID_EXPORT_POWER)),
    "grid_export": (Slot(Q.PV_POWER), Slot(Q.BATTERY_DISCHARGE_POWER)),
    "grid_import": (Slot(Q.LOAD_POWER), Slot(Q.BATTERY_CHARGE_POWER)),
}
"""The powers of a plant that together bound what flows: nothing comes out that did not come in."""
SHARES: Final[Mapping[Q, Q]] = {
    lifetime: today
    for lifetime in Q
    if lifetime.is_counter
    and (today := next((q for q in Q if q == f"{stem(lifetime)}_energy_today"), None))
}
"""The counter of today beside each lifetime counter that has one."""
GENERATED: Final = frozenset({"grid_export", "battery_charge"})
"""What no kettle draws: it cannot flow unseen unless something around it does."""
SUNLIT: Final = frozenset({"pv", "mppt", "pv_charge", "pv_export", "direct_use"})
"""What is nothing while the sun is down."""
CONNECTION: Final = frozenset({"grid_import", "grid_export"})
"""What a plant has in one place: an inverter that waits counts it by the meter, and shows no power of it."""
STORED: Final = frozenset({"battery_charge", "battery_discharge"})


RATED: Final[Mapping[DeviceKind, frozenset[str]]] = {
    DeviceKind.INVERTER: SOLAR | STORED,
    DeviceKind.BATTERY: STORED,
}
"""What the rating of a device bounds; a charger's bounds all it counts."""


def bound(quantity: Q, device_id: str, inventory: Inventory) -> float | None:
    """Return the W that bound an energy, ``None`` when its owner's rating says nothing about it.

    What flows through the grid connection or into the house does not depend on the rating of the inverter that measures it.
    """
    about = stem(quantity)
    if (device := inventory.devices.get(device_id)) is not None:
        rated = device.kind is DeviceKind.CHARGER or about in RATED.get(device.kind, ())
        return device.rated_power if rated else None
    plant = inventory.plants.get(device_id)
    return plant.pv_capacity if plant and about in {"pv", "mppt"} else None


@dataclass(frozen=True, slots=True)
class CounterTraits:
    """What is always so of an energy."""

    power: Slot | None
    """The power it adds up."""
    around: tuple[Slot, ...]
    """The powers that bound it together."""
    today: Slot | None
    """The counter of today beside a lifetime counter."""
    sunlit: bool
    generated: bool
    of_connection: bool


@cache
def traits(slot: Slot) -> CounterTraits:
    """Look at the energy in a slot once: each poll asks for all of this."""
    about, today = stem(slot.quantity), SHARES.get(slot.quantity)
    power = POWERS.get(about)
    return CounterTraits(
        power=None if power is None else Slot(power, slot.index),
        around=AROUND.get(about, ()),
        today=None if today is None else Slot(today, slot.index),
        sunlit=about in SUNLIT,
        generated=about in GENERATED,
        of_connection=about in CONNECTION,
    )


def power_of(slot: Slot, values: Mapping[Slot, Value]) -> float | None:
    """Return the W behind an energy in the same reading, never negative; ``None`` when nobody measures it."""
    if (measured := traits(slot).power) is None:
        return None
    power: Value | None = values.get(measured)
    if power is None and measured.quantity is Q.PV_POWER:
        power = total(values, Q.MPPT_POWER)
    return max(0.0, power) if isinstance(power, float) else None


@dataclass(frozen=True, slots=True)
class FilterContext:
    """What surrounds the counters of one plant in a poll."""

    inventory: Inventory
    powers: Mapping[Slot, Value]
    """The plant's powers."""
    date: int
    dark_since: float | None
    glitch: bool = False
    """Whether a counter of the plant shows what cannot be: then no other's step of this poll is trusted because it was possible."""

    def idle_since(self, slot: Slot) -> float | None:
        """Return since when nothing can flow."""
        return self.dark_since if traits(slot).sunlit else None

    def evidence(self, device_id: str, slot: Slot, reading: Reading) -> Evidence:
        """Return what else is known about the energy of a lifetime counter."""
        known, beside = traits(slot), None
        if known.today is not None and known.today not in reading.slow:
            beside = reading.values.get(known.today)
        power = power_of(slot, reading.values)
        if power is None and (
            known.of_connection or device_id in self.inventory.plants
        ):
            power = power_of(slot, self.powers)
        ceiling, idle_since = self._ceiling(known), self.idle_since(slot)
        hidden = HIDDEN if idle_since is None else 0.0
        if known.generated and ceiling is not None:
            hidden = min(hidden, ceiling)
        return Evidence(
            power=power,
            ceiling=ceiling,
            hidden=hidden,
            limit=bound(slot.quantity, device_id, self.inventory),
            sibling=beside if isinstance(beside, float) else None,
            date=self.date,
            idle_since=idle_since,
            dated=reading.measured_at is not None,
            glitch=self.glitch,
        )

    def _ceiling(self, known: CounterTraits) -> float | None:
        """Return the W that can flow at most by the powers measured around an energy; ``None`` unless all are."""
        around = [self.powers.get(each) for each in known.around]
        bounds = [each for each in around if isinstance(each, float)]
        return sum(bounds) if bounds and len(bounds) == len(around) else None


class CounterFilters:
    """All filters of an account."""

    def __init__(self, storage: Storage) -> None:
        """Take up the filters of the last run."""
        self._storage: Final = storage
        self._filters: Final = from_json(
            dict[str, dict[Slot, CounterFilter]], storage.load(GUARDS)
        )
        self._named: Final = {
            (device_id, slot.key): each
            for device_id, filters in self._filters.items()
            for slot, each in filters.items()
        }
        self._serials: Final = from_json(dict[str, str], storage.load(SERIALS))
        self._untold: Final[set[Addend]] = set()
        self._asleep: Final[set[Addend]] = set()
        """Counters that were heard until the dark, in which they count nothing."""
        self._because: Final[dict[Addend, HeldBecause]] = {}
        self._decided = False
        """Whether a counter was given another zero or a held value was believed since it was saved: no poll tells that again."""
        self.decisions: Final[deque[Decision]] = deque(maxlen=MOST_DECISIONS)
        """The last of this run, for diagnostics."""

    def note_serial(self, device: Device) -> None:
        """Expect other counters where the hardware behind an id was replaced."""
        if not device.serial:
            return
        before = self._serials.get(device.id)
        if before == device.serial:
            return
        if before is not None:
            for each in self._filters.get(device.id, {}).values():
                each.renew()
            self._decided = True
        self._serials[device.id] = device.serial
        self._storage.delay_save(SERIALS, lambda: self._serials)

    def evidence(
        self, device_id: str, reading: Reading, context: FilterContext
    ) -> dict[Slot, Evidence]:
        """Return what else is known about the energy of each counter that an owner tells now, or told before."""
        for slot, raw in reading.values.items():
            if slot.quantity.is_counter and isinstance(raw, float):
                if slot not in self._filters.setdefault(device_id, {}):
                    self._add(device_id, slot, CounterFilter())
        return {
            slot: context.evidence(device_id, slot, reading)
            for slot in self._filters.get(device_id, ())
        }

    def is_denied(
        self,
        device_id: str,
        reading: Reading,
        at: float,
        evidence: Mapping[Slot, Evidence],
    ) -> bool:
        """Whether a counter of a reading shows what cannot be."""
        return any(
            each.is_denied(raw, at, evidence[slot])
            for slot, each in self._filters.get(device_id, {}).items()
            if isinstance(raw := reading.values.get(slot), float)
        )

    def observe(
        self,
        device_id: str,
        reading: Reading,
        at: float,
        evidence: Mapping[Slot, Evidence],
        *,
        again: bool = False,
    ) -> dict[Slot, float]:
        """Take in a reading and return what to publish of its lifetime counters.

        One that is shown ``again`` says nothing but where a counter was never met.
        """
        published: dict[Slot, float] = {}
        for slot, each in self._filters.get(device_id, {}).items():
            raw, value = reading.values.get(slot), each.value
            if isinstance(raw, float) and not (again and value is not None):
                offset = each.offset
                value = each.observe(raw, at, evidence[slot])
                self._decided = self._decided or each.offset != offset
                self._note_decision((device_id, slot.key), each, raw, at)
            if raw is None:
                if not again:
                    each.witness(at, evidence[slot])
            elif value is not None:
                published[slot] = value
            self._note_sleep((device_id, slot.key), each, evidence[slot].idle_since)
        return published

    def _note_decision(
        self, addend: Addend, each: CounterFilter, raw: float, at: float
    ) -> None:
        """Note that a counter is held, or no longer, or by another rule."""
        held = each.why_held()
        because, before = held.because if held else None, self._because.get(addend)
        if because is before:
            return
        self.decisions.append(Decision(at, *addend, because, raw, each.value))
        if because is None:
            del self._because[addend]
            self._decided = True
        else:
            self._because[addend] = because

    def _note_sleep(
        self, addend: Addend, each: CounterFilter, since: float | None
    ) -> None:
        if since is not None and each.at >= since - DUSK:
            self._asleep.add(addend)
        else:
            self._asleep.discard(addend)

    def _add(self, device_id: str, slot: Slot, found: CounterFilter) -> CounterFilter:
        """Keep a filter by its owner and by its name."""
        self._filters.setdefault(device_id, {})[slot] = found
        self._named[device_id, slot.key] = found
        return found

    def value(self, device_id: str, slot: Slot) -> float | None:
        """Return what was published last."""
        found = self._filters.get(device_id, {}).get(slot)
        return found.value if found else None

    def is_coarse(self, addend: Addend, finest: float) -> bool:
        """Whether a counter moves in steps larger than ``finest`` kWh."""
        found = self._named.get(addend)
        return found is not None and found.step > finest

    def overcounted(self, addend: Addend) -> float:
        """Return the kWh a counter is published with that proved to be none."""
        found = self._named.get(addend)
        return found.overcounted if found else 0.0

    def is_doubted(self, addend: Addend) -> bool:
        """Whether a counter's latest value is not published as it is, is stuck, or may be that of before an outage."""
        found = self._named.get(addend)
        return found is not None and (
            (found.holds and not found.ahead)
            or found.value is None
            or found.back is not None
            or found.stuck
        )

    def is_current(self, addend: Addend, since: float) -> bool:
        """Whether a counter was made after an instant or sleeps since it was, and is published as it is."""
        found = self._named.get(addend)
        if found is None or addend in self._asleep:
            return not self.is_doubted(addend)
        young = found.heard is not None and found.heard >= since
        return young and addend not in self._untold and not self.is_doubted(addend)

    def hold(self, device_id: str, values: dict[Slot, Value]) -> None:
        """Fill in the counters that are not told now: each keeps its value."""
        for slot, each in self._filters.get(device_id, {}).items():
            self._untold.discard((device_id, slot.key))
            if slot not in values and each.value is not None:
                values[slot] = each.value
                self._untold.add((device_id, slot.key))

    def is_holding(self, addend: Addend) -> bool:
        """Whether the latest value of a counter was held back or may be an old one, or there was none."""
        return addend in self._untold or (
            addend in self._named and self.is_doubted(addend)
        )

    def held(self) -> Mapping[tuple[str, Slot], Held]:
        """Return why counters are not published as they were told."""
        return {
            (device_id, slot): held
            for device_id, filters in self._filters.items()
            for slot, each in filters.items()
            if (held := self._why_held((device_id, slot.key), each)) is not None
        }

    def _why_held(self, addend: Addend, each: CounterFilter) -> Held | None:
        held = each.why_held()
        if held is None and addend in self._untold:
            return Held(HeldBecause.NOT_TOLD, each.heard)
        return held

    def rejected(self) -> Mapping[tuple[str, Slot], int]:
        """Return how many values each filter held back."""
        return {
            (device_id, slot): each.rejected
            for device_id, filters in self._filters.items()
            for slot, each in filters.items()
            if each.rejected
        }

    def count(self, owner_ids: Collection[str]) -> float:
        """Return how many values all filters of some owners held back."""
        return 1.0 * sum(
            each.rejected
            for device_id in owner_ids
            for each in self._filters.get(device_id, {}).values()
        )

    def save(self) -> None:
        """Keep it all, soon where something was decided."""
        delay, self._decided = SOON if self._decided else LATER, False
        self._storage.delay_save(GUARDS, lambda: self._filters, delay)
