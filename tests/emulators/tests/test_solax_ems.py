"""What a commercial EMS may be told, by mode."""

from typing import Any

import pytest

from .conftest import Client, Open


@pytest.mark.parametrize(
    ("name", "fields", "code"),
    [
        ("work_mode/self_use", {"dischargeCutOffSoc": 5, "chargeCutOffSoc": 100}, 10000),
        ("work_mode/feed_in", {"dischargeCutOffSoc": 10, "chargeCutOffSoc": 100}, 10000),
        ("work_mode/feed_in", {"dischargeCutOffSoc": 9, "chargeCutOffSoc": 100}, 10200),
        ("work_mode/self_use", {"dischargeCutOffSoc": 4, "chargeCutOffSoc": 100}, 10200),
        ("work_mode/self_use", {"dischargeCutOffSoc": 50, "chargeCutOffSoc": 40}, 10200),
        (
            "work_mode/back_up",
            {"dischargeCutOffSoc": 9, "chargeCutOffSoc": 100, "backupSoc": 50},
            10200,
        ),
        ("work_mode/manual", {"manualMode": 1, "power": 20, "targetSoc": 4}, 10200),
        ("limit_control/export", {"isEnable": 1, "limitValue": 20, "controlMode": 0}, 10000),
        (
            "limit_control/export",
            {
                "isEnable": 1,
                "limitValue": 20,
                "controlMode": 0,
                "exportOffsetEnable": 1,
                "exportOffsetValue": 2,
                "exportOffsetMode": 1,
            },
            10200,
        ),
        ("limit_control/import", {"isEnable": 1, "limitValue": 20, "controlMode": 2}, 10200),
        ("limit_control/import", {"isEnable": 1, "controlMode": 1}, 10200),
    ],
)  # fmt: skip
async def test_c34_the_ranges_differ_by_mode(
    visit: Open, name: str, fields: dict[str, Any], code: int
) -> None:
    """Cut-offs from 5 or 10 %, and no limit beside an offset."""
    client: Client = await visit("ci-ems")
    answer = await client.post(
        f"device/ems_system/control/{name}",
        businessType=4,
        deviceType=100,
        paramList=[{"registerNo": client.cloud.plant.ems, **fields}],
    )
    assert answer["code"] == code
