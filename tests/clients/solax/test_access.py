"""Which service packs are found missing before an account is added."""

import pytest

from custom_components.solar_cloud.cloud.errors import PermissionMissing
from custom_components.solar_cloud.cloud.model import Inventory
from custom_components.solar_cloud.cloud.solax.api import INFORMATION, MONITORING
from custom_components.solar_cloud.cloud.solax.controls.api import MODE_PACK
from tests.emulators.solax import SolaxCloud

from .conftest import Account


async def test_a_token_says_which_packs_are_granted(
    cloud: SolaxCloud, account: Account
) -> None:
    """Controls are not authorised, and are named."""
    cloud.withdraw(MODE_PACK[0])
    found = await account.client.access(await account.list())
    assert {INFORMATION, MONITORING} <= set(found.granted)
    assert found.missing == (MODE_PACK[1],)


@pytest.mark.parametrize("answered", [True, False])
async def test_a_token_without_scopes_says_what_was_tried(
    cloud: SolaxCloud, account: Account, answered: bool
) -> None:
    """Lists went through, and a reading perhaps; of the rest nothing is claimed either way."""
    cloud.knobs.token_leaves_out = frozenset({"scope"})
    inventory = await account.list()
    if not answered:
        cloud.fault("realtime_data", code=10001, times=None)
    found = await account.client.access(inventory)
    shown = ("Information Access Service", "Data Monitoring Service")
    assert (found.granted, found.missing) == (shown[: 1 + answered], ())


@pytest.mark.parametrize("devices", [True, False])
async def test_live_data_that_is_refused_is_named(
    cloud: SolaxCloud, account: Account, devices: bool
) -> None:
    """By the first device, or by the plant where none is listed; granted, the next try succeeds."""
    inventory = await account.list()
    if not devices:
        inventory = Inventory(inventory.plants, {})
    cloud.withdraw("API_Telemetry_V2")
    with pytest.raises(PermissionMissing) as caught:
        await account.client.access(inventory)
    assert caught.value.placeholders == {"permission": MONITORING}
    cloud.authorise("API_Telemetry_V2")
    assert MONITORING in (await account.client.access(inventory)).granted


async def test_a_plant_without_devices_is_read_itself(
    cloud: SolaxCloud, account: Account
) -> None:
    """Its live data show the pack."""
    inventory = await account.list()
    found = await account.client.access(Inventory(inventory.plants, {}))
    assert MONITORING in found.granted
