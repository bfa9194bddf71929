"""The tables: every row's unit and source, and a vendor's value on its way through (sungrow.md §5, §8)."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.corrections import DeviceCorrection, PowerUnit
from custom_components.solar_cloud.cloud.model import DeviceKind, Quantity as Q, Slot
from custom_components.solar_cloud.cloud.states import STATES
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.cloud.sungrow.access import PointSelection
from custom_components.solar_cloud.cloud.sungrow.decoder import filled, read, unwrap
from custom_components.solar_cloud.cloud.sungrow.points import (
    DEVICE_TYPES,
    PLANT_POINTS,
)
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import BATTERY, HOME, Connect

TYPES = [*DEVICE_TYPES.values(), PLANT_POINTS]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: str(kind.number))
def test_every_row_has_a_unit_of_its_quantity_and_a_source(kind: Any) -> None:
    """A row that cannot be right is found here."""
    for point in kind.table.points:
        assert point.ref.startswith("sungrow.md §")
        assert point.field[0] == "p"
        assert point.field[1:].isdecimal()
        if point.codes is None:
            assert point.unit is not None
            assert point.unit.canonical == point.quantity.unit
        else:
            assert set(point.codes.values()) <= set(STATES[kind.kind])
    assert len(set(kind.point_ids)) == len(kind.point_ids)


VALUES = [
    # type, point, raw, quantity, index, value
    (14, 13003, "5120.0", Q.PV_POWER, 0, 5120.0),
    (14, 13134, "10932400.0000", Q.PV_ENERGY_TOTAL, 0, 10932.4),
    (14, 13141, "0.791", Q.BATTERY_SOC, 0, 79.1),
    (14, 13141, "1", Q.BATTERY_SOC, 0, 100.0),
    (14, 13142, "0.99", Q.BATTERY_SOH, 0, 99.0),
    (14, 13140, "12800.0", Q.BATTERY_CAPACITY, 0, 12.8),
    (14, 13139, "3.2", Q.BATTERY_CURRENT, 0, 3.2),
    (14, 13146, "0.0", Q.OPERATING_STATE, 0, "running"),
    (14, 13146, "64", Q.OPERATING_STATE, 0, "running"),
    (14, 13146, "33280.0", Q.OPERATING_STATE, 0, "dispatched"),
    (14, 13146, "16385", Q.OPERATING_STATE, 0, "emergency_charging"),
    (14, 13158, "231.4", Q.PHASE_VOLTAGE, 2, 231.4),
    (14, 13187, "229.0", Q.PHASE_VOLTAGE, 1, 229.0),
    (14, 13109, "402.1", Q.MPPT_VOLTAGE, 4, 402.1),
    (14, 18066, "120.0", Q.BACKUP_POWER, 2, 120.0),
    (14, 18038, "-166", Q.GRID_POWER, 0, -166.0),
    (14, 13144, "0.5", Q.SELF_CONSUMPTION_RATE, 0, 50.0),
    (1, 24, "6480.0", Q.AC_POWER, 0, 6480.0),
    (1, 2, "158900.0000", Q.AC_ENERGY_TOTAL, 0, 158.9),
    (1, 29, "16385", Q.OPERATING_STATE, 0, "dispatched"),
    (1, 29, "6144", Q.OPERATING_STATE, 0, "commissioning"),
    (1, 45, "398.0", Q.MPPT_VOLTAGE, 4, 398.0),
    (1, 7738, "1.5", Q.MPPT_CURRENT, 20, 1.5),
    (1, 85, "8.1", Q.STRING_CURRENT, 16, 8.1),
    (1, 93, "8.1", Q.STRING_CURRENT, 18, 8.1),
    (1, 7722, "8.1", Q.STRING_CURRENT, 40, 8.1),
    (1, 113, "610", Q.STRING_VOLTAGE, 18, 610.0),
    (1, 7721, "610", Q.STRING_VOLTAGE, 40, 610.0),
    (1, 65, "610", Q.MPPT_POWER, 10, 610.0),
    (1, 94, "764", Q.INSULATION_RESISTANCE, 0, 764.0),
    (43, 58604, "0.812", Q.BATTERY_SOC, 0, 81.2),
    (43, 58606, "2495700", Q.BATTERY_CHARGE_ENERGY_TOTAL, 0, 2495.7),
    (43, 58608, "2.0", Q.OPERATING_STATE, 0, "working"),
    (43, 58608, "3", Q.OPERATING_STATE, 0, "fault"),
    (43, 58610, "3334", Q.CELL_VOLTAGE_MAX, 0, 3.334),
    (7, 8018, "-166", Q.GRID_POWER, 0, -166.0),
    (7, 8030, "4482500.0", Q.GRID_IMPORT_ENERGY_TOTAL, 0, 4482.5),
    (7, 8031, "6891800.0", Q.GRID_EXPORT_ENERGY_TOTAL, 0, 6891.8),
    (51, 33708, "7.360", Q.CHARGER_POWER, 0, 7360.0),
    (51, 33716, "3", Q.OPERATING_STATE, 0, "charging"),
    (51, 33716, "1", Q.OPERATING_STATE, 0, "available"),
    (51, 33704, "231", Q.PHASE_VOLTAGE, 2, 231.0),
    (26, 24629, "52", Q.BATTERY_SOC, 0, 52.0),
    (26, 24625, "1000", Q.BATTERY_POWER, 0, -1000.0),
    (26, 24626, "1000", Q.GRID_POWER, 0, 1000.0),
    (64, 88016, "712", Q.GRID_POWER, 0, 712.0),
    (64, 88035, "712000", Q.GRID_EXPORT_ENERGY_TOTAL, 0, 712.0),
    (22, 23014, "-66", Q.SIGNAL_STRENGTH, 0, -66.0),
    (9, 10511, "-71", Q.SIGNAL_STRENGTH, 0, -71.0),
    (55, 51302, "321000", Q.AC_ENERGY_TOTAL, 0, 321.0),
    (55, 51317, "34.1", Q.MPPT_VOLTAGE, 2, 34.1),
    (55, 51318, "9.9", Q.MPPT_CURRENT, 2, 9.9),
    (41, 58107, "312", Q.PV_POWER, 0, 312.0),
    (5, 2003, "812.4", Q.IRRADIANCE, 0, 812.4),
    (5, 2014, "1013", Q.AIR_PRESSURE, 0, 1013.0),
    (5, 2015, "52", Q.HUMIDITY, 0, 52.0),
    (11, 83067, "712.0", Q.PV_POWER, 0, 712.0),
    (11, 83106, "1544.0", Q.LOAD_POWER, 0, 1544.0),
    (11, 83052, "1544.0", Q.LOAD_POWER, 0, 1544.0),
    (11, 83252, "0.791", Q.BATTERY_SOC, 0, 79.1),
    (11, 83334, "52", Q.BATTERY_SOC, 0, 52.0),
    (11, 83238, "1000", Q.BATTERY_POWER, 0, -1000.0),
    (11, 83549, "1000", Q.GRID_POWER, 0, 1000.0),
    (11, 83024, "13406100.0", Q.PV_ENERGY_TOTAL, 0, 13406.1),
    (11, 83025, "3.5", Q.EQUIVALENT_HOURS_TODAY, 0, 12600.0),
    (11, 83013, "5210", Q.IRRADIATION_TODAY, 0, 5.21),
    (11, 83004, "13406100.0", Q.AC_ENERGY_TOTAL, 0, 13406.1),
    (11, 83002, "712.0", Q.AC_POWER, 0, 712.0),
    (11, 83233, "5000", Q.BATTERY_MAX_CHARGE_POWER, 0, 5000.0),
    (14, 13020, "20123", Q.OPERATING_TIME_TOTAL, 0, 72_442_800.0),
    (14, 13016, "4012", Q.BATTERY_CHARGE_TIME_TOTAL, 0, 14_443_200.0),
    (14, 13024, "3.1", Q.BATTERY_DISCHARGE_TIME_TODAY, 0, 11_160.0),
    (14, 18068, "350", Q.BACKUP_POWER_SUM, 0, 350.0),
    (14, 18109, "231", Q.METER_PHASE_VOLTAGE, 2, 231.0),
    (14, 18088, "712000", Q.SECOND_GRID_IMPORT_ENERGY_TOTAL, 0, 712.0),
    (1, 38, "44", Q.POWER_MODULE_TEMPERATURE, 6, 44.0),
    (1, 41, "8000", Q.ACTIVE_POWER_IN_FORCE, 0, 8000.0),
    (1, 120, "2", Q.ARC_FAULT_COUNT, 0, 2.0),
    (43, 58622, "3331", Q.MODULE_CELL_VOLTAGE_MAX, 5, 3.331),
    (43, 58633, "3311", Q.MODULE_CELL_VOLTAGE_MIN, 8, 3.311),
    (43, 58635, "1", Q.BATTERY_CONTACTOR, 0, 1.0),
    (43, 58636, "0", Q.FAULTY_MODULE, 0, 0.0),
    (51, 33723, "11.0", Q.CHARGER_POWER_MAX, 0, 11000.0),
    (51, 33729, "6", Q.CHARGER_CURRENT_MIN, 0, 6.0),
    (51, 33710, "9", Q.PILOT_VOLTAGE, 0, 9.0),
    (55, 51352, "1200", Q.MPPT_ENERGY_TODAY, 6, 1.2),
    (7, 8034, "1000", Q.TARIFF_IMPORT_ENERGY_TOTAL, 1, 1.0),
    (7, 8039, "3000", Q.TARIFF_EXPORT_ENERGY_TOTAL, 3, 3.0),
    (7, 8085, "1000", Q.DIRECT_USE_ENERGY_TOTAL, 0, 1.0),
    (5, 2002, "4321000", Q.IRRADIATION_TOTAL, 0, 4321.0),
    (9, 10028, "4321000", Q.AC_ENERGY_TOTAL, 0, 4321.0),
]


@pytest.mark.parametrize(
    ("number", "point", "raw", "quantity", "index", "value"), VALUES
)
def test_e43_each_value_comes_in_its_own_unit(
    number: int, point: int, raw: str, quantity: Q, index: int, value: float | str
) -> None:
    """Fractions, kW, Wh, percent and signs are facts of the row, not of the number."""
    kind = PLANT_POINTS if number == 11 else DEVICE_TYPES[number]
    reading, _ = read(kind.table, {f"p{point}": raw}, None)
    assert reading.values[Slot(quantity, index)] == pytest.approx(value)


@pytest.mark.parametrize("raw", [None, "", "--", "null", "N/A", "nan", True, [], {}])
def test_e12_absence_is_not_zero(raw: Any) -> None:
    """In whatever way the vendor writes it; unknown, and no exception."""
    reading, _ = read(DEVICE_TYPES[14].table, {"p13134": raw, "p13003": "0.0"}, None)
    assert dict(reading.values) == {Slot(Q.PV_POWER): 0.0}


def test_sentinels_are_not_published() -> None:
    """-1.0 as an apparent power, -1 as a counter: unsupported (sungrow.md §5.3)."""
    fields = {"p13018": "-1.0", "p13134": "-1.0", "p83124": "-478739.7"}
    reading, _ = read(DEVICE_TYPES[14].table, fields, None)
    assert not reading.values
    plant, _ = read(PLANT_POINTS.table, fields, None)
    assert not plant.values


def test_the_spread_of_the_cells_is_told() -> None:
    """A weak cell shows in it first; without both ends there is none."""
    fields = {"p58610": "3334", "p58612": "3318", "p58614": "25.1", "p58616": "23.4"}
    reading, _ = read(DEVICE_TYPES[43].table, fields, None)
    assert reading.values[Slot(Q.CELL_VOLTAGE_SPREAD)] == 0.016
    assert reading.values[Slot(Q.CELL_TEMPERATURE_SPREAD)] == pytest.approx(1.7)
    one_end, _ = read(DEVICE_TYPES[43].table, {"p58610": "3334"}, None)
    assert Slot(Q.CELL_VOLTAGE_SPREAD) not in one_end.values


def test_a_second_meter_that_is_not_there_shows_nothing() -> None:
    """Its points are told all the same: -1 W and zeros. One that ever counted is there, also while nothing flows."""
    nobody = {"p18075": "-1.0", "p18079": "-1.0", "p18088": "0.0", "p18092": "0.0"}
    absent, _ = read(DEVICE_TYPES[14].table, nobody, None)
    assert not absent.values
    idle = nobody | {"p18075": "0.0", "p18079": "0.0", "p18092": "712000.0"}
    there, _ = read(DEVICE_TYPES[14].table, idle, None)
    assert there.values == {
        Slot(Q.SECOND_GRID_POWER): 0.0,
        Slot(Q.SECOND_GRID_IMPORT_ENERGY_TOTAL): 0.0,
        Slot(Q.SECOND_GRID_EXPORT_ENERGY_TOTAL): 712.0,
    }


async def test_a_home_without_tariffs_sees_no_tariffs(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Nor empty places of its battery; a meter that counts by tariff shows them all."""
    home = connect()
    found = await home.poll()
    shown = {slot.quantity for each in found.readings.values() for slot in each.values}
    assert {Q.MODULE_CELL_VOLTAGE_MAX, Q.CELL_VOLTAGE_SPREAD} <= shown
    assert not {Q.TARIFF_IMPORT_ENERGY_TOTAL, Q.SECOND_GRID_POWER} & shown
    battery = found.readings[BATTERY].values
    modules = [slot for slot in battery if slot.quantity is Q.MODULE_CELL_VOLTAGE_MAX]
    assert 0 < len(modules) < 8
    assert all(battery[slot] for slot in modules)
    meter = server.device(f"{HOME}_7_1_1")
    meter.values |= {"8034": 4_000_000.0, "8038": 2_000_000.0}
    assert home.inventory is not None
    key = next(
        each.id
        for each in home.inventory.devices.values()
        if each.address["type"] == "7"
    )
    clock.advance(300)
    again = await home.poll()
    assert home.value(again, key, Q.TARIFF_IMPORT_ENERGY_TOTAL, 1) == 4000.0
    assert home.value(again, key, Q.TARIFF_IMPORT_ENERGY_TOTAL, 2) == 0.0


