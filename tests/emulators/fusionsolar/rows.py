"""The data items of devices, from what the world's site looked like at an upload."""

from collections.abc import Callable
from math import floor, inf
from typing import Any

from ..world import InverterSample, Sample
from ..world.noise import Noise, seed_of
from .knobs import Knobs
from .plant import (
    EMI,
    EMMA,
    ESS,
    GRID_METER,
    HOME_BATTERY,
    HOME_INVERTER,
    POWER_SENSOR,
    STRING_INVERTER,
    Device,
    Plant,
)

SHARES = (0.36, 0.32, 0.32)
RESTING, SHUT_DOWN, RUNNING, LIMITED = 40960.0, 769.0, 512.0, 513.0

type Items = dict[str, Any]


def cut(value: float, decimals: int = 2) -> float:
    """Cut a counter off at the vendor's resolution."""
    scale = 10.0**decimals
    return float(floor(value * scale + 1e-6) / scale)


class View:
    """One device of one plant at one instant."""

    def __init__(
        self, plant: Plant, device: Device, sample: Sample, knobs: Knobs
    ) -> None:
        """Look at a sample."""
        self.plant = plant
        self.device = device
        self.sample = sample
        self.knobs = knobs

    def noise(self, name: str) -> float:
        """Return a lively number between 0 and 1."""
        return Noise(seed_of(self.device.id, name), 900.0).at(self.sample.at)

    @property
    def midnight(self) -> Sample:
        """The site when the day began, as the vendor sees it: it is late at times."""
        site = self.plant.site
        late = 60.0 * self.knobs.carry_over_minutes
        return site.sample(site.local.midnight(self.sample.at - late))

    @property
    def evening(self) -> Sample:
        """The site at the end of the day shown: midnight while yesterday is carried over."""
        site = self.plant.site
        began = site.local.midnight(self.sample.at)
        if self.sample.at < began + 60.0 * self.knobs.carry_over_minutes:
            return site.sample(began)
        return self.sample

    def today(self, read: Callable[[Sample], float]) -> float:
        """Return what a sum grew by on the day shown."""
        return read(self.evening) - read(self.midnight)


def items(view: View) -> Items:
    """Return the data items of a device."""
    return MAKERS[view.device.type](view)


def _inverter(view: View) -> Items:
    part = view.device.part
    one = view.sample.inverter(part)
    ac = _ac_w(view, one)
    dark = one.pv_w < 1.0 and abs(ac) < 1.0
    strings = 36 if view.device.type == STRING_INVERTER else 8
    row: Items = {
        "run_state": 1,
        "inverter_state": RESTING if dark else _running(view, one),
        "active_power": round(ac / 1000, 3),
        "reactive_power": round(0.05 * ac / 1000, 3),
        "mppt_power": round(one.pv_w / 1000, 3),
        "power_factor": 1.0,
        "efficiency": 100.0 if not dark else 0.0,
        "temperature": round(25 + 20 * ac / one.spec.rated_w + view.noise("warmth"), 1),
        "elec_freq": 0.0 if dark else round(50 + 0.04 * (view.noise("hertz") - 0.5), 2),
        **_phases(view, abs(ac), one.spec.phases, dark=dark),
        "day_cap": cut(view.today(lambda sample: _ac_kwh(view, sample.inverter(part)))),
        "total_cap": cut(_ac_kwh(view, one)),
        "open_time": int(1000 * (view.sample.at - 3600)),
        "close_time": "N/A",
    }
    for number in range(1, strings + 1):
        known = number <= len(one.array_w)
        volts = one.spec.arrays[number - 1].volts if known else 0.0
        watts = one.array_w[number - 1] if known else 0.0
        row[f"pv{number}_u"] = round(volts, 1) if watts >= 1 else 0.0
        row[f"pv{number}_i"] = round(watts / volts, 2) if volts else 0.0
    for number in range(1, (10 if view.device.type == STRING_INVERTER else 4) + 1):
        energy = one.array_kwh[number - 1] if number <= len(one.array_kwh) else 0.0
        row[f"mppt_{number}_cap"] = cut(energy)
    if view.device.type == STRING_INVERTER:
        row["mppt_total_cap"] = cut(one.pv_kwh)
    return row


