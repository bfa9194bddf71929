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
        self._devices: dict[str, dict[str, Json]] = {}
        self._doubted: dict[str, set[str]] = {}
        match vault.load(SECTION):
            case {"told": dict(told), "doubted": dict(doubted)}:
                self._devices = {
                    serial: dict(known)
                    for serial, known in told.items()
                    if isinstance(known, dict)
                }
                self._doubted = {
                    serial: {key for key in keys if isinstance(key, str)}
                    for serial, keys in doubted.items()
                    if isinstance(keys, list)
                }

    def get(self, serial: str, key: str) -> Json:
        """Return what a device was told, ``None`` when it never was."""
        return self._devices.get(serial, {}).get(key)

    def number(self, serial: str, key: str, default: float) -> float:
        """Return a number a device was told."""
        value = self.get(serial, key)
        return float(value) if isinstance(value, int | float) else default

    def note(self, serial: str, told: Mapping[str, Json]) -> None:
        """Keep what a device accepted."""
        self._devices.setdefault(serial, {}).update(told)
        self._doubted.get(serial, set()).difference_update(told)
        self._vault.save_soon(SECTION, self._as_json)

    def doubt(self, serial: str, told: Mapping[str, Json]) -> None:
        """Stop vouching for settings that were sent and never answered."""
        self._doubted.setdefault(serial, set()).update(told)
        self._vault.save_soon(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return {
            "told": {serial: dict(known) for serial, known in self._devices.items()},
            "doubted": {
                serial: [*sorted(keys)]
                for serial, keys in self._doubted.items()
                if keys
            },
        }

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
