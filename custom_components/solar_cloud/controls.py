"""Control to Home Assistant: the only place for device classes, units, categories and shapes of what can be set.

A control has one row, whatever vendor or device offers it; names, options and icons follow from its key.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.button import ButtonEntityDescription
from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.components.select import SelectEntityDescription
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfPower,
    UnitOfRatio,
)

from .cloud.control import Control as C, ControlKind

EVERYDAY: Final = frozenset(
    {
        C.CHARGING,
        C.CHARGER_MODE,
        C.CHARGE_CURRENT_LIMIT,
        C.BATTERY_COMMAND,
        C.BATTERY_COMMAND_POWER,
        C.WORK_MODE,
        C.FORCED_CHARGING,
        C.STOP_FORCED_CHARGE,
    }
)
"""What people and automations turn every day; everything else is configuration."""

_BY_UNIT: Final[Mapping[str, dict[str, Any]]] = {
    "A": {
        "device_class": NumberDeviceClass.CURRENT,
        "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    },
    "W": {
        "device_class": NumberDeviceClass.POWER,
        "native_unit_of_measurement": UnitOfPower.WATT,
    },
    "%": {"native_unit_of_measurement": UnitOfRatio.PERCENTAGE},
}


def _common(control: C) -> dict[str, Any]:
    return {
        "key": str(control),
        "translation_key": str(control),
        "entity_category": None if control in EVERYDAY else EntityCategory.CONFIG,
    }


def _of(kind: ControlKind) -> list[C]:
    return [control for control in C if control.kind is kind]


NUMBERS: Final[Mapping[C, NumberEntityDescription]] = {
    control: NumberEntityDescription(
        **_common(control), **_BY_UNIT[control.unit], mode=NumberMode.BOX
    )
    for control in _of(ControlKind.NUMBER)
}
SWITCHES: Final[Mapping[C, SwitchEntityDescription]] = {
    control: SwitchEntityDescription(**_common(control))
    for control in _of(ControlKind.SWITCH)
}
SELECTS: Final[Mapping[C, SelectEntityDescription]] = {
    control: SelectEntityDescription(**_common(control))
    for control in _of(ControlKind.SELECT)
}
BUTTONS: Final[Mapping[C, ButtonEntityDescription]] = {
    control: ButtonEntityDescription(**_common(control))
    for control in _of(ControlKind.BUTTON)
}
