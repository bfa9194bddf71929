"""What E900 taught, as far as it is kept."""

import pytest

from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.cloud.sungrow.access import (
    MOST,
    PERMISSIONS_SECTION,
    Permissions,
)
from custom_components.solar_cloud.cloud.token import Token

TOKEN = Token("issued", issued_at=0.0, expires_at=1e12)


@pytest.mark.parametrize("stored", [None, [], "E900", {"getDeviceList": "soon"}])
async def test_a_damaged_memory_lets_every_call_be_doubted(stored: Json) -> None:
    """A refusal then costs one login more, and nothing else."""
    storage = MemoryStorage()
    await storage.save(PERMISSIONS_SECTION, stored)
    assert Permissions(storage).doubtful("getDeviceList", TOKEN)


async def test_an_account_that_is_refused_everything_is_remembered_within_bounds() -> (
    None
):
    """A thousand devices nobody may read: the latest refusals cost no login, the oldest would."""
    storage = MemoryStorage()
    permissions = Permissions(storage)
    for device in range(MOST + 50):
        await permissions.refused(f"getPowerStationDetail {device}")
    restarted = Permissions(storage)
    assert not restarted.doubtful(f"getPowerStationDetail {MOST + 49}", TOKEN)
    assert restarted.doubtful("getPowerStationDetail 0", TOKEN)
    stored = storage.load(PERMISSIONS_SECTION)
    assert isinstance(stored, dict)
    assert len(stored) == MOST
