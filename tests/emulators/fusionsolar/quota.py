"""The vendor's flow control, counted per account and interface."""

from collections import Counter
from collections.abc import Iterable

from ..limits import Window
from .knobs import Knobs
from .plant import Plant

DAY = 86400.0
FIVE_MINUTES = 300.0
MINUTE = 60.0
REPORTS = ("Hour", "Day", "Month", "Year")
ONCE_A_MINUTE = frozenset(
    {"getStationList", "getDevList", "getStationRealKpi", "getDevHistoryKpi"}
    | {f"getKpiStation{span}" for span in REPORTS}
    | {f"getDevKpi{span}" for span in REPORTS[1:]}
)


def allowances(plants: Iterable[Plant]) -> dict[str, tuple[int, float]]:
    """Return calls and seconds by interface, from what the account holds (8.1)."""
    listed = list(plants)
    counts = Counter(
        one.type for plant in listed for one in plant.devices if one.readable
    )
    hundreds = max(1, _up(len(listed), 100))
    groups = max(1, sum(_up(count, 100) for count in counts.values()))
    tens = max(1, sum(_up(count, 10) for count in counts.values()))
    return {
        "stations": (hundreds * 10 + 24, DAY),
        "getStationList": (24, DAY),
        "getDevList": (hundreds + 24, DAY),
        "getStationRealKpi": (hundreds, FIVE_MINUTES),
        **{f"getKpiStation{span}": (hundreds + 24, DAY) for span in REPORTS},
        "getDevRealKpi": (groups, FIVE_MINUTES),
        "getDevHistoryKpi": (tens + 24, DAY),
        "history": (max(1, sum(counts.values())), FIVE_MINUTES),
        **{f"getDevKpi{span}": (groups + 24, DAY) for span in REPORTS[1:]},
        "getAlarmList": (hundreds, 1800.0),
    }


def _up(count: int, size: int) -> int:
    return -(-count // size)


class Budget:
    """The calls of one account."""

    def __init__(self) -> None:
        """Begin with nothing used."""
        self._windows: dict[tuple[str, float], Window] = {}
        self.calls: Counter[str] = Counter()
        self.exceeded: Counter[str] = Counter()

    def take(
        self, interface: str, plants: list[Plant], now: float, knobs: Knobs
    ) -> bool:
        """Count a call; whether it is within all limits."""
        self.calls[interface] += 1
        limits = []
        if (allowance := allowances(plants).get(interface)) is not None:
            limits.append(allowance)
        if knobs.minute_rule and interface in ONCE_A_MINUTE:
            limits.append((1, MINUTE))
        windows = [
            (self._windows.setdefault((interface, seconds), Window(seconds)), calls)
            for calls, seconds in limits
        ]
        fits = all(window.used(now) < calls for window, calls in windows)
        if fits or knobs.count_rejected:
            for window, _ in windows:
                window.acquire(now)
        if not fits:
            self.exceeded[interface] += 1
        return fits
