"""One device's answer to a reading: absent things left out, sums made, corrections applied."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Final

from ..catalogue import PickedPoints
from ..corrections import (
    POWERS,
    DeviceCorrection,
    PowerUnit,
    reported_unit,
    scale_powers,
    swap_direction,
)
from ..model import Quantity, Reading, Slot, Unit, Value
from ..points import decode, number, total
from ..serialization import from_json, to_json
from ..storage import Json, Storage
from . import models
from .inventory import DeviceRow
from .points import TABLES
from .states import DARK

SECTION: Final = "fusionsolar_traits"
OFFLINE: Final = "offline"

HOLLOW: Final = frozenset(
    {
        Quantity.STRING_VOLTAGE,
        Quantity.STRING_CURRENT,
        Quantity.PHASE_VOLTAGE,
        Quantity.PHASE_CURRENT,
        Quantity.LINE_VOLTAGE,
        Quantity.PV_ENERGY_TOTAL,
        Quantity.MPPT_ENERGY_TOTAL,
        Quantity.TARIFF_IMPORT_ENERGY_TOTAL,
        Quantity.TARIFF_EXPORT_ENERGY_TOTAL,
        Quantity.SECOND_GRID_POWER,
        Quantity.SECOND_GRID_IMPORT_ENERGY_TOTAL,
        Quantity.SECOND_GRID_EXPORT_ENERGY_TOTAL,
        Quantity.BATTERY_SOH,
    }
)
"""Reported as 0 where nothing is connected: left out until they were ever more."""

LINE: Final = Slot(Quantity.LINE_VOLTAGE, 1)
PHASE: Final = Slot(Quantity.PHASE_VOLTAGE, 1)
HALF: Final = (0.45, 0.55)
"""What a single-phase inverter's first phase is of its only voltage; of three phases it is 0.58 [seen]."""

UNITS: Final = {PowerUnit.WATT: Unit.WATT, PowerUnit.KILOWATT: Unit.KILOWATT}

VOTES: Final = 3
"""Samples in a row that must agree on a meter's unit."""
LEAST_AMPERES: Final = 0.5
LEAST_POWER_FACTOR: Final = 0.3
"""Below these, power says too little about volts times amperes."""


class UnitGuess:
    """Whether a grid meter (type 17) reports kW, as it did before version 24.7: found out from volts times amperes, then kept."""

    def __init__(self, votes: int = 0) -> None:
        """Begin undecided; negative votes are for W."""
        self.votes = votes

    @property
    def kilowatts(self) -> bool:
        """The verdict; W until there is one."""
        return self.votes >= VOTES

    def look(self, items: Mapping[str, object]) -> bool:
        """Take a sample into account; whether it changed anything."""
        if abs(self.votes) >= VOTES:
            return False
        match _grid_meter_unit(items):
            case PowerUnit.WATT:
                self.votes = min(self.votes, 0) - 1
            case PowerUnit.KILOWATT:
                self.votes = max(self.votes, 0) + 1
            case _:
                return False
        return True


def _grid_meter_unit(items: Mapping[str, object]) -> PowerUnit | None:
    """Tell a grid meter's unit from volts, amperes and power factor, where they say enough."""
    power, factor = number(items.get("active_power")), number(items.get("power_factor"))
    amperes = [number(items.get(f"{phase}_i")) or 0.0 for phase in "abc"]
    volts = [number(items.get(f"{phase}_u")) or 0.0 for phase in "abc"]
    line = number(items.get("ab_u")) or 0.0
    if (
        power is None
        or factor is None
        or abs(factor) < LEAST_POWER_FACTOR
        or max(map(abs, amperes)) < LEAST_AMPERES
    ):
        return None
    if not all(volts) and line > 0:
        volts = [line / sqrt(3)] * 3
    apparent = sum(abs(u * i) for u, i in zip(volts, amperes, strict=True))
    return reported_unit(power, apparent * factor)


def corrected(
    values: dict[Slot, Value], device_type: int, correction: DeviceCorrection
) -> dict[Slot, Value]:
    """Return decoded values in the unit and direction the user says, or that were found out."""
    if correction.unit is not None:
        factor = UNITS[correction.unit].factor / _native(device_type).factor
        values = scale_powers(values, factor)
    return swap_direction(values) if correction.swap_direction else values


def _native(device_type: int) -> Unit:
    """Return the unit the table gives a type's powers."""
    return next(
        point.unit
        for point in TABLES[device_type].points
        if point.quantity in POWERS and point.unit is not None
    )


@dataclass(frozen=True, slots=True)
class Traits:
    """What outlives restarts, by device: slots that were ever more than 0, and votes on a meter's unit."""

    alive: dict[str, set[str]] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)


