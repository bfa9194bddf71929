"""Settings that wait until the one before has been sent: what a user sees of them meanwhile and afterwards."""

import asyncio
from collections.abc import AsyncIterator
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.control import (
    Command,
    CommandResult,
    Control,
    Outcome,
    Settings,
    SettingValue,
)
from custom_components.solar_cloud.cloud.errors import CommandRejected
from homeassistant.exceptions import HomeAssistantError

from ..emulators.solax import Kind
from ..helpers.house import SolaxHouse
from .scripted import Vendor

LIMIT = Control.CHARGE_CURRENT_LIMIT
"""Nobody can read it back."""
MODE = Control.CHARGER_MODE


class Queue:
    """Commands to the charger, answered one by one when a test says so."""

    def __init__(self, house: SolaxHouse, vendor: Vendor) -> None:
        """Let no command be answered yet."""
        self._house = house
        self._vendor = vendor
        self._answers: asyncio.Queue[CommandResult | Exception] = asyncio.Queue()
        self._callers: list[asyncio.Task[CommandResult]] = []
        self.sent: list[SettingValue | None] = []
        controls: Any = house.entry.runtime_data.cloud.controls
        controls.apply = self._apply

    async def _apply(self, command: Command) -> CommandResult:
        self.sent.append(command.value)
        answer = await self._answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def set(self, control: Control, value: SettingValue) -> None:
        """Ask for a value; whoever asks waits."""
        command = Command(self._vendor.charger, control, value)
        apply = self._vendor.control_manager.async_apply(command)
        self._callers.append(asyncio.create_task(apply))
        await asyncio.sleep(0)

    async def answer(self, answer: CommandResult | Exception) -> None:
        """Answer the command whose turn it is."""
        caller = self._callers.pop(0)
        self._answers.put_nowait(answer)
        if isinstance(answer, Exception):
            with pytest.raises(HomeAssistantError):
                await caller
        else:
            await caller

    async def read(self, control: Control, value: SettingValue) -> None:
        """Let the settings be read, in which the device tells a value of this moment."""
        self._house.home.freezer.tick(600)
        key = (self._vendor.charger, control)
        now = time.time()
        self._vendor.settings_now = Settings({key: value}, accepted_at={key: now})
        await self._vendor.control_manager.settings.async_refresh()

    async def stop(self) -> None:
        """Cut off who still waits."""
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)


@pytest.fixture
async def queue(house: SolaxHouse, vendor: Vendor) -> AsyncIterator[Queue]:
    """The charger's commands."""
    queue = Queue(house, vendor)
    yield queue
    await queue.stop()


def limit(house: SolaxHouse) -> tuple[str, str | None]:
    """Return the current limit and how its last command ended, as a user sees them."""
    control = str(LIMIT)
    return (
        house.state("number", Kind.CHARGER, control),
        house.command("number", Kind.CHARGER, control),
    )


async def test_a_setting_refused_after_it_waited_does_not_stay_pending(
    house: SolaxHouse, queue: Queue
) -> None:
    """Meanwhile an action changed the same: what was asked for is shown until the device has refused it."""
    await queue.set(MODE, "eco")
    await queue.set(LIMIT, 9.0)
    await queue.read(LIMIT, 12.0)
    assert limit(house) == ("9.0", "pending")
    await queue.answer(CommandResult(outcome=Outcome.ACCEPTED))
    await queue.answer(CommandRejected("device_refused"))
    assert limit(house) == ("12.0", "refused")


async def test_a_setting_that_was_not_sent_yet_is_not_said_to_be_ignored(
    house: SolaxHouse, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    """However long it waits for its turn."""
    await queue.set(LIMIT, 9.0)
    await queue.set(MODE, "stop")
    for _ in range(3):
        await queue.read(MODE, "fast")
        assert house.state("select", Kind.CHARGER, str(MODE)) == "stop"
        assert house.command("select", Kind.CHARGER, str(MODE)) == "pending"
    assert "reports something else" not in caplog.text
    await queue.answer(CommandResult(outcome=Outcome.ACCEPTED))
    await queue.answer(CommandResult(outcome=Outcome.ACCEPTED))
    assert queue.sent == [9.0, "stop"]
    assert house.command("select", Kind.CHARGER, str(MODE)) == "accepted"
    await queue.read(MODE, "stop")
    assert house.command("select", Kind.CHARGER, str(MODE)) == "confirmed"


async def test_after_two_refusals_in_a_row_the_value_is_what_it_was(
    house: SolaxHouse, queue: Queue
) -> None:
    """Not what was refused first."""
    await queue.read(LIMIT, 12.0)
    await queue.set(LIMIT, 7.0)
    await queue.set(LIMIT, 9.0)
    await queue.answer(CommandRejected("device_refused"))
    assert limit(house) == ("9.0", "pending")
    await queue.answer(CommandRejected("device_refused"))
    assert limit(house) == ("12.0", "refused")


async def test_a_refused_setting_leaves_the_one_that_was_accepted_before_it(
    house: SolaxHouse, queue: Queue
) -> None:
    """Both were asked for at once."""
    await queue.set(LIMIT, 7.0)
    await queue.set(LIMIT, 9.0)
    await queue.answer(CommandResult(outcome=Outcome.CONFIRMED))
    assert limit(house) == ("9.0", "pending")
    await queue.answer(CommandRejected("device_refused"))
    assert limit(house) == ("7.0", "refused")


async def test_a_restart_forgets_what_never_got_its_turn(
    house: SolaxHouse, queue: Queue, entry: MockConfigEntry
) -> None:
    """What was on its way may have arrived; what waited behind it was not sent, and is not shown as if it were set."""
    await queue.set(LIMIT, 7.0)
    await queue.set(MODE, "stop")
    await queue.set(LIMIT, 9.0)
    assert queue.sent == [7.0]
    await house.home.restart(entry)
    assert limit(house) == ("7.0", "uncertain")
    assert house.command("select", Kind.CHARGER, str(MODE)) is None
    assert house.state("select", Kind.CHARGER, str(MODE)) == "fast"
