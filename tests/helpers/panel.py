"""Home Assistant's calendar as its page in a browser speaks to it, at the emulated homes of three vendors."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import itertools
from typing import Any
from zoneinfo import ZoneInfo

from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket

from homeassistant.core import HomeAssistant, State

from ..emulators.fusionsolar.steered import TIMES
from ..emulators.solax import Kind
from ..emulators.sungrow.plant import HYBRID
from .home import Home
from .house import FusionSolarHouse, SolaxHouse, SungrowHouse

ALL = "THISANDFUTURE"
DAILY = "FREQ=DAILY"
TODAY = "2026-06-15"
"""A Monday: the day on which the story begins, in Berlin."""
BERLIN = ZoneInfo("Europe/Berlin")

type Connect = Callable[[], Awaitable[MockHAClientWebSocket]]
type Kept = list[tuple[str, str, str, str]]
"""What a device keeps: charge or discharge, start, end, and its days and its target as far as the vendor has them."""


@dataclass
class Panel:
    """The calendar of one battery."""

    home: Home
    entity_id: str
    connect: Connect
    waits: float
    """Seconds after which the device has carried out a change and said so."""
    step: float
    sent: Callable[[], int]
    """How many changes the cloud was sent."""
    kept: Callable[[], Kept]
    socket: MockHAClientWebSocket | None = None
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def hass(self) -> HomeAssistant:
        """The Home Assistant it belongs to."""
        return self.home.hass

    async def carried_out(self) -> None:
        """Let the device do what it was told."""
        await self.pass_time(self.waits, self.step)

    async def pass_time(self, seconds: float, step: float = 60.0) -> None:
        """Let time pass, in which Home Assistant hears nothing of the browser: it connects anew."""
        if self.socket is not None:
            await self.socket.close()
        self.socket = None
        await self.home.pass_time(seconds, step=step)

    async def send(self, message: dict[str, Any]) -> MockHAClientWebSocket:
        """Send something to Home Assistant, and return where it answers."""
        if self.socket is None:
            self.socket = await self.connect()
        await self.socket.send_json(message)
        return self.socket

    async def _call(self, kind: str, **data: Any) -> str | None:
        """Return the text of the error that the dialog shows, ``None`` when it closes."""
        number = next(self.numbers)
        message = {"type": f"calendar/event/{kind}", "entity_id": self.entity_id}
        socket = await self.send({"id": number} | message | data)
        while (answer := await socket.receive_json())["id"] != number:
            pass
        return None if answer["success"] else str(answer["error"]["message"])

    async def create(
        self, summary: str, start: str, end: str, rule: str | None = DAILY
    ) -> str | None:
        """Press "Add event"."""
        return await self._call("create", event=event(summary, start, end, rule))

    async def change(
        self, shown: dict[str, Any], *said: str | None, extent: str = ALL
    ) -> str | None:
        """Change an event that is shown; what is ``said`` is as ``event`` takes it."""
        given = [*said, DAILY][:4]
        return await self._call(
            "update",
            uid=shown["uid"],
            recurrence_id=shown["recurrence_id"],
            recurrence_range=extent,
            event=event(*given),  # type: ignore[arg-type]
        )

    async def delete(self, shown: dict[str, Any], extent: str = ALL) -> str | None:
        """Delete an event that is shown."""
        return await self._call(
            "delete",
            uid=shown["uid"],
            recurrence_id=shown["recurrence_id"],
            recurrence_range=extent,
        )

    async def shows(self, first: str = TODAY, days: int = 1) -> list[dict[str, Any]]:
        """Look at some days and return the events that begin in them."""
        number = next(self.numbers)
        start = datetime.fromisoformat(first).replace(tzinfo=BERLIN)
        socket = await self.send(
            {
                "id": number,
                "type": "calendar/event/subscribe",
                "entity_id": self.entity_id,
                "start": start.isoformat(),
                "end": (start + timedelta(days=days)).isoformat(),
            }
        )
        while (answer := await socket.receive_json())["id"] != number or (
            answer["type"] != "event"
        ):
            pass
        found: list[dict[str, Any]] = answer["event"]["events"]
        return [each for each in found if each["start"] >= first]

    async def day(self, first: str = TODAY) -> list[tuple[str, str, str]]:
        """Return what a day shows: summaries with their times."""
        return [
            (each["summary"], each["start"][11:16], each["end"][11:16])
            for each in await self.shows(first)
        ]

    @property
    def state(self) -> State:
        """What the entity shows."""
        state = self.hass.states.get(self.entity_id)
        assert state is not None
        return state


def event(
    summary: str, start: str, end: str, rule: str | None = DAILY
) -> dict[str, Any]:
    """Return an event as the dialog sends it, today where no day is named; an end before the start is on the next day."""
    first = start if len(start) > len("HH:MM") else f"{TODAY}T{start}:00"
    last = end
    if len(end) == len("HH:MM"):
        day = datetime.fromisoformat(first[:10])
        day += timedelta(days=end <= first[11:16])
        last = f"{day:%Y-%m-%d}T{end}:00"
    found = {"dtstart": first, "dtend": last, "summary": summary}
    return found if rule is None else found | {"rrule": rule}


async def solax_panel(house: SolaxHouse, connect: Connect) -> Panel:
    """A home whose owner has told what a work mode overwrites."""
    await house.know()

    def kept() -> Kept:
        settings = house.solax.told(Kind.INVERTER).settings
        return [
            (kind, start, end, str(settings["chargeUpperSoc"]))
            for kind in ("charge", "discharge")
            for number in (1, 2)
            if (start := settings[f"{kind}StartTimePeriod{number}"])
            != (end := settings[f"{kind}EndTimePeriod{number}"])
            and (kind, end) != ("discharge", "23:59")
        ]

    return Panel(
        house.home,
        house.home.entity_id(house.id(Kind.INVERTER, "battery_schedule"), "calendar"),
        connect,
        60.0,
        30.0,
        lambda: len(house.solax.commands()),
        kept,
    )


async def sungrow_panel(house: SungrowHouse, connect: Connect) -> Panel:
    """A home whose settings were read."""

    def kept() -> Kept:
        store = house.cloud.told(house.cloud.first(HYBRID)).store
        days = {1: "every day", 0: "weekdays"}[int(store["10066"])]
        rows = [
            [int(store[str(code + n)]) for n in range(5)] for code in (10067, 10072)
        ]
        return [
            ("charge", f"{a:02}:{b:02}", f"{c:02}:{d:02}", f"{days}, {target}")
            for a, b, c, d, target in rows
            if a < 24 and int(store["10065"]) == 170
        ]

    return Panel(
        house.home,
        house.home.entity_id(house.id("battery_schedule"), "calendar"),
        connect,
        120.0,
        5.0,
        lambda: len(house.cloud.settings_sent),
        kept,
    )


async def fusionsolar_panel(house: FusionSolarHouse, connect: Connect) -> Panel:
    """A home whose settings were read."""

    def kept() -> Kept:
        times = house.told.times or {}
        return [
            (
                each["chargeOrDischarge"],
                each["startTime"],
                each["endTime"],
                "".join(map(str, each["repeat"])),
            )
            for each in times.get(TIMES, [])
        ]

    return Panel(
        house.home,
        house.home.entity_id(house.id("battery_schedule"), "calendar"),
        connect,
        700.0,
        30.0,
        lambda: house.writes,
        kept,
    )
