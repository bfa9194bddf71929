"""Units and signs belong to the device type; every row says where it comes from."""

from collections.abc import Iterator

import pytest

from custom_components.solar_cloud.cloud.corrections import DeviceCorrection, PowerUnit
from custom_components.solar_cloud.cloud.fusionsolar import models
from custom_components.solar_cloud.cloud.fusionsolar.decoder import UnitGuess, corrected
from custom_components.solar_cloud.cloud.fusionsolar.points import PLANT, REPORT, TABLES
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot, Value
from custom_components.solar_cloud.cloud.points import Point, decode
from tests.emulators.fusionsolar.knobs import Knobs
from tests.emulators.fusionsolar.rows import MAKERS, View
from tests.emulators.fusionsolar.scenarios import commercial, home, home_emma
from tests.emulators.world import World


def rows() -> Iterator[tuple[int, Point]]:
    """Yield every row with its device type, 0 for plants."""
    for table in (PLANT, REPORT):
        yield from ((0, point) for point in table.points)
    for kind, table in TABLES.items():
        yield from ((kind, point) for point in table.points)


def read(kind: int, **items: object) -> dict[Slot, Value]:
    """Decode some items of a device type."""
    return decode(TABLES[kind], items).values


@pytest.mark.parametrize(("kind", "point"), rows())
def test_every_row_has_a_source_and_the_unit_of_its_quantity(
    kind: int, point: Point
) -> None:
    """What was copied from a document can be compared with it."""
    assert point.ref
    assert point.sign in {1, -1}
    if point.codes is None:
        assert point.unit is not None
        assert point.unit.canonical == point.quantity.unit
    else:
        assert not point.quantity.unit


def test_every_type_with_data_has_a_table() -> None:
    """And no other."""
    assert set(TABLES) == models.READABLE


@pytest.mark.parametrize(
    ("kind", "field", "raw", "quantity", "expected"),
    [
        (1, "active_power", 4.38, Q.AC_POWER, 4380),
        (38, "active_power", 4.38, Q.AC_POWER, 4380),
        (38, "active_power", -0.5, Q.AC_POWER, -500),
        (38, "mppt_power", "6.02", Q.PV_POWER, 6020),
        (38, "reactive_power", -0.05, Q.REACTIVE_POWER, -50),
        (39, "ch_discharge_power", 1500.0, Q.BATTERY_POWER, -1500),
        (41, "ch_discharge_power", "-20500", Q.BATTERY_POWER, 20500),
        (39, "max_charge_power", 5000, Q.BATTERY_MAX_CHARGE_POWER, 5000),
        (47, "active_power", 3140, Q.GRID_POWER, -3140),
        (47, "active_cap", 8711.35, Q.GRID_EXPORT_ENERGY_TOTAL, 8711.35),
        (47, "reverse_active_cap", 6120.02, Q.GRID_IMPORT_ENERGY_TOTAL, 6120.02),
        (47, "reactive_power", -212, Q.REACTIVE_POWER, -212),
        (17, "active_power", -22870.0, Q.GRID_POWER, 22870),
        (17, "active_cap", 55012.4, Q.GRID_EXPORT_ENERGY_TOTAL, 55012.4),
        (17, "reactive_power", 1.9, Q.REACTIVE_POWER, 1900),
        (17, "total_apparent_power", 22.9, Q.APPARENT_POWER, 22900),
        (23070, "active_power", -3.14, Q.GRID_POWER, -3140),
        (23070, "active_cap", 6120.02, Q.GRID_IMPORT_ENERGY_TOTAL, 6120.02),
        (23070, "reverse_active_cap", 8711.35, Q.GRID_EXPORT_ENERGY_TOTAL, 8711.35),
        (23070, "ex_active_power", 1.5, Q.SECOND_GRID_POWER, 1500),
        (60001, "active_power", 2.5, Q.GRID_POWER, 2500),
        (60003, "output_power", 7, Q.AC_POWER, 7000),
        (60010, "active_power", 1.1, Q.LOAD_POWER, 1100),
        (60014, "charge_discharge_power", 2, Q.BATTERY_POWER, -2000),
        (60043, "total_output_power", 350, Q.PV_POWER, 350),
        (60044, "output_voltage", 400, Q.BUS_VOLTAGE, 400),
        (60092, "inverter_frequency", 50, Q.GRID_FREQUENCY, 50),
        (10, "radiant_line", 803.0, Q.PLANE_IRRADIANCE, 803),
        (10, "radiant_total", 14.4, Q.IRRADIATION_TODAY, 4),
    ],
)
def test_e32_units_and_signs_by_type(
    kind: int, field: str, raw: object, quantity: Q, expected: float
) -> None:
    """The same name is W here and kW there, export here and import there."""
    assert read(kind, **{field: raw})[Slot(quantity)] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "expected"), [(47, -1043.0), (17, -1043.0), (23070, 1_043_000.0)]
)
def test_phase_powers_have_the_unit_of_their_meter(kind: int, expected: float) -> None:
    """Power sensors report them in W, EMMA in kW."""
    assert read(kind, active_power_a=1043)[Slot(Q.PHASE_POWER, 1)] == expected


