"""What an assistant learns of plants through Home Assistant's own API for language models, of the homes of all vendors."""

from datetime import datetime, timedelta
import json
from typing import Any

import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.solar_cloud.backfill.rows import Row
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.llm import async_get_tools
from custom_components.solar_cloud.statistics import recorder
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.llm import ToolInput, selector_serializer
from homeassistant.util import dt as dt_util

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import Kind, SolaxCloud
from .emulators.sungrow import SungrowCloud
from .helpers.accounts import demo_entry, repairs
from .helpers.assistant import READING, Assistant, RefusedError
from .helpers.home import POLL, Home, solax_id
from .helpers.past import live

type HomeCloud = SolaxCloud | SungrowCloud | FusionSolarCloud

EVERY_VENDOR = pytest.mark.parametrize(
    "sign_in", ["solax", "sungrow_account", "fusionsolar_oauth"], indirect=True
)
LATELY = 15
"""Minutes that a value may be old when it is the newest that a cloud shows."""
UPLOAD_KWH = 0.8
"""What a roof makes in the minutes by which a cloud may be behind, and a counter's last digit."""


@pytest.fixture
async def assistant(running: MockConfigEntry, home: Home) -> Assistant:
    """An assistant to which everything of the SolaX home is exposed."""
    await home.pass_time(POLL)
    return await Assistant.of(home)


