"""Values now (sungrow.md §4.4, §4.5, §4.13)."""

from typing import Any

from .energies import Moment
from .envelope import Refusal
from .knobs import Knobs
from .lists import fault_status
from .plant import OPTIMIZER, PLANT, Device, Plant
from .plant_row import plant_values
from .points import dictionary
from .query import Query
from .rows import ROWS, Values
from .style import points_of


def asked_points(query: Query, most: int) -> list[str]:
    """Return the points a request names."""
    points = query.listed("point_id_list")
    if not points:
        raise Refusal("009", "Parameters point_id_list cannot be empty!")
    if len(points) > most:
        raise Refusal("010", f"Parameters point_id_list size is over {most}")
    if not query.knobs.refused_points.isdisjoint(each.lstrip("p") for each in points):
        raise Refusal("010", "Parameters point_id_list is illegal")
    return points


def device_values(plant: Plant, device: Device, at: float, knobs: Knobs) -> Values:
    """Return what a device uploaded at an instant."""
    values = ROWS[device.kind](Moment.of(plant, at, knobs), plant, device)
    values |= device.values
    return {key: value for key, value in values.items() if key not in device.absent}


def plants(query: Query) -> dict[str, Any]:
    """Answer V2's getPowerStationRealTimeData: flat, without a time."""
    ids = query.listed("ps_id_list")
    points = asked_points(query, query.knobs.most_points)
    if not ids:
        raise Refusal("009", "Parameters ps_id_list cannot be empty!")
    rows = []
    for ps_id in ids:
        if (plant := query.plant(ps_id)) is None:
            continue
        rows.append(
            {
                "ps_id": plant.ps_id,
                "uuid": 1_000_000 + int(plant.ps_id) % 1000,
                "ps_name": plant.name,
                "ps_key": plant.ps_key,
                **_plant_points(query, plant, points),
            }
        )
    answer: dict[str, Any] = {"device_point_list": rows}
    if refused := [ps_id for ps_id in ids if query.plant(ps_id) is None]:
        answer["fail_ps_id_list"] = refused
    return answer | dictionary(query, points)


def _plant_points(query: Query, plant: Plant, points: list[str]) -> dict[str, Any]:
    shown = plant.shown()
    values = (
        plant_values(Moment.of(plant, shown[0], query.knobs), plant) if shown else {}
    )
    known = values if shown else dict.fromkeys(points)
    return points_of(plant.ps_id, known, points, query.knobs)


def devices(query: Query) -> dict[str, Any]:
    """Answer getDeviceRealTimeData: one type per call, nested."""
    kind = query.whole("device_type")
    points = asked_points(query, query.knobs.most_points)
    keys = query.listed("ps_key_list")
    if not keys and (serials := query.listed("sn_list")):
        known = [one for plant in query.plants for one in plant.devices]
        keys = [one.ps_key for one in known if one.sn in serials]
    if not keys:
        raise Refusal(
            "009", "Parameters ps_key_list,sn_list cannot be empty at the same time!"
        )
    if len(keys) > query.knobs.most_keys:
        raise Refusal("010", "Parameters ps_key_list size is over 50")
    refused = "illegal_ps_key_list" if query.v2 else "fail_ps_key_list"
    return _answer(query, keys, kind, points, refused)


def optimizers(query: Query) -> dict[str, Any]:
    """Answer getMlpeRealTimeData."""
    points = asked_points(query, query.knobs.most_points)
    keys = query.listed("ps_key_list")
    return _answer(query, keys, OPTIMIZER, points, "fail_ps_key_list")


def _answer(
    query: Query, keys: list[str], kind: int, points: list[str], refused: str
) -> dict[str, Any]:
    rows, failed = [], []
    for key in keys:
        row = _row(query, key, kind, points)
        if row is None:
            failed.append(key)
        elif query.knobs.flat_rows:
            rows.append(row)
        else:
            rows.append({"device_point": row})
    answer: dict[str, Any] = {"device_point_list": rows}
    if failed:
        answer[refused] = failed
    return answer | dictionary(query, points)


def _row(query: Query, key: str, kind: int, points: list[str]) -> dict[str, Any] | None:
    if kind == PLANT:
        plant = next((one for one in query.plants if one.ps_key == key), None)
        if plant is None:
            return None
        shown = plant.shown()
        return {
            "ps_key": key,
            "ps_id": int(plant.ps_id),
            "device_time": _stamp(plant, shown[0]) if shown else None,
            **_plant_points(query, plant, points),
        }
    found = query.device(key)
    if found is None or found[1].kind != kind:
        return None
    plant, device = found
    at = plant.uploaded_at(device, silence=query.knobs.night_silence)
    values = device_values(plant, device, at, query.knobs) if at is not None else {}
    row: dict[str, Any] = {
        "ps_key": key,
        "ps_id": int(plant.ps_id),
        "uuid": device.uuid,
        "device_sn": device.sn,
        "device_name": device.model,
        "dev_status": 1 if plant.online(device) else 0,
        "dev_fault_status": fault_status(plant, device),
        "device_time": _stamp(plant, at) if at is not None else None,
    }
    if at is None:
        values = dict.fromkeys(point.removeprefix("p") for point in points)
    return row | points_of(key, values, points, query.knobs) | query.knobs.extra_fields


def _stamp(plant: Plant, at: float) -> str:
    return f"{plant.local(at):%Y%m%d%H%M%S}"
