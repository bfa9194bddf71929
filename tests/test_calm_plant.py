"""A plant a household understands: one device with what matters, the same for every brand, and nothing twice."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.sensor import FORCED_MODE_ENDS, LAST_COMMAND
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import (
    EVENT_STATE_CHANGED,
    Event,
    EventStateChangedData,
    callback,
)
from homeassistant.helpers import entity_registry as er

from .emulators.solax import Kind, SolaxCloud
from .helpers.accounts import AnyCloud, demo_entry
from .helpers.home import Home, solax_id
from .test_devices import registered

EVERYWHERE = {
    "cloud_connection",
    *("pv_power", "grid_power", "battery_power", "load_power", "battery_soc"),
    *("pv_energy_today", "pv_energy_total", "load_energy_today", "load_energy_total"),
    *("grid_import_energy_today", "grid_import_energy_total"),
    *("grid_export_energy_today", "grid_export_energy_total"),
    *("battery_charge_energy_today", "battery_charge_energy_total"),
    *("battery_discharge_energy_today", "battery_discharge_energy_total"),
    *("self_sufficiency_rate", "self_consumption_rate", "installed_power"),
    *("plant_state", "active_alarms", "data_age", "time_to_full", "time_to_empty"),
}
"""What every plant shows, whoever made it."""
WHERE_TOLD = {"income_today", "income_total", "co2_saved_today", "co2_saved_total"} | {
    "underperforming"
}
"""What is shown besides where the vendor reckons it, or tells of the parts of an inverter."""
FINER = {"equivalent_hours_today": 3, "battery_soc": 1}
"""Decimals of what is written finer than it is shown; of energies it is Wh."""
LIVED = 4 * 3600.0


def _enabled(home: Home, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    registry = er.async_get(home.hass)
    rows = er.async_entries_for_config_entry(registry, entry.entry_id)
    return [each for each in rows if each.disabled_by is None]


@pytest.mark.parametrize(
    "sign_in", ["solax", "sungrow_account", "fusionsolar_account"], indirect=True
)
async def test_a_plant_is_calm_the_same_for_every_brand_and_says_nothing_twice(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """It shows what a household looks at and no more, no two entities of the home that are on say the same, and one charge counts as a battery."""
    entry = await demo_entry(home, cloud, sign_in)
    told: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)

    @callback
    def hear(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in {STATE_UNKNOWN, STATE_UNAVAILABLE}:
            told[state.entity_id].append((home.freezer().timestamp(), state.state))

    home.hass.bus.async_listen(EVENT_STATE_CHANGED, hear)
    await home.start(entry)
    await home.pass_time(LIVED)
    on = _enabled(home, entry)
    (plant,) = (
        each for each in registered(home.hass, entry).values() if each.model == "Plant"
    )
    commands = {LAST_COMMAND, FORCED_MODE_ENDS}  # there once settings are allowed
    shown = {
        str(each.translation_key)
        for each in on
        if each.device_id == plant.id and each.domain in {"sensor", "binary_sensor"}
    } - commands
    assert EVERYWHERE <= shown <= EVERYWHERE | WHERE_TOLD
    (peak,) = (each for each in on if each.translation_key == "installed_power")
    assert 9.0 < float(told[peak.entity_id][-1][1]) < 10.0  # kW

    alike = defaultdict(set)
    for each in on:
        series = told[each.entity_id]
        if len({state for _, state in series}) > 1:
            alike[tuple(series)].add(each.entity_id)
    assert not [twins for twins in alike.values() if len(twins) > 1]

    for each in on:
        options: Mapping[str, Any] = each.options.get("sensor", {})
        precision = options.get("suggested_display_precision")
        if precision is None:
            continue
        energy = each.original_device_class in {"energy", "energy_storage"}
        finest = FINER.get(str(each.translation_key), 3 if energy else precision)
        written = {
            len(state.partition(".")[2].rstrip("0"))
            for _, state in told[each.entity_id]
        }
        assert max(written, default=0) <= finest, each.translation_key

    # A limit to be set is no battery that runs low: the home screen counts sensors.
    batteries = [
        each
        for each in on
        if each.original_device_class == "battery" and each.domain == "sensor"
    ]
    assert [each.device_id for each in batteries] == [plant.id]


@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_of_two_inverters_each_shows_its_own(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The plant shows their sum: which of them is in the shade is worth knowing."""
    await home.start(entry)
    await home.pass_time(900)
    for each in solax.plant.of(Kind.INVERTER):
        assert home.state(f"solax_{each.sn}_pv_power").state != "unknown"


async def test_a_device_that_tells_nothing_is_not_there(
    fusionsolar: AnyCloud, home: Home
) -> None:
    """A dongle without a single value is a page without content."""
    entry = await demo_entry(home, fusionsolar, "fusionsolar_account")
    await home.start(entry)
    await home.pass_time(900)
    registry = er.async_get(home.hass)
    for device in registered(home.hass, entry).values():
        assert er.async_entries_for_device(
            registry, device.id, include_disabled_entities=True
        ), device.name


async def test_income_without_a_currency_is_in_home_assistants(
    sungrow: AnyCloud, home: Home
) -> None:
    """And says so; the vendor's own goes before."""
    home.hass.config.currency = "CHF"
    entry = await demo_entry(home, sungrow, "sungrow_account")
    await home.start(entry)
    await home.pass_time(900)
    plant = next(
        k for k, each in registered(home.hass, entry).items() if each.model == "Plant"
    )
    income = home.state(f"sungrow_{plant}_income_today")
    assert income.attributes["unit_of_measurement"] == "EUR"
    assert income.attributes["currency_from"] == "vendor"


async def test_the_share_of_the_sun_is_there_for_a_vendor_that_tells_none(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Made of today's energies, as the household would."""
    await home.start(entry)
    await home.pass_time(3600)
    bought, used = (
        home.value(solax_id(solax, None, key))
        for key in ("grid_import_energy_today", "load_energy_today")
    )
    rate = home.value(solax_id(solax, None, "self_sufficiency_rate"))
    assert rate == pytest.approx(100 * (1 - bought / used), abs=0.5)
