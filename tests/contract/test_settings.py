"""Settings: done when the device says so, sent once whatever happens, and refused with a reason."""

from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    Command,
    Control,
    ControlKind,
    Outcome,
    SettingValue,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CommandInvalid,
    CommandRejected,
    QuotaExhausted,
)

from .account import Account, Setting
from .accounts import with_settings


@pytest.fixture
async def home(account: Account) -> Account:
    """An account of which everything is known."""
    await account.ready()
    account.cloud.calls.clear()
    return account


def asked(account: Account) -> Setting:
    """Return what is asked of it."""
    assert account.setting is not None
    return account.setting


@with_settings
async def test_a_setting_is_confirmed_and_reads_back(home: Account) -> None:
    """Written once, carried out once, and known after a restart."""
    setting = asked(home)
    result = await home.settled(await home.apply())
    assert result.outcome is Outcome.CONFIRMED
    assert (home.written, home.carried_out) == (1, 1)
    await home.poll()
    assert await home.set_to() == setting.value
    home.restart()
    await home.ready()
    assert await home.set_to() == setting.value


@with_settings
async def test_limits_come_from_the_hardware(home: Account) -> None:
    """Each number has a range that the value is in, and a step."""
    specs = home.controls.available(home.wanted).specs[home.target]
    (spec,) = [each for each in specs if each.control is asked(home).control]
    assert spec.minimum <= asked(home).value <= spec.maximum < 1e6
    assert spec.step > 0


@with_settings
async def test_a_device_of_nobody_is_sent_nothing(home: Account) -> None:
    """It was removed, or never there."""
    with pytest.raises(CommandInvalid):
        await home.apply("nobody")
    assert home.written == 0


@with_settings
async def test_what_a_device_does_not_offer_is_refused_with_a_reason(
    home: Account,
) -> None:
    """Whatever the control, and whoever asks: no mistake of ours, and nothing is sent."""
    offered = {
        spec.control for spec in home.controls.available(home.wanted).specs[home.target]
    }
    values: dict[ControlKind, SettingValue | None] = {
        ControlKind.NUMBER: 10.0,
        ControlKind.SWITCH: True,
        ControlKind.SELECT: "odd",
        ControlKind.BUTTON: None,
    }
    for control in set(Control) - offered:
        command = Command(home.target, control, values[control.kind])
        with pytest.raises(CommandInvalid, match="not_offered"):
            await home.controls.apply(command)
    for control in offered:
        if control.kind is ControlKind.SELECT:
            with pytest.raises(CommandInvalid, match="not_offered"):
                await home.controls.apply(Command(home.target, control, "odd"))
    assert home.written == 0


@with_settings
async def test_a_refusal_of_the_device_is_told(home: Account) -> None:
    """With a reason; nothing is repeated, and nothing is kept of it."""
    before = await home.set_to()
    home.cloud.turn(**asked(home).refusing)
    with pytest.raises(CommandRejected):
        await home.settled(await home.apply())
    assert home.written == 1
    home.clock.advance(60)
    assert await home.set_to() in {before, None}


@with_settings
@pytest.mark.parametrize(
    "fault",
    [{"body": "disconnect"}, {"body": "html"}, {"http": 502}],
    ids=["disconnect", "html", "502"],
)
async def test_a_lost_answer_is_no_second_command(
    home: Account, fault: dict[str, Any]
) -> None:
    """It was carried out and nobody said so: uncertain, never sent again."""
    home.cloud.fault(asked(home).endpoint, lost=True, **fault)
    result = await home.apply()
    assert result.outcome is Outcome.UNCERTAIN
    await home.settled(result)
    assert home.written == 1
    await home.poll()
    assert home.carried_out == 1


@with_settings
async def test_without_a_connection_it_is_certain_that_nothing_was_sent(
    home: Account,
) -> None:
    """That is an error and no uncertainty."""
    home.connect(base_url="http://127.0.0.1:9")
    home.controls.available(home.wanted)
    with pytest.raises(CloudUnreachable):
        await home.apply()


@with_settings
async def test_a_limit_is_told_and_nothing_was_sent(home: Account) -> None:
    """Turned away at the door."""
    home.cloud.fault(asked(home).endpoint, **home.too_many)
    with pytest.raises(QuotaExhausted):
        await home.apply()
    assert home.written == 1
    assert home.carried_out == 0


@with_settings
async def test_a_token_that_dies_costs_no_second_command(home: Account) -> None:
    """Neither before the command nor while it runs."""
    home.lose_token()
    result = await home.apply()
    home.lose_token()
    assert (await home.settled(result)).outcome is Outcome.CONFIRMED
    assert home.carried_out == 1


@with_settings
async def test_a_restart_while_a_command_runs(home: Account) -> None:
    """The handle is good for the next run."""
    result = await home.apply()
    home.restart()
    home.controls.available(home.wanted)
    assert (await home.settled(result)).outcome is Outcome.CONFIRMED
    assert (home.written, home.carried_out) == (1, 1)
    await home.poll()
    assert await home.set_to() == asked(home).value
