"""What a poll of the emulated cloud's devices shows: units, signs, and agreement with the world behind it."""

from datetime import timedelta

import pytest

from custom_components.solar_cloud.cloud.catalogue import SupportsRawPoints
from custom_components.solar_cloud.cloud.model import Quantity, Slot
from tests.clients.conftest import NOON
from tests.emulators.solax import Kind, SolaxCloud
from tests.helpers.clock import StillClock

from .conftest import BATTERY, CHARGER, INVERTER, METER, PLANT, Account, named


async def test_inverter_at_noon(account: Account, cloud: SolaxCloud) -> None:
    """The figures agree with each other and with the world behind the cloud."""
    values = await account.values(INVERTER)
    truth = cloud.plant.site.sample(
        cloud.plant.uploaded_at(cloud.device(INVERTER)) or 0
    )
    assert values["pv_power"] == pytest.approx(truth.powers.pv, abs=2)
    assert values["pv_power"] == values["mppt_power_1"] + values["mppt_power_2"]
    assert values["grid_power"] == pytest.approx(truth.powers.grid, abs=1)
    assert (
        values["grid_import_power"] - values["grid_export_power"]
        == values["grid_power"]
    )
    assert values["pv_energy_total"] == pytest.approx(truth.energies.pv, abs=0.2)
    assert values["operating_state"] == "self_consumption"
    assert values["grid_frequency"] == pytest.approx(50, abs=0.2)
    assert {"phase_voltage_1", "phase_voltage_3", "temperature"} <= values.keys()
    assert "second_grid_power" not in values  # nothing is connected there


async def test_battery_meter_charger_and_plant(
    account: Account, cloud: SolaxCloud
) -> None:
    """The other devices of a home agree with the world too."""
    cloud.plant.site.set_soc(0.5)
    snapshot = await account.poll(600)
    truth = cloud.plant.site.sample(
        cloud.plant.uploaded_at(cloud.device(INVERTER)) or 0
    )
    battery = named(snapshot.readings[BATTERY])
    assert battery["battery_power"] == pytest.approx(truth.powers.battery, abs=1)
    assert battery["battery_power"] < 0 < battery["battery_charge_power"]
    assert 0 < battery["battery_soc"] <= 100
    assert battery["battery_charge_energy_total"] == pytest.approx(
        truth.energies.battery_charge, abs=0.2
    )
    meter = named(snapshot.readings[METER])
    assert meter["grid_power"] == pytest.approx(truth.powers.grid, abs=1)
    assert meter["grid_import_energy_total"] == pytest.approx(
        truth.energies.grid_import, abs=0.05
    )
    charger = named(snapshot.readings[CHARGER])
    assert charger["charger_energy_total"] > 0
    assert charger["work_mode"] in {"stop", "fast", "eco", "green"}
    plant = named(snapshot.readings[PLANT])
    assert plant["plant_state"] == "online"
    assert plant["grid_import_energy_total"] == pytest.approx(
        truth.energies.grid_import, abs=0.05
    )
    assert not snapshot.silent
    assert not snapshot.stale
    assert snapshot.resume_after is None


@pytest.mark.parametrize("cloud", ["commercial-twin"], indirect=True)
async def test_c23_e53_commercial_twin_reads_the_same_in_watts(
    account: Account, cloud: SolaxCloud
) -> None:
    """One house, registered as a home in W and as a business in kW, has one set of values."""
    cloud.plant.site.set_soc(0.5)
    await account.list()
    account.clock.advance(600)
    snapshot = await account.whole(0)
    compared = 0
    homes, businesses = cloud.plants
    for ours, theirs in zip(homes.devices, businesses.devices, strict=True):
        suffix = "_battery" if ours.kind is Kind.BATTERY else ""
        left, right = (
            named(snapshot.readings[f"{one.host or one.sn}{suffix}"])
            for one in (ours, theirs)
        )
        for key in left.keys() & right.keys():
            if "power" in key and not key.endswith(("factor", "apparent_power")):
                coarse = 500 if key.startswith("phase_power") else 1
                assert left[key] == pytest.approx(right[key], abs=coarse), key
                compared += 1
    assert compared > 20


@pytest.mark.parametrize("cloud", ["night"], indirect=True)
async def test_e08_night_row_has_no_false_zeros(
    account: Account, cloud: SolaxCloud
) -> None:
    """A waiting inverter's temperature, voltages and frequency are unknown; its powers are 0; its counters stay (solax.md §5.2 Q4, Q17)."""
    snapshot = await account.poll(0)
    values = named(snapshot.readings[INVERTER])
    assert values["operating_state"] == "waiting"
    assert values["pv_power"] == values["ac_power"] == 0
    assert values["pv_energy_total"] > 1000
    assert not {
        "temperature",
        "grid_frequency",
        "phase_voltage_1",
        "mppt_voltage_1",
    } & (values.keys())
    assert snapshot.readings[BATTERY].values == {}  # its electronics sleep
    assert BATTERY not in snapshot.silent


