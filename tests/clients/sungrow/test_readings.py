"""Reading an account: one picture per poll, whatever is silent, missing or refused (sungrow.md §4.4, §4.5)."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CredentialsRejected,
    PermissionMissing,
)
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.transport import Transport
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.plant import HYBRID, METER
from tests.helpers.clock import StillClock

from .conftest import BATTERY, HOME, INVERTER, Account, Connect, grant

MEASURED = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)


async def test_both_editions_read_the_same(connect: Connect, granted: Account) -> None:
    """Under V2 the plant's time is its newest device's; the values do not differ."""
    one = await connect().poll()
    two = await granted.poll()
    assert one.readings.keys() == two.readings.keys()
    for key, reading in one.readings.items():
        assert reading == two.readings[key]
        assert reading.measured_at == MEASURED
    assert not one.silent
    assert not one.stale
    assert one.resume_after is None


async def test_income_and_co2_come_from_the_list(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """V1 only; each value has the unit it came with (A056, A065)."""
    account = connect()
    await account.poll()
    clock.advance(300)
    values = (await account.poll()).readings[HOME].values
    assert values[Slot(Q.PLANT_STATE)] == "online"
    total = values[Slot(Q.PV_ENERGY_TOTAL)]
    assert isinstance(total, float)
    assert values[Slot(Q.INCOME_TOTAL)] == pytest.approx(total * 0.31, abs=1)
    assert values[Slot(Q.CO2_SAVED_TOTAL)] == pytest.approx(total * 0.997, abs=10)
    today = values[Slot(Q.PV_ENERGY_TODAY)]
    assert isinstance(today, float)
    assert values[Slot(Q.INCOME_TODAY)] == pytest.approx(today * 0.31, abs=0.1)
    assert values[Slot(Q.CO2_SAVED_TODAY)] == pytest.approx(today * 0.997, abs=0.2)


async def test_the_state_of_a_plant(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Faults and connection; a code of its own is unknown."""
    bodies = {
        '{"ps_id":5000001,"ps_fault_status":1}': "fault",
        '{"ps_id":5000001,"ps_fault_status":"2"}': "warning",
        '{"ps_id":5000001,"ps_fault_status":4,"ps_status":1}': "online",
        '{"ps_id":5000001,"ps_fault_status":3,"ps_status":"0"}': "offline",
        '{"ps_id":5000001,"ps_fault_status":3,"valid_flag":3}': "connecting",
        '{"ps_id":5000001,"ps_fault_status":9,"total_income":{"unit":"万元","value":"3"}}': None,
    }
    account = connect()
    account.inventory = await account.cloud.inventory()
    seen = []
    for row in bodies:
        server.fault(
            "getPowerStationList",
            body=f'{{"result_code":"1","result_data":{{"rowCount":1,"pageList":[{row}]}}}}',
        )
        clock.advance(7200)
        await account.poll()
        clock.advance(300)
        snapshot = await account.poll()
        seen.append(snapshot.readings[HOME].values.get(Slot(Q.PLANT_STATE)))
        assert Slot(Q.INCOME_TOTAL) not in snapshot.readings[HOME].values
        server.faults.clear()
    assert seen == list(bodies.values())


