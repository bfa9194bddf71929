"""Older forms of what is stored, brought to the present one when a file is read.

Only the settings the clients know (``controls``) are not here: they were sections of the vendors' own, which know them
(``_present_form`` in the state of each vendor's controls).

``VERSION`` counts the forms of one major version of Home Assistant's ``Store``. Each section is told by its looks, so that files of every
earlier minor version take the same way:

- 1: fields by position, in lists. Some sections had fields by name already.
- 2: what the pipeline keeps has its fields by name, and is found by plant or device.
- 3: so have times of uploads, counts of calls, and gaps.
- 4: so have assumed settings, tasks, imports and odd hours; a forced mode says when it was begun.
- 5: an import under way says how far it has come.
- 6: a forced mode says which one it is, for there are more than two.

What is damaged is passed on as it is: its reader refuses it (``cloud/serialization.py``).
"""

from collections.abc import Callable, Mapping
from typing import Final

from .cloud.storage import Json
from .pipeline.sibling import decimals

VERSION: Final = 6

type Convert = Callable[[Json], Json]


def migrate(sections: Mapping[str, Json]) -> dict[str, Json]:
    """Return a file's sections in their present form."""
    return {
        name: MIGRATIONS.get(name, _fetched)(content)
        for name, content in sections.items()
    }


def _named(row: Json, *names: str) -> Json:
    """Give the items of a row their names."""
    return dict(zip(names, row, strict=False)) if isinstance(row, list) else row


def _each(content: Json, convert: Convert) -> Json:
    """Convert the values of a mapping."""
    if not isinstance(content, dict):
        return content
    return {key: convert(each) for key, each in content.items()}


def _by_owner(rows: Json, convert: Convert) -> Json:
    """Put rows of a plant or device, a counter and what is kept of it below the first two."""
    if not isinstance(rows, list):
        return rows
    found: dict[str, Json] = {}
    for row in rows:
        match row:
            case [str(device_id), str(name), *rest]:
                place = found.setdefault(device_id, {})
                assert isinstance(place, dict)
                place[_slot_key(name)] = convert(rest[0] if len(rest) == 1 else rest)
    return found


def _slot_key(name: str) -> str:
    """Return the key of a slot that was named ``pv_power#0``."""
    quantity, _, index = name.partition("#")
    return f"{quantity}_{index}" if index not in {"", "0"} else quantity


def _filter(row: Json) -> Json:
    """[[value, at, moved, credit], offset, other, floor, ceiling, doubt, zero since, renewed, rejected]."""
    found = _named(
        row,
        "line",
        "offset",
        "previous_offset",
        "floor",
        "learned_limit",
        "doubt",
        "zero_since",
        "renewed",
        "rejected",
    )
    if not isinstance(row, list) or not isinstance(found, dict):
        return row
    match found.pop("line", None):
        case [float() | int() as value, at, moved, _]:
            line = {"value": value, "at": at, "moved": moved}
            return found | line | {"digits": decimals(value)}
    return found


def _filter_of_today(row: Json) -> Json:
    found = _filter(row)
    return found | {"lifelong": False} if isinstance(found, dict) else found


def _day_counter(row: Json) -> Json:
    found = _named(
        row,
        "guarded",
        "date",
        "value",
        "waiting",
        "sure",
        "restarted_at",
        "raw",
        "at",
        "filter",
    )
    if not isinstance(found, dict):
        return found
    return found | {"filter": _filter_of_today(found.get("filter"))}


def _days(content: Json) -> Json:
    if not isinstance(content, dict):
        return content
    return {
        "days": _each(content.get("days"), lambda row: _named(row, "date", "start")),
        "counters": _by_owner(content.get("counters"), _day_counter),
        "shares": _by_owner(
            content.get("shares"),
            lambda row: _named(row, "date", "base", "last", "at"),
        ),
    }


def _source(row: Json) -> Json:
    found = _named(row, "terms", "offset", "last", "waiting_since", "stood")
    if not isinstance(found, dict) or "stood" not in found:
        return found
    return found | {"last_addends": _by_owner(found.get("stood"), _as_it_is)}


def _as_it_is(content: Json) -> Json:
    return content


def _seen(content: Json) -> Json:
    if not isinstance(content, list):
        return content
    return [_slot_key(each) for each in content if isinstance(each, str)]


def _detector(anchor: Json) -> Json:
    return anchor if isinstance(anchor, dict) else {"anchor": anchor}


