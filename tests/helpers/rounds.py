"""How many round trips a client waits for: calls are held until no more come, and answered together."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..emulators.base import Cloud
from ..emulators.calls import Call

QUIET: Final = 200
"""Turns of the event loop without another call: whoever could ask without an answer has asked."""
MEASURED: Final = frozenset({"power", "energy", "battery", "voltage"})
"""Classes of sensors that only a reading can fill."""


@dataclass
class Rounds:
    """The calls of each round, in the order of their answers."""

    calls: list[list[Call]] = field(default_factory=list)
    _held: list[tuple[Call, asyncio.Event]] = field(default_factory=list)

    async def hold(self, call: Call) -> None:
        """Wait for the end of a call's round."""
        go = asyncio.Event()
        self._held.append((call, go))
        if len(self._held) == 1:
            await self._gather()
        await go.wait()

    async def _gather(self) -> None:
        """Wait until no further call comes, and let all go."""
        turns, known = 0, 0
        while turns < QUIET:
            await asyncio.sleep(0)
            turns = turns + 1 if known == len(self._held) else 0
            known = len(self._held)
        self.calls.append([call for call, _ in self._held])
        for _, go in self._held:
            go.set()
        self._held.clear()


@contextmanager
def rounds(cloud: Cloud[Any]) -> Iterator[Rounds]:
    """Let a running cloud answer in rounds."""
    counted, note = Rounds(), cloud._note  # noqa: SLF001

    async def hold(request: web.Request) -> Call:
        call = await note(request)
        await counted.hold(call)
        return call

    cloud._note = hold  # type: ignore[method-assign]  # noqa: SLF001
    try:
        yield counted
    finally:
        cloud._note = note  # type: ignore[method-assign]  # noqa: SLF001


@contextmanager
def until_first_state(hass: HomeAssistant, counted: Rounds) -> Iterator[list[int]]:
    """Collect, for each state that only a reading can bring, how many rounds were answered before it."""
    registry, found = er.async_get(hass), list[int]()

    @callback
    def look(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is None or state.attributes.get("device_class") not in MEASURED:
            return
        known = registry.async_get(state.entity_id)
        if known is not None and known.platform == DOMAIN and _is_number(state.state):
            found.append(len(counted.calls))

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, look)
    try:
        yield found
    finally:
        stop()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