def test_tariff_counters_are_energies() -> None:
    """positive_active_power is the shoulder tariff's energy."""
    values = read(47, positive_active_power=12.5, reverse_active_peak=3)
    assert values[Slot(Q.TARIFF_EXPORT_ENERGY_TOTAL, 2)] == 12.5
    assert values[Slot(Q.TARIFF_IMPORT_ENERGY_TOTAL, 1)] == 3


def test_all_strings_and_trackers_of_a_type_are_read() -> None:
    """36 strings and ten trackers at most (25.1), eight and four on homes' inverters."""
    large = read(
        1, **{f"pv{n}_u": 600 for n in range(1, 37)}, mppt_10_cap=5, mppt_total_cap=9
    )
    assert len([slot for slot in large if slot.quantity is Q.STRING_VOLTAGE]) == 36
    assert large[Slot(Q.MPPT_ENERGY_TOTAL, 10)] == 5
    assert large[Slot(Q.PV_ENERGY_TOTAL)] == 9
    small = decode(TABLES[38], {"pv8_i": 1, "mppt_4_cap": 1, "pv9_i": 1})
    assert set(small.values) == {
        Slot(Q.STRING_CURRENT, 8),
        Slot(Q.MPPT_ENERGY_TOTAL, 4),
    }
    assert small.unmapped == {"pv9_i"}


@pytest.mark.parametrize("field", ["day_on_grid_energy", "daily_on_grid_energy"])
def test_aliases_of_plant_items(field: str) -> None:
    """One source of 26.1 calls them otherwise."""
    assert decode(PLANT, {field: "9.87"}).values[Slot(Q.GRID_EXPORT_ENERGY_TODAY)]


def test_a129_the_clear_report_items_go_before_the_ambiguous_one() -> None:
    """inverter_power counts only where PVYield and inverterYield are missing."""
    both = decode(
        REPORT, {"inverter_power": 30.0, "inverterYield": 21.4, "PVYield": 26.6}
    ).values
    assert both[Slot(Q.AC_ENERGY_TODAY)] == 21.4
    assert both[Slot(Q.PV_ENERGY_TODAY)] == 26.6
    assert decode(REPORT, {"inverter_power": 30}).values == {
        Slot(Q.AC_ENERGY_TODAY): 30
    }


@pytest.mark.parametrize("mode", [*range(13), 99])
def test_e33_new_battery_modes_are_known_or_unknown_but_never_wrong(mode: int) -> None:
    """Values above 4 came with new firmware; one no table lists keeps its number for a report."""
    decoded = decode(TABLES[39], {"ch_discharge_model": float(mode)})
    if mode == 99:
        assert decoded.unknown == {Slot(Q.WORK_MODE): "99"}
    else:
        assert Slot(Q.WORK_MODE) in decoded.values


@pytest.mark.parametrize("absent", [None, "", "N/A", "--", "null", "NaN", True, [], {}])
def test_e12_absent_values_are_absent(absent: object) -> None:
    """Never zero, never an exception."""
    assert not read(38, active_power=absent, inverter_state=absent)


def test_the_emulator_sends_no_item_that_no_table_knows() -> None:
    """Both were written from the same document, by different routes."""
    world = World()
    for build in (home, home_emma, commercial):
        for plant in build(world):
            for device in plant.devices:
                if device.type in MAKERS:
                    view = View(plant, device, plant.site.sample(), Knobs())
                    items = MAKERS[device.type](view)
                    assert not decode(TABLES[device.type], items).unmapped - {
                        "unit1",
                        "unit2",
                    }


