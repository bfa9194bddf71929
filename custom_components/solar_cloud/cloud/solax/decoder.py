"""From one row of the cloud to one reading: the table, and the few things a table cannot say."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
import re
from typing import Final

from ..catalogue import PickedPoints
from ..corrections import PowerUnit, reported_unit
from ..model import Device, DeviceKind, Quantity as Q, Reading, Slot, Unit, Value
from ..points import Decoded, Table, decode, flatten, number, total
from ..storage import Json
from .access import SolaxAccess
from .api import SolaxRow
from .models import COMMERCIAL
from .points import TABLES
from .states import NO_STATE, WAITING

UNCOUNTED: Final = (
    ((Q.PV_ENERGY_TOTAL,), ()),
    ((Q.AC_ENERGY_TOTAL,), ()),
    (
        (Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL),
        (Q.GRID_IMPORT_ENERGY_TODAY, Q.GRID_EXPORT_ENERGY_TODAY),
    ),
    (
        (Q.SECOND_GRID_IMPORT_ENERGY_TOTAL, Q.SECOND_GRID_EXPORT_ENERGY_TOTAL),
        (
            Q.SECOND_GRID_IMPORT_ENERGY_TODAY,
            Q.SECOND_GRID_EXPORT_ENERGY_TODAY,
            Q.SECOND_GRID_POWER,
        ),
    ),
    (
        (Q.BATTERY_CHARGE_ENERGY_TOTAL, Q.BATTERY_DISCHARGE_ENERGY_TOTAL),
        (Q.BATTERY_CHARGE_ENERGY_TODAY, Q.BATTERY_DISCHARGE_ENERGY_TODAY),
    ),
    ((Q.INCOME_TOTAL,), (Q.INCOME_TODAY,)),
)
"""Counters that stand at 0 together are not connected to anything: no meter, an unregistered battery, no tariff, a sleeping device.

Such a 0 is left out with the zeros that go with it, so that another source can fill the role and no lifetime starts again from 0.
"""

SUMS: Final = (
    (Q.PV_POWER, Q.MPPT_POWER),
    (Q.PV_POWER, Q.STRING_POWER),
    (Q.AC_POWER, Q.PHASE_POWER),
)
"""What a missing power is the sum of, best first."""
WHOLE_KILOWATTS: Final = Q.PHASE_POWER
"""Comes in whole kW from commercial plants, too coarse for a sum [seen]."""

STANDBY: Final = 20.0
"""W; no house draws so little, and an inverter that waits reports about 6 W of its own as the grid's [seen]."""
SLEEPING_BATTERY: Final = (
    Q.BATTERY_SOC,
    Q.BATTERY_SOH,
    Q.BATTERY_VOLTAGE,
    Q.BATTERY_CURRENT,
    Q.BATTERY_TEMPERATURE,
    Q.BATTERY_ENERGY_REMAINING,
)


class PowerUnits:
    """Learns the unit of each commercial battery's power: the one unit the documents leave open.

    The document says W, one public client multiplies by 1000. Volts times amperes decide; until they did, the document is believed.
    """

    def __init__(self) -> None:
        """Begin with the unit the document names."""
        self._units: Final[dict[str, PowerUnit]] = {}
        self._ratios: Final[dict[str, float]] = {}

    def correct(self, identity: str, values: dict[Slot, Value]) -> None:
        """Compare the power with volts times amperes and scale it when it must be kW."""
        power, voltage, current = (
            values.get(Slot(each))
            for each in (Q.BATTERY_POWER, Q.BATTERY_VOLTAGE, Q.BATTERY_CURRENT)
        )
        if not isinstance(power, float) or power == 0:
            return
        if isinstance(voltage, float) and isinstance(current, float):
            if watts := voltage * current:
                self._ratios[identity] = abs(watts / power)
            if (unit := reported_unit(power, watts)) is not None:
                self._units[identity] = unit
        if self._units.get(identity) is PowerUnit.KILOWATT:
            values[Slot(Q.BATTERY_POWER)] = power * Unit.KILOWATT.factor

    def report(self) -> list[Json]:
        """Give the newest ratio of each battery, without saying whose."""
        return [round(ratio, 2) for ratio in self._ratios.values()]


