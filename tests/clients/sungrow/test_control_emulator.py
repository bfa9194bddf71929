"""The emulated cloud's settings: refusals by form, rights and hardware (sungrow.md §4.10, §11.3 #24-#33)."""

from typing import Any

import pytest

from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.plant import CHARGER, HYBRID, METER
from tests.helpers.clock import StillClock

from .test_emulator import Caller, caller

__all__ = ["caller"]


async def submit(
    caller: Caller, uuid: int, kind: int = 0, expire: int = 120, **values: str
) -> dict[str, Any]:
    """Submit a task and return the answer's data."""
    data: dict[str, Any] = await caller.data(
        "paramSetting",
        set_type=kind,
        uuid=str(uuid),
        task_name="Test",
        expire_second=expire,
        param_list=[
            {"param_code": code.removeprefix("p"), "set_value": value}
            for code, value in values.items()
        ],
    )
    return data


@pytest.mark.parametrize(
    ("values", "expire", "code"),
    [
        ({"p10001": ""}, 120, "4"),
        ({}, 120, "4"),
        ({"p10015": "50", "p10071": "50"}, 120, "2"),
        ({f"p{number}": "1" for number in range(10001, 10053)}, 120, "3"),
        ({"p10002": "100"}, 1801, "8"),
    ],
)
async def test_the_form_of_a_task(
    server: SungrowCloud, caller: Caller, values: dict[str, str], expire: int, code: str
) -> None:
    """Refused as a whole, before any device is asked."""
    answer = await submit(caller, server.first(HYBRID).uuid, 0, expire, **values)
    assert answer == {"check_result": code, "dev_result_list": []}


async def test_who_takes_settings(server: SungrowCloud, caller: Caller) -> None:
    """Not a meter, not a charger, not a stranger."""
    server.load("all")
    caller.token = (
        await caller.data(
            "login",
            user_account=server.user.account,
            user_password=server.user.password,
        )
    )["token"]
    for uuid, code in (
        (server.first(METER).uuid, "6"),
        (server.first(CHARGER).uuid, "6-1"),
        (99, "5"),
    ):
        answer = await submit(caller, uuid, p10012="170")
        assert answer["dev_result_list"][0]["code"] == code
    answer = await submit(caller, server.first(HYBRID).uuid, kind=2, p10002="")
    task_id = answer["dev_result_list"][0]["task_id"]
    assert await caller.code("getParamSettingTask", token=caller.token, task_id="1", uuid="2") == "010"  # fmt: skip
    again = await submit(caller, server.first(HYBRID).uuid, kind=2, p10002="")
    assert again["dev_result_list"][0]["code"] == "9"
    assert task_id


async def test_a_discharge_without_a_battery_stops_the_sun(
    server: SungrowCloud, caller: Caller, clock: StillClock
) -> None:
    """What our own client never sends (E46): dispatched running, and no production until it is set back."""
    server.load("no-battery")
    caller.token = (
        await caller.data(
            "login",
            user_account=server.user.account,
            user_password=server.user.password,
        )
    )["token"]
    device = server.first(HYBRID)
    site = server.plant.site
    assert site.powers().pv > 500
    await submit(caller, device.uuid, p10003="2", p10004="187", p10017="1000")
    clock.advance(400)
    assert server.told(device).mode == 2
    assert site.powers().pv == 0
    answer = await caller.data(
        "getDeviceRealTimeData",
        device_type=14,
        point_id_list=["13146"],
        ps_key_list=[device.ps_key],
    )
    row = answer["device_point_list"][0]["device_point"]
    assert float(row["p13146"]) == 33280
    await submit(caller, device.uuid, p10003="0")
    clock.advance(60)
    server.told(device)
    assert site.powers().pv > 500


async def test_a_heartbeat_may_not_be_needed(
    server: SungrowCloud, caller: Caller, clock: StillClock
) -> None:
    """Firmwares differ: some stay, some fall back and read back the old mode."""
    server.turn(heartbeat_needed=False)
    device = server.first(HYBRID)
    await submit(caller, device.uuid, p10003="2", p10017="10")
    clock.advance(100)
    assert server.told(device).mode == 2
    server.turn(heartbeat_needed=True, keeps_mode_without_beat=True)
    clock.advance(1)
    assert server.told(device).mode == 0
    assert server.told(device).store["10003"] == 2


@pytest.mark.parametrize("kind", [0, 2])
async def test_more_than_ten_parameters_in_one_task_are_refused(
    server: SungrowCloud, caller: Caller, kind: int
) -> None:
    """Read or written; told as code 3 or as a parameter that is over 10."""
    values = {f"p{number}": "1" for number in range(10065, 10077) if number != 10071}
    assert len(values) == 11
    uuid = server.first(HYBRID).uuid
    answer = await submit(caller, uuid, kind, 120, **values)
    assert answer == {"check_result": "3", "dev_result_list": []}
    server.turn(too_many="010")
    _, body = await caller.post(
        "paramSetting",
        token=caller.token,
        set_type=kind,
        uuid=str(uuid),
        task_name="Test",
        expire_second=120,
        param_list=[
            {"param_code": code.removeprefix("p"), "set_value": value}
            for code, value in values.items()
        ],
    )
    assert body["result_code"] == "010"
    assert "param_list is over 10" in body["result_msg"]


async def test_what_is_read_back_is_not_what_was_written(
    server: SungrowCloud, caller: Caller, clock: StillClock
) -> None:
    """Tenths and steps of 10 W on the way in, percent and kW on the way out; 1 for an inverter's switch changes nothing."""
    device = server.first(HYBRID)
    wishes = {"p10001": "950", "p10005": "250", "p10012": "1", "p10091": "300"}
    task = await submit(caller, device.uuid, 0, 120, **wishes, p10017="60")
    for kind in (0, 2):
        if kind:
            clock.advance(10)
            task = await submit(
                caller, device.uuid, 2, 120, **dict.fromkeys(wishes, "")
            )
        clock.advance(5)
        answer = await caller.data(
            "getParamSettingTask",
            task_id=task["dev_result_list"][0]["task_id"],
            uuid=str(device.uuid),
        )
        statuses = [row["command_status"] for row in answer["param_list"]]
        assert statuses == ([4, 4, 4, 4, 5] if kind == 0 else [4, 4, 4, 4]), (
            "what is set already ends with 5"
        )
    assert [
        (row["return_value"], row["unit"], row["set_precision"])
        for row in answer["param_list"]
    ] == [
        ("95", "%", "0.1"),
        ("2.5", "kW", "0.01"),
        ("85", None, "1"),
        ("3", "kW", "0.01"),
    ]