def _running(view: View, one: InverterSample) -> float:
    limit = view.sample.controls.export_limit_w
    if limit is not None and view.sample.powers.grid <= 5.0 - limit:
        return LIMITED
    return RUNNING if one.running else SHUT_DOWN


def _or(watts: float | None) -> float:
    return inf if watts is None else watts


def _apart(view: View) -> bool:
    """Whether the plant's batteries stand beside the inverters, as an ESS does."""
    return bool(view.plant.of(ESS))


def _ac_w(view: View, one: InverterSample) -> float:
    return one.pv_w * one.spec.efficiency if _apart(view) else one.ac_w


def _ac_kwh(view: View, one: InverterSample) -> float:
    return one.pv_kwh * one.spec.efficiency if _apart(view) else one.ac_out_kwh


def _phases(view: View, watts: float, phases: int, *, dark: bool) -> Items:
    row: Items = {}
    for index, name in enumerate("abc"):
        lit = not dark and index < phases
        volts = round(231 + 3 * view.noise(name), 1) if lit else 0.0
        share = 1.0 if phases == 1 else 1 / 3
        row[f"{name}_u"] = volts
        row[f"{name}_i"] = round(watts * share / volts, 1) if volts else 0.0
    for first, second in ("ab", "bc", "ca"):
        row[f"{first}{second}_u"] = (
            round(1.732 * row[f"{first}_u"], 1) if phases == 3 else 0.0
        )
    if (
        phases == 1
    ):  # the phase stands where the line should, and half of it at the phase
        row |= {"ab_u": row["a_u"], "a_u": round(0.496 * row["a_u"], 1)}
    return row


def _battery(view: View) -> Items:
    part = view.device.part
    one = view.sample.battery(part)
    row: Items = {
        "run_state": 1,
        "battery_soc": round(100 * one.soc, 1),
        "battery_soh": 0.0 if view.device.type == HOME_BATTERY else 99.0,
        "ch_discharge_power": round(0.0 - one.watts, 1),  # charging is positive
        "charge_cap": cut(view.today(lambda sample: sample.battery(part).charge_kwh)),
        "discharge_cap": cut(
            view.today(lambda sample: sample.battery(part).discharge_kwh)
        ),
    }
    if view.device.type == ESS:
        return row
    row |= {
        "battery_status": 2.0 if abs(one.watts) >= 1 else 1.0,
        "ch_discharge_model": view.plant.model.at(view.sample.at),
        "max_charge_power": min(one.spec.charge_w, _or(view.sample.controls.charge_w)),
        "max_discharge_power": min(
            view.knobs.capable * one.spec.discharge_w,
            _or(view.sample.controls.discharge_w),
        ),
        "busbar_u": round(one.spec.volts * (0.96 + 0.08 * one.soc), 1),
        "total_charged_energy": cut(one.charge_kwh),
        "total_discharged_energy": cut(one.discharge_kwh),
        "rated_capacity": one.spec.capacity_kwh,
    }
    if (shape := view.knobs.packs) is not None:
        row["battery_unit_info"] = _packs(view, shape, one.soc)
    return row


def _packs(view: View, shape: str, soc: float) -> Any:
    """Return two packs and a place without one; which shape a firmware has is not documented."""
    packs = [
        {"sn": f"{view.device.serial}-{n}", "soc": f"{100 * soc:.1f}%", "soh": soh}
        for n, soh in ((1, "97.0%"), (2, "0.0%"))
    ]
    if shape == "list":
        return packs
    if shape == "single":
        return {"unit1": packs[0]}
    return {"unit1": [*packs, None], "unit2": [], "unit3": None}


