"""Names and units of points, as far as anybody asks for them (sungrow.md §4.8)."""

from typing import Any

from .envelope import Refusal
from .query import Query

NAMES = {
    "83022": ("Daily Yield of Plant", "Wh"),
    "83024": ("Total Yield of Plant", "Wh"),
    "83033": ("Plant Power", "W"),
    "83106": ("Load Power", "W"),
    "83252": ("Battery Level (SOC)", None),
    "13003": ("Total DC Power", "W"),
    "13011": ("Total Active Power", "W"),
    "13141": ("Battery Level (SOC)", None),
    "24": ("Total Active Power", "W"),
    "1": ("Yield Today", "Wh"),
    "2": ("Total Yield", "Wh"),
    "4": ("Internal Air Temperature", "℃"),
}
ENERGY_WORDS = ("Yield", "Energy")


def dictionary(query: Query, points: list[str]) -> dict[str, Any]:
    """Return the dictionary of the points asked for, if it is wanted."""
    if str(query.params.get("is_get_point_dict")) != "1":
        return {}
    rows = []
    for point in points:
        bare = point.removeprefix("p")
        name, unit = NAMES.get(bare, (f"Point {bare}", "W"))
        rows.append({"point_id": int(bare), "point_name": name, "point_unit": unit})
    return {"point_dict": rows}


STATUS_SIGNALS, TELEMETRY, PROPERTIES = 1, 2, 5
TYPES = {"83": 11, "13": 14}
"""By how ids begin; others belong to string inverters."""
FOREIGN = {14: ("13999", "直流总功率", "W")}
"""What no document names, and the list names in Chinese whatever the language asked for."""


def catalogue(query: Query) -> dict[str, Any]:
    """Answer V1's getOpenPointInfo for one type and one kind of points; its show_unit is not the unit of the values."""
    kind, group = query.whole("device_type"), query.whole("type")
    if group not in {STATUS_SIGNALS, TELEMETRY, PROPERTIES}:
        raise Refusal("010", "Parameters type is invalid")
    listed = [
        (point, *told)
        for point, told in NAMES.items()
        if TYPES.get(point[:2], 1) == kind and group == TELEMETRY
    ]
    if kind in FOREIGN and group == TELEMETRY:
        listed.append(FOREIGN[kind])
    rows = [
        {
            "point_id": int(point),
            "point_name": name,
            "storage_unit": unit,
            "show_unit": f"k{unit}" if unit in {"W", "Wh"} else unit,
            "device_type": kind,
            "open_point_remark": None,
        }
        for point, name, unit in listed
    ]
    return query.page(rows, "rowCount")
