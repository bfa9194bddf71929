"""A request after its checks: who asks for what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .application import Application, User
from .envelope import Refusal
from .knobs import Knobs
from .plant import Device, Plant
from .tasks import Tasks


@dataclass(frozen=True)
class Query:
    """What an endpoint gets to see."""

    params: Mapping[str, Any]
    application: Application
    user: User
    plants: tuple[Plant, ...]  # what this user, or this consent, opens
    knobs: Knobs
    now: float
    v2: bool
    chinese: bool
    tasks: Tasks

    def text(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self.params.get(name)
        if value is None or value in ("", []):
            raise Refusal("009", f"Parameters {name} cannot be empty!")
        return str(value)

    def whole(self, name: str) -> int:
        """Return a number that must be there; text will do."""
        try:
            return int(self.text(name))
        except ValueError:
            raise Refusal("010", f"Parameters {name} is not a number") from None

    def listed(self, name: str) -> list[str]:
        """Return a list; one text with commas will do."""
        value = self.params.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return [str(one) for one in value]
        return [part.strip() for part in str(value).split(",") if part.strip()]

    def page(self, rows: list[dict[str, Any]], count_name: str) -> dict[str, Any]:
        """Return one page of a list."""
        number = self.whole("page" if self.v2 else "curPage")
        size = min(self.whole("size"), self.knobs.page_limit)
        start = (max(1, number) - 1) * size
        return {"pageList": rows[start : start + size], count_name: len(rows)}

    @property
    def count_name(self) -> str:
        """What this edition calls the number of rows."""
        return self.knobs.v2_count if self.v2 else "rowCount"

    def plant(self, ps_id: str) -> Plant | None:
        """Return a plant of this user."""
        return next((one for one in self.plants if one.ps_id == ps_id), None)

    def device(self, ps_key: str) -> tuple[Plant, Device] | None:
        """Return a device of this user."""
        for plant in self.plants:
            for device in plant.devices:
                if device.ps_key == ps_key:
                    return plant, device
        return None
