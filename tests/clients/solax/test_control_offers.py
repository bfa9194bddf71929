"""What is offered to control: permissions, models, ratings and roles decide (solax.md §8)."""

import pytest

from custom_components.solar_cloud.cloud.control import Control
from custom_components.solar_cloud.cloud.solax.controls.api import LIMIT_PACK
from tests.emulators.solax import Kind

from .conftest import CHARGER, INVERTER, Account
from .control import ready


async def unavailable_reasons(
    account: Account, device_id: str = INVERTER
) -> dict[str, str]:
    """Return why a device lacks controls."""
    await ready(account)
    return dict(
        account.client.controls.available(account.wanted).unavailable_reasons.get(
            device_id, {}
        )
    )


async def test_permissions_decide(account: Account) -> None:
    """Each pack opens its own controls."""
    packs = account.cloud.application.packs
    packs -= {"API_EVC_V2", "API_Workmode_V2", "API_Remote_V2", "API_Overall_V2"}
    assert await unavailable_reasons(account, CHARGER) == {"all": "no_permission"}
    reasons = await unavailable_reasons(account)
    assert reasons["work_mode"] == reasons["ChargeBattery"] == "no_permission"
    assert reasons["battery_heating"] == "no_permission"
    available = account.client.controls.available(account.wanted)
    assert not available.specs[INVERTER]
    assert not available.actions[CHARGER]


async def test_an_unknown_scope_is_not_none(account: Account) -> None:
    """A token without a list of permissions offers everything."""
    account.cloud.turn(token_leaves_out=frozenset({"scope"}))
    await ready(account)
    assert account.client.controls.available(account.wanted).specs[CHARGER]


@pytest.mark.parametrize("cloud", ["micro-only"], indirect=True)
async def test_e46_no_battery_no_battery_control(account: Account) -> None:
    """E46: nothing that needs a battery."""
    await ready(account)
    available = account.client.controls.available(account.wanted)
    assert not any(available.specs.values())
    assert not any(available.actions.values())
    reasons = next(iter(available.unavailable_reasons.values()))
    assert reasons["work_mode"] == reasons["StopBattery"] == "no_battery"
    assert reasons["export_limit"] == "not_supported"


@pytest.mark.parametrize("cloud", ["parallel-two-inverters"], indirect=True)
async def test_a_slave_takes_no_commands(account: Account) -> None:
    """Its master does."""
    await ready(account)
    reasons = account.client.controls.available(
        account.wanted
    ).unavailable_reasons.values()
    assert {"all": "by_master"} in [dict(each) for each in reasons]


@pytest.mark.parametrize(
    ("model", "missing"), [(19, "work_mode"), (14, "export_limit")]
)
async def test_models_decide(account: Account, model: int, missing: str) -> None:
    """Some have a service of their own, some take no limit."""
    account.cloud.change_device(INVERTER, {"model": model})
    assert (await unavailable_reasons(account))[missing] == "not_supported"


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_a_business_is_limited_by_its_ems(account: Account) -> None:
    """Where AELIO inverters hang on it."""
    await ready(account)
    available = account.client.controls.available(account.wanted)
    assert {"all": "not_supported"} in [
        dict(x) for x in available.unavailable_reasons.values()
    ]
    for device in account.cloud.plant.of(Kind.INVERTER):
        account.cloud.change_device(device.sn, {"model": 1})
    await account.list()
    available = account.client.controls.available(account.wanted)
    controls = {spec.control for specs in available.specs.values() for spec in specs}
    assert {Control.EXPORT_LIMIT, Control.IMPORT_LIMIT_ENABLED} <= controls


async def test_without_a_rating_no_power_is_commanded(account: Account) -> None:
    """Nobody knows what would be too much."""
    account.cloud.change_device(INVERTER, {"facts": {"ratedPower": None}})
    assert (await unavailable_reasons(account))["ChargeBattery"] == "no_rating"


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_a_limit_of_a_business_takes_a_permission(account: Account) -> None:
    """Its own, beside the one for energy managers."""
    for device in account.cloud.plant.of(Kind.INVERTER):
        account.cloud.change_device(device.sn, {"model": 1})
    account.cloud.application.packs.discard(LIMIT_PACK[0])
    manager = account.cloud.plant.ems
    assert manager is not None
    reasons = await unavailable_reasons(account, manager)
    assert reasons["export_limit"] == reasons["import_limit"] == "no_permission"


@pytest.mark.parametrize("cloud", ["evc-only"], indirect=True)
async def test_a_current_never_above_the_class(account: Account) -> None:
    """7.36 kW on one phase: 32 A; an unknown class: 16 A."""
    await ready(account)
    (specs,) = account.client.controls.available(account.wanted).specs.values()
    limit = next(s for s in specs if s.control is Control.CHARGE_CURRENT_LIMIT)
    assert (limit.minimum, limit.maximum) == (6, 32)
    assert not limit.reads_back
    serial = account.cloud.first(Kind.CHARGER).sn
    for rated in (9.0, None):
        account.cloud.change_device(serial, {"facts": {"ratedPower": rated}})
        await account.list()
        (specs,) = account.client.controls.available(account.wanted).specs.values()
        limit = next(s for s in specs if s.control is Control.CHARGE_CURRENT_LIMIT)
        assert limit.maximum == 16
