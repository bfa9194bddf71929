"""One row becomes one reading: sources, sums, zeros that mean nothing, and whatever else a row may hold."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.solar_cloud.cloud.model import Device, DeviceKind, Quantity, Slot
from custom_components.solar_cloud.cloud.solax.access import SolaxAccess
from custom_components.solar_cloud.cloud.solax.api import SolaxRow, rows
from custom_components.solar_cloud.cloud.solax.decoder import SolaxDecoder
from custom_components.solar_cloud.cloud.solax.points import TABLES
from custom_components.solar_cloud.cloud.storage import MemoryStorage

from .conftest import named


def device(
    kind: DeviceKind, business: str = "1", phases: int | None = None, **address: str
) -> Device:
    """A device that is not in any list."""
    return Device(
        id="SN1",
        plant_id="P1",
        kind=kind,
        phases=phases,
        address={"business_type": business, "sn": "SN1", **address},
    )


def read(
    fields: dict[str, Any],
    kind: DeviceKind = DeviceKind.INVERTER,
    business: str = "1",
    **how: Any,
) -> dict[str, Any]:
    """Decode one row."""
    decoder = SolaxDecoder(SolaxAccess(MemoryStorage()))
    return named(
        decoder.device(device(kind, business, **how), SolaxRow.of(fields), None)
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"MPPTTotalInputPower": 5, "MPPTMap": {"MPPT1Power": 7}}, 5),
        (
            {
                "MPPTTotalInputPower": None,
                "mpptMap": {"MPPT1Power": 3, "MPPT2Power": 4},
            },
            7,
        ),
        ({"mpptMap": {}, "pvMap": {"pv1Power": 370.0, "pv2Power": 366.0}}, 736),
        ({"mpptMap": {"MPPT1Power": -3.0}}, 0),
        ({"mpptMap": {}, "pvMap": {}}, None),
    ],
    ids=["total", "trackers", "strings", "never-negative", "none"],
)
def test_pv_power_has_several_sources(
    fields: dict[str, Any], expected: float | None
) -> None:
    """The total first, then the sum of the trackers, then that of the strings."""
    assert read(fields).get("pv_power") == expected


def test_ac_power_is_the_sum_of_phases_where_there_is_no_total() -> None:
    """Output is positive; the total is preferred because its sign is documented."""
    phases = {"acPower1": 10, "acPower2": 20, "acPower3": 30}
    assert read(phases)["ac_power"] == 60
    assert read({**phases, "totalActivePower": -55})["ac_power"] == -55


def test_single_phase_inverter_has_one_phase() -> None:
    """Zeros of phases that are not there are left out; a grid that is lost is not."""
    fields: dict[str, Any] = {"deviceStatus": 102}
    for phase, volts in ((1, 231.0), (2, 0.0), (3, 0.0)):
        fields |= {
            f"acVoltage{phase}": volts,
            f"acCurrent{phase}": volts / 100,
            f"acPower{phase}": volts,
        }
    values = read(fields)
    assert {key for key in values if key.startswith("phase_")} == {
        "phase_voltage_1",
        "phase_current_1",
        "phase_power_1",
    }
    lost = read({"deviceStatus": 107, "acVoltage1": 0.0, "acPower1": 0})
    assert lost["phase_voltage_1"] == 0


@pytest.mark.parametrize(
    ("fields", "present", "absent"),
    [
        (
            {
                "batterySOC": 0,
                "batterySOH": 0,
                "batteryVoltage": 0.0,
                "deviceStatus": 0,
            },
            set(),
            {"operating_state", "battery_soc"},
        ),
        (
            {"batterySOC": 0, "batteryVoltage": 0, "totalDeviceCharge": 12.5},
            {"battery_charge_energy_total"},
            {"battery_soc", "battery_voltage"},
        ),
        (
            {"batterySOC": 0, "batterySOH": 0, "batteryVoltage": 48.1},
            {"battery_soc", "battery_voltage"},
            {"battery_soh"},
        ),
        (
            {"batterySOC": 5, "totalDeviceCharge": 0.0, "totalDeviceDischarge": 0.0},
            {"battery_soc"},
            {"battery_charge_energy_total", "battery_discharge_energy_total"},
        ),
        (
            {"batterySOC": 5, "totalDevicCharge": 3.0},
            {"battery_charge_energy_total"},
            set(),
        ),
    ],
    ids=["asleep", "no-bms", "empty-but-awake", "uncounted", "the-document's-spelling"],
)
def test_q17_battery_zeros(
    fields: dict[str, Any], present: set[str], absent: set[str]
) -> None:
    """A battery's zeros mean nothing while its electronics sleep."""
    keys = read(fields, DeviceKind.BATTERY).keys()
    assert present <= keys
    assert not absent & keys


def test_zero_counters_of_an_unconnected_meter_are_left_out() -> None:
    """An inverter without a meter reports grid counters of 0; another source may fill the role."""
    values = read(
        {
            "totalImportEnergy": 0.0,
            "totalExportEnergy": 0.0,
            "todayImportEnergy": 0.0,
            "gridPowerM2": 0.0,
            "totalImportEnergyM2": 0,
            "totalExportEnergyM2": 0,
        }
    )
    assert not any("grid" in key for key in values)
    assert "grid_export_energy_total" in read(
        {"totalImportEnergy": 5.0, "totalExportEnergy": 0.0}
    )


def test_q8_ac_output_is_no_yield_where_a_battery_can_be() -> None:
    """Of an unknown or a hybrid model the AC output is not taken for the yield."""
    fields = {"totalYield": 0.0, "totalACOutput": 1240.7}
    assert "pv_energy_total" not in read(fields, battery_family="yes")
    micro = read(fields, battery_family="no")
    assert micro["pv_energy_total"] == 1240.7


