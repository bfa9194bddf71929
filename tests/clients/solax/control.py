"""Sending commands as the owner of the client does."""

from typing import Any

from custom_components.solar_cloud.cloud.control import (
    Command,
    CommandResult,
    Control,
    ControlAction,
    SettingValue,
    SetWorkMode,
)

from .conftest import INVERTER, Account


async def ready(account: Account) -> None:
    """Read once, so that everything is known."""
    await account.whole()
    account.client.controls.available(account.wanted)


async def settled(account: Account, receipt: CommandResult) -> CommandResult:
    """Follow a command to its end, letting time pass as the owner does."""
    while receipt.task is not None:
        assert receipt.check_after is not None
        if receipt.check_after < 30:
            account.clock.advance(receipt.check_after)
        else:
            await account.poll(receipt.check_after)
        receipt = await account.client.controls.poll_task(receipt.task)
    return receipt


async def tell(
    account: Account, target: str, control: Control, value: SettingValue | None = None
) -> CommandResult:
    """Send a command and follow it."""
    receipt = await account.client.controls.apply(Command(target, control, value))
    return await settled(account, receipt)


async def ask(account: Account, order: ControlAction) -> CommandResult:
    """Send an order and follow it."""
    return await settled(account, await account.client.controls.order(order))


def sent(account: Account) -> dict[str, Any]:
    """Return the body of the last command."""
    return dict(account.cloud.commands()[-1].params)


async def know(account: Account, mode: str = "self_consumption") -> None:
    """Tell everything that a work mode overwrites."""
    await ask(
        account,
        SetWorkMode(
            device_id=INVERTER, mode=mode, min_soc=10, max_soc=100, grid_charging=False
        ),
    )