@pytest.mark.parametrize("cloud", ["micro-only"], indirect=True)
async def test_micro_inverters_count_at_the_ac_port(
    account: Account, cloud: SolaxCloud
) -> None:
    """TotalYield 0 beside a running AC output: the output is the yield, as no battery can be behind it."""
    serials = [one.sn for one in cloud.plant.of(Kind.INVERTER)]
    snapshot = await account.poll()
    for serial in serials:
        values = named(snapshot.readings[serial])
        assert values["pv_energy_total"] == values["ac_energy_total"] > 0
        assert values["pv_power"] > 0
        assert "grid_power" not in values


@pytest.mark.parametrize("cloud", ["second-meter"], indirect=True)
async def test_second_meter(account: Account, cloud: SolaxCloud) -> None:
    """A second meter that counts has its own quantities, in the same direction."""
    values = await account.values(cloud.first(Kind.INVERTER).sn)
    assert values["second_grid_power"] <= 0
    assert values["second_grid_export_energy_total"] > 0


@pytest.mark.parametrize("cloud", ["evc-only"], indirect=True)
async def test_single_phase_charger(account: Account, cloud: SolaxCloud) -> None:
    """A charger on one phase reports one current, in whichever field."""
    serial = cloud.first(Kind.CHARGER).sn
    cloud.change_device(serial, {"plugged": True, "needs_kwh": 30.0})
    values = await account.values(serial, 1800)
    assert values["operating_state"] == "charging"
    assert values["phase_current_1"] == pytest.approx(
        values["charger_power"] / 230, rel=0.1
    )
    assert "phase_current_2" not in values


async def test_a_car_on_three_phases_shows_each_current_and_its_energy(
    account: Account, cloud: SolaxCloud
) -> None:
    """Power, the three currents and the lifetime agree with the car in the world."""
    cloud.change_device(CHARGER, {"plugged": True, "needs_kwh": 30.0})
    values = await account.values(CHARGER, 1800)
    truth = cloud.plant.site.sample(cloud.plant.uploaded_at(cloud.device(CHARGER)) or 0)
    assert values["operating_state"] == "charging"
    assert values["charger_power"] == pytest.approx(truth.powers.charger, abs=1)
    assert values["charger_power"] > 4000
    for phase in (1, 2, 3):
        assert values[f"phase_current_{phase}"] == pytest.approx(
            values["charger_power"] / 3 / 230, rel=0.1
        )
    assert values["charger_energy_total"] == pytest.approx(
        truth.energies.charger, abs=0.2
    )


SLEEPS = {
    "grid_frequency",
    "temperature",
    "power_factor",
    "phase_voltage_1",
    "mppt_voltage_1",
}


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_c33_a_commercial_inverter_asleep_shows_no_zeros(
    account: Account, cloud: SolaxCloud
) -> None:
    """Its status 0 is no state, and at night it has neither 0 V nor 0 Hz, 0 °C or a power factor of 0."""
    await account.list()
    account.clock.move_to(NOON + timedelta(hours=13))
    cloud.plant.site.set_soc(0.1)
    cloud.plant.site.override_load(0)
    snapshot = await account.whole(900)
    for device in cloud.plant.of(Kind.INVERTER):
        reading = snapshot.readings[device.sn]
        values = named(reading)
        assert not SLEEPS & values.keys()
        assert "operating_state" not in values
        assert not reading.unknown
        assert values["pv_power"] == 0


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_c33_a_commercial_inverter_at_work_with_status_0_is_not_asleep(
    account: Account, cloud: SolaxCloud
) -> None:
    """It measures, and has no state: neither waiting nor a fault."""
    cloud.turn(commercial_stateless=True)
    snapshot = await account.whole(900)
    for device in cloud.plant.of(Kind.INVERTER):
        reading = snapshot.readings[device.sn]
        values = named(reading)
        assert values.keys() >= SLEEPS
        assert values["ac_power"] > 1000
        assert "operating_state" not in values
        assert not reading.unknown


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_whole_kilowatts_of_phases_make_no_sum(
    account: Account, cloud: SolaxCloud
) -> None:
    """Without the total the output is unknown, not thousands of watts off."""
    cloud.turn(null_fields=frozenset({"totalActivePower"}))
    values = await account.values(cloud.plant.of(Kind.INVERTER)[0].sn)
    assert "ac_power" not in values
    assert values["phase_power_1"] % 1000 == 0