def test_q14_a_yield_that_drops_to_0_is_not_replaced_by_the_ac_output() -> None:
    """An inverter that ever counted its yield is not taken for one that does not."""
    storage = MemoryStorage()
    string = device(DeviceKind.INVERTER, battery_family="no")
    SolaxDecoder(SolaxAccess(storage)).device(
        string, SolaxRow.of({"totalYield": 17000.0}), None
    )
    after_restart = SolaxDecoder(SolaxAccess(storage))
    values = after_restart.device(
        string, SolaxRow.of({"totalYield": 0, "totalACOutput": 18321.0}), None
    ).values
    assert Slot(Quantity.PV_ENERGY_TOTAL) not in values


@pytest.mark.parametrize(
    ("fields", "amps"),
    [
        ({"singlePhaseCurrent": 15.8, "l1Current": 0.0, "l2Current": 0.0}, 15.8),
        ({"singlePhaseCurrent": None, "l1Current": 15.8, "l2Current": None}, 15.8),
        ({"singlePhaseCurrent": 15.8}, 15.8),
    ],
)
def test_o12_single_phase_current_in_either_field(
    fields: dict[str, Any], amps: float
) -> None:
    """Which field is filled is not certain: the larger one counts."""
    values = read(fields, DeviceKind.CHARGER, phases=1)
    assert values == {"phase_current_1": amps}


@pytest.mark.parametrize(
    ("fields", "asleep"),
    [
        ({}, True),
        ({"mpptMap": {"MPPT1Voltage": 0.0, "MPPT1Power": 0.0}}, True),
        ({"mpptMap": {"MPPT2Voltage": 410.0}}, False),
        ({"acVoltage3": 231.0}, False),
        ({"acVoltage1": "231.4"}, False),
        ({"EPSL1Voltage": 3.0}, True),
        ({"deviceStatus": 102}, False),
    ],
)
def test_what_tells_sleep_from_work(fields: dict[str, Any], asleep: bool) -> None:
    """All AC and all tracker voltages, wherever they stand and however they are written."""
    row = {
        "deviceStatus": 0,
        "acVoltage1": 0.0,
        "acFrequency1": 0.0,
        "inverterTemperature": 0.0,
        **fields,
    }
    assert ("temperature" not in read(row)) is asleep


def test_o6_unit_once_learnt_holds_for_samples_that_cannot_tell() -> None:
    """A sample without a current is scaled as the one before."""
    decoder = SolaxDecoder(SolaxAccess(MemoryStorage()))
    pack = device(DeviceKind.BATTERY, "4")

    def power(**fields: Any) -> object:
        row = SolaxRow.of({"batterySOC": 50, **fields})
        return decoder.device(pack, row, None).values.get(Slot(Quantity.BATTERY_POWER))

    assert power(chargeDischargePower=12) == -12  # the document's W until proven wrong
    assert (
        power(chargeDischargePower=12, batteryVoltage=700, batteryCurrent=17.1)
        == -12000
    )
    assert power(chargeDischargePower=-3) == 3000
    assert power(chargeDischargePower=0) == 0
    assert (
        power(chargeDischargePower=12000, batteryVoltage=700, batteryCurrent=17)
        == -12000
    )
    assert power(chargeDischargePower=12, batteryVoltage=700, batteryCurrent=90) == -12


@pytest.mark.parametrize("absent", [None, "", "--", "N/A", "null", "unknown", "NaN"])
def test_e12_words_for_nothing(absent: str | None) -> None:
    """Whatever stands for nothing is unknown, without an exception."""
    assert (
        read({"totalYield": absent, "gridPower": absent, "deviceStatus": absent}) == {}
    )


def test_e65_states_are_keys() -> None:
    """States are words of our own, whatever the language of account or firmware."""
    for table in TABLES.values():
        for point in table.points:
            for word in (point.codes or {}).values():
                assert str(word) == str(word).lower()


@pytest.mark.parametrize(
    ("result", "count"),
    [
        ([], 0),
        ({}, 0),
        (None, 0),
        ({"deviceSn": "A"}, 1),
        ([{"deviceSn": "A"}, None, 5, {}], 1),
        ({"total": 1, "records": [{"deviceSn": "A"}]}, 1),
        ({"Total": 0, "Records": []}, 0),
        ({"total": 0, "pages": 0}, 0),
        ("text", 0),
        (7, 0),
    ],
)
def test_rows_of_every_shape(result: Any, count: int) -> None:
    """A list, a page, a lone object, or nothing in four spellings."""
    assert len(rows(result)) == count


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = sorted({point.field for table in TABLES.values() for point in table.points})


@given(
    st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=12), JSON, max_size=12),
    st.sampled_from(sorted(TABLES)),
)
def test_decoding_never_raises(
    fields: dict[str, Any], which: tuple[str, DeviceKind]
) -> None:
    """Whatever a row holds, a reading comes of it, and everything in it can be published."""
    business, kind = which
    fields = json.loads(json.dumps(fields), parse_constant=lambda _: None)
    decoder = SolaxDecoder(SolaxAccess(MemoryStorage()))
    row = SolaxRow.of(fields)
    reading = (
        decoder.plant("P1", business, row, None)
        if kind is DeviceKind.PLANT
        else decoder.device(device(kind, business), row, None)
    )
    for slot, value in reading.values.items():
        assert isinstance(value, str if not slot.quantity.unit else float)
