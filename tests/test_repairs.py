"""Repairs: what only the user can mend, shown while it lasts and named exactly."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.model import Notice
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.repairs import Repairs
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir, translation

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, solax_id

TOLD = {
    "permission_missing",
    "session_contested",
    "clock_skew",
    "access_blocked",
    "daily_quota_exhausted",
    "account_locked",
}
"""The issues about an account; other files tell others."""


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return what is shown of accounts, by its key."""
    return {
        issue.translation_key or "": issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.translation_key in TOLD
    }


@pytest.fixture
def running(running: MockConfigEntry, home: Home) -> MockConfigEntry:
    """The account, set up, with nothing to repair."""
    assert issues(home.hass) == {}
    return running


@pytest.mark.parametrize(
    ("pack", "name"),
    [
        ("API_Telemetry_V2", "Data Monitoring Service"),
        ("API_Info_V2", "Information Access Service"),
    ],
)
async def test_a_missing_permission_is_named_until_it_is_granted(
    running: MockConfigEntry, solax: SolaxCloud, home: Home, pack: str, name: str
) -> None:
    """As the portal spells it; what needs no permission goes on."""
    solax.withdraw(pack)
    await home.pass_time(2400)
    issue = issues(home.hass)["permission_missing"]
    assert issue.translation_placeholders == {"account": "SolaX", "permission": name}
    assert issue.severity is ir.IssueSeverity.WARNING
    texts = await translation.async_get_translations(
        home.hass, "en", "issues", [DOMAIN]
    )
    title = texts[f"component.{DOMAIN}.issues.permission_missing.title"]
    assert name in title.format(**issue.translation_placeholders)

    solax.authorise(pack)
    await home.pass_time(26 * 3600, step=900)
    assert issues(home.hass) == {}
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0


async def test_reloading_looks_at_permissions_again(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The user need not wait for tomorrow."""
    solax.withdraw("API_Telemetry_V2")
    await home.pass_time(1200)
    assert "permission_missing" in issues(home.hass)
    solax.authorise("API_Telemetry_V2")
    await home.hass.config_entries.async_reload(running.entry_id)
    await home.hass.async_block_till_done(wait_background_tasks=True)
    assert running.state is ConfigEntryState.LOADED
    assert issues(home.hass) == {}


async def test_e18_two_programs_on_one_application_are_told_apart(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Three tokens killed within the hour: no loop, one token each time, and the user is told."""
    for stolen in range(1, 4):
        assert "session_contested" not in issues(home.hass)
        solax.steal_token()
        await home.pass_time(360)
        assert len(solax.token_calls) == 1 + stolen
        assert home.value(solax_id(solax, None, "pv_power")) > 0
    issue = issues(home.hass)["session_contested"]
    assert issue.translation_placeholders == {"account": "SolaX"}

    await home.pass_time(2 * 3600, step=300)
    assert len(solax.token_calls) == 4
    assert issues(home.hass) == {}


async def test_e18_a_token_that_never_works_is_not_fought_for(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The other program is faster every time: the calls stay few, and credentials are not doubted."""
    solax.turn(refuse_new_tokens=True)
    solax.steal_token()
    solax.calls.clear()
    await home.pass_time(3600)
    assert 1 <= len(solax.token_calls) <= 12
    assert "session_contested" in issues(home.hass)
    assert not home.hass.config_entries.flow.async_progress()
    solax.turn(refuse_new_tokens=False)
    await home.pass_time(2 * 3600, step=300)
    assert issues(home.hass) == {}
    assert home.value(solax_id(solax, None, "pv_power")) >= 0


async def test_calls_used_up_are_told_until_the_vendor_counts_anew(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """By another program, most likely: five calls in five minutes do not do it."""
    solax.turn(per_day=0)
    await home.pass_time(1200)
    assert "daily_quota_exhausted" in issues(home.hass)
    solax.turn(per_day=1_000_000)
    await home.pass_time(2 * 3600, step=300)
    assert issues(home.hass) == {}


async def test_a_gateway_that_turns_us_away_is_told(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Not at the first time: blocks pass."""
    solax.fault("realtime_data", http=403, times=None)
    await home.pass_time(600)
    assert "access_blocked" not in issues(home.hass)
    await home.pass_time(3 * 3600, step=300)
    assert "access_blocked" in issues(home.hass)
    solax.faults.clear()
    await home.pass_time(5 * 3600, step=300)
    assert issues(home.hass) == {}


async def test_e56_a_wrong_clock_is_told(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Devices that report from the future."""
    solax.turn(clock_skew=3600.0)
    await home.pass_time(2400)
    assert "clock_skew" in issues(home.hass)
    solax.turn(clock_skew=0.0)
    await home.pass_time(5400)
    assert issues(home.hass) == {}


async def test_trouble_that_passes_by_itself_is_not_told(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """There would be nothing to do."""
    solax.fault(http=503, times=None)
    await home.pass_time(7200, step=300)
    assert issues(home.hass) == {}
    solax.faults.clear()
    solax.fault(code=10406)
    await home.pass_time(1200)
    assert issues(home.hass) == {}
    solax.set_online(False, solax.first(Kind.CHARGER).sn)
    await home.pass_time(7200, step=300)
    assert issues(home.hass) == {}


async def test_unloading_takes_issues_back(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """An account that is switched off has no trouble."""
    solax.withdraw("API_Telemetry_V2")
    await home.pass_time(1200)
    assert issues(home.hass)
    await home.hass.config_entries.async_unload(running.entry_id)
    assert issues(home.hass) == {}


async def test_removing_takes_issues_back(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Nothing of the account stays."""
    solax.withdraw("API_Telemetry_V2")
    await home.pass_time(1200)
    assert issues(home.hass)
    await home.hass.config_entries.async_remove(running.entry_id)
    assert issues(home.hass) == {}


def test_e60_the_id_of_a_repair_names_nobody(hass: HomeAssistant) -> None:
    """Home Assistant puts the ids into every download of diagnostics; two devices are two repairs all the same."""
    repairs = Repairs(hass, "entry", "SolaX")
    notices = {
        Notice("command_storm", (("device", name),))
        for name in ("Maria's battery", "Maria's charger")
    }
    repairs.show(frozenset(notices))
    ids = [issue_id for _, issue_id in ir.async_get(hass).issues]
    assert len(ids) == 2
    assert not any("Maria" in issue_id for issue_id in ids)
    repairs.show(frozenset())
    assert not ir.async_get(hass).issues
