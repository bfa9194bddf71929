"""Accounts by name, as small or as awkward as tests need them."""

from collections.abc import Callable
from dataclasses import replace

from ..world import (
    Array,
    Battery,
    Charger,
    Dongle,
    Habits,
    Inverter,
    Site,
    SiteSpec,
    World,
)
from .knobs import Knobs
from .plant import COMMERCIAL, Device, Kind, Plant

type Build = Callable[[World, Knobs], list[Plant]]

HYBRID, MICRO, COMMERCIAL_HYBRID, PLAIN = 14, 28, 100, 16
METER, WALL_BOX = 178, 2

HOME = SiteSpec(
    id="solax-home",
    inverters=(
        Inverter(
            id="inverter",
            arrays=(Array(peak_w=5200), Array(peak_w=4400, azimuth=250, volts=398)),
            battery=Battery(id="battery"),
        ),
    ),
    chargers=(Charger(id="charger"),),
)


def plant_id(number: int) -> str:
    """Return a plant id that is recognisably invented."""
    return f"{1_900_000_000_000_000_000 + number}"


class Builder:
    """Registers a site's devices one by one."""

    def __init__(
        self, site: Site, number: int, name: str, business_type: int = 1
    ) -> None:
        """Begin a plant on a site."""
        self.plant = Plant(plant_id(number), name, site, business_type)
        self._number = number

    def _serial(self, prefix: str, kind: Kind) -> str:
        ordinal = 100 * (self._number - 1) + len(self.plant.of(kind)) + 1
        return f"{prefix}DEMO{ordinal:08d}"

    def _dongle(self) -> Dongle:
        used = {id(one) for one in self.plant.site.dongles.values()}
        return Dongle(f"SDEMO{100 * (self._number - 1) + len(used) + 1:05d}")

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
            self._serial("H3", Kind.INVERTER),
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
            self._serial("TB", Kind.BATTERY),
            Kind.BATTERY,
            host.register_no,
            part,
            1,
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
        device = Device(
            self._serial("M3", Kind.METER),
            Kind.METER,
            host.register_no,
            host.part,
            METER,
            listed=listed,
        )
        return self._add(device, self.plant.dongle(host))

    def charger(self, part: str = "charger") -> Device:
        """Register an EV charger with a dongle of its own."""
        spec = next(one for one in self.plant.site.spec.chargers if one.id == part)
        dongle = self._dongle()
        device = Device(
            self._serial("C3", Kind.CHARGER),
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


def _home(world: World, *, registered: bool = True) -> Plant:
    builder = Builder(world.add(HOME), 1, "Demo House")
    inverter = builder.inverter()
    builder.battery(inverter, listed=registered)
    builder.meter(inverter, listed=registered)
    builder.charger()
    return builder.plant


def home_hybrid(world: World, _: Knobs) -> list[Plant]:
    """A hybrid inverter, its battery, a meter, an EV charger."""
    return [_home(world)]


def home_unregistered_battery(world: World, _: Knobs) -> list[Plant]:
    """The same home; battery and meter are not in the device list."""
    return [_home(world, registered=False)]


SCENARIOS: dict[str, Build] = {
    "home-hybrid": home_hybrid,
    "home-unregistered-battery": home_unregistered_battery,
}

__all__ = ["SCENARIOS", "Builder", "Habits", "replace"]
