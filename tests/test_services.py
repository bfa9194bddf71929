"""Actions and buttons of the past: who may, what comes back, and what is said when it cannot be."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.statistics import recorder
from homeassistant.components import persistent_notification
from homeassistant.components.recorder import Recorder
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers.template import Template
from homeassistant.util import dt as dt_util

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import Kind, SolaxCloud
from .emulators.solax.plant import Tariff
from .helpers.accounts import account_entry
from .helpers.home import Home, solax_id
from .helpers.past import live


async def act(home: Home, action: str, *, answers: bool = True, **data: Any) -> Any:
    """Run an action of ours."""
    return await home.hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=answers
    )


def device_id(home: Home, entry: MockConfigEntry, identifier: str) -> str:
    """Return what Home Assistant calls a device."""
    device = home.device(identifier, entry)
    assert device
    return device.id


async def test_the_past_of_a_device_can_be_looked_at(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """In our names and units; what cannot be asked for is said so."""
    await home.start(entry)
    inverter = device_id(home, entry, solax.first(Kind.INVERTER).sn)
    start = datetime(2026, 6, 14, 4, tzinfo=UTC)
    answer = await act(
        home,
        "get_history",
        device_id=inverter,
        start=start,
        end=start + timedelta(hours=20),
    )
    readings = answer["readings"]
    assert 200 < len(readings) <= 241
    assert readings[0]["measured_at"].startswith("2026-06-14T04:0")
    assert readings[0]["values"]["pv_energy_total"] > 1000
    assert [each["measured_at"] for each in readings] == sorted(
        each["measured_at"] for each in readings
    )
    today = await act(
        home,
        "get_history",
        device_id=inverter,
        start=datetime.now(UTC) - timedelta(hours=1),
    )
    assert today["readings"]

    assert today["missing"] == []
    assert today["continue_at"] is None

    hour: dict[str, Any] = {"device_id": inverter, "start": start, "interval": "hour"}
    with pytest.raises(ServiceValidationError, match="end after the start"):
        await act(home, "get_history", **hour, end=start - timedelta(hours=1))
    with pytest.raises(ServiceValidationError, match="`colour`"):
        await act(home, "get_history", **hour, points=["colour"])
    raw = await act(home, "get_history", **hour, points=["gridPower"])
    assert raw["units"] == {"gridPower": "W"}
    assert all(each["values"].keys() == {"gridPower"} for each in raw["readings"])
    plant = device_id(home, entry, solax.plant.plant_id)
    with pytest.raises(ServiceValidationError, match="longer interval"):
        await act(home, "get_history", device_id=plant, start=start)
    solax.fault("history_data", code=10403, times=None)
    with pytest.raises(HomeAssistantError, match="Data Monitoring Service"):
        await act(home, "get_history", device_id=inverter, start=start)


async def test_an_account_with_nothing_to_tell_spoils_no_other(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry, fusionsolar: FusionSolarCloud
) -> None:
    """One question about the plants of two vendors: what one of them keeps is told, what the other lacks is missing."""
    other = account_entry(fusionsolar, "fusionsolar_account")
    await home.start(entry)
    await home.start(other)
    inverter = device_id(home, entry, solax.first(Kind.INVERTER).sn)
    plant = device_id(home, other, next(iter(other.runtime_data.inventory.data.plants)))
    start = datetime(2026, 6, 14, 8, tzinfo=UTC)
    answer = await act(
        home,
        "get_history",
        device_id=[plant, inverter],
        start=start,
        end=start + timedelta(hours=1),
    )
    assert {each["device_id"] for each in answer["readings"]} == {inverter}
    (missing,) = answer["missing"]
    assert (missing["device_id"], missing["reason"]) == (plant, "too_fine")


async def test_hours_of_several_devices_and_the_months_of_a_plant(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Energies are those of each interval, measurements its mean; a list that charts read, with units beside it."""
    solax.plant.tariff = Tariff("EUR", 0.3, 0.08)
    await home.start(entry)
    serial = solax.first(Kind.INVERTER).sn
    inverter, battery, meter, plant = (
        device_id(home, entry, key)
        for key in (
            serial,
            f"{serial}_battery",
            solax.first(Kind.METER).sn,
            solax.plant.plant_id,
        )
    )
    start = datetime(2026, 6, 14, 8, tzinfo=UTC)
    answer = await act(
        home,
        "get_history",
        device_id=[inverter, battery, meter],
        start=start,
        end=start + timedelta(hours=4),
        interval="hour",
        points=["pv_energy", "battery_soc", "grid_import_energy_total"],
    )
    assert answer["missing"] == []
    assert answer["units"] == {
        "battery_soc": "%",
        "grid_import_energy": "kWh",
        "pv_energy": "kWh",
    }
    rows = [each for each in answer["readings"] if each["device_id"] == inverter]
    assert [each["start"] for each in rows] == [
        f"2026-06-14T{hour}:00:00+02:00" for hour in range(10, 14)
    ]
    site = solax.plant.site
    for number, row in enumerate(rows):
        begin = start + timedelta(hours=number)
        flowed = site.truth(begin + timedelta(hours=1)).since(site.truth(begin))
        assert row["values"]["pv_energy"] == pytest.approx(flowed.pv, abs=0.25)
    charge = [each for each in answer["readings"] if each["device_id"] == battery]
    assert len(charge) == 4
    assert all(0 < each["values"]["battery_soc"] <= 100 for each in charge)

    answer = await act(
        home, "get_history", device_id=plant, start="2024-01-01", interval="month"
    )
    months = answer["readings"]
    assert [each["start"][:7] for each in months][-2:] == ["2026-05", "2026-06"]
    assert 12 <= len(months) <= 13
    assert months[0]["values"]["load_energy"] > 100
    assert months[0]["values"]["income"] > 10
    assert answer["units"]["income"] == "EUR"
    text = "{{ past.readings | map(attribute='values.pv_energy') | sum | round(3) }}"
    rendered = Template(text, home.hass).async_render({"past": answer})
    whole = sum(each["values"]["pv_energy"] for each in months)
    assert rendered == pytest.approx(whole, abs=0.001)
    (missing,) = answer["missing"]
    assert missing["reason"] == "too_old"
    assert (missing["start"], missing["device_id"]) == (
        "2024-01-01T00:00:00+01:00",
        plant,
    )


