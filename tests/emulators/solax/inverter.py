"""The realtime row of an inverter."""

from typing import Any

from ..world import InverterSample
from .plant import COMMERCIAL, Device
from .snapshot import Snapshot

NO_STATE, WAITING, NORMAL, FAULT, SELF_USE = 0, 100, 102, 103, 150


def waits(snapshot: Snapshot, part: str) -> bool:
    """Say whether an inverter has nothing to do: no sun, and no battery at work."""
    inverter = snapshot.sample.inverter(part)
    battery = inverter.spec.battery
    if not inverter.running or inverter.pv_w > 0:
        return False
    return battery is None or abs(snapshot.sample.battery(battery.id).watts) < 1


def row(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the inverter uploaded."""
    inverter = snapshot.sample.inverter(snapshot.device.part)
    waiting = waits(snapshot, snapshot.device.part)
    return {
        "deviceStatus": _status(snapshot, inverter, waiting=waiting),
        **_grid(snapshot, waiting=waiting),
        **_second_meter(snapshot),
        **snapshot.times(),
        "deviceSn": snapshot.device.sn,
        "registerNo": snapshot.device.register_no,
        **_phases(snapshot, inverter, waiting=waiting),
        "totalPowerFactor": 0.0 if waiting else 1.0,
        "inverterTemperature": 0.0 if waiting else _temperature(snapshot, inverter),
        **_energies(snapshot),
        **_trackers(snapshot, inverter, waiting=waiting),
        **_backup(),
        "l1l2Voltage": None,
        "l2l3Voltage": None,
        "l1l3Voltage": None,
        "totalReactivePower": 0 if waiting else snapshot.whole_power(12),
        "totalActivePower": 0 if waiting else snapshot.whole_power(inverter.ac_w),
    }


def _commercial(snapshot: Snapshot) -> bool:
    return snapshot.plant.business_type == COMMERCIAL


def _status(snapshot: Snapshot, inverter: InverterSample, *, waiting: bool) -> int:
    if snapshot.knobs.inverter_status is not None:
        return snapshot.knobs.inverter_status
    if not inverter.running:
        return FAULT
    if _commercial(snapshot) and (waiting or snapshot.knobs.commercial_stateless):
        return NO_STATE
    told = snapshot.device.status.at(snapshot.at)
    if told is not None and (told > SELF_USE + 1000 or not waiting):
        return told
    if waiting:
        return WAITING
    return SELF_USE if inverter.spec.battery else NORMAL


def _grid(snapshot: Snapshot, *, waiting: bool) -> dict[str, float | None]:
    device, knobs = snapshot.device, snapshot.knobs
    known = device.metered and (device.master or knobs.slave_grid == "mirror")
    counters: dict[str, float | None] = {
        "todayImportEnergy": snapshot.today("import") if known else 0.0,
        "totalImportEnergy": snapshot.total("import") if known else 0.0,
        "todayExportEnergy": snapshot.today("export") if known else 0.0,
        "totalExportEnergy": snapshot.total("export") if known else 0.0,
    }
    if _commercial(snapshot):
        counters |= {"todayImportEnergy": None, "todayExportEnergy": None}
    if known:
        # A waiting inverter sees its own standby only; the counters are the meter's.
        watts = knobs.waiting_grid_w if waiting else -snapshot.sample.powers.grid
        return {"gridPower": snapshot.power(watts), **counters}
    zero = device.metered and knobs.slave_grid == "zero"
    return {"gridPower": 0.0 if zero else None, **counters}


def _second_meter(snapshot: Snapshot) -> dict[str, float]:
    part = snapshot.device.second_meter
    names = (
        "todayImportEnergyM2",
        "totalImportEnergyM2",
        "todayExportEnergyM2",
        "totalExportEnergyM2",
    )
    if part is None:
        return {"gridPowerM2": 0.0, **dict.fromkeys(names, 0.0)}
    taken, given = f"ac_in.{part}", f"ac_out.{part}"
    values = (
        snapshot.today(taken),
        snapshot.total(taken),
        snapshot.today(given),
        snapshot.total(given),
    )
    watts = snapshot.sample.inverter(part).ac_w
    return {
        "gridPowerM2": snapshot.power(watts),
        **dict(zip(names, values, strict=True)),
    }


def _phases(
    snapshot: Snapshot, inverter: InverterSample, *, waiting: bool
) -> dict[str, float | None]:
    count = snapshot.device.phases
    hertz = 0.0 if waiting else round(50.0 + 0.03 * snapshot.noise("frequency"), 2)
    values: dict[str, float | None] = {}
    for phase in (1, 2, 3):
        used = phase <= count and not waiting
        volts = round(232.0 + 3 * snapshot.noise(f"volts{phase}"), 1) if used else 0.0
        watts = inverter.ac_w / count if used else 0.0
        values[f"acVoltage{phase}"] = volts
        values[f"acCurrent{phase}"] = round(abs(watts) / volts, 1) if volts else 0.0
        values[f"acPower{phase}"] = (
            round(watts / 1000)
            if _commercial(snapshot)
            else snapshot.whole_power(watts)
        )
        values[f"acFrequency{phase}"] = hertz if phase <= count else 0.0
    values["gridFrequency"] = hertz if snapshot.knobs.report_grid_frequency else None
    return values


def _temperature(snapshot: Snapshot, inverter: InverterSample) -> float:
    work = (inverter.pv_w + abs(inverter.ac_w)) / (2 * inverter.spec.rated_w)
    air = snapshot.plant.site.temperature(snapshot.at)
    return float(round(air + 14 + 22 * work))


def _energies(snapshot: Snapshot) -> dict[str, float]:
    device = snapshot.device
    output = f"ac_out.{device.part}"
    trackers = pv_names(snapshot, device)
    daily = snapshot.today(output)
    return {
        "dailyACOutput": daily,
        "totalACOutput": round(snapshot.total(output) + device.ac_lead_kwh, 1),
        "dailyYield": daily if device.micro else snapshot.today(*trackers),
        "totalYield": 0.0 if device.micro else snapshot.total(*trackers),
    }


def pv_names(snapshot: Snapshot, device: Device) -> list[str]:
    """Name the world's counters of an inverter's trackers."""
    inverter = snapshot.sample.inverter(device.part)
    return [f"pv.{device.part}.{number}" for number in range(len(inverter.spec.arrays))]


def _trackers(
    snapshot: Snapshot, inverter: InverterSample, *, waiting: bool
) -> dict[str, Any]:
    mppt: dict[str, float] = {}
    strings: dict[str, float] = {}
    for number, (array, watts) in enumerate(
        zip(inverter.spec.arrays, inverter.array_w, strict=True), 1
    ):
        lively = 1 + 0.02 * snapshot.noise(f"mppt{number}")
        volts = round(array.volts * lively, 1) if watts > 0 else 0.0
        values = {
            "Voltage": volts,
            "Current": round(watts / volts, 1) if volts else 0.0,
            "Power": snapshot.power(watts),
        }
        for name, value in values.items():
            mppt[f"MPPT{number}{name}"] = value
            if not waiting and (name == "Power" or not snapshot.device.micro):
                strings[f"pv{number}{name}"] = value
    total = snapshot.power(inverter.pv_w) if snapshot.knobs.report_mppt_total else None
    return {
        "mpptMap": {} if snapshot.device.micro else mppt,
        "pvMap": strings,
        "MPPTTotalInputPower": total,
    }


def _backup() -> dict[str, float]:
    values: dict[str, float] = {}
    for phase in (1, 2, 3):
        values[f"EPSL{phase}Voltage"] = 0.0
        values[f"EPSL{phase}Current"] = 0.0
        values[f"EPSL{phase}ActivePower"] = 0
        values[f"EPSL{phase}ApparentPower"] = 0
    return values