def _meter(view: View, scale: float, sign: float) -> Items:
    watts = sign * view.sample.powers.grid
    energies = view.sample.energies
    inward, outward = cut(energies.grid_import), cut(energies.grid_export)
    row: Items = {
        "active_power": round(watts / scale, 3),
        "reactive_power": round(-40 / (1 if scale == 1 else 1000), 3),
        "power_factor": round(abs(watts) / (watts**2 + 40.0**2) ** 0.5, 3),
        "active_cap": inward if sign > 0 else outward,
        "reverse_active_cap": outward if sign > 0 else inward,
    }
    for name, share in zip("abc", SHARES, strict=True):
        row[f"active_power_{name}"] = round(watts * share / scale, 3)
    return row


def _power_sensor(view: View) -> Items:
    row = _meter(view, 1.0, -1.0)
    volts = round(232 + view.noise("volts"), 1)
    return row | {
        "run_state": 1,
        "meter_status": 1,
        "meter_u": volts,
        "meter_i": round(abs(row["active_power_a"]) / volts, 2),
        "grid_frequency": round(50 + 0.04 * (view.noise("hertz") - 0.5), 2),
    }


def _grid_meter(view: View) -> Items:
    watts = abs(view.sample.powers.grid)
    row = _meter(view, 1000.0 if view.knobs.grid_meter_kw else 1.0, -1.0)
    for index, name in enumerate("abc"):
        volts = round(231 + view.noise(name), 1)
        row[f"{name}_u"] = volts
        row[f"{name}_i"] = round(
            watts * SHARES[index] / (volts * max(0.5, row["power_factor"])), 2
        )
    return row | {
        "reactive_power": 0.04,
        "ab_u": 401.0,
        "bc_u": 401.5,
        "ca_u": 402.0,
        "total_apparent_power": round(watts / 1000, 3),
        "grid_frequency": 50.01,
        "reverse_active_peak": 0.0,
        "positive_active_power": 0.0,
    }


def _emma(view: View) -> Items:
    sign = -1.0 if view.knobs.emma_outward else 1.0
    return _meter(view, 1000.0, sign) | {
        "run_state": 1,
        "a_i": round(abs(view.sample.powers.grid) * SHARES[0] / 232, 2),
        "ex_active_power": 0.0,
        "ex_active_cap": 0.0,
        "ex_reverse_active_cap": 0.0,
    }


def _emi(view: View) -> Items:
    peak = view.sample.spec.peak_w or 1.0
    light = 1000 * view.sample.powers.pv / peak
    return {
        "run_state": 1,
        "temperature": round(14 + 10 * view.noise("air"), 1),
        "pv_temperature": round(14 + 10 * view.noise("air") + light / 40, 1),
        "wind_speed": round(6 * view.noise("wind"), 1),
        "wind_direction": round(359 * view.noise("vane")),
        "radiant_line": round(light, 1),
        "radiant_total": round(
            3.6 * view.today(lambda sample: sample.energies.pv) * 1000 / peak, 2
        ),
        "horiz_radiant_line": round(0.94 * light, 1),
        "horiz_radiant_total": 1.0,
    }


MAKERS: dict[int, Callable[[View], Items]] = {
    STRING_INVERTER: _inverter,
    HOME_INVERTER: _inverter,
    HOME_BATTERY: _battery,
    ESS: _battery,
    POWER_SENSOR: _power_sensor,
    GRID_METER: _grid_meter,
    EMMA: _emma,
    EMI: _emi,
}


def frozen(view: View) -> Items:
    """Return what is left of a device that lost its connection."""
    row = items(view)
    kept = {
        name: value
        for name, value in row.items()
        if name.endswith("_cap") or name == "battery_soc"
    }
    return {"run_state": 0, "inverter_state": 45056.0, "active_power": 0.0, **kept}