@pytest.mark.parametrize("kind", sorted(models.CORRECTABLE))
def test_a_swapped_device_turns_powers_and_counters(kind: int) -> None:
    """A current transformer mounted the wrong way round swaps everything it sees."""
    values: dict[Slot, Value] = {
        Slot(Q.GRID_POWER): 5.0,
        Slot(Q.PHASE_POWER, 1): -2.0,
        Slot(Q.BATTERY_POWER): 0.0,
        Slot(Q.GRID_IMPORT_ENERGY_TOTAL): 100.0,
        Slot(Q.GRID_EXPORT_ENERGY_TOTAL): 7.0,
        Slot(Q.BATTERY_CHARGE_ENERGY_TODAY): 1.0,
        Slot(Q.GRID_FREQUENCY): 50.0,
    }
    assert corrected(values, kind, DeviceCorrection(swap_direction=True)) == {
        Slot(Q.GRID_POWER): -5.0,
        Slot(Q.PHASE_POWER, 1): 2.0,
        Slot(Q.BATTERY_POWER): 0.0,
        Slot(Q.GRID_EXPORT_ENERGY_TOTAL): 100.0,
        Slot(Q.GRID_IMPORT_ENERGY_TOTAL): 7.0,
        Slot(Q.BATTERY_DISCHARGE_ENERGY_TODAY): 1.0,
        Slot(Q.GRID_FREQUENCY): 50.0,
    }


@pytest.mark.parametrize(
    ("kind", "unit", "factor"),
    [
        (47, PowerUnit.KILOWATT, 1000),
        (47, PowerUnit.WATT, 1),
        (23070, PowerUnit.WATT, 0.001),
        (23070, PowerUnit.KILOWATT, 1),
        (41, PowerUnit.KILOWATT, 1000),
    ],
)
def test_a_users_unit_replaces_the_tables(
    kind: int, unit: PowerUnit, factor: float
) -> None:
    """Whatever the table says, the power is then read in this unit."""
    values: dict[Slot, Value] = {Slot(Q.GRID_POWER): 2000.0, Slot(Q.POWER_FACTOR): 1.0}
    corrected_values = corrected(values, kind, DeviceCorrection(unit=unit))
    assert corrected_values == {
        Slot(Q.GRID_POWER): 2000.0 * factor,
        Slot(Q.POWER_FACTOR): 1.0,
    }


METER: dict[str, object] = {"power_factor": 0.95, "a_u": 230, "b_u": 231, "c_u": 229}
AMPERES: dict[str, object] = {"a_i": 10.0, "b_i": 10.0, "c_i": 10.0}
WATTS = 0.95 * 6900


def vote(*samples: dict[str, object]) -> bool:
    """Return the verdict after some samples."""
    guess = UnitGuess()
    for sample in samples:
        guess.look(sample)
    return guess.kilowatts


def test_the_unit_of_a_grid_meter_is_found_out_from_volts_and_amperes() -> None:
    """Three samples that agree, in one direction or the other, and then it stays."""
    kilo = METER | AMPERES | {"active_power": -WATTS / 1000}
    watt = METER | AMPERES | {"active_power": WATTS}
    assert vote(kilo, kilo, kilo)
    assert vote(kilo, kilo, kilo, watt, watt, watt, watt)
    assert not vote(kilo, kilo)
    assert not vote(kilo, kilo, watt, kilo)
    assert not vote(watt, watt, watt, kilo, kilo, kilo)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"a_i": 0.1, "b_i": 0.1, "c_i": 0.2},
        {"power_factor": 0.1},
        {"power_factor": None},
        {"active_power": None},
        {"active_power": 100.0},
        {"a_u": 0, "b_u": 0, "c_u": 0, "ab_u": 0},
    ],
)
def test_a_sample_that_says_little_does_not_count(
    spoilt: dict[str, object],
) -> None:
    """Small currents, reactive loads, missing items, a ratio of neither kind."""
    sample = METER | AMPERES | {"active_power": WATTS / 1000} | spoilt
    assert not vote(sample, sample, sample, sample)


def test_line_voltages_will_do() -> None:
    """Meters in three-wire grids report no phase voltages."""
    sample = AMPERES | {
        "ab_u": 400.0,
        "active_power": WATTS / 1000,
        "power_factor": 0.95,
    }
    assert vote(sample, sample, sample)


@pytest.mark.parametrize(
    ("kind", "model", "watts", "kwh"),
    [
        (38, "SUN2000-8KTL-M1", 8000, None),
        (38, "SUN2000-4.95KTL-JPL1", 4950, None),
        (1, "SUN2000-50KTL-M3", 50000, None),
        (38, None, None, None),
        (38, "something", None, None),
        (39, "LUNA2000-10-S0", None, 10),
        (39, "LUNA2000-15-S0", None, 15),
        (41, "LUNA2000-215-2S10", None, None),
        (39, "RESU10H", None, None),
    ],
)
def test_ratings_are_read_from_models(
    kind: int, model: str | None, watts: float | None, kwh: float | None
) -> None:
    """They bound what a counter can gain; the list has no field for them."""
    assert models.rated_power(kind, model) == watts
    assert models.capacity(kind, model) == kwh
