"""A Toy Solar account as everybody else sees it: lists, readings, what feeds a plant's roles, and how a client is put together."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
    Snapshot,
)
from custom_components.solar_cloud.cloud.points import decode, text
from custom_components.solar_cloud.cloud.quota import ALL, DAY, Quota, Window
from custom_components.solar_cloud.cloud.sources import PlantSources, single
from custom_components.solar_cloud.cloud.storage import Json, Storage
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import Clients, Credentials, SignIn

from .points import TABLES
from .session import LOGIN, ToySession


class ToyClient:
    """One account; its past cannot be read, and nothing can be set."""

    history: None = None
    controls: None = None

    def __init__(self, session: ToySession) -> None:
        """Read with a session."""
        self._session = session

    async def inventory(self) -> Inventory:
        """List plants and devices. Raises a ``CloudError``."""
        rows = dict(_rows((await self._session.get("plants")).get("plants"), "id"))
        plants = {
            plant_id: Plant(id=plant_id, name=text(row.get("name")) or "Plant")
            for plant_id, row in rows.items()
        }
        devices = {
            serial: Device(id=serial, plant_id=plant_id, kind=DeviceKind(kind))
            for plant_id, row in rows.items()
            for serial, each in _rows(row.get("devices"), "serial")
            if (kind := str(each.get("type"))) in TABLES
        }
        return Inventory(plants, devices)

    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read all devices by one call. Raises a ``CloudError``."""
        answer = await self._session.get("live")
        readings = {
            serial: decode(TABLES[device.kind], row).reading(_time(row.get("time")))
            for serial, row in _rows(answer.get("live"), "serial")
            if (device := wanted.devices.get(serial)) is not None
        }
        missing = wanted.devices.keys() - readings.keys()
        return Snapshot(readings, silent=dict.fromkeys(missing, "no_data"))

    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Let each plant show what its devices know: none has two of a kind."""
        return {
            point.quantity: (single(device.id, point.quantity),)
            for device in inventory.only(frozenset({plant_id})).devices.values()
            for point in TABLES[device.kind].points
            if point.unit is not None and not point.index
        }

    def report(self) -> dict[str, Json]:
        """Describe the client's state for diagnostics: nothing secret, no identity."""
        return {"contested": self._session.tokens.session_conflict}


def _rows(listed: Json, identity: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield the rows of a list by their id, whatever else is in it."""
    for row in listed if isinstance(listed, list) else ():
        if isinstance(row, dict) and (own := text(row.get(identity))) is not None:
            yield own, row


def _time(raw: Json) -> datetime | None:
    """Read when a device measured; ``None`` when it does not say."""
    try:
        return datetime.fromisoformat(str(raw))
    except ValueError:
        return None


def quota(storage: Storage) -> Quota:
    """Stay below what the vendor allows (60 calls a minute), and do not sign in in a circle; a day's calls are counted."""
    every = (Window(30, 60.0), Window(None, DAY))
    return Quota({ALL: every, LOGIN: (Window(4, 600.0),)}, storage)


def connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    budget: Quota,
) -> ToyClient:
    """Build a client without calling anybody."""
    base = sign_in.base_url(credentials)
    return ToyClient(ToySession(base, credentials, transport, storage, budget))


CLIENTS = Clients(quota=quota, connect=connect)
