"""A call is planned, sent with a live token, and repeated once where the token had died."""

from collections.abc import Callable, Iterable

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    ConsentLost,
    CredentialsRejected,
    NotConnected,
    Paced,
    SessionConflict,
    TokenRefused,
    Unanswered,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.quota import Quota, Window
from custom_components.solar_cloud.cloud.session import Call, Session
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.token import SECTION, Token, TokenManager
from tests.helpers.clock import StillClock

BUCKET = "read"


class Account:
    """A session whose cloud issues numbered tokens and answers each call as it is told to."""

    def __init__(self, clock: StillClock) -> None:
        """Answer everything."""
        self.clock = clock
        self.storage = MemoryStorage()
        self.quota = Quota({BUCKET: (Window(4, 60),)}, self.storage)
        self.session = Session(
            TokenManager(self.issue, self.storage, margin=60), self.quota
        )
        self.sign_ins: list[CloudError | None] = []
        self.answers: list[CloudError | None] = []
        self.issued = 0
        self.shown: list[str] = []
        self.signing_in: Callable[[], None] = lambda: None

    async def issue(self, stale: Token | None) -> Token:
        """Issue the next token, or fail as planned."""
        self.signing_in()
        if self.sign_ins and (error := self.sign_ins.pop(0)):
            raise error
        self.issued += 1
        return Token(f"token-{self.issued}", self.clock.now, self.clock.now + 3600)

    async def send(self, token: Token) -> str:
        """Answer as planned."""
        self.shown.append(token.access)
        if self.answers and (error := self.answers.pop(0)):
            raise error
        return "answer"

    async def call(self, *answers: CloudError | None, changes: bool = False) -> str:
        """Make one call that is answered so."""
        self.answers = list(answers)
        return await self.session.exchange(Call(self.send, BUCKET, changes=changes))


@pytest.fixture
def account(clock: StillClock) -> Account:
    """Nobody signed in yet."""
    return Account(clock)


async def test_a_refused_token_is_renewed_once_and_the_call_repeated(
    account: Account,
) -> None:
    """Both sends count."""
    assert await account.call() == "answer"
    assert await account.call(TokenRefused()) == "answer"
    assert account.shown == ["token-1", "token-1", "token-2"]
    assert await account.call() == "answer"
    with pytest.raises(Paced):
        await account.call()


async def test_a_token_refused_right_after_it_was_issued_is_never_a_loop(
    account: Account,
) -> None:
    """Another program uses the account."""
    with pytest.raises(SessionConflict):
        await account.call(TokenRefused(), TokenRefused())
    assert account.shown == ["token-1", "token-2"]


async def test_a_renewal_under_way_is_not_a_failed_one(account: Account) -> None:
    """Or else a poll that meets it gives up, as if nobody could sign in."""
    seen: list[bool] = []
    account.signing_in = lambda: seen.append(account.session.tokenless)
    await account.call()
    await account.call(TokenRefused())
    assert seen == [False, False]


async def test_no_sign_in_is_spent_on_a_call_that_has_to_wait(
    account: Account,
) -> None:
    """Sign-ins are what vendors punish first."""
    for _ in range(4):
        await account.call()
    account.clock.advance(3600)
    for _ in range(4):
        account.quota.acquire(BUCKET)
    with pytest.raises(Paced):
        await account.call()
    assert account.issued == 1


@pytest.mark.parametrize("error", [CloudUnreachable(), UnexpectedAnswer()])
async def test_a_change_without_an_answer_may_have_been_carried_out(
    account: Account, error: CloudError
) -> None:
    """A query without one is a query without one."""
    with pytest.raises(Unanswered):
        await account.call(error, changes=True)
    with pytest.raises(type(error)) as raised:
        await account.call(error)
    assert not isinstance(raised.value, Unanswered)


@pytest.mark.parametrize(
    ("answers", "sign_ins"),
    [
        ((NotConnected(),), ()),
        ((), (CloudUnreachable(),)),
        ((TokenRefused(),), (None, CloudUnreachable())),
    ],
    ids=["no connection", "no token", "no other token"],
)
async def test_a_setting_that_certainly_was_not_sent_is_not_called_uncertain(
    account: Account,
    answers: Iterable[CloudError],
    sign_ins: Iterable[CloudError | None],
) -> None:
    """The user may press again at once."""
    account.sign_ins = list(sign_ins)
    with pytest.raises(CloudUnreachable) as raised:
        await account.call(*answers, changes=True)
    assert not isinstance(raised.value, Unanswered)


@pytest.mark.parametrize(
    ("error", "kept"), [(CredentialsRejected(), True), (ConsentLost(), False)]
)
async def test_only_what_no_renewal_can_mend_is_forgotten(
    account: Account, error: CloudError, kept: bool
) -> None:
    """A refresh token outlives a mistyped secret, and a consent that is gone does not come back at the next start."""
    await account.call()
    account.sign_ins = [error]
    with pytest.raises(type(error)):
        await account.call(TokenRefused())
    assert (account.storage.load(SECTION) is not None) is kept
    assert account.session.tokenless
