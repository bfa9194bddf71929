"""What a user picks of all that a vendor tells, and what is not asked because nobody wants it, in a real Home Assistant."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EntityCategory
from homeassistant.helpers import entity_registry as er

from .emulators.solax import Kind, SolaxCloud
from .emulators.sungrow import SungrowCloud
from .helpers.accounts import account_entry
from .helpers.home import Home, solax_entry

INVERTER = "ADEMO0010002"
DONGLE = "BDEMO0010001"


async def picker(home: Home, entry: MockConfigEntry) -> dict[str, Any]:
    """Open the options as far as the choice of devices."""
    flows = home.hass.config_entries.options
    menu = await flows.async_init(entry.entry_id)
    assert menu["menu_options"] == ["settings", "meter", "points", "access"]
    return dict(
        await flows.async_configure(menu["flow_id"], {"next_step_id": "points"})
    )


async def pick(
    home: Home, entry: MockConfigEntry, devices: str, points: list[str]
) -> dict[str, Any]:
    """Pick points of one type of device; return the form they were picked in."""
    flows = home.hass.config_entries.options
    choice = await picker(home, entry)
    form = await flows.async_configure(choice["flow_id"], {"device": devices})
    if selector(dict(form), "raw_points")["custom_value"]:
        wrong = await flows.async_configure(form["flow_id"], {"raw_points": ["MDSP"]})
        assert wrong["errors"] == {"raw_points": "unknown_point"}
    await flows.async_configure(form["flow_id"], {"raw_points": points})
    await home.settle()
    assert entry.state is ConfigEntryState.LOADED
    return dict(form)


def selector(form: dict[str, Any], field: str) -> dict[str, Any]:
    """Return the choices of a field."""
    (found,) = (
        each for key, each in form["data_schema"].schema.items() if key == field
    )
    return dict(found.config)


async def test_a_user_picks_what_else_an_inverter_tells(
    sungrow: SungrowCloud, home: Home
) -> None:
    """By the vendor's id and name; the sensors are diagnostic, in the vendor's unit, and go when they are taken out again."""
    entry = account_entry(sungrow, "sungrow_account")
    await home.start(entry)
    devices = selector(await picker(home, entry), "device")["options"]
    labels = {each["value"]: each["label"] for each in devices}
    assert labels["14"] == "Home A Inverter"
    form = await pick(home, entry, "14", ["13169", "13165", "p424242", "13999"])
    offered = selector(form, "raw_points")
    assert {"value": "13165", "label": "13165 · MDSP off-grid start-up status"} in (
        offered["options"]
    )
    assert not [each for each in offered["options"] if each["value"] == "13003"]
    assert offered["multiple"]
    assert offered["custom_value"]
    assert form["description_placeholders"] == {"devices": "Home A Inverter"}
    listed = {"name": "直流总功率", "unit": "W"}
    assert entry.options["raw_points"] == {
        "14": {"13169": {}, "13165": {}, "424242": {}, "13999": listed}
    }

    sungrow.device("5000001_14_1_1").values |= {"13169": 264.5, "13999": 4100.0}
    await home.pass_time(600)
    unique_id = f"sungrow_{INVERTER}_point_13169"
    volts = home.state(unique_id)
    assert volts.state == "264.5"
    assert volts.name == "Home A Inverter Battery voltage (BMS)"
    assert volts.attributes["unit_of_measurement"] == "V"
    assert volts.attributes["state_class"] == "measurement"
    code = home.state(f"sungrow_{INVERTER}_point_13165")
    assert code.state == "0"
    assert not {"state_class", "device_class", "unit_of_measurement"} & {
        *code.attributes
    }
    assert home.state(f"sungrow_{INVERTER}_point_424242").state == "unknown"
    registry = er.async_get(home.hass)
    row = registry.async_get(home.entity_id(unique_id))
    assert row is not None
    assert row.entity_category is EntityCategory.DIAGNOSTIC

    watts = home.state(f"sungrow_{INVERTER}_point_13999")
    assert watts.name == "Home A Inverter 直流总功率"
    assert watts.attributes["device_class"] == "power"

    sungrow.fault("getOpenPointInfo", code="E900")
    form = await pick(home, entry, "14", ["13165"])
    again = [each["value"] for each in selector(form, "raw_points")["options"]]
    assert {"13165", "13999", "424242"} <= {*again}
    assert not home.known(unique_id)
    assert home.known(f"sungrow_{INVERTER}_point_13165")
    other = next(kind for kind in labels if kind != "14")
    await pick(home, entry, other, ["13165"])
    await pick(home, entry, "14", [])
    assert not home.known(f"sungrow_{INVERTER}_point_13165")
    await pick(home, entry, other, [])
    assert entry.options["raw_points"] == {}


async def test_what_is_switched_off_is_not_asked_for(
    sungrow: SungrowCloud, home: Home
) -> None:
    """The voltages of phases are off at first, so nobody asks for them; a dongle whose entities are all off costs no call."""
    entry = account_entry(sungrow, "sungrow_account")
    await home.start(entry)
    await home.pass_time(960)

    def asked(kind: int) -> list[list[str]]:
        calls = sungrow.calls.of("getDeviceRealTimeData", device_type=kind)
        return [call.params["point_id_list"] for call in calls]

    sungrow.calls.clear()
    await home.pass_time(960)
    assert asked(14)
    assert not any({"13157", "13158"} & {*points} for points in asked(14))
    assert asked(22)

    registry = er.async_get(home.hass)
    registry.async_update_entity(
        home.entity_id(f"sungrow_{INVERTER}_phase_voltage_1"), disabled_by=None
    )
    rows = er.async_entries_for_config_entry(registry, entry.entry_id)
    off = [each for each in rows if DONGLE in each.unique_id]
    assert len(off) > 1
    for each in off:
        registry.async_update_entity(
            each.entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
    sungrow.calls.clear()
    await home.pass_time(960)
    assert all("13157" in points for points in asked(14))
    assert not any("13158" in points for points in asked(14))
    assert not asked(22)
    assert home.value(f"sungrow_{INVERTER}_phase_voltage_1") == 231.0


async def test_a_field_that_nobody_has_documented_can_be_picked_once_it_was_seen(
    solax: SolaxCloud, home: Home
) -> None:
    """An answer holds it anyway: no call more. Without one there is nothing to pick; a text may name somebody and is not shown."""
    entry = solax_entry(solax)
    await home.start(entry)
    flows = home.hass.config_entries.options
    assert "points" not in (await flows.async_init(entry.entry_id))["menu_options"]
    solax.turn(extra_fields={"newField": "12.5", "newText": "Roof"})
    await home.pass_time(600)
    menu = await flows.async_init(entry.entry_id)
    assert menu["menu_options"] == ["settings", "points", "access"]
    types = await flows.async_configure(menu["flow_id"], {"next_step_id": "points"})
    inverter = solax.first(Kind.INVERTER).sn
    kinds = {
        each["label"]: each["value"]
        for each in selector(dict(types), "device")["options"]
    }
    form = await flows.async_configure(
        types["flow_id"], {"device": kinds["Demo House Inverter"]}
    )
    options = selector(dict(form), "raw_points")
    assert options["options"] == [
        {"value": "newField", "label": "newField"},
        {"value": "newText", "label": "newText"},
    ]
    assert not options["custom_value"]
    await flows.async_configure(
        form["flow_id"], {"raw_points": ["newField", "newText"]}
    )
    await home.settle()
    assert home.state(f"solax_{inverter}_point_newField").state == "12.5"
    assert home.state(f"solax_{inverter}_point_newText").state == "unknown"
