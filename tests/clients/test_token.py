"""One renewal per stale token, saved before its first use."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.solar_cloud.cloud.errors import CloudUnreachable
from custom_components.solar_cloud.cloud.serialization import from_json_or_none, to_json
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.token import SECTION, Token, TokenManager
from tests.helpers.clock import StillClock

LIFE = 86400.0
MARGIN = 3600.0


class Desk:
    """Issues numbered tokens, or fails."""

    def __init__(self, clock: StillClock, storage: MemoryStorage) -> None:
        """Count from one."""
        self.clock = clock
        self.storage = storage
        self.asked: list[Token | None] = []
        self.broken = False

    async def issue(self, stale: Token | None) -> Token:
        """Issue a token after a moment in which others may come."""
        await asyncio.sleep(0)
        self.asked.append(stale)
        if self.broken:
            raise CloudUnreachable
        number = len(self.asked)
        return Token(
            f"access-{number}",
            self.clock.now,
            self.clock.now + LIFE,
            refresh=f"refresh-{number}",
            extra=(("edition", "eu"),),
        )

    def manager(self) -> TokenManager:
        """Begin anew with what the vault holds."""
        return TokenManager(self.issue, self.storage, margin=MARGIN)

    @property
    def stored(self) -> Token | None:
        """What a restart would find."""
        return from_json_or_none(Token, self.storage.load(SECTION))


@pytest.fixture
def desk(clock: StillClock) -> Desk:
    """A desk that issues for a day."""
    return Desk(clock, MemoryStorage())


async def test_issued_once_and_reused(desk: Desk) -> None:
    """Over calls and restarts."""
    tokens = desk.manager()
    assert tokens.token is None
    first = await tokens.current()
    assert await tokens.current() is first
    assert await desk.manager().current() == first == desk.stored
    assert desk.asked == [None]


async def test_a_poll_that_is_cancelled_loses_no_token(desk: Desk) -> None:
    """Reloading an account cancels its poll; what the vendor issues at that moment is kept."""
    tokens = desk.manager()
    asking = asyncio.create_task(tokens.current())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(desk.asked) == 1
    assert await desk.manager().current() == desk.stored
    assert len(desk.asked) == 1


async def test_a_renewal_that_fails_while_cancelled_is_just_over(desk: Desk) -> None:
    """Nobody is left to be told."""
    desk.broken = True
    asking = asyncio.create_task(desk.manager().current())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert desk.stored is None


async def test_a_renewal_that_came_to_nothing_is_not_tried_by_each_call(
    desk: Desk, clock: StillClock
) -> None:
    """A host that is gone for hours is asked once a poll; a clock that is put back keeps nobody waiting."""
    tokens = desk.manager()
    desk.broken = True
    for _ in range(12):
        for _ in range(4):
            with pytest.raises(CloudUnreachable):
                await tokens.current()
        clock.advance(300.0)
    assert len(desk.asked) == 12
    with pytest.raises(CloudUnreachable):
        await tokens.current()
    desk.broken = False
    clock.advance(-3600.0)
    assert (await tokens.current()).access == "access-14"


async def test_renewed_a_margin_before_expiry(desk: Desk, clock: StillClock) -> None:
    """Neither earlier nor later."""
    tokens = desk.manager()
    first = await tokens.current()
    clock.advance(LIFE - MARGIN - 1)
    assert await tokens.current() is first
    clock.advance(2)
    assert await tokens.current() is not first
    assert not tokens.session_conflict


async def test_short_token_is_used_for_half_its_life(
    desk: Desk, clock: StillClock
) -> None:
    """A margin longer than the life would renew at every call."""
    tokens = TokenManager(desk.issue, desk.storage, margin=LIFE * 5)
    await tokens.current()
    clock.advance(LIFE / 2 - 1)
    await tokens.current()
    assert len(desk.asked) == 1
    clock.advance(2)
    await tokens.current()
    assert len(desk.asked) == 2


async def test_many_refusals_of_one_token_cost_one_renewal(desk: Desk) -> None:
    """Whoever comes late with the same stale token is given the new one."""
    tokens = desk.manager()
    stale = await tokens.current()
    renewed = await asyncio.gather(*(tokens.replace(stale) for _ in range(5)))
    assert len(desk.asked) == 2
    assert len(set(renewed)) == 1


async def test_saved_before_its_first_use(desk: Desk) -> None:
    """A storage that fails means that nobody gets the token, rather than that it is lost later (E15)."""
    tokens = desk.manager()

    async def fail(section: str, content: object) -> None:
        raise OSError

    desk.storage.save = fail  # type: ignore[method-assign]
    with pytest.raises(OSError):
        await tokens.current()
    assert tokens.token is None


async def test_e16_dead_token_is_buried_in_memory_and_storage(
    desk: Desk, clock: StillClock
) -> None:
    """It is not used again, here or after a restart; its refresh token is still there for the next attempt."""
    tokens = desk.manager()
    stale = await tokens.current()
    desk.broken = True
    for _ in range(4):
        with pytest.raises(CloudUnreachable):
            await tokens.replace(stale)
        with pytest.raises(CloudUnreachable):
            await tokens.current()
        with pytest.raises(CloudUnreachable):
            await desk.manager().current()
        clock.advance(300.0)
    assert not tokens.session_conflict  # one token died, however often it was tried
    assert desk.stored is not None
    assert desk.stored.refresh == "refresh-1"
    desk.broken = False
    assert (await tokens.current()).access.startswith("access-")
    asked = desk.asked[-1]
    assert asked is not None
    assert (asked.refresh, asked.extra) == ("refresh-1", (("edition", "eu"),))


async def test_e18_three_early_deaths_in_an_hour_are_a_contest(
    desk: Desk, clock: StillClock
) -> None:
    """Told while it lasts."""
    tokens = desk.manager()
    token = await tokens.current()
    told = []
    for _ in range(3):
        token = await tokens.replace(token)
        told.append(tokens.session_conflict)
    assert told == [False, False, True]
    clock.advance(3601)
    assert not tokens.session_conflict


async def test_expired_token_did_not_die_early(desk: Desk, clock: StillClock) -> None:
    """Refused after its time is no contest."""
    tokens = desk.manager()
    token = await tokens.current()
    for _ in range(4):
        clock.advance(LIFE)
        token = await tokens.replace(token)
    assert not tokens.session_conflict


async def test_session_that_use_keeps_alive(desk: Desk, clock: StillClock) -> None:
    """Expiry is put off, also for the next start; another token's is not."""
    tokens = desk.manager()
    token = await tokens.current()
    clock.advance(LIFE - MARGIN - 10)
    tokens.extend(token, clock.now + LIFE)
    tokens.extend(replace(token, access="other"), clock.now + 9 * LIFE)
    clock.advance(MARGIN)
    assert await tokens.current() is token
    assert (await desk.manager().current()).access == token.access
    clock.advance(LIFE)
    assert await tokens.current() is not token


