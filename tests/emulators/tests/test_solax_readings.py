"""SolaX's readings are the world's truth as last uploaded, with all their oddities."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulators.solax import SCENARIOS
from tests.emulators.world import Clock

from .conftest import Client, Open

INVERTER, BATTERY, METER, CHARGER = (
    "H3DEMO00000001",
    "TBDEMO00000001",
    "M3DEMO00000001",
    "C3DEMO00000001",
)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_every_scenario_answers(visit: Open, scenario: str) -> None:
    """Every listed device has realtime data; of hundreds of plants those of the first ten, within a minute's calls."""
    client: Client = await visit(scenario)
    client.cloud.turn(numbers="native", key_case="documented", plant_id_type="string")
    for plant in [*client.cloud.plants][:10]:
        business = {"businessType": plant.business_type}
        answer = await client.get(
            "plant/realtime_data", plantId=plant.plant_id, **business
        )
        assert answer["result"]["plantId"] == plant.plant_id
        for device in plant.devices:
            by_inverter = {"requestSnType": 1} if device.host else {}
            row = await client.row(
                device.kind, device.host or device.sn, **business, **by_inverter
            )
            nameless = device.host and not device.listed
            assert row["deviceSn"] == ("" if nameless else device.sn)


async def test_day_of_counters_equals_truth_as_uploaded(
    visit: Open, clock: Clock
) -> None:
    """Every counter of every device, at every hour of a day, to its own resolution."""
    client: Client = await visit(battery_sleeps=False)
    for _ in range(24):
        clock.advance(3600)
        for kind, serial, fields in (
            (1, INVERTER, {"totalYield": "pv", "totalImportEnergy": "grid_import"}),
            (1, INVERTER, {"totalExportEnergy": "grid_export"}),
            (
                2,
                BATTERY,
                {
                    "totalDeviceCharge": "battery_charge",
                    "totalDeviceDischarge": "battery_discharge",
                },
            ),
            (3, METER, {"importEnergy": "grid_import", "exportEnergy": "grid_export"}),
            (4, CHARGER, {"totalChargeEnergy": "charger"}),
        ):
            row = await client.row(kind, serial)
            truth = client.cloud.truth_at_last_upload(serial)
            resolution = 0.01 if kind == 3 else 0.1
            for field, role in fields.items():
                assert 0 <= getattr(truth, role) - row[field] + 1e-6 < resolution + 1e-5


async def test_rows_wait_for_the_upload(visit: Open, clock: Clock) -> None:
    """Between two uploads all rows are the same, however often they are asked for."""
    client: Client = await visit()
    first = await client.row(1, INVERTER)
    clock.advance(20)
    assert await client.row(1, INVERTER) == first
    clock.advance(300)
    later = await client.row(1, INVERTER)
    age = datetime.fromisoformat(later["dataTime"]) - datetime.fromisoformat(
        first["dataTime"]
    )
    assert age == timedelta(seconds=300)


async def test_signs_and_sums_fit(visit: Open, clock: Clock) -> None:
    """Export is positive, charging is positive, and the house's load comes out."""
    client: Client = await visit()
    clock.set(datetime(2026, 6, 10, 6, 40, tzinfo=UTC))
    inverter, battery = await client.row(1, INVERTER), await client.row(2, BATTERY)
    meter = await client.row(3, METER)
    sample = client.cloud.plant.site.uploaded(INVERTER)
    assert sample is not None
    powers = sample.powers
    assert inverter["gridPower"] == pytest.approx(-powers.grid, abs=1)
    assert meter["totalActivePower"] == inverter["gridPower"]
    assert battery["chargeDischargePower"] == pytest.approx(-powers.battery, abs=1)
    assert battery["chargeDischargePower"] > 0
    load = inverter["totalActivePower"] - inverter["gridPower"]
    assert load == pytest.approx(powers.load + powers.charger, abs=2)


