"""Calls that only read, for administrators who want to see an answer as it is: which there are, what each takes, and refusing all else.

Each vendor lists its own. Ids, tokens and everything that is not listed here come from the client and cannot be given, so that no
parameter turns a call into one that writes, or into one about somebody else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
import re

from .errors import CommandInvalid
from .model import Device, Plant
from .storage import Json


class Scope(Enum):
    """Whom a call is about."""

    ACCOUNT = auto()
    PLANT = auto()
    DEVICE = auto()

    @classmethod
    def of(cls, owner: Plant | Device | None) -> Scope:
        """Return the scope that somebody asks for."""
        match owner:
            case Plant():
                return cls.PLANT
            case Device():
                return cls.DEVICE
        return cls.ACCOUNT


type Check = Callable[[Json], Json]
"""Returns a parameter as it is sent; ``None`` for what it must not be."""


def matching(pattern: str) -> Check:
    """Take a text, or a whole number, that is as a whole of a form."""
    form = re.compile(pattern, re.ASCII)

    def check(raw: Json) -> Json:
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            return None
        return str(raw) if form.fullmatch(str(raw)) else None

    return check


def whole(lowest: int, highest: int) -> Check:
    """Take a whole number within limits."""
    digits = matching(r"\d{1,15}")

    def check(raw: Json) -> Json:
        text = digits(raw)
        return (
            int(text)
            if isinstance(text, str) and lowest <= int(text) <= highest
            else None
        )

    return check


@dataclass(frozen=True, slots=True)
class ReadCall[KeyT]:
    """One call, as the vendor's documents name it. ``key`` is what the client sends it by."""

    name: str
    key: KeyT
    scope: Scope = Scope.ACCOUNT
    parameters: Mapping[str, Check] = field(default_factory=dict)

    def checked(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Return the parameters as they are sent. Raises ``CommandInvalid`` for one that the call does not take, or not so."""
        found: dict[str, Json] = {}
        for name, raw in parameters.items():
            check = self.parameters.get(name)
            value = None if check is None else check(raw)
            if value is None:
                raise CommandInvalid(
                    "call_takes",
                    call=self.name,
                    parameters=", ".join(self.parameters) or "–",
                )
            found[name] = value
        return found


def find[KeyT](
    calls: Iterable[ReadCall[KeyT]], name: str, owner: Plant | Device | None
) -> ReadCall[KeyT]:
    """Return a call by its name and whom it is about. Raises ``CommandInvalid``."""
    named = [call for call in calls if call.name == name]
    if not named:
        raise CommandInvalid("unknown_call")
    scope = Scope.of(owner)
    if (fitting := next((call for call in named if call.scope is scope), None)) is None:
        raise CommandInvalid("call_needs", call=name)
    return fitting