def test_e33_an_unknown_state_keeps_its_code() -> None:
    """So that a user can report it."""
    reading, _ = read(DEVICE_TYPES[14].table, {"p13146": "4242.0"}, None)
    assert reading.unknown == {Slot(Q.OPERATING_STATE): "4242"}


def test_e42_values_are_found_nested_and_flat() -> None:
    """Both forms have been seen (sungrow.md §4.4)."""
    fields: dict[str, Json] = {"ps_key": "1_14_1_1", "p13003": "1.0"}
    assert unwrap({"device_point": fields}) == fields
    assert unwrap(fields) == fields
    assert unwrap("x") is None


def test_points_with_a_value_are_named() -> None:
    """Also a zero is a value; names of other fields are not points."""
    fields = {"p1": "0", "p2": None, "p3": "--", "ps_key": "x", "p4": 7, "plant": 1}
    assert filled(fields) == {"1", "4"}


def test_pairs_give_signed_powers() -> None:
    """Import and discharge are positive; the unsigned pair beats the signed point."""
    reading, _ = read(
        DEVICE_TYPES[14].table,
        {
            "p13149": "0.0",
            "p13121": "700.0",
            "p13126": "0",
            "p13150": "854.0",
            "p18038": "1.0",
        },
        None,
    )
    assert reading.values[Slot(Q.GRID_POWER)] == -700.0
    assert reading.values[Slot(Q.BATTERY_POWER)] == 854.0