async def test_night(visit: Open) -> None:
    """Zeros, no strings, a battery asleep; lifetime counters of the inverter stay."""
    client: Client = await visit("night")
    row = await client.row(1, INVERTER)
    assert (row["deviceStatus"], row["gridPower"], row["pvMap"]) == (100, -6.0, {})
    assert row["mpptMap"]["MPPT1Voltage"] == row["inverterTemperature"] == 0.0
    assert row["totalYield"] > 10_000
    battery = await client.row(2, INVERTER, requestSnType=1)
    assert battery["batterySOC"] == battery["totalDeviceCharge"] == 0
    client.cloud.turn(battery_sleeps=False)
    assert (await client.row(2, INVERTER, requestSnType=1))["batterySOC"] == 10


async def test_midnight_resets_at_different_minutes(visit: Open, clock: Clock) -> None:
    """The plant's day begins at midnight, the device's some minutes and an upload later."""
    client: Client = await visit()
    plant_id = client.cloud.plant.plant_id

    async def today() -> tuple[float, float]:
        plant = await client.get("plant/realtime_data", plantId=plant_id)
        device = await client.row(1, INVERTER)
        return plant["result"]["dailyYield"], device["dailyYield"]

    midnight = datetime(2026, 6, 10, 22, 0, tzinfo=UTC)
    clock.set(midnight - timedelta(seconds=5))
    plant, device = await today()
    assert plant > 30
    assert plant == pytest.approx(device * 0.976, abs=0.2)
    clock.set(midnight + timedelta(seconds=5))
    assert await today() == (0.0, device)
    clock.set(midnight + timedelta(minutes=10))
    assert await today() == (0.0, 0.0)


async def test_totals_of_one_house_disagree(visit: Open) -> None:
    """Plant below device yield below output, as with every house that has a battery."""
    client: Client = await visit()
    row = await client.row(1, INVERTER)
    answer = await client.get(
        "plant/realtime_data", plantId=client.cloud.plant.plant_id
    )
    plant = answer["result"]["totalYield"]
    assert 0.96 < plant / row["totalYield"] < 0.99
    assert row["totalYield"] < row["totalACOutput"] < 1.05 * row["totalYield"]


async def test_offline_devices_are_stale_or_missing(visit: Open, clock: Clock) -> None:
    """Old data by default, no row by knob; the plant's clock runs on."""
    client: Client = await visit("offline")
    row = await client.row(1, INVERTER)
    assert clock.now() - datetime.fromisoformat(row["dataTime"]) > timedelta(hours=2)
    answer = await client.get(
        "plant/realtime_data", plantId=client.cloud.plant.plant_id
    )
    assert answer["result"]["plantLocalTime"] == "2026-06-10 12:03:00"
    client.cloud.turn(offline_rows="missing")
    assert await client.rows(1, INVERTER) == []
    client.cloud.set_online(True)
    clock.advance(400)
    assert len(await client.rows(1, INVERTER)) == 1


async def test_unregistered_battery_and_hidden_meter(visit: Open) -> None:
    """Not listed, yet readable: the battery by its inverter, the meter by its serial."""
    client: Client = await visit("home-unregistered-battery")
    for kind in (2, 3):
        answer = await client.get("device/page_device_info", deviceType=kind)
        assert answer["result"]["total"] == 0
    battery = await client.row(2, INVERTER, requestSnType=1)
    assert battery["deviceSn"] == ""
    assert battery["totalDeviceCharge"] > 100
    assert (await client.row(3, METER))["importEnergy"] > 0


async def test_no_battery_is_an_error(visit: Open) -> None:
    """A battery query on a plant without one fails instead of being empty."""
    client: Client = await visit("micro-only")
    serial = client.cloud.plant.devices[0].sn
    answer = await client.get(
        "device/realtime_data", deviceType=2, snList=serial, requestSnType=1
    )
    assert answer["code"] == 10001
    client.cloud.turn(absent_class="10001")
    answer = await client.get("device/page_device_info", deviceType=2)
    assert answer["code"] == 10001


