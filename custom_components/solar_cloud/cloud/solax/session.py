"""Calls signed in with the application's token, and the lists they read page by page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
import json
import logging
from typing import Final

from yarl import URL

from ..errors import CloudError, CredentialsRejected, PermissionMissing, TokenRefused
from ..paging import MOST_PAGES, ListingMemory, Page, read_list
from ..polling import run_side_by_side
from ..session import Call, Session
from ..storage import Json
from ..token import Token, TokenManager
from ..transport import Transport
from .access import RECHECK, Gate, SolaxAccess
from .api import DEVICES, EMS_LIST, PLANTS, Endpoint, SolaxRow, rows
from .errors import (
    AccessDenied,
    AnswerVerdict,
    JudgedAnswer,
    OperationFailed,
    judge,
    refusal,
)
from .limits import CONTROL, READ, SolaxBackoff
from .models import COMMERCIAL, EMS, HOME

PAGE_SIZE: Final = 100
AT_ONCE: Final = 8
"""Calls side by side: all lists of a home, or all its readings."""


@dataclass(frozen=True, slots=True, repr=False)
class DeviceList:
    """One of the cloud's lists: what it is asked for with, and the gate it is behind."""

    endpoint: Endpoint
    gate: Gate
    params: Mapping[str, str] | None = None
    body: Mapping[str, Json] | None = None

    @property
    def name(self) -> str:
        """The list's name, under which its pages are kept."""
        params, body = self.params, self.body
        return json.dumps(
            [self.endpoint.path, params and dict(params), body and dict(body)]
        )


def list_of_plants(business: str) -> DeviceList:
    """Return the list of the plants of a business type."""
    return DeviceList(
        PLANTS, (PLANTS.path, business), params={"businessType": business}
    )


def list_of_devices(business: str, device_type: str) -> DeviceList:
    """Return the list of the devices of a type in all plants of a business type."""
    return DeviceList(
        DEVICES,
        (DEVICES.path, business, device_type),
        params={"businessType": business, "deviceType": device_type},
    )


def list_of_energy_managers(plant_id: str) -> DeviceList:
    """Return the list of the EMS of a commercial plant."""
    return DeviceList(
        EMS_LIST,
        (EMS_LIST.path, plant_id),
        body={
            "plantId": plant_id,
            "deviceType": EMS,
            "businessType": int(COMMERCIAL),
        },
    )


class PagedLister:
    """Reads lists and remembers which of them are empty.

    ``complete`` turns false when something stood in the way of a list that may have members.
    """

    def __init__(
        self, session: SolaxSession, access: SolaxAccess, pages: ListingMemory
    ) -> None:
        """Read with ``session``; what was answered before is in ``pages``."""
        self._session: Final = session
        self._access: Final = access
        self._pages: Final = pages
        self._kept: dict[Gate, list[SolaxRow]] = {}
        self.complete = True

    def begin(self) -> None:
        """Start a reading of all lists, or take up one that the limits stopped a moment ago."""
        self.complete = True
        self._pages.begin()

    async def plants(self) -> list[tuple[str, SolaxRow]]:
        """List the plants of both business types; a type that is not the account's may be refused in any way."""
        found: list[tuple[str, SolaxRow]] = []
        refusals: list[CloudError] = []
        absent: list[DeviceList] = []
        lists = {
            business: each
            for business in (HOME, COMMERCIAL)
            if (each := list_of_plants(business)).gate not in self._access.absent
        }
        answers = await run_side_by_side(
            self._session.most_at_once,
            [partial(self._try, each) for each in lists.values()],
        )
        for (business, wanted), listed in zip(lists.items(), answers, strict=True):
            if isinstance(listed, CloudError):
                refusals.append(listed)
                if self._access.seen(wanted.gate):
                    raise listed
            else:
                found += [(business, row) for row in listed]
                if listed:
                    self._access.note_seen(wanted.gate)
                    continue
            absent.append(wanted)
        if found:
            for each in absent:
                self._note_absent(each)
        elif refusals:
            # The permission first: it says what the user can do.
            raise min(refusals, key=lambda err: not isinstance(err, PermissionMissing))
        return found

    async def _try(self, wanted: DeviceList) -> list[SolaxRow] | CloudError:
        """Read a list, or return why it was refused."""
        try:
            return await self._read(wanted)
        except (OperationFailed, PermissionMissing) as err:
            return err

    async def devices(self, lists: Iterable[DeviceList]) -> dict[Gate, list[SolaxRow]]:
        """Read lists that do not need each other, and return them by their gates."""
        wanted = list(lists)
        found = await run_side_by_side(
            self._session.most_at_once,
            [partial(self._devices, each) for each in wanted],
        )
        return {each.gate: rows for each, rows in zip(wanted, found, strict=True)}

    async def _devices(self, wanted: DeviceList) -> list[SolaxRow]:
        """Read one list. A class that was never seen may be absent in any way; one that was seen keeps its members."""
        gate = wanted.gate
        seen = self._access.seen(gate)
        if gate in self._access.absent:
            return []
        if self._access.resting(gate) is None:
            try:
                found = await self._read(wanted)
            except PermissionMissing as err:
                self._access.forbid(gate, err.permission, RECHECK)
            except OperationFailed, AccessDenied:
                if not seen:
                    self._note_absent(wanted)
                    return []
            else:
                self._access.open(gate)
                self._kept[gate] = found
                if found:
                    self._access.note_seen(gate)
                elif not seen:
                    self._access.absent.note(gate)
                return found
        if seen:
            self.complete = False
        return self._kept.get(gate, [])

    def _note_absent(self, refused: DeviceList) -> None:
        self._access.absent.note(refused.gate)
        self._pages.keep(f"{refused.name} 1", [])

    async def _read(self, wanted: DeviceList) -> list[SolaxRow]:
        async def read(number: int) -> Page[SolaxRow]:
            result = await self._page(wanted, number)
            told = (
                SolaxRow.of(result).whole("pages") if isinstance(result, dict) else None
            )
            pages = told or number
            self._pages.expect({wanted.name: min(pages, MOST_PAGES)})
            return Page(rows(result), pages)

        listing = await read_list(read)
        self.complete = self.complete and listing.complete
        return listing.rows

    async def _page(self, wanted: DeviceList, number: int) -> Json:
        question = f"{wanted.name} {number}"
        if (kept := self._pages.kept(question)) is not None:
            return kept[0]
        params, body = wanted.params, dict(wanted.body) if wanted.body else None
        if params is not None:
            params = {**params, "pageNo": str(number), "size": str(PAGE_SIZE)}
        elif number > 1:
            body = {**(body or {}), "pageNo": number}
        result = await self._session.call(wanted.endpoint, params=params, body=body)
        self._pages.keep(question, result)
        return result


