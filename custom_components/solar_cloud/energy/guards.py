"""The guards of an account's lifetime counters: one per slot, told what bounds it and when its hardware was replaced."""

from collections.abc import Collection, Mapping
from typing import Final

from ..cloud.model import Device, DeviceKind, Inventory, Quantity as Q, Slot, Value
from ..cloud.vault import Json, Vault
from .counter import Guard
from .seen import slot_key, slot_of

GUARDS: Final = "guards"
SERIALS: Final = "serials"

SOLAR: Final = frozenset({"pv", "ac", "mppt", "pv_charge", "pv_export", "direct_use"})
"""What a device's or a plant's rating bounds: its own production."""
STORED: Final = frozenset({"battery_charge", "battery_discharge"})


def stem(quantity: Q) -> str:
    """Name what an energy is about: ``pv`` of ``pv_energy_today``."""
    return quantity.partition("_energy_")[0]


def bound(quantity: Q, owner_id: str, inventory: Inventory) -> float | None:
    """Return the W that bound an energy, ``None`` when its owner's rating says nothing about it.

    What flows through the grid connection or into the house does not depend on the rating of the inverter that measures it.
    """
    about = stem(quantity)
    if (device := inventory.devices.get(owner_id)) is not None:
        kinds = {DeviceKind.INVERTER: SOLAR | STORED, DeviceKind.BATTERY: STORED}
        rated = device.kind is DeviceKind.CHARGER or about in kinds.get(
            device.kind, frozenset()
        )
        return device.rated_power if rated else None
    plant = inventory.plants.get(owner_id)
    return plant.pv_capacity if plant and about in {"pv", "mppt"} else None


class Guards:
    """All guards of an account."""

    def __init__(self, vault: Vault) -> None:
        """Take up the guards of the last run."""
        self._vault: Final = vault
        self._guards: Final[dict[str, dict[Slot, Guard]]] = {}
        self._serials: Final[dict[str, str]] = {}
        self._untold: Final[set[tuple[str, Slot]]] = set()
        self._restore()

    def note_serial(self, device: Device) -> None:
        """Expect other counters where the hardware behind an id was replaced."""
        if not device.serial:
            return
        if self._serials.get(device.id, device.serial) != device.serial:
            for guard in self._guards.get(device.id, {}).values():
                guard.renew()
        self._serials[device.id] = device.serial

    def observe(
        self, owner_id: str, slot: Slot, raw: float, at: float, inventory: Inventory
    ) -> float | None:
        """Take in a value and return what to publish."""
        guard = self._guards.setdefault(owner_id, {}).setdefault(slot, Guard())
        return guard.observe(raw, at, bound(slot.quantity, owner_id, inventory))

    def value(self, owner_id: str, slot: Slot) -> float | None:
        """Return what was published last."""
        guard = self._guards.get(owner_id, {}).get(slot)
        return guard.value if guard else None

    def hold(self, owner_id: str, values: dict[Slot, Value]) -> None:
        """Fill in the counters that are not told now: each keeps its value."""
        for slot, guard in self._guards.get(owner_id, {}).items():
            self._untold.discard((owner_id, slot))
            if slot not in values and guard.value is not None:
                values[slot] = guard.value
                self._untold.add((owner_id, slot))

    def holding(self) -> set[tuple[str, Slot]]:
        """Return whose latest value was held back, or who had none to say."""
        return self._untold | {
            (owner_id, slot)
            for owner_id, guards in self._guards.items()
            for slot, guard in guards.items()
            if guard.holds
        }

    def rejected(self) -> Mapping[tuple[str, Slot], int]:
        """Return how many values each guard held back."""
        return {
            (owner_id, slot): guard.rejected
            for owner_id, guards in self._guards.items()
            for slot, guard in guards.items()
            if guard.rejected
        }

    def count(self, owner_ids: Collection[str]) -> float:
        """Return how many values all guards of some owners held back."""
        return 1.0 * sum(
            guard.rejected
            for owner_id in owner_ids
            for guard in self._guards.get(owner_id, {}).values()
        )

    def save(self) -> None:
        """Keep it all, soon."""
        self._vault.save_soon(GUARDS, self._as_json)
        self._vault.save_soon(SERIALS, lambda: dict(self._serials))

    def _as_json(self) -> Json:
        return [
            [owner_id, slot_key(slot), guard.as_json()]
            for owner_id, guards in self._guards.items()
            for slot, guard in guards.items()
        ]

    def _restore(self) -> None:
        stored, serials = self._vault.load(GUARDS), self._vault.load(SERIALS)
        for row in stored if isinstance(stored, list) else ():
            match row:
                case [str(owner_id), str(name), guard] if (
                    slot := slot_of(name)
                ) is not None:
                    self._guards.setdefault(owner_id, {})[slot] = Guard.from_json(guard)
        for key, serial in serials.items() if isinstance(serials, dict) else ():
            self._serials[key] = str(serial)