async def test_pages_and_chunks(visit: Open) -> None:
    """Lists come in pages of ten, realtime refuses the eleventh serial."""
    client: Client = await visit("many")
    serials: list[str] = []
    for page in (1, 2, 3, 4):
        answer = await client.get("device/page_device_info", deviceType=1, pageNo=page)
        assert answer["result"]["pages"] == 3
        serials += [record["deviceSn"] for record in answer["result"]["records"]]
    assert len(set(serials)) == len(serials) == 24
    assert len(await client.rows(1, *serials[:10])) == 10
    answer = await client.get(
        "device/realtime_data", deviceType=1, snList=",".join(serials[:11])
    )
    assert (answer["code"], answer["message"][:11]) == (10200, "PARAM_ERROR")


async def test_commercial_twin_reports_kilowatts(visit: Open) -> None:
    """The same house twice: the same powers in W and in kW."""
    client: Client = await visit("commercial-twin")
    home, business = client.cloud.plants
    watts = await client.row(1, home.devices[0].sn)
    kilowatts = await client.row(1, business.devices[0].sn, businessType=4)
    for field in ("gridPower", "totalActivePower"):
        assert kilowatts[field] * 1000 == pytest.approx(watts[field])
    # Phases come in whole kW, too coarse to add up.
    assert kilowatts["acPower1"] * 1000 == pytest.approx(watts["acPower1"], abs=500)
    assert kilowatts["totalYield"] == watts["totalYield"]


async def test_distorted_counters(visit: Open, clock: Clock) -> None:
    """A dip, a zero and a real reset, each from the next upload on."""
    client: Client = await visit()

    async def total() -> float:
        clock.advance(300)
        value: float = (await client.row(1, INVERTER))["totalYield"]
        return value

    before = await total()
    client.cloud.distort(INVERTER, "totalYield", value=0.0)
    assert await total() == 0.0
    assert await total() >= before
    client.cloud.distort(INVERTER, "totalYield", add=-5.0)
    assert before - 5.1 < await total() < before
    client.cloud.reset_counter(INVERTER, "totalYield")
    assert 0 <= await total() < 2
    assert 0 <= await total() < 3


async def test_devices_come_and_go(visit: Open, clock: Clock) -> None:
    """A new charger is listed at once and has data after its first upload."""
    client: Client = await visit()
    charger = client.cloud.add_charger("second")
    assert await client.rows(4, charger.sn) == []
    clock.advance(400)
    assert (await client.row(4, charger.sn))["deviceStatus"] == 0
    client.cloud.remove_device(charger.sn)
    answer = await client.get("device/page_device_info", deviceType=4)
    assert answer["result"]["total"] == 1


async def test_charger_states(visit: Open, clock: Clock) -> None:
    """Plugged in at once charges; full is suspended by the car; idle keeps the session."""
    client: Client = await visit()
    states: list[tuple[int, float]] = []

    async def look(after: float) -> dict[str, Any]:
        clock.advance(after)
        row = await client.row(4, CHARGER)
        states.append((row["deviceStatus"], row["chargingEnergyThisSession"]))
        return row

    client.cloud.plant.site.plug("charger", needs_kwh=8)
    charging = await look(600)
    assert charging["l1Current"] == pytest.approx(16, abs=0.2)
    await look(2 * 3600)
    client.cloud.plant.site.unplug("charger")
    await look(600)
    assert [status for status, _ in states] == [2, 7, 0]
    assert 0 < states[0][1] < states[1][1] == states[2][1]
    single: Client = await visit("evc-only")
    row = await single.row(4, single.cloud.plant.devices[0].sn)
    assert row["l1Current"] is None
    assert row["singlePhaseCurrent"] is not None


async def test_awkward_spelling(visit: Open) -> None:
    """Lower-case keys, numbers as text, ids as numbers, new fields, unknown states."""
    client: Client = await visit("awkward-json")
    row = await client.row(1, INVERTER)
    assert row["devicestatus"] == "199"
    assert isinstance(row["totalyield"], str)
    answer = await client.get("plant/page_plant_info")
    assert isinstance(answer["result"]["records"][0]["plantid"], int)
    assert "result" not in await client.get(
        "device/realtime_data", deviceType=1, snList="UNKNOWN"
    )
