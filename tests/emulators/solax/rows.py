"""The realtime rows of batteries, meters and chargers."""

from typing import Any

from ..world import BatterySample
from .inverter import waits
from .plant import COMMERCIAL
from .snapshot import Snapshot, floor_to

_STATUS = {
    "available": 0,
    "preparing": 1,
    "charging": 2,
    "stopped": 3,
    "full": 7,
    "waiting": 8,
    "paused": 12,
}
_LOCKED = 5
_MODES = {"stop": 0, "fast": 1, "eco": 2, "green": 3}
_COMMERCIAL_IDLE, _COMMERCIAL_DISCHARGING, _COMMERCIAL_CHARGING = 0, 4, 9


def battery(snapshot: Snapshot, inverter_part: str) -> dict[str, Any]:
    """Return what a battery's inverter uploaded about it."""
    one = snapshot.sample.battery(snapshot.device.part)
    head = {
        **snapshot.times(),
        "deviceSn": snapshot.device.sn if snapshot.device.listed else "",
        "registerNo": snapshot.device.register_no,
    }
    if snapshot.knobs.battery_sleeps and waits(snapshot, inverter_part):
        return head | _asleep()
    volts = round(one.spec.volts * (0.96 + 0.08 * one.soc), 1)
    watts = 0.0 - one.watts  # SolaX counts charging as positive
    return head | {
        "deviceStatus": _battery_status(snapshot, one),
        "batterySOC": round(one.soc * 100),
        "batterySOH": round(one.spec.soh * 100),
        "chargeDischargePower": _battery_power(snapshot, watts),
        "batteryVoltage": volts,
        "batteryCurrent": round(watts / volts, 1),
        "batteryTemperature": float(round(18 + 3 * snapshot.noise("warmth"))),
        "batteryCycleTimes": one.cycles,
        "totalDeviceCharge": floor_to(one.charge_kwh, 1),
        "totalDeviceDischarge": floor_to(one.discharge_kwh, 1),
        "batteryRemainings": round(one.stored_kwh, 1),
    }


def _asleep() -> dict[str, Any]:
    return {
        "deviceStatus": 0,
        "batterySOC": 0,
        "batterySOH": 0,
        "chargeDischargePower": 0,
        "batteryVoltage": 0.0,
        "batteryCurrent": 0.0,
        "batteryTemperature": 0.0,
        "batteryCycleTimes": 0,
        "totalDeviceCharge": 0.0,
        "totalDeviceDischarge": 0.0,
        "batteryRemainings": 0.0,
    }


def _battery_status(snapshot: Snapshot, one: BatterySample) -> int:
    idle = abs(one.watts) < 1
    if snapshot.plant.business_type != COMMERCIAL:
        return 0 if idle else 1
    if idle:
        return _COMMERCIAL_IDLE
    return _COMMERCIAL_DISCHARGING if one.watts > 0 else _COMMERCIAL_CHARGING


def _battery_power(snapshot: Snapshot, watts: float) -> float:
    if (
        snapshot.plant.business_type == COMMERCIAL
        and snapshot.knobs.commercial_battery_kw
    ):
        return round(watts / 1000, snapshot.knobs.kw_decimals)
    return round(watts)


def meter(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the grid meter counted."""
    watts = -snapshot.sample.powers.grid  # SolaX counts export as positive
    apparent = (watts**2 + 40.0**2) ** 0.5
    values: dict[str, Any] = {
        "deviceSn": snapshot.device.sn,
        "registerNo": snapshot.device.register_no,
        **snapshot.times(),
        "importEnergy": snapshot.total("import", decimals=2),
        "exportEnergy": snapshot.total("export", decimals=2),
        "totalActivePower": snapshot.power(watts),
        "totalReactivePower": snapshot.power(40.0),
        "totalApparentPower": snapshot.power(apparent),
        "powerFactor": round(abs(watts) / apparent, 2),
        "gridFrequency": round(50.0 + 0.03 * snapshot.noise("frequency"), 2),
    }
    for phase, share in ((1, 0.36), (2, 0.32), (3, 0.32)):
        volts = round(232.0 + 3 * snapshot.noise(f"volts{phase}"), 1)
        values[f"l{phase}ActivePower"] = snapshot.power(watts * share)
        values[f"l{phase}ReactivePower"] = snapshot.power(40.0 * share)
        values[f"l{phase}Voltage"] = volts
        values[f"l{phase}Current"] = round(abs(watts) * share / volts, 1)
    return values


def charger(snapshot: Snapshot) -> dict[str, Any]:
    """Return what an EV charger uploaded."""
    one = snapshot.sample.charger(snapshot.device.part)
    lively = 0.1 * snapshot.noise("amps") if one.watts else 0.0
    return {
        "deviceSn": snapshot.device.sn,
        "registerNo": snapshot.device.register_no,
        **snapshot.times(),
        "deviceStatus": _charger_status(snapshot, one.status),
        "deviceWorkingMode": _MODES[one.mode],
        **_charger_currents(snapshot, round(one.amps + lively, 1)),
        "chargingPower": snapshot.whole_power(one.watts),
        "rfidnumber": "",
        "chargingEnergyThisSession": floor_to(one.session_kwh, 1),
        "chargingTimeThisSession": int(one.session_seconds),
        "totalChargeEnergy": floor_to(one.total_kwh, 1),
    }


def _charger_status(snapshot: Snapshot, status: str) -> int:
    faults = snapshot.plant.site.faults
    broken = any(
        one.device_id == snapshot.device.part
        and one.since <= snapshot.at < (one.until or snapshot.at + 1)
        for one in faults
    )
    if broken:
        return 4
    told = snapshot.device.status.at(snapshot.at)
    if told is None or (status == "available" and told != _LOCKED):
        return _STATUS[status]
    return told


def _charger_currents(snapshot: Snapshot, amps: float) -> dict[str, float | None]:
    if snapshot.device.phases == 3:
        return {
            "singlePhaseCurrent": None,
            "l1Current": amps,
            "l2Current": amps,
            "l3Current": round(max(0.0, amps - 0.1), 1),
        }
    values: dict[str, float | None] = {
        "singlePhaseCurrent": None,
        "l1Current": None,
        "l2Current": None,
        "l3Current": None,
    }
    values[snapshot.knobs.single_phase_current] = amps
    return values
