"""The calls that change settings, and the service pack each one needs (solax.md §1.2, §8)."""

from typing import Final

from ...model import DeviceKind
from ...vendor import Ability, Permission
from ..api import EMS_FUNCTIONS, INFORMATION, MONITORING, Endpoint

CHARGER_PACK: Final = ("API_EVC_V2", "EV Charger Control Service")
MODE_PACK: Final = ("API_Workmode_V2", "Inverter Workmode Control Service")
REMOTE_PACK: Final = ("API_Remote_V2", "Inverter Remote Control Mode Service")
OVERALL_PACK: Final = ("API_Overall_V2", "Inverter Overall Control Service")
LIMIT_PACK: Final = ("RATE_CTRL", "import/export_control")
EMS_PACK: Final = ("EMS_System_Functions", EMS_FUNCTIONS)
"""A pack's scope word in the token answer, and its name in the portal."""
PACKS: Final = (
    ("API_Info_V2", INFORMATION),
    ("API_Telemetry_V2", MONITORING),
    *(CHARGER_PACK, MODE_PACK, REMOTE_PACK, OVERALL_PACK, LIMIT_PACK, EMS_PACK),
)
"""All that this client has a use for."""
_OF_BATTERIES: Final = (MODE_PACK, REMOTE_PACK, OVERALL_PACK)
PERMISSIONS: Final = (
    Permission(INFORMATION, (Ability.ALARMS,)),
    Permission(MONITORING, (Ability.VALUES, Ability.HISTORY)),
    Permission(CHARGER_PACK[1], (Ability.SETTINGS,), frozenset({DeviceKind.CHARGER})),
    *(
        Permission(name, (Ability.SETTINGS,), frozenset({DeviceKind.BATTERY}))
        for _, name in _OF_BATTERIES
    ),
    *(
        Permission(name, (Ability.SETTINGS,), frozenset({DeviceKind.ENERGY_MANAGER}))
        for _, name in (LIMIT_PACK, EMS_PACK)
    ),
)
"""What each pack is for."""

_DEVICE: Final = "/openapi/v2/device"


def _write(path: str, pack: tuple[str, str]) -> Endpoint:
    return Endpoint("POST", f"{_DEVICE}/{path}", pack[1])


RESULT: Final = Endpoint(
    "POST", "/openapi/apiRequestLog/listByCondition", CHARGER_PACK[1]
)

CHARGER_MODE: Final = _write("evc_control/set_evc_work_mode", CHARGER_PACK)
CHARGER_START_MODE: Final = _write("evc_control/set_evc_start_mode", CHARGER_PACK)
CHARGER_SCENE: Final = _write("evc_control/set_charge_scene", CHARGER_PACK)
CHARGER_COMMAND: Final = _write("evc_control/set_evc_charge_command", CHARGER_PACK)
CHARGER_LIMIT: Final = _write("evc_control/set_evc_current_limit", CHARGER_PACK)
CHARGER_RESERVE: Final = _write("evc_control/set_evc_reserve_charge", CHARGER_PACK)

_MODE: Final = "inverter_work_mode"
SELF_USE: Final = _write(f"{_MODE}/batch_set_spontaneity_self_use", MODE_PACK)
FEED_IN: Final = _write(f"{_MODE}/batch_set_on_grid_first", MODE_PACK)
BACKUP: Final = _write(f"{_MODE}/batch_set_peace_mode", MODE_PACK)

_REMOTE: Final = "inverter_vpp_mode"
SOC_TARGET: Final = _write(f"{_REMOTE}/soc_target_control_mode", REMOTE_PACK)
PUSH_POWER: Final = _write(
    f"{_REMOTE}/push_power/positive_or_negative_mode", REMOTE_PACK
)
PUSH_ZERO: Final = _write(f"{_REMOTE}/push_power/zero_mode", REMOTE_PACK)
CHARGE_ONLY: Final = _write(f"{_REMOTE}/self_consume/charge_only_mode", REMOTE_PACK)
EXIT_REMOTE: Final = _write(f"{_REMOTE}/exit_vpp_mode", REMOTE_PACK)

EXPORT_LIMIT: Final = _write("device_control/strategy/set_export_control", LIMIT_PACK)
IMPORT_LIMIT: Final = _write("device_control/strategy/set_import_control", LIMIT_PACK)
HEATING: Final = _write("config/battery/set_battery_heating", OVERALL_PACK)
