"""The clouds as a program of their own, driven by the admin API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
import json
from pathlib import Path
import signal
import sys
from typing import Any

from aiohttp import ClientSession
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def program(socket_enabled: None) -> AsyncIterator[tuple[Any, dict[str, Any]]]:
    """Start the program and return it with its first line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.emulators", "--scenario", "solax=night", "--speed", "0"),
        *("--start", "2026-06-10T10:00:00+00:00"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        ready = json.loads(await process.stdout.readline())
    yield process, ready
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def test_program_says_where_it_listens_and_stops(
    program: tuple[Any, dict[str, Any]],
) -> None:
    """One line of JSON with addresses and credentials; SIGTERM ends it cleanly."""
    process, ready = program
    async with ClientSession(ready["solax"]) as session:
        form = {**ready["credentials"]["solax"], "grant_type": "client_credentials"}
        async with session.post("/openapi/auth/oauth/token", data=form) as answer:
            assert (await answer.json())["code"] == 0
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def test_admin_api(program: tuple[Any, dict[str, Any]]) -> None:
    """Everything tests can do in the process they can do from outside."""
    async with ClientSession(program[1]["solax"]) as session:

        async def admin(method: str, path: str, body: Any = None) -> Any:
            async with session.request(method, f"/_emu/{path}", json=body) as answer:
                return await answer.json()

        state = await admin("GET", "state")
        assert state["now"] == "2026-06-11T00:00:00+00:00"
        before = await admin("GET", "truth")
        assert (await admin("POST", "clock", {"advance": 3600}))["speed"] == 0
        after = await admin("GET", "truth")
        assert after["solax-home"]["load"] > before["solax-home"]["load"]
        assert (await admin("POST", "knobs", {"per_minute": 3}))["per_minute"] == 3
        assert "error" in await admin("POST", "knobs", {"nonsense": 3})
        faults = await admin("POST", "fault", {"code": 11500, "delay_ms": 5})
        assert faults[0]["delay"] == 0.005
        await admin("DELETE", "fault")
        await admin("POST", "device/C3DEMO00000001", {"online": False})
        await admin("POST", "device/TBDEMO00000001", {"soc": 0.5})
        state = await admin("POST", "steal_token", {})
        assert state["applications"][0]["holder"] == "rival"
        assert state["plants"][0]["devices"]["C3DEMO00000001"]["online"] is False
        state = await admin("POST", "packs", {"withdraw": ["API_Info_V2"]})
        assert "API_Info_V2" not in state["applications"][0]["packs"]
        assert "client_secret" in await admin("POST", "rotate_secret", {})
        state = await admin("POST", "reset", {"scenario": "many", "seed": 5})
        assert len(state["plants"]) == 12
        assert await admin("GET", "calls") == []
