"""The handle of a running command: all that is needed to follow it, before and after a restart."""

from dataclasses import asdict, dataclass, field
import json
import time
from typing import Final, Self, override

from ...storage import Json
from .api import Kind
from .requests import FusionSolarRequest

LOOKS: Final = ((30.0, 30.0), (90.0, 60.0), (900.0, 90.0), (3600.0, 600.0))
"""Up to an age, the seconds to the next look: states move every three minutes, and each look is a call out of a hundred a day."""
RARELY: Final = 3600.0


@dataclass(frozen=True, slots=True)
class ControlTask:
    """A change that was sent, or waits for its turn, with those that follow it."""

    plant: str
    write: FusionSolarRequest
    id: Json = None
    """The vendor's; ``None`` while an earlier change of the same kind runs."""
    sent: float = field(default_factory=lambda: time.time())
    rest: tuple[FusionSolarRequest, ...] = ()
    done: tuple[str, ...] = ()
    """What the steps before have set."""
    hides: bool = False
    """Whether it came from a control, whose entity shows what was wished until the plant has spoken."""

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return time.time() - self.sent

    @property
    def next_look(self) -> float:
        """Seconds after which it is worth a look."""
        return next((wait for until, wait in LOOKS if self.age < until), RARELY)

    @override
    def __str__(self) -> str:
        """Give the form that is kept."""
        return json.dumps(
            asdict(self)
            | {
                "write": self.write.as_json(),
                "rest": [write.as_json() for write in self.rest],
            }
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the form that is kept; ``None`` for one that another version wrote."""
        try:
            kept = json.loads(text)
        except ValueError:
            return None
        match kept:
            case {
                "plant": str(plant),
                "write": write,
                "id": str() | int() | None as id_,
                "sent": int() | float() as sent,
                "rest": list(rest),
                "done": list(done),
                "hides": bool(hides),
            }:
                steps = [_write(each) for each in (write, *rest)]
                if None not in steps:
                    first, *following = filter(None, steps)
                    return cls(
                        plant,
                        first,
                        id_,
                        float(sent),
                        tuple(following),
                        tuple(map(str, done)),
                        hides,
                    )
        return None


def _write(kept: Json) -> FusionSolarRequest | None:
    match kept:
        case {
            "kind": str(word),
            "changes": dict(changes),
            "told": dict(told),
        } if (kind := KINDS.get(word)) is not None:
            return FusionSolarRequest(
                kind,
                changes,
                {
                    key: value
                    for key, value in told.items()
                    if isinstance(value, bool | int | float | str)
                },
            )
    return None


KINDS: Final = {str(kind): kind for kind in Kind}
