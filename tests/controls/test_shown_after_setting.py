"""What a household sees of a setting it has just changed: its own wish until the device says otherwise, and how it stands."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.solar_cloud.cloud.control import Command, CommandResult, Control
from homeassistant.core import State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.solax import Kind, SolaxCloud
from ..emulators.sungrow import SungrowCloud
from ..emulators.sungrow.plant import HYBRID
from ..helpers.home import Home
from ..helpers.house import (
    UPLOAD,
    FusionSolarHouse,
    SolaxHouse,
    SteeredHome,
    SungrowHouse,
)
from .scripted import Vendor

type House = SolaxHouse | SteeredHome


async def _choose(house: House, entity_id: str, option: str) -> list[str]:
    """Choose, and return what was shown in the quarter of an hour after."""
    await house.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": entity_id, "option": option},
        blocking=True,
    )
    seen: list[str] = []
    for _ in range(15):
        state = house.hass.states.get(entity_id)
        assert state is not None
        seen.append(state.state)
        await house.home.pass_time(60, step=15)
    return seen


async def _never_unknown(house: House) -> None:
    registry = er.async_get(house.hass)
    rows = er.async_entries_for_config_entry(registry, house.entry.entry_id)
    selects = [row for row in rows if row.domain == "select" and not row.disabled_by]
    assert selects
    for row in selects:
        state = house.hass.states.get(row.entity_id)
        assert state is not None
        for option in state.attributes["options"]:
            seen = await _choose(house, row.entity_id, option)
            assert "unknown" not in seen, (row.entity_id, option, seen)


async def test_no_choice_at_solax_is_unknown_once_made(house: SolaxHouse) -> None:
    """Also what the charger and the inverter cannot be asked for."""
    await house.know()
    await _never_unknown(house)


async def test_no_choice_at_sungrow_is_unknown_once_made(
    home: Home, sungrow: SungrowCloud
) -> None:
    """Also a forced mode, which the inverter ends by itself."""
    house = SungrowHouse(home, sungrow)
    await house.start()
    await _never_unknown(house)


async def test_no_choice_at_fusionsolar_is_unknown_once_made(
    home: Home, fusionsolar: FusionSolarCloud
) -> None:
    """Also the mode of a plant that answers after minutes."""
    house = FusionSolarHouse(home, fusionsolar)
    await house.start()
    await house.act(
        "set_battery_schedule",
        periods=[{"start": "01:00", "end": "05:00", "charge": True}],
    )
    await home.pass_time(900)
    await _never_unknown(house)


def _last(house: House, owner: str) -> State:
    """Return what is shown of the last command to a plant or device."""
    vendor = house.entry.data["vendor"]
    return house.home.state(f"{vendor}_{owner}_last_command")


@pytest.fixture
async def slow(home: Home, sungrow: SungrowCloud) -> SungrowHouse:
    """A home whose inverter takes a minute and a half for each change."""
    house = SungrowHouse(home, sungrow)
    await house.start()
    sungrow.turn(task_seconds=90.0)
    return house


async def test_a_household_sees_that_a_setting_waits_for_the_device(
    slow: SungrowHouse,
) -> None:
    """On the page of the device, without opening any details, with what was set; and that it was done."""
    serial = str(slow.cloud.first(HYBRID).sn)
    assert _last(slow, serial).state == "unknown"
    await slow.set("number", "battery_min_soc", 20)
    waiting = _last(slow, serial)
    assert waiting.state == "pending"
    assert waiting.attributes["setting"] == "Min. charge"
    assert slow.state("number", "battery_min_soc") == "20.0"
    await slow.home.pass_time(240, step=10)
    assert _last(slow, serial).state == "confirmed"


async def test_an_action_that_waits_is_seen_as_well(slow: SungrowHouse) -> None:
    """Over a restart too; what was cut off is not waited for, for ever."""
    serial = str(slow.cloud.first(HYBRID).sn)
    await slow.act("charge_battery", power=2000, duration="01:00:00")
    assert _last(slow, serial).state == "pending"
    assert _last(slow, serial).attributes["setting"] == "Charge battery now"
    await slow.home.restart(slow.entry)
    assert _last(slow, serial).state == "pending"
    await slow.home.pass_time(240, step=10)
    assert _last(slow, serial).state == "confirmed"
    await slow.home.restart(slow.entry)
    assert _last(slow, serial).state == "confirmed"


async def test_what_a_device_refused_is_seen(house: SolaxHouse) -> None:
    """Who looked away when the dialog said why still sees that nothing was changed."""
    charger = house.solax.first(Kind.CHARGER).sn
    house.solax.turn(command_outcome=5)
    with pytest.raises(HomeAssistantError):
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=10
        )
    assert _last(house, charger).state == "refused"
    house.solax.turn(command_outcome=4)
    await house.call(
        "select", "select_option", Kind.CHARGER, "charger_mode", option="eco"
    )
    await house.home.pass_time(UPLOAD)
    assert _last(house, charger).state == "confirmed"
    assert _last(house, charger).attributes["setting"] == "Work mode"


async def test_a_command_that_was_cut_off_is_not_awaited(
    house: SolaxHouse, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it arrived."""

    async def cut(_: object) -> CommandResult:
        raise asyncio.CancelledError

    monkeypatch.setattr(house.entry.runtime_data.cloud.controls, "apply", cut)
    command = Command(vendor.charger, Control.CHARGE_CURRENT_LIMIT, 10.0)
    with pytest.raises(asyncio.CancelledError):
        await vendor.control_manager.async_apply(command)
    assert _last(house, house.solax.first(Kind.CHARGER).sn).state == "uncertain"


async def test_power_target_and_time_left_of_a_forced_charge_are_shown(
    house: SolaxHouse,
) -> None:
    """The time as an instant, which Home Assistant shows as 'in 58 minutes'; nothing while nothing is forced."""
    ends = f"solax_{house.solax.first(Kind.INVERTER).sn}_forced_mode_ends"
    assert house.home.state(ends).state == "unknown"
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD)
    wish = {"power": 2000.0, "target_soc": 80.0, "mode": "charge"}
    await house.act(
        "charge_battery", None, power=2000, target_soc=80, duration="01:00:00"
    )
    assert wish.items() <= house.home.state(ends).attributes.items()
    await house.home.restart(house.entry)
    assert wish.items() <= house.home.state(ends).attributes.items()
    until = dt_util.parse_datetime(house.home.state(ends).state)
    assert until is not None
    assert timedelta(minutes=58) < until - dt_util.utcnow() <= timedelta(hours=1)
    await house.act("stop_battery", None)
    await house.home.pass_time(UPLOAD)
    assert house.home.state(ends).state == "unknown"
    assert house.home.state(ends).attributes["power"] is None


async def test_what_tells_of_commands_goes_with_them(
    house: SolaxHouse, solax: SolaxCloud
) -> None:
    """Whoever forbids settings is not shown what became of the last one."""
    keys = [
        f"solax_{solax.first(kind).sn}_{key}"
        for kind, key in (
            (Kind.CHARGER, "last_command"),
            (Kind.INVERTER, "last_command"),
            (Kind.INVERTER, "forced_mode_ends"),
        )
    ]
    assert all(house.home.known(key) for key in keys)
    assert not house.home.known(
        f"solax_{solax.first(Kind.CHARGER).sn}_forced_mode_ends"
    )
    assert not house.home.known(f"solax_{solax.first(Kind.METER).sn}_last_command")
    house.hass.config_entries.async_update_entry(
        house.entry, options={"excluded_plants": [], "controls": False}
    )
    await house.home.restart(house.entry)
    assert not any(house.home.known(key) for key in keys)
