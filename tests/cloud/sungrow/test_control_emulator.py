"""The emulated cloud's settings: refusals by form, rights and hardware (sungrow.md §4.10, §11.3 #24-#33)."""

from typing import Any

import pytest

from tests.clouds.sungrow import SungrowCloud
from tests.clouds.sungrow.plant import CHARGER, HYBRID, METER

from .conftest import Time
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
    server: SungrowCloud, caller: Caller, clock: Time
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
    server: SungrowCloud, caller: Caller, clock: Time
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
