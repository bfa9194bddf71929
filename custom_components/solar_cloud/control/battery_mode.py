"""The battery modes, the same for every vendor: what is asked for beside the mode itself, kept until it is chosen."""

from typing import Final

from ..cloud.control import (
    BATTERY_MODES,
    Control,
    ControlAction,
    ForceBattery,
    SettingValue,
    SteerBattery,
    StopBattery,
)
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Storage

SECTION: Final = "battery_mode"
USUAL_HOURS: Final = 6.0
"""How long a mode lasts when neither the user nor the account's options say."""
LEAST_HOURS: Final = 0.5
MOST_HOURS: Final = 16.0
"""What every vendor takes."""


class BatteryModes:
    """Power and target that go along with the next battery mode, by plant or device; they are nothing a device has."""

    def __init__(self, storage: Storage, hours: float) -> None:
        """Take up what was set in an earlier run; a mode without a duration lasts ``hours``."""
        self._storage: Final = storage
        self._seconds: Final = 3600.0 * hours
        self._kept: Final = from_json(
            dict[str, dict[str, float]], storage.load(SECTION)
        )

    def value(self, device_id: str, control: Control) -> float | None:
        """Return a power in W or a target in %, ``None`` where none was set: then the device does all it can."""
        return self._kept.get(device_id, {}).get(control)

    def keep(self, device_id: str, control: Control, value: SettingValue) -> None:
        """Keep one of them."""
        self._kept.setdefault(device_id, {})[str(control)] = float(value)
        self._storage.delay_save(SECTION, lambda: to_json(self._kept))

    def chosen(self, device_id: str, mode: str) -> ControlAction:
        """Return the action that chooses a mode, with the numbers beside the select."""
        return self.action(
            device_id,
            mode,
            self.value(device_id, Control.BATTERY_MODE_POWER),
            self.value(device_id, Control.BATTERY_MODE_TARGET_SOC),
        )

    def action(
        self,
        device_id: str,
        mode: str,
        power: float | None = None,
        target_soc: float | None = None,
        seconds: float | None = None,
    ) -> ControlAction:
        """Return the action that chooses one of ``BATTERY_MODES``. What it has no use for is left out."""
        kind = BATTERY_MODES[mode]
        duration = self._seconds if seconds is None else seconds
        if issubclass(kind, ForceBattery):
            return kind(
                device_id=device_id,
                power=power,
                duration=duration,
                target_soc=target_soc,
            )
        if issubclass(kind, SteerBattery):
            return kind(device_id=device_id, duration=duration)
        return StopBattery(device_id=device_id)
