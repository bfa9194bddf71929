"""A time that stands still until it is moved."""

from datetime import UTC, datetime


class StillClock:
    """Stands in for ``time.time``; the client and its cloud share it."""

    def __init__(self, start: datetime) -> None:
        """Stand at ``start``."""
        self.now = start.timestamp()

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def move_to(self, moment: datetime | str) -> None:
        """Jump; a text is in ISO 8601, in UTC where it names no zone."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        self.now = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
