"""The vendor's view of sites: plants, devices, ids."""

from dataclasses import dataclass, field
from typing import Any

from ..world import Dongle, Sample, Site
from ..world.timed import Timed

STRING_INVERTER, EMI, GRID_METER, HOME_INVERTER = 1, 10, 17, 38
HOME_BATTERY, ESS, POWER_SENSOR, DONGLE, EMMA = 39, 41, 47, 62, 23070
SMART_LOGGER, OPTIMIZER, SMART_GUARD = 2, 46, 23071

READABLE = frozenset(
    {STRING_INVERTER, EMI, GRID_METER, HOME_INVERTER, HOME_BATTERY, ESS}
    | {POWER_SENSOR, EMMA}
    | {60001, 60003, 60010, 60014, 60043, 60044, 60092}
)
DELAYS = {HOME_INVERTER: 40.0, STRING_INVERTER: 40.0, HOME_BATTERY: 70.0}
USUAL_DELAY = 100.0


@dataclass
class Device:
    """One device as the vendor lists it."""

    id: int
    dn: str
    type: int
    part: str  # its name in the world; an inverter's for what has none
    name: str
    serial: str | None
    model: str | None
    firmware: str | None = None
    listed: bool = True
    optimizers: int = 0  # as those that were seen say

    @property
    def readable(self) -> bool:
        """Whether its type has real-time data."""
        return self.type in READABLE


@dataclass
class Plant:
    """One plant."""

    code: str
    name: str
    site: Site
    kwp: float
    connected: str = "2023-03-14T00:00:00+01:00"
    authorized: bool = True  # the owner allows access to the API
    controllers: int = 1
    model: Timed[float] = field(default_factory=lambda: Timed(4.0))
    """Who decides over the battery, in the vendor's numbers."""
    devices: list[Device] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)

    def listing(self) -> dict[str, Any]:
        """Return the row of the plant list."""
        return {
            "plantCode": self.code,
            "plantName": self.name,
            "plantAddress": "Sample street 1, Utrecht",
            "longitude": "5.1214",
            "latitude": "52.0907",
            "capacity": self.kwp,
            "contactPerson": "J. Doe",
            "contactMethod": "j@example.org",
            "gridConnectionDate": self.connected,
        }

    def device_rows(self) -> list[dict[str, Any]]:
        """Return the rows of the device list."""
        return [
            {
                "id": one.id,
                "devDn": one.dn,
                "devName": one.name,
                "stationCode": self.code,
                "esnCode": one.serial,
                "devTypeId": one.type,
                "model": one.model,
                "invType": one.model if one.type in (1, 38) else None,
                "softwareVersion": one.firmware,
                "optimizerNumber": one.optimizers
                if one.type == HOME_INVERTER
                else None,
                "longitude": None,
                "latitude": None,
            }
            for one in self.devices
            if one.listed
        ]

    def key(self, device: Device | None) -> str:
        """Return the name under which a device, or the plant itself, uploads to the world's site."""
        return f"{self.code}/{device.id if device else 'plant'}"

    def attach(self, device: Device | None) -> None:
        """Let a device upload every five minutes; each type arrives with its own delay."""
        delay = DELAYS.get(device.type, USUAL_DELAY) if device else 120.0
        key = self.key(device)
        self.site.attach(Dongle(key, phase=0.0, delay=delay), key)

    def add(self, device: Device) -> Device:
        """Install a device."""
        self.devices.append(device)
        self.attach(device)
        return device

    def of(self, *types: int) -> list[Device]:
        """Return the devices of some types."""
        return [one for one in self.devices if one.type in types]

    def dongle(self, device: Device | None) -> Dongle:
        """Return what uploads for a device."""
        return self.site.dongles[self.key(device)]

    def online(self, device: Device) -> bool:
        """Whether a device is connected."""
        return bool(self.dongle(device).online.at(self.site.now()))

    def uploaded(self, device: Device | None) -> Sample | None:
        """Return the site as the newest upload saw it."""
        return self.site.uploaded(self.key(device))
