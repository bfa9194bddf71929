"""A poll: what one device's trouble does to the others, what is told, and what is not asked again."""

from contextlib import suppress
from datetime import timedelta

import pytest

from custom_components.solar_cloud.cloud.demand import (
    ALARMS_OF_PLANT,
    Demand,
    SupportsDemand,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    PermissionMissing,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.model import Notice
from tests.emulators.solax import Kind, SolaxCloud
from tests.helpers.clock import StillClock

from .conftest import BATTERY, CHARGER, INVERTER, METER, PLANT, Account, named

DATA = "device/realtime_data"
EVERYTHING = {PLANT, INVERTER, BATTERY, METER, CHARGER}
DAY = 86400.0


def missing(permission: str) -> Notice:
    """The notice about a service pack."""
    return Notice("permission_missing", (("permission", permission),))


async def test_e5_missing_pack_is_named_and_rechecked_hourly(
    account: Account, cloud: SolaxCloud
) -> None:
    """One part is missing, the rest lives; the endpoint is left alone for a while; a granted pack ends the notice."""
    await account.poll()
    fault = cloud.fault(DATA, code=10403, times=None, where={"deviceType": 4})
    for _ in range(3):
        snapshot = await account.poll()
        assert snapshot.silent == {CHARGER: "permission_missing"}
        assert snapshot.notices == {missing("Data Monitoring Service")}
    assert cloud.calls.count(DATA, deviceType=4) == 2
    before = cloud.calls.count(DATA, deviceType=4)
    for _ in range(12 * 12):
        await account.poll()
    assert 11 <= cloud.calls.count(DATA, deviceType=4) - before <= 14
    cloud.faults.remove(fault)
    for _ in range(12):
        snapshot = await account.poll()
    assert not snapshot.silent
    assert not snapshot.notices


async def test_one_refusal_of_live_data_does_not_silence_the_house_for_a_day(
    account: Account, cloud: SolaxCloud
) -> None:
    """The cloud stumbled: a quarter of an hour later everything is there again, and nobody is told of a permission."""
    await account.poll()
    cloud.fault(DATA, code=10403, where={"deviceType": 1})
    await account.poll()
    for _ in range(3):
        snapshot = await account.poll()
    assert set(snapshot.readings) == EVERYTHING
    assert not snapshot.silent
    assert not snapshot.notices


async def test_one_device_refused_once_is_read_again_within_the_hour(
    account: Account, cloud: SolaxCloud
) -> None:
    """The cloud forgot whose the devices are for a moment: they were gone for a day."""
    await account.poll()
    fault = cloud.fault(DATA, code=10500, times=None)
    for _ in range(3):
        with suppress(UnexpectedAnswer):
            await account.poll()
    cloud.faults.remove(fault)
    assert INVERTER in (await account.poll()).silent
    for _ in range(12):
        snapshot = await account.poll()
    assert set(snapshot.readings) == EVERYTHING


async def test_a_clock_that_is_put_back_lets_alarms_be_read(
    account: Account, cloud: SolaxCloud, clock: StillClock
) -> None:
    """What was read two hours later than now is due: an alarm would have been missed for so long."""
    for _ in range(4):
        await account.poll()
    assert (read := cloud.calls.count("page_alarm_info"))
    clock.advance(-7200)
    for _ in range(2):
        await account.poll()
    assert cloud.calls.count("page_alarm_info") == read + 1


async def test_a_permission_that_is_granted_heals_within_the_hour(
    account: Account, cloud: SolaxCloud
) -> None:
    """By itself, however long it was missing."""
    await account.list()
    cloud.withdraw("API_Telemetry_V2")
    for _ in range(5 * 12):
        with pytest.raises(PermissionMissing):
            await account.poll()
    cloud.authorise("API_Telemetry_V2")
    for _ in range(11):
        with suppress(PermissionMissing):
            await account.poll()
    assert set((await account.poll()).readings) == EVERYTHING


async def test_nothing_may_be_read(account: Account, cloud: SolaxCloud) -> None:
    """Without the monitoring pack a poll raises what is missing, without asking again and again."""
    await account.list()
    cloud.withdraw("API_Telemetry_V2")
    for _ in range(3):
        with pytest.raises(PermissionMissing) as caught:
            await account.poll()
        assert caught.value.permission == "Data Monitoring Service"
    calls = len(cloud.calls)
    cloud.authorise("API_Telemetry_V2")
    account.restart()  # a reload checks at once
    await account.list()
    assert set((await account.poll()).readings) == EVERYTHING
    assert len(cloud.calls) > calls


@pytest.mark.parametrize("style", ["missing", "stale"])
async def test_c14_e59_offline_dongle(
    account: Account, cloud: SolaxCloud, style: str
) -> None:
    """A missing row is silent, an old one is stale; the others stay live."""
    cloud.turn(offline_rows=style)
    await account.poll()
    cloud.set_online(False, CHARGER)
    snapshot = await account.poll(1800)
    if style == "missing":
        assert snapshot.silent == {CHARGER: "offline"}
        assert not snapshot.stale
    else:
        assert not snapshot.silent
        assert snapshot.stale == {CHARGER}
        assert named(snapshot.readings[CHARGER])["charger_energy_total"] > 0
    cloud.set_online(True, CHARGER)
    snapshot = await account.poll(600)
    assert not snapshot.silent
    assert not snapshot.stale


@pytest.mark.parametrize("cloud", ["offline"], indirect=True)
async def test_c15_plant_is_live_while_its_devices_are_stale(
    account: Account, cloud: SolaxCloud
) -> None:
    """The plant's answer has a time of its own."""
    snapshot = await account.poll()
    assert snapshot.stale == EVERYTHING - {PLANT}


async def test_offline_device_is_no_failed_poll(
    account: Account, cloud: SolaxCloud
) -> None:
    """A successful empty answer is an answer."""
    cloud.turn(offline_rows="missing")
    await account.list()
    cloud.set_online(False)
    snapshot = await account.poll(1200)
    assert set(snapshot.readings) == {PLANT}
    assert set(snapshot.silent.values()) == {"offline"}


async def test_plant_without_an_answer(account: Account, cloud: SolaxCloud) -> None:
    """Nothing about a plant silences the plant."""
    await account.list()
    cloud.fault("plant/realtime_data", body='{"code": 10000, "result": null}')
    snapshot = await account.poll()
    assert snapshot.silent == {PLANT: "offline"}


@pytest.mark.parametrize("cloud", ["many"], indirect=True)
async def test_denied_device_in_a_chunk_is_found_and_dropped(
    account: Account, cloud: SolaxCloud, clock: StillClock
) -> None:
    """One of ten refuses for all: they are asked one by one, the culprit is left alone, the others come back."""
    await account.list()
    clock.advance(60)
    snapshot = await account.whole(0)
    culprit = cloud.plants[3].of(Kind.INVERTER)[1]
    culprit.authorised = False
    silent: set[str] = set()
    for _ in range(8):
        snapshot = await account.whole()
        silent = set(snapshot.silent)
        if silent == {culprit.sn}:
            break
    assert silent == {culprit.sn}
    assert snapshot.silent[culprit.sn] == "no_access"
    cloud.calls.clear()
    snapshot = await account.whole()
    assert cloud.calls.count(DATA, deviceType=1) == 3  # chunks of ten again
    assert not [call for call in cloud.calls if culprit.sn in call.serials]
    culprit.authorised = True
    clock.advance(DAY)
    snapshot = await account.whole()
    assert culprit.sn in snapshot.readings


async def test_plant_that_may_not_be_read(account: Account, cloud: SolaxCloud) -> None:
    """All of an account refused: told as an error, and not asked again today."""
    await account.list()
    cloud.plant.authorised = False
    with pytest.raises(UnexpectedAnswer) as caught:
        await account.poll()
    assert caught.value.key == "no_access"
    calls = cloud.calls.count("realtime_data")
    with pytest.raises(UnexpectedAnswer):
        await account.poll()
    assert cloud.calls.count("realtime_data") == calls


@pytest.mark.parametrize("cloud", ["parallel-two-inverters"], indirect=True)
async def test_battery_chunk_that_fails_is_asked_one_by_one(
    account: Account, cloud: SolaxCloud
) -> None:
    """One battery that is gone does not blank the other."""
    await account.poll()
    gone = cloud.plant.of(Kind.BATTERY)[1]
    cloud.plant.devices.remove(gone)
    cloud.fault(DATA, code=10001, where={"deviceType": 2})
    snapshot = await account.poll()
    assert set(snapshot.silent.values()) == {"operation_failed"}
    snapshot = await account.poll()
    assert snapshot.silent == {f"{gone.host}_battery": "operation_failed"}


async def test_silent_server_is_not_asked_for_everything(
    account: Account, cloud: SolaxCloud
) -> None:
    """After two calls without any answer the rest of the poll is given up: each could take half a minute."""
    await account.poll()
    cloud.calls.clear()
    cloud.fault(body="disconnect", times=None)
    with pytest.raises(CloudUnreachable):
        await account.poll()
    asked = {(call.path, call.params.get("deviceType")) for call in cloud.calls}
    assert len(asked) == 2


async def test_two_silent_calls_among_good_ones(
    account: Account, cloud: SolaxCloud
) -> None:
    """What had answered before stays; the rest is silent."""
    await account.poll()
    fault = cloud.fault(DATA, body="disconnect", times=None, where={"deviceType": 3})
    other = cloud.fault(DATA, body="disconnect", times=None, where={"deviceType": 4})
    snapshot = await account.poll()
    assert {METER, CHARGER} <= snapshot.silent.keys()
    assert INVERTER in snapshot.readings
    cloud.faults.remove(fault)
    cloud.faults.remove(other)
    assert not (await account.poll()).silent


async def test_token_that_cannot_be_had_ends_the_poll(
    account: Account, cloud: SolaxCloud
) -> None:
    """Without a token no other call is tried, and the token endpoint is asked once."""
    await account.poll()
    cloud.steal_token()
    cloud.calls.clear()
    cloud.fault("oauth/token", http=503, times=None)
    with pytest.raises(CloudUnreachable):
        await account.poll()
    assert cloud.calls.count("oauth/token") == 1
    assert len(cloud.calls) == 2


async def test_token_lost_half_way(account: Account, cloud: SolaxCloud) -> None:
    """What was read stays; what was not is silent for the same reason."""
    await account.poll()
    cloud.fault(DATA, code=10402, where={"deviceType": 3})
    cloud.fault("oauth/token", http=503, times=None)
    snapshot = await account.poll()
    assert METER in snapshot.silent
    assert set(snapshot.silent.values()) == {"server_error"}
    assert INVERTER in snapshot.readings


async def test_http_403_is_a_long_pause_and_told_the_third_time(
    account: Account, cloud: SolaxCloud
) -> None:
    """A gateway turns us away: a quarter of an hour, half an hour, an hour, then the user is told."""
    await account.poll()
    cloud.fault(DATA, http=403, times=None, where={"deviceType": 4})
    told = []
    for wait in (300, 900, 1800):
        snapshot = await account.poll(wait)
        assert snapshot.silent == {CHARGER: "access_blocked"}
        told.append(Notice("access_blocked") in snapshot.notices)
    assert told == [False, False, True]
    calls = cloud.calls.count(DATA, deviceType=4)
    assert (await account.poll(300)).silent == {CHARGER: "access_blocked"}
    assert cloud.calls.count(DATA, deviceType=4) == calls
    cloud.faults.clear()
    snapshot = await account.poll(3600)
    assert not snapshot.silent
    assert not snapshot.notices


async def test_whatever_a_gateway_kept_closed_is_asked_again_once_it_lets_something_through(
    account: Account, cloud: SolaxCloud
) -> None:
    """After hours the pauses are long, and each call has its own: devices came back one by one over three quarters of an hour."""
    await account.poll()
    fault = cloud.fault("*", http=403, times=None)
    for _ in range(96):
        with suppress(CloudUnreachable):
            await account.poll(300)
    cloud.faults.remove(fault)
    silent = {INVERTER, METER, CHARGER}
    while len(silent & {INVERTER, METER, CHARGER}) == 3:
        with suppress(CloudUnreachable):
            silent = {*(await account.poll(300)).silent}
    assert not (await account.poll(300)).silent


async def test_a_plant_that_is_read_does_not_bring_devices_back(
    account: Account, cloud: SolaxCloud
) -> None:
    """Once an hour its figures came in between, and the log went up and down with them."""
    await account.poll()
    assert isinstance(account.client, SupportsDemand)
    account.client.meet(Demand(plants={}))
    cloud.fault(DATA, body="list", times=None)
    asked = cloud.calls.count("plant/realtime_data")
    for _ in range(24):
        with pytest.raises(UnexpectedAnswer):
            await account.poll(300)
    assert cloud.calls.count("plant/realtime_data") > asked


async def test_plant_state_follows_slowly(account: Account, cloud: SolaxCloud) -> None:
    """It stands in the list of plants only, which is read hourly."""
    assert (await account.values(PLANT))["plant_state"] == "online"
    cloud.set_online(False)
    for _ in range(13):
        snapshot = await account.poll()
    assert named(snapshot.readings[PLANT])["plant_state"] == "offline"


async def test_c24_unknown_plant_state(account: Account, cloud: SolaxCloud) -> None:
    """A number no table lists stays visible as such."""
    cloud.fault(
        "page_plant_info",
        body=f'{{"code": 10000, "result": {{"records": [{{"plantId": "{PLANT}", "plantState": 42}}]}}}}',
    )
    snapshot = await account.poll()
    assert "plant_state" not in named(snapshot.readings[PLANT])
    assert list(snapshot.readings[PLANT].unknown.values()) == ["42"]


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_commercial_plant_state(account: Account, cloud: SolaxCloud) -> None:
    """Commercial plants number their states differently."""
    assert (await account.values(cloud.plant.plant_id))["plant_state"] == "online"


@pytest.mark.parametrize(
    ("skew", "told", "stale"),
    [(0, False, False), (240, False, False), (900, True, False), (-900, False, False)],
)
async def test_e56_uploads_from_the_future(
    account: Account, cloud: SolaxCloud, skew: float, told: bool, stale: bool
) -> None:
    """No reading is newer than now; a clock that is wrong for three polls is told."""
    cloud.turn(clock_skew=skew)
    for poll in range(4):
        snapshot = await account.poll()
        now = account.clock.now
        for reading in snapshot.readings.values():
            assert reading.measured_at is not None
            assert reading.measured_at.timestamp() <= now
        assert (Notice("clock_skew") in snapshot.notices) == (told and poll >= 2)
        assert (INVERTER in snapshot.stale) is stale
    cloud.turn(clock_skew=0)
    assert not (await account.poll()).notices


async def test_e56_row_from_the_future_still_grows_old(
    account: Account, cloud: SolaxCloud
) -> None:
    """A dongle whose clock is a day ahead and that then dies is not live for a day."""
    cloud.turn(clock_skew=DAY)
    await account.poll()
    cloud.set_online(False)
    assert INVERTER not in (await account.poll(600)).stale
    assert INVERTER in (await account.poll(1500)).stale


async def test_q3_row_without_time_has_the_plants(
    account: Account, cloud: SolaxCloud
) -> None:
    """Its local time and the offset learnt from other rows are as good."""
    before = await account.reading(INVERTER)
    cloud.turn(hide_time=True)
    after = await account.reading(INVERTER)
    assert before.measured_at is not None
    assert after.measured_at == before.measured_at + timedelta(seconds=300)


async def test_q3_row_without_any_time_is_live_while_it_changes(
    account: Account, cloud: SolaxCloud
) -> None:
    """Whoever says nothing about time and never changes is not heard as live."""
    cloud.turn(null_fields=frozenset({"dataTime", "plantLocalTime"}))
    for _ in range(3):
        snapshot = await account.poll(600)
        assert snapshot.readings[INVERTER].measured_at is None
        assert INVERTER not in snapshot.stale
    cloud.set_online(False)
    assert INVERTER not in (await account.poll(600)).stale
    assert INVERTER in (await account.poll(1300)).stale


async def test_selected_plants_only(account: Account, cloud: SolaxCloud) -> None:
    """Nothing is asked about what is not wanted."""
    inventory = await account.list()
    account.wanted = inventory.only(frozenset())
    cloud.calls.clear()
    account.clock.advance(300)
    snapshot = await account.client.readings(account.wanted)
    assert not snapshot.readings
    assert not len(cloud.calls)


async def test_e63_ids_are_text(account: Account, cloud: SolaxCloud) -> None:
    """A plant's id has 19 digits and keeps them all, as a number too."""
    cloud.turn(plant_id_type="number")
    inventory = await account.list()
    assert set(inventory.plants) == {PLANT}
    assert {device.plant_id for device in inventory.devices.values()} == {PLANT}


async def test_snapshots_of_the_same_picture_are_equal(account: Account) -> None:
    """So that nothing is written where nothing changed."""
    for _ in range(3):
        first = await account.poll()
    assert await account.poll(0) == first


async def test_alarms_and_states_nobody_looks_at_cost_no_call(
    account: Account, cloud: SolaxCloud
) -> None:
    """While all entities that tell of them are off."""
    await account.poll()
    assert isinstance(account.client, SupportsDemand)
    off = {(PLANT, key) for key in (*ALARMS_OF_PLANT, "plant_state")}
    account.client.meet(Demand(frozenset(off)))
    cloud.calls.clear()
    for _ in range(13):
        await account.poll()
    assert not cloud.calls.of("alarm/page_alarm_info")
    assert not cloud.calls.of("plant/page_plant_info")
    assert cloud.calls.of("device/realtime_data")
