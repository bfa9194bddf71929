"""Plants and devices of an account (sungrow.md §4.1-§4.3, §5.1, §5.2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
import re
from typing import Final

from ..catalogue import CataloguePoint
from ..errors import CloudError, CredentialsRejected, PermissionMissing, RetryLater
from ..model import Device, DeviceKind, Inventory, Plant, printable
from ..points import number, text
from ..polling import run_side_by_side
from ..storage import Json
from .api import Body, Operation
from .errors import EndpointMissing
from .points import (
    BATTERY_TYPE,
    CATALOGUE,
    DEVICE_TYPES,
    HYBRID_TYPE,
    LOGGER_TYPE,
    PV_TYPE,
    STORAGE_TYPES,
)
from .session import SungrowSession

type Row = Mapping[str, Json]

STORAGE: Final = "storage"
"""The key of a plant's address that says it has a battery."""
LOGGER_KEY: Final = "logger"
"""The key of an inverter's address that names the logger it is behind."""
DETAILS_AT_ONCE: Final = 20
POINT_GROUPS: Final = (2, 1)
"""Of the list of points: telemetry, and signals of status (sungrow.md §4.8)."""
INVERTER_MODEL: Final = re.compile(r"S[GH](\d+(?:\.\d+)?)")
"""Model names carry the rated power in kW: SH10RT, SG8K-D, SG50CX."""
BATTERY_MODEL: Final = re.compile(r"SB[RHS](\d{3})")
"""And a battery's capacity in tenths of a kWh: SBR128."""
FIRMWARE_FIELDS: Final = ("system_version", "lcd_version", "m_version", "mdsp_version")


@dataclass(slots=True)
class _Look:
    """What one look at all lists has found so far."""

    complete: bool
    resume_after: float | None = None
    details: dict[str, Row] = field(default_factory=dict)
    """What only the details know, by plant."""


class SungrowInventory:
    """Lists one account; what cannot be read this time stays as it was."""

    def __init__(self, session: SungrowSession) -> None:
        """List through ``session``."""
        self._session: Final = session
        self._known: Final[dict[str, list[dict[str, Json]]]] = {}

    async def inventory(self) -> Inventory:
        """List everything. A plant whose devices cannot be read makes the inventory incomplete."""
        listing = await self._session.list_all(Operation.PLANTS, {})
        listed = {
            plant_id: row
            for row in listing.rows
            if (plant_id := text(row.get("ps_id"))) is not None
        }
        look = _Look(listing.complete)
        await run_side_by_side(
            self._session.most_at_once,
            [
                *(
                    partial(self._list_details, some, look)
                    for some in batched(listed, DETAILS_AT_ONCE, strict=False)
                ),
                *(partial(self._list_devices, each, look) for each in listed),
            ],
        )
        plants: dict[str, Plant] = {}
        devices: dict[str, Device] = {}
        for plant_id, row in listed.items():
            rows = self._known.get(plant_id, [])
            more = look.details.get(plant_id, {})
            plants[plant_id] = _plant(plant_id, row, more, rows)
            devices |= parse_devices(plant_id, rows)
        complete = look.complete and look.resume_after is None
        return Inventory(plants, devices, complete, look.resume_after)

    async def _list_details(self, plant_ids: tuple[str, ...], look: _Look) -> None:
        """Ask for what only the details know; without them a plant works too."""
        try:
            result = await self._session.call(
                Operation.PLANT_DETAILS, {"ps_ids": ",".join(plant_ids)}
            )
        except CredentialsRejected:
            raise
        except CloudError:
            return
        if isinstance(result, dict):
            rows = result.get("dataList", result.get("data_list"))
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict) and (key := text(row.get("ps_id"))):
                    look.details[key] = row

    async def _list_devices(self, plant_id: str, look: _Look) -> None:
        """List a plant's devices, unless a limit was met; then they stay as they are known."""
        if look.resume_after is not None:
            return
        try:
            listed = await self._session.list_all(
                Operation.DEVICES,
                {"ps_id": plant_id, "is_get_firmware_version": "1"},
            )
        except CredentialsRejected, PermissionMissing:
            raise
        except CloudError as err:
            look.complete = False
            if isinstance(err, RetryLater):
                look.resume_after = err.retry_after
            return
        look.complete = look.complete and listed.complete
        if listed.complete or plant_id not in self._known:
            self._known[plant_id] = listed.rows


def _plant(plant_id: str, row: Row, more: Row, devices: Iterable[Row]) -> Plant:
    peak = number(more.get("design_capacity", more.get("install_power")))
    currency = more.get("param_income_unit_name", more.get("power_price_unit"))
    zone = text(row.get("ps_current_time_zone"))
    storage = any(number(each.get("device_type")) in STORAGE_TYPES for each in devices)
    return Plant(
        id=plant_id,
        name=text(row.get("ps_name")) or plant_id,
        pv_capacity=peak if peak and peak > 0 else None,
        currency=_currency(row, currency),
        address=({"zone": zone} if zone else {}) | ({STORAGE: "1"} if storage else {}),
    )


