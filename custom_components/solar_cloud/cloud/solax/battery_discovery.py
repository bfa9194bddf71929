"""Finding batteries: most are in no list, but their inverter answers for them.

An inverter without a battery makes the whole call fail, so a failed chunk is asked again one by one, and the answer is kept for a day.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
import time
from typing import Final

from ..errors import PermissionMissing
from ..model import Device
from ..paging import ListingMemory
from ..polling import run_side_by_side
from ..storage import Json
from .access import RECHECK, SolaxAccess
from .api import DEVICE_DATA, SolaxRow, rows
from .errors import AccessDenied, OperationFailed
from .models import BATTERY
from .session import SolaxSession

MOST_SERIALS: Final = 10
BY_INVERTER: Final = "1"
BY_BATTERY: Final = "2"


def chunks(devices: Iterable[Device]) -> list[tuple[Device, ...]]:
    """Cut devices into groups of ten at most, no two of a group behind the same dongle.

    A battery's row names its dongle rather than its inverter, so that two inverters on one dongle must be asked apart.
    """
    groups: list[list[Device]] = []
    for device in devices:
        dongle = device.address.get("register")
        for group in groups:
            if len(group) < MOST_SERIALS and all(
                other.address.get("register") != dongle for other in group
            ):
                group.append(device)
                break
        else:
            groups.append([device])
    return [tuple(group) for group in groups]


def battery_params(
    business: str, serials: Sequence[str], sn_type: str = BY_INVERTER
) -> dict[str, str]:
    """Ask for the batteries of inverters, or for batteries by their own serials."""
    return {
        "snList": ",".join(serials),
        "deviceType": BATTERY,
        "businessType": business,
        "requestSnType": sn_type,
    }


def row_of(
    inverter: Device,
    battery_serial: str | None,
    found: Sequence[SolaxRow],
    *,
    alone: bool,
) -> SolaxRow | None:
    """Pick the row of an inverter's battery.

    Rows come in no promised order and name the battery, the inverter, or only the dongle.
    """
    serial = inverter.address["sn"].upper()
    candidates = sorted(found, key=lambda row: row.text("deviceSn") or "")
    for wanted in (battery_serial and battery_serial.upper(), serial):
        for row in candidates:
            if wanted and (row.text("deviceSn") or "").upper() == wanted:
                return row
    dongle = inverter.address.get("register")
    for row in candidates:
        if dongle and (row.text("registerNo") or "").upper() == dongle.upper():
            return row
    return candidates[0] if alone and candidates else None


def list_of_batteries(business: str) -> str:
    """Return the name under which the questions after inverters' batteries are kept."""
    return f"batteries {business}"


class BatteryDiscovery:
    """Asks inverters for their batteries, each at most once a day."""

    def __init__(
        self, session: SolaxSession, access: SolaxAccess, pages: ListingMemory
    ) -> None:
        """Start without knowing any battery but those remembered; what was answered before is in ``pages``."""
        self._session: Final = session
        self._access: Final = access
        self._pages: Final = pages
        self._found: dict[str, SolaxRow] = {}
        self._asked: dict[str, float] = {}
        self.complete = True

    async def look(
        self, inverters: Mapping[str, Sequence[Device]]
    ) -> dict[str, SolaxRow]:
        """Return a battery's row for each inverter that has one, given by business type."""
        self.complete = True
        now = time.time()
        asks: list[Callable[[], Awaitable[None]]] = []
        for business, mine in inverters.items():
            cut = chunks(
                inverter
                for inverter in mine
                if now >= self._asked.get(inverter.id, -RECHECK) + RECHECK
            )
            self._pages.expect({list_of_batteries(business): len(cut)})
            asks += [partial(self._ask, business, chunk) for chunk in cut]
        await run_side_by_side(self._session.most_at_once, asks)
        return {
            inverter.id: self._found[inverter.id]
            for mine in inverters.values()
            for inverter in mine
            if inverter.id in self._found
        }

    async def _ask(self, business: str, chunk: tuple[Device, ...]) -> None:
        serials = [inverter.address["sn"] for inverter in chunk]
        gate = (DEVICE_DATA.path, business, BATTERY)
        if self._access.resting(gate) is not None:
            self._unclear(chunk)
            return
        question = f"{list_of_batteries(business)} {','.join(serials)}"
        if (answer := self._pages.kept(question)) is None:
            try:
                answer = (
                    await self._session.call(
                        DEVICE_DATA, params=battery_params(business, serials)
                    ),
                )
            except PermissionMissing as err:
                self._access.forbid(gate, err.permission)
                self._unclear(chunk)
                return
            except OperationFailed, AccessDenied:
                answer = ()
            self._pages.keep(question, *answer)
        if answer:
            self._take(chunk, answer[0])
        elif len(chunk) == 1:
            self._miss(chunk[0])
        else:
            for inverter in chunk:
                await self._ask(business, (inverter,))

    def _take(self, chunk: tuple[Device, ...], result: Json) -> None:
        found = rows(result)
        for inverter in chunk:
            row = row_of(inverter, None, found, alone=len(chunk) == 1)
            if row is not None:
                self._found[inverter.id] = row
                self._asked[inverter.id] = time.time()
                self._access.note_battery(inverter.id)
            elif inverter.address.get("online") == "0":
                self._unclear(
                    (inverter,)
                )  # its dongle is silent, and so is its battery
            else:
                self._miss(inverter)

    def _miss(self, inverter: Device) -> None:
        """Take a battery for absent, at once or, one that was there, after the third look in vain."""
        if self._access.miss_battery(inverter.id):
            self._found.setdefault(inverter.id, SolaxRow.of({}))
            self.complete = False
        else:
            self._found.pop(inverter.id, None)
            self._asked[inverter.id] = time.time()

    def _unclear(self, chunk: Iterable[Device]) -> None:
        for inverter in chunk:
            if self._access.has_battery(inverter.id):
                self._found.setdefault(inverter.id, SolaxRow.of({}))
                self.complete = False
