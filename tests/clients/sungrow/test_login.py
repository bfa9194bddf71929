"""Signing in with an account's password: what each answer means, and that no answer leads to a storm of logins."""

from itertools import pairwise

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
    SessionConflict,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import Connect

HOUR = 3600.0
DAY = 86400.0


async def test_one_login_serves_for_days(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Each accepted call prolongs the token (sungrow.md §2.3)."""
    account = connect()
    for _ in range(4):
        await account.poll()
        clock.advance(20 * HOUR)
    assert len(server.logins) == 1


async def test_a_wrong_password_is_tried_once(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """It counts towards a lock, so neither retries nor restarts repeat it."""
    account = connect(password="wrong")
    with pytest.raises(CredentialsRejected) as caught:
        await account.cloud.inventory()
    assert caught.value.key == "wrong_password"
    assert caught.value.placeholders == {"attempts": "1"}
    for _ in range(5):
        clock.advance(HOUR)
        with pytest.raises(CredentialsRejected) as caught:
            await connect(storage=account.storage, password="wrong").cloud.inventory()
        assert caught.value.placeholders == {"attempts": "1"}
    assert len(server.logins) == 1
    await connect(storage=account.storage).poll()
    assert len(server.logins) == 2


async def test_a_count_of_attempts_that_is_no_number_is_not_shown(
    server: SungrowCloud, connect: Connect
) -> None:
    """Nothing a vendor writes reaches a text unchecked."""
    server.fault(
        "openapi/login",
        body='{"result_code":"1","result_data":{"login_state":"0","err_times":"<b>"}}',
    )
    with pytest.raises(CredentialsRejected) as caught:
        await connect().cloud.inventory()
    assert caught.value.placeholders == {"attempts": "?"}


async def test_an_account_of_another_region_is_named(
    server: SungrowCloud, connect: Connect
) -> None:
    """The right password in the wrong region is an unknown account (sungrow.md §1.1)."""
    server.turn(other_region=True)
    account = connect()
    for _ in range(2):
        with pytest.raises(CredentialsRejected, match="unknown_account"):
            await account.cloud.inventory()
    assert len(server.logins) == 1


async def test_a_locked_account_is_left_alone_for_a_day(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Across restarts, and with the same texts all the time."""
    server.user.locked_at, server.user.locked_until = clock.now, clock.now + DAY
    account = connect()
    texts = set()
    for passed in (0.0, 5.0, 11.9, 11.9):
        clock.advance(passed * HOUR / 2)
        with pytest.raises(QuotaExhausted) as caught:
            await connect(storage=account.storage).cloud.inventory()
        assert caught.value.locked
        assert caught.value.retry_after <= DAY
        texts.add(tuple(sorted(caught.value.placeholders.items())))
    assert texts == {
        (("since", "2026-06-10 10:02:00"), ("until", "2026-06-11T10:02+00:00"))
    }
    assert len(server.logins) == 1
    clock.advance(DAY)
    await connect(storage=account.storage).poll()
    assert len(server.logins) == 2


async def test_the_fifth_wrong_password_is_never_reached(
    server: SungrowCloud, connect: Connect
) -> None:
    """Four different passwords within ten minutes are the most we send."""
    account = connect()
    for number in range(4):
        with pytest.raises(CredentialsRejected, match="wrong_password"):
            await connect(
                storage=account.storage, password=str(number)
            ).cloud.inventory()
    with pytest.raises(QuotaExhausted, match="paced"):
        await connect(storage=account.storage, password="x").cloud.inventory()
    assert server.user.locked_until == 0


async def test_an_account_locked_by_its_administrator_is_refused_for_good(
    server: SungrowCloud, connect: Connect
) -> None:
    """Waiting does not help."""
    server.turn(admin_locked=True)
    account = connect()
    for _ in range(2):
        with pytest.raises(CredentialsRejected, match="account_disabled"):
            await account.cloud.inventory()
    assert len(server.logins) == 1


@pytest.mark.parametrize(
    ("state", "shown"), [("3", "3"), ("captcha", "captcha"), ("<script>", "?")]
)
async def test_an_unknown_state_is_reported_and_waited_for(
    server: SungrowCloud, connect: Connect, clock: StillClock, state: str, shown: str
) -> None:
    """A captcha, for instance; only the state's code is shown."""
    server.turn(login_state=state)
    account = connect()
    for _ in range(3):
        with pytest.raises(QuotaExhausted) as caught:
            await account.cloud.inventory()
        assert caught.value.key == "login_refused"
        assert caught.value.placeholders["state"] == shown
        clock.advance(500)
    assert len(server.logins) == 1
    clock.advance(1800)
    with pytest.raises(QuotaExhausted):
        await account.cloud.inventory()
    assert len(server.logins) == 2


async def test_e916_logins_too_frequent_waits_half_an_hour(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """No question to the user, no second login."""
    server.turn(logins_in_ten_minutes=0)
    account = connect()
    for _ in range(3):
        with pytest.raises(QuotaExhausted, match="login_too_often"):
            await connect(storage=account.storage).cloud.inventory()
        clock.advance(500)
    assert len(server.logins) == 1


async def test_a_login_without_answer_is_repeated_ever_more_seldom(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """One login per step: one minute, two, four, at most an hour."""
    server.fault("openapi/login", http=502, times=None)
    account = connect()
    at = []
    for _ in range(4 * 60):
        before = len(server.logins)
        with pytest.raises(CloudUnreachable):
            await connect(storage=account.storage).cloud.inventory()
        if len(server.logins) > before:
            at.append(clock.now)
        clock.advance(60)
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


async def test_a_login_that_answers_nonsense_is_no_refusal(
    server: SungrowCloud, connect: Connect
) -> None:
    """HTML, null and a list are the server's trouble, not the password's."""
    for body in ("html", "null", "list", "empty", "truncated"):
        server.fault("openapi/login", body=body)
        with pytest.raises(UnexpectedAnswer):
            await connect().cloud.inventory()
    server.fault("openapi/login", body='{"result_code":"1","result_data":"x"}')
    with pytest.raises(UnexpectedAnswer, match="not_an_object"):
        await connect().cloud.inventory()
    server.fault("openapi/login", http=401)
    with pytest.raises(UnexpectedAnswer, match="login_refused"):
        await connect().cloud.inventory()


async def test_a_login_over_the_quota_is_not_the_accounts_fault(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E999 at the login blocks the application for the hour."""
    server.fault("openapi/login", code="E999")
    account = connect()
    for _ in range(2):
        with pytest.raises(QuotaExhausted, match="rate_limited"):
            await account.cloud.inventory()
    assert len(server.logins) == 1
    clock.advance(HOUR)
    await account.poll()


async def test_an_application_that_is_not_approved_is_named(
    server: SungrowCloud, connect: Connect
) -> None:
    """E900: the portal has to act, not the password."""
    server.turn(unapproved=True)
    with pytest.raises(PermissionMissing) as caught:
        await connect().cloud.inventory()
    assert (caught.value.key, caught.value.permission) == (
        "not_authorized",
        "Monitoring API",
    )


async def test_a_token_refused_again_means_another_program(
    server: SungrowCloud, connect: Connect
) -> None:
    """No loop, no question for the password."""
    account = connect()
    await account.poll()
    server.fault("getPowerStationList", code="E00003", times=None)
    for _ in range(4):
        with pytest.raises(SessionConflict):
            await account.cloud.inventory()
    assert len(server.logins) <= 1 + 3


async def test_a_sign_in_by_hand_ends_the_memory_of_a_refusal(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """The flow leaves a newer token, after which the same password may be used again."""
    account = connect(password="later-right")
    with pytest.raises(CredentialsRejected):
        await account.cloud.inventory()
    server.user.password = "later-right"
    clock.advance(60)
    by_hand = connect(password="later-right")
    await by_hand.cloud.inventory()
    await account.storage.save("token", by_hand.storage.load("token"))
    clock.advance(60)
    server.end_sessions()
    await connect(storage=account.storage, password="later-right").cloud.inventory()


async def test_e73_readings_go_on_when_the_account_token_expires_as_no_permission(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E900 is how the live cloud refuses a token that expired; one login, no repair, no gap."""
    server.turn(expired_code="E900")
    account = connect()
    await account.poll()
    server.end_sessions()
    clock.advance(300)
    snapshot = await account.poll()
    assert len(server.logins) == 2
    assert snapshot.readings
    assert not snapshot.silent
    assert not snapshot.notices


async def test_e73_an_expired_token_heals_though_alarms_are_not_permitted(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E900 means both at once: each is told apart, for days, at one login a reason."""
    server.turn(expired_code="E900", alarms_refused=True)
    account = connect()
    for _ in range(3 * 12):
        await account.poll()
        clock.advance(300)
    permitted = len(server.logins)
    assert permitted <= 2
    for _ in range(3):
        server.end_sessions()
        clock.advance(2 * HOUR)
        assert (await account.poll()).readings
    assert len(server.logins) == permitted + 3
    clock.advance(300)
    await connect(storage=account.storage).poll()
    assert len(server.logins) == permitted + 3


async def test_a_permission_that_is_missing_does_not_look_like_another_program(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A token that was replaced on suspicion did not die: nobody else signs in."""
    account = connect()
    await account.poll()
    for endpoint in ("getDeviceRealTimeData", "getFaultAlarmInfo", "getDeviceList"):
        server.fault(endpoint, code="E900", times=None)
    for _ in range(4):
        clock.advance(600)
        with pytest.raises(PermissionMissing):
            await account.poll()
    assert len(server.logins) <= 3
    server.faults.clear()
    clock.advance(DAY)
    assert (await account.poll()).readings


async def test_an_application_that_is_not_approved_is_not_asked_at_every_try(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Home Assistant tries after 5, 10, 20 … seconds; our own limit of logins never hides the reason."""
    server.turn(unapproved=True)
    account = connect()
    for _ in range(8):
        with pytest.raises(PermissionMissing, match="not_authorized"):
            await connect(storage=account.storage).cloud.inventory()
        clock.advance(60)
    assert len(server.logins) == 1
    server.turn(unapproved=False)
    clock.advance(HOUR)
    assert (await connect(storage=account.storage).poll()).readings


async def test_an_approval_that_is_taken_back_costs_a_login_an_hour(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E900 for everything, for a day; then it is granted again."""
    account = connect()
    await account.poll()
    server.turn(unapproved=True)
    for _ in range(6 * 12):
        clock.advance(600)
        with pytest.raises(PermissionMissing, match="not_authorized"):
            await connect(storage=account.storage).cloud.inventory()
    assert len(server.logins) <= 1 + 12
    server.turn(unapproved=False)
    clock.advance(HOUR)
    assert (await connect(storage=account.storage).poll()).readings


@pytest.mark.parametrize("until", [1e12, 9e99])
async def test_e76_a_stored_pause_of_centuries_is_over_after_a_day(
    connect: Connect, clock: StillClock, until: float
) -> None:
    """Restarts do not renew it."""
    storage = MemoryStorage()
    facts: dict[str, Json] = {
        "at": clock.now,
        "until": until,
        "key": "login_refused",
        "placeholders": {},
    }
    await storage.save("sign_in", facts)
    for _ in range(4):
        with pytest.raises(QuotaExhausted) as caught:
            await connect(storage=storage).cloud.inventory()
        assert caught.value.retry_after <= DAY
        clock.advance(DAY / 4)
    await connect(storage=storage).poll()
