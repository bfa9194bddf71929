"""A FusionSolar owner's home in Home Assistant: a day that adds up inside the vendor's flow control, and all that can go wrong."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.diagnostics import async_get_config_entry_diagnostics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.fusionsolar.plant import (
    EMMA,
    HOME_BATTERY,
    HOME_INVERTER,
    POWER_SENSOR,
    STRING_INVERTER,
)
from .emulators.fusionsolar.reports import FEED_IN
from .emulators.world import Energies
from .helpers.accounts import Visitor, account_entry, added, reauths, repairs, role
from .helpers.flow import Flow
from .helpers.fusionsolar import consented, key
from .helpers.home import Home

STEP = 0.01
"""kWh: what FusionSolar's counters are cut off at."""
EVENING = datetime(2026, 6, 14, 21, 46, 30, tzinfo=UTC)
"""A quarter of an hour before the midnight of Amsterdam and Madrid."""
MORNING = datetime(2026, 6, 14, 9, 0, 30, tzinfo=UTC)
METERS = (POWER_SENSOR, EMMA)


@pytest.fixture
async def entry(fusionsolar: FusionSolarCloud, home: Home) -> MockConfigEntry:
    """The API account, running."""
    entry = account_entry(fusionsolar, "fusionsolar_account")
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    return entry


def seen(cloud: FusionSolarCloud, *types: int) -> Energies:
    """Return what was true when a device uploaded what Home Assistant was last told of it."""
    device = cloud.plant.of(*types)[0]
    call = cloud.calls.of("getDevRealKpi", devTypeId=device.type)[-1]
    at = cloud.plant.site.last_upload(cloud.plant.key(device), call.at)
    return cloud.plant.site.truth(at)


def truth(cloud: FusionSolarCloud) -> dict[str, tuple[float, int]]:
    """Return the plant's true counters, each with how many cut-off figures it is made of."""
    plant = cloud.plant
    if plant.of(STRING_INVERTER):
        return {"pv_energy_total": (seen(cloud, STRING_INVERTER).pv, 1)}
    meter, battery = seen(cloud, *METERS), seen(cloud, HOME_BATTERY)
    return {
        "pv_energy_total": (seen(cloud, HOME_INVERTER).pv, 2),
        "grid_import_energy_total": (meter.grid_import, 1),
        "grid_export_energy_total": (meter.grid_export, 1),
        "battery_charge_energy_total": (battery.battery_charge, 1),
        "battery_discharge_energy_total": (battery.battery_discharge, 1),
    }


def check_day(home: Home, cloud: FusionSolarCloud) -> None:
    """Compare every role counter with the truth."""
    for quantity, (true, addends) in truth(cloud).items():
        shown = role(home, "fusionsolar", cloud.plant.code, quantity)
        assert -1e-3 <= true - shown <= addends * STEP + 1e-3, quantity
    if cloud.plant.of(*METERS):
        # Added up from devices whose uploads are minutes apart: off by what flowed meanwhile, and never for long.
        meter = seen(cloud, *METERS)
        shown = role(home, "fusionsolar", cloud.plant.code, "load_energy_total")
        assert shown - meter.load == pytest.approx(0, abs=8 * 300 / 3600 + 4 * STEP)


