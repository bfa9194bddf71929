"""The handle of a running command: all that is needed to follow it, before and after a restart."""

from dataclasses import asdict, dataclass, field
import json
import time
from typing import Final, Self, override

from ...storage import Json

DEVICE: Final = "device"
"""The device's word is waited for."""
UPLOAD: Final = "upload"
"""The device has accepted; its next upload shows whether it had an effect."""
FREED: Final = "freed"
"""The device's word on the nudge that frees it is waited for."""
PHASES: Final = frozenset({DEVICE, UPLOAD, FREED})


@dataclass(frozen=True, slots=True)
class SolaxTask:
    """A command the platform took."""

    id: str | None
    """The platform's."""
    device: str
    serial: str
    sent: float
    told: dict[str, Json] = field(default_factory=dict)
    watch: str = ""
    aim: dict[str, Json] = field(default_factory=dict)
    """How a remote mode ends by itself: ``lasts`` s at least, ``target`` % reached by ``charge`` or not."""
    phase: str = DEVICE
    freed: bool = False
    issued: bool = False
    """Whether the platform ever said anything about this device."""

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
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the form that is kept; ``None`` for one that another version wrote."""
        try:
            kept = json.loads(text)
        except ValueError:
            return None
        match kept:
            case {
                "id": str() | None as id_,
                "device": str(device),
                "serial": str(serial),
                "sent": int() | float() as sent,
                "told": dict(told),
                "watch": str(watch),
                "phase": str(phase),
            } if phase in PHASES:
                aim = kept.get("aim")
                return cls(
                    id_,
                    device,
                    serial,
                    float(sent),
                    told,
                    watch,
                    aim if isinstance(aim, dict) else {},
                    phase,
                    kept.get("freed") is True,
                    kept.get("issued") is True,
                )
        return None