class FusionSolarDecoder:
    """Decodes devices, and remembers what is particular to each."""

    def __init__(self, storage: Storage) -> None:
        """Take up the memory of the last run."""
        self._storage: Final = storage
        kept = from_json(Traits, storage.load(SECTION))
        self._alive: Final = kept.alive
        self._guesses: Final = {
            device_id: UnitGuess(votes) for device_id, votes in kept.units.items()
        }
        self.corrections: Mapping[str, DeviceCorrection] = {}
        self.unmapped: dict[int, set[str]] = {}
        self.picked: PickedPoints = {}

    def decode(
        self,
        key: str,
        row: DeviceRow,
        items: Mapping[str, Json],
        more: Collection[str] = (),
    ) -> Reading | str:
        """Return the reading, with ``more`` of what is picked; or why there is none."""
        if (
            number(items.get("run_state")) == 0
            or number(items.get("meter_status")) == 0
        ):
            return OFFLINE
        flat = {
            name: raw for name, raw in items.items() if not isinstance(raw, dict | list)
        }
        decoded = decode(
            TABLES[row.type],
            flat,
            asleep=number(flat.get("inverter_state")) == DARK,
            picked=(*self.picked.get(str(row.type), ()), *more),
        )
        self.unmapped.setdefault(row.type, set()).update(decoded.unmapped)
        if row.type in models.INVERTERS and _mend_single_phase(decoded.values):
            self._alive.setdefault(key, set()).discard(LINE.key)
        self._drop_hollow(key, decoded.values)
        if row.type in models.INVERTERS:
            self._add_sums(key, decoded.values)
            if row.optimizers:
                decoded.values[Slot(Quantity.OPTIMIZER_COUNT)] = float(row.optimizers)
        decoded.values |= packs(items.get("battery_unit_info"))
        if (correction := self._correction(key, row, flat)) is not None:
            decoded.values = corrected(decoded.values, row.type, correction)
        return decoded.reading(None)

    def _drop_hollow(self, key: str, values: dict[Slot, Value]) -> None:
        alive = self._alive.setdefault(key, set())
        known = len(alive)
        for slot, value in list(values.items()):
            if slot.quantity in HOLLOW:
                if value != 0:
                    alive.add(slot.key)
                elif slot.key not in alive:
                    del values[slot]
        if len(alive) > known:
            self._storage.delay_save(SECTION, self._as_json)

    def _add_sums(self, key: str, values: dict[Slot, Value]) -> None:
        """Add the DC energy of all trackers, when each that ever counted is there, and keep PV power from going below zero."""
        alive = self._alive[key]
        pv = Slot(Quantity.PV_ENERGY_TOTAL)
        trackers = {
            slot.key for slot in values if slot.quantity is Quantity.MPPT_ENERGY_TOTAL
        }
        prefix = f"{Quantity.MPPT_ENERGY_TOTAL}_"
        if pv.key not in alive and trackers >= {
            each for each in alive if each.startswith(prefix)
        }:
            energy = total(values, Quantity.MPPT_ENERGY_TOTAL)
            if energy is not None:
                values[pv] = round(energy, 6)
        power = values.get(Slot(Quantity.PV_POWER))
        if isinstance(power, float) and power < 0:
            values[Slot(Quantity.PV_POWER)] = 0.0

    def _correction(
        self, key: str, row: DeviceRow, items: Mapping[str, Json]
    ) -> DeviceCorrection | None:
        """Return the user's correction, and where it leaves the unit open, the unit found out."""
        asked = self.corrections.get(key)
        if row.type != models.GRID_METER or (asked and asked.unit):
            return asked
        guess = self._guesses.setdefault(key, UnitGuess())
        if guess.look(items):
            self._storage.delay_save(SECTION, self._as_json)
        if not guess.kilowatts:
            return asked
        return DeviceCorrection(
            bool(asked and asked.swap_direction), PowerUnit.KILOWATT
        )

    def _as_json(self) -> Json:
        return to_json(
            Traits(
                {device_id: slots for device_id, slots in self._alive.items() if slots},
                {device_id: guess.votes for device_id, guess in self._guesses.items()},
            )
        )


UNITS_OF_TEN: Final = 10
"""A pack is numbered by its unit and its place in it, so that one that is added moves no other."""


def packs(info: Json) -> dict[Slot, Value]:
    """Read the packs of a battery (fusionsolar.md §5.5): how many, and what each says of itself in percent.

    Units hold a list or a single pack, or there is one list without units; empty places are null.
    """
    units = list(info.values()) if isinstance(info, dict) else [info]
    values: dict[Slot, Value] = {}
    found = 0
    for unit, places in enumerate(units, 1):
        listed = places if isinstance(places, list) else [places]
        for place, pack in enumerate(listed[: UNITS_OF_TEN - 1], 1):
            if not isinstance(pack, dict):
                continue
            found += 1
            for name, quantity in PACK:
                told = number(str(pack.get(name, "")).rstrip("% "))
                if told:  # a health of 0 is none
                    values[Slot(quantity, UNITS_OF_TEN * unit + place)] = told
    return values | ({Slot(Quantity.BATTERY_PACKS): float(found)} if found else {})


PACK: Final = (("soc", Quantity.PACK_SOC), ("soh", Quantity.PACK_SOH))


def _mend_single_phase(values: dict[Slot, Value]) -> bool:
    """Put the voltage of a single-phase inverter in its place: it comes as the line voltage, with half of it as the phase's [seen]."""
    phase, line = values.get(PHASE), values.get(LINE)
    if not isinstance(phase, float) or not isinstance(line, float) or not line:
        return False
    others = (values.get(Slot(Quantity.PHASE_VOLTAGE, index)) for index in (2, 3))
    if any(others) or not HALF[0] <= phase / line <= HALF[1]:
        return False
    values[PHASE] = values.pop(LINE)
    return True
