"""The handle of a running command: all that is needed to follow it, before and after a restart."""

from dataclasses import dataclass, field
import json
import time
from typing import Final, Self, override

from ...serialization import from_text_or_none, to_json
from ...storage import Json

DEVICE: Final = "device"
"""The device's answer is waited for."""
UPLOAD: Final = "upload"
"""The device has accepted; its next upload shows whether it had an effect."""
FREED: Final = "freed"
"""The device's answer to the nudge that frees it is waited for."""
PHASES: Final = frozenset({DEVICE, UPLOAD, FREED})


@dataclass(frozen=True, slots=True)
class SolaxTask:
    """A command the platform took."""

    id: str | None
    """The platform's."""
    device: str
    serial: str
    sent: float
    told: dict[str, Json]
    watch: str
    aim: dict[str, Json] = field(default_factory=dict)
    """How a remote mode ends by itself: ``lasts`` s at least, ``target`` % reached by ``charge`` or not."""
    phase: str = DEVICE
    freed: bool = False
    issued: bool = False
    """Whether the platform ever reported a status of this device."""

    @property
    def mark(self) -> str:
        """Tell it from other commands to the same device."""
        return self.id or str(self.sent)

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return time.time() - self.sent

    @override
    def __str__(self) -> str:
        """Give the form that is kept."""
        return json.dumps(to_json(self))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the form that is kept; ``None`` for one that another version wrote."""
        task = from_text_or_none(cls, text)
        return task if task is not None and task.phase in PHASES else None
