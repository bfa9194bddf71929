"""Setting an account up, unloading, reloading and removing it; what outlives a restart."""

import ast
import asyncio
from base64 import b64encode
from copy import deepcopy
from dataclasses import replace
from functools import partial
import json
from pathlib import Path
import stat
import threading
from typing import Any, override
from unittest.mock import patch
import zlib

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components import solar_cloud
from custom_components.solar_cloud import storage
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.vendor import Clients
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.storage import (
    QUOTAS,
    STORES,
    AccountStorage,
    async_get_store,
    async_remove_store,
    get_quota,
)
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    entity_registry as er,
    issue_registry as ir,
    translation,
)
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError

from .emulators.solax import Kind, SolaxCloud
from .helpers.cutting import sections
from .helpers.home import Home, solax_entry, solax_id


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, Any]:
    """Return what the account's file holds."""
    return sections(hass_storage, entry.entry_id)


def state(entry: MockConfigEntry) -> ConfigEntryState:
    """Return how the entry is now."""
    return entry.state


def reason(entry: MockConfigEntry) -> str | None:
    """Return the key of what the user is told about a failed set-up."""
    return entry.error_reason_translation_key


async def test_an_account_is_set_up_and_unloaded(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Entities live and then are unavailable; nothing is polled any more."""
    await home.start(entry)
    assert state(entry) is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert await home.hass.config_entries.async_unload(entry.entry_id)
    assert state(entry) is ConfigEntryState.NOT_LOADED
    assert home.state(solax_id(solax, None, "pv_power")).state == "unavailable"
    solax.calls.clear()
    await home.pass_time(900)
    assert len(solax.calls) == 0


async def test_a_client_is_imported_outside_the_event_loop(
    entry: MockConfigEntry, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a while, in which nothing else would get its turn."""
    vendor, threads = VENDORS["solax"], list[int]()

    def clients() -> Clients:
        threads.append(threading.get_ident())
        return vendor.clients()

    monkeypatch.setitem(VENDORS, "solax", replace(vendor, clients=clients))
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    assert threads[0] != threading.get_ident()


async def test_a_home_costs_four_calls_in_five_minutes(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The plan of solax.md §5.3, and at most one in twelve for what can wait."""
    await home.start(entry)
    await home.pass_time(1200)
    solax.calls.clear()
    await home.pass_time(3000)
    assert 36 <= solax.calls.count("device/realtime_data") <= 40
    assert solax.calls.count("plant/realtime_data") <= 1
    assert len(solax.calls) <= 44


async def test_reloading_asks_for_no_token(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The session is the same, and still open."""
    await home.start(entry)
    for _ in range(3):
        await home.pass_time(120)
        await home.hass.config_entries.async_reload(entry.entry_id)
        await home.hass.async_block_till_done(wait_background_tasks=True)
        assert state(entry) is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert len(solax.token_calls) == 1


async def test_removing_an_account_leaves_nothing(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass_storage: dict[str, Any]
) -> None:
    """No file, no entity, no device, and a fresh start afterwards."""
    await home.start(entry)
    assert f"{DOMAIN}.{entry.entry_id}" in hass_storage
    await home.hass.config_entries.async_remove(entry.entry_id)
    await home.pass_time(120)
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]
    assert not er.async_entries_for_config_entry(
        er.async_get(home.hass), entry.entry_id
    )
    assert home.device(solax.plant.plant_id, entry) is None

    again = solax_entry(solax)
    await home.start(again)
    assert again.state is ConfigEntryState.LOADED
    assert len(solax.token_calls) == 2
    # What is counted from now on belongs to the new entry's file.
    await home.pass_time(120)
    assert stored(hass_storage, again)["quota"]["calls"]


async def test_a_start_deletes_files_of_accounts_that_are_not_there(
    entry: MockConfigEntry,
    home: Home,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed within the second after a set-up, Home Assistant has forgotten the entry, and its token lies on disk."""
    monkeypatch.setattr(
        storage,
        "stored_owners",
        lambda _: [each.removeprefix("solar_cloud.") for each in hass_storage],
    )
    own = {f"solar_cloud.{entry.entry_id}{kind}" for kind in ("_mine", ".corrupt.1")}
    strays = {"solar_cloud.gone", "solar_cloud.gone_state", "solar_cloud.gone_lists"}
    for name in own | strays:
        hass_storage[name] = {"version": 1, "key": name, "data": {}}
    await home.start(entry)
    assert not strays & hass_storage.keys()
    assert own <= hass_storage.keys()


async def test_files_that_are_no_accounts_are_left_alone(tmp_path: Path) -> None:
    """On a real disk, beside those of others."""
    folder = tmp_path / ".storage"
    folder.mkdir()
    others = {"core.config_entries", "solar_cloud_too.gone", "not.solar_cloud.gone"}
    for name in others | {"solar_cloud.gone", "solar_cloud.gone_state"}:
        (folder / name).write_text("{}")
    async with async_test_home_assistant(config_dir=str(tmp_path)) as hass:
        await storage.async_remove_strays(hass)
        await hass.async_stop(force=True)
    assert {each.name for each in folder.iterdir()} >= others
    assert not list(folder.glob("solar_cloud.*"))


async def test_removing_an_account_that_never_was_set_up(
    entry: MockConfigEntry, home: Home, hass_storage: dict[str, Any], solax: SolaxCloud
) -> None:
    """A wrong address must not stand in the way."""
    entry.add_to_hass(home.hass)
    await home.hass.config_entries.async_remove(entry.entry_id)
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]
    assert len(solax.calls) == 0


# Failed set-ups


@pytest.mark.parametrize(
    ("endpoint", "fault", "told"),
    [
        ("*", {"http": 503}, "server_error"),
        ("*", {"body": "disconnect"}, "cannot_connect"),
        ("*", {"body": "html"}, "not_json"),
        ("*", {"code": 11500}, "cloud_busy"),
        ("page_plant_info", {"code": 10403}, "permission_missing"),
        ("page_plant_info", {"code": 77777}, "unexpected_code"),
        ("realtime_data", {"http": 500}, "server_error"),
        ("realtime_data", {"code": 10403}, "permission_missing"),
    ],
)
async def test_a_failed_set_up_says_why_and_tries_again(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    endpoint: str,
    fault: dict[str, Any],
    told: str,
) -> None:
    """In the user's language, and without asking for credentials."""
    solax.fault(endpoint, times=None, **fault)
    await home.start(entry)
    assert state(entry) is ConfigEntryState.SETUP_RETRY
    assert reason(entry) == told
    texts = await translation.async_get_translations(
        home.hass, "en", "exceptions", [DOMAIN]
    )
    assert f"component.{DOMAIN}.exceptions.{told}.message" in texts
    assert not home.hass.config_entries.flow.async_progress()

    solax.faults.clear()
    await home.pass_time(300, step=20)
    assert state(entry) is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0


@pytest.mark.parametrize(
    "fault",
    [
        {"code": 10406},
        {"code": 10405},
        {"http": 429, "headers": {"Retry-After": "120"}},
        {
            "code": 10200,
            "message": "current minute > threshold, maximum call threshold reached",
        },
    ],
)
async def test_e55_a_throttled_first_call_keeps_token_and_quota(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    fault: dict[str, Any],
) -> None:
    """Home Assistant tries again after 5, 10 and 20 s: no further call leaves, let alone one for a token."""
    solax.fault("page_plant_info", **fault)
    await home.start(entry)
    assert state(entry) is ConfigEntryState.SETUP_RETRY
    called = len(solax.calls)
    await home.pass_time(40, step=1)
    assert state(entry) is ConfigEntryState.SETUP_RETRY
    assert len(solax.calls) == called
    assert len(solax.token_calls) == 1
    await home.pass_time(4000, step=30)
    assert state(entry) is ConfigEntryState.LOADED
    assert len(solax.token_calls) == 1


async def test_e57_three_failed_set_ups_cost_one_token(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The trap: each attempt builds the client anew."""
    solax.fault("page_plant_info", http=503, times=3)
    await home.start(entry)
    await home.pass_time(120, step=1)
    assert state(entry) is ConfigEntryState.LOADED
    assert solax.calls.count("page_plant_info") >= 4
    assert len(solax.token_calls) == 1


async def test_e57_ten_restarts_in_a_day_cost_one_token(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What is on disk is taken up, not fetched again."""
    await home.start(entry)
    for _ in range(10):
        await home.pass_time(8640, step=600)
        await home.restart(entry)
        assert state(entry) is ConfigEntryState.LOADED
    assert len(solax.token_calls) == 1
    assert {call.token_generation for call in solax.calls} == {1}


async def test_e57_a_block_outlives_a_restart(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The vendor said when to come back; a restart is no reason to come earlier."""
    await home.start(entry)
    solax.turn(per_day=0)
    await home.pass_time(360)
    solax.calls.clear()
    await home.restart(entry)
    assert state(entry) is ConfigEntryState.SETUP_RETRY
    assert reason(entry) == "daily_quota_exhausted"
    await home.pass_time(600)
    assert len(solax.calls) == 0
    solax.turn(per_day=1_000_000)
    await home.pass_time(4200)
    assert state(entry) is ConfigEntryState.LOADED


async def test_e16_a_dead_token_is_replaced_in_storage_too(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass_storage: dict[str, Any]
) -> None:
    """Otherwise each restart would bring it back."""
    await home.start(entry)
    dead = stored(hass_storage, entry)["token"]["access"]
    solax.steal_token()
    await home.pass_time(360)
    live = stored(hass_storage, entry)["token"]["access"]
    assert live != dead
    assert solax.application.live is not None
    assert live == solax.application.live.value
    await home.restart(entry)
    assert state(entry) is ConfigEntryState.LOADED
    assert len(solax.token_calls) == 2


async def test_e16_refused_credentials_leave_no_token_behind(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass_storage: dict[str, Any]
) -> None:
    """The dead token goes from the file, and the user is asked, once."""
    await home.start(entry)
    solax.turn(rotation_kills_token=True)
    solax.rotate_secret()
    await home.pass_time(360)
    assert stored(hass_storage, entry)["token"] is None
    (flow,) = home.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    asked = len(solax.token_calls)
    await home.pass_time(3600, step=300)
    assert len(solax.token_calls) == asked


async def test_e54_a_wrong_secret_at_start_asks_the_user(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """And does not try again by itself."""
    solax.rotate_secret()
    await home.start(entry)
    assert state(entry) is ConfigEntryState.SETUP_ERROR
    assert reason(entry) == "invalid_auth"
    await home.pass_time(3600, step=300)
    assert len(solax.token_calls) == 1


async def test_e17_saving_a_token_reloads_nothing(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The entry is not touched by it."""
    await home.start(entry)
    account, modified = entry.runtime_data, entry.modified_at
    solax.steal_token()
    await home.pass_time(600)
    assert len(solax.token_calls) == 2
    assert entry.runtime_data is account
    assert entry.modified_at == modified
    assert entry.update_listeners == []


def test_e17_there_is_no_update_listener() -> None:
    """It would reload on each change of the entry, and is deprecated beside flows that reload."""
    for path in Path(solar_cloud.__file__).parent.rglob("*.py"):
        called = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert "add_update_listener" not in called, path


# The file


async def test_the_file_is_private_and_written_before_a_token_is_used(
    tmp_path: Path,
) -> None:
    """On a real disk: nobody else on the machine may read it."""
    (tmp_path / ".storage").mkdir()
    async with async_test_home_assistant(config_dir=str(tmp_path)) as hass:
        store = AccountStorage(hass, "some_entry")
        await store.async_load()
        await store.save("token", {"access": "secret"})
        path = tmp_path / ".storage" / f"{DOMAIN}.some_entry"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "secret" in path.read_text()

        store.delay_save("quota", lambda: {"calls": 3})
        assert store.load("quota") == {"calls": 3}
        state = path.with_name(f"{path.name}_state")
        assert not state.exists()
        await store.async_flush()
        assert "quota" not in path.read_text()
        assert stat.S_IMODE(state.stat().st_mode) == 0o600

        again = AccountStorage(hass, "some_entry")
        await again.async_load()
        assert again.load("token") == {"access": "secret"}
        assert again.load("quota") == {"calls": 3}
        assert again.load("nothing") is None

        await store.async_remove()
        assert not path.exists()
        assert not state.exists()
        await store.save("token", {"access": "too late"})
        store.delay_save("quota", dict)
        await store.async_flush()
        assert not path.exists()
        assert not state.exists()
        await hass.async_stop(force=True)


async def test_what_is_noted_again_and_again_is_written_within_half_a_minute(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    """A busy account, such as one whose history is being fetched, puts off no write."""
    store = AccountStorage(home.hass, "some_entry")
    for number in range(3):
        store.delay_save("section", partial(int, number))
        await home.pass_time(20, 20)
    assert sections(hass_storage, "some_entry")["section"] >= 1
    await store.async_remove()


SECTIONS = ("token", "seen")
"""One of each file."""


@pytest.mark.parametrize("section", SECTIONS)
async def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(
    home: Home, hass_storage: dict[str, Any], section: str
) -> None:
    """Home Assistant logs it and raises nothing; a token that is renewed in days must not wait so long."""
    store = AccountStorage(home.hass, "some_entry")
    with patch.object(Store, "_async_write_data", side_effect=WriteError("full")):
        await store.save(section, {"is": "new"})
    assert section not in sections(hass_storage, "some_entry")
    await home.pass_time(1000)
    assert sections(hass_storage, "some_entry")[section] == {"is": "new"}
    await store.async_remove()


@pytest.mark.parametrize("section", SECTIONS)
async def test_a_write_that_fails_behind_another_is_not_forgotten(
    home: Home, hass_storage: dict[str, Any], section: str
) -> None:
    """The first is still under way when the second is asked for, and ends well."""
    store = AccountStorage(home.hass, "some_entry")
    written = Store._async_write_data  # noqa: SLF001
    slow, begun, tried = asyncio.Event(), asyncio.Event(), 0

    async def write(file: Store[Any], data: dict[str, Any]) -> None:
        nonlocal tried
        tried += 1
        if tried == 2:
            raise WriteError("full")
        data = deepcopy(data)
        begun.set()
        await slow.wait()
        await written(file, data)

    with patch.object(Store, "_async_write_data", write):
        first = asyncio.create_task(store.save(section, {"is": "old"}))
        await begun.wait()
        second = asyncio.create_task(store.save(section, {"is": "new"}))
        slow.set()
        await asyncio.gather(first, second)
    assert tried == 2
    assert sections(hass_storage, "some_entry")[section] == {"is": "old"}
    await store.async_flush()
    assert sections(hass_storage, "some_entry")[section] == {"is": "new"}
    await store.async_remove()


async def test_a_damaged_file_counts_as_empty(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass_storage: dict[str, Any]
) -> None:
    """A token can be had again; a set-up that fails for ever cannot be explained to anybody."""
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = {
        "version": 1,
        "data": {
            "token": ["?"],
            "quota": "?",
            "guards": {"?": 1},
            "roles": [1],
            "seen": {"a": 1, "b": ["?#?", 7]},
            "solax": 5,
        },
    }
    await home.start(entry)
    assert state(entry) is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0
    assert len(solax.token_calls) == 1


async def test_everything_learnt_is_written_on_unload(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass_storage: dict[str, Any]
) -> None:
    """Counter guards, chosen sources, seen slots and call counts."""
    await home.start(entry)
    await home.hass.config_entries.async_unload(entry.entry_id)
    content = stored(hass_storage, entry)
    assert content.keys() >= {"token", "quota", "guards", "roles", "seen"}
    assert sum(map(len, content["guards"].values())) >= 8
    assert f"{solax.first(Kind.INVERTER).sn}_battery" in content["seen"]


async def test_entries_of_one_application_share_its_budget(
    hass: HomeAssistant, solax: SolaxCloud, home: Home
) -> None:
    """What the vendor counts together is counted together."""
    vendor = VENDORS["solax"]
    sign_in = vendor.sign_in("solax")
    store = await async_get_store(hass, "one", None)
    other = await async_get_store(hass, "two", None)
    first = get_quota(hass, vendor, sign_in, solax.credentials, store)
    assert get_quota(hass, vendor, sign_in, solax.credentials, other) is first
    elsewhere = solax.credentials | {"client_id": "another"}
    assert get_quota(hass, vendor, sign_in, elsewhere, other) is not first
    assert len(solax.calls) == 0


async def test_a_shared_budget_outlives_each_of_its_entries(
    hass: HomeAssistant, solax: SolaxCloud, home: Home
) -> None:
    """Whichever entry starts first after a restart, or is removed: what was spent is spent."""
    vendor = VENDORS["solax"]
    sign_in = vendor.sign_in("solax")
    one = await async_get_store(hass, "one", None)
    two = await async_get_store(hass, "two", None)
    get_quota(hass, vendor, sign_in, solax.credentials, one)
    quota = get_quota(hass, vendor, sign_in, solax.credentials, two)
    quota.acquire("read")
    await async_remove_store(hass, "one")
    assert get_quota(hass, vendor, sign_in, solax.credentials, two) is quota
    quota.acquire("read")
    await two.async_flush()
    for key in ("stores", "quotas"):
        hass.data.pop(f"{DOMAIN}_{key}")
    again = await async_get_store(hass, "two", None)
    assert get_quota(hass, vendor, sign_in, solax.credentials, again).used() == 2


UNREADABLE: dict[str, Any] = {
    "newer": {"version": 99, "minor_version": 1, "data": {"token": None}},
    "older": {"version": 0, "minor_version": 1, "data": {"token": None}},
    "list": {"version": 1, "minor_version": 1, "data": [1, 2]},
    "text": {"version": 1, "minor_version": 1, "data": "token"},
    "no-version": {"data": {"token": None}},
    "bare-list": ["token"],
    "version-of-text": {"version": "1", "data": {}},
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=list(UNREADABLE))
async def test_a_file_of_another_form_is_set_aside_and_the_plant_goes_on(
    tmp_path: Path, content: Any
) -> None:
    """On a real disk: kept beside, named in a repair, and written anew."""
    path = tmp_path / ".storage" / f"{DOMAIN}.some_entry"
    path.parent.mkdir()
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    async with async_test_home_assistant(config_dir=str(tmp_path)) as hass:
        store = AccountStorage(hass, "some_entry")
        await store.async_load()
        assert store.load("token") is None
        await store.save("token", {"access": "new"})
        aside = [each for each in path.parent.iterdir() if each.name != path.name]
        assert [json.loads(each.read_text()) for each in aside] == [content]
        assert stat.S_IMODE(aside[0].stat().st_mode) == 0o600
        issue = ir.async_get(hass).async_get_issue(DOMAIN, "store_set_aside_some_entry")
        assert issue is not None
        newer = content is UNREADABLE["newer"]
        assert issue.translation_key == ("store_newer" if newer else "store_damaged")
        assert issue.translation_placeholders == {"file": f".storage/{aside[0].name}"}

        again = AccountStorage(hass, "some_entry")
        await again.async_load()
        assert again.load("token") == {"access": "new"}
        await again.async_remove()
        assert not ir.async_get(hass).issues
        await hass.async_stop(force=True)


async def test_a_file_of_a_newer_version_does_not_keep_the_plant_from_loading(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass_storage: dict[str, Any]
) -> None:
    """Somebody went back to an older version of the integration."""
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = UNREADABLE["newer"]
    hass_storage[f"{DOMAIN}.{entry.entry_id}_history"] = UNREADABLE["list"]
    await home.start(entry)
    assert state(entry) is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_power")) > 0


ODD: tuple[Any, ...] = (
    [],
    "x",
    7,
    True,
    {"x": None},
    [[]],
    {"level": "x", "at": [], "blocked": {"all": 3}, "calls": [[1, 2, 3], None]},
)


@pytest.mark.parametrize("odd", ODD, ids=repr)
async def test_a_file_full_of_nonsense_does_not_keep_the_plant_from_loading(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass_storage: dict[str, Any],
    odd: Any,
) -> None:
    """Each section of an account's file is read for what is right in it."""
    await home.start(entry)
    await home.pass_time(900)
    await home.hass.config_entries.async_unload(entry.entry_id)
    found = stored(hass_storage, entry)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"] = dict.fromkeys(found, odd)
    del hass_storage[f"{DOMAIN}.{entry.entry_id}_state"]
    home.hass.data.pop(STORES)
    home.hass.data.pop(QUOTAS)
    await home.start(entry)
    assert state(entry) is ConfigEntryState.LOADED
    await home.pass_time(900)
    assert home.value(solax_id(solax, None, "pv_power")) > 0


async def test_what_polls_change_is_written_seldom(
    entry: MockConfigEntry, home: Home
) -> None:
    """Every few polls, whatever they bring; a token is not written with it, but when a car comes."""
    written: list[str] = []
    write = Store._async_write_data  # noqa: SLF001

    async def count(self: Any, content: dict[str, Any]) -> None:
        written.append(self.key)
        await write(self, content)

    await home.start(entry)
    await home.pass_time(4 * 3600)
    with patch.object(Store, "_async_write_data", count):
        await home.pass_time(6 * 3600)
    ours = [key for key in written if entry.entry_id in key]
    assert 12 <= len(ours) <= 25
    beside = [key for key in ours if key != f"{DOMAIN}.{entry.entry_id}_state"]
    assert len(beside) <= 4
    assert {*beside} <= {f"{DOMAIN}.{entry.entry_id}"}


@pytest.mark.parametrize("section", ["told_alarms", "sessions"])
async def test_a_small_decision_does_not_write_all_counters(
    home: Home, hass_storage: dict[str, Any], section: str
) -> None:
    """A hundred plants have one in nearly every poll: an alarm that was told, a car that came."""
    store, key = AccountStorage(home.hass, "some_entry"), f"{DOMAIN}.some_entry_state"
    await store.async_load()
    await home.pass_time(7200, 3600)
    store.delay_save("guards", lambda: {"counter": 1})
    await store.async_flush()
    before = deepcopy(hass_storage[key])
    store.delay_save("guards", lambda: {"counter": 2}, 900.0)
    store.delay_save(section, lambda: {"decided": 1})
    await home.pass_time(60)
    assert sections(hass_storage, "some_entry")[section] == {"decided": 1}
    assert hass_storage[key] == before
    await store.async_remove()


async def test_a_package_of_an_earlier_version_is_read(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    """It was packed less densely."""
    packed = b64encode(zlib.compress(b'{"guards": {"counter": 1}}')).decode()
    data = {"version": 1, "data": {"packed": packed}}
    hass_storage[f"{DOMAIN}.some_entry_state"] = data
    store = AccountStorage(home.hass, "some_entry")
    await store.async_load()
    assert store.load("guards") == {"counter": 1}
    await store.async_remove()


@pytest.mark.parametrize("packed", ["", "no package", "eJw=", "AAAA", 7, None])
async def test_a_damaged_package_is_set_aside_and_the_plant_goes_on(
    entry: MockConfigEntry, home: Home, hass_storage: dict[str, Any], packed: Any
) -> None:
    """Told of in a repair, and begun anew."""
    key = f"{DOMAIN}.{entry.entry_id}_state"
    hass_storage[key] = {"version": 1, "data": {"packed": packed}}
    await home.start(entry)
    assert state(entry) is ConfigEntryState.LOADED
    issue = ir.async_get(home.hass).async_get_issue(
        DOMAIN, f"store_set_aside_{entry.entry_id}_state"
    )
    assert issue is not None
    assert issue.translation_key == "store_damaged"


async def test_what_a_poll_changes_while_it_is_encoded_is_encoded_anew(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    """What is written of one moment is all of that moment."""
    store = AccountStorage(home.hass, "some_entry")
    await store.async_load()
    days: dict[str, int] = {"a": 1}

    class Filters(dict[str, int]):
        polled = False

        @override
        def items(self) -> Any:
            if not self.polled:
                self.polled = True
                days["a"] = self["a"] = 2
                store.delay_save("days", lambda: days)
            return super().items()

    filters = Filters(a=1)
    store.delay_save("days", lambda: days)
    store.delay_save("guards", lambda: filters)
    await store.async_flush()
    found = sections(hass_storage, "some_entry")
    assert found["days"] == found["guards"] == {"a": 2}
    await store.async_remove()


async def test_a_crash_is_known_from_a_restart(
    entry: MockConfigEntry, home: Home, hass_storage: dict[str, Any]
) -> None:
    """Only after one is the recorder asked what was shown last."""
    await home.start(entry)
    await home.pass_time(600)
    crashed = deepcopy(hass_storage)
    await home.hass.config_entries.async_unload(entry.entry_id)
    for files, expected in ((dict(hass_storage), False), (crashed, True)):
        hass_storage.clear()
        hass_storage.update(files)
        store = AccountStorage(home.hass, entry.entry_id)
        await store.async_load()
        assert store.crashed is expected
