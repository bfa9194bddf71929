"""SolaX's view of a site: plants, devices, serials, dongles."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ..world import Dongle, Sample, Site, Timed

RESIDENTIAL, COMMERCIAL = 1, 4


class Kind(IntEnum):
    """SolaX's device types."""

    INVERTER = 1
    BATTERY = 2
    METER = 3
    CHARGER = 4
    EMS = 100


@dataclass(frozen=True)
class Distortion:
    """A wrong value in the uploads of a while; `value` replaces, `add` shifts."""

    field: str
    since: float
    until: float
    value: Any = None
    add: float | None = None

    def apply(self, row: dict[str, Any]) -> None:
        """Spoil a row."""
        if self.add is None:
            row[self.field] = self.value
        elif isinstance(row.get(self.field), int | float):
            row[self.field] = round(row[self.field] + self.add, 2)


@dataclass
class Device:
    """One device as the portal knows it."""

    sn: str
    kind: Kind
    register_no: str
    part: str  # its name in the world; the inverter's for a meter
    model: int | None = None
    facts: dict[str, Any] = field(
        default_factory=dict
    )  # more columns of the device list
    listed: bool = True  # in the device list
    readable: bool = True  # has realtime data at all
    authorised: bool = True
    host: str | None = None  # serial of the inverter a battery hangs on
    master: bool = True  # has the grid meter
    metered: bool = True  # knows the grid
    micro: bool = False  # no yield counter
    second_meter: str | None = None  # part whose output the second meter sees
    midnight: float = (
        0.0  # seconds after local midnight when its daily counters restart
    )
    ac_lead_kwh: float = 0.0  # what totalACOutput counted before the world began
    null_fields: set[str] = field(default_factory=set)
    distortions: list[Distortion] = field(default_factory=list)
    status: Timed[int | None] = field(
        default_factory=lambda: Timed[int | None](None)
    )  # what its commands made of its status word

    @property
    def phases(self) -> int:
        """Phases, for a charger or an inverter."""
        phases: int = self.facts.get("phases", 3)
        return phases


@dataclass(frozen=True)
class Tariff:
    """What a kWh costs and brings."""

    currency: str
    price: float
    feed_in: float


@dataclass
class Plant:
    """One plant of an account."""

    plant_id: str
    name: str
    site: Site
    business_type: int = RESIDENTIAL
    devices: list[Device] = field(default_factory=list)
    label: str = "(UTC+01:00)Amsterdam,Berlin,Bern,Rome,Stockholm,Vienna"
    login: str = "demo"
    address: str = ""
    created: str = "2024-05-11T09:02:17Z"
    tariff: Tariff | None = None
    authorised: bool = True
    ems: str | None = None  # registration number of the EMS
    import_limit_kw: float | None = None  # kept by the EMS

    @property
    def steerable(self) -> list[Device]:
        """Everything that takes commands: devices, and an EMS by its registration number."""
        if self.ems is None:
            return self.devices
        return [*self.devices, Device(self.ems, Kind.EMS, self.ems, "")]

    def of(self, kind: Kind) -> list[Device]:
        """Return the devices of a kind."""
        return [device for device in self.devices if device.kind is kind]

    def dongle(self, device: Device) -> Dongle:
        """Return the dongle that uploads for a device."""
        return self.site.dongles[device.sn]

    @property
    def reporter(self) -> Device | None:
        """The device whose uploads feed the plant's own figures."""
        masters = [one for one in self.of(Kind.INVERTER) if one.master]
        return next(iter(masters or self.devices), None)

    def online(self, device: Device) -> bool:
        """Say whether the device's dongle is connected."""
        return self.dongle(device).online.at(self.site.now())

    def generated(self, sample: Sample) -> float:
        """Return what the plant's own inverters had taken from the sun, in kWh."""
        parts = [one.part for one in self.of(Kind.INVERTER)]
        return sum(sample.inverter(part).pv_kwh for part in parts if sample.has(part))

    def uploaded_at(self, device: Device) -> float | None:
        """Return the time of the newest upload the cloud shows."""
        return self.site.last_upload(device.sn)
