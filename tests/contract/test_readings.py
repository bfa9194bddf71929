"""Readings: canonical units and signs, the device's own time, and clouds that answer nonsense."""

from datetime import UTC, datetime
import time
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CredentialsRejected,
    PermissionMissing,
)
from custom_components.solar_cloud.cloud.model import Quantity as Q

from .account import Account, role
from .accounts import every

NEWS = 900.0
"""Seconds after which every upload of this home is shown."""
OUTAGES: dict[str, list[dict[str, Any]]] = {
    "status": [{"http": 500}, {"http": 502, "body": "html"}, {"http": 503}],
    "nonsense": [{"body": "html"}, {"body": "empty"}, {"body": "truncated"}],
    "shape": [{"body": "invalid-json"}, {"body": "null"}, {"body": "list"}],
    "wire": [{"body": "redirect"}, {"body": "disconnect"}, {"body": "huge"}],
}


@every
async def test_powers_flow_towards_the_house(account: Account) -> None:
    """Import and discharge positive, export and charge negative, in watts: as the world has it."""
    await account.list()
    for soc, load, light in (
        (0.4, 300.0, 0.9),  # charges
        (1.0, 300.0, 0.9),  # feeds in
        (0.9, 3000.0, 0.0),  # discharges
        (0.1, 3000.0, 0.1),  # buys
    ):
        account.site.change(load_w=load, clearness=light)
        account.site.set_soc(soc)
        await account.poll(NEWS)
        account.site.set_soc(soc)
        snapshot = await account.whole()
        truth = account.site.powers()
        for quantity, watts in (
            (Q.PV_POWER, truth.pv),
            (Q.GRID_POWER, truth.grid),
            (Q.BATTERY_POWER, truth.battery),
        ):
            told = role(account, snapshot, quantity)
            assert told == pytest.approx(watts, rel=0.06, abs=150), (quantity, soc)


@every
async def test_an_hour_adds_up(account: Account) -> None:
    """Each role's counter grows by what flowed, in kWh."""
    begin, truth = await account.whole(), account.site.truth()
    for _ in range(12):
        end = await account.poll()
    grown = account.site.truth().since(truth)
    for quantity, energy in (
        (Q.PV_ENERGY_TOTAL, grown.pv),
        (Q.GRID_IMPORT_ENERGY_TOTAL, grown.grid_import),
        (Q.GRID_EXPORT_ENERGY_TOTAL, grown.grid_export),
        (Q.BATTERY_CHARGE_ENERGY_TOTAL, grown.battery_charge),
        (Q.BATTERY_DISCHARGE_ENERGY_TOTAL, grown.battery_discharge),
    ):
        told = role(account, end, quantity) - role(account, begin, quantity)
        assert told == pytest.approx(energy, abs=0.8), quantity


@every
async def test_values_carry_the_time_they_were_made(account: Account) -> None:
    """Never of the future, never older than the last upload but one; one vendor tells none."""
    snapshot = await account.whole()
    times = [
        each.measured_at for each in snapshot.readings.values() if each.measured_at
    ]
    assert bool(times) == account.tells_times
    now = datetime.fromtimestamp(time.time(), UTC)
    for measured_at in times:
        assert measured_at.utcoffset() is not None
        assert 0 <= (now - measured_at).total_seconds() < 900


@every
@pytest.mark.parametrize("faults", OUTAGES.values(), ids=OUTAGES)
async def test_an_outage_passes_by_itself(
    account: Account, faults: list[dict[str, Any]]
) -> None:
    """Nobody is asked for credentials, nobody signs in anew, and the values come back."""
    await account.whole()
    tokens = account.tokens
    for fault in faults:
        account.cloud.fault("*", times=None, **fault)
        with pytest.raises(CloudError) as caught:
            await account.poll()
        assert not isinstance(caught.value, CredentialsRejected | PermissionMissing)
        account.cloud.faults.clear()
        assert (await account.poll(600)).readings, fault
    # Less than an hour has passed: no token has come to its end.
    assert account.tokens == tokens


@every
async def test_what_is_offline_is_not_called_live(account: Account) -> None:
    """A day without uploads: each device is silent or visibly old, and the account works."""
    await account.whole()
    for dongle in {id(one): one for one in account.site.dongles.values()}.values():
        dongle.online.set(account.clock.now, False)
    snapshot = await account.poll(86400)
    for device_id in account.wanted.devices.keys() & snapshot.readings.keys():
        measured_at = snapshot.readings[device_id].measured_at
        fresh_until = account.clock.now - account.vendor.stale_after
        old = measured_at is not None and measured_at.timestamp() < fresh_until
        assert old or device_id in snapshot.stale, device_id
