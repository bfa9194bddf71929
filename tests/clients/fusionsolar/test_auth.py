"""Sessions of API accounts: as few logins as possible, and none that keeps somebody out."""

import time

import aiohttp
import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    QuotaExhausted,
    SessionConflict,
)
from custom_components.solar_cloud.cloud.model import Notice
from custom_components.solar_cloud.cloud.vendor import SupportsLogout
from custom_components.solar_cloud.polling.scheduler import NIGHT
from custom_components.solar_cloud.polling.upload_period import UPLOADS
from tests.emulators.fusionsolar import FusionSolarCloud

from .conftest import Rig


async def refused(rig: Rig) -> CloudError:
    """List the plants, expecting an error."""
    with pytest.raises(CloudError) as caught:
        await rig.client.inventory()
    return caught.value


@pytest.mark.parametrize("place", ["both", "header", "cookie"])
@pytest.mark.parametrize("name", ["xsrf-token", "XSRF-TOKEN", "Xsrf-Token"])
async def test_the_token_is_found_in_header_or_cookie(
    rig: Rig, place: str, name: str
) -> None:
    """Hosts spell and place it differently; it is not the only cookie either."""
    rig.cloud.turn(token_in=place, header_name=name)
    assert (await rig.lists()).plants
    assert rig.count("login") == 1


async def test_a_session_with_a_cookie_jar_works_too(
    cloud: FusionSolarCloud, rig: Rig
) -> None:
    """Home Assistant's shared session keeps cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        rig.session = session
        rig.start()
        await rig.poll()
        cloud.kill_session()
        await rig.next_poll()
    assert rig.count("login") == 2


async def test_an_informative_message_on_success_is_no_error(rig: Rig) -> None:
    """Since 2025 logins succeed with a text; older ones with null."""
    rig.cloud.turn(login_message=None)
    assert (await rig.lists()).plants


async def test_a_session_in_use_lives_for_ever(rig: Rig) -> None:
    """Every accepted call puts its end off."""
    for _ in range(30):
        await rig.next_poll()
    assert rig.count("login") == 1


async def test_a_night_of_rare_polls_signs_in_once(rig: Rig) -> None:
    """The session lives from one to the next, also where they wait for the upload after."""
    await rig.poll()
    for _ in range(20):
        rig.tick(NIGHT + UPLOADS)
        await rig.poll()
    assert rig.count("login") == 1


async def test_e20_an_idle_session_is_renewed_before_it_is_used(rig: Rig) -> None:
    """After 29 minutes without a call the token is not tried again."""
    await rig.poll()
    rig.tick(1745)
    await rig.poll()
    assert rig.count("login") == 2
    assert not [call for call in rig.cloud.calls if call.code == 305]


@pytest.mark.parametrize("style", ["bare", "classic"])
async def test_a_lost_session_is_renewed_once(rig: Rig, style: str) -> None:
    """305 comes with and without `success`; the call is repeated and nobody notices."""
    rig.cloud.turn(session_lost=style)
    await rig.poll()
    rig.cloud.kill_session()
    snapshot = await rig.next_poll()
    assert rig.cloud.plant.code in snapshot.readings
    assert rig.count("login") == 2


@pytest.mark.parametrize("code", [305, 306, 307])
async def test_every_code_of_a_lost_session_renews_it(rig: Rig, code: int) -> None:
    """Some hosts answer 306 or 307."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=code)
    await rig.next_poll()
    assert rig.count("login") == 2


async def test_e19_a_session_lost_at_once_is_left_to_the_other_program(
    rig: Rig,
) -> None:
    """One login, no loop; the next ten minutes belong to whoever else signs in."""
    await rig.poll()
    for reading in ("getDevRealKpi", "getStationRealKpi"):
        rig.cloud.fault(reading, code=305, times=None)
    rig.tick(308)
    error = await rig.waiting_poll()
    assert isinstance(error, SessionConflict)
    assert error.retry_after >= 600
    assert rig.count("login") == 2
    rig.restart()
    error = await rig.waiting_poll()
    assert error.key == "session_contested"
    assert rig.count("login") == 2


async def test_a_rival_is_reported_and_given_room(rig: Rig) -> None:
    """Three sessions that died early within an hour: a notice, and half an hour between logins."""
    await rig.poll()
    for _ in range(3):
        rig.tick(310)
        rig.cloud.rival_login()
        snapshot = await rig.poll()
    assert Notice("session_contested") in snapshot.notices
    logins = rig.count("login")
    rig.cloud.rival_login()
    rig.tick(310)
    error = await rig.waiting_poll()
    assert isinstance(error, QuotaExhausted)
    assert error.key == "session_contested"
    assert error.retry_after > 1200
    assert rig.count("login") == logins


@pytest.mark.parametrize(
    ("standing", "key"),
    [
        ("disabled", "account_disabled"),
        ("expired", "account_expired"),
        ("restricted", "login_restricted"),
        ("password-expired", "password_expired"),
    ],
)
async def test_the_account_itself_is_refused(rig: Rig, standing: str, key: str) -> None:
    """20002, 20003, 20403, and 20400 with an expired password: only the user can mend it, each its own way."""
    rig.cloud.account.standing = standing  # type: ignore[assignment]
    error = await refused(rig)
    assert isinstance(error, CredentialsRejected)
    assert error.key == key
    assert rig.count("login") == 1


