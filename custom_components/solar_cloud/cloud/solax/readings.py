"""What is known of every plant and device right now: the last reading, or why there is none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..model import Device, DeviceKind, Quantity, Reading, Slot
from ..polling import ReadingCache
from ..storage import Json
from . import states
from .access import SolaxAccess
from .api import SolaxRow, rows
from .battery_discovery import BY_INVERTER, row_of
from .decoder import SolaxDecoder
from .models import COMMERCIAL
from .schedule import Job
from .timestamps import TimestampReader

OFFLINE: Final = "offline"


class SolaxReadingCache(ReadingCache):
    """Takes answers in and keeps them for the polls that do not ask again."""

    def __init__(self, access: SolaxAccess) -> None:
        """Begin without readings; ``access`` keeps what decoding learns."""
        super().__init__()
        self.timestamps: Final = TimestampReader()
        self.decoder: Final = SolaxDecoder(access)

    def take_plant(self, job: Job, result: Json) -> None:
        """Take in a plant's energies."""
        plant_id = job.covers[0]
        found = rows(result)
        if not found:
            self.fail(job.covers, OFFLINE)
            return
        moment = self.timestamps.plant_time(plant_id, found[0])
        self.put(plant_id, self.decoder.plant(plant_id, job.business, found[0], moment))

    def take_devices(self, job: Job, result: Json) -> None:
        """Take in the rows of a chunk; a device without a row is offline."""
        found = rows(result)
        named = _named(found)
        for device in job.devices:
            row = _row(device, found, named, alone=len(job.devices) == 1)
            if row is None:
                self.fail((device.id,), OFFLINE)
                continue
            moment = self.timestamps.device_time(device.id, device.plant_id, row)
            self.put(device.id, self.decoder.device(device, row, moment))


def with_state(
    reading: Reading | None, business: str, state: int | None
) -> Reading | None:
    """Return a plant's reading together with the state its list told."""
    if reading is None or state is None:
        return reading
    slot = Slot(Quantity.PLANT_STATE)
    codes = states.COMMERCIAL_PLANT if business == COMMERCIAL else states.HOME_PLANT
    if (word := codes.get(state)) is None:
        return replace(reading, unknown={**reading.unknown, slot: str(state)})
    return reading.with_values({**reading.values, slot: word})


def _named(found: list[SolaxRow]) -> dict[str, SolaxRow]:
    """Return the rows by the serial they name."""
    named: dict[str, SolaxRow] = {}
    for row in found:
        if (serial := row.text("deviceSn")) is not None:
            named.setdefault(serial.upper(), row)
    return named


def _row(
    device: Device,
    found: list[SolaxRow],
    named: Mapping[str, SolaxRow],
    *,
    alone: bool,
) -> SolaxRow | None:
    """Find a device's row: by serial, else by dongle, else by being the only one asked for."""
    if device.kind is DeviceKind.BATTERY and device.address["sn_type"] == BY_INVERTER:
        return row_of(device, device.address.get("battery_sn"), found, alone=alone)
    serial = device.address.get("battery_sn") or device.address.get("sn")
    register = device.address.get("register")
    if serial and (row := named.get(serial.upper())) is not None:
        return row
    nameless = [row for row in found if row.text("deviceSn") is None]
    for row in nameless:
        if register and (row.text("registerNo") or "").upper() == register.upper():
            return row
    return nameless[0] if alone and len(found) == 1 and nameless else None
