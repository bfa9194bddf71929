"""One call to the cloud: planned, sent with a live token, judged, and repeated once when the token had died."""

from collections.abc import Mapping
import json
import logging
from typing import Final

from yarl import URL

from ..errors import CloudError, CredentialsRejected, PermissionMissing, TokenRefused
from ..paging import MOST_PAGES, ListingMemory, Page, read_list
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


class PagedLister:
    """Reads lists and remembers which of them are empty.

    ``complete`` turns false when something stood in the way of a list that may have members.
    """

    def __init__(
        self, api: SolaxSession, memory: SolaxAccess, pages: ListingMemory
    ) -> None:
        """Read with ``api``; what was answered before is in ``pages``."""
        self._api: Final = api
        self._memory: Final = memory
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
        absent: list[Gate] = []
        for business in (HOME, COMMERCIAL):
            gate: Gate = (PLANTS.path, business)
            if gate in self._memory.absent:
                continue
            try:
                listed = await self._paged(PLANTS, {"businessType": business})
            except (OperationFailed, PermissionMissing) as err:
                refusals.append(err)
                if self._memory.seen(gate):
                    raise
            else:
                found += [(business, row) for row in listed]
                if listed:
                    self._memory.note_seen(gate)
                    continue
            absent.append(gate)
        if found:
            for gate in absent:
                self._memory.absent.note(gate)
                self._pages.keep(
                    _question(PLANTS, {"businessType": gate[1]}, None, 1), []
                )
        elif refusals:
            # The permission first: it says what the user can do.
            raise min(refusals, key=lambda err: not isinstance(err, PermissionMissing))
        return found

    async def devices(self, business: str, device_type: str) -> list[SolaxRow]:
        """List the devices of a type in all plants of a business type."""
        return await self._class(
            DEVICES,
            (DEVICES.path, business, device_type),
            {"businessType": business, "deviceType": device_type},
        )

    async def energy_managers(self, plant_id: str) -> list[SolaxRow]:
        """List the EMS of a commercial plant."""
        body: dict[str, Json] = {
            "plantId": plant_id,
            "deviceType": EMS,
            "businessType": int(COMMERCIAL),
        }
        return await self._class(EMS_LIST, (EMS_LIST.path, plant_id), body=body)

    async def _class(
        self,
        endpoint: Endpoint,
        gate: Gate,
        params: Mapping[str, str] | None = None,
        body: dict[str, Json] | None = None,
    ) -> list[SolaxRow]:
        """Read one list. A class that was never seen may be absent in any way; one that was seen keeps its members."""
        seen = self._memory.seen(gate)
        if gate in self._memory.absent:
            return []
        if self._memory.resting(gate) is None:
            try:
                found = await self._paged(endpoint, params, body)
            except PermissionMissing as err:
                self._memory.forbid(gate, err.permission, RECHECK)
            except OperationFailed, AccessDenied:
                if not seen:
                    self._memory.absent.note(gate)
                    self._pages.keep(_question(endpoint, params, body, 1), [])
                    return []
            else:
                self._memory.open(gate)
                self._kept[gate] = found
                if found:
                    self._memory.note_seen(gate)
                elif not seen:
                    self._memory.absent.note(gate)
                return found
        if seen:
            self.complete = False
        return self._kept.get(gate, [])

    async def _paged(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None = None,
        body: dict[str, Json] | None = None,
    ) -> list[SolaxRow]:
        async def read(number: int) -> Page[SolaxRow]:
            result = await self._page(endpoint, params, body, number)
            told = (
                SolaxRow.of(result).whole("pages") if isinstance(result, dict) else None
            )
            pages = told or number
            self._pages.expect({_list(endpoint, params, body): min(pages, MOST_PAGES)})
            return Page(rows(result), pages)

        listing = await read_list(read)
        self.complete = self.complete and listing.complete
        return listing.rows

    async def _page(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None,
        body: dict[str, Json] | None,
        page: int,
    ) -> Json:
        question = _question(endpoint, params, body, page)
        if (kept := self._pages.kept(question)) is not None:
            return kept[0]
        if params is not None:
            params = {**params, "pageNo": str(page), "size": str(PAGE_SIZE)}
        elif page > 1:
            body = {**(body or {}), "pageNo": page}
        result = await self._api.call(endpoint, params=params, body=body)
        self._pages.keep(question, result)
        return result


def _list(
    endpoint: Endpoint,
    params: Mapping[str, str] | None,
    body: dict[str, Json] | None,
) -> str:
    """Name a list by what it is asked for with."""
    return json.dumps([endpoint.path, params and dict(params), body])


def _question(
    endpoint: Endpoint,
    params: Mapping[str, str] | None,
    body: dict[str, Json] | None,
    page: int,
) -> str:
    """Name one page of a list."""
    return f"{_list(endpoint, params, body)} {page}"


def list_of_devices(business: str, device_type: str) -> str:
    """Name the list of the devices of a type."""
    return _list(DEVICES, {"businessType": business, "deviceType": device_type}, None)


def list_of_plants(business: str) -> str:
    """Name the list of the plants of a business type."""
    return _list(PLANTS, {"businessType": business}, None)


LOGGER: Final = logging.getLogger(__name__)


class SolaxSession(Session):
    """The signed-in application."""

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

    async def call(
        self,
        endpoint: Endpoint,
        *,
        params: Mapping[str, str] | None = None,
        body: dict[str, Json] | None = None,
        lane: str = READ,
    ) -> Json:
        """Return the ``result`` of an answer. Raises the ``CloudError`` its code stands for."""
        answer = await self._judged(endpoint, params, body, lane)
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
        lane: str,
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

        commands = lane == CONTROL
        answer = await self.exchange(
            Call(send, lane, command=commands, changes=commands)
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