def _currency(row: Row, stated: Json) -> str | None:
    """Return the currency by its code: of the plant's prices, else of its income."""
    income = row.get("total_income")
    unit = income.get("unit") if isinstance(income, dict) else None
    for candidate in (stated, unit):
        code = text(candidate) or ""
        if re.fullmatch("[A-Z]{3}", code):
            return code
    return None


def parse_devices(plant_id: str, rows: Iterable[Row]) -> dict[str, Device]:
    """Turn a plant's rows into devices, batteries below the only inverter that can have one.

    Types without a table are left out: nothing of them could be shown. A serial number survives a change of ``ps_key``; where two rows share one, the first keeps it.
    """
    usable = [
        (key, int(kind), row)
        for row in rows
        if (key := text(row.get("ps_key"))) is not None
        and (kind := number(row.get("device_type"))) is not None
        and kind in DEVICE_TYPES
    ]
    usable.sort(key=lambda each: each[0])
    ids: dict[str, str] = {}
    for key, _, row in usable:
        serial = text(row.get("device_sn"))
        ids[key] = key if serial is None or serial in ids.values() else serial
    hybrids = [ids[key] for key, kind, _ in usable if kind == HYBRID_TYPE]
    parent = hybrids[0] if len(hybrids) == 1 else None
    loggers = {
        text(row.get("device_sn")): ids[key]
        for key, kind, row in usable
        if kind == LOGGER_TYPE
    }
    return {
        ids[key]: _device(
            ids[key],
            plant_id,
            key,
            kind,
            row,
            parent if kind == BATTERY_TYPE else None,
            _logger_of(kind, row, loggers),
        )
        for key, kind, row in usable
    }


def _logger_of(kind: int, row: Row, loggers: Mapping[str | None, str]) -> str | None:
    """Return the logger that rules an inverter: the one it speaks through, any where that is not told."""
    if kind not in {HYBRID_TYPE, PV_TYPE}:
        return None
    if (through := text(row.get("communication_dev_sn"))) is None:
        return next(iter(loggers.values()), None)
    return loggers.get(through)


def _device(
    device_id: str,
    plant_id: str,
    ps_key: str,
    number_of_type: int,
    row: Row,
    parent: str | None,
    logger: str | None,
) -> Device:
    kind = DEVICE_TYPES[number_of_type].kind
    model = text(row.get("device_model_code")) or text(row.get("type_name"))
    uuid = text(row.get("uuid"))
    address = {"ps_key": ps_key, "type": str(number_of_type)}
    return Device(
        id=device_id,
        plant_id=plant_id,
        kind=kind,
        model=model,
        serial=text(row.get("device_sn")),
        firmware=_firmware(row),
        parent_id=parent,
        rated_power=_scaled(INVERTER_MODEL, model, 1000)
        if kind is DeviceKind.INVERTER
        else None,
        capacity=_scaled(BATTERY_MODEL, model, 0.1)
        if kind is DeviceKind.BATTERY
        else None,
        correctable=kind is DeviceKind.METER,
        address=address
        | ({"uuid": uuid} if uuid else {})
        | ({LOGGER_KEY: logger} if logger else {}),
    )


def _firmware(row: Row) -> str | None:
    versions = row.get("firmware_version_info")
    if not isinstance(versions, dict):
        return None
    return next(
        (version for name in FIRMWARE_FIELDS if (version := text(versions.get(name)))),
        None,
    )


def _scaled(pattern: re.Pattern[str], model: str | None, factor: float) -> float | None:
    found = pattern.match(model or "")
    return round(float(found[1]) * factor, 3) if found else None


async def listed_points(
    session: SungrowSession, owner: Plant | Device
) -> list[CataloguePoint]:
    """Return the points that the vendor's list has for the type of a plant or device, in the unit of their values (sungrow.md §4.8).

    Its names may be Chinese; those of the tables are kept. Only V1 documents the list: where it is missing, nothing is returned.
    """
    device_type = CATALOGUE.type_of(owner)
    kind = owner.kind if isinstance(owner, Device) else DeviceKind.PLANT
    found: list[CataloguePoint] = []
    for group in POINT_GROUPS:
        body: Body = {"device_type": int(device_type), "type": group}
        try:
            listing = await session.list_all(Operation.POINTS, body)
        except EndpointMissing:
            return []
        for row in listing.rows:
            if (point_id := text(row.get("point_id"))) is None:
                continue
            known = CATALOGUE.point(device_type, point_id)
            found.append(
                known
                or CataloguePoint(
                    point_id,
                    printable(text(row.get("point_name")) or point_id),
                    printable(text(row.get("storage_unit")) or ""),
                    device_type,
                    kind,
                    None,
                )
            )
    return found
