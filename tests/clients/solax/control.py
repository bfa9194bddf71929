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


async def settled(account: Account, result: CommandResult) -> CommandResult:
    """Follow a command to its end, letting time pass as the owner does."""
    while result.task is not None:
        assert result.check_after is not None
        if result.check_after < 30:
            account.clock.advance(result.check_after)
        else:
            await account.poll(result.check_after)
        result = await account.client.controls.poll_task(result.task)
    return result


async def tell(
    account: Account, target: str, control: Control, value: SettingValue | None = None
) -> CommandResult:
    """Send a command and follow it."""
    result = await account.client.controls.apply(Command(target, control, value))
    return await settled(account, result)


async def ask(account: Account, action: ControlAction) -> CommandResult:
    """Send an order and follow it."""
    return await settled(account, await account.client.controls.run_action(action))


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
