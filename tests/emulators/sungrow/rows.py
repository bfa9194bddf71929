"""What each type of device uploads, point by point in base units (sungrow.md §5)."""

from collections.abc import Callable
import math

from .energies import Moment, watt_hours
from .plant import (
    BATTERY,
    CHARGER,
    HYBRID,
    LOGGER,
    MANAGER,
    METER,
    MICRO,
    MODULE,
    OPTIMIZER,
    PV,
    WEATHER,
    Device,
    Plant,
)

type Values = dict[str, float | str | None]

PV_VOLTS = ((5, 6), (7, 8), (9, 10), (45, 46), (47, 48), (49, 50))
PV_POWERS = (11, 12, 13, 59, 60, 61)
HYBRID_VOLTS = ((13001, 13002), (13105, 13106), (13107, 13108), (13109, 13110))
NO_SECOND_METER: dict[int, float | str | None] = {
    **dict.fromkeys(range(18075, 18083), -1.0),
    **dict.fromkeys(range(18083, 18096), 0.0),
}
"""A hybrid has these points, connected or not."""
PILOT = {1: 12.0, 3: 6.0}
"""Volts on the pilot line by state: no car, charging; 9 between them."""
CHARGER_STATES = {
    "available": 1,
    "preparing": 2,
    "charging": 3,
    "paused": 4,
    "stopped": 4,
    "waiting": 5,
    "full": 6,
}


def _put(values: Values, pairs: dict[int, float | str | None]) -> None:
    values |= {str(point): value for point, value in pairs.items()}


def _trackers(
    watts: tuple[float, ...], volts: list[float], ids: tuple[tuple[int, int], ...]
) -> dict[int, float | str | None]:
    pairs: dict[int, float | str | None] = {}
    for (volt_id, ampere_id), power, voltage in zip(ids, watts, volts, strict=False):
        pairs[volt_id] = voltage if power > 0 else 0.0
        pairs[ampere_id] = power / voltage
    return pairs


