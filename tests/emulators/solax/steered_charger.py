"""What an EV charger was told, and its state machine."""

from dataclasses import dataclass
from typing import Any

from ..world import Site
from .plant import Device, Plant

MODES = ("stop", "fast", "eco", "green")
PLUG_AND_CHARGE, CARD, APP = 0, 1, 2
OCPP = 1
STOPPING_S = 5.0


@dataclass
class SteeredCharger:
    """One charger."""

    plant: Plant
    device: Device
    start_mode: int = PLUG_AND_CHARGE
    scene: int = 2
    locked: bool = False
    halted: bool = False
    reservation: dict[str, Any] | None = None

    @property
    def site(self) -> Site:
        """Where it hangs."""
        return self.plant.site

    def plugged(self, at: float) -> bool:
        """Say whether a car hangs on it."""
        return self.site.sample(at).charger(self.device.part).status != "available"

    def set_mode(self, mode: int, gear: int | None, at: float) -> None:
        """Choose how the current is found; switching in a session acts at once."""
        changes: dict[str, Any] = {"mode": MODES[mode]}
        if gear is not None:
            changes["gear_a"] = float(gear)
        self.site.charger(self.device.part, since=at, **changes)

    def set_limit(self, amps: float, at: float) -> None:
        """Set the highest current."""
        self.site.charger(self.device.part, since=at, limit_a=amps)

    def set_start_mode(self, mode: int, at: float) -> None:
        """Choose what begins a session; one that runs goes on."""
        self.start_mode = mode
        charging = self.site.sample(at).charger(self.device.part).watts > 0
        if mode != PLUG_AND_CHARGE and not charging:
            self._halt(at, 10 if mode == CARD else None)

    def may(self, command: int, at: float) -> bool:
        """Say whether the device carries a command out."""
        if command == 0:
            return not self.plugged(at)
        if command == 2:
            return self.plugged(at) and self.scene != OCPP and not self.locked
        return True

    def command(self, command: int, at: float) -> None:
        """Lock, release, start or stop."""
        if command == 0:
            self.locked = True
            self._halt(at, 5)
        elif command == 1:
            self.locked = False
            self._go(at)
        elif command == 2:
            self._go(at)
        else:
            self._halt(at, 13)
            self.device.status.set(at + STOPPING_S, 3)

    def _go(self, at: float) -> None:
        self.halted = False
        self.device.status.set(at, None)
        self.site.charger(self.device.part, since=at, paused=False)

    def _halt(self, at: float, status: int | None) -> None:
        self.halted = True
        self.device.status.set(at, status)
        self.site.charger(self.device.part, since=at, paused=True)
