"""Meters corrected by their owner, in the options."""

from homeassistant.core import HomeAssistant

from ..helpers.consent import KEY, Browser, Bureau, added
from ..helpers.home import Home


async def test_a_meter_is_corrected_by_its_owner(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, home: Home
) -> None:
    """Wired the other way round, and reporting another unit; other options stay."""
    entry = await added(browser, hass)
    meter = "ada-1-meter"
    power = f"{KEY}_{meter}_grid_power"
    assert home.value(power) == 1500
    browser.path = "/api/config/config_entries/options/flow"
    await browser.post(browser.path, {"handler": entry.entry_id})
    assert browser.result["menu_options"] == ["settings", "meter", "access"]
    await browser.answer(next_step_id="meter")
    assert browser.at("meter")
    fields = {each["name"]: each for each in browser.result["data_schema"]}
    assert fields["device"]["selector"]["select"]["options"] == [
        {"value": meter, "label": "Roof 1 Meter"}
    ]
    assert fields["unit"]["selector"]["select"]["options"] == [
        "as_documented",
        "watt",
        "kilowatt",
    ]
    await browser.answer(device=meter, swap_direction=True, unit="kilowatt")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["tunings"] == {
        meter: {"swap_direction": True, "unit": "kilowatt"}
    }
    assert entry.options["excluded_plants"] == []
    assert home.value(power) == -1_500_000

    await browser.post(browser.path, {"handler": entry.entry_id})
    await browser.answer(next_step_id="meter")
    await browser.answer(device=meter, swap_direction=False, unit="as_documented")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert home.value(power) == 1500


async def test_settings_keep_the_corrections(
    browser: Browser, hass: HomeAssistant, home: Home
) -> None:
    """One page of the options does not undo the other."""
    entry = await added(browser, hass)
    meter = "ada-1-meter"
    browser.path = "/api/config/config_entries/options/flow"
    await browser.post(browser.path, {"handler": entry.entry_id})
    await browser.answer(next_step_id="meter")
    await browser.answer(device=meter, swap_direction=True, unit="watt")
    await hass.async_block_till_done(wait_background_tasks=True)
    await browser.post(browser.path, {"handler": entry.entry_id})
    await browser.answer(next_step_id="settings")
    defaults = {each["name"]: each["default"] for each in browser.result["data_schema"]}
    await browser.answer(**defaults | {"controls": True})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["controls"] is True
    assert entry.options["tunings"] == {meter: {"swap_direction": True, "unit": "watt"}}
    assert home.value(f"{KEY}_{meter}_grid_power") == -1500