def pv_inverter(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 1: its yield is what it gave to the house."""
    now, start = moment.inverter(device)
    watts = max(0.0, now.ac_w)
    phases = 3 if now.spec.phases == 3 else 1
    values: Values = {}
    state = 0 if now.pv_w > 5 else 5120
    _put(
        values,
        {
            24: watts,
            14: now.pv_w,
            1: moment.today(now.ac_out_kwh, start.ac_out_kwh),
            2: watt_hours(now.ac_out_kwh),
            29: state if now.running else 32768,
            4: 31.0 + watts / 800,
            25: 0.0,
            43: watts,
            26: 0.999,
            27: 50.0,
            94: 812.0,
            95: 640.0,
            3: 8123.0,
            7356: 8160.0,
            33: 41.0 + watts / 700,
            34: 42.0 + watts / 700,
            41: now.spec.rated_w,
            42: 0.0,
            90: -321.0,
            120: 0.0,
        },
    )
    for phase in range(phases):
        _put(values, {18 + phase: 230.0, 21 + phase: watts / phases / 230.0})
    volts = [array.volts for array in now.spec.arrays]
    _put(values, _trackers(now.array_w, volts, PV_VOLTS))
    _put(values, dict(zip(PV_POWERS, now.array_w, strict=False)))
    for number, (power, voltage) in enumerate(zip(now.array_w, volts, strict=True)):
        _put(values, {70 + number: power / voltage, 96 + number: voltage})
    return values


def hybrid(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 14: PV, battery, and for the master the grid and the house."""
    now, start = moment.inverter(device)
    values: Values = {}
    state = device.state.at(moment.now.at)
    if state is None:
        state = 0 if now.running else 32768
    _put(
        values,
        {
            13003: now.pv_w,
            13011: now.ac_w,
            13112: moment.today(now.pv_kwh, start.pv_kwh),
            13134: watt_hours(now.pv_kwh),
            13146: state,
            13007: 50.01,
            13012: 0.0,
            13013: 0.998,
            13018: abs(now.ac_w),
            13019: 33.0 + abs(now.ac_w) / 900,
            13160: 764.0,
            13161: 642.0,
            18068: 0.0,
            18061: 255.0,
            13020: 20123.0,
            13165: 0.0,
            **dict.fromkeys(range(18108, 18111), 231.0),
            **NO_SECOND_METER,
        },
    )
    volts = [array.volts for array in now.spec.arrays]
    _put(values, _trackers(now.array_w, volts, HYBRID_VOLTS))
    if now.spec.phases == 3:
        for phase in range(3):
            _put(values, {13157 + phase: 231.0, 13008 + phase: abs(now.ac_w) / 693})
    else:
        _put(values, {13187: 231.0, 13188: abs(now.ac_w) / 231})
    _put(values, _grid_points(moment, device))
    _put(values, _battery_points(moment, device))
    return values


def _grid_points(moment: Moment, device: Device) -> dict[int, float | str | None]:
    ids = (13119, 13149, 13121, 18038, 13199, 13130, 13147, 13148, 13122, 13125)
    if not device.master:
        return dict.fromkeys(ids)
    grid = moment.now.powers.grid
    load, load_today = moment.load_wh()
    bought, bought_today = moment.import_wh()
    sold, sold_today = moment.export_wh()
    watts = (moment.load_w, max(0.0, grid), max(0.0, -grid), grid)
    energies = (load_today, load, bought_today, bought, sold_today, sold)
    return dict(zip(ids, (*watts, *energies), strict=True))


def _battery_points(moment: Moment, device: Device) -> dict[int, float | str | None]:
    """Zeros where there is no battery (sungrow.md §7.2 #18)."""
    ids = (
        *(13126, 13150, 13028, 13034, 13029, 13035, 13141, 13142, 13138, 13139, 13140),
        *(13016, 13017, 13023, 13024),
    )
    spec = next(one for one in moment.now.spec.inverters if one.id == device.part)
    if spec.battery is None:
        return dict.fromkeys((*ids, 13143), 0.0)
    now, start = moment.battery(spec.battery.id)
    return {
        13126: max(0.0, -now.watts),
        13150: max(0.0, now.watts),
        13028: moment.today(now.charge_kwh, start.charge_kwh),
        13034: watt_hours(now.charge_kwh),
        13029: moment.today(now.discharge_kwh, start.discharge_kwh),
        13035: watt_hours(now.discharge_kwh),
        13141: round(now.soc, 3),
        13142: round(spec.battery.soh, 3),
        13138: spec.battery.volts,
        13139: now.watts / spec.battery.volts,
        13140: spec.battery.capacity_kwh * 1000,
        13143: 24.5,
        13016: 4012.0,
        13017: 5230.0,
        13023: 2.5,
        13024: 3.1,
    }


def battery(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 43."""
    now, _ = moment.battery(device.part)
    values: Values = {}
    _put(
        values,
        {
            58601: now.spec.volts,
            58602: now.watts / now.spec.volts,
            58603: 24.2,
            58604: round(now.soc, 3),
            58605: round(now.spec.soh, 3),
            58606: watt_hours(now.charge_kwh),
            58607: watt_hours(now.discharge_kwh),
            58608: 2 if abs(now.watts) > 5 else 0,
            58610: 3334.0,
            58612: 3318.0,
            58614: 25.1,
            58616: 23.4,
            58611: 17,
            58635: 1,
            58636: 0,
        },
    )
    modules = round(now.spec.capacity_kwh / 3.2)
    for number in range(8):
        # A place without a module is 0, not missing.
        there = number < modules
        highest, lowest = (3334.0 - number, 3318.0 + number) if there else (0.0, 0.0)
        _put(values, {58618 + number: highest, 58626 + number: lowest})
    return values


def meter(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 7: forward is import."""
    grid = moment.now.powers.grid
    bought, bought_today = moment.import_wh()
    sold, sold_today = moment.export_wh()
    values: Values = {}
    _put(
        values,
        {
            8018: grid,
            8030: bought,
            8031: sold,
            8062: bought_today,
            8063: sold_today,
            8014: 0.98,
            8064: 50.0,
            # A meter without tariffs has their registers all the same.
            **dict.fromkeys((*range(8034, 8046), *range(8058, 8062)), 0.0),
        },
    )
    for phase in range(3):
        _put(
            values,
            {8000 + phase: 230.0, 8006 + phase: grid / 690, 8076 + phase: grid / 3},
        )
    return values


def charger(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 51: powers in kW, unlike everything else."""
    now = moment.now.charger(device.part)
    values: Values = {}
    _put(
        values,
        {
            33708: f"{now.watts / 1000:.3f}",
            33716: CHARGER_STATES.get(now.status, 1),
            33722: "1.4",
            33723: f"{now.spec.rated_w / 1000:.1f}",
            33728: 16.0 if now.spec.phases == 3 else 32.0,
            33729: 6.0,
            33710: PILOT.get(CHARGER_STATES.get(now.status, 1), 9.0),
        },
    )
    for phase in range(now.spec.phases):
        _put(values, {33702 + 2 * phase: 230.0, 33703 + 2 * phase: now.amps})
    return values


def manager(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 64: the grid connection."""
    grid = moment.now.powers.grid
    values: Values = {}
    _put(
        values,
        {88016: grid, 88034: moment.import_wh()[0], 88035: moment.export_wh()[0]},
    )
    for phase in range(3):
        _put(values, {88017 + phase: grid / 3})
    return values


def micro(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 55."""
    now, start = moment.inverter(device)
    values: Values = {}
    _put(
        values,
        {
            51301: 0,
            51302: watt_hours(now.ac_out_kwh),
            51303: max(0.0, now.ac_w),
            51305: now.pv_w,
            51308: 50.0,
            51309: 230.0,
            51312: max(0.0, now.ac_w) / 230,
            51346: moment.today(now.ac_out_kwh, start.ac_out_kwh),
        },
    )
    for number, (watts, array) in enumerate(
        zip(now.array_w, now.spec.arrays, strict=True)
    ):
        volts = array.volts
        _put(
            values,
            {
                51315 + 2 * number: volts,
                51316 + 2 * number: watts / volts,
                51333 + number: watts,
                51339 + number: watt_hours(now.array_kwh[number]),
                51347 + number: moment.today(
                    now.array_kwh[number], start.array_kwh[number]
                ),
            },
        )
    return values


def optimizer(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 41."""
    now, start = moment.inverter(device)
    number = device.array
    values: Values = {}
    _put(
        values,
        {
            58101: moment.today(now.array_kwh[number], start.array_kwh[number]),
            58103: 41.0,
            58104: 39.5,
            58105: now.array_w[number] / 41.0,
            58106: now.array_w[number] / 39.5,
            58107: now.array_w[number],
        },
    )
    return values


def module(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 22."""
    return {"23014": -66.0}


def logger(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 9."""
    return {
        "10511": -71.0,
        "10587": sum(one.ac_w for one in moment.now.inverters),
        "10028": watt_hours(sum(one.ac_out_kwh for one in moment.now.inverters)),
        "10555": 0.0,
    }


def weather(moment: Moment, plant: Plant, device: Device) -> Values:
    """Type 5: light as the modules see it."""
    light = 1000 * moment.now.powers.pv / max(1.0, moment.now.spec.peak_w)
    values: Values = {}
    warm = 18 + 6 * math.sin(plant.local(moment.now.at).hour / 24 * math.tau)
    _put(
        values,
        {
            2002: 4_321_000.0,
            2003: light * 0.9,
            2007: light,
            2009: warm,
            2010: warm + light / 40,
            2015: 52.0,
            2016: 2.4,
            2012: 210.0,
            2014: 1011.0,
            2022: 0.0,
        },
    )
    return values


ROWS: dict[int, Callable[[Moment, Plant, Device], Values]] = {
    PV: pv_inverter,
    HYBRID: hybrid,
    BATTERY: battery,
    METER: meter,
    CHARGER: charger,
    MANAGER: manager,
    MICRO: micro,
    OPTIMIZER: optimizer,
    MODULE: module,
    LOGGER: logger,
    WEATHER: weather,
}