async def test_over_quota_the_history_is_partial_instead_of_an_error(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """It returns what came before the limit, which spans are missing, and when to go on."""
    await home.start(entry)
    inverter = device_id(home, entry, solax.first(Kind.INVERTER).sn)
    start = datetime(2026, 6, 13, tzinfo=UTC)
    solax.fault("history_data", code=10406, skip=1, times=None)
    answer = await act(
        home,
        "get_history",
        device_id=inverter,
        start=start,
        end=start + timedelta(days=1),
    )
    assert 100 < len(answer["readings"]) < 145
    assert answer["missing"] == [
        {
            "device_id": inverter,
            "start": dt_util.as_local(start).isoformat(),
            "end": dt_util.as_local(start + timedelta(hours=12)).isoformat(),
            "reason": "rate_limited",
        }
    ]
    at = dt_util.parse_datetime(answer["continue_at"])
    assert at
    assert timedelta() < at - dt_util.utcnow() <= timedelta(seconds=60)


@pytest.mark.parametrize("year", [1, 9999])
async def test_a_past_out_of_all_time_is_refused(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry, year: int
) -> None:
    """The first and the last day of the calendar are no span anybody can look at."""
    await home.start(entry)
    inverter = device_id(home, entry, solax.first(Kind.INVERTER).sn)
    usual = datetime(2026, 6, 14, 4, tzinfo=UTC)
    day = datetime(year, 12, 31, 23, 30) if year > 1 else datetime(1, 1, 1)
    spans: list[dict[str, Any]] = [{"start": day}, {"start": day, "end": usual}]
    if year == 1:  # who says 9999 wants all there is until now
        spans.append({"start": usual, "end": day})
    solax.calls.clear()
    for span in spans:
        with pytest.raises(ServiceValidationError) as err:
            await act(home, "get_history", device_id=inverter, **span)
        assert err.value.translation_key == "invalid_span"
    assert not solax.calls


@pytest.mark.parametrize("year", [1, 9999])
async def test_an_import_from_out_of_all_time_is_as_long_as_it_can_be(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    year: int,
) -> None:
    """Or as short: nothing breaks."""
    await home.start(entry)
    answer = await act(home, "import_history", start=f"{year:04}-12-31", dry_run=True)
    assert answer["plants"]
    answer = await act(home, "import_history", start=f"{year:04}-01-01", dry_run=True)
    assert answer["plants"]


async def test_refreshing_says_what_stands_in_the_way(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """As an action and as a button; both obey the limits."""
    await home.start(entry)
    home.hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await home.restart(entry)
    await home.pass_time(400)
    solax.calls.clear()
    await act(home, "refresh", answers=False)
    assert solax.calls
    button = home.entity_id(solax_id(solax, None, "refresh"), "button")
    solax.fault("*", code=10406, times=None)
    await home.pass_time(400)
    with pytest.raises(HomeAssistantError):
        await home.hass.services.async_call(
            "button", "press", {"entity_id": button}, blocking=True
        )


async def test_refreshing_says_when_it_may_next_do_something(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The action answers with the time, the button shows it; asked then, there is a call."""
    await home.start(entry)
    await home.pass_time(400)
    at = dt_util.parse_datetime((await act(home, "refresh"))["next_refresh"])
    assert at is not None
    button = home.entity_id(solax_id(solax, None, "refresh"), "button")
    press = ("button", "press", {"entity_id": button})
    await home.hass.services.async_call(*press, blocking=True)
    state = home.hass.states.get(button)
    assert state is not None
    assert state.attributes["next_refresh"] == at
    solax.calls.clear()
    home.freezer.move_to(at - timedelta(seconds=2))
    await act(home, "refresh")
    assert not solax.calls.of("device/realtime_data")
    home.freezer.move_to(at)
    await act(home, "refresh")
    assert solax.calls.of("device/realtime_data")


async def test_the_button_that_imports_says_what_it_began(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The import runs for hours: a notification says that it does, and where to look."""
    await home.start(entry)
    button = home.entity_id(solax_id(solax, None, "import_history"), "button")
    told: list[str] = []

    @callback
    def hear(
        _: persistent_notification.UpdateType,
        changed: dict[str, persistent_notification.Notification],
    ) -> None:
        told.extend(each["message"] for each in changed.values())

    persistent_notification.async_register_callback(home.hass, hear)
    press = ("button", "press", {"entity_id": button})
    await home.hass.services.async_call(*press, blocking=True)
    (message,) = told
    assert "Demo House" in message
    assert "Import progress" in message


async def test_only_administrators_import(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """E62: statistics are everybody's."""
    await home.start(entry)
    user = MockUser(groups=[]).add_to_hass(home.hass)
    with pytest.raises(Unauthorized):
        await home.hass.services.async_call(
            DOMAIN,
            "import_history",
            {},
            blocking=True,
            context=Context(user_id=user.id),
        )


async def test_an_import_begins_before_the_first_full_hour(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Right after set-up the button brings the past in, and says so; taken back, it can be planned again."""
    await home.start(entry)
    button = home.entity_id(solax_id(solax, None, "import_history"), "button")
    await home.hass.services.async_call(
        "button", "press", {"entity_id": button}, blocking=True
    )
    await home.settle()
    inverter = device_id(home, entry, solax.first(Kind.INVERTER).sn)
    answer = await act(home, "import_history", device_id=inverter)
    assert [plant["state"] for plant in answer["plants"]] == ["running"]
    await live(home, 0.2)
    assert [call for call in solax.calls if "history" in call.path]
    await act(home, "import_history", undo=True)
    (plant,) = (await act(home, "import_history", dry_run=True))["plants"]
    assert plant["state"] == "planned"
    assert plant["calls"] > 1000


async def test_a_vendor_without_a_past_is_told_apart(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Nothing is asked, neither of it nor of what is no device of a cloud."""
    await home.start(entry)
    inverter = device_id(home, entry, solax.first(Kind.INVERTER).sn)
    with (
        patch.object(entry.runtime_data.cloud, "history", None),
        pytest.raises(ServiceValidationError) as err,
    ):
        await act(home, "get_history", device_id=inverter, start="2026-06-14 04:00:00")
    assert err.value.translation_key == "no_history"
    assert not [call for call in solax.calls if "history" in call.path]


def test_only_what_a_counter_shows_in_numbers_can_be_joined_to(
    hass: HomeAssistant,
) -> None:
    """An entity that is gone, or waits for its first value, begins later."""
    kwh = {"unit_of_measurement": "kWh"}
    hass.states.async_set("sensor.asleep", "unknown", kwh)
    hass.states.async_set("sensor.awake", "2.5", kwh)
    shown = [
        recorder.five_minutes(hass, f"sensor.{name}")
        for name in ("gone", "asleep", "awake")
    ]
    assert [row and row.state for row in shown] == [None, None, 2.5]


async def test_without_a_recorder_there_is_no_past(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The action says so, the button is not available."""
    await home.start(entry)
    with pytest.raises(ServiceValidationError, match="recorder"):
        await act(home, "import_history")
    state = home.state(solax_id(solax, None, "import_history"), "button")
    assert state.state == "unavailable"


@pytest.mark.parametrize("solax", ["micro-only"], indirect=True)
async def test_where_only_days_exist_they_are_spread_and_marked(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A role that the plant's own total feeds has no finer past than the reports."""
    await home.start(entry)
    await live(home, 1.2)
    start = "2026-06-12"
    answer = await act(home, "import_history", start=start)
    for _ in range(40):
        if answer["plants"][0]["state"] == "done":
            break
        await home.settle()
        await home.pass_time(70, 70)
        answer = await act(home, "import_history", start=start)
    (plant,) = answer["plants"]
    assert plant["state"] == "done"
    kinds = {each["entity_id"]: each["resolution"] for each in plant["counters"]}
    assert set(kinds.values()) <= {"readings", "days"}
