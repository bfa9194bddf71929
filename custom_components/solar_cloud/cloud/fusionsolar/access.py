"""What the account may not read: remembered, so that the rest is read without it, and tried again rarely."""

from collections.abc import Iterable
import logging
from typing import Final

from ..access import Batcher, Refusals
from ..model import Notice
from .errors import ErrorAction, Refused
from .limits import BATCH
from .schedule import Batch

LOGGER: Final = logging.getLogger(__name__)
RETRY_SECONDS: Final = 3600.0
OWNER_NOTICE: Final = Notice("owner_permission_missing")


def denied_notice(bucket: str) -> Notice:
    """Tell of an interface that is closed to the account."""
    return Notice("interface_denied", (("interface", bucket),))


class ReadAccess:
    """Permissions and limits found out by being refused."""

    def __init__(self) -> None:
        """Begin with nothing refused."""
        self._packers: dict[tuple[str, int], Batcher] = {}
        self._denied: Final = Refusals[tuple[str, int]](RETRY_SECONDS)
        self._complained: set[tuple[str, int]] = set()
        self.unauthorized: set[str] = set()
        """Plants and vendor's device ids without their owner's permission."""
        self._unsupported: Final = Refusals[int](RETRY_SECONDS)
        self.outdated = False
        """Whether the vendor knows other plants or devices than we do."""
        self.span_too_long = False

    def pack(self, bucket: str, kind: int, ids: Iterable[str]) -> list[tuple[str, ...]]:
        """Return what to ask an interface for, in as few calls as it takes."""
        return (
            [] if self.denies(bucket, kind) else self._batcher(bucket, kind).pack(ids)
        )

    def denies(self, bucket: str, kind: int) -> bool:
        """Whether an interface is closed to us for this kind of device."""
        return (bucket, kind) in self._denied

    def ask_again(self) -> None:
        """Let everything that was refused be asked for when it is due."""
        self._denied.forget()
        for packer in self._packers.values():
            packer.retry_all()

    def rests(self, kind: int) -> bool:
        """Whether a type of devices is said to have no data; asked now and then, for a cloud in trouble may say it of all."""
        return kind in self._unsupported

    @property
    def unsupported(self) -> list[int]:
        """The types that had no data when they were asked last."""
        return sorted(self._unsupported.since)

    @property
    def denied(self) -> bool:
        """Whether an interface is closed to the account."""
        return any(True for _ in self._denied)

    def granted(self, batch: Batch) -> None:
        """Note that a batch was answered: its devices and their interface are open."""
        self._batcher(batch.bucket, batch.kind).mark_ok(batch.ids)
        self.unauthorized -= set(batch.ids)
        self._denied.clear((batch.bucket, batch.kind))
        self._unsupported.clear(batch.kind)

    def refused(self, batch: Batch, refusal: Refused) -> None:
        """Do what a refusal asks for; the other calls go on."""
        match refusal.reaction:
            case ErrorAction.OWNER:
                if self._batcher(batch.bucket, batch.kind).mark_failed(batch.ids):
                    self.unauthorized |= set(batch.ids)
            case ErrorAction.RELIST:
                self._batcher(batch.bucket, batch.kind).mark_failed(batch.ids)
                self.outdated = True
            case ErrorAction.NOT_ALLOWED:
                self._denied.note((batch.bucket, batch.kind))
            case ErrorAction.UNSUPPORTED:
                self._unsupported.note(batch.kind)
            case ErrorAction.SHORTEN:
                self.span_too_long = True
            case ErrorAction.EMPTY:
                pass
            case _:
                self._complain(batch.bucket, refusal.code)

    def _complain(self, bucket: str, code: int) -> None:
        if (bucket, code) not in self._complained:
            self._complained.add((bucket, code))
            LOGGER.warning("FusionSolar refuses %s with code %s", bucket, code)

    def notices(self) -> set[Notice]:
        """Return what the user should know."""
        found = {denied_notice(bucket) for bucket, _ in self._denied}
        return found | ({OWNER_NOTICE} if self.unauthorized else set())

    def _batcher(self, bucket: str, kind: int) -> Batcher:
        return self._packers.setdefault((bucket, kind), Batcher(BATCH, RETRY_SECONDS))
