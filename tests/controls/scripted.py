"""A client that answers what a test says, for what the emulated SolaX never does: signs of life, late answers, read-backs that cost a call."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    CommandResult,
    ControlAction,
    Outcome,
    Settings,
)
from custom_components.solar_cloud.control.manager import ControlManager

from ..emulators.solax import Kind
from ..helpers.house import SolaxHouse


class Vendor:
    """Answers in the client's place."""

    def __init__(self, house: SolaxHouse, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the loaded client."""
        self.actions: list[ControlAction] = []
        self.receipts: list[CommandResult | Exception] = []
        self.follows: list[CommandResult | Exception] = []
        self.asked = 0
        account = house.entry.runtime_data
        assert account.control_manager is not None
        self.control_manager: ControlManager = account.control_manager
        self.inverter = house.solax.first(Kind.INVERTER).sn
        self.charger = house.solax.first(Kind.CHARGER).sn
        self.settings_now = Settings({})

        async def run_action(action: ControlAction) -> CommandResult:
            self.actions.append(action)
            return _next(self.receipts, CommandResult(outcome=Outcome.CONFIRMED))

        async def apply(command: Command) -> CommandResult:
            return _next(self.receipts, CommandResult(outcome=Outcome.ACCEPTED))

        async def poll_task(task: str) -> CommandResult:
            return _next(self.follows, CommandResult(outcome=Outcome.CONFIRMED))

        async def settings(wanted: Any) -> Settings:
            self.asked += 1
            return self.settings_now

        for name, function in {
            "run_action": run_action,
            "apply": apply,
            "poll_task": poll_task,
            "settings": settings,
        }.items():
            monkeypatch.setattr(account.cloud.controls, name, function)
        account.vendor = replace(account.vendor, settings_period=3600.0)


def _next(
    queue: list[CommandResult | Exception], usual: CommandResult
) -> CommandResult:
    answer = queue.pop(0) if queue else usual
    if isinstance(answer, Exception):
        raise answer
    return answer


def charge(vendor: Vendor, duration: float = 1500) -> ChargeBattery:
    """Return a charge of the inverter's battery with 1 kW, for ``duration`` seconds."""
    return ChargeBattery(device_id=vendor.inverter, power=1000, duration=duration)
