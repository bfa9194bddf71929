"""What was measured, beside the targets and what it was before: the tables of docs/performance.md."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

type Told = Mapping[str, Any]
"""What a run of all benchmarks wrote."""

VENDORS: Final = ("solax", "sungrow", "fusionsolar")
SIGN_INS: Final = ("solax", "sungrow_account", "fusionsolar_account")


@dataclass(frozen=True)
class Row:
    """One thing that costs, and how it is read out of the figures; vendors in the order SolaX, Sungrow, FusionSolar."""

    what: str
    before: str
    target: str
    now: Callable[[Told], Iterable[float | None]]
    digits: int = 0


def _figures(told: Told, part: str) -> Any:
    return (told["parts"].get(part) or {}).get("figures") or []


def _sizes(told: Told, vendor: str) -> list[dict[str, Any]]:
    return [
        size
        for each in _figures(told, "cycle")
        if each["vendor"] == vendor
        for size in each["sizes"]
        if size.get("loaded")
    ]


def _cycle(
    key: str, devices: int, factor: float = 1.0
) -> Callable[[Told], list[float | None]]:
    """Return a figure of the cycle of the account nearest to so many devices."""

    def now(told: Told) -> list[float | None]:
        found: list[float | None] = []
        for vendor in VENDORS:
            sizes = _sizes(told, vendor)
            near = [s for s in sizes if 0.5 <= s["devices"] / devices <= 1.3]
            best = min(near, key=lambda s: abs(s["devices"] - devices), default=None)
            value = None if best is None else best.get(key)
            found.append(None if value is None else value * factor)
        return found

    return now


def _exponents(told: Told) -> list[float | None]:
    known = {each["vendor"]: each["exponent"] for each in _figures(told, "cycle")}
    return [known.get(vendor) for vendor in VENDORS]


def _start(kind: str, key: str) -> Callable[[Told], list[float | None]]:
    """Return a figure of a start; of blocks, that of the largest account."""

    def now(told: Told) -> list[float | None]:
        found: list[float | None] = []
        for sign_in in SIGN_INS:
            rows = [
                row
                for row in _figures(told, "start")
                if row["kind"] == kind and row["sign_in"] == sign_in
            ]
            rows.sort(key=lambda row: row.get("devices", 0))
            found.append(rows[-1].get(key) if rows else None)
        return found if kind != "cold, 50 plants" else found[1:2]

    return now


def _named(
    part: str, field: str, names: Iterable[str], key: str, factor: float = 1.0
) -> Callable[[Told], list[float | None]]:
    """Return a figure of the rows of these names."""

    def now(told: Told) -> list[float | None]:
        known = {row[field]: row.get(key) for row in _figures(told, part)}
        return [
            None if (value := known.get(name)) is None else value * factor
            for name in names
        ]

    return now


def _herd(key: str, scene: str) -> Callable[[Told], list[float | None]]:
    def now(told: Told) -> list[float | None]:
        return [
            row[key] for row in _figures(told, "herd") if row["scene"].startswith(scene)
        ]

    return now


def _ages(way: str) -> Callable[[Told], list[float | None]]:
    def now(told: Told) -> list[float | None]:
        return [
            row[way]["polled"]
            for row in _figures(told, "cadence")
            if "unsteady" not in row["name"]
        ]

    return now


ROWS: Final = (
    Row("CPU of a poll ÷ floor, home", "3.0–3.6", "≤ 2", _cycle("ratio", 4), 1),
    Row(
        "CPU of a poll ÷ floor, 400 devices",
        "10–11 (one poll), 17 / 81 (many)",
        "≤ 3",
        _cycle("ratio", 400),
        1,
    ),
    Row("CPU of a poll ÷ floor, 1,500 devices", "–", "≤ 3", _cycle("ratio", 1500), 1),
    Row("CPU grows with devices to the power of", "–", "≤ 1.05", _exponents, 2),
    Row(
        "Longest block in a cycle, 400 devices, ms",
        "229–931",
        "≤ 50",
        _cycle("block", 400, 1e3),
    ),
    Row(
        "Longest block at set-up, 500 devices, ms",
        "2,000–4,400",
        "≤ 100",
        _start("block", "longest_ms"),
    ),
    Row(
        "– an integration that only adds as many entities, ms",
        "–",
        "",
        _start("block", "floor_ms"),
    ),
    Row(
        "– without Python's collector, ms", "–", "≤ 100", _start("block", "working_ms")
    ),
    Row("– of it in our code, ms", "–", "", _start("block", "ours_in_it_ms")),
    Row(
        "Round trips to the first state, cold",
        "13 / 10 / 7",
        "≤ 5",
        _start("cold", "depth"),
    ),
    Row("– after a restart", "12 / 9 / 4", "1", _start("restart", "depth")),
    Row("– Sungrow, 50 plants", "64", "≤ 6", _start("cold, 50 plants", "depth")),
    Row("Import of our modules, ms", "100", "≤ 60", _start("imports", "ms")),
    Row("– of it in the event loop, ms", "100", "", _start("imports", "loop_ms")),
    Row(
        "Calls a day, homes",
        "1,383 / – / 1,130",
        "≤ 1,200 / – / 915",
        _named(
            "calls",
            "name",
            ("SolaX home", "Sungrow home", "FusionSolar home"),
            "total",
        ),
    ),
    Row(
        "– Sungrow without battery",
        "1,084",
        "≤ 700",
        _named("calls", "name", ("Sungrow, no battery",), "total"),
    ),
    Row(
        "– SolaX, 100 plants, a cycle",
        "150",
        "≤ 55",
        _named("calls", "name", ("SolaX 100 plants, a cycle",), "total"),
    ),
    Row(
        "– FusionSolar, logins a night",
        "14",
        "≤ 1",
        _named("calls", "name", ("FusionSolar home",), "night_sign_ins"),
    ),
    Row(
        "Age of data by day, s",
        "–",
        "no worse",
        _named(
            "calls",
            "name",
            ("SolaX home", "Sungrow home", "FusionSolar home"),
            "age_by_day",
        ),
    ),
    Row("Age of data, polled in step, s", "–", "≤ 0.6 x fixed", _ages("in_step")),
    Row("– polled by a fixed timer, s", "–", "", _ages("fixed")),
    Row(
        "Herd, peak ÷ mean, normal hour: seen at once / varying",
        "35 / 5.3",
        "≤ 3",
        _herd("ratio", "a normal"),
        1,
    ),
    Row("– after an hour's outage", "–", "≤ 3", _herd("ratio", "after"), 1),
    Row("– all restarted together", "–", "≤ 3", _herd("ratio", "all"), 1),
    Row("Memory of an entity, kB, 400 devices", "–", "", _cycle("bytes", 400, 1e-3), 1),
    Row(
        "Rows of the recorder a day, homes",
        "7,410 / 7,884 / 3,951",
        "",
        _named("recorder", "sign_in", SIGN_INS, "rows"),
    ),
    Row(
        "`.storage` of a home a day, writes",
        "277",
        "≤ 100",
        _named("storage", "row", SIGN_INS, "writes"),
    ),
    Row(
        "– MB",
        "9–13",
        "≤ 1",
        _named("storage", "row", SIGN_INS, "bytes", 1e-6),
        2,
    ),
    Row(
        "– 100 plants, MB",
        "600–690, when all plants said the same",
        "≤ 20",
        _named("storage", "row", ("plants",), "bytes", 1e-6),
        1,
    ),
    Row(
        "History of 30 days, MB written",
        "22",
        "≤ 3 x the data",
        _named("storage", "row", ("history",), "bytes", 1e-6),
        1,
    ),
    Row(
        "– the data, MB",
        "–",
        "",
        _named("storage", "row", ("history",), "floor", 1e-6),
        2,
    ),
)


def _text(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def machine(told: Told) -> str:
    """Return a sentence about the machine and the versions."""
    about = told["machine"]
    return (
        f"{about['date']} UTC, commit `{about['commit']}`, {about['processor']}, {about['cores']} cores (load {about['load']} at the begin),"
        f" {about['system']}, Python {about['python']}, Home Assistant {about['home_assistant']}."
    )


def summary(told: Told) -> str:
    """Return the table of everything that has a target."""
    lines = ["| | 463efee | Target | Now |", "|---|---|---|---|"]
    for row in ROWS:
        now = " / ".join(_text(each, row.digits) for each in row.now(told)) or "–"
        lines.append(f"| {row.what} | {row.before} | {row.target} | {now} |")
    return "\n".join(lines)


def tables(told: Told) -> str:
    """Return what each benchmark printed."""
    parts = [
        f"`{part['command']}`, {part['seconds']} s:\n\n```text\n{part['printed'].strip()}\n```"
        for part in told["parts"].values()
    ]
    return "\n\n".join(parts)


def filled(text: str, told: Told) -> str:
    """Return a page with what stands between its marks replaced by a new run."""
    for mark, fill in (("machine", machine), ("summary", summary), ("tables", tables)):
        head, begin, rest = text.partition(f"<!-- {mark} -->")
        _, end, tail = rest.partition(f"<!-- /{mark} -->")
        text = f"{head}{begin}\n{fill(told)}\n{end}{tail}"
    return text