async def test_what_the_house_used_is_exact_once_the_polls_follow_the_uploads(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """A first look between two uploads is made up for within hours."""
    await home.pass_time(5 * 3600, step=20)
    meter = seen(fusionsolar, *METERS)
    shown = role(home, "fusionsolar", fusionsolar.plant.code, "load_energy_total")
    assert shown == pytest.approx(meter.load, abs=4 * STEP)
    assert fusionsolar.violations == {}


async def test_the_revenue_of_a_plant_is_money(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """As the cloud reckons it, to the last full hour before its newest upload."""
    await home.pass_time(900)
    total = home.state(key(fusionsolar, None, "income_total"))
    call = fusionsolar.calls.of("getStationRealKpi")[-1]
    at = fusionsolar.plant.site.last_upload(fusionsolar.plant.key(None), call.at)
    assert at is not None
    exported = fusionsolar.plant.site.truth(at - at % 3600).grid_export
    assert float(total.state) == pytest.approx(FEED_IN * exported, abs=0.01)
    assert total.attributes["device_class"] == "monetary"
    assert total.attributes["unit_of_measurement"] == home.hass.config.currency


async def live_a_day(
    home: Home, cloud: FusionSolarCloud, entry: MockConfigEntry, *, reloads: bool
) -> None:
    """From before one midnight to after the next, with a breakfast the roof cannot serve, and five restarts."""
    before = {quantity: true for quantity, (true, _) in truth(cloud).items()}
    for quarter in range(24 * 4 + 2):
        if quarter in {28, 34}:
            cloud.plant.site.override_load(18_000 if quarter == 28 else None)
        await home.pass_time(900, step=150)
        check_day(home, cloud)
        if quarter % 20 == 6:
            await home.restart(entry)
        elif reloads and quarter % 4 == 0:
            assert await home.hass.config_entries.async_reload(entry.entry_id)
            await home.settle()
    for quantity, start in before.items():
        assert role(home, "fusionsolar", cloud.plant.code, quantity) > start + 1
    assert cloud.violations == {}
    assert not [call for call in cloud.calls if call.code not in {0, None}]


@pytest.mark.parametrize("begin", [EVENING])
@pytest.mark.parametrize(
    "fusionsolar", ["home", "home-emma", "string-only"], indirect=True
)
async def test_e21_a_day_of_an_account_adds_up_without_one_call_too_many(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """Battery and meter, EMMA, strings alone: five restarts, a reload every hour, one login."""
    await live_a_day(home, fusionsolar, entry, reloads=True)
    assert fusionsolar.calls.count("thirdData/login") == 1


@pytest.mark.parametrize("begin", [EVENING])
async def test_e21_a_day_of_a_consent_adds_up_without_one_call_too_many(
    fusionsolar: FusionSolarCloud, home: Home, visitor: Visitor
) -> None:
    """The owner's thousand calls are for the whole day, whatever is restarted."""
    await consented(visitor, fusionsolar)
    await home.settle()
    await live_a_day(home, fusionsolar, added(home.hass), reloads=True)
    used = fusionsolar.owner.used(fusionsolar.now(), fusionsolar.knobs)
    assert used <= 800
    assert added(home.hass).runtime_data.quota.left() == 1000 - used


@pytest.mark.parametrize("begin", [MORNING])
async def test_a_poll_that_asks_nothing_is_no_recovery(
    entry: MockConfigEntry,
    fusionsolar: FusionSolarCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While the cloud turns every call away some polls have none to make; values came and went with them."""
    await home.pass_time(1800, step=300)
    power = key(fusionsolar, None, "grid_power")
    fusionsolar.fault(code=407, times=None)
    await home.pass_time(3 * 3600, step=300)
    assert home.state(power).state == STATE_UNAVAILABLE
    assert "recovered" not in caplog.text
    fusionsolar.faults.clear()
    await home.pass_time(3600, step=300)
    assert home.state(power).state != STATE_UNAVAILABLE
    assert caplog.text.count("readings data recovered") == 1


@pytest.mark.parametrize("fusionsolar", ["installer"], indirect=True)
async def test_an_installers_site_costs_fifteen_calls_a_cycle(
    fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """200 plants with 1500 devices: the lists, one cycle, entities; then fifteen calls per five minutes."""
    entry = account_entry(fusionsolar, "fusionsolar_account")
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    first = Counter(call.path.rsplit("/")[-1] for call in fusionsolar.calls)
    assert first["login"] == 1
    assert first["stations"] == 2
    assert sum(first.values()) <= 1 + 2 + 2 + 15 + 4, first

    await home.pass_time(400, step=40)
    lists = Counter(call.path.rsplit("/")[-1] for call in fusionsolar.calls)
    assert lists["getDevList"] == 2
    registry = er.async_get(home.hass)
    listed = er.async_entries_for_config_entry(registry, entry.entry_id)
    plants = {each.unique_id for each in listed if "_pv_energy_total" in each.unique_id}
    assert len(plants) >= 200

    fusionsolar.calls.clear()
    await home.pass_time(360, step=40)
    buckets = Counter(call.path.rsplit("/")[-1] for call in fusionsolar.calls)
    cycles = buckets["getStationRealKpi"] / 2
    assert 1 <= cycles <= 2
    assert abs(buckets["getDevRealKpi"] - 13 * cycles) <= 13
    assert buckets.keys() <= {
        "getStationRealKpi",
        "getDevRealKpi",
        "getKpiStationDay",
        "getAlarmList",
    }
    assert fusionsolar.violations == {}


async def test_a_revoked_consent_is_asked_for_once(
    visitor: Visitor, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """The entry and its entities stay; a new consent mends it."""
    await consented(visitor, fusionsolar)
    entry = added(home.hass)
    await home.pass_time(600)
    fusionsolar.revoke()
    fusionsolar.calls.clear()
    await home.pass_time(12 * 3600, step=900)
    await home.restart(entry)
    await home.pass_time(3600, step=300)
    assert reauths(home.hass) == 1
    assert len(fusionsolar.calls) <= 14 * 12
    asked = len(fusionsolar.calls)
    assert home.known(key(fusionsolar, None, "pv_energy_total"))

    (visitor.result,) = home.hass.config_entries.flow.async_progress()
    await visitor.look()
    assert visitor.at("reauth_consent"), visitor.result
    assert visitor.result["data_schema"] == []
    await visitor.answer()
    assert visitor.result["step_id"] == "consent"
    redirect = visitor.redirect
    await visitor.answer(next_step_id="paste")
    await visitor.answer(code=fusionsolar.consent(redirect))
    assert visitor.result["reason"] == "reauth_successful", visitor.result
    await home.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert home.value(key(fusionsolar, None, "pv_energy_total")) > 0
    assert asked <= 30, asked


@pytest.mark.parametrize("fusionsolar", ["unauthorized"], indirect=True)
async def test_e24_a_plant_without_its_owners_permission_does_not_take_the_others(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """A repair says who must allow it; it goes when that happened."""
    await home.pass_time(900)
    assert repairs(home.hass).keys() == {"owner_permission_missing"}
    assert home.value(key(fusionsolar, None, "pv_power")) > 0
    shed = fusionsolar.plants[1]
    assert not home.known(f"fusionsolar_{shed.code}_pv_power")
    shed.authorized = True
    await home.pass_time(3 * 3600, step=300)
    assert home.value(f"fusionsolar_{shed.code}_pv_power") > 0
    assert not repairs(home.hass)


async def test_e24_a_permission_withdrawn_keeps_the_energies(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """The owner's change of mind is no matter of credentials."""
    await home.pass_time(900)
    before = home.value(key(fusionsolar, None, "pv_energy_total"))
    fusionsolar.plant.authorized = False
    await home.pass_time(3 * 3600, step=300)
    assert "owner_permission_missing" in repairs(home.hass)
    assert not reauths(home.hass)
    assert home.value(key(fusionsolar, None, "pv_energy_total")) >= before
    assert home.state(key(fusionsolar, None, "pv_power")).state == STATE_UNAVAILABLE
    fusionsolar.plant.authorized = True
    await home.pass_time(2 * 3600, step=300)
    assert home.value(key(fusionsolar, None, "pv_power")) > 0
    assert not repairs(home.hass)
    assert fusionsolar.violations == {}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_e23_a_forbidden_interface_leaves_the_rest_working(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """One kind of device is silent, a repair names the interface."""
    await home.pass_time(900)
    rule = fusionsolar.fault(
        "getDevRealKpi", code=401, where={"devTypeId": HOME_BATTERY}, times=None
    )
    battery = fusionsolar.first(HOME_BATTERY)
    await home.pass_time(3600, step=300)
    assert repairs(home.hass)["interface_denied"]["interface"] == "getDevRealKpi"
    assert (
        home.state(key(fusionsolar, battery, "battery_soc")).state == STATE_UNAVAILABLE
    )
    assert home.value(key(fusionsolar, None, "grid_import_energy_total")) > 0
    assert home.value(key(fusionsolar, None, "pv_power")) > 0
    assert not reauths(home.hass)
    fusionsolar.faults.remove(rule)
    await home.pass_time(2 * 3600, step=300)
    assert home.value(key(fusionsolar, battery, "battery_soc")) > 0
    assert not repairs(home.hass)


@pytest.mark.parametrize("fusionsolar", ["odd-devices"], indirect=True)
async def test_e29_devices_nobody_knows_still_show_the_plant(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """A repair says that none has live data."""
    await home.pass_time(900)
    assert repairs(home.hass).keys() == {"no_readable_devices"}
    assert home.value(key(fusionsolar, None, "load_energy_today")) > 0


async def test_a_device_without_values_is_not_called_offline(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """The dongle has none; inverter, battery and meter say whether they report."""
    await home.pass_time(900)
    for device in fusionsolar.plant.devices:
        online = key(fusionsolar, device, "online")
        assert home.known(online, "binary_sensor") == device.readable
        if device.readable:
            assert home.state(online, "binary_sensor").state == "on"


@pytest.mark.parametrize("body", ["null", "html", "list", "truncated", "disconnect"])
async def test_e31_broken_answers_pass_without_a_trace(
    entry: MockConfigEntry,
    fusionsolar: FusionSolarCloud,
    home: Home,
    body: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Two polls long: values stay, nobody signs in, and all is well after."""
    before = home.value(key(fusionsolar, None, "pv_energy_total"))
    rule = fusionsolar.fault("*", body=body, times=None)
    await home.pass_time(600)
    fusionsolar.faults.remove(rule)
    assert home.value(key(fusionsolar, None, "pv_energy_total")) >= before
    await home.pass_time(900)
    assert home.value(key(fusionsolar, None, "pv_power")) > 0
    assert not reauths(home.hass)
    assert not repairs(home.hass)
    assert fusionsolar.calls.count("thirdData/login") == 1
    assert "Traceback" not in caplog.text


async def test_a_changed_password_is_asked_for_without_locking_the_account(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """Five wrong ones would."""
    fusionsolar.account.password = "another"
    fusionsolar.kill_session()
    await home.pass_time(6 * 3600, step=300)
    await home.restart(entry)
    await home.pass_time(1800, step=300)
    assert reauths(home.hass) == 1
    assert fusionsolar.account.locked_until == 0
    assert fusionsolar.calls.count("thirdData/login") <= 4
    flow = Flow(home.hass, home.hass.config_entries.flow.async_progress()[0], [])
    await flow.submit(password="another")
    assert flow.reason == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED


async def correct(
    home: Home, entry: MockConfigEntry, device: str, **correction: object
) -> None:
    """Correct a meter in the options."""
    options = home.hass.config_entries.options
    result = await options.async_init(entry.entry_id)
    result = await options.async_configure(result["flow_id"], {"next_step_id": "meter"})
    await options.async_configure(result["flow_id"], {"device": device, **correction})
    await home.hass.async_block_till_done(wait_background_tasks=True)
    await home.pass_time(900)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_e32_the_owner_corrects_a_meter(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """Direction and unit change what is published, of the meter and of its plant; and back."""
    fusionsolar.plant.site.override_load(12_000)
    await home.pass_time(900)
    meter = fusionsolar.first(POWER_SENSOR)
    shown = home.value(key(fusionsolar, meter, "grid_power"))
    assert shown == pytest.approx(fusionsolar.plant.site.powers().grid, abs=400)
    imported, exported = (
        home.value(key(fusionsolar, meter, f"grid_{way}_energy_total"))
        for way in ("import", "export")
    )
    assert shown > 1000
    assert meter.serial is None

    await correct(home, entry, meter.dn, swap_direction=True, unit="as_documented")
    assert home.value(key(fusionsolar, meter, "grid_power")) < -1000
    assert home.value(key(fusionsolar, None, "grid_power")) < -1000
    assert abs(imported - exported) > 100

    await correct(home, entry, meter.dn, swap_direction=False, unit="kilowatt")
    assert home.value(key(fusionsolar, meter, "grid_power")) > 1_000_000

    await correct(home, entry, meter.dn, swap_direction=False, unit="watt")
    assert 1000 < home.value(key(fusionsolar, meter, "grid_power")) < 20_000
    assert fusionsolar.violations == {}


async def test_a_days_limit_is_told_with_the_time_it_ends(
    entry: MockConfigEntry, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """Code 20618: the repair stays, with one and the same time, until reading goes on by itself."""
    fusionsolar.fault("getDevRealKpi", code=20618)
    told = set()
    while "daily_limit" not in repairs(home.hass):
        await home.pass_time(300)
    while "daily_limit" in (shown := repairs(home.hass)):
        told.add(shown["daily_limit"]["until"])
        before = dt_util.utcnow()
        await home.pass_time(900)
    assert len(told) == 1
    ends = datetime.fromisoformat(told.pop())
    assert (
        before
        <= ends + timedelta(minutes=1)
        <= dt_util.utcnow() + timedelta(minutes=15)
    )
    await home.pass_time(900)
    assert entry.state is ConfigEntryState.LOADED
    assert role(home, "fusionsolar", fusionsolar.plant.code, "pv_energy_total") > 0


async def test_a_report_tells_of_the_plant_but_not_whose_it_is(
    entry: MockConfigEntry, home: Home
) -> None:
    """Its size and the day of its connection; place and person are masked."""
    report = await async_get_config_entry_diagnostics(home.hass, entry)
    (lists,) = (
        each["answer"]["data"]["list"]
        for each in report["answers"]
        if each["path"].endswith("/stations")
    )
    (plant,) = lists
    assert plant["capacity"] == 9.9
    assert plant["gridConnectionDate"] == "2023-03-14T00:00:00+01:00"
    assert plant["plantAddress"] == "address_1"
    assert {plant["latitude"], plant["longitude"]} == {"coordinate_1", "coordinate_2"}
    assert plant["plantName"].startswith("name_")
    assert plant["contactPerson"].startswith("name_")