@pytest.mark.parametrize("code", [20400, 20001])
async def test_a_wrong_password_asks_the_user(rig: Rig, code: int) -> None:
    """20400 with an unrecognised message, or 20001 as in 2022."""
    rig.cloud.turn(wrong_password_code=code)
    rig.overrides["password"] = "not it"
    rig.start()
    error = await refused(rig)
    assert isinstance(error, CredentialsRejected)
    assert error.key == "invalid_auth"


@pytest.mark.parametrize("code", [20028, 20029])
async def test_an_unknown_user_asks_the_user(rig: Rig, code: int) -> None:
    """No such user information."""
    rig.cloud.fault("login", code=code)
    assert isinstance(await refused(rig), CredentialsRejected)


async def test_e27_a_locked_account_is_no_wrong_password(rig: Rig) -> None:
    """Half an hour without a single login, over a restart; then the same password works."""
    rig.cloud.account.locked_until = time.time() + 1700
    error = await refused(rig)
    assert isinstance(error, QuotaExhausted)
    assert error.locked
    rig.restart()
    error = await refused(rig)
    assert isinstance(error, QuotaExhausted)
    assert error.locked
    assert rig.count("login") == 1
    rig.tick(1810)
    assert (await rig.lists()).plants


async def test_e27_too_many_sessions_pass_by_themselves(rig: Rig) -> None:
    """20400 once more, and once more no reason to ask for a password."""
    rig.cloud.account.sessions_full = True
    error = await refused(rig)
    assert isinstance(error, QuotaExhausted)
    assert error.key == "too_many_sessions"


async def test_e22_throttled_logins_wait_longer_each_time(rig: Rig) -> None:
    """407 at login after an outage: ten minutes, twenty, forty, never a question for the password."""
    rig.cloud.fault("login", code=407, times=4)
    waits = []
    for _ in range(4):
        error = await refused(rig)
        assert isinstance(error, QuotaExhausted)
        waits.append(error.retry_after)
        rig.tick(error.retry_after + 1)
    assert waits == [600, 1200, 2400, 3600]
    assert (await rig.lists()).plants


async def test_failed_logins_leave_one_try_to_a_person(rig: Rig) -> None:
    """Five logins in ten minutes are throttled and five wrong passwords lock: we stop at four."""
    rig.cloud.fault("login", code=20004, times=None)
    for _ in range(8):
        await refused(rig)
        rig.tick(61)
    assert rig.count("login") <= 5


async def test_a_system_that_is_busy_at_login_is_no_wrong_password(rig: Rig) -> None:
    """20200 and 20618 at login pass by themselves, an unknown code counts as an outage."""
    for code, key in ((20200, "vendor_busy"), (20618, "daily_limit")):
        rig.cloud.fault("login", code=code)
        error = await refused(rig)
        assert isinstance(error, QuotaExhausted)
        assert error.key == key
        rig.tick(3700)
    rig.cloud.fault("login", code=99999)
    assert isinstance(await refused(rig), CloudUnreachable)


async def test_e26_a_portal_host_says_so(rig: Rig) -> None:
    """It answers 404 to every call, or a page with status 200."""
    rig.cloud.turn(portal_host=True)
    error = await refused(rig)
    assert isinstance(error, CloudUnreachable)
    assert error.key == "wrong_host"
    rig.cloud.turn(portal_host=False)
    rig.cloud.fault("login", body="html")
    assert (await refused(rig)).key == "wrong_host"


async def test_an_unknown_user_may_be_answered_with_nothing(rig: Rig) -> None:
    """Some hosts send an empty body; before the first success that means the credentials."""
    rig.cloud.turn(wrong_password_body="empty")
    rig.overrides["password"] = "not it"
    rig.start()
    assert isinstance(await refused(rig), CredentialsRejected)


@pytest.mark.parametrize("body", ["html", "empty", "null"])
async def test_a_hiccup_at_a_later_login_asks_nobody(rig: Rig, body: str) -> None:
    """What works once is not doubted because of a maintenance page."""
    await rig.poll()
    rig.tick(1900)
    rig.cloud.fault("login", body=body)
    error = await rig.failing_poll()
    assert isinstance(error, CloudUnreachable)
    assert error.key == "cannot_connect"


async def test_a_login_without_a_token_is_no_success(rig: Rig) -> None:
    """Success means a token."""
    rig.cloud.fault("login", body='{"success": true, "failCode": 0, "data": null}')
    assert isinstance(await refused(rig), CloudUnreachable)


async def test_removing_the_account_ends_its_session(rig: Rig) -> None:
    """So that nothing of ours keeps others out; the token is forgotten too."""
    await rig.poll()
    assert isinstance(rig.client, SupportsLogout)
    await rig.client.sign_out()
    assert rig.cloud.account.token is None
    assert rig.storage.load("token") is None
    await rig.client.sign_out()
    assert rig.count("logout") == 1


async def test_removing_the_account_never_fails(rig: Rig) -> None:
    """The cloud may be down, and a logout too many stays home."""
    await rig.poll()
    rig.cloud.fault("logout", body="disconnect")
    await rig.client.sign_out()
    await rig.poll()
    await rig.quota.block(60, "logout")
    await rig.client.sign_out()
    assert rig.count("logout") == 1


@pytest.mark.parametrize("place", ["header", "cookie"])
async def test_e75_a_session_outside_ascii_is_not_kept(rig: Rig, place: str) -> None:
    """An ordinary failure, and the next sign-in heals it."""
    rig.cloud.turn(token_in=place)
    rig.start()
    rig.cloud.fault("login", body="bad-token")
    await rig.failing_poll()
    assert rig.storage.load("token") is None
    rig.tick(120)
    rig.restart()
    assert (await rig.poll()).readings
