"""What of an account somebody wants to know: a client asks for nothing else, as far as that saves it calls or points."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from .model import Quantity, Slot
from .points import SPREADS

DECIDING_UNITS: Final = frozenset({"W", "kWh", "%", ""})
"""Of powers, energies, charges and states roles are made, counters believed and polls timed, whoever looks at them."""

ALARMS_OF_PLANT: Final = (
    str(Quantity.ACTIVE_ALARMS),
    str(Quantity.ALARM_LEVEL),
    str(Quantity.PROBLEM),
    "alarm",
)
"""The entities of a plant that tell of alarms, the last one of them as an event."""


MAKES_POWER: Final = frozenset({Quantity.MPPT_VOLTAGE, Quantity.MPPT_CURRENT})
"""What makes the power of a tracker where nobody tells it."""


ANYTHING: Final = frozenset(Quantity)
NOTHING: Final = frozenset[Quantity]()


def decides(quantity: Quantity) -> bool:
    """Whether a quantity is worked with, even if nobody looks at it."""
    return quantity.unit in DECIDING_UNITS


@dataclass(frozen=True, slots=True)
class Demand:
    """The entities that are switched off, as owner and key; what has no entity yet is wanted, or it would never get one."""

    unwanted: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    shown: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """The entities that are on."""
    plants: Mapping[str, frozenset[Quantity]] | None = None
    """What somebody looks at of plants' own figures, because no device tells it; ``None`` before anybody knows."""
    compares: bool = False
    """Whether an entity compares trackers and strings, which takes their powers, or what makes them."""
    night: bool = False
    """Whether the sun is down and nothing answers it, neither a battery nor a charger: what only the sun drives is asleep."""

    def needs(self, plant_id: str, told: frozenset[Quantity] = ANYTHING) -> bool:
        """Whether a plant's own figures, as far as a call tells them, are worth one of every poll."""
        return self.plants is None or bool(told & self.plants.get(plant_id, NOTHING))

    def wants(self, owners: Iterable[str], slot: Slot) -> bool:
        """Whether a slot of any of some plants or devices is needed, for itself or for what is worked out of it."""
        keys = {slot.key} | {
            str(spread) for spread, ends in SPREADS.items() if slot.quantity in ends
        }
        return decides(slot.quantity) or any(
            (owner, key) not in self.unwanted for owner in owners for key in keys
        )

    def makes(self, quantity: Quantity, told: Container[Quantity]) -> bool:
        """Whether a power is made of a quantity that somebody compares, for a device that tells no such power itself."""
        return (
            self.compares
            and quantity in MAKES_POWER
            and Quantity.MPPT_POWER not in told
        )

    def shows_alarms(self, plants: Iterable[str], devices: Iterable[str]) -> bool:
        """Whether an entity tells of alarms of any of some plants and devices, or may yet come to."""
        entities = {(plant, key) for plant in plants for key in ALARMS_OF_PLANT}
        entities |= {(device, str(Quantity.FAULT_CODE)) for device in devices}
        return bool(entities & self.shown) or not entities & self.unwanted

    def shows(self, owners: Iterable[str], quantities: Iterable[Quantity]) -> bool:
        """Whether an entity shows any of some quantities of any of some plants or devices; for what nothing else works with."""
        keys = [Slot(quantity).key for quantity in quantities]
        return any(
            (owner, key) not in self.unwanted for owner in owners for key in keys
        )


@runtime_checkable
class SupportsDemand(Protocol):
    """A client that can ask for less."""

    def meet(self, demand: Demand) -> None:
        """Ask for what is wanted from the next reading on."""
