"""Registering a site's devices with SolaX, under serials that are plainly invented."""

from itertools import count

from ..world import Dongle
from .plant import COMMERCIAL, Device, Kind, Plant

HYBRID, COMMERCIAL_HYBRID = 14, 2
METER, COMMERCIAL_METER = 178, 10
BATTERY, COMMERCIAL_BATTERY = 1, 163
WALL_BOX = 2

_FIRST_ID = 1_900_000_000_000_000_000


def plant_id(number: int) -> str:
    """Return a plant id that is recognisably invented."""
    return str(_FIRST_ID + number)


class Builder:
    """Registers a site's devices one by one."""

    def __init__(self, plant: Plant, phase: float | None = None) -> None:
        """Add to a plant; all dongles upload at `phase` if one is given."""
        self.plant = plant
        self._phase = phase
        self._number = int(plant.plant_id) - _FIRST_ID

    def _serial(self, prefix: str) -> str:
        taken = self.plant.site.dongles.keys()  # those of removed devices too
        ordinals = count(100 * (self._number - 1) + 1)
        serials = (f"{prefix}DEMO{ordinal:08d}" for ordinal in ordinals)
        return next(serial for serial in serials if serial not in taken)

    def _dongle(self) -> Dongle:
        used = {id(one) for one in self.plant.site.dongles.values()}
        ordinal = 100 * (self._number - 1) + len(used) + 1
        return Dongle(f"SDEMO{ordinal:05d}", phase=self._phase)

    def _add(self, device: Device, dongle: Dongle) -> Device:
        self.plant.site.attach(dongle, device.sn)
        self.plant.devices.append(device)
        return device

    def inverter(
        self, part: str = "inverter", model: int = HYBRID, flag: int | None = 0
    ) -> Device:
        """Register an inverter with a dongle of its own."""
        spec = next(one for one in self.plant.site.spec.inverters if one.id == part)
        dongle = self._dongle()
        device = Device(
            self._serial("H3"),
            Kind.INVERTER,
            dongle.id,
            part,
            model,
            facts={
                "phases": spec.phases,
                "armVersion": "1.31",
                "dspVersion": "1.52",
                "ratedPower": f"{spec.rated_w / 1000:.1f}",
                "flag": flag,
            },
            midnight=60.0 * (3 + len(self.plant.devices)),
        )
        if spec.battery:
            device.ac_lead_kwh = self._ac_lead(part)
        return self._add(device, dongle)

    def _ac_lead(self, part: str) -> float:
        """Return what lifts totalACOutput above totalYield where there is a battery."""
        sample = self.plant.site.sample(self.plant.site.epoch)
        inverter = sample.inverter(part)
        return round(1.0157 * inverter.pv_kwh - inverter.ac_out_kwh, 1)

    def battery(
        self, host: Device, part: str = "battery", *, listed: bool = True
    ) -> Device:
        """Register the battery of an inverter, or leave it unregistered."""
        spec = next(one for one in self.plant.site.spec.batteries if one.id == part)
        commercial = self.plant.business_type == COMMERCIAL
        device = Device(
            self._serial("TB"),
            Kind.BATTERY,
            host.register_no,
            part,
            COMMERCIAL_BATTERY if commercial else BATTERY,
            facts={
                "softwareVersion": "2.07",
                "hardwareVersion": None,
                "ratedCapacity": spec.capacity_kwh * (1 if commercial else 1000),
            },
            listed=listed,
            host=host.sn,
        )
        return self._add(device, self.plant.dongle(host))

    def meter(self, host: Device, *, listed: bool = True) -> Device:
        """Register the grid meter behind an inverter's dongle."""
        commercial = self.plant.business_type == COMMERCIAL
        device = Device(
            self._serial("M3"),
            Kind.METER,
            host.register_no,
            host.part,
            COMMERCIAL_METER if commercial else METER,
            listed=listed,
        )
        return self._add(device, self.plant.dongle(host))

    def charger(self, part: str = "charger") -> Device:
        """Register an EV charger with a dongle of its own."""
        spec = next(one for one in self.plant.site.spec.chargers if one.id == part)
        dongle = self._dongle()
        device = Device(
            self._serial("C3"),
            Kind.CHARGER,
            dongle.id,
            part,
            WALL_BOX,
            facts={
                "phases": spec.phases,
                "armVersion": "1.09",
                "ratedPower": spec.rated_w / 1000,
            },
        )
        return self._add(device, dongle)

    def ems(self) -> str:
        """Register an EMS with a dongle of its own and return its number."""
        register_no = f"EMSDEMO{self._number:03d}"
        self.plant.site.attach(Dongle(register_no, phase=self._phase), register_no)
        self.plant.ems = register_no
        return register_no
