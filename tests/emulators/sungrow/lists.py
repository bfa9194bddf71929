"""Plants, their details, devices, faults, quota (sungrow.md §4.1-§4.3, §4.8, §4.9)."""

from datetime import datetime
import re
from typing import Any

from ..alarms import disturbed, in_language
from .energies import Moment
from .envelope import Refusal
from .plant import BATTERY, HYBRID, PV, TYPE_NAMES, Device, Plant
from .plant_row import plant_values
from .query import Query

MODELS = {1: 370_100, 14: 370_001}


def plants(query: Query) -> dict[str, Any]:
    """Answer getPowerStationList and queryPowerStationList."""
    rows = [_plant_row(query, plant) for plant in query.plants]
    return query.page(rows, query.count_name)


def _plant_row(query: Query, plant: Plant) -> dict[str, Any]:
    faulty = any(fault.until is None for fault in plant.site.faults)
    row: dict[str, Any] = {
        "ps_id": int(plant.ps_id) if query.v2 else plant.ps_id,
        "ps_name": plant.name,
        "ps_location": "Musterstraße 1",
        "ps_type": plant.ps_type,
        "online_status": 1,
        "ps_fault_status": 1 if faulty else 3,
        "valid_flag": 1,
        "build_status": 2,
        "connect_type": 2,
        "grid_connection_status": 1,
        "grid_connection_time": 20230808152800,
        "install_date": "2023-08-08 15:27:58",
        "ps_current_time_zone": plant.zone,
        "latitude": plant.site.spec.latitude,
        "longitude": plant.site.spec.longitude,
        "description": None,
        "province_name": None,
    }
    if not query.v2:
        online = any(plant.online(device) for device in plant.devices)
        row |= {
            "ps_status": 1 if online else 0,
            "fault_count": sum(fault.until is None for fault in plant.site.faults),
            "alarm_count": 0,
            "share_type": query.user.shares.get(plant.ps_id, "0"),
            **_live(query, plant),
        }
    return row


def _live(query: Query, plant: Plant) -> dict[str, Any]:
    """Return the maps whose units scale themselves; nothing is `--` (sungrow.md §11.3 #20)."""
    names = (
        "curr_power",
        "today_energy",
        "total_energy",
        "today_income",
        "total_income",
        "co2_reduce",
        "co2_reduce_total",
        "total_capcity",
    )
    shown = plant.shown()
    if shown is None:
        return {name: {"unit": "kW", "value": "--"} for name in names}
    values = plant_values(Moment.of(plant, shown[0], query.knobs), plant)
    today, total = (_number(values[key]) / 1000 for key in ("83022", "83024"))
    maps = (
        _scaled(_number(values["83033"]), ("W", "kW", "MW"), 1000),
        {"unit": "度" if query.chinese else "kWh", "value": f"{today:.1f}"},
        _scaled(total, ("kWh", "MWh"), 10_000, 1000),
        {"unit": "EUR", "value": f"{today * plant.price:.2f}"},
        {"unit": "EUR", "value": f"{total * plant.price:.2f}"},
        _scaled(today * 0.997, ("kg", "t"), 10_000, 1000),
        _scaled(total * 0.997, ("kg", "t"), 10_000, 1000),
        _scaled(plant.site.spec.peak_w, ("Wp", "kWp"), 1000),
    )
    stamp = datetime.fromtimestamp(shown[0] + 60).astimezone()
    times = {f"{name}_update_time": stamp.isoformat() for name in names}
    return {**dict(zip(names, maps, strict=True)), **times}


def _number(value: object) -> float:
    return value if isinstance(value, float) else 0.0


def _scaled(
    value: float, units: tuple[str, ...], limit: float, step: float | None = None
) -> dict[str, str]:
    for unit in units[:-1]:
        if abs(value) < limit:
            return {"unit": unit, "value": f"{value:.2f}"}
        value /= step or limit
    return {"unit": units[-1], "value": f"{value:.2f}"}


def details(query: Query) -> dict[str, Any]:
    """Answer getBatchPsDetail and V2's getPowerStationDetail."""
    ids = query.listed("ps_ids")
    if not ids:
        raise Refusal("009", "Parameters ps_ids,sns cannot be empty at the same time!")
    if len(ids) > 20:
        return {"code": 5}
    rows = []
    for ps_id in ids:
        if (plant := query.plant(ps_id)) is None:
            continue
        row: dict[str, Any] = {"ps_id": int(plant.ps_id), "ps_name": plant.name}
        if query.v2:
            row |= {"install_power": plant.site.spec.peak_w, "power_price_unit": "EUR"}
        else:
            peak = plant.site.spec.peak_w
            row |= {"design_capacity": peak, "param_income_unit_name": "EUR"}
        row |= {"owner_email": "demo@example.org", "owner_mobile": None}
        rows.append(row)
    missing = [ps_id for ps_id in ids if query.plant(ps_id) is None]
    if query.v2:
        return {"code": "1", "data_list": rows, "not_authorization_ps_list": missing}
    return {"code": "1", "dataList": rows, "is_not_belong_to_user": missing}


def devices(query: Query) -> dict[str, Any]:
    """Answer getDeviceList and getDeviceListByPsId."""
    plant = query.plant(query.text("ps_id"))
    if plant is None:
        raise Refusal("E900")
    kinds = {int(kind) for kind in query.listed("device_type_list")}
    rows = [
        _device_row(query, plant, device)
        for device in plant.devices
        if device.listed and (not kinds or device.kind in kinds)
    ]
    return query.page(rows, query.count_name)