async def test_c16_a_time_without_milliseconds(
    account: Account, cloud: SolaxCloud
) -> None:
    """``…Z`` is a time as well."""
    cloud.turn(time_style="zulu")
    snapshot = await account.whole(900)
    measured = snapshot.readings[INVERTER].measured_at
    assert measured is not None
    assert 0 <= account.clock() - measured.timestamp() <= 300


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_energy_manager(account: Account, cloud: SolaxCloud) -> None:
    """An EMS sums a commercial plant up; its figures add up with the signs assumed."""
    values = await account.values(cloud.plant.ems or "")
    powers = [values[f"{name}_power"] for name in ("pv", "grid", "battery")]
    assert sum(powers) == pytest.approx(values["load_power"], rel=0.1)
    assert values["load_energy_total"] > 0
    assert values["battery_capacity"] == 430


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
@pytest.mark.parametrize("kilowatts", [False, True], ids=["W", "kW"])
async def test_o6_commercial_battery_power_in_either_unit(
    account: Account, cloud: SolaxCloud, kilowatts: bool
) -> None:
    """Volts times amperes tell W from kW; the ratio is in the report."""
    cloud.turn(commercial_battery_kw=kilowatts)
    cloud.plant.site.set_soc(0.5)
    snapshot = await account.poll(900)
    for serial in (one.sn for one in cloud.plant.of(Kind.INVERTER)):
        values = named(snapshot.readings[f"{serial}_battery"])
        assert abs(values["battery_power"]) > 100
        assert abs(values["battery_power"]) == pytest.approx(
            abs(values["battery_voltage"] * values["battery_current"]), rel=0.1
        )
    ratios = account.client.report()["battery_power_ratios"]
    assert isinstance(ratios, list)
    assert len(ratios) == 2


@pytest.mark.parametrize("cloud", ["awkward-json"], indirect=True)
async def test_c17_c18_e24_awkward_json(account: Account, cloud: SolaxCloud) -> None:
    """Strings for numbers, lower-case names, numbers for ids, unknown states and fields: the same result."""
    snapshot = await account.poll()
    assert set(snapshot.readings) == {PLANT, INVERTER, BATTERY, METER, CHARGER}
    inverter = snapshot.readings[INVERTER]
    values = named(inverter)
    assert values["pv_power"] > 0
    assert values["pv_energy_total"] > 1000
    assert "power_factor" not in values
    assert "operating_state" not in values
    assert inverter.unknown == {Slot(Quantity.OPERATING_STATE): "199"}
    unmapped = account.client.report()["unmapped"]
    assert isinstance(unmapped, dict)
    assert any(
        "nested" in names for names in unmapped.values() if isinstance(names, list)
    )


async def test_c16_nulls_are_unknown(account: Account, cloud: SolaxCloud) -> None:
    """Null is absent, never 0 (solax.md §5.2 Q15)."""
    cloud.turn(
        null_fields=frozenset({"gridPower", "gridFrequency", "MPPTTotalInputPower"})
    )
    values = await account.values(INVERTER)
    assert "grid_power" not in values
    assert values["pv_power"] > 0


async def test_c21_new_charger_appears_in_the_next_inventory(
    account: Account, cloud: SolaxCloud, clock: StillClock
) -> None:
    """Devices added while running are found without a reload, and read."""
    await account.poll()
    new = cloud.add_charger("second")
    clock.advance(12 * 3600)
    inventory = await account.list()
    assert new.sn in inventory.devices
    clock.advance(400)
    assert new.sn in (await account.poll()).readings


@pytest.mark.parametrize("absurd", [1e299, -1e9, 10**400, "1e300"])
async def test_a_charger_current_that_cannot_be_is_not_shown(
    account: Account, cloud: SolaxCloud, absurd: float | str
) -> None:
    """Whichever field it comes in."""
    cloud.turn(extra_fields={"singlePhaseCurrent": absurd, "l1Current": 6.0})
    await account.list()
    values = await account.values(cloud.first(Kind.CHARGER).sn)
    assert values.get("phase_current_1", 6.0) == 6.0


async def test_a_state_longer_than_a_word_is_unknown(
    account: Account, cloud: SolaxCloud
) -> None:
    """Neither a state nor the code behind it: Home Assistant takes neither."""
    cloud.turn(extra_fields={"deviceStatus": 1e299})
    await account.list()
    reading = await account.reading(INVERTER)
    slot = Slot(Quantity.OPERATING_STATE)
    assert slot not in reading.values
    assert len(reading.unknown.get(slot, "")) <= 40


@pytest.mark.parametrize("absurd", [1e299, -5, "1e300", 1e15])
async def test_ratings_and_capacities_that_cannot_be_are_not_known(
    account: Account, cloud: SolaxCloud, absurd: float | str
) -> None:
    """A limit made of them would let anything through."""
    names = ("pvCapacity", "batteryCapacity", "ratedPower", "ratedCapacity")
    cloud.turn(extra_list_fields=dict.fromkeys(names, absurd))
    inventory = await account.list()
    for plant in inventory.plants.values():
        assert plant.pv_capacity is None
    for device in inventory.devices.values():
        assert device.rated_power is None
        assert device.capacity is None or device.capacity < 1e4


async def test_a_picked_field_comes_as_it_was_told(
    account: Account, cloud: SolaxCloud
) -> None:
    """Once it was seen it can be picked; a text may name somebody and is left out."""
    cloud.turn(extra_fields={"newField": "12.5", "newText": "Roof"})
    assert not (await account.reading(INVERTER)).raw
    assert isinstance(account.client, SupportsRawPoints)
    assert {"newField", "newText"} <= {*account.client.unmapped()["1.inverter"]}
    account.client.pick({"1.inverter": ["newField", "newText"]})
    assert (await account.reading(INVERTER)).raw == {"newField": 12.5}
    assert not (await account.reading(METER)).raw