LOGGER: Final = logging.getLogger(__name__)


class SolaxSession(Session):
    """Signed-in calls of one application, with what each code of an answer means for the caller."""

    token_gone = CredentialsRejected

    def __init__(
        self,
        base: URL,
        transport: Transport,
        tokens: TokenManager,
        backoff: SolaxBackoff,
    ) -> None:
        """Call ``base`` with tokens from ``tokens``."""
        super().__init__(tokens, backoff.quota)
        self._base: Final = base
        self._transport: Final = transport
        self.backoff: Final = backoff

    @property
    def most_at_once(self) -> int:
        """How many calls may be under way side by side: one where the cloud complained of our pace, or stumbles."""
        return 1 if self.backoff.quiet else self.at_once(AT_ONCE)

    async def call(
        self,
        endpoint: Endpoint,
        *,
        params: Mapping[str, str] | None = None,
        body: dict[str, Json] | None = None,
        bucket: str = READ,
    ) -> Json:
        """Return the ``result`` of an answer. Raises the ``CloudError`` its code stands for."""
        answer = await self._judged(endpoint, params, body, bucket)
        if answer.verdict is AnswerVerdict.ACCEPTED:
            return answer.result
        LOGGER.debug("%s refused with code %s", endpoint.path, answer.code)
        raise refusal(answer.verdict, answer.code)

    async def write(self, endpoint: Endpoint, body: dict[str, Json]) -> JudgedAnswer:
        """Send a command and return its answer, whether it says yes or no; errors as ``exchange``."""
        return await self._judged(endpoint, None, body, CONTROL)

    async def _judged(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None,
        body: dict[str, Json] | None,
        bucket: str,
    ) -> JudgedAnswer:
        """Return an answer; what concerns tokens, permissions and pace is raised."""

        async def send(token: Token) -> JudgedAnswer:
            answer = judge(
                await self._transport.send(
                    endpoint.method,
                    self._base.with_path(endpoint.path),
                    headers={"Authorization": f"bearer {token.access}"},
                    params=params,
                    json=body,
                )
            )
            if answer.verdict is AnswerVerdict.UNAUTHENTICATED:
                # Everyday life: another program of the application asked for a token and killed ours.
                LOGGER.debug("Token refused with code %s", answer.code)
                raise TokenRefused
            return answer

        commands = bucket == CONTROL
        answer = await self.exchange(
            Call(send, bucket, command=commands, changes=commands)
        )
        match answer.verdict:
            case AnswerVerdict.ACCEPTED:
                self.backoff.released()
            case AnswerVerdict.FORBIDDEN:
                raise PermissionMissing(endpoint.permission)
            case AnswerVerdict.TOO_FAST:
                raise await self.backoff.too_fast(answer.retry_after)
            case AnswerVerdict.USED_UP:
                raise await self.backoff.used_up_today()
            case AnswerVerdict.BLOCKED:
                raise refusal(answer.verdict, answer.code)
        return answer
