"""Every code of the vendor the client reacts to, seen from outside: what is called next, and when."""

import time

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.fusionsolar.errors import (
    REACTIONS,
    ErrorAction,
    Refused,
)
from custom_components.solar_cloud.cloud.model import Notice, Quantity as Q
from tests.emulators.fusionsolar.plant import HOME_BATTERY, HOME_INVERTER, POWER_SENSOR

from .conftest import Rig, value

PLANT = "NE=33987654"
TWO = pytest.mark.parametrize("cloud", ["two-plants"], indirect=True)


def codes(*reactions: ErrorAction) -> list[int]:
    """Return the codes that ask for these reactions."""
    return sorted(code for code, each in REACTIONS.items() if each in reactions)


@pytest.mark.parametrize("code", codes(ErrorAction.CREDENTIALS))
async def test_a_refused_account_stops_everything(rig: Rig, code: int) -> None:
    """On any call, not only at login."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=code)
    rig.tick(308)
    assert isinstance(await rig.failing_poll(), CredentialsRejected)


async def test_a_lock_found_out_late_is_respected(rig: Rig) -> None:
    """20400 with the text of a lock blocks every bucket for half an hour."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=20400, message="user.policy_violation_lock")
    rig.tick(308)
    error = await rig.waiting_poll()
    assert isinstance(error, QuotaExhausted)
    assert error.locked
    rig.cloud.calls.clear()
    rig.tick(308)
    assert (await rig.waiting_poll()).key == "account_locked"
    assert not rig.cloud.calls


async def test_e21_407_blocks_its_interface_only(rig: Rig) -> None:
    """Its `data` is a text; plants go on, devices wait for a window, then for two, and come back."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=407, times=2)
    before = rig.count("getDevRealKpi")
    snapshot = await rig.next_poll()
    assert rig.count("getDevRealKpi") == before + 1
    assert value(snapshot, PLANT, Q.PLANT_STATE) == "online"
    assert not snapshot.silent
    await rig.next_poll()
    assert rig.count("getDevRealKpi") == before + 2
    snapshot = await rig.next_poll()
    assert rig.count("getDevRealKpi") == before + 2
    await rig.next_poll()
    assert rig.count("getDevRealKpi") == before + 5


async def test_e21_devices_that_must_wait_do_not_hide_their_plant(owner: Rig) -> None:
    """An owner's plants are read every half hour: they came and went as often, with a line in the log each time."""
    await owner.poll()
    owner.cloud.fault("getDevRealKpi", code=407, times=None)
    for _ in range(36):
        owner.tick(300)
        snapshot = await owner.poll()
        assert PLANT in snapshot.readings


async def test_e21_407_of_a_report_waits_an_hour_and_doubles(rig: Rig) -> None:
    """The interfaces with a daily allowance are asked again rarely, over restarts too."""
    await rig.poll()
    rig.cloud.fault("getKpiStationDay", code=407, times=None)
    for number in range(60):
        await rig.next_poll()
        if number == 5:
            rig.restart()
    assert 2 <= rig.count("getKpiStationDay") <= 4
    assert rig.count("getDevRealKpi") == 3 * 61


@pytest.mark.parametrize("code", codes(ErrorAction.BUSY))
async def test_a_busy_system_is_left_alone(rig: Rig, code: int) -> None:
    """All of it, for a minute, then two, four; never by a new login."""
    await rig.poll()
    rig.cloud.fault("*", code=code, times=3)
    waits = []
    rig.tick(308)
    for _ in range(3):
        rig.cloud.calls.clear()
        error = await rig.waiting_poll()
        assert error.key == "vendor_busy"
        waits.append(error.retry_after)
        assert len(rig.cloud.calls) == 1
        rig.tick(error.retry_after + 1)
    assert waits == [60, 120, 240]
    assert (await rig.next_poll()).readings
    assert rig.count("login") == 0


