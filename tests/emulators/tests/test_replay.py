"""The cloud of a bundle: what it answers, and to what."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.emulators.replay import NotABundleError, ReplayCloud
from tests.live.replay import ENTRY_ID, add_account

TAKEN: datetime = datetime(2026, 6, 15, 7, 0, tzinfo=UTC)


def answer(path: str, request: dict[str, Any], said: Any, status: int = 200) -> Any:
    """One answer of a bundle."""
    return {
        "method": "GET",
        "path": path,
        "status": status,
        "request": request,
        "answer": said,
    }


BUNDLE: dict[str, Any] = {
    "form": 1,
    "taken_at": TAKEN.isoformat(),
    "vendor": "solax",
    "sign_in": "solax",
    "token": {"scopes": ["read"]},
    "options": {"controls": True},
    "memory": {
        "guards": {"inverter_1": {"at": TAKEN.timestamp() - 0.5, "value": 12.5}},
        "days": {"days": {}},
    },
    "answers": [
        answer("/live", {"sn": "inverter_1", "lang": "text_1"}, {"of": 1}),
        answer("/live", {"sn": "inverter_2", "from": 1781508302}, {"of": 2}),
        answer("/points", {"ids": [1, 2, 3]}, {"rows": [{"p1": 1, "p2": 1, "p3": 1}]}),
        answer("/points", {"ids": [9]}, {"rows": [{"p9": 9}]}),
        answer("/points", {"ids": [1, 2]}, {"rows": [{"p1": 2, "p2": 2}]}),
        answer("/page", {}, None, 502),
        answer(
            "/times",
            {},
            {
                "iso": "2026-06-15T06:59:00.000+00:00",
                "local": "2026-06-15 08:59:00",
                "compact": ["20260615085900", "202606150859"],
                "number": int(TAKEN.timestamp()) * 1000,
                "day": "2026-06-15",
                "power": 1781508302.5,
                "word": "idle",
            },
        ),
    ],
}


async def asked(cloud: ReplayCloud, path: str, **params: str) -> Any:
    """Ask the cloud as a client does."""
    async with (
        cloud,
        aiohttp.ClientSession() as session,
        session.get(cloud.url + path, params=params) as response,
    ):
        text = await response.text()
        return (response.status, json.loads(text) if text else None)


@pytest.mark.parametrize(
    ("path", "params", "said"),
    [
        ("/live", {"sn": "inverter_1", "lang": "de", "page": "1"}, {"of": 1}),
        ("/live", {"sn": "inverter_2", "from": "1790000000"}, {"of": 2}),
        ("/live", {"sn": "meter_1"}, {"code": 10000, "message": None, "result": []}),
        ("/new", {}, {"code": 10000, "message": None, "result": []}),
    ],
)
async def test_the_answer_whose_question_is_alike_is_given(
    socket_enabled: None, path: str, params: dict[str, str], said: Any
) -> None:
    """Times, and what was masked, may differ; what nobody asked for is nothing."""
    cloud = ReplayCloud(BUNDLE)
    assert await asked(cloud, path, **params) == (200, said)
    assert cloud.unanswered == ([path] if "code" in said else [])


async def test_later_answers_to_parts_of_a_question_bring_it_up_to_date() -> None:
    """A client that asks for more points at first, and one with other entities, are both answered."""
    cloud = ReplayCloud(BUNDLE)
    for ids, said in (
        ([1, 2, 3], {"p1": 2, "p2": 2, "p3": 1}),
        ([1], {"p1": 2, "p2": 2}),
        ([9, 10], {"p9": 9}),
    ):
        found = cloud._find("GET", "/points", {"ids": ids})  # noqa: SLF001
        assert found is not None
        assert found["answer"] == {"rows": [said]}


async def test_a_page_that_was_no_json_is_empty(socket_enabled: None) -> None:
    """Its status is all that is known of it."""
    assert await asked(ReplayCloud(BUNDLE), "/page") == (502, None)


async def test_times_move_along(
    socket_enabled: None, freezer: FrozenDateTimeFactory
) -> None:
    """What was a minute old when the file was made is a minute old, in every form; days and numbers stay."""
    freezer.move_to(TAKEN + timedelta(days=1, hours=2))
    _, said = await asked(ReplayCloud({"data": BUNDLE}), "/times")
    assert said == {
        "iso": "2026-06-16T08:59:00.000+00:00",
        "local": "2026-06-16 10:59:00",
        "compact": ["20260616105900", "202606161059"],
        "number": int((TAKEN + timedelta(hours=26)).timestamp()) * 1000,
        "day": "2026-06-15",
        "power": 1781508302.5,
        "word": "idle",
    }
    freezer.move_to(TAKEN + timedelta(days=1, hours=3))
    live = ReplayCloud(BUNDLE, live=True)
    freezer.move_to(TAKEN + timedelta(days=1, hours=4))
    _, said = await asked(live, "/times")
    assert said["iso"] == "2026-06-16T10:59:00.000+00:00"


async def test_the_account_is_written_as_if_it_had_been_added(
    tmp_path: Path, freezer: FrozenDateTimeFactory, socket_enabled: None
) -> None:
    """With a token that lasts, what was remembered of counters, and nothing that opens anything."""
    freezer.move_to(TAKEN + timedelta(days=1))
    async with ReplayCloud(BUNDLE) as cloud:
        url = cloud.url
        add_account(tmp_path, cloud)
    stored = json.loads((tmp_path / ".storage/core.config_entries").read_text())
    (entry,) = stored["data"]["entries"]
    assert entry["data"]["credentials"] == {
        "region": "other",
        "base_url": url,
        "client_id": "replayed",
        "client_secret": "replayed",
    }
    assert entry["options"]["controls"] is True
    kept = json.loads((tmp_path / f".storage/solar_cloud.{ENTRY_ID}").read_text())
    sections = kept["data"]
    assert sections["guards"]["inverter_1"] == {
        "at": TAKEN.timestamp() + 86400 - 0.5,
        "value": 12.5,
    }
    assert "days" not in sections  # it is over
    assert sections["token"]["scope"] == ["read"]


@pytest.mark.parametrize("document", [{}, {"data": []}, {"data": {"form": 0}}])
def test_another_file_is_refused(document: dict[str, Any]) -> None:
    """Diagnostics of another integration, or of an older version."""
    with pytest.raises(NotABundleError):
        ReplayCloud(document)
