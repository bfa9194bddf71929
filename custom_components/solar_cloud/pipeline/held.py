"""Why a counter is not published as it was told: what the diagnostics say of it (docs/counters.md, "Why a counter is held")."""

from dataclasses import dataclass, field
from enum import StrEnum


class HeldBecause(StrEnum):
    """The rule that holds a counter."""

    FIRST_ZERO = "first_zero"
    """It never showed anything but zero."""
    ZERO = "zero"
    DIP = "dip"
    """It is a little below what is published."""
    OWED = "owed"
    """It takes back what was published without proof."""
    UNSEEN_STEP = "unseen_step"
    """It made a step that was possible while nobody measured."""
    STEP = "step"
    """It made a step that nobody vouches for."""
    NEW_DEVICE = "new_device"
    """It fell to what it can have counted by itself since."""
    STUCK = "stuck"
    """It stands though its power does not; only differences wait for it."""
    AFTER_OUTAGE = "after_outage"
    """It may be the value of before an outage; only differences wait for it."""
    NOT_TOLD = "not_told"

    # Of the roles of a plant:
    UNDECIDED = "undecided"
    """No source was chosen yet: a better one than what answers is silent."""
    SOURCE_MISSING = "source_missing"
    """The chosen source does not answer."""
    WAITS_FOR_ADDEND = "waits_for_addend"
    """A difference, of which an addend is held or of another round of calls."""
    AHEAD = "ahead"
    """More was published than the sources add up to, as a rule by the measured power; they make up for it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A counter began or ceased to be held."""

    at: float
    """When the value that led to it was measured, in epoch seconds."""
    device_id: str = field(repr=False)
    slot: str
    because: HeldBecause | None
    """The rule; ``None`` when the counter is published as it was told again."""
    told: float
    published: float | None
    """kWh."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why a counter is held, and how long; times in epoch seconds."""

    because: HeldBecause
    since: float | None = None
    believed_at: float | None = None
    """When it is believed if it stays as it is, ``None`` where that is waited out."""
    behind: float | None = None
    """kWh by which what is published is behind what was told."""