def _device_row(query: Query, plant: Plant, device: Device) -> dict[str, Any]:
    code, channel = device.code
    english, chinese = TYPE_NAMES.get(device.kind, ("Device", "设备"))
    online = 1 if plant.online(device) else 0
    row: dict[str, Any] = {
        "uuid": str(device.uuid) if device.uuid % 2 else device.uuid,
        "ps_key": device.ps_key,
        "ps_id": int(plant.ps_id),
        "device_sn": device.sn,
        "device_name": f"{device.model}(COM1-{code:03d})",
        "device_type": device.kind,
        "type_name": chinese if query.chinese else english,
        "device_model_id": MODELS.get(device.kind, 370_900),
        "device_model_code": _model_code(query, plant, device),
        "factory_name": "SUNGROW",
        "dev_status": str(online) if channel else online,
        "dev_fault_status": fault_status(plant, device),
        ("claim_state" if query.v2 else "rel_state"): 1,
        "device_code": code,
        "chnnl_id": channel,
        "communication_dev_sn": next(
            (one.sn for one in plant.devices if one.kind in (22, 9)), None
        ),
        "grid_connection_date": "2023-08-08 15:28:00",
    }
    if str(query.params.get("is_get_firmware_version")) == "1":
        inverter = device.kind in (PV, HYBRID)
        row["firmware_version_info"] = {
            "lcd_version": query.knobs.inverter_firmware if inverter else None,
            "m_version": "WINET-SV200.001.00.P026" if device.kind == 22 else None,
        }
    return row


def _model_code(query: Query, plant: Plant, device: Device) -> str:
    """Return the model; hybrids were seen under their battery's."""
    if query.knobs.hybrid_as_battery and device.kind == HYBRID:
        return next((one.model for one in plant.of(BATTERY)), device.model)
    return device.model


def fault_status(plant: Plant, device: Device) -> int:
    """Return 1 while something is wrong with a device, else 4."""
    faults = (one for one in plant.site.faults if one.until is None)
    return 1 if any(one.device_id == device.part for one in faults) else 4


def alarms(query: Query) -> dict[str, Any]:
    """Answer getFaultAlarmInfo."""
    if query.knobs.alarms_refused:
        raise Refusal("E900")
    status = str(query.params.get("process_status") or "8")
    start, end = (_digits(query.params.get(name)) for name in ("startTime", "endTime"))
    if (start or end) and not query.knobs.alarm_dates:
        raise Refusal("010", "Parameters startTime is invalid")
    if status != "8" and start[:6] != end[:6]:
        raise Refusal("010", "The time range must be within one month")
    if start and end and _days_apart(start, end) > query.knobs.alarm_days:
        raise Refusal("010", "The time range is too long")
    if "hollow" in query.knobs.alarm_troubles:
        return {}
    rows = []
    for plant in query.plants:
        if str(query.params.get("ps_id") or plant.ps_id) == plant.ps_id:
            rows += _plant_alarms(query, plant, status, start, end)
    number = query.params.get("page" if query.v2 else "curPage")
    rows = disturbed(rows, query.knobs.alarm_troubles, f"{query.now}/{number}")
    return query.page(rows, query.count_name)


def _days_apart(start: str, end: str) -> int:
    first, last = (datetime.strptime(each[:8], "%Y%m%d") for each in (start, end))
    return (last - first).days


def _digits(raw: object) -> str:
    return re.sub(r"\D", "", str(raw or ""))


def _plant_alarms(
    query: Query, plant: Plant, status: str, start: str, end: str
) -> list[dict[str, Any]]:
    rows = []
    language = str(query.params.get("lang") or "_zh_CN")
    if query.knobs.chinese_alarms:
        language = "_zh_CN"
    for number, fault in enumerate(plant.site.faults):
        is_open = fault.until is None or fault.until > query.now
        created = plant.local(fault.since)
        month = f"{plant.local(query.now):%Y%m}"
        stamp = f"{created:%Y%m%d%H%M}"
        inside = start <= stamp <= end if start and end else stamp.startswith(month)
        device = next(
            (one for one in plant.devices if one.part == fault.device_id), None
        )
        wanted = status == "999" or is_open == (status != "9")
        if not inside or device is None or not wanted:
            continue
        over = None if is_open or fault.until is None else plant.local(fault.until)
        rows.append(
            {
                "fault_code": f"{fault.code}.{created:%Y%m}.{number:013x}",
                "fault_type_code": int(fault.code) if fault.code.isdecimal() else 0,
                "fault_name": in_language(fault.name, language),
                "fault_desc": in_language(fault.cause, language),
                "fault_reason": "714|932",
                "fault_type": fault.kind,
                "fault_level": fault.level,
                "process_status": 1 if is_open else 9,
                "create_time": f"{created:%Y-%m-%d %H:%M:%S}",
                "over_time": f"{over:%Y-%m-%d %H:%M:%S}" if over else None,
                "ps_id": int(plant.ps_id),
                "ps_name": plant.name,
                "ps_key": f"{plant.ps_id}_99_1_1" if fault.foreign else device.ps_key,
                "uuid": device.uuid,
                "device_name": device.model,
                "device_type": device.kind,
            }
        )
    return rows
