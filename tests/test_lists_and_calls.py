"""Actions that list what there is and write the past to a file: what a user gets, and where nothing is written."""

from collections import Counter
import csv
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.solar_cloud.cloud.masking import Masks
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.services import export
from homeassistant.core import Context
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import Kind, SolaxCloud
from .emulators.sungrow import SungrowCloud
from .helpers.accounts import account_entry
from .helpers.home import Home, solax_entry
from .test_services import act, device_id

START = datetime(2026, 6, 14, 8, tzinfo=UTC)
END = START + timedelta(hours=2)


async def test_all_plants_and_devices_are_listed_with_what_they_can_do(
    home: Home, solax: SolaxCloud
) -> None:
    """As Home Assistant calls them, so that other actions take them; no serial is among it."""
    entry = solax_entry(solax, excluded_plants=[], controls=True)
    await home.start(entry)
    await home.pass_time(400)
    rows: list[dict[str, Any]] = (await act(home, "list_devices"))["devices"]
    plant, *devices = rows
    assert plant["kind"] == "plant"
    assert plant["name"] == "Demo House"
    assert plant["history"] == ["day", "month", "year"]
    by_kind = {each["kind"]: each for each in devices}
    assert by_kind.keys() == {"inverter", "battery", "meter", "charger"}
    assert {each["plant"] for each in devices} == {plant["device_id"]}
    inverter = by_kind["inverter"]
    assert inverter["device_id"] == device_id(
        home, entry, solax.first(Kind.INVERTER).sn
    )
    assert inverter["model"]
    assert inverter["rated_power"] == 10000
    assert inverter["live"]
    assert inverter["history"] == ["5minute", "hour", "day", "month", "year"]
    assert by_kind["battery"]["parent"] == inverter["device_id"]
    assert "charge_current_limit" in by_kind["charger"]["settings"]
    assert by_kind["charger"]["actions"] == ["reserve_charging"]
    told = json.dumps(rows)
    for device in solax.plant.devices:
        assert device.sn not in told
    assert solax.plant.plant_id not in told


async def test_every_point_of_a_device_is_listed(
    home: Home, sungrow: SungrowCloud
) -> None:
    """By the vendor's id, with its unit and the entity it feeds; asked itself, the cloud adds what no document names."""
    entry = account_entry(sungrow, "sungrow_account")
    await home.start(entry)
    await home.pass_time(400)
    inverter = next(
        each["device_id"]
        for each in (await act(home, "list_devices"))["devices"]
        if each["kind"] == "inverter"
    )
    listed = (await act(home, "list_points", device_id=inverter))["points"]
    points = {each["id"]: each for each in listed}
    assert len(points) > 80
    assert points["13003"]["quantity"] == "pv_power"
    assert points["13003"]["unit"] == "W"
    assert points["13003"]["entity_id"].startswith("sensor.")
    assert not points["13003"]["enabled"]  # the plant's is
    enabled = [each["entity_id"] for each in listed if each["enabled"]]
    assert enabled
    assert all(map(home.hass.states.get, enabled))
    assert "13999" not in points
    more = (await act(home, "list_points", device_id=inverter, ask_cloud=True))[
        "points"
    ]
    (foreign,) = [each for each in more if each["id"] not in points]
    assert foreign == {
        "id": "13999",
        "name": "直流总功率",
        "unit": "W",
        "quantity": None,
        "entity_id": None,
        "enabled": False,
    }
    assert len(more) == len(listed) + 1
    answer = await act(
        home,
        "get_history",
        device_id=inverter,
        start=START,
        end=END,
        points=["p13003", "13999"],
    )
    assert answer["units"] == {"13003": "W"}  # of the other there is nothing


async def test_what_reports_nothing_is_listed_too(
    home: Home, fusionsolar: FusionSolarCloud
) -> None:
    """A dongle has a model and a firmware, but no device in Home Assistant and no past; a plant has points."""
    entry = account_entry(fusionsolar, "fusionsolar_account")
    await home.start(entry)
    listed = (await act(home, "list_devices"))["devices"]
    by_kind = {each["kind"]: each for each in listed}
    plant, dongle = by_kind["plant"], by_kind["gateway"]
    assert dongle["device_id"] is None
    assert dongle["model"]
    assert dongle["history"] == []
    points = await act(home, "list_points", device_id=plant["device_id"])
    assert "total_power" in {each["id"] for each in points["points"]}


@pytest.fixture
async def past(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry, tmp_path: Path
) -> dict[str, Any]:
    """What is asked for, of a home that may write to one folder."""
    await home.start(entry)
    home.hass.config.allowlist_external_dirs = {str(tmp_path / "allowed")}
    (tmp_path / "allowed").mkdir()
    return {
        "device_id": device_id(home, entry, solax.first(Kind.INVERTER).sn),
        "start": START,
        "end": END,
        "interval": "hour",
        "points": ["pv_energy", "operating_state"],
    }


async def test_the_past_is_written_to_a_table_or_as_json(
    home: Home, past: dict[str, Any], tmp_path: Path
) -> None:
    """A row for each interval, a column for each quantity with its unit; what was there is replaced."""
    table = tmp_path / "allowed" / "solar.csv"
    table.write_text("old")
    answer = await act(home, "export", **past, path=str(table))
    assert answer == {"rows": 2, "missing": [], "continue_at": None}
    head, *rows = csv.reader(table.read_text().splitlines())
    assert head == ["device_id", "start", "operating_state", "pv_energy (kWh)"]
    assert [row[1] for row in rows] == [
        "2026-06-14T10:00:00+02:00",
        "2026-06-14T11:00:00+02:00",
    ]
    assert all(float(row[3]) > 0 for row in rows)
    plain = tmp_path / "allowed" / "solar.JSON"
    await act(home, "export", answers=False, **past, path=str(plain))
    assert json.loads(plain.read_text()) == await act(home, "get_history", **past)
    assert sorted(path.name for path in table.parent.iterdir()) == [
        "solar.JSON",
        "solar.csv",
    ]


