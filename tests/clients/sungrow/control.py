"""What tests of settings share: a home with its client, and time that passes as the owner lets it."""

from collections.abc import Callable
from dataclasses import dataclass
import json
from typing import TYPE_CHECKING, Any

from custom_components.solar_cloud.cloud.control import (
    Capabilities,
    Command,
    CommandResult,
    Control,
    ControlAction,
    ControlClient,
    ControlSpec,
    Outcome,
    SettingValue,
)
from custom_components.solar_cloud.cloud.model import Inventory
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.plant import HYBRID, Device
from tests.emulators.sungrow.steered import SteeredInverter
from tests.helpers.clock import StillClock

if TYPE_CHECKING:  # the fixtures there build the house of this module
    from .conftest import Account

CONFIRMED, ACCEPTED, UNCERTAIN = (
    Outcome.CONFIRMED,
    Outcome.ACCEPTED,
    Outcome.UNCERTAIN,
)
MIN_SOC = Control.BATTERY_MIN_SOC
STOPPED = {"10004": "204", "10003": "0"}
"""How the inverter stands after a force has ended."""


@dataclass
class House:
    """An emulated home, its client, and the time of both."""

    server: SungrowCloud
    account: Account
    clock: StillClock
    restarted: Callable[[], Account]

    @property
    def client(self) -> ControlClient:
        """The client's settings."""
        controls = self.account.cloud.controls
        assert controls is not None
        return controls

    @property
    def wanted(self) -> Inventory:
        """Everything."""
        assert self.account.inventory is not None
        return self.account.inventory

    @property
    def device(self) -> Device:
        """The hybrid inverter."""
        return self.server.first(HYBRID)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.device.sn)

    @property
    def told(self) -> SteeredInverter:
        """What it was told."""
        return self.server.told(self.device)

    async def read(self) -> dict[tuple[str, Control], SettingValue]:
        """Let the client read until it knows everything."""
        for _ in range(60):
            settings = await self.client.settings(self.wanted)
            if settings.resume_after is None:
                return dict(settings.values)
            self.clock.advance(settings.resume_after)
        raise AssertionError("It never ends")

    async def start(self) -> None:
        """Poll and read once, so that everything is known."""
        await self.account.poll()
        self.client.available(self.wanted)
        await self.read()
        self.server.calls.clear()
        self.clock.advance(60)

    def restart(self) -> None:
        """Keep nothing but the vault."""
        inventory = self.account.inventory
        self.account = self.restarted()
        self.account.inventory = inventory
        self.client.available(self.wanted)

    def available(self) -> Capabilities:
        """What may be set now."""
        return self.client.available(self.wanted)

    def spec(self, control: Control, device_id: str = "") -> ControlSpec | None:
        """Return the limits of a control, if it is offered."""
        specs = self.available().specs.get(device_id or self.id, ())
        return next((spec for spec in specs if spec.control is control), None)

    async def settled(self, result: CommandResult) -> CommandResult:
        """Follow a command to its end, letting time pass as its owner does."""
        force = result.force
        while result.task is not None:
            assert result.check_after is not None
            self.clock.advance(result.check_after)
            result = await self.client.poll_task(result.task)
        assert result.force is None or force is None
        return result

    async def tell(
        self, control: Control, value: SettingValue | None, device_id: str = ""
    ) -> CommandResult:
        """Send a command and follow it."""
        command = Command(device_id or self.id, control, value)
        return await self.settled(await self.client.apply(command))

    async def ask(self, action: ControlAction) -> CommandResult:
        """Send an order and follow it."""
        return await self.settled(await self.client.run_action(action))

    def sent(self) -> list[dict[str, str]]:
        """Return what was written, request by request, refused ones too."""
        return [values_of(call.params) for call in self.server.settings_sent]

    def reads(self) -> list[list[str]]:
        """Return the codes that were asked for, request by request."""
        calls = self.server.calls.of("paramSetting", set_type=2)
        return [list(values_of(call.params)) for call in calls]


def answered(result: Any) -> str:
    """Return the body of an accepted call."""
    return json.dumps({"result_code": "1", "result_data": result})


def values_of(params: dict[str, Any]) -> dict[str, str]:
    """Return the values of a request by their codes."""
    return {row["param_code"]: row["set_value"] for row in params["param_list"]}


def other_home(house: House, scenario: str) -> House:
    """Another scenario behind the same door."""
    house.server.load(scenario)
    return house


async def begin(house: House, value: float = 20.0) -> Any:
    """Send a command and return its receipt."""
    return await house.client.apply(Command(house.id, MIN_SOC, value))


def told(house: House) -> Any:
    """Return what the site was told."""
    return house.server.plant.site.controls.latest
