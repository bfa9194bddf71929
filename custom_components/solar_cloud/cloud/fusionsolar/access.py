"""What the account may not read: remembered, so that the rest is read without it, and tried again rarely."""

from collections.abc import Iterable
import logging
import time
from typing import Final

from ..model import Notice
from .errors import ErrorAction, Refused
from .schedule import Batch
from .session import Batcher

LOGGER: Final = logging.getLogger(__name__)
DENIED_SECONDS: Final = 3600.0
OWNER_NOTICE: Final = Notice("owner_permission_missing")


class ReadAccess:
    """Permissions and limits found out by being refused."""

    def __init__(self) -> None:
        """Expect to be let in everywhere."""
        self._packers: dict[tuple[str, int], Batcher] = {}
        self._denied: dict[tuple[str, int], float] = {}
        self._complained: set[tuple[str, int]] = set()
        self.unauthorized: set[str] = set()
        """Plants and vendor's device ids without their owner's permission."""
        self.unsupported: set[int] = set()
        """Device types without data."""
        self.outdated = False
        """Whether the vendor knows other plants or devices than we do."""
        self.span_too_long = False

    def pack(self, lane: str, kind: int, ids: Iterable[str]) -> list[tuple[str, ...]]:
        """Return what to ask an interface for, in as few calls as it takes."""
        return [] if self.denies(lane, kind) else self._packer(lane, kind).pack(ids)

    def denies(self, lane: str, kind: int) -> bool:
        """Whether an interface is closed to us for this kind of device."""
        return self._denied.get((lane, kind), 0.0) > time.time()

    def granted(self, batch: Batch) -> None:
        """Note a success."""
        self._packer(batch.lane, batch.kind).mark_ok(batch.ids)
        self.unauthorized -= set(batch.ids)
        self._denied.pop((batch.lane, batch.kind), None)

    def refused(self, batch: Batch, refusal: Refused) -> None:
        """Do what a refusal asks for; the other calls go on."""
        match refusal.reaction:
            case ErrorAction.OWNER:
                if self._packer(batch.lane, batch.kind).mark_failed(batch.ids):
                    self.unauthorized |= set(batch.ids)
            case ErrorAction.RELIST:
                self._packer(batch.lane, batch.kind).mark_failed(batch.ids)
                self.outdated = True
            case ErrorAction.NOT_ALLOWED:
                self._denied[batch.lane, batch.kind] = time.time() + DENIED_SECONDS
            case ErrorAction.UNSUPPORTED:
                self.unsupported.add(batch.kind)
            case ErrorAction.SHORTEN:
                self.span_too_long = True
            case ErrorAction.EMPTY:
                pass
            case _:
                self._complain(batch.lane, refusal.code)

    def _complain(self, lane: str, code: int) -> None:
        if (lane, code) not in self._complained:
            self._complained.add((lane, code))
            LOGGER.warning("FusionSolar refuses %s with code %s", lane, code)

    def notices(self) -> set[Notice]:
        """Return what the user should know."""
        found = {
            Notice("interface_denied", (("interface", lane),))
            for lane, kind in self._denied
            if self.denies(lane, kind)
        }
        return found | ({OWNER_NOTICE} if self.unauthorized else set())

    def _packer(self, lane: str, kind: int) -> Batcher:
        return self._packers.setdefault((lane, kind), Batcher())
