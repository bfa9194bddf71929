"""What other vendors need of the way out: signs of life, read-backs that cost a call, answers that come late or never."""

from dataclasses import replace
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    Control,
    Force,
    Order,
    Outcome,
    Receipt,
    RenewBattery,
    Settings,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CommandRejected,
    QuotaExhausted,
)
from custom_components.solar_cloud.commander import Commander
from custom_components.solar_cloud.journal import EVENT_COMMAND

from .clouds.solax import Kind, SolaxCloud
from .conftest import Home
from .test_controls import House, entry, house, waiting

__all__ = ["entry", "house", "waiting"]


class Vendor:
    """Answers in the client's place."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the loaded client."""
        self.orders: list[Order] = []
        self.receipts: list[Receipt | Exception] = []
        self.follows: list[Receipt | Exception] = []
        self.asked = 0
        account = house.entry.runtime_data
        assert account.commander is not None
        self.commander: Commander = account.commander
        self.inverter = house.solax.first(Kind.INVERTER).sn
        self.charger = house.solax.first(Kind.CHARGER).sn
        self.settings_now = Settings({})

        async def order(order: Order) -> Receipt:
            self.orders.append(order)
            return _next(self.receipts, Receipt(outcome=Outcome.CONFIRMED))

        async def apply(command: Command) -> Receipt:
            return _next(self.receipts, Receipt(outcome=Outcome.ACCEPTED))

        async def follow(task: str) -> Receipt:
            return _next(self.follows, Receipt(outcome=Outcome.CONFIRMED))

        async def settings(wanted: Any) -> Settings:
            self.asked += 1
            return self.settings_now

        for name, function in {
            "order": order,
            "apply": apply,
            "follow": follow,
            "settings": settings,
        }.items():
            monkeypatch.setattr(account.cloud, name, function)
        account.vendor = replace(account.vendor, settings_period=3600.0)


def _next(queue: list[Receipt | Exception], usual: Receipt) -> Receipt:
    answer = queue.pop(0) if queue else usual
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture
def vendor(house: House, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """The loaded account with a client that does what a test says."""
    return Vendor(house, monkeypatch)


def _charge(vendor: Vendor, duration: float = 1500) -> ChargeBattery:
    return ChargeBattery(target_id=vendor.inverter, power=1000, duration=duration)


async def test_e47_signs_of_life_until_the_end(house: House, vendor: Vendor) -> None:
    """E47: renewed in time, ended in time, and a failure in between kills nothing."""
    force = Force(ends_after=1500, renew_after=300)
    vendor.receipts = [
        Receipt(outcome=Outcome.CONFIRMED, force=force),
        Receipt(outcome=Outcome.CONFIRMED),
        QuotaExhausted(30),
    ]
    await vendor.commander.async_order(_charge(vendor))
    assert vendor.commander.forces.until(vendor.inverter) is not None
    await house.home.pass_time(1700)
    kinds = [type(order) for order in vendor.orders]
    assert kinds[0] is ChargeBattery
    assert kinds[1:-1] == [RenewBattery] * 5
    assert kinds[-1] is StopBattery
    assert vendor.commander.forces.until(vendor.inverter) is None


async def test_a_force_is_known_before_it_is_sent(
    house: House,
    vendor: Vendor,
) -> None:
    """A crash between sending and answering leaves a deadline; a refusal leaves what was."""
    seen: list[object] = []

    async def order(order: Order) -> Receipt:
        seen.append(house.entry.runtime_data.store.load("forces"))
        raise CommandRejected("device_refused")

    cloud: Any = house.entry.runtime_data.cloud
    cloud.order = order
    with pytest.raises(Exception, match="refused"):
        await vendor.commander.async_order(_charge(vendor))
    assert vendor.inverter in str(seen)
    assert house.entry.runtime_data.store.load("forces") == {}
    supervisor = vendor.commander.forces
    await supervisor.begin(vendor.inverter, Force(ends_after=900, ends_by_itself=True))
    before = supervisor.until(vendor.inverter)
    with pytest.raises(Exception, match="refused"):
        await vendor.commander.async_order(_charge(vendor))
    assert supervisor.until(vendor.inverter) == before


async def test_a_command_that_forces_is_supervised_too(
    house: House,
    vendor: Vendor,
) -> None:
    """A select that forces ends like an action; another command ends its supervision."""
    exit_ = Command(vendor.inverter, Control.EXIT_REMOTE_CONTROL)
    mode = Command(vendor.inverter, Control.WORK_MODE, "backup")
    vendor.receipts = [Receipt(outcome=Outcome.ACCEPTED, force=Force(ends_after=600))]
    await vendor.commander.async_apply(mode)
    assert vendor.commander.forces.until(vendor.inverter)
    await vendor.commander.async_apply(exit_)
    assert vendor.commander.forces.until(vendor.inverter) is None


async def test_one_read_back_after_the_setting_settled(
    house: House,
    vendor: Vendor,
) -> None:
    """For vendors whose settings cost a call: one for two commands, and it confirms."""
    key = (vendor.charger, Control.CHARGER_MODE)
    for mode in ("eco", "stop"):
        await vendor.commander.async_apply(Command(*key, mode))
    assert vendor.commander.value(*key) == "stop"
    vendor.settings_now = Settings({key: "stop"})
    await house.home.pass_time(400)
    assert vendor.asked == 1
    assert vendor.commander.overlay.states[key] == "confirmed"


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([CloudUnreachable(), Receipt(outcome=Outcome.CONFIRMED)], "confirmed"),
        ([Receipt(outcome=Outcome.ACCEPTED, task="b"), Receipt(outcome=Outcome.ACCEPTED)], "accepted"),
        ([CommandRejected("device_timeout")], "refused"),
        ([CommandRejected("no_effect")], "refused"),
    ],
)  # fmt: skip
async def test_an_answer_that_comes_late(
    house: House,
    vendor: Vendor,
    answers: list[Receipt | Exception],
    result: str,
) -> None:
    """The caller is told that it runs; the logbook hears the rest."""
    key = (vendor.charger, Control.CHARGE_CURRENT_LIMIT)
    vendor.receipts = [Receipt(outcome=Outcome.ACCEPTED, task="a", check_after=90)]
    vendor.follows = answers
    receipt = await vendor.commander.async_apply(Command(*key, 9.0))
    assert receipt.task == "a"
    assert vendor.commander.report()["running"] == ["charge_current_limit"]
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(300)
    assert [event.data["result"] for event in events] == [result]
    assert vendor.commander.overlay.states[key] == result
    assert vendor.commander.report()["running"] == []


