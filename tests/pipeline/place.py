"""A place for tests: any time zone, and a sun that obeys."""

from dataclasses import dataclass, field
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Place:
    """Surroundings as a test wants them."""

    home: tzinfo = field(default=BERLIN)
    up: bool = True

    def zone(self, name: str) -> tzinfo | None:
        """Look a zone up."""
        try:
            return ZoneInfo(name)
        except ZoneInfoNotFoundError, ValueError:
            return None

    def sun_is_up(self, at: float) -> bool:
        """Whether the test lets the sun shine."""
        return self.up
