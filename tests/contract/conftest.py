"""An account of every sign-in at its emulated cloud, and the table of what each of them passed."""

from collections import defaultdict
from collections.abc import AsyncIterator

import aiohttp
import pytest

from custom_components.solar_cloud.cloud.transport import Transport
from tests.clients.conftest import clock, noon
from tests.emulators.world import World
from tests.helpers.clock import StillClock

from .account import Account
from .accounts import ACCOUNTS

__all__ = ["clock", "noon"]

PREFIX = "tests/contract/test_"
MARKS = {"passed": "✓", "failed": "✗", "error": "✗", "skipped": "s"}


@pytest.fixture
def scenario() -> str:
    """The account's scenario, a name of ``Account``'s or of the cloud's own; a test may say otherwise."""
    return "home"


@pytest.fixture
async def new_account(
    request: pytest.FixtureRequest,
    clock: StillClock,
    socket_enabled: None,
    scenario: str,
) -> AsyncIterator[Account]:
    """Credentials at noon of a summer's day, before anything was asked and before the owner's consent."""
    kind = ACCOUNTS[request.param]
    async with (
        kind.emulator(World(), getattr(kind, scenario, scenario)) as cloud,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield kind(cloud, clock, Transport(session))


@pytest.fixture
async def account(new_account: Account) -> Account:
    """The same with the owner's consent, where a sign-in asks for it."""
    await new_account.consent()
    return new_account


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print cases by sign-in; a dash is what a vendor does not offer."""
    cases: dict[str, dict[str, str]] = defaultdict(dict)
    for outcome, mark in MARKS.items():
        for report in terminalreporter.stats.get(outcome, ()):
            case, _, params = getattr(report, "nodeid", "").partition("[")
            topic, _, name = case.removeprefix(PREFIX).partition(".py::test_")
            key = next((key for key in ACCOUNTS if key in params[:-1].split("-")), None)
            if case.startswith(PREFIX) and key is not None:
                said = cases[f"{topic}: {name}".replace("_", " ")]
                said[key] = mark if said.get(key, mark) == mark else MARKS["failed"]
    if not cases:
        return
    width = max(map(len, cases))
    terminalreporter.section("contract: case by sign-in")
    terminalreporter.write_line(" ".join((" " * width, *ACCOUNTS)))
    for case, said in sorted(cases.items()):
        cells = (said.get(key, "–").center(len(key)) for key in ACCOUNTS)
        terminalreporter.write_line(" ".join((case.ljust(width), *cells)))