def test_a_meter_may_be_turned_round() -> None:
    """Its sign depends on the wiring (sungrow.md §14 #6)."""
    fields = {"p8018": "300", "p8076": "100", "p8030": "5000", "p8062": "100"}
    turned, _ = read(
        DEVICE_TYPES[7].table,
        fields,
        None,
        correction=DeviceCorrection(swap_direction=True),
    )
    assert dict(turned.values) == {
        Slot(Q.GRID_POWER): -300.0,
        Slot(Q.GRID_IMPORT_POWER): 0.0,
        Slot(Q.GRID_EXPORT_POWER): 300.0,
        Slot(Q.PHASE_POWER, 1): -100.0,
        Slot(Q.GRID_EXPORT_ENERGY_TOTAL): 5.0,
        Slot(Q.GRID_EXPORT_ENERGY_TODAY): 0.1,
    }
    straight, _ = read(
        DEVICE_TYPES[7].table, fields, None, correction=DeviceCorrection()
    )
    assert straight.values[Slot(Q.GRID_POWER)] == 300.0


def test_a_user_says_that_a_meter_reports_kilowatts() -> None:
    """The tables say W; what is no power stays, and turning it round still works."""
    fields = {"p8018": "0.3", "p8076": "0.1", "p8030": "5000"}
    table = DEVICE_TYPES[7].table
    kilowatts = DeviceCorrection(unit=PowerUnit.KILOWATT)
    reading, _ = read(table, fields, None, correction=kilowatts)
    assert reading.values[Slot(Q.GRID_POWER)] == 300.0
    assert reading.values[Slot(Q.GRID_IMPORT_POWER)] == 300.0
    assert reading.values[Slot(Q.PHASE_POWER, 1)] == 100.0
    assert reading.values[Slot(Q.GRID_IMPORT_ENERGY_TOTAL)] == 5.0
    both = replace(kilowatts, swap_direction=True)
    turned, _ = read(table, fields, None, correction=both)
    assert turned.values[Slot(Q.GRID_POWER)] == -300.0
    watts = DeviceCorrection(unit=PowerUnit.WATT)
    as_documented, _ = read(table, fields, None, correction=watts)
    assert as_documented.values[Slot(Q.GRID_POWER)] == 0.3


