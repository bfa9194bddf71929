"""What a reading holds, for homes, factories and awkward answers."""

import itertools
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.corrections import (
    DeviceCorrection,
    PowerUnit,
    SupportsCorrections,
)
from custom_components.solar_cloud.cloud.fusionsolar import VENDOR
from custom_components.solar_cloud.cloud.model import (
    DeviceKind,
    Notice,
    Quantity as Q,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.sources import Source
from custom_components.solar_cloud.cloud.transport import Transport
from tests.emulators.fusionsolar import FusionSolarCloud
from tests.emulators.fusionsolar.plant import (
    EMI,
    EMMA,
    ESS,
    GRID_METER,
    HOME_BATTERY,
    HOME_INVERTER,
    POWER_SENSOR,
    STRING_INVERTER,
)

from .conftest import Rig, value

PLANT = "NE=33987654"


def of(name: str) -> pytest.MarkDecorator:
    """Let the cloud hold a scenario."""
    return pytest.mark.parametrize("cloud", [name], indirect=True)


def add(snapshot: Snapshot, source: Source) -> float:
    """Add up a role's source."""
    addends = []
    for term in source.terms:
        each = value(snapshot, term.device_id, term.slot.quantity, term.slot.index)
        assert isinstance(each, float)
        addends.append(each * term.factor)
    return sum(addends) / (sum(t.factor for t in source.terms) if source.mean else 1)


async def test_a_home_has_the_common_quantities(rig: Rig) -> None:
    """Powers towards the house, counters by their direction."""
    snapshot = await rig.poll()
    sample = rig.cloud.plant.uploaded(rig.cloud.first(POWER_SENSOR))
    assert sample is not None
    meter = rig.id_of(POWER_SENSOR)
    assert value(snapshot, meter, Q.GRID_POWER) == pytest.approx(
        sample.powers.grid, abs=0.001
    )
    assert sample.powers.grid < -1000
    assert value(snapshot, meter, Q.GRID_IMPORT_ENERGY_TOTAL) == pytest.approx(
        sample.energies.grid_import, abs=0.01
    )
    assert value(snapshot, meter, Q.GRID_EXPORT_ENERGY_TOTAL) == pytest.approx(
        sample.energies.grid_export, abs=0.01
    )
    inverter = rig.id_of(HOME_INVERTER)
    assert value(snapshot, inverter, Q.PV_ENERGY_TOTAL) == pytest.approx(
        sample.energies.pv, abs=1
    )
    assert value(snapshot, inverter, Q.OPERATING_STATE) == "running"
    assert value(snapshot, rig.id_of(HOME_BATTERY), Q.WORK_MODE) == "self_consumption"
    assert value(snapshot, PLANT, Q.PLANT_STATE) == "online"
    assert not snapshot.silent
    assert not snapshot.stale
    assert not snapshot.notices
    assert snapshot.resume_after is None


async def test_strings_and_phases_that_do_not_exist_are_left_out(rig: Rig) -> None:
    """They are reported as zeros; what was more once stays, at night too."""
    snapshot = await rig.poll()
    inverter = rig.id_of(HOME_INVERTER)
    strings = {
        slot.index
        for slot in snapshot.readings[inverter].values
        if slot.quantity is Q.STRING_VOLTAGE
    }
    assert strings == {1, 2}
    rig.restart()
    rig.cloud.plant.site.change(clearness=0.0)
    rig.tick(1800)
    snapshot = await rig.poll()
    assert value(snapshot, inverter, Q.STRING_VOLTAGE, 1) == 0
    assert value(snapshot, inverter, Q.STRING_VOLTAGE, 3) is None
    assert value(snapshot, rig.id_of(HOME_BATTERY), Q.BATTERY_SOH) is None


@of("two-plants")
async def test_a_single_phase_inverter_shows_its_whole_voltage(rig: Rig) -> None:
    """230 V and not half of it, no line voltage, no other phase; also from a store that took it for a line voltage."""
    shed = rig.cloud.plants[1]
    inverter = shed.devices[0].serial or ""
    await rig.storage.save(
        "fusionsolar_traits", {"alive": {inverter: [Slot(Q.LINE_VOLTAGE, 1).key]}}
    )
    rig.restart()
    snapshot = await rig.poll()
    volts = value(snapshot, inverter, Q.PHASE_VOLTAGE, 1)
    assert isinstance(volts, float)
    assert 225 < volts < 240
    shown = {
        slot.key
        for slot in snapshot.readings[inverter].values
        if slot.quantity in {Q.PHASE_VOLTAGE, Q.LINE_VOLTAGE}
    }
    assert shown == {"phase_voltage_1"}
    shed.site.change(clearness=0.0)
    rig.tick(1800)
    snapshot = await rig.poll()
    assert value(snapshot, inverter, Q.LINE_VOLTAGE, 1) is None


@of("home-emma")
async def test_emma_counts_the_other_way_round(rig: Rig) -> None:
    """And in kW."""
    snapshot = await rig.poll()
    emma = rig.id_of(EMMA)
    sample = rig.cloud.plant.uploaded(rig.cloud.first(EMMA))
    assert sample is not None
    assert value(snapshot, emma, Q.GRID_POWER) == pytest.approx(
        sample.powers.grid, abs=1
    )
    assert value(snapshot, emma, Q.GRID_IMPORT_ENERGY_TOTAL) == pytest.approx(
        sample.energies.grid_import, abs=0.01
    )
    assert value(snapshot, emma, Q.SECOND_GRID_POWER) is None
    assert rig.inventory.devices[emma].kind is DeviceKind.ENERGY_MANAGER


@of("commercial")
async def test_a_factory_is_read_by_type(rig: Rig) -> None:
    """Three inverters, a grid meter, an ESS beside them, a weather station."""
    snapshot = await rig.poll()
    assert rig.count("getDevRealKpi") == 4
    assert len(snapshot.readings) == 7
    sources = rig.client.roles(PLANT, rig.inventory)
    assert len(sources[Q.PV_POWER][0].terms) == 3
    assert Q.LOAD_ENERGY_TOTAL not in sources
    sample = rig.cloud.plant.uploaded(rig.cloud.first(GRID_METER))
    assert sample is not None
    load = value(snapshot, PLANT, Q.LOAD_POWER)
    assert load == pytest.approx(sample.powers.load, rel=0.25)
    assert value(snapshot, rig.id_of(EMI), Q.AMBIENT_TEMPERATURE) is not None
    assert value(snapshot, rig.id_of(ESS), Q.BATTERY_SOC) is not None


@of("commercial")
async def test_a126_the_old_unit_of_a_grid_meter_is_found_out(rig: Rig) -> None:
    """KW until 24.7: after three samples the power is right, and stays right over a restart."""
    rig.cloud.turn(grid_meter_kw=True)
    rig.cloud.plant.site.override_load(150_000)
    rig.tick(600)
    await rig.poll()
    meter = rig.id_of(GRID_METER)
    for _ in range(2):
        snapshot = await rig.next_poll()
    sample = rig.cloud.plant.uploaded(rig.cloud.first(GRID_METER))
    assert sample is not None
    assert value(snapshot, meter, Q.GRID_POWER) == pytest.approx(
        sample.powers.grid, abs=2
    )
    rig.restart()
    snapshot = await rig.next_poll()
    assert abs(float(value(snapshot, meter, Q.GRID_POWER) or 0)) > 1000
    assert isinstance(rig.client, SupportsCorrections)
    rig.client.correct({meter: DeviceCorrection(unit=PowerUnit.WATT)})
    snapshot = await rig.next_poll()
    assert abs(float(value(snapshot, meter, Q.GRID_POWER) or 0)) < 1000
    rig.client.correct({meter: DeviceCorrection(swap_direction=True)})
    snapshot = await rig.next_poll()
    swapped = rig.cloud.plant.uploaded(rig.cloud.first(GRID_METER))
    assert swapped is not None
    assert value(snapshot, meter, Q.GRID_POWER) == pytest.approx(
        -swapped.powers.grid, abs=2
    )


async def test_a_meter_can_be_turned_round(rig: Rig) -> None:
    """What was read before is forgotten; the devices say which can be corrected."""
    before = await rig.poll()
    meter = rig.id_of(POWER_SENSOR)
    assert rig.inventory.devices[meter].correctable
    assert not rig.inventory.devices[rig.id_of(HOME_INVERTER)].correctable
    rig.client.correct({meter: DeviceCorrection(swap_direction=True)})
    rig.client.correct({meter: DeviceCorrection(swap_direction=True)})
    assert meter in (await rig.poll()).silent
    after = await rig.next_poll()
    assert float(value(before, meter, Q.GRID_POWER) or 0) < 0
    assert float(value(after, meter, Q.GRID_POWER) or 0) > 0
    exported = value(before, meter, Q.GRID_EXPORT_ENERGY_TOTAL)
    assert value(after, meter, Q.GRID_IMPORT_ENERGY_TOTAL) == pytest.approx(
        exported, abs=2
    )


async def test_e69_solar_power_is_taken_from_the_dc_side(rig: Rig) -> None:
    """At night a hybrid's output is the battery's."""
    rig.cloud.plant.site.change(clearness=0.0)
    rig.cloud.plant.site.override_load(900)
    rig.tick(1200)
    snapshot = await rig.poll()
    sources = rig.client.roles(PLANT, rig.inventory)
    assert add(snapshot, sources[Q.PV_POWER][0]) == 0
    assert len(sources[Q.PV_POWER]) == 1
    assert float(value(snapshot, rig.id_of(HOME_INVERTER), Q.AC_POWER) or 0) > 500
    assert add(snapshot, sources[Q.BATTERY_POWER][0]) > 500
    assert value(snapshot, PLANT, Q.LOAD_POWER) == pytest.approx(900, abs=50)


async def test_hybrids_without_trackers_counters_are_bent_straight(rig: Rig) -> None:
    """Yield plus charge minus discharge; older firmware reports nothing better."""
    await rig.lists()
    dc_side, balanced = rig.client.roles(PLANT, rig.inventory)[Q.PV_ENERGY_TOTAL]
    assert [term.slot.quantity for term in dc_side.terms] == [Q.PV_ENERGY_TOTAL]
    assert [(term.slot.quantity, term.factor) for term in balanced.terms] == [
        (Q.AC_ENERGY_TOTAL, 1),
        (Q.BATTERY_CHARGE_ENERGY_TOTAL, 1),
        (Q.BATTERY_DISCHARGE_ENERGY_TOTAL, -1),
    ]
    snapshot = await rig.poll()
    assert add(snapshot, balanced) == pytest.approx(add(snapshot, dc_side), rel=0.1)


@of("string-only")
async def test_a_roof_of_strings_needs_no_meter(rig: Rig) -> None:
    """Its own counter feeds the plant; there is no house to speak of."""
    snapshot = await rig.poll()
    sources = rig.client.roles(PLANT, rig.inventory)
    assert set(sources) == {Q.PV_POWER, Q.PV_ENERGY_TOTAL}
    truth = rig.cloud.truth_at_last_upload(rig.id_of(STRING_INVERTER))
    assert truth is not None
    assert add(snapshot, sources[Q.PV_ENERGY_TOTAL][0]) == pytest.approx(
        truth.pv, abs=0.01
    )
    assert value(snapshot, PLANT, Q.PV_ENERGY_TODAY) == value(
        snapshot, PLANT, Q.AC_ENERGY_TODAY
    )


async def test_the_day_report_fills_what_nobody_else_knows(rig: Rig) -> None:
    """PV yield of the day and energy bought, from the second poll on; gone with the day."""
    await rig.poll()
    snapshot = await rig.next_poll()
    truth = rig.cloud.plant.site.truth()
    start = rig.cloud.plant.site.truth(
        rig.cloud.plant.site.local.midnight(rig.cloud.now())
    )
    assert value(snapshot, PLANT, Q.PV_ENERGY_TODAY) == pytest.approx(
        truth.since(start).pv, abs=0.02
    )
    assert value(snapshot, PLANT, Q.GRID_IMPORT_ENERGY_TODAY) is not None
    rig.cloud.fault("getKpiStationDay", code=20004, times=None)
    rig.tick(14 * 3600)
    rig.cloud.faults.clear()
    rig.cloud.fault("getKpiStationDay", body="html", times=None)
    snapshot = await rig.poll()
    assert value(snapshot, PLANT, Q.PV_ENERGY_TODAY) is None


@pytest.mark.parametrize("wire", ["number", "string", "mixed"])
async def test_numbers_come_as_text(rig: Rig, wire: str) -> None:
    """And are read all the same."""
    rig.cloud.turn(wire=wire)
    snapshot = await rig.poll()
    assert len(snapshot.readings) == 4
    assert value(snapshot, PLANT, Q.LOAD_POWER) is not None


async def test_a_code_as_text_is_a_code(rig: Rig) -> None:
    """FailCode arrives as "407" at times."""
    rig.cloud.turn(codes_as_text=True)
    rig.cloud.account.budget.take(
        "getDevRealKpi", rig.cloud.plants, rig.cloud.now(), rig.cloud.knobs
    )
    snapshot = await rig.poll()
    assert len(snapshot.silent) == 1


async def test_missing_and_hollow_rows_keep_the_last_values(rig: Rig) -> None:
    """One poll is no news (E28); after three cycles the device is silent, and back with its next row."""
    await rig.poll()
    battery, sensor = rig.cloud.first(HOME_BATTERY), rig.cloud.first(POWER_SENSOR)
    rig.cloud.turn(
        null_maps=frozenset({str(battery.id)}),
        missing_rows=frozenset({str(sensor.id), PLANT}),
    )
    snapshot = await rig.next_poll()
    assert not snapshot.silent
    for _ in range(3):
        snapshot = await rig.next_poll()
    assert snapshot.silent == {
        rig.id_of(HOME_BATTERY): "no_data",
        rig.id_of(POWER_SENSOR): "no_data",
    }
    assert rig.id_of(HOME_INVERTER) in snapshot.readings
    rig.cloud.turn(null_maps=frozenset(), missing_rows=frozenset())
    assert not (await rig.next_poll()).silent


async def test_e28_a_missed_update_recovers_with_the_next(rig: Rig) -> None:
    """A null in place of the data, once."""
    await rig.poll()
    rig.cloud.fault(
        "getDevRealKpi", body='{"success": true, "failCode": 0, "data": null}', times=3
    )
    before = (await rig.next_poll()).readings[rig.id_of(POWER_SENSOR)]
    after = (await rig.next_poll()).readings[rig.id_of(POWER_SENSOR)]
    assert before != after


async def test_e59_an_offline_device_is_silent_at_once(rig: Rig) -> None:
    """run_state 0 with frozen values, then null maps: never the last power as live."""
    await rig.poll()
    rig.cloud.set_online(False)
    snapshot = await rig.next_poll()
    assert set(snapshot.silent.values()) == {"offline"}
    for _ in range(8):
        snapshot = await rig.next_poll()
    assert set(snapshot.silent.values()) == {"offline"}
    rig.cloud.set_online(True)
    rig.tick(300)
    assert not (await rig.next_poll()).silent


async def test_e59_stuck_values_are_stale(rig: Rig) -> None:
    """A connection that is said to be alive and repeats one power for half an hour is not believed; a night of zeros is."""
    await rig.poll()
    for device in rig.cloud.plant.devices:
        rig.cloud.plant.dongle(device).period.set(rig.cloud.now(), 86400)
    for _ in range(6):
        snapshot = await rig.next_poll()
    assert rig.id_of(HOME_BATTERY) in snapshot.stale  # discharged at midnight
    assert rig.id_of(POWER_SENSOR) not in snapshot.stale  # the grid had nothing to do


async def test_values_that_could_not_be_read_again_are_not_called_stuck(
    rig: Rig,
) -> None:
    """A steady power for a quarter of an hour, then the limit of calls: nobody knows that it went on unchanged."""
    await rig.poll()
    for device in rig.cloud.plant.devices:
        rig.cloud.plant.dongle(device).period.set(rig.cloud.now(), 86400)
    for _ in range(4):
        snapshot = await rig.next_poll()
    rig.cloud.fault("getDevRealKpi", code=407, times=None)
    for _ in range(2):
        snapshot = await rig.next_poll()
        assert rig.id_of(HOME_BATTERY) in snapshot.readings
        assert not snapshot.stale
    rig.cloud.faults.clear()
    for _ in range(3):
        snapshot = await rig.next_poll()
    assert rig.id_of(HOME_BATTERY) in snapshot.stale


async def test_readings_outlive_a_restart(rig: Rig) -> None:
    """The limits forbid to read again at once: what was read a minute ago is shown."""
    before = await rig.poll()
    rig.restart()
    rig.tick(60)
    after = await rig.poll()
    assert rig.count("getDevRealKpi") == 3
    for key in before.readings:
        assert value(after, key, Q.LOAD_POWER) == value(before, key, Q.LOAD_POWER)
        assert after.readings[key].values == before.readings[key].values
    assert after.resume_after == pytest.approx(240, abs=2)


async def test_damaged_storage_starts_anew(rig: Rig) -> None:
    """Whatever a section holds."""
    await rig.poll()
    junk: list[Any] = [7, "x", [1], {"a": 1}, {"swept_at": "x", "plants": [{"b": 2}]}]
    for content in junk:
        for section in (
            "fusionsolar_lists",
            "fusionsolar_last",
            "fusionsolar_traits",
            "fusionsolar_plan",
        ):
            await rig.storage.save(section, content)
        rig.restart()
        rig.tick(86400)
        await rig.lists()
        assert (await rig.poll()).readings
    await rig.storage.save(
        "fusionsolar_last",
        {"x": [1, 2, [["pv_power", 0, None], 3, ["no", 0, 1], ["pv_power", 0, True]]]},
    )
    await rig.storage.save(
        "fusionsolar_traits", {"alive": {"x": 3}, "units": {"x": "y"}}
    )
    rig.restart()
    assert (await rig.next_poll()).readings


@of("two-plants")
async def test_only_what_is_wanted_is_read(rig: Rig) -> None:
    """Plants the user left out cost nothing."""
    everything = await rig.lists()
    rig.inventory = everything.only(frozenset({PLANT}))
    snapshot = await rig.poll()
    assert len(snapshot.readings) == 4
    asked = rig.cloud.calls.of("getStationRealKpi")[0].params["stationCodes"]
    assert asked == PLANT


@of("two-plants")
async def test_one_silent_plant_is_not_a_failed_poll(rig: Rig) -> None:
    """The other goes on."""
    shed = rig.cloud.plants[1]
    rig.cloud.turn(null_maps=frozenset({shed.code}))
    snapshot = await rig.poll()
    assert snapshot.silent == {shed.code: "no_data"}
    assert PLANT in snapshot.readings


async def test_the_house_is_added_up_from_one_cycle_only(rig: Rig) -> None:
    """Half a cycle old and half a cycle new is noise: the last figure stays until the cycle is whole."""
    first = await rig.poll()
    rig.cloud.account.budget.take(
        "getDevRealKpi", rig.cloud.plants, rig.cloud.now() + 200, rig.cloud.knobs
    )
    rig.tick(308)
    rig.cloud.fault("getDevRealKpi", body="html", skip=1)
    second = await rig.poll()
    assert value(second, PLANT, Q.LOAD_POWER) == value(first, PLANT, Q.LOAD_POWER)


@of("odd-devices")
async def test_e29_unknown_devices_only(rig: Rig) -> None:
    """Set up with a note, no call for the devices, no crash."""
    snapshot = await rig.poll()
    assert rig.count("getDevRealKpi") == 0
    assert Notice("no_readable_devices") in snapshot.notices
    assert {device.kind for device in rig.inventory.devices.values()} == {
        DeviceKind.OTHER,
        DeviceKind.OPTIMIZER,
    }


@of("odd-devices")
async def test_a_smart_guard_is_listed_by_its_name(rig: Rig) -> None:
    """Type 23071 has no values that anybody knows, and is not asked for any."""
    await rig.poll()
    models = {device.model for device in rig.inventory.devices.values()}
    assert "SmartGuard" in models
    assert rig.count("getDevRealKpi") == 0


@of("deviceless")
async def test_e29_no_devices_at_all(rig: Rig) -> None:
    """The plant's own totals are all there is."""
    snapshot = await rig.poll()
    assert list(snapshot.readings) == [PLANT]
    assert set(rig.client.roles(PLANT, rig.inventory)) == {Q.PV_ENERGY_TOTAL}


async def test_the_type_is_sent_as_text_where_numbers_find_nothing(rig: Rig) -> None:
    """One host answers an empty list to a number; the second type already asks in the other form."""
    rig.cloud.turn(types_as_text=True)
    first = await rig.poll()
    assert len(first.silent) == 1
    second = await rig.next_poll()
    assert not second.silent
    forms = [call.params["devTypeId"] for call in rig.cloud.calls.of("getDevRealKpi")]
    assert [type(form) for form in forms] == [int, str, str, str, str, str]


async def test_timestamps_are_milliseconds(rig: Rig) -> None:
    """Seconds are taken silently and find nothing (A123)."""
    await rig.poll()
    await rig.next_poll()
    report = rig.cloud.calls.of("getKpiStationDay")[0].params
    assert report["collectTime"] > 1e12
    alarms = rig.cloud.calls.of("getAlarmList")[0].params
    assert alarms["endTime"] - alarms["beginTime"] == 30 * 86400 * 1000


def test_four_polls_may_fail_before_values_are_stale() -> None:
    """The cloud shows them up to ten minutes late."""
    assert VENDOR.stale_after > 4 * VENDOR.poll_period


async def test_polls_stay_behind_the_windows_however_slow_answers_are(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls never fall into one window of five minutes, counted where the vendor counts."""
    ways = itertools.cycle([(0.1, 0.1), (4.0, 0.0), (0.0, 9.0), (0.1, 0.2), (0.0, 0.3)])
    send = Transport.send

    async def slow(*args: Any, **kwargs: Any) -> Any:
        out, back = next(ways)
        rig.tick(out)
        answer = await send(*args, **kwargs)
        rig.tick(back)
        return answer

    monkeypatch.setattr(Transport, "send", slow)
    for _ in range(40):
        snapshot = await rig.poll()
        while snapshot.resume_after is not None and snapshot.resume_after < 60:
            rig.tick(snapshot.resume_after)
            snapshot = await rig.poll()
        rig.tick(VENDOR.poll_period)
    assert rig.cloud.violations == {}
    assert rig.count("getDevRealKpi") >= 3 * 38


async def test_pv_power_is_never_negative(rig: Rig) -> None:
    """Some trackers report a few watts below zero at dusk."""
    rig.cloud.fault(
        "getDevRealKpi",
        where={"devTypeId": 38},
        body='{"success": true, "failCode": 0, "data": [{"devId": '
        f"{rig.cloud.first(HOME_INVERTER).id}"
        ', "dataItemMap": {"mppt_power": -0.004, "mppt_1_cap": 5}}, {"devId": 1}, 3]}',
    )
    snapshot = await rig.poll()
    inverter = rig.id_of(HOME_INVERTER)
    assert value(snapshot, inverter, Q.PV_POWER) == 0
    assert value(snapshot, inverter, Q.PV_ENERGY_TOTAL) == 5


async def test_a_missing_tracker_does_not_shrink_the_sum(rig: Rig) -> None:
    """E11: the sum is left out when an addend is."""
    await rig.poll()
    inverter = rig.cloud.first(HOME_INVERTER)
    rig.cloud.fault(
        "getDevRealKpi",
        where={"devTypeId": 38},
        body='{"success": true, "failCode": 0, "data": [{"devId": '
        f'{inverter.id}, "dataItemMap": {{"mppt_1_cap": 9000}}}}]}}',
    )
    snapshot = await rig.next_poll()
    reading = snapshot.readings[rig.id_of(HOME_INVERTER)]
    assert set(reading.values) == {Slot(Q.MPPT_ENERGY_TOTAL, 1)}


async def test_two_batteries_are_weighed_by_their_size(
    cloud: FusionSolarCloud, rig: Rig
) -> None:
    """Where every size is known; else they count alike."""
    twin = cloud.first(HOME_BATTERY)
    inventory = await rig.lists()
    cloud.plant.add(
        type(twin)(
            id=twin.id + 900,
            dn="NE=1",
            type=HOME_BATTERY,
            part="battery",
            name="Second",
            serial="LBDEMO2",
            model="LUNA2000-5-S0",
        )
    )
    rig.tick(11 * 3600)
    inventory = await rig.lists()
    (source,) = rig.client.roles(PLANT, inventory)[Q.BATTERY_SOC]
    assert sorted(term.factor for term in source.terms) == [5, 10]
    cloud.plant.devices[-1].model = None
    rig.tick(11 * 3600)
    (source,) = rig.client.roles(PLANT, await rig.lists())[Q.BATTERY_SOC]
    assert {term.factor for term in source.terms} == {1.0}
