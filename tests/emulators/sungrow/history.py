"""The past: minutes, days, months, years; never today (sungrow.md §4.6, §4.7)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ..world.noise import chance, seed_of
from .energies import Moment
from .envelope import Refusal
from .plant import Device, Plant
from .plant_row import plant_values
from .points import dictionary
from .query import Query
from .realtime import device_values
from .rows import Values
from .style import points_of

LONGEST = timedelta(hours=3)
LONGEST_OPTIMIZER = timedelta(days=30)
MOST_POINTS = 50
MOST_IDS = 50
VIRTUAL = "_11_0_0"
FORMATS = {"day": "%Y%m%d", "month": "%Y%m", "year": "%Y"}
NUMBERS = {"1": "day", "2": "month", "3": "year"}
SPANS = {"day": 100, "month": 24, "year": 5}

type Owner = tuple[Plant, Device | None]


def _owners(query: Query, name: str) -> Iterator[tuple[str, Owner | None]]:
    ids = query.listed(name)
    if not ids:
        raise Refusal("009", f"Parameters {name} cannot be empty!")
    if len(ids) > MOST_IDS:
        raise Refusal("010", f"Parameters {name} size is over {MOST_IDS}")
    for each in ids:
        if name == "ps_id_list":
            plant = query.plant(each)
            yield each, (plant, None) if plant else None
        elif each.endswith(VIRTUAL) and (
            plant := query.plant(each.removesuffix(VIRTUAL))
        ):
            yield each, (plant, None)  # the plant's own key, as in realtime
        else:
            yield each, query.device(each)


def _points(query: Query, name: str) -> list[str]:
    points = query.text(name).split(",")
    if len(points) > MOST_POINTS:
        raise Refusal("010", f"Parameters {name} size is over {MOST_POINTS}")
    return [point.strip() for point in points]


def _values(query: Query, owner: Owner, at: float) -> Values:
    plant, device = owner
    if device is None:
        return plant_values(Moment.of(plant, at, query.knobs), plant)
    return device_values(plant, device, at, query.knobs)


def _local_time(plant: Plant, text: str) -> float:
    try:
        naive = datetime.strptime(text, "%Y%m%d%H%M%S")
    except ValueError:
        raise Refusal("010", "Parameters start_time_stamp is invalid") from None
    return naive.replace(tzinfo=ZoneInfo(plant.site.spec.zone)).timestamp()


def minutes(query: Query, ids: str, longest: timedelta = LONGEST) -> dict[str, Any]:
    """Answer the minute lists."""
    points = _points(query, "points")
    interval = int(query.params.get("minute_interval") or 5)
    if interval <= 0 or interval % 5:
        raise Refusal("010", "Parameters minute_interval is invalid")
    begin, end = query.text("start_time_stamp"), query.text("end_time_stamp")
    answer: dict[str, Any] = {}
    refused = []
    for key, owner in _owners(query, ids):
        if owner is None:
            refused.append(key)
            continue
        plant = owner[0]
        start, stop = _local_time(plant, begin), _local_time(plant, end)
        if stop - start > longest.total_seconds():
            raise Refusal("010", "query time interval exceeds the maximum")
        answer[key] = list(_frames(query, key, owner, points, start, stop, interval))
    if refused:
        answer[f"illegal_{ids}"] = refused
    return answer | dictionary(query, points)


def _frames(
    query: Query,
    key: str,
    owner: Owner,
    points: list[str],
    start: float,
    stop: float,
    interval: int,
) -> Iterator[dict[str, str | None]]:
    plant, device = owner
    today = plant.midnight(query.now)
    step = 60 * interval
    at = -(-start // step) * step
    seed = seed_of(key, "history")
    while at <= stop and at < today:
        asleep = device is not None and device.sleeps and not plant.awake(device, at)
        if not asleep and chance(seed, int(at // 300)) >= query.knobs.history_gaps:
            found = points_of(key, _values(query, owner, at), points, query.knobs)
            row = {name: value for name, value in found.items() if value}
            if row:
                yield {"time_stamp": f"{plant.local(at):%Y%m%d%H%M%S}", **row}
        at += step


def periods(query: Query, ids: str, *, numbered: bool) -> dict[str, Any]:
    """Answer the lists of days, months and years; the value's key is the data type."""
    told = query.text("query_type")
    kind = NUMBERS.get(told) if numbered else told
    if kind not in FORMATS:
        raise Refusal("010", "Parameters query_type is invalid")
    points = _points(query, "data_point")
    types = query.text("data_type").split(",")
    days = _days(query, kind)
    answer: dict[str, Any] = {}
    refused = []
    for key, owner in _owners(query, ids):
        if owner is None:
            refused.append(key)
            continue
        rows = {
            point: _period_rows(query, owner, point, kind, days, types)
            for point in points
        }
        answer[key] = {point: found for point, found in rows.items() if found}
    if refused:
        answer[f"illegal_{ids}"] = refused
    return answer | dictionary(query, points)


def _days(query: Query, kind: str) -> list[datetime]:
    """Return the starts of the periods asked for."""
    style = FORMATS[kind]
    try:
        start = datetime.strptime(query.text("start_time"), style)
        end = datetime.strptime(query.text("end_time"), style)
    except ValueError:
        raise Refusal("010", "Parameters start_time is invalid") from None
    found = []
    while start <= end:
        found.append(start)
        if len(found) > SPANS[kind]:
            raise Refusal("010", "query time interval exceeds the maximum")
        start = _next(start, kind)
    return found if str(query.params.get("order", "0")) == "0" else found[::-1]


def _next(start: datetime, kind: str) -> datetime:
    if kind == "day":
        return start + timedelta(days=1)
    if kind == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start.replace(year=start.year + 1)


def _period_rows(
    query: Query,
    owner: Owner,
    point: str,
    kind: str,
    days: list[datetime],
    types: list[str],
) -> list[dict[str, str]]:
    """Add up a daily counter over finished days; whether a running month or year tells what there is of it is not known."""
    plant = owner[0]
    zone = ZoneInfo(plant.site.spec.zone)
    today = plant.midnight(query.now)
    rows = []
    for day in days:
        total, filled, at = 0.0, False, day
        while at < _next(day, kind):
            midnight = at.replace(tzinfo=zone).timestamp()
            following = (at + timedelta(days=1)).replace(tzinfo=zone).timestamp()
            running = kind != "day" and query.knobs.running_totals
            if following <= today or (running and midnight <= query.now):
                end = min(following, query.now)
                value = _day_value(query, owner, point, midnight, end)
                if value is not None:
                    total, filled = total + value, True
            at += timedelta(days=1)
        if filled:
            stamp = day.strftime(FORMATS[kind])
            rows.append({"time_stamp": stamp, **dict.fromkeys(types, f"{total:.4f}")})
    return rows


def _day_value(
    query: Query, owner: Owner, point: str, midnight: float, following: float
) -> float | None:
    try:
        values = _values(query, owner, following - 1.0)
    except ValueError:
        return None  # before the world began
    value = values.get(point.removeprefix("p"))
    return value if isinstance(value, float) else None
