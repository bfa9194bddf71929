"""Dongles: what a cloud knows is what a dongle last uploaded."""

from collections.abc import Iterator
import math

from .noise import chance, seed_of
from .timed import Timed

_LONGEST_SEARCH = 400  # uploads looked back through before giving up


class Dongle:
    """Uploads its devices' state every few minutes, as long as it is online."""

    def __init__(
        self,
        dongle_id: str,
        *,
        period: float = 300.0,
        phase: float | None = None,
        delay: float = 20.0,
        jitter: float = 0.0,
        missed: float = 0.0,
        online: bool = True,
    ) -> None:
        """Upload at `phase` after every full period; visible in the cloud `delay` later.

        Args:
            dongle_id: name; it also decides the phase when none is given.
            period: seconds between uploads.
            phase: seconds after the full period.
            delay: the cloud's processing time.
            jitter: uploads come up to so many seconds late.
            missed: share of uploads that never arrive.
            online: whether it ever was online.
        """
        self.id = dongle_id
        self.delay = delay
        self.jitter = jitter
        self.missed = missed
        self.online = Timed(online)
        self.period = Timed(period)
        self._seed = seed_of("dongle", dongle_id)
        self._phase = chance(self._seed, 0) * period if phase is None else phase

    def last_upload(self, now: float) -> float | None:
        """Return the time of the newest upload the cloud shows at an instant."""
        at = self._before(now - self.delay)
        for _ in range(_LONGEST_SEARCH):
            if self.online.at(at) is False:
                gone = self.online.since(at)
                if gone == -math.inf:
                    return None
                at = self._before(math.nextafter(gone, -math.inf))
            elif self._arrived(at):
                return at
            else:
                at = self._before(math.nextafter(at, -math.inf))
        return None

    def uploads(self, start: float, end: float) -> Iterator[float]:
        """Yield the uploads sent in [start, end), oldest first."""
        found = []
        at = self._before(math.nextafter(end, -math.inf))
        while at >= start:
            if self.online.at(at) and self._arrived(at):
                found.append(at)
            at = self._before(math.nextafter(at, -math.inf))
        yield from reversed(found)

    def _before(self, at: float) -> float:
        """Return the newest time on the dongle's own grid that is not after an instant."""
        period = self.period.at(at)
        number = math.floor((at - self._phase) / period) + 1
        while (due := self._due(number, period)) > at:
            number -= 1
        return due

    def _due(self, number: int, period: float) -> float:
        late = self.jitter * chance(self._seed, number) if self.jitter else 0.0
        return float(math.floor(self._phase + number * period + late))

    def _arrived(self, at: float) -> bool:
        return not self.missed or chance(self._seed, int(at)) >= self.missed
