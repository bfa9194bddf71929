"""A request's parameters, read as the cloud reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .application import Application
from .envelope import Refusal, bad_parameter
from .knobs import Knobs
from .plant import COMMERCIAL, RESIDENTIAL, Kind, Plant

MOST_SERIALS = 10


@dataclass(frozen=True)
class Query:
    """Parameters of a GET or of a JSON body, whose types do not matter to the cloud."""

    params: Mapping[str, Any]
    now: float
    application: Application

    def get(self, name: str) -> str | None:
        """Return a parameter as text, None if it is missing or empty."""
        value = self.params.get(name)
        return None if value in (None, "") else str(value)

    def require(self, name: str) -> str:
        """Return a parameter or refuse."""
        value = self.get(name)
        if value is None:
            raise bad_parameter(f"{name} must not be null")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a whole number or refuse."""
        value = self.get(name) if default is not None else self.require(name)
        if value is None:
            value = str(default)
        try:
            return int(value)
        except ValueError:
            raise bad_parameter(f"{name} is not a number") from None

    @property
    def business_type(self) -> int:
        """Return the business type or refuse."""
        value = self.integer("businessType")
        if value not in {RESIDENTIAL, COMMERCIAL}:
            raise bad_parameter("businessType is not supported")
        return value

    def kind(self, *allowed: Kind) -> Kind:
        """Return the device type or refuse."""
        value = self.integer("deviceType")
        if value not in allowed:
            raise bad_parameter("deviceType is not supported")
        return Kind(value)

    def page(self, knobs: Knobs) -> tuple[int, int]:
        """Return page number and size."""
        number = max(1, self.integer("pageNo", 1))
        size = max(1, self.integer("size", knobs.page_size))
        return number, min(size, knobs.largest_page)

    def serials(self) -> list[str]:
        """Return one to ten serials or refuse."""
        serials = split(self.params.get("snList"))
        if not serials:
            raise bad_parameter("snList must not be empty")
        if len(serials) > MOST_SERIALS:
            raise bad_parameter(f"snList exceeds {MOST_SERIALS} elements")
        return serials

    def plants(self, known: Sequence[Plant], *, optional: bool = False) -> list[Plant]:
        """Return the plant asked for, or all of the business type."""
        business = self.business_type
        mine = [plant for plant in known if plant.business_type == business]
        wanted = self.get("plantId") if optional else self.require("plantId")
        if wanted is None:
            return mine
        found = [plant for plant in mine if plant.plant_id == wanted]
        if not found or not found[0].authorised:
            raise Refusal(10506)
        return found

    def plant(self, known: Sequence[Plant]) -> Plant:
        """Return the one plant asked for or refuse."""
        return self.plants(known)[0]


def split(serials: object) -> list[str]:
    """Read a list of serials, joined by commas or a JSON array."""
    if isinstance(serials, list):
        return [str(one) for one in serials]
    return [one for one in str(serials or "").split(",") if one]