def test_unmapped_points_are_named_for_diagnostics() -> None:
    """Names, keys and times are no points."""
    _, unmapped = read(
        DEVICE_TYPES[14].table, {"p99999": "1", "device_name": "x", "new": 1}, None
    )
    assert unmapped == {"p99999"}


def test_every_charger_state_has_a_word() -> None:
    """Nine states; plugged in is two to six (sungrow.md §8.2)."""
    rows = {point.field: point for point in DEVICE_TYPES[51].table.points}
    codes = rows["p33716"].codes
    assert codes is not None
    assert set(codes) == set(range(1, 10))
    assert DEVICE_TYPES[51].kind is DeviceKind.CHARGER


def test_a_plant_keeps_the_point_it_was_first_read_by() -> None:
    """EMS counters and field counters never agree; nulls come and go."""
    storage = MemoryStorage()
    table = PLANT_POINTS.table
    total = Slot(Q.BATTERY_CHARGE_ENERGY_TOTAL)

    def polled(choice: PointSelection, **fields: str | None) -> Any:
        settled = choice.settle("1", table, {**fields})
        return read(table, settled, None)[0].values.get(total)

    choice = PointSelection(storage)
    assert polled(choice, p83241=None, p83324="--") is None
    assert polled(choice, p83241="5000", p83324="7000") == 5.0
    assert polled(choice, p83241=None, p83324="7000") is None
    restarted = PointSelection(storage)
    assert polled(restarted, p83241="--", p83324="7000") is None
    assert polled(restarted, p83241="5100", p83324="7000") == 5.1
    assert PointSelection(MemoryStorage()).settle("2", table, {"p83324": "1"}) == {
        "p83324": "1"
    }


@pytest.mark.parametrize("stored", ["x", {"1": 7}, {"1": {"load_power": "p1"}}])
def test_a_damaged_choice_is_made_anew(stored: Json) -> None:
    """Whatever lies in the vault."""
    storage = MemoryStorage()
    storage.delay_save("fields", lambda: stored)
    settled = PointSelection(storage).settle("1", PLANT_POINTS.table, {"p83106": "7"})
    assert settled == {"p83106": "7"}


def test_quantities_are_indexed_everywhere_or_nowhere() -> None:
    """Their one name either has a number in it or has none."""
    rows = [point for kind in TYPES for point in kind.table.points]
    indexed = {point.quantity for point in rows if point.index}
    assert not indexed & {point.quantity for point in rows if not point.index}
