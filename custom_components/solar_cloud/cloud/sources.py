"""What can feed a plant's roles, and the pieces of which each vendor builds its list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .model import Device, Quantity, Slot


@dataclass(frozen=True, slots=True)
class SourceTerm:
    """One addend of a role: a slot of a plant's or device's reading."""

    device_id: str = field(repr=False)
    slot: Slot
    factor: float = 1.0
    addend: tuple[str, str] = field(init=False, repr=False, compare=False)
    """Its name: the plant or device, and the key of the slot."""

    def __post_init__(self) -> None:
        """Name it once: it is asked for in every poll."""
        object.__setattr__(self, "addend", (self.device_id, self.slot.key))


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plant's value can come from: the sum of its terms, all of one poll.

    ``floor`` is the lowest value physics allows (a house does not consume less than nothing). ``mean`` weighs the terms by their factors
    instead of adding them (the charge of two batteries).
    """

    terms: tuple[SourceTerm, ...]
    floor: float | None = None
    mean: bool = False
    addends: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    """The names of the terms, by which a source is told from others."""
    is_difference: bool = field(init=False, repr=False, compare=False)
    """Whether something is taken away."""

    def __post_init__(self) -> None:
        """Look at the terms once."""
        object.__setattr__(self, "addends", tuple(each.addend for each in self.terms))
        falls = any(each.factor < 0 for each in self.terms)
        object.__setattr__(self, "is_difference", falls)


type PlantSources = Mapping[Quantity, tuple[Source, ...]]
"""Sources of each role of one plant, best first."""


def terms(
    devices: Iterable[Device], quantity: Quantity, factor: float = 1.0
) -> tuple[SourceTerm, ...]:
    """Return what each of these devices says of a quantity."""
    return tuple(SourceTerm(each.id, Slot(quantity), factor) for each in devices)


def added(addends: tuple[SourceTerm, ...], floor: float | None = None) -> list[Source]:
    """Return the sum as a source, none without addends."""
    return [Source(addends, floor)] if addends else []


def single(device_id: str, quantity: Quantity) -> Source:
    """Return what one device, or the plant itself, says as a source."""
    return Source((SourceTerm(device_id, Slot(quantity)),))


def charge(capacities: Mapping[str, float | None]) -> list[Source]:
    """Return the charge of batteries by device, weighed by what they hold (kWh) where that is known of all; none without batteries."""
    known = all(capacities.values())
    weighed = tuple(
        SourceTerm(
            device_id,
            Slot(Quantity.BATTERY_SOC),
            capacity if capacity and known else 1.0,
        )
        for device_id, capacity in capacities.items()
    )
    return [Source(weighed, mean=True)] if weighed else []
