"""The pickers of actions: they offer only what can take the action, fields instead of YAML, and sentences instead of schemas."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import ObjectSelector
from homeassistant.util.yaml import parse_yaml

from .benchmarks._tape import SIGN_INS
from .emulators.solax import SolaxCloud
from .helpers.accounts import AnyCloud, demo_entry
from .helpers.home import Home, solax_entry
from .helpers.house import SolaxHouse

ROOT: Final = Path(__file__).parent.parent
ACTIONS: Final[Any] = yaml.safe_load(
    (ROOT / "custom_components" / DOMAIN / "services.yaml").read_text()
)
BATTERY: Final = (
    "charge_battery",
    "discharge_battery",
    "stop_battery",
    "set_battery_schedule",
    "set_work_mode",
)


def _fits(row: er.RegistryEntry, wanted: Mapping[str, str]) -> bool:
    """Whether an entity is one that a picker asks for, as the frontend decides: of what is enabled."""
    device_class = row.device_class or row.original_device_class
    return (
        not row.disabled_by
        and row.platform == wanted["integration"]
        and row.domain == wanted["domain"]
        and device_class == wanted["device_class"]
    )


def offered(hass: HomeAssistant, picker: Mapping[str, Any]) -> list[dr.DeviceEntry]:
    """Return the devices of a picker."""
    registry = er.async_get(hass)
    return [
        device
        for device in dr.async_get(hass).devices
        if isinstance(device, dr.DeviceEntry)
        and any(
            _fits(row, wanted)
            for row in er.async_entries_for_device(registry, device.id)
            for wanted in picker["device"]["entity"]
        )
    ]


def _picker(action: str) -> Any:
    return ACTIONS[action]["fields"]["device_id"]["selector"]


@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_battery_actions_offer_only_what_takes_them(
    home: Home, cloud: AnyCloud, sign_in: str, waiting: list[float]
) -> None:
    """The plant, and what carries it out; never a meter or a charger, which would only refuse."""
    entry = await demo_entry(home, cloud, sign_in)
    await home.start(entry)
    await home.pass_time(1800)
    (found, *others) = [offered(home.hass, _picker(action)) for action in BATTERY]
    assert all(each == found for each in others)
    assert any(device.entry_type for device in found), "the plant"
    assert not [
        device
        for device in found
        if (device.name or "").endswith(("Meter", "EV charger", "Logger"))
    ]
    for device in found:
        await home.hass.services.async_call(
            DOMAIN, "stop_battery", {"device_id": device.id}, blocking=True
        )


async def test_charging_of_a_car_is_reserved_at_a_charger(
    home: Home, solax: SolaxCloud
) -> None:
    """And at nothing else."""
    entry = solax_entry(solax, excluded_plants=[], controls=True)
    await home.start(entry)
    await home.pass_time(400)
    (charger,) = offered(home.hass, _picker("reserve_charging"))
    assert charger.name == "Demo House EV charger"


@pytest.mark.parametrize(
    "name", ["charge_battery_when_cheap", "charge_battery_before_peak"]
)
def test_blueprints_offer_the_same_devices_as_the_action(name: str) -> None:
    """Whoever makes an automation of one finds the plant, and no meter."""
    folder = ROOT / "blueprints" / "automation" / DOMAIN
    blueprint: Any = parse_yaml((folder / f"{name}.yaml").read_text())
    picker = blueprint["blueprint"]["input"]["battery"]["selector"]
    assert picker == _picker("charge_battery")


def test_periods_are_fields() -> None:
    """Times, a switch, days and a percentage; a form of them is what the action takes."""
    asked = ACTIONS["set_battery_schedule"]["fields"]["periods"]["selector"]
    assert asked["object"]["multiple"]
    kinds = {
        key: next(iter(field["selector"]))
        for key, field in asked["object"]["fields"].items()
    }
    assert kinds == {
        "start": "time",
        "end": "time",
        "charge": "boolean",
        "days": "select",
        "target_soc": "number",
    }
    filled = [{"start": "23:00:00", "end": "05:00:00", "charge": True, "days": ["mon"]}]
    assert ObjectSelector(asked["object"])(filled) == filled


@pytest.fixture
async def house(home: Home, solax: SolaxCloud, waiting: list[float]) -> SolaxHouse:
    """A home whose settings may be changed."""
    entry = solax_entry(solax, excluded_plants=[], controls=True)
    house = SolaxHouse(home, solax, entry)
    await house.start()
    return house


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"power": 2000}, "end_needed"),
        ({"power": 0, "duration": "01:00:00"}, "out_of_range"),
        ({"target_soc": 120}, "out_of_range"),
    ],
)
async def test_what_is_wrong_is_said_in_the_users_language(
    house: SolaxHouse, data: dict[str, Any], key: str
) -> None:
    """Not as a schema says it, in English only."""
    with pytest.raises(ServiceValidationError) as err:
        await house.act("charge_battery", None, **data)
    assert err.value.translation_domain == DOMAIN
    assert err.value.translation_key == key
    assert house.solax.commands() == []


def test_every_action_has_an_icon() -> None:
    """Whoever searches among hundreds of actions finds ours by it; nothing else has one of an action."""
    icons = json.loads((ROOT / "custom_components" / DOMAIN / "icons.json").read_text())
    assert icons["services"].keys() == ACTIONS.keys()
    assert all(
        "service" not in icon
        for platform in icons["entity"].values()
        for icon in platform.values()
    )
