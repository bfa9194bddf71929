"""Nothing leaks: secrets and identities are planted into everything a cloud says, and looked for wherever something can be read.

Meant to be seen is the plant's name: in names of entities and devices, in repairs about it, and in what Home Assistant says of these. Serial numbers are in the
device registry only.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
import json
import logging
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud import masking
from custom_components.solar_cloud.cloud.capture import Capture
from custom_components.solar_cloud.cloud.errors import UnexpectedAnswer
from custom_components.solar_cloud.cloud.masking import Masks
from custom_components.solar_cloud.cloud.model import Inventory
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.transport import LOGGER, Answer, Transport
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.device_registry import registered_devices
from custom_components.solar_cloud.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.solar_cloud.services import get_history
from homeassistant.core import Event
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util

from .benchmarks._tape import HOMES, SEASONS, SIGN_INS, connect, moved_time
from .emulators.registry import CLOUDS
from .emulators.world import World
from .helpers.accounts import demo_entry
from .helpers.assistant import Assistant
from .helpers.home import Home
from .helpers.planting import Planting, flat

OURS: Final = ("custom_components.solar_cloud", "aiohttp")
TROUBLES: Final[tuple[dict[str, Any], ...]] = (
    {"body": "html"},
    {"body": "invalid-json"},
    {"body": "disconnect"},
    {"body": "redirect"},
    {"body": "truncated"},
    {"http": 401},
    {"http": 403},
    {"http": 429},
    {"http": 500},
    {"http": 410},
)
"""What goes wrong with every cloud."""
REFUSALS: Final = {
    "solax": (10001, 10200, 10402, 10403, 10406, 10505, 77777),
    "sungrow": ("E900", "E912", "E999", "010", "009", "er_unknown"),
    "fusionsolar": (305, 407, 401, 20010, 20056, 20614, 99999),
}
"""Codes of each, with a message that says who it is about."""


LISTS: Final[dict[str, dict[str, Any]]] = {
    "plant/page_plant_info": {"businessType": "1"},
    "stations": {"pageNo": 1},
    "getPowerStationList": {"curPage": 1, "size": 10},
    "queryPowerStationList": {"page": 1, "size": 10},
}
"""The list of plants by each vendor's name; the others are refused."""


@dataclass
class Places:
    """Everything that can be read, by where; in some places plants may be named."""

    unnamed: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def leaks(self, planting: Planting) -> dict[str, set[str]]:
        """Return what was found where it must not be."""
        found = {key: planting.leaks(text) for key, text in self.unnamed.items()}
        found |= {
            key: planting.leaks(text, names=True) for key, text in self.named.items()
        }
        return {key: marks for key, marks in found.items() if marks}


@pytest.fixture
async def planting(
    home: Home,
    world: World,
    sign_in: str,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Planting]:
    """The cloud of the demo home, in whose every answer something is planted; who waits for its pace lets time pass."""
    monkeypatch.setattr(
        get_history, "async_pause", lambda _, seconds: home.pass_time(seconds, seconds)
    )
    name = SIGN_INS[sign_in]
    cloud = CLOUDS[name](world, HOMES[name])
    async with cloud:
        yield Planting(cloud)


async def _tried(home: Home, entry: MockConfigEntry, file: Path) -> list[str]:
    """Let a user try every action that asks the cloud; return what was said to that, and written."""
    said = []
    devices = [each.id for _, each in registered_devices(home.hass, entry.entry_id)]
    now = dt_util.utcnow()
    tries: tuple[tuple[str, dict[str, Any]], ...] = (
        ("refresh", {"config_entry_id": entry.entry_id}),
        (
            "get_history",
            {"device_id": devices, "start": now - timedelta(hours=1), "end": now},
        ),
        (
            "export",
            {
                "device_id": devices,
                "start": now - timedelta(hours=1),
                "end": now,
                "path": str(file),
            },
        ),
        ("list_points", {"device_id": devices[0], "ask_cloud": True}),
        ("list_devices", {}),
        ("get_alarms", {}),
        *(
            ("call_api", {"call": call, "parameters": parameters})
            for call, parameters in LISTS.items()
        ),
    )
    for action, data in tries:
        answers = action != "refresh"
        try:
            answer = await home.hass.services.async_call(
                DOMAIN, action, data, blocking=True, return_response=answers
            )
        except HomeAssistantError as err:
            said.append(
                f"{err!r} {err} {err.translation_placeholders} {err.__cause__!r}"
            )
        else:
            said.append(flat([answer]))
    if file.exists():
        said.append(file.read_text())
    return said


