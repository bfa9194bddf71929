"""Reading settings back and ahead: busy, silent and unwilling devices (sungrow.md §9.1, §11.3)."""

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
)
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import Connect
from .control import ACCEPTED, CONFIRMED, MIN_SOC, House, answered, begin


async def test_nobody_can_read_it_back(house: House) -> None:
    """Accepted, not confirmed: and the value is left out until it is known."""
    result = await begin(house)
    house.clock.advance(6)
    result = await house.client.poll_task(result.task)
    house.server.fault(
        "paramSetting",
        body=answered({"check_result": "6-1"}),
    )
    assert (await house.settled(result)).outcome is ACCEPTED
    house.server.fault("getParamSettingTask", http=502, where={})
    settings = await house.client.settings(house.wanted)
    assert (house.id, MIN_SOC) not in settings.values
    house.server.faults.clear()
    house.clock.advance(30)
    assert (await house.read())[house.id, MIN_SOC] == 20


async def test_a_read_back_of_a_busy_device(house: House) -> None:
    """Three tries as well."""
    result = await begin(house)
    house.clock.advance(6)
    result = await house.client.poll_task(result.task)
    house.server.fault(
        "paramSetting",
        body=answered({"check_result": "9"}),
        times=3,
    )
    assert (await house.settled(result)).outcome is ACCEPTED
    assert len(house.reads()) == 3


@pytest.mark.parametrize("how", ["hangs", "fails"])
async def test_a_read_back_without_an_answer(house: House, how: str) -> None:
    """Whether the task hangs or the parameter fails: not confirmed."""
    result = await begin(house)
    house.clock.advance(6)
    result = await house.client.poll_task(result.task)
    if how == "hangs":
        house.server.turn(task_seconds=1000.0)
        house.server.fault(
            "getParamSettingTask",
            body=answered({"command_status": 2}),
            times=None,
        )
    else:
        house.server.turn(
            unsupported=frozenset({"10002"}), unsupported_style="parameter"
        )
    assert (await house.settled(result)).outcome is ACCEPTED


async def test_a_task_that_never_ends(house: House) -> None:
    """After two and a half minutes the device is asked what it is set to."""
    result = await begin(house)
    house.server.fault(
        "getParamSettingTask",
        body=answered({"command_status": 2}),
        times=31,
    )
    assert (await house.settled(result)).outcome is CONFIRMED


async def test_the_hourly_look(house: House) -> None:
    """Changes made in the app are seen; fifteen controls and the windows' ten, three tasks, no more."""
    house.told.store["10002"] = 250
    assert (await house.client.settings(house.wanted)).resume_after is None
    house.clock.advance(3600)
    assert (await house.read())[house.id, MIN_SOC] == 25
    assert [len(codes) for codes in house.reads()] == [10, 10, 5]
    assert len(house.server.data_calls) < 13


async def test_a_read_that_hangs_is_given_up(house: House) -> None:
    """And tried again an hour later."""
    house.clock.advance(3600)
    house.server.fault(
        "getParamSettingTask",
        body=answered({"command_status": 2}),
        times=13,
    )
    await house.read()
    assert house.spec(MIN_SOC) is not None


async def test_reading_waits_for_a_command(house: House) -> None:
    """Two tasks at once would refuse each other."""
    house.clock.advance(3600)
    result = await begin(house)
    settings = await house.client.settings(house.wanted)
    assert settings.resume_after == 15
    assert (house.id, MIN_SOC) not in settings.values
    assert not house.reads()
    await house.settled(result)
    house.clock.advance(10)
    assert (await house.read())[house.id, MIN_SOC] == 20


async def test_reading_a_busy_device(house: House) -> None:
    """Another program's task is open: a little later."""
    house.clock.advance(3600)
    house.server.fault(
        "paramSetting",
        body=answered({"check_result": "9"}),
        times=2,
    )
    await house.client.settings(house.wanted)
    house.clock.advance(1)
    assert (await house.client.settings(house.wanted)).resume_after == 15
    assert len(house.reads()) == 1
    await house.read()
    assert len(house.reads()) == 5


@pytest.mark.parametrize(
    ("code", "expected"),
    [("E999", QuotaExhausted), ("E900", PermissionMissing), ("-1", CloudUnreachable)],
)
async def test_settings_that_cannot_be_asked(
    server: SungrowCloud,
    connect: Connect,
    clock: StillClock,
    code: str,
    expected: type[CloudError],
) -> None:
    """Nothing known and nothing to be had is an error; later it is only old."""
    account = connect()
    house = House(server, account, clock, lambda: account)
    await account.poll()
    times = 2 if code == "E900" else 1
    server.fault("paramSetting", code=code, times=times)
    with pytest.raises(expected):
        await house.client.settings(house.wanted)
    if code == "E900":
        assert house.available().unavailable_reasons[house.id] == {
            "all": "no_permission"
        }
    clock.advance(7200)
    await house.read()
    clock.advance(3600)
    server.fault("paramSettingCheck", code=code, times=None)
    server.fault("paramSetting", code=code, times=times)
    settings = await house.client.settings(house.wanted)
    assert settings.values
    assert settings.silent
    assert (settings.resume_after is not None) == (code == "E999")


async def test_keys_that_are_refused(house: House) -> None:
    """Ask the user, whatever is known."""
    house.clock.advance(3600)
    house.server.fault("paramSetting", code="E00000")
    with pytest.raises(CredentialsRejected):
        await house.client.settings(house.wanted)


@pytest.mark.parametrize(
    ("answer", "reason"), [("0", "no_permission"), ("5", "not_supported")]
)
async def test_a_check_that_says_no(
    server: SungrowCloud, connect: Connect, clock: StillClock, answer: str, reason: str
) -> None:
    """Before anything is read, the cloud is asked whether it takes settings."""
    account = connect()
    house = House(server, account, clock, lambda: account)
    await account.poll()
    server.fault("paramSettingCheck", body=answered({"check_result": answer}))
    await house.read()
    assert house.available().unavailable_reasons[house.id] == {"all": reason}
    server.fault("paramSettingCheck", code="E918")
    clock.advance(3600)
    with pytest.raises(PermissionMissing):
        await house.client.settings(house.wanted)