async def test_a_file_stays_where_nothing_is_found(
    home: Home, past: dict[str, Any], tmp_path: Path
) -> None:
    """Of a time before the plant was there, or over the limits; the answer says that there are no rows."""
    table = tmp_path / "allowed" / "solar.csv"
    table.write_text("old")
    long_ago = {"start": "2019-06-14 00:00:00", "end": "2019-06-14 04:00:00"}
    answer = await act(home, "export", **(past | long_ago), path=str(table))
    assert answer["rows"] == 0
    assert table.read_text() == "old"


@pytest.mark.parametrize(
    "path",
    [
        "secret/solar.csv",
        "allowed/../secret/solar.csv",
        "allowed/link/solar.csv",
        "allowed/linked.csv",
        "secret/inward.csv",
        "allowed/none/solar.csv",
        "allowed/solar.yaml",
        "allowed/.csv",
        "allowed/folder.csv",
        "allowed/\0.csv",
    ],
)
async def test_nothing_is_written_where_home_assistant_may_not(
    home: Home, solax: SolaxCloud, past: dict[str, Any], tmp_path: Path, path: str
) -> None:
    """Neither by a way around nor through a link, and nothing that is no table or JSON; no call is spent on it."""
    allowed, secret = tmp_path / "allowed", tmp_path / "secret"
    secret.mkdir()
    (secret / "own.csv").write_text("mine")
    (allowed / "link").symlink_to(secret)
    (allowed / "linked.csv").symlink_to(secret / "own.csv")
    (allowed / "target.csv").write_text("ours")
    (secret / "inward.csv").symlink_to(allowed / "target.csv")
    (allowed / "folder.csv").mkdir()
    solax.calls.clear()
    with pytest.raises(ServiceValidationError) as err:
        await act(home, "export", **past, path=str(tmp_path / path))
    assert err.value.translation_key == "path_not_allowed"
    assert not solax.calls
    assert sorted(each.name for each in secret.iterdir()) == ["inward.csv", "own.csv"]
    assert (secret / "own.csv").read_text() == "mine"
    assert (secret / "inward.csv").is_symlink()


async def test_only_administrators_write_files(
    home: Home, past: dict[str, Any], tmp_path: Path
) -> None:
    """And no file is larger than anybody can use, or half written."""
    path = tmp_path / "allowed" / "solar.csv"
    user = MockUser(groups=[]).add_to_hass(home.hass)
    with pytest.raises(Unauthorized):
        await home.hass.services.async_call(
            DOMAIN,
            "export",
            {**past, "path": str(path)},
            blocking=True,
            context=Context(user_id=user.id),
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "MOST_ROWS", 1)
        with pytest.raises(ServiceValidationError, match="shorter span"):
            await act(home, "export", **past, path=str(path))
    assert not path.exists()
    too_long = path.with_name("x" * 300 + ".csv")
    with pytest.raises(ServiceValidationError):
        await act(home, "export", **past, path=str(too_long))


async def test_an_administrator_sees_what_the_cloud_answers(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """As it is, but for serials, names and ids; nobody else may, and nothing but reading is sent."""
    await home.start(entry)
    inverter = device_id(home, entry, solax.first(Kind.INVERTER).sn)
    asked: dict[str, Any] = {"call": "device/realtime_data", "device_id": inverter}
    answer = (await act(home, "call_api", **asked))["answer"]
    told = json.dumps(answer)
    (row,) = answer
    assert row["deviceSn"] == "inverter_1"
    assert isinstance(row["totalYield"], float)
    for device in solax.plant.devices:
        assert device.sn not in told
    listed: dict[str, Any] = {
        "call": "plant/page_plant_info",
        "parameters": {"businessType": 1},
    }
    plants = await act(home, "call_api", **listed)
    told = json.dumps(plants)
    assert "plant_1" in told
    assert solax.plant.plant_id not in told
    assert "Demo House" not in told

    solax.calls.clear()
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"call": "device/evc_control/set_evc_work_mode"}, "unknown_call"),
        ({**asked, "parameters": {"snList": "H3DEMO00000001"}}, "call_takes"),
        ({"call": "device/realtime_data"}, "call_needs"),
    ]
    for wrong, key in wrongs:
        with pytest.raises(ServiceValidationError) as err:
            await act(home, "call_api", **wrong)
        assert err.value.translation_key == key
    assert not solax.calls
    assert not solax.commands()
    solax.fault("page_plant_info", code=10403)
    with pytest.raises(HomeAssistantError, match="Information Access Service"):
        await act(home, "call_api", **listed)
    user = MockUser(groups=[]).add_to_hass(home.hass)
    with pytest.raises(Unauthorized):
        await home.hass.services.async_call(
            DOMAIN,
            "call_api",
            asked,
            blocking=True,
            context=Context(user_id=user.id),
            return_response=True,
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Masks, "leaks", lambda *_: Counter(["name"]))
        with pytest.raises(ServiceValidationError, match="masking"):
            await act(home, "call_api", **asked)
