"""Words for tests of settings: send, follow, look at the wire."""

from typing import Any

from custom_components.solar_cloud.cloud.control import (
    Command,
    CommandResult,
    Control,
    ControlAction,
    Outcome,
    SettingValue,
)
from custom_components.solar_cloud.cloud.fusionsolar.controls.manager import (
    FusionSolarControls,
)
from tests.emulators.calls import Call
from tests.emulators.fusionsolar.steered import SteeredPlant

from .conftest import Rig


def client(rig: Rig) -> FusionSolarControls:
    """Return what changes settings."""
    return rig.client.controls


def plant(rig: Rig) -> str:
    """Return the plant's id."""
    return rig.cloud.plant.code


def steered(rig: Rig) -> SteeredPlant:
    """Return what the plant was told, now that everything due has happened."""
    rig.cloud.desk.catch_up(rig.cloud.now())
    return rig.cloud.desk.steered(rig.cloud.plant)


async def ready(
    rig: Rig, soc: float = 0.5, load: float = 600.0, light: float | None = None
) -> None:
    """Read everything once, as Home Assistant does at its start."""
    for site in {id(one.site): one.site for one in rig.cloud.plants}.values():
        site.set_soc(soc)
        site.change(load_w=load, clearness=light)
    rig.tick(400)  # until all of it was uploaded
    await rig.poll()
    client(rig).available(rig.inventory)
    await client(rig).settings(rig.inventory)
    client(rig).available(rig.inventory)
    rig.cloud.calls.clear()


async def pass_time(rig: Rig, seconds: float) -> None:
    """Let time pass with readings."""
    while seconds > 0:
        rig.tick(min(seconds, 60.0))
        seconds -= 60.0
        await rig.client.readings(rig.inventory)


async def settled(rig: Rig, result: CommandResult) -> CommandResult:
    """Follow a command to its end, letting time pass as its owner does."""
    while result.task is not None:
        assert result.outcome is Outcome.ACCEPTED
        assert result.check_after is not None
        await pass_time(rig, result.check_after)
        result = await client(rig).poll_task(result.task)
    return result


async def apply(
    rig: Rig, control: Control, value: SettingValue | None = None
) -> CommandResult:
    """Send a command."""
    return await client(rig).apply(Command(plant(rig), control, value))


async def tell(
    rig: Rig, control: Control, value: SettingValue | None = None
) -> CommandResult:
    """Send a command and follow it."""
    return await settled(rig, await apply(rig, control, value))


async def ask(rig: Rig, action: ControlAction) -> CommandResult:
    """Send an order and follow it."""
    return await settled(rig, await client(rig).run_action(action))


async def values(rig: Rig) -> dict[str, SettingValue]:
    """Return what the plant is said to be set to."""
    settings = await client(rig).settings(rig.inventory)
    return {
        str(control): value
        for (owner, control), value in settings.values.items()
        if owner == plant(rig)
    }


def writes(rig: Rig) -> list[Call]:
    """Return the commands on the wire."""
    return rig.cloud.calls.of("async-task")


def body(rig: Rig, number: int = -1) -> dict[str, Any]:
    """Return what one of them asked of the plant."""
    params = writes(rig)[number].params
    (task,) = params.get("tasks") or [params]
    assert task["plantCode"] == plant(rig)
    return {name: value for name, value in task.items() if name != "plantCode"}
