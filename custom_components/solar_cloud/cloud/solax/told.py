"""What devices were told: most settings cannot be read back, and a work mode must be sent with everything that belongs to it."""

from collections.abc import Mapping
from typing import Final

from ..control import Control, SettingValue
from ..vault import Json, Vault

SECTION: Final = "solax_told"
KEYS: Final = {str(control): control for control in Control}


class Told:
    """The last accepted settings by serial; those nobody answered for are doubted until they are told again."""

    def __init__(self, vault: Vault) -> None:
        """Take up what earlier runs told."""
        self._vault: Final = vault
        stored = vault.load(SECTION)
        self._devices: dict[str, dict[str, Json]] = {
            serial: dict(told)
            for serial, told in (stored if isinstance(stored, dict) else {}).items()
            if isinstance(told, dict)
        }
        self._doubted: dict[str, set[str]] = {}

    def get(self, serial: str, key: str) -> Json:
        """Return what a device was told, ``None`` when it never was."""
        return self._devices.get(serial, {}).get(key)

    def number(self, serial: str, key: str, default: float) -> float:
        """Return a number a device was told."""
        value = self.get(serial, key)
        return float(value) if isinstance(value, int | float) else default

    def note(self, serial: str, told: Mapping[str, Json]) -> None:
        """Keep what a device accepted."""
        known = self._devices.setdefault(serial, {})
        if doubted := self._doubted.get(serial):
            doubted.difference_update(told)
        if any(known.get(key) != value for key, value in told.items()):
            known.update(told)
            self._vault.save_soon(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return {serial: dict(told) for serial, told in self._devices.items()}

    def doubt(self, serial: str, told: Mapping[str, Json]) -> None:
        """Stop vouching for settings that were sent and never answered."""
        self._doubted.setdefault(serial, set()).update(told)

    def settings(self, serial: str) -> dict[Control, SettingValue]:
        """Return what a device is believed to be set to."""
        doubted = self._doubted.get(serial, set())
        return {
            KEYS[key]: value
            for key, value in self._devices.get(serial, {}).items()
            if key in KEYS
            and key not in doubted
            and isinstance(value, bool | int | float | str)
        }