async def _story(
    home: Home,
    planting: Planting,
    sign_in: str,
    caplog: pytest.LogCaptureFixture,
    folder: Path,
) -> Places:
    """Run an account through every trouble with debug logging on, and collect what can be read."""
    caplog.set_level(logging.DEBUG)
    events: list[Event] = []
    home.hass.bus.async_listen("*", events.append)
    entry = await demo_entry(home, planting.cloud, sign_in)
    await home.start(entry)
    await home.pass_time(600, step=300)
    bundles = [await async_get_config_entry_diagnostics(home.hass, entry)]
    assistant = await Assistant.of(home)
    told = await assistant.ask_everything()
    issues: dict[str, Any] = {}
    home.hass.config.allowlist_external_dirs.add(str(folder))
    file = folder / "export.json"
    said = await _tried(home, entry, file)
    assert file.exists()
    assert any(text.startswith('[{"answer": {') for text in said)
    cloud, words = planting.cloud, planting.plant("text", "refusal")
    troubles = list(TROUBLES)
    troubles += [{"code": code, "message": words} for code in REFUSALS[cloud.name]]
    for number, trouble in enumerate(troubles):
        fault = cloud.fault(times=None, **trouble)
        await home.pass_time(300, step=300)
        if number % 6 == 0:
            said += await _tried(home, entry, file)
            told += await assistant.ask_everything()
            bundles.append(await async_get_config_entry_diagnostics(home.hass, entry))
        cloud.faults.remove(fault)
        issues |= {
            each.issue_id: each.to_json() | {"words": each.translation_placeholders}
            for each in ir.async_get(home.hass).issues.values()
            if each.domain == DOMAIN
        }
    await home.pass_time(7200, step=1800)
    devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), entry.entry_id)
    bundles += [
        await async_get_device_diagnostics(home.hass, entry, device)
        for device in devices
        if isinstance(device, dr.DeviceEntry)
    ]
    logged = [
        f"{record.getMessage()} {record.exc_text or ''} {record.exc_info or ''}"
        for record in caplog.records
        if record.name.startswith(OURS)
    ]
    assert len(logged) > 50
    assert len(planting.planted) >= 200
    states = [state.as_dict() for state in home.hass.states.async_all()]
    flows = home.hass.config_entries.flow.async_progress()
    return Places(
        unnamed={
            "bundle": json.dumps(bundles, ensure_ascii=False),
            "log": "\n".join(logged),
            "assistants": "\n".join(told),
        },
        named={
            "exceptions and answers": "\n".join(said),
            "repairs": flat(issues.items()),
            "states": flat(states),
            "events": flat(each.as_dict() for each in events),
            "forms": flat(flows),
        },
    )


@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_e60_e61_nothing_planted_is_found_again(
    home: Home,
    planting: Planting,
    sign_in: str,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """Whatever happens, in bundle, log, tools of assistants, exceptions, answers and files of actions, repairs, states, events and forms."""
    places = await _story(home, planting, sign_in, caplog, tmp_path)
    assert places.leaks(planting) == {}
    assert "identities_found" not in places.unnamed["bundle"]
    assert '"answers"' in places.unnamed["bundle"]
    assert '"produced"' in places.unnamed["assistants"]
    assert len(places.named["states"]) > 20000


def _everything_without_a_name(self: Masks, text: str, field: str) -> bool:
    return masking.identity_of(field) is None


MUTANTS: Final[dict[str, tuple[object, str, object]]] = {
    "the words of fields": (masking, "_WORDS", {}),
    "parts of fields' names": (masking, "_PARTS", {}),
    "texts of unknown fields": (Masks, "_is_told", _everything_without_a_name),
    "long numbers": (masking, "LONGEST_NUMBER", 99),
    "what is no moment": (masking, "is_moment", lambda _: True),
    "what is known": (Masks, "learn", lambda *_: None),
    "whom answers name": (Masks, "learn_answers", lambda *_: None),
    "coordinates": (Masks, "learn_coordinate", lambda *_: None),
    "answers at all": (Masks, "answer", lambda _, answer: answer),
}
"""Masks, and what stands in their place when they are taken away."""


async def _captured(sign_in: str) -> tuple[Planting, Capture, Inventory]:
    """Let a client read a home into whose cloud something is planted."""
    vendor, capture = SIGN_INS[sign_in], Capture()
    with moved_time(SEASONS["summer"].timestamp() + 9 * 3600) as clock:
        async with (
            CLOUDS[vendor](World(), HOMES[vendor]) as cloud,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        ):
            planting = Planting(cloud)
            client = await connect(
                sign_in, cloud, Transport(session, capture), MemoryStorage()
            )
            inventory = await client.inventory()
            for _ in range(3):
                clock.now += VENDORS[vendor].poll_period
                await client.readings(inventory)
    return planting, capture, inventory


def _told(capture: Capture, inventory: Inventory) -> str:
    """Return what diagnostics tell of the answers."""
    masking.identity_of.cache_clear()
    masks = Masks()
    masks.learn_inventory(inventory)
    answers = [json.loads(each.body) for each in capture.answers]
    masks.learn_answers(answers)
    return flat(masks.answer(each) for each in answers)


async def test_e60_a_missing_mask_is_noticed(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mask hides something that nothing else hides, of one cloud or another."""
    needless = set(MUTANTS)
    for sign_in in ("solax", "sungrow_account", "fusionsolar_account"):
        planting, capture, inventory = await _captured(sign_in)
        assert planting.leaks(_told(capture, inventory)) == set()
        for name, (owner, attribute, instead) in MUTANTS.items():
            with monkeypatch.context() as mutated:
                mutated.setattr(owner, attribute, instead)
                if planting.leaks(_told(capture, inventory)):
                    needless.discard(name)
    masking.identity_of.cache_clear()
    assert needless == set()


@pytest.mark.parametrize(
    ("mistake", "found"),
    [("log", {"log"}), ("quote", {"exceptions and answers"})],
)
@pytest.mark.parametrize("sign_in", ["solax"], indirect=True)
async def test_e61_a_mistake_of_ours_is_noticed(
    mistake: str,
    found: set[str],
    home: Home,
    planting: Planting,
    sign_in: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Somebody logs what came back, or lets an error quote the vendor."""
    usual = Transport.send

    async def send(self: Transport, *args: Any, **kwargs: Any) -> Answer:
        answer = await usual(self, *args, **kwargs)
        if mistake == "log":
            LOGGER.debug("%s", answer.body)
        elif answer.status >= 400:
            raise UnexpectedAnswer("http_error", status=answer.body[-200:])
        return answer

    monkeypatch.setattr(Transport, "send", send)
    places = await _story(home, planting, sign_in, caplog, tmp_path)
    assert places.leaks(planting).keys() >= found