def only(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of the only plant."""
    (plant,) = answer["plants"]
    assert isinstance(plant, dict)
    return plant


@EVERY_VENDOR
async def test_each_tool_tells_of_the_home_of_each_vendor(
    recorder_mock: Recorder, home: Home, cloud: HomeCloud, sign_in: str
) -> None:
    """Now, over an hour, with surplus and with nothing missing: in few words, with units and times, and true to the world; nothing is asked."""
    cloud.plant.site.set_soc(1.0)
    await home.start(await demo_entry(home, cloud, sign_in))
    await live(home, 1.5)
    assistant = await Assistant.of(home)
    calls = len(cloud.calls)
    answers = {
        tool: await assistant.ask(tool, **asked) for tool, asked in READING.items()
    }
    hour = await assistant.ask(
        "get_energy_of_period", start="2026-06-15T12:30", end="2026-06-15T13:30"
    )
    assert len(cloud.calls) == calls
    assert all(len(json.dumps(each)) < 1500 for each in answers.values())

    now = only(answers["get_energy_now"])
    at = datetime.fromisoformat(now.get("measured_at") or now["read_at"])
    assert at.utcoffset() == timedelta(hours=2)
    assert now["minutes_old"] == round((dt_util.utcnow() - at).total_seconds() / 60)
    assert now["minutes_old"] <= LATELY
    seen = dt_util.utcnow().timestamp()
    past = [cloud.plant.site.powers(seen - 60 * n) for n in range(2 * LATELY)]
    for key, truths in {
        "produced": [each.pv for each in past],
        "sold": [max(0.0, -each.grid) for each in past],
        "charged": [max(0.0, -each.battery) for each in past],
    }.items():
        assert min(truths) - 60 <= now["power_w"][key] <= max(truths) + 60, key
    assert now["power_w"]["bought"] == now["power_w"]["discharged"] == 0
    assert now["power_w"]["produced"] > 2000
    assert now["battery_percent"] == pytest.approx(100, abs=2)
    assert now["today_kwh"]["produced"] > now["today_kwh"]["sold"] > 0

    told = only(hour)
    first = datetime.fromisoformat(told["start"]).timestamp()
    last = datetime.fromisoformat(told["end"]).timestamp()
    assert last - first == 3600
    began, ended = (cloud.plant.site.truth(each) for each in (first, last))
    assert told["energy_kwh"]["produced"] == pytest.approx(
        ended.pv - began.pv, abs=UPLOAD_KWH
    )
    assert told["energy_kwh"]["produced"] > 2
    assert told["energy_kwh"]["sold"] == pytest.approx(
        ended.grid_export - began.grid_export, abs=UPLOAD_KWH
    )
    assert "counted_since" not in told
    today = only(answers["get_energy_of_period"])
    assert today["energy_kwh"]["produced"] > told["energy_kwh"]["produced"]
    assert today["start"] == "2026-06-15T00:00:00+02:00"
    assert today["counted_since"] == "2026-06-15T12:00:00+02:00"

    surplus = only(answers["check_surplus"])
    assert surplus["enough"] == "yes"
    assert surplus["surplus_w"] == now["power_w"]["sold"]
    assert surplus["sunset"].startswith("2026-06-15T21:")
    assert any("last hour" in each for each in surplus["assumes"])

    why = answers["explain_missing_values"]
    (account,) = why["accounts"]
    assert (account["loaded"], account["cloud_gives_values"]) == (True, True)
    assert account["problems"] == []
    assert only(why)["silent_devices"] == []
    assert only(why)["live"]


async def test_a_model_is_told_of_what_is_exposed_and_of_nothing_else(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """No tool where nothing is; a value only by its own entity, also of the past; no plant by what its vendor calls it."""
    await home.pass_time(POLL)
    assistant = await Assistant.of(home, "_nothing")
    assert await assistant.offered() == set()
    assistant.expose("_pv_power")
    assert await assistant.offered() == READING.keys()
    now = only(await assistant.ask("get_energy_now"))
    assert now["power_w"].keys() == {"produced"}
    assert now["today_kwh"] == {}
    assert "battery_percent" not in now
    surplus = only(await assistant.ask("check_surplus", energy_kwh=1))
    assert surplus["enough"] == "unknown"
    assert "not exposed" in surplus["why"]
    solax.fault(http=503, times=None)
    await home.pass_time(3000)
    _, plant = await why(assistant)
    assert [each["values"] for each in plant["missing_values"]] == [["pv_power"]]
    api = await assistant.api()
    assert "solar_cloud tools" in api.api_prompt
    assert async_get_tools(home.hass, api.llm_context, "another") is None
    assistant.expose("_pv_power", shown=False)
    assert await assistant.offered() == set()
    for tool, asked in READING.items():
        offered = next(each for each in api.tools if each.name.endswith(tool))
        result = await api.async_call_tool(
            ToolInput(offered.name, asked)  # chosen before all was hidden
        )
        assert result.error
        assert "exposed" in str(result.data["error"])


async def test_a_plant_is_named_by_its_user_or_by_a_number(
    assistant: Assistant, running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What its vendor calls it may be its owner's name or address: a model may ask for it so, and is not told."""
    device = home.device(solax.plant.plant_id, running)
    assert device is not None
    assert device.name
    for name in ("plant 1", "Plant 1 ", device.name, device.name.upper()):
        told = await assistant.ask("get_energy_now", plant=name)
        assert only(told)["plant"] == "plant 1"
        assert device.name not in str(told)
    with pytest.raises(RefusedError, match="There is: plant 1$"):
        await assistant.ask("get_energy_now", plant="Elsewhere")
    dr.async_get(home.hass).async_update_device(device.id, name_by_user="Roof")
    assert only(await assistant.ask("get_energy_now", plant="roof"))["plant"] == "Roof"


@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_of_many_plants_some_are_listed_and_all_added_up(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A model reads word by word: ten plants are enough, and the sum is no matter of its arithmetic."""
    assistant = await Assistant.of(home, "_pv_power", "_pv_energy_today")
    told = await assistant.ask("get_energy_now")
    assert (len(told["plants"]), told["plants_not_listed"]) == (10, 2)
    shown = [home.value(f"solax_{each.plant_id}_pv_power") for each in solax.plants]
    assert told["all_plants"]["power_w"]["produced"] == pytest.approx(sum(shown), abs=6)
    one_of_them = told["plants"][7]["plant"]
    alone = await assistant.ask("get_energy_now", plant=one_of_them)
    assert only(alone) == told["plants"][7]
    assert "all_plants" not in alone
    solax.set_online(False, solax.plants[11].devices[0].sn)
    await home.pass_time(2400)
    why = await assistant.ask("explain_missing_values")
    assert why["plants_not_listed"] == 2
    assert why["plants"][0]["silent_devices"], "what is wrong comes first"


async def test_whether_an_appliance_runs_on_surplus(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """By what is sold, else by what the battery would take; a house that buys has none."""
    assistant = await Assistant.of(home)
    answers: tuple[tuple[float, float, dict[str, float], str], ...] = (
        (1.0, 500, {"energy_kwh": 4}, "yes"),
        (1.0, 500, {"energy_kwh": 4, "within_hours": 2}, "yes"),
        (1.0, 500, {"energy_kwh": 25, "within_hours": 2}, "no"),
        (0.2, 500, {"energy_kwh": 8, "within_hours": 2}, "if_battery_waits"),
        (0.2, 12_000, {"energy_kwh": 0.5}, "no"),
    )
    for soc, load, asked, enough in answers:
        solax.plant.site.set_soc(soc)
        solax.plant.site.change(load_w=load)
        await home.pass_time(2 * POLL)
        told = only(await assistant.ask("check_surplus", **asked))
        assert told["enough"] == enough, asked
        assert told["expected_kwh"] == pytest.approx(
            told["surplus_w"] * told["hours_counted"] / 1000, rel=0.02
        )
        assert told["hours_counted"] == asked.get("within_hours", told["hours_counted"])


async def test_what_comes_out_of_the_battery_is_no_surplus(
    assistant: Assistant, solax: SolaxCloud, home: Home
) -> None:
    """A battery that is emptied into the grid is empty soon: the sun sells what is beyond that."""
    for key, power in (("grid_power", -3000), ("battery_power", 2400)):
        entity_id = home.entity_id(solax_id(solax, None, key))
        home.hass.states.async_set(entity_id, str(power), {"unit_of_measurement": "W"})
    told = only(await assistant.ask("check_surplus", energy_kwh=1, within_hours=1))
    assert (told["surplus_w"], told["enough"]) == (600, "no")


async def test_old_values_and_the_night_promise_no_surplus(
    assistant: Assistant, solax: SolaxCloud, home: Home
) -> None:
    """What is too old to be called live is no answer; after sunset there is none, whatever was sold before."""
    solax.set_online(False)
    await home.pass_time(2400)
    told = only(await assistant.ask("check_surplus", energy_kwh=1))
    assert told["enough"] == "unknown"
    assert "new enough" in told["why"]
    assert told["minutes_old"] >= 35
    solax.set_online(True)
    await home.pass_time(timedelta(hours=13), step=1800)
    await home.pass_time(2 * POLL)
    told = only(await assistant.ask("check_surplus", energy_kwh=0.1))
    assert (told["enough"], told["hours_counted"]) == ("no", 0)


PERIODS: tuple[tuple[dict[str, str], str, str | None], ...] = (
    ({}, "2026-06-15", None),
    ({"period": "yesterday"}, "2026-06-14", "2026-06-15"),
    ({"period": "this_week"}, "2026-06-15", None),
    ({"period": "last_week"}, "2026-06-08", "2026-06-15"),
    ({"period": "this_month"}, "2026-06-01", None),
    ({"period": "last_month"}, "2026-05-01", "2026-06-01"),
    ({"period": "this_year"}, "2026-01-01", None),
    ({"period": "last_year"}, "2025-01-01", "2026-01-01"),
    ({"start": "2026-06-01", "end": "2026-06-02"}, "2026-06-01", "2026-06-03"),
    ({"start": "2026-06-01", "end": "2030-01-01"}, "2026-06-01", None),
    ({"start": "0001-01-01"}, "1970-01-01", None),
)
"""What is asked for, the first day, and the one after the last; none is now."""
NO_PERIODS = (
    ({"start": "yesterday evening"}, "is no ISO 8601"),
    ({"start": "2026-13-01"}, "is no ISO 8601"),
    ({"start": "2026-06-14", "end": "9999-12-31"}, "is no ISO 8601"),
    ({"start": "2026-06-15", "end": "2026-06-14"}, "begin before it ends"),
    ({"start": "2026-06-16"}, "before now"),
    ({"end": "2026-06-14"}, "the start"),
)


async def test_periods_are_the_plants_days(
    recorder_mock: Recorder, running: MockConfigEntry, home: Home
) -> None:
    """The last day is included, the future is not; a past that nobody recorded is missing, not zero; what is no period is said."""
    assistant = await Assistant.of(home)
    for asked, first, last in PERIODS:
        told = only(await assistant.ask("get_energy_of_period", **asked))
        assert told["start"].startswith(first), asked
        end = datetime.fromisoformat(told["end"])
        if last is None:
            assert end == dt_util.utcnow().replace(microsecond=0), asked
        else:
            assert end.replace(tzinfo=None) == datetime.fromisoformat(last), asked
        assert told["energy_kwh"] == {}
        assert "produced" in told["missing"]
    assistant.expose("_energy_total", "_energy_today", shown=False)
    assistant.expose("_pv_energy_today")
    told = only(await assistant.ask("get_energy_of_period"))
    assert told["missing"] == ["produced"]
    for asked, reason in NO_PERIODS:
        with pytest.raises(RefusedError, match=reason):
            await assistant.ask("get_energy_of_period", **asked)


async def test_a_few_seconds_lose_no_hour(
    recorder_mock: Recorder, running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The recorder takes whatever begins in the minute 0 for a full hour, of which it then has no row."""
    assistant = await Assistant.of(home)
    await live(home, 0.2)
    counter = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    metadata = await recorder.async_expected_metadata(home.hass, [counter])
    day = datetime(2026, 6, 14, tzinfo=dt_util.get_default_time_zone()).timestamp()
    hours = [Row(day + 3600 * n, 100.0 + n, float(n)) for n in range(24)]
    recorder.write(home.hass, metadata[counter], hours)
    await async_wait_recording_done(home.hass)
    for start in ("2026-06-14T10:00", "2026-06-14T10:00:30"):
        told = await assistant.ask(
            "get_energy_of_period", start=start, end="2026-06-14T13:00"
        )
        assert only(told)["energy_kwh"]["produced"] == 3, start


async def test_without_a_recorder_the_past_is_not_known(assistant: Assistant) -> None:
    """And is said not to be."""
    with pytest.raises(RefusedError, match="records nothing"):
        await assistant.ask("get_energy_of_period")


# Why a value is missing


async def why(assistant: Assistant) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is told of the only account, and of the only plant."""
    told = await assistant.ask("explain_missing_values")
    (account,) = told["accounts"]
    return account, only(told)


async def test_a_silent_device_is_named_with_its_last_report(
    assistant: Assistant, solax: SolaxCloud, home: Home
) -> None:
    """By what it is, never by its serial; the others are not."""
    solax.turn(offline_rows="missing")
    solax.set_online(False, solax.first(Kind.CHARGER).sn)
    last = solax.plant.site.last_upload(solax.first(Kind.CHARGER).sn)
    await home.pass_time(2400)
    _, plant = await why(assistant)
    (silent,) = plant["silent_devices"]
    assert (silent["device"], silent["why"]) == ("charger", "offline")
    at = datetime.fromisoformat(silent["last_report"]).timestamp()
    assert last is not None
    assert at == pytest.approx(last, abs=300)
    (missing,) = [each for each in plant["missing_values"] if each["of"] == "charger"]
    assert "charger_power" in missing["values"]
    assert "silent" in missing["why"]
    assert plant["live"]


async def test_a_cloud_that_does_not_answer_is_the_reason(
    assistant: Assistant, solax: SolaxCloud, home: Home
) -> None:
    """With what it said, since when, and when it is asked again; after a restart, too."""
    account, _ = await why(assistant)
    since = account["last_success"]
    assert "last_error" not in account
    solax.fault(http=503, times=None)
    await home.pass_time(3000)
    account, plant = await why(assistant)
    assert not account["cloud_gives_values"]
    assert account["last_error"] == "server_error"
    assert account["reason"] == "The cloud has an internal error."
    assert since <= account["last_success"] < account["next_poll"]
    assert not plant["live"]
    first = plant["missing_values"][0]
    assert first["of"] == "plant"
    assert {"pv_power", "grid_power"} <= {*first["values"]}
    assert "The cloud gives no values" in first["why"]
    now = only(await assistant.ask("get_energy_now"))
    assert now["power_w"] == {}
    assert "pv_power" in now["missing"]

    (entry,) = home.hass.config_entries.async_entries(DOMAIN)
    await home.hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    told = await assistant.ask("explain_missing_values")
    (account,) = told["accounts"]
    assert (account["loaded"], account["state"]) == (False, "setup_retry")
    assert account["last_error"] == "server_error"
    with pytest.raises(RefusedError, match="explain_missing_values"):
        await assistant.ask("get_energy_now")


async def test_permission_calls_and_credentials_are_the_reason(
    assistant: Assistant, solax: SolaxCloud, home: Home
) -> None:
    """As the repairs name them, without the account's name."""
    solax.withdraw("API_EVC_V2", "API_Telemetry_V2")
    await home.pass_time(1200)
    account, _ = await why(assistant)
    (problem,) = account["problems"]
    assert problem["problem"] == "permission_missing"
    assert "Data Monitoring Service" in problem["permission"]
    solax.authorise("API_EVC_V2", "API_Telemetry_V2")
    solax.turn(per_day=0)
    await home.pass_time(3600, step=300)
    account, _ = await why(assistant)
    assert "daily_quota_exhausted" in str(account)
    assert isinstance(account["calls_left"], int)
    assert account["calls_reset"]
    solax.turn(per_day=1_000_000)
    await home.pass_time(7200, step=600)
    solax.rotate_secret()
    solax.steal_token()
    await home.pass_time(3600, step=300)
    account, _ = await why(assistant)
    assert account["sign_in_needed"]


async def test_a_reason_names_neither_servers_nor_other_accounts(
    sungrow: SungrowCloud, home: Home
) -> None:
    """What a repair shows its reader is more than a model is told; a plant that two accounts read is told of once."""
    first = await demo_entry(home, sungrow, "sungrow_account")
    second = await demo_entry(home, sungrow, "sungrow_oauth")
    object.__setattr__(second, "unique_id", "sungrow_demo_2")
    await home.start(first)
    await home.start(second)
    assistant = await Assistant.of(home)
    only(await assistant.ask("get_energy_now"))
    sungrow.fault(http=410, times=None)
    await home.pass_time(1800, step=300)
    assert "127.0.0.1" in str(repairs(home.hass)["interface_closed"])
    account, _ = await why(assistant)
    assert account["last_error"] == "interface_closed"
    assert "reason" not in account
    assert account["problems"] == [{"problem": "interface_closed", "status": "410"}]


async def test_a_setting_that_cannot_be_asked_for_is_explained(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """It is no fault, and it does not hide the values that are missing."""
    entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(
        entry, options={"excluded_plants": [], "controls": True}
    )
    await home.start(entry)
    await home.pass_time(POLL)
    assistant = await Assistant.of(home)
    account, plant = await why(assistant)
    assert account["changing_settings_allowed"]
    missing = {
        value: each["why"]
        for each in plant["missing_values"]
        for value in each["values"]
    }
    assert "did not tell how it is set" in missing["battery_min_soc"]
    assert not {"last_command", "forced_mode_ends", "refresh"} & missing.keys()


async def test_every_model_can_read_what_a_tool_takes(assistant: Assistant) -> None:
    """Plain objects of plain fields, as all services of models take them; said to read only."""
    for tool in (await assistant.api()).tools:
        if tool.integration == DOMAIN:
            form = probatio.to_openapi(
                tool.parameters, custom_serializer=selector_serializer
            )
            assert form.keys() <= {
                *("type", "properties", "required", "additionalProperties")
            }
            assert tool.description
            assert tool.annotations.read_only