def _quota(content: Json) -> Json:
    if not isinstance(content, dict) or not isinstance(
        rows := content.get("calls"), list
    ):
        return content
    calls: dict[str, dict[str, Json]] = {}
    for row in rows:
        match row:
            case [str(bucket), float() | int() as seconds, steps]:
                calls.setdefault(bucket, {})[str(float(seconds))] = {"steps": steps}
    blocked = _each(content.get("blocked"), lambda row: _named(row, "until", "key"))
    return {"blocked": blocked, "calls": dict[str, Json](calls)}


def _gaps(content: Json) -> Json:
    if not isinstance(content, dict):
        return content
    gaps = content.get("gaps")
    return {
        "heard": _by_owner(
            content.get("heard"), lambda row: _named(row, "at", "value")
        ),
        "gaps": [_gap(row) for row in gaps] if isinstance(gaps, list) else gaps,
    }


def _gap(row: Json) -> Json:
    match row:
        case [device_id, key, start, end]:
            return {"key": [device_id, key], "start": start, "end": end}
    return row


def _settings(rows: Json) -> Json:
    if not isinstance(rows, list):
        return rows
    found: dict[str, dict[str, Json]] = {}
    for row in rows:
        match row:
            case {"owner": str(device_id), "control": str(control)}:
                found.setdefault(device_id, {})[control] = row
    return dict[str, Json](found)


def _tasks(rows: Json) -> Json:
    return [_task(row) for row in rows] if isinstance(rows, list) else rows


def _task(row: Json) -> Json:
    if not isinstance(row, dict) or "target" not in row:
        return row
    return row | {"device_id": row["target"]}


def _force(row: Json) -> Json:
    """The first versions kept when a mode was renewed, and nothing of when it was begun; later ones only whether it charges."""
    if not isinstance(row, dict):
        return row
    found = row if row.get("begun") else row | {"begun": row.get("renewed")}
    wish = found.get("wish")
    if isinstance(wish, dict) and isinstance(charges := wish.get("charges"), bool):
        mode = "charge" if charges else "discharge"
        found = found | {"wish": wish | {"mode": mode}}
    return found


def _examination(content: Json) -> Json:
    if not isinstance(content, dict) or not isinstance(
        rows := content.get("findings"), list
    ):
        return content
    findings: dict[str, list[Json]] = {}
    for row in rows:
        match row:
            case [str(key), start, excess]:
                odd: Json = {"start": start, "excess": excess}
                findings.setdefault(key, []).append(odd)
    return content | {"findings": dict[str, Json](findings)}


def _import(content: Json) -> Json:
    if not isinstance(content, dict):
        return content
    names = ("start", "end", "lift", "kwh", "resolution", "first_sum")
    counters = _each(content.get("counters"), lambda row: _named(row, *names))
    return content | {"counters": counters}


def _job(row: Json) -> Json:
    return row if isinstance(row, dict) else {"start": row}


def _fetched(content: Json) -> Json:
    """What an import has fetched of a plant lies in a file of its own, in which sections are plants."""
    if not isinstance(content, dict) or not content.keys() & {"readings", "reports"}:
        return content
    return content | {
        "readings": _readings(content.get("readings")),
        "reports": _reports(content.get("reports")),
    }


def _readings(content: Json) -> Json:
    if not isinstance(content, dict):
        return content
    return content | {"samples": _by_owner(content.get("samples"), _as_it_is)}


def _reports(content: Json) -> Json:
    if not isinstance(content, dict) or not isinstance(
        rows := content.get("rows"), list
    ):
        return content
    return content | {"rows": [_named(row, "start", "end", "values") for row in rows]}


MIGRATIONS: Final[Mapping[str, Convert]] = {
    # pipeline/counter_filters.py
    "guards": lambda rows: _by_owner(rows, _filter),
    # pipeline/daily.py
    "days": _days,
    # pipeline/pipeline.py
    "roles": lambda plants: _each(plants, lambda roles: _each(roles, _source)),
    # pipeline/known_slots.py
    "seen": lambda content: _each(content, _seen),
    # polling/upload_tracker.py
    "cadence": lambda row: _named(row, "late_enough", "too_soon"),
    # polling/scheduler.py
    "strides": lambda content: _each(content, _detector),
    # cloud/quota.py
    "quota": _quota,
    # backfill/gaps.py
    "gaps": _gaps,
    # statistics/gap_fill.py
    "repair": _readings,
    # statistics/importer.py, the next two too
    "import_jobs": lambda jobs: _each(jobs, _job),
    "imports": lambda plants: _each(plants, _import),
    "import_writing": lambda plants: _each(plants, _import),
    # control/pending.py
    "settings": _settings,
    # control/tasks.py
    "tasks": _tasks,
    # control/forced_mode.py
    "forces": lambda forces: _each(forces, _force),
    # statistics/anomalies.py
    "doctor": lambda plants: _each(plants, _examination),
}