async def test_20618_waits_for_the_next_day(rig: Rig) -> None:
    """No interface is called before UTC midnight, and at least an hour passes."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=20618)
    rig.tick(308)
    error = await rig.waiting_poll()
    assert error.key == "daily_limit"
    assert error.retry_after == pytest.approx(86400 - time.time() % 86400, abs=2)
    rig.restart()
    rig.cloud.calls.clear()
    await rig.waiting_poll()
    assert not rig.cloud.calls
    rig.tick(error.retry_after + 1)
    assert (await rig.poll()).readings
    rig.clock.move_to("2026-06-16T23:50:00Z")
    rig.cloud.fault("getDevRealKpi", code=20618)
    assert (await rig.waiting_poll()).retry_after == 3600


async def test_e23_one_forbidden_kind_of_device(rig: Rig) -> None:
    """401 on some calls only: the others go on, a notice tells, once an hour it is tried again."""
    rig.cloud.fault("getDevRealKpi", code=401, where={"devTypeId": 39}, times=2)
    snapshot = await rig.poll()
    battery = rig.id_of(HOME_BATTERY)
    notice = Notice("interface_denied", (("interface", "getDevRealKpi"),))
    assert snapshot.silent == {battery: "not_authorized"}
    assert notice in snapshot.notices
    assert value(snapshot, rig.id_of(HOME_INVERTER), Q.PV_POWER) is not None
    for _ in range(10):
        snapshot = await rig.next_poll()
    assert rig.cloud.calls.count("getDevRealKpi", devTypeId=39) == 1
    for _ in range(15):
        snapshot = await rig.next_poll()
    assert rig.cloud.calls.count("getDevRealKpi", devTypeId=39) >= 3
    assert battery in snapshot.readings
    assert notice not in snapshot.notices


async def test_401_on_the_plant_list_names_the_permission(rig: Rig) -> None:
    """Nothing works without it."""
    rig.cloud.fault("stations", code=401)
    with pytest.raises(PermissionMissing) as caught:
        await rig.client.inventory()
    assert caught.value.permission == "Basic APIs"


async def test_401_on_the_device_list_leaves_the_plants(rig: Rig) -> None:
    """Their totals still come."""
    rig.cloud.fault("getDevList", code=401)
    inventory = await rig.lists()
    assert inventory.plants
    assert not inventory.devices
    assert not inventory.complete
    snapshot = await rig.poll()
    notice = Notice("interface_denied", (("interface", "getDevList"),))
    assert snapshot.notices == {notice}
    assert PLANT in snapshot.readings
    rig.tick(11 * 3600)
    assert (await rig.lists()).devices
    assert notice not in (await rig.poll()).notices


@pytest.mark.parametrize("code", codes(ErrorAction.OWNER))
async def test_e24_an_owner_has_not_allowed_access(rig: Rig, code: int) -> None:
    """The login works, the data do not: entities stay, a repair tells whose permission is missing."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=code, times=None)
    rig.cloud.fault("getStationRealKpi", code=code, times=None)
    for _ in range(5):
        snapshot = await rig.next_poll()
    assert set(snapshot.silent.values()) == {"not_authorized"}
    assert Notice("owner_permission_missing") in snapshot.notices
    assert rig.count("getDevRealKpi") == 6
    rig.cloud.faults.clear()
    rig.tick(3600)
    snapshot = await rig.poll()
    assert not snapshot.silent
    assert not snapshot.notices


@pytest.mark.parametrize("cloud", ["unauthorized"], indirect=True)
async def test_e24_one_plant_without_permission_does_not_take_the_others(
    rig: Rig,
) -> None:
    """The vendor refuses the whole call without naming it: it is found out, left out, and told."""
    inventory = await rig.lists()
    shed = rig.cloud.plants[1]
    assert set(inventory.plants) == {PLANT, shed.code}
    assert {device.plant_id for device in inventory.devices.values()} == {PLANT}
    assert not inventory.complete
    for _ in range(6):
        snapshot = await rig.next_poll()
    assert PLANT in snapshot.readings
    assert snapshot.silent == {shed.code: "not_authorized"}
    assert Notice("owner_permission_missing") in snapshot.notices
    shed.authorized = True
    for _ in range(25):
        snapshot = await rig.next_poll()
    assert shed.code in snapshot.readings
    rig.tick(11 * 3600)
    assert len((await rig.lists()).devices) == 5
    assert not (await rig.poll()).notices


@pytest.mark.parametrize("code", codes(ErrorAction.RELIST))
async def test_a_replaced_device_keeps_its_identity(rig: Rig, code: int) -> None:
    """The vendor does not know the old id any more: the lists are read anew, the serial stays."""
    await rig.poll()
    inverter = rig.cloud.first(HOME_INVERTER)
    key = rig.id_of(HOME_INVERTER)
    rig.cloud.replace_device(inverter)
    rig.cloud.fault("getDevRealKpi", code=code, where={"devTypeId": 38})
    rig.tick(3700)
    await rig.poll()
    snapshot = await rig.next_poll()
    assert rig.count("getDevList") == 2
    snapshot = await rig.next_poll()
    assert key in snapshot.readings
    assert rig.client.roles(PLANT, await rig.lists())[Q.PV_POWER][0].terms[
        0
    ].device_id == (key)