async def test_a_newer_command_is_the_one_that_is_followed(
    house: House,
    vendor: Vendor,
) -> None:
    """The answer to the older one is nobody's business any more."""
    command = Command(vendor.charger, Control.CHARGE_CURRENT_LIMIT, 9.0)
    for task in ("a", "b"):
        vendor.receipts = [Receipt(outcome=Outcome.ACCEPTED, task=task, check_after=90)]
        await vendor.commander.async_apply(command)
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(300)
    assert len(events) == 1


async def test_an_answer_that_never_comes_is_given_up(
    house: House,
    vendor: Vendor,
) -> None:
    """After a day."""
    vendor.receipts = [Receipt(outcome=Outcome.ACCEPTED, task="a", check_after=3600)]
    vendor.follows = [CloudUnreachable() for _ in range(5000)]
    await vendor.commander.async_apply(
        Command(vendor.charger, Control.CHARGE_CURRENT_LIMIT, 9.0)
    )
    house.home.freezer.tick(86500)
    await house.home.settle()
    assert vendor.commander.report()["running"] == []


async def test_a_refusal_while_the_caller_waits(
    house: House,
    vendor: Vendor,
) -> None:
    """It is the caller's."""
    vendor.receipts = [Receipt(outcome=Outcome.ACCEPTED, task="a", check_after=2)]
    vendor.follows = [CommandRejected("device_refused")]
    with pytest.raises(Exception, match="refused the command"):
        await vendor.commander.async_apply(
            Command(vendor.charger, Control.CHARGE_CURRENT_LIMIT, 9.0)
        )
    assert vendor.commander.report()["running"] == []
    with pytest.raises(Exception, match="does not offer"):
        await vendor.commander.async_apply(
            Command(vendor.charger, Control.EXPORT_LIMIT, 9.0)
        )


async def test_a_damaged_memory_is_no_memory(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
) -> None:
    """What is kept on disk may be anything."""
    await home.start(entry)
    store = entry.runtime_data.store
    for section in ("forces", "settings", "tasks", "writes", "solax_told"):
        for junk in ([{}, 1, {"owner": 1}], {"a": {"until": "x"}, "b": 2}, "x"):
            await store.save(section, junk)
        await store.save(section, [{"target": 1}] if section == "tasks" else {"a": 1})
    await home.restart(entry)
    assert entry.runtime_data.commander is not None
