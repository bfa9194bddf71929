"""What Home Assistant knows of the place it stands at: time zones and the sun."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.sun import is_up
from homeassistant.util import dt as dt_util


class HomeAssistantLocation:
    """The home's place. Time zones are looked up ahead, because that reads files."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Look around from the configured location."""
        self._hass: Final = hass
        self._zones: Final[dict[str, tzinfo | None]] = {}
        self._sun: tuple[float, bool] | None = None
        """The instant at which the sun was looked at last, and whether it was up: all plants of a poll ask for the same."""

    async def async_learn(self, names: Iterable[str | None]) -> None:
        """Look time zones up."""
        for name in names:
            if name and name not in self._zones:
                self._zones[name] = await dt_util.async_get_time_zone(name)

    @property
    def home(self) -> tzinfo:
        """Home Assistant's own time zone."""
        return dt_util.get_default_time_zone()

    def zone(self, name: str) -> tzinfo | None:
        """Return a time zone that was looked up."""
        return self._zones.get(name)

    def sun_is_up(self, at: float) -> bool:
        """Whether the sun stands over the horizon."""
        if self._sun is None or self._sun[0] != at:
            self._sun = at, is_up(self._hass, datetime.fromtimestamp(at, UTC))
        return self._sun[1]