async def test_lists_are_not_read_anew_more_than_once_an_hour(rig: Rig) -> None:
    """However often the vendor says that they are old; a refusal then changes nothing."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=20008, times=None)
    for _ in range(20):
        await rig.next_poll()
    assert rig.count("stations") == 2
    rig.cloud.fault("stations", body="html", times=None)
    for _ in range(20):
        await rig.next_poll()


async def test_20013_a_kind_without_data_is_not_asked_again(rig: Rig) -> None:
    """The device stays, the calls stop."""
    rig.cloud.fault("getDevRealKpi", code=20013, where={"devTypeId": 47})
    for _ in range(4):
        snapshot = await rig.next_poll()
    assert rig.cloud.calls.count("getDevRealKpi", devTypeId=47) == 1
    assert snapshot.silent == {rig.id_of(POWER_SENSOR): "unsupported"}


async def test_20013_kinds_that_have_data_after_all_are_read_within_two_hours(
    rig: Rig,
) -> None:
    """A cloud in trouble may say it of every kind: their counters stood still until the next restart."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=20013, times=3)
    for _ in range(24):
        snapshot = await rig.next_poll()
    assert not snapshot.silent
    assert not rig.client.report()["unsupported_types"]


@pytest.mark.parametrize("code", codes(ErrorAction.EMPTY))
async def test_nothing_to_tell_is_no_failure(rig: Rig, code: int) -> None:
    """Neither for readings nor for lists."""
    rig.cloud.fault("getDevList", code=code)
    assert (await rig.lists()).complete
    rig.cloud.fault("getStationRealKpi", code=code)
    snapshot = await rig.poll()
    assert snapshot.silent == {PLANT: "no_data"}
    assert not snapshot.notices


@pytest.mark.parametrize("code", codes(ErrorAction.SHORTEN))
async def test_a_refused_span_becomes_a_week(rig: Rig, code: int) -> None:
    """20027 says a month, one guide says a week."""
    rig.cloud.fault("getAlarmList", code=code)
    for _ in range(10):
        await rig.next_poll()
    spans = [
        call.params["endTime"] - call.params["beginTime"]
        for call in rig.cloud.calls.of("getAlarmList")
    ]
    assert [span // 86_400_000 for span in spans] == [30, 7]


@pytest.mark.parametrize("code", [*codes(ErrorAction.OUR_FAULT), 29999])
async def test_a_wrong_request_is_logged_once(
    rig: Rig, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Unknown codes too: they fail their own call, the others go on (A150)."""
    rig.cloud.fault("getDevRealKpi", code=code, where={"devTypeId": 38}, times=3)
    for _ in range(4):
        snapshot = await rig.next_poll()
        assert PLANT in snapshot.readings
    warnings = [record for record in caplog.records if str(code) in record.message]
    assert len(warnings) == 1
    assert rig.id_of(HOME_INVERTER) in snapshot.readings


async def test_an_unknown_code_on_the_lists_keeps_what_is_known(rig: Rig) -> None:
    """And is an error only where nothing is."""
    rig.cloud.fault("stations", code=29999)
    with pytest.raises(Refused) as caught:
        await rig.client.inventory()
    assert caught.value.reaction is None
    rig.cloud.fault("getDevList", code=29999)
    first = await rig.client.inventory()
    assert first.plants
    assert not first.complete
    assert first.resume_after == 600
    rig.tick(61)
    assert (await rig.lists()).complete


@pytest.mark.parametrize(
    "how",
    [
        {"body": "html"},
        {"body": "html", "http": 502},
        {"body": "empty"},
        {"body": "null"},
        {"body": "invalid-json"},
        {"body": "truncated"},
        {"body": "disconnect"},
        {"body": '{"exceptionId": "framwork.remote.SystemError"}', "http": 500},
        {"body": '{"oops": 1}', "http": 500},
    ],
)
async def test_e31_what_passes_by_itself_changes_nothing(
    rig: Rig, how: dict[str, str | int]
) -> None:
    """Pages, null, half an answer, resets: no login, no notice, no second call in the same poll."""
    await rig.poll()
    rig.cloud.calls.clear()
    rig.cloud.fault("*", **how)
    rig.tick(308)
    assert isinstance(await rig.failing_poll(), CloudUnreachable)
    assert len(rig.cloud.calls) == 1
    assert (await rig.next_poll()).readings
    assert rig.count("login") == 0


@pytest.mark.parametrize(
    "body",
    [
        '{"exceptionId": "framwork.remote.Paramerror", "detailArgs": ["secret"]}',
        "[]",
        '{"success": false}',
        '{"success": false, "failCode": 0}',
        "7",
    ],
)
async def test_e30_answers_of_another_shape(rig: Rig, body: str) -> None:
    """They fail their own call; nothing the vendor wrote gets into the error."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", body=body, times=3)
    rig.cloud.fault("getStationRealKpi", body=body)
    rig.cloud.fault("getKpiStationDay", body=body)
    rig.cloud.fault("getAlarmList", body=body)
    rig.tick(308)
    error = await rig.failing_poll()
    assert isinstance(error, UnexpectedAnswer)
    assert "secret" not in str(error)
    assert (await rig.next_poll()).readings


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, QuotaExhausted), (429, QuotaExhausted)],
)
async def test_a_status_without_a_code_speaks_for_itself(
    rig: Rig, status: int, error: type[CloudError]
) -> None:
    """Gateways answer so."""
    await rig.poll()
    rig.cloud.fault("*", body="{}", http=status)
    rig.tick(308)
    assert isinstance(await rig.failing_poll(), error)


