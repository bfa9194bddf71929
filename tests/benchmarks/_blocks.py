"""How long the event loop is held up: the processor's time of each callback, and whose code it was."""

from asyncio import events
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import gc
import sys
import threading
import time
from types import FrameType
from typing import Any

OURS = "custom_components/solar_cloud/"
THEIRS = "/homeassistant/"
EVERY = 0.002
"""Seconds between two looks at what the loop's thread is doing."""


@dataclass(slots=True)
class Block:
    """One callback of the loop."""

    seconds: float = 0.0
    collecting: float = 0.0
    """Of these, the seconds Python looked for garbage: among all objects made meanwhile, whoever made them."""
    looks: Counter[str] = field(default_factory=Counter)
    """Where it was found: the innermost line of ours or of Home Assistant's."""

    @property
    def ours(self) -> float:
        """The seconds in our own code and what it calls outside Home Assistant."""
        mine = sum(seen for at, seen in self.looks.items() if at.startswith(OURS))
        return self.working * mine / (self.looks.total() or 1)

    @property
    def working(self) -> float:
        """The seconds without those spent on garbage."""
        return self.seconds - self.collecting


@dataclass(slots=True)
class Watch:
    """All callbacks that ran for a while, the longest first."""

    blocks: list[Block] = field(default_factory=list)
    current: Block | None = None

    def longest(self) -> Block:
        """Return the longest."""
        return max(self.blocks, key=lambda each: each.seconds, default=Block())

    def longest_working(self) -> Block:
        """Return the longest but for garbage."""
        return max(self.blocks, key=lambda each: each.working, default=Block())

    def longest_of_ours(self) -> Block:
        """Return the one with most of our own code."""
        return max(self.blocks, key=lambda each: each.ours, default=Block())


@contextmanager
def watched(least: float = 0.005) -> Iterator[Watch]:
    """Time every callback of this thread's loop that takes ``least`` seconds or more of the processor."""
    watch, thread, over = Watch(), threading.get_ident(), threading.Event()
    collecting_since = 0.0
    run = events.Handle._run  # noqa: SLF001

    def timed(handle: events.Handle) -> None:
        if threading.get_ident() != thread:
            run(handle)
            return
        block = watch.current = Block()
        begun = time.thread_time()
        run(handle)
        block.seconds = time.thread_time() - begun
        if block.seconds >= least and not over.is_set():  # what ends it is no part
            watch.blocks.append(block)

    def collected(phase: str, _: Mapping[str, int]) -> None:
        nonlocal collecting_since
        if threading.get_ident() != thread or watch.current is None:
            return
        if phase == "start":
            collecting_since = time.thread_time()
        else:
            watch.current.collecting += time.thread_time() - collecting_since

    def look() -> None:
        while not over.wait(EVERY):
            block, frame = watch.current, sys._current_frames().get(thread)  # noqa: SLF001
            if block is not None and (at := _place(frame)) is not None:
                block.looks[at] += 1

    looker = threading.Thread(target=look, name="looker", daemon=True)
    events.Handle._run = timed  # type: ignore[method-assign,assignment]  # noqa: SLF001
    gc.collect()
    gc.freeze()  # the clouds and whatever was measured before are no part of a home
    gc.callbacks.append(collected)
    looker.start()
    try:
        yield watch
    finally:
        events.Handle._run = run  # type: ignore[method-assign]  # noqa: SLF001
        gc.callbacks.remove(collected)
        gc.unfreeze()
        over.set()
        looker.join()


def _place(frame: FrameType | None) -> str | None:
    """Return the innermost line of our code or Home Assistant's."""
    while frame is not None:
        code: Any = frame.f_code
        for mark in (OURS, THEIRS):
            if mark in code.co_filename:
                file = mark.lstrip("/") + code.co_filename.rsplit(mark, 1)[1]
                return f"{file}:{code.co_qualname}"
        frame = frame.f_back
    return None
