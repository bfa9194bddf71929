"""Trying a target for as long as one likes, and telling apart what was found."""

from dataclasses import dataclass, field
from pathlib import Path
import random
import time
import traceback
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from .targets import Target

ROUND: Final = 400
"""Inputs between two looks at the clock, with a seed of their own."""


@dataclass
class Hunt:
    """What a target came to."""

    name: str
    target: Target
    tried: int = 0
    survived: int = 0
    violations: dict[str, str] = field(default_factory=dict)
    """An input that shows it, by what went wrong and where."""

    def run(self, minutes: float) -> None:
        """Draw inputs until time is up."""
        self.target.prepare()
        until = time.monotonic() + minutes * 60
        while time.monotonic() < until:

            def found(**drawn: Any) -> None:
                if time.monotonic() < until:
                    self.try_one(**drawn)

            hunt = given(**self.target.inputs)(found)
            hunt = settings(
                max_examples=ROUND,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=[*HealthCheck],
            )(hunt)
            seed(random.SystemRandom().getrandbits(64))(hunt)()

    def table(self) -> str:
        """Return the row of the table, and what was found."""
        row = (
            f"{self.name:<30}{self.tried:8}{self.survived:10}{len(self.violations):12}"
        )
        found = (
            f"  {what}\n    {shown[:600]}" for what, shown in self.violations.items()
        )
        return "\n".join((row, *found))

    def try_one(self, **drawn: Any) -> None:
        """Try an input, and note what goes wrong."""
        self.tried += 1
        try:
            self.target.check(**drawn)
        except Exception as err:  # noqa: BLE001  what it is for
            self.violations.setdefault(_what(err), repr(drawn))
        else:
            self.survived += 1


def _what(err: BaseException) -> str:
    """Say what went wrong, and where in our code."""
    frames = traceback.extract_tb(err.__traceback__)
    ours = [each for each in frames if "/solar_cloud/" in each.filename] or frames
    last = ours[-1]
    return f"{type(err).__name__} at {Path(last.filename).name}:{last.lineno}: {str(err)[:120]}"
