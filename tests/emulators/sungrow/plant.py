"""Sungrow's view of a site: plants, devices, keys."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ..world import Dongle, Sample, Site, Timed

PV, WEATHER, METER, LOGGER, PLANT, HYBRID = 1, 5, 7, 9, 11, 14
MODULE, OPTIMIZER, BATTERY, CHARGER, MICRO, MANAGER = 22, 41, 43, 51, 55, 64

TYPE_NAMES = {
    PV: ("Inverter", "逆变器"),
    WEATHER: ("Weather Station", "环境监测仪"),
    METER: ("Meter", "电表"),
    LOGGER: ("Data Logger", "数据采集器"),
    HYBRID: ("Energy Storage System", "储能逆变器"),
    MODULE: ("Communication Module", "通信模块"),
    OPTIMIZER: ("Optimizer", "优化器"),
    BATTERY: ("Battery", "电池"),
    CHARGER: ("Charger", "充电桩"),
    MICRO: ("Micro-inverter", "微型逆变器"),
    MANAGER: ("Energy Manager", "能量管理器"),
}


@dataclass
class Device:
    """One device as the portal knows it."""

    ps_key: str
    kind: int
    part: str  # its name in the world
    model: str
    uuid: int
    sn: str | None = None
    master: bool = True  # looks at the grid connection
    array: int = 0  # of an optimizer
    sleeps: bool = False  # uploads by day only
    absent: set[str] = field(default_factory=set)  # points this model lacks
    values: dict[str, float | str | None] = field(default_factory=dict)  # instead
    settings: dict[str, float] = field(default_factory=dict)
    """What its parameters were set to before, as they are shown."""
    listed: bool = True
    state: Timed[int | None] = field(
        default_factory=lambda: Timed[int | None](None)
    )  # what its commands made of its state

    @property
    def code(self) -> tuple[int, int]:
        """Device code and channel."""
        _, _, code, channel = self.ps_key.split("_")
        return int(code), int(channel)


@dataclass
class Plant:
    """One plant."""

    ps_id: str
    name: str
    site: Site
    zone: str = "GMT+1"
    ps_type: int = 5
    price: float = 0.31
    devices: list[Device] = field(default_factory=list)
    industrial: bool = False  # has the "total field" storage points

    @property
    def ps_key(self) -> str:
        """The plant's own key."""
        return f"{self.ps_id}_{PLANT}_0_0"

    def of(self, *kinds: int) -> list[Device]:
        """Return the devices of some types."""
        return [device for device in self.devices if device.kind in kinds]

    def dongle(self, device: Device) -> Dongle:
        """Return what uploads for a device."""
        return self.site.dongles[device.ps_key]

    def online(self, device: Device) -> bool:
        """Say whether a device's dongle is connected."""
        return self.dongle(device).online.at(self.site.now())

    def local(self, at: float) -> datetime:
        """Return the plant's wall time."""
        return datetime.fromtimestamp(at, ZoneInfo(self.site.spec.zone))

    def midnight(self, at: float) -> float:
        """Return the start of the plant's day."""
        return (
            self.local(at)
            .replace(hour=0, minute=0, second=0, microsecond=0)
            .astimezone(UTC)
            .timestamp()
        )

    def uploaded_at(
        self, device: Device, at: float | None = None, *, silence: bool = True
    ) -> float | None:
        """Return when the data the cloud shows were uploaded."""
        newest = self.site.last_upload(device.ps_key, at)
        if newest is None or not (device.sleeps and silence):
            return newest
        for earlier in self._back_from(newest):
            if self.awake(device, earlier):
                return earlier
        return None

    def awake(self, device: Device, at: float) -> bool:
        """Say whether there is light enough."""
        return self.site.sample(at).inverter(device.part).pv_w > 5

    @staticmethod
    def _back_from(newest: float) -> Iterator[float]:
        for step in range(240):
            yield newest - 300.0 * step

    def shown(self) -> tuple[float, Sample] | None:
        """Return what the plant's own points were made of: its newest upload of all."""
        times = [
            at
            for device in self.devices
            if (at := self.site.last_upload(device.ps_key)) is not None
        ]
        if not times:
            return None
        return max(times), self.site.sample(max(times))