async def test_forgotten_token_does_not_come_back(desk: Desk) -> None:
    """Neither from memory nor from storage."""
    tokens = desk.manager()
    token = await tokens.current()
    tokens.extend(token, token.expires_at + 1)
    await tokens.forget()
    assert tokens.token is None
    assert desk.stored is None
    await tokens.replace(token)
    assert desk.asked[-1] is token


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        "x",
        {},
        {"access": 5, "issued_at": 1, "expires_at": 2},
        {"access": "a", "issued_at": "1", "expires_at": 2},
    ],
)
def test_damaged_storage_is_no_token(stored: object) -> None:
    """A new one is asked for."""
    assert from_json_or_none(Token, stored) is None  # type: ignore[arg-type]


def test_storage_keeps_everything() -> None:
    """And drops what is damaged in the details."""
    token = Token("a", 1.0, 2.0, "r", ("s1", "s2"), (("k", "v"),))
    assert from_json_or_none(Token, to_json(token)) == token
    assert from_json_or_none(
        Token, {"access": "a", "issued_at": 1, "expires_at": 2}
    ) == Token("a", 1, 2)
    odd = {
        "access": "a",
        "issued_at": 1,
        "expires_at": 2,
        "refresh": 7,
        "extra": [1, ["k", "v"]],
    }
    assert from_json_or_none(Token, odd) == Token("a", 1, 2, extra=(("k", "v"),))  # type: ignore[arg-type]


def test_repr_hides_the_secrets() -> None:
    """So that no log can show them."""
    shown = repr(Token("access-x", 1, 2, "refresh-x", None, (("k", "extra-x"),)))
    assert "-x" not in shown
