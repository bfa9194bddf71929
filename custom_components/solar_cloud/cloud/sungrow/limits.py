"""How far each number may go: what inverter and battery can do, as far as anybody knows (sungrow.md §9.3)."""

from ..model import Device
from .controls.cache import Ledger
from .controls.parameters import (
    EXPORT_POWER,
    MOST_CHARGE,
    MOST_DISCHARGE,
    POWER,
    Parameter,
)


def highest(row: Parameter, device: Device, ledger: Ledger) -> float | None:
    """Return the highest value of a number; ``None`` while it needs a rating that nobody knows."""
    if row.unit != "W":
        return row.maximum
    if row.code == POWER:
        powers = [battery_power(device, ledger, charge=each) for each in (True, False)]
        return max((each for each in powers if each is not None), default=None)
    if row.maximum is None:
        return _rating(device, ledger)
    usual = device.rated_power or row.maximum
    seen = ledger.of(device.id).most.get(row.code, 0.0)
    return max(usual, seen) if row.plausible(seen, usual) else usual


def battery_power(device: Device, ledger: Ledger, *, charge: bool) -> float | None:
    """Return the W that a battery can be charged or discharged with: what its own limit and the inverter's rating allow."""
    limit = ledger.number(device.id, MOST_CHARGE if charge else MOST_DISCHARGE)
    known = [each for each in (device.rated_power, limit) if each]
    return min(known, default=None)


def _rating(device: Device, ledger: Ledger) -> float | None:
    """Return an inverter's W: of its model, else the most it was ever seen limited to.

    Hybrids were seen under the model of their battery, which says nothing of it. Its own limits of export and battery are what it came
    with, unless somebody lowered them: then too little is offered and never too much.
    """
    if device.rated_power is not None:
        return device.rated_power
    most = ledger.of(device.id).most
    codes = (EXPORT_POWER, MOST_CHARGE, MOST_DISCHARGE)
    return max(most.get(code, 0.0) for code in codes) or None