async def test_e11_one_silent_device_is_not_a_failed_poll(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A key that is refused, a type that fails: the others stay fresh."""
    account = connect()
    account.inventory = await account.cloud.inventory()
    server.fault("getDeviceRealTimeData", code="000", where={"device_type": 43})
    snapshot = await account.poll()
    assert snapshot.silent == {BATTERY: "server_error"}
    assert BATTERY not in snapshot.readings
    assert snapshot.readings[INVERTER].measured_at == MEASURED
    clock.advance(300)
    snapshot = await account.poll()
    assert not snapshot.silent
    server.plant.of(METER)[0].kind = 99
    clock.advance(300)
    snapshot = await account.poll()
    assert snapshot.silent == {"5000001_7_1_1": "not_answered"}


async def test_refused_credentials_end_a_poll_at_once(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Whatever was read before."""
    account = connect()
    await account.poll()
    clock.advance(300)
    server.fault("getDeviceRealTimeData", code="E912", where={"device_type": 14})
    with pytest.raises(CredentialsRejected):
        await account.poll()


async def test_e08_night_is_silence_not_zero(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A string inverter's time stands still; its counters keep their value."""
    server.load("home-string")
    account = connect()
    clock.move_to(datetime(2026, 6, 10, 18, 2, tzinfo=UTC))
    evening = await account.poll()
    clock.move_to(datetime(2026, 6, 10, 23, 32, tzinfo=UTC))
    night = await account.poll()
    inverter = "ADEMO0020002"
    assert inverter in night.stale
    assert inverter not in evening.stale
    total = Slot(Q.AC_ENERGY_TOTAL)
    before = evening.readings[inverter].values[total]
    after = night.readings[inverter].values[total]
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after >= before > 1000
    reported = night.readings[inverter].measured_at
    assert reported is not None
    assert reported < datetime(2026, 6, 10, 20, 0, tzinfo=UTC)
    assert "5000002_7_1_1" not in night.stale


async def test_e59_a_cut_off_home_is_stale(
    server: SungrowCloud, connect: Connect, granted: Account, clock: StillClock
) -> None:
    """Devices and, in both editions, the plant."""
    account = connect()
    await account.poll()
    await granted.poll()
    server.set_online(False)
    clock.advance(2400)
    for each in (account, granted):
        snapshot = await each.poll()
        assert {HOME, INVERTER, BATTERY} <= snapshot.stale


async def test_batteries_that_are_not_there_are_not_read(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Zeros of an inverter without battery are no battery (sungrow.md §7.2 #18)."""
    server.load("no-battery")
    account = connect()
    snapshot = await account.poll()
    slots = {
        slot.quantity
        for reading in snapshot.readings.values()
        for slot in reading.values
    }
    assert not [each for each in slots if each.startswith("battery_")]
    assert account.cloud.report()["plants_with_storage"] == 0
    hybrid = server.first(HYBRID)
    hybrid.values = {"13140": 9600.0, "13141": 0.5}
    clock.advance(300)
    snapshot = await account.poll()
    values = snapshot.readings["ADEMO0040002"].values
    assert values[Slot(Q.BATTERY_SOC)] == 50.0
    hybrid.values = {}
    restarted = connect(storage=account.storage)
    assert restarted.cloud.report()["plants_with_storage"] == 1


async def test_a_charger_and_a_manager_are_read(
    server: SungrowCloud, connect: Connect
) -> None:
    """Types 51 and 64; the charger's power is in kW there and in W here."""
    server.load("no-battery")
    server.plant.site.plug("charger", needs_kwh=20)
    account = connect()
    snapshot = await account.poll()
    sample = server.plant.site.uploaded("5000004_51_1_1")
    assert sample is not None
    charger = snapshot.readings["CDEMO0040003"].values
    assert charger[Slot(Q.CHARGER_POWER)] == pytest.approx(sample.powers.charger, abs=1)
    assert charger[Slot(Q.OPERATING_STATE)] in {"available", "preparing", "charging"}
    manager = snapshot.readings["HDEMO0040004"].values
    assert manager[Slot(Q.GRID_POWER)] == pytest.approx(sample.powers.grid, abs=0.1)


async def test_small_devices_are_read(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Micro-inverters with the fast devices, optimizers and weather stations with the slow."""
    server.load("small-parts")
    account = connect()
    for _ in range(3):
        snapshot = await account.poll()
        clock.advance(300)
    micro = snapshot.readings["NDEMO0070002"].values
    assert Slot(Q.MPPT_POWER, 2) in micro
    assert Slot(Q.MPPT_CURRENT, 2) in micro
    assert Slot(Q.AC_ENERGY_TOTAL) in micro
    optimizer = snapshot.readings["ODEMO0070005"].values
    assert isinstance(optimizer[Slot(Q.PV_POWER)], float)
    asked = server.calls.of("getMlpeRealTimeData")[0].params["point_id_list"]
    assert asked[0] == "p58107"


async def test_a_farm_is_read(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A logger instead of a dongle, a weather station, a zone stated with the wrong sign."""
    server.load("farm")
    account = connect()
    for _ in range(2):
        snapshot = await account.poll()
        clock.advance(300)
    inverter = snapshot.readings["ADEMO0030002"]
    assert inverter.measured_at == MEASURED + timedelta(minutes=5)
    assert Slot(Q.MPPT_VOLTAGE, 4) in inverter.values
    assert Slot(Q.STRING_CURRENT, 4) in inverter.values
    weather = snapshot.readings["5000003_5_7_1"].values
    assert Slot(Q.IRRADIANCE) in weather
    assert Slot(Q.SIGNAL_STRENGTH) in snapshot.readings["BDEMO0030001"].values


@pytest.mark.parametrize("style", ["rotate", "null", "", "--", "absent"])
async def test_e12_missing_points_are_missing(
    server: SungrowCloud, connect: Connect, style: str
) -> None:
    """However they are missing."""
    server.turn(missing_style=style, null_points=frozenset({"13134", "83024", "24"}))
    snapshot = await connect().poll()
    assert Slot(Q.PV_ENERGY_TOTAL) not in snapshot.readings[INVERTER].values
    assert Slot(Q.PV_ENERGY_TOTAL) not in snapshot.readings[HOME].values
    assert Slot(Q.PV_ENERGY_TODAY) in snapshot.readings[INVERTER].values


async def test_flat_rows_and_news_are_read(
    server: SungrowCloud, connect: Connect
) -> None:
    """E42, and a field nobody knows."""
    server.turn(flat_rows=True, extra_fields={"p99999": "1", "something": {"new": [1]}})
    account = connect()
    snapshot = await account.poll()
    assert Slot(Q.PV_POWER) in snapshot.readings[INVERTER].values
    assert "14.p99999" in str(account.cloud.report()["unmapped_points"])


async def test_realtime_answers_of_another_form_are_survived(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Rows of foreign devices, no rows, no list, no object."""
    account = connect()
    account.inventory = await account.cloud.inventory()
    for data in (
        "null",
        "[]",
        '{"device_point_list":null}',
        '{"device_point_list":["x",{"device_point":{"ps_key":"9_9_9_9"}},{"ps_id":"77"}]}',
    ):
        server.fault(
            "getDeviceRealTimeData",
            body=f'{{"result_code":"1","result_data":{data}}}',
            times=None,
        )
        snapshot = await account.poll()
        server.faults.clear()
        assert snapshot.silent[INVERTER] == "not_answered"
        assert snapshot.silent[HOME] == "not_answered"
        clock.advance(900)
    assert not (await account.poll()).silent


async def test_a_plant_that_was_taken_out_of_the_consent(
    server: SungrowCloud, transport: Transport, connect: Connect, clock: StillClock
) -> None:
    """Its id comes back as illegal; the others go on (sungrow.md §11.3 #9)."""
    server.load("all")
    account = await grant(server, transport, connect, "5000001", "5000002")
    await account.poll()
    server.grant.plants = ("5000001",)
    clock.advance(300)
    snapshot = await account.poll()
    assert snapshot.silent["5000002"] == "not_answered"
    assert "5000001" in snapshot.readings


async def test_an_account_without_rights_says_so(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E900 everywhere: two readings and one sign-in."""
    account = connect()
    await account.poll()
    clock.advance(300)
    server.turn(unapproved=True)
    server.calls.clear()
    with pytest.raises(PermissionMissing, match="not_authorized"):
        await account.poll()
    assert len(server.calls) == 3
    assert len(server.logins) == 1


async def test_an_income_that_cannot_be_is_not_shown(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """The list of plants is held to the same ranges as the points."""
    server.plant.price = 1e18
    account = connect()
    for _ in range(13):
        snapshot = await account.poll()
        clock.advance(300)
    assert Slot(Q.PV_ENERGY_TOTAL) in snapshot.readings[HOME].values
    for quantity in (Q.INCOME_TODAY, Q.INCOME_TOTAL):
        assert account.value(snapshot, HOME, quantity) is None