GATEWAY = pytest.mark.parametrize(
    ("status", "key"), [(429, "vendor_busy"), (403, "access_blocked")]
)


@GATEWAY
async def test_a_gateway_that_orders_a_wait_is_obeyed(
    rig: Rig, status: int, key: str
) -> None:
    """Its page is no outage: what it says, and for how long, is told; nothing is called until then, over a restart too."""
    await rig.poll()
    rig.cloud.turn(gateway=status, gateway_wait="900")
    rig.tick(308)
    error = await rig.waiting_poll()
    assert (error.key, error.retry_after) == (key, 900)
    rig.cloud.calls.clear()
    for _ in range(2):
        rig.tick(308)
        rig.restart()
        assert (await rig.waiting_poll()).key == key
    assert not rig.cloud.calls
    rig.cloud.turn(gateway=None)
    rig.tick(308)
    assert (await rig.poll()).readings
    assert rig.count("login") == 0


@GATEWAY
async def test_a_gateway_that_orders_no_wait_is_asked_less_and_less(
    rig: Rig, status: int, key: str
) -> None:
    """A minute, two, four."""
    await rig.poll()
    rig.cloud.turn(gateway=status)
    rig.tick(308)
    waits = []
    for _ in range(3):
        error = await rig.waiting_poll()
        assert error.key == key
        waits.append(error.retry_after)
        rig.tick(error.retry_after + 1)
    assert waits == [60, 120, 240]


@GATEWAY
async def test_a_gateway_at_the_sign_in_is_named_and_obeyed(
    rig: Rig, status: int, key: str
) -> None:
    """The form tells what stands in the way; it is not the password."""
    rig.cloud.turn(gateway=status, gateway_wait="900")
    with pytest.raises(QuotaExhausted) as caught:
        await rig.client.inventory()
    assert (caught.value.key, caught.value.retry_after) == (key, 900)
    rig.cloud.calls.clear()
    rig.tick(600)
    with pytest.raises(QuotaExhausted):
        await rig.client.inventory()
    assert not rig.cloud.calls


async def test_401_without_a_code_is_a_lost_session(rig: Rig) -> None:
    """As bearer tokens are refused by some gateways."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", body="{}", http=401)
    await rig.next_poll()
    assert rig.count("login") == 2


async def test_success_without_a_code_is_success(rig: Rig) -> None:
    """Leniently."""
    rig.cloud.fault("stations", body='{"success": true, "data": {"list": []}}')
    inventory = await rig.client.inventory()
    assert inventory.complete
    assert not inventory.plants


def test_every_code_the_reference_lists_for_queries_has_a_reaction() -> None:
    """Chapters 7.1 and 7.2."""
    listed = {
        *(0, 305, 306, 307, 401, 403, 407, 429, 20001, 20002, 20003, 20004, 20028),
        *(20029, 20200, 20400, 20403, 30029, 20618, 20005, 20006, 20007, 20008),
        *(20009, 20010, 20011, 20012, 20013, 20014, 20015, 20016, 20017, 20018),
        *(20023, 20024, 20025, 20026, 20027, 20045, 20046, 20055, 20056, 20604),
        *(20605, 20606, 20607, 30001, 30002, 30003, 30004, 30005, 30006, 30007),
        *(30008, 30016, 30021, 30022, 30030, 30031, 30032, 30034, 30040),
    }
    assert listed <= REACTIONS.keys()
