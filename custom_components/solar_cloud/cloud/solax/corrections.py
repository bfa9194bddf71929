"""Whether a commercial battery reports its power in W or in kW: the one unit the documents leave open.

The document says W, one public client multiplies by 1000. Volts times amperes decide; until they did, the document is believed.
"""

from typing import Final

from ..model import Quantity as Q, Slot, Value
from ..storage import Json

KILO: Final = 1000.0
PLAUSIBLE: Final = (500.0, 2000.0)
"""|U·I| over |P| when P is in kW, with room for losses and for samples taken a moment apart."""


class PowerUnits:
    """Learns the unit of each commercial battery's power."""

    def __init__(self) -> None:
        """Start with the document's word."""
        self._kilowatts: Final[dict[str, bool]] = {}
        self._ratios: Final[dict[str, float]] = {}

    def correct(self, identity: str, values: dict[Slot, Value]) -> None:
        """Compare the power with volts times amperes and scale it when it must be kW."""
        power, voltage, current = (
            values.get(Slot(each))
            for each in (Q.BATTERY_POWER, Q.BATTERY_VOLTAGE, Q.BATTERY_CURRENT)
        )
        if not isinstance(power, float) or power == 0:
            return
        if (
            isinstance(voltage, float)
            and isinstance(current, float)
            and voltage * current
        ):
            ratio = abs(voltage * current / power)
            self._ratios[identity] = ratio
            low, high = PLAUSIBLE
            if low <= ratio <= high:
                self._kilowatts[identity] = True
            elif low / KILO <= ratio <= high / KILO:
                self._kilowatts[identity] = False
        if self._kilowatts.get(identity, False):
            values[Slot(Q.BATTERY_POWER)] = power * KILO

    def report(self) -> list[Json]:
        """Give the newest ratio of each battery, without saying whose."""
        return [round(ratio, 2) for ratio in self._ratios.values()]