class SolaxDecoder:
    """Turns rows into readings and keeps what can only be told from several of them."""

    def __init__(self, access: SolaxAccess) -> None:
        """Share the client's memory of counters."""
        self._access: Final = access
        self.units: Final = PowerUnits()
        self._unmapped: dict[str, set[str]] = {}
        self.picked: PickedPoints = {}

    @property
    def unmapped(self) -> Mapping[str, set[str]]:
        """The names of fields no table reads, by kind of device."""
        return self._unmapped

    def plant(
        self, plant_id: str, business: str, row: SolaxRow, measured_at: datetime | None
    ) -> Reading:
        """Read a plant's energies."""
        decoded = self._decode(business, DeviceKind.PLANT, row, identity=plant_id)
        _drop_uncounted(decoded.values)
        return decoded.reading(measured_at)

    def device(
        self,
        device: Device,
        row: SolaxRow,
        measured_at: datetime | None,
        more: Collection[str] = (),
    ) -> Reading:
        """Read a device's row, and of what is picked ``more``."""
        business = device.address["business_type"]
        asleep = device.kind is DeviceKind.INVERTER and _asleep(row)
        decoded = self._decode(
            business,
            device.kind,
            row,
            identity=device.id,
            asleep=asleep,
            more=more,
        )
        match device.kind:
            case DeviceKind.INVERTER:
                if row.whole("deviceStatus") == NO_STATE:
                    decoded.unknown.pop(Slot(Q.OPERATING_STATE), None)
                self._inverter(device, decoded.values, asleep=asleep)
            case DeviceKind.BATTERY:
                _wake_battery(decoded)
                if business == COMMERCIAL:
                    self.units.correct(device.id, decoded.values)
            case DeviceKind.CHARGER:
                _charger(device, row, decoded.values)
        _drop_uncounted(decoded.values)
        return decoded.reading(measured_at)

    def _decode(
        self,
        business: str,
        kind: DeviceKind,
        row: SolaxRow,
        *,
        identity: str,
        asleep: bool = False,
        more: Collection[str] = (),
    ) -> Decoded:
        table = TABLES.get((business, kind), _EMPTY)
        picked = (*self.picked.get(f"{business}.{kind}", ()), *more)
        decoded = decode(table, row.fields, asleep=asleep, picked=picked)
        if decoded.unmapped:
            strange = {
                name for name in decoded.unmapped if name.lower() != identity.lower()
            }
            self._unmapped.setdefault(kind, set()).update(strange)
        return decoded

    def _inverter(
        self, device: Device, values: dict[Slot, Value], *, asleep: bool
    ) -> None:
        _drop_dead_phases(values, asleep=asleep)
        grid = values.get(Slot(Q.GRID_POWER))
        if asleep and isinstance(grid, float) and abs(grid) <= STANDBY:
            del values[Slot(Q.GRID_POWER)]
        commercial = device.address["business_type"] == COMMERCIAL
        for quantity, parts in SUMS:
            if commercial and parts is WHOLE_KILOWATTS:
                continue
            added = total(values, parts)
            if added is not None and Slot(quantity) not in values:
                values[Slot(quantity)] = round(added, 6)
        if isinstance(power := values.get(Slot(Q.PV_POWER)), float):
            values[Slot(Q.PV_POWER)] = max(0.0, power)
        own = values.get(Slot(Q.PV_ENERGY_TOTAL))
        output = values.get(Slot(Q.AC_ENERGY_TOTAL))
        if isinstance(own, float) and own > 0:
            self._access.note_yield(device.id)
        elif (
            own == 0
            and output is not None
            and device.address.get("battery_family") == "no"
            and not self._access.counts_yield(device.id)
        ):
            # Micro inverters count at the AC port only [seen]; with no battery behind it, that is the yield.
            values[Slot(Q.PV_ENERGY_TOTAL)] = output


_EMPTY: Final = Table("")

VOLTAGES: Final = re.compile(r"(ac|mppt\d+)voltage\d*", re.IGNORECASE)
"""What an inverter that sleeps has none of."""


def _asleep(row: SolaxRow) -> bool:
    """Whether an inverter's zeros are no measurements: it says that it waits, or says nothing and has no voltage anywhere."""
    status = row.whole("deviceStatus")
    return status == WAITING or (
        status == NO_STATE
        and not any(
            number(raw) for name, raw in flatten(row.fields) if VOLTAGES.fullmatch(name)
        )
    )


def _drop_dead_phases(values: dict[Slot, Value], *, asleep: bool) -> None:
    """Forget phases without voltage: a single-phase inverter reports two of them, a sleeping one three."""
    for phase in (1, 2, 3):
        voltage = values.get(Slot(Q.PHASE_VOLTAGE, phase))
        if not (voltage == 0 and phase > 1) and not (voltage is None and asleep):
            continue
        for quantity in (Q.PHASE_VOLTAGE, Q.PHASE_CURRENT, Q.PHASE_POWER):
            if values.get(Slot(quantity, phase)) == 0:
                del values[Slot(quantity, phase)]


def _wake_battery(decoded: Decoded) -> None:
    """Drop what a battery reports while its electronics sleep: all zeros, or a charge of 0 at 0 V."""
    values = decoded.values
    numbers = [value for value in values.values() if isinstance(value, float)]
    if not any(numbers):
        values.clear()
        decoded.unknown.clear()
        return
    if (
        values.get(Slot(Q.BATTERY_SOC)) == 0
        and values.get(Slot(Q.BATTERY_VOLTAGE)) == 0
    ):
        _drop(values, SLEEPING_BATTERY)
    if values.get(Slot(Q.BATTERY_SOH)) == 0:
        del values[Slot(Q.BATTERY_SOH)]


def _charger(device: Device, row: SolaxRow, values: dict[Slot, Value]) -> None:
    """Keep the phases a charger has; which field a single-phase one fills is not certain, so the larger counts."""
    first = Slot(Q.PHASE_CURRENT, 1)
    single = row.number("singlePhaseCurrent")
    if single is not None and isinstance(shown := values.get(first), float):
        values[first] = max(shown, single)
    if device.phases == 1:
        for phase in (2, 3):
            if values.get(Slot(Q.PHASE_CURRENT, phase)) == 0:
                del values[Slot(Q.PHASE_CURRENT, phase)]


def _drop_uncounted(values: dict[Slot, Value]) -> None:
    for counters, followers in UNCOUNTED:
        standing = [values[slot] for each in counters if (slot := Slot(each)) in values]
        if standing and not any(standing):
            _drop(values, counters)
            _drop(values, (each for each in followers if values.get(Slot(each)) == 0))


def _drop(values: dict[Slot, Value], quantities: Iterable[Q]) -> None:
    for quantity in list(quantities):
        values.pop(Slot(quantity), None)
