"""The log of everything a client asked a cloud."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Call:
    """One request and how it was answered; times are the world's."""

    at: datetime
    method: str
    path: str
    params: dict[str, Any]  # secrets are masked
    serials: tuple[str, ...] = ()
    token_generation: int | None = None  # of the token sent, or of the one just issued
    code: int | str | None = None  # the vendor's, when the answer had one
    http: int | None = None  # None: the connection was dropped
    fault: bool = False  # an injected fault had a hand in the answer
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def matches(self, endpoint: str, where: Mapping[str, object] | None = None) -> bool:
        """Say whether the call went to an endpoint with such parameters."""
        if endpoint != "*" and not self.path.endswith(endpoint):
            return False
        wanted = where or {}
        return all(
            str(self.params.get(key)) == str(value) for key, value in wanted.items()
        )

    def as_dict(self) -> dict[str, Any]:
        """Return a form for JSON."""
        return asdict(self) | {"at": self.at.isoformat()}


class CallLog:
    """All calls, oldest first."""

    def __init__(self) -> None:
        """Begin with a clean page."""
        self._calls: list[Call] = []

    def __iter__(self) -> Iterator[Call]:
        """Iterate over all calls."""
        return iter(self._calls)

    def __len__(self) -> int:
        """Count all calls."""
        return len(self._calls)

    def __getitem__(self, position: int) -> Call:
        """Return one call by its position."""
        return self._calls[position]

    def add(self, call: Call) -> None:
        """Note a call that begins."""
        self._calls.append(call)

    def clear(self) -> None:
        """Turn the page."""
        self._calls.clear()

    def of(
        self, endpoint: str, since: datetime | None = None, **where: object
    ) -> list[Call]:
        """Return the calls whose path ends so, with such parameters."""
        return [
            call
            for call in self._calls
            if call.matches(endpoint, where) and (since is None or call.at >= since)
        ]

    def count(self, endpoint: str = "*", **where: object) -> int:
        """Count calls to an endpoint."""
        return sum(call.matches(endpoint, where) for call in self._calls)
