"""A client that was written for the real service, run unmodified against the emulated one."""

import asyncio
from datetime import UTC, datetime
import time

from pyhfs import Client, FrequencyLimit, LoginFailed, Permission, Session
import pytest

from tests.emulators.fusionsolar import PASSWORD, USERNAME, FusionSolarCloud


def use(url: str, password: str = PASSWORD) -> dict[str, list[dict[str, object]]]:
    """Log in, list, and read everything the client knows."""
    session = Session(user=USERNAME, password=password, base_url=url)
    with session:
        client = Client(session)
        plants = client.get_plant_list()
        codes = [plant["plantCode"] for plant in plants]
        now = datetime.fromtimestamp(time.time(), UTC)
        return {
            "plants": plants,
            "now": client.get_plant_realtime_data(codes),
            "hours": client.get_plant_hourly_data(codes, now),
            "days": client.get_plant_daily_data(codes, now),
            "months": client.get_plant_monthly_data(codes, now),
            "years": client.get_plant_yearly_data(codes, now),
            "alarms": client.get_alarms_list(
                codes, datetime.fromtimestamp(now.timestamp() - 86400, UTC), now
            ),
        }


@pytest.mark.slow
async def test_pyhfs_lists_and_reads(cloud: FusionSolarCloud) -> None:
    """Plants, totals, reports by hour, day, month and year, alarms."""
    cloud.raise_alarm(cloud.plant.devices[1], "Battery pack undervoltage")
    answers = await asyncio.to_thread(use, cloud.url)
    assert all(answers.values())
    (now,) = answers["now"]
    assert now["stationCode"] == cloud.plant.code
    assert now["dataItemMap"]["total_power"] > 1000  # type: ignore[index]
    assert len(answers["days"]) == 15
    assert cloud.violations == {}


async def test_pyhfs_signs_in_again_when_its_session_is_lost(
    cloud: FusionSolarCloud,
) -> None:
    """As it does after 305."""

    def lose() -> int:
        session = Session(user=USERNAME, password=PASSWORD, base_url=cloud.url)
        with session:
            cloud.kill_session()
            return len(Client(session).get_plant_list())

    assert await asyncio.to_thread(lose) == 1
    assert cloud.calls.count("/login") == 2


@pytest.mark.slow
async def test_pyhfs_understands_refusals(cloud: FusionSolarCloud) -> None:
    """Wrong password, no permission, too many calls."""
    with pytest.raises(LoginFailed):
        await asyncio.to_thread(use, cloud.url, "not it")
    cloud.fault("stations", code=401)
    with pytest.raises(Permission):
        await asyncio.to_thread(use, cloud.url)
    await asyncio.to_thread(use, cloud.url)
    with pytest.raises(FrequencyLimit):
        await asyncio.to_thread(use, cloud.url)
