"""What energy costs and when: the forms in which integrations publish prices, and contracts with a price or two.

All become the same rows. A form is known by its fields, so that an integration that publishes like another one needs nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, tzinfo
from itertools import pairwise
import math
from typing import Final

MEGAWATT_HOUR: Final = 0.001
CENT: Final = 0.01
CENTS: Final = ("c", "ct", "cent", "cents", "p", "pence", "øre", "öre", "snt", "gr")
"""How units name the hundredth of a currency, in lower case."""
HOUR: Final = 3600.0
MOST_ROWS: Final = 10_000
"""Rows that are read: a month in quarters of an hour is 3,000, and all else waits meanwhile."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a kWh costs in a stretch of time, given in seconds since 1970."""

    start: float
    end: float
    price: float


@dataclass(frozen=True, slots=True)
class PriceForm:
    """How somebody publishes prices: lists under these names, of rows with these fields."""

    lists: tuple[str, ...]
    start: str
    end: str | None
    price: str
    factor: float | None = None
    """What makes a price per kWh of it; ``None`` where the entity's unit says so."""
    usual: float = 1.0
    """The same where there is no unit."""


FORMS: Final = (
    # Nord Pool of HACS, and all that publish like it
    PriceForm(("raw_today", "raw_tomorrow"), "start", "end", "value"),
    # ENTSO-E
    PriceForm(("prices_today", "prices_tomorrow"), "time", None, "price"),
    # Octopus Energy, an entity for each day: pounds
    PriceForm(("rates",), "start", "end", "value_inc_vat", 1.0),
    # EPEX Spot: aWATTar, SMARD, smartENERGY, Energy-Charts, Tibber
    PriceForm(("data",), "start_time", "end_time", "price_per_kwh", 1.0),
    PriceForm(("data",), "start_time", "end_time", "price_ct_per_kwh", CENT),
    # the actions of Tibber and EnergyZero, and of Nord Pool, which names areas
    PriceForm(("prices",), "start_time", None, "price"),
    PriceForm(("prices",), "start", "end", "price"),
    PriceForm((), "start", "end", "price", usual=MEGAWATT_HOUR),
)
"""Known from the integrations' own sources, 2026-11."""
PLAIN: Final = PriceForm((), "start", "end", "price", 1.0)
"""A list of rows made by hand."""


class UnreadablePricesError(ValueError):
    """Prices in no form that is known, or those of several areas at once."""


def published(data: object, unit: str | None, zone: tzinfo) -> list[Price]:
    """Return the prices of an entity's attributes, an action's response, or a list of rows, by time.

    Times without a zone are in ``zone``. Raises ``UnreadablePricesError``.
    """
    if isinstance(data, list):
        return _ordered(_rows(_only_list(data), PLAIN, 1.0, zone), math.inf)
    if isinstance(data, Mapping):
        for form in FORMS:
            factor = form.factor
            if factor is None:
                factor = per_kwh(unit) if unit else form.usual
            named = [data[name] for name in form.lists if name in data]
            lists = [_only_list(each) for each in named or [data][: not form.lists]]
            rows = [row for each in lists for row in _rows(each, form, factor, zone)]
            if rows:
                return _ordered(rows)
    raise UnreadablePricesError


def _only_list(data: object) -> Sequence[object]:
    """Return a list, or the only one of a mapping by home or area. Raises ``UnreadablePricesError``, also where it is endless."""
    if isinstance(data, Mapping):
        lists = [each for each in data.values() if isinstance(each, list) and each]
        if len(lists) > 1:
            raise UnreadablePricesError
        data = lists[0] if lists else None
    if not isinstance(data, list):
        return ()
    if len(data) > MOST_ROWS:
        raise UnreadablePricesError
    return data


def _rows(
    listed: Sequence[object], form: PriceForm, factor: float, zone: tzinfo
) -> Iterator[Price]:
    """Yield rows with their end, or without it as rows of no length; what has no price yet is left out."""
    for row in listed:
        if not isinstance(row, Mapping):
            continue
        start = _instant(row.get(form.start), zone)
        end = _instant(row.get(form.end), zone) if form.end else start
        price = _number(row.get(form.price))
        if start is not None and price is not None:
            yield Price(start, start if end is None else end, price * factor)


def _ordered(rows: Iterable[Price], longest: float = HOUR) -> list[Price]:
    """Sort rows by time, and end each that says nothing of it where the next begins, if that is not too far off."""
    ordered = sorted(
        {row.start: row for row in rows}.values(), key=lambda row: row.start
    )
    lengths = [later.start - row.start for row, later in pairwise(ordered)]
    lengths = [*lengths, min([*lengths, HOUR])][: len(ordered)]
    return [
        replace(row, end=row.start + min(length, longest))
        if row.end <= row.start
        else row
        for row, length in zip(ordered, lengths, strict=True)
    ]


def _instant(told: object, zone: tzinfo) -> float | None:
    try:
        at = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
        return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()
    except ValueError, OverflowError:
        return None


def _number(told: object) -> float | None:
    try:
        number = float(told)  # type: ignore[arg-type]
    except ValueError, TypeError, OverflowError:
        return None
    return number if math.isfinite(number) else None


def per_kwh(unit: str | None) -> float:
    """Return what makes a price per kWh, in whole money, of one in a unit."""
    money, _, energy = str(unit or "").strip().lower().partition("/")
    return (CENT if money.strip() in CENTS else 1.0) * (
        MEGAWATT_HOUR if energy.strip() == "mwh" else 1.0
    )


@dataclass(frozen=True, slots=True)
class DailyPrice:
    """A price between two times of every day; before the start, the end is on the next day."""

    start: time
    end: time
    price: float

    def holds(self, at: time) -> bool:
        """Whether it is the price at a time."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def contract(
    price: float,
    daily: Sequence[DailyPrice],
    start: float,
    hours: float,
    zone: tzinfo,
) -> list[Price]:
    """Return the rows of a contract with one price, and others at times of the day, in quarters of an hour from ``start`` on."""
    quarter = HOUR / 4
    rows: list[Price] = []
    for number in range(round(hours * 4)):
        at = start + number * quarter
        local = datetime.fromtimestamp(at, UTC).astimezone(zone).time()
        now = next((each.price for each in daily if each.holds(local)), price)
        if rows and rows[-1].price == now and at % HOUR:
            rows[-1] = replace(rows[-1], end=at + quarter)
        else:
            rows.append(Price(at, at + quarter, now))
    return rows


def from_now(rows: Sequence[Price], now: float) -> list[Price]:
    """Return the rows from now on until the first that is missing, the present one cut; none when the present one is missing."""
    known: list[Price] = []
    for row in rows:
        if row.end <= now:
            continue
        begins = known[-1].end if known else now
        if row.start > begins:
            break
        if row.end > begins:
            known.append(replace(row, start=begins))
    return known
