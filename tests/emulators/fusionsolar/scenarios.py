"""Accounts by name, as small or as awkward as tests need them."""

from collections.abc import Callable, Iterator
from itertools import count

from ..world import Array, Battery, Habits, Inverter, Site, SiteSpec, World
from .plant import (
    DONGLE,
    EMI,
    EMMA,
    ESS,
    GRID_METER,
    HOME_BATTERY,
    HOME_INVERTER,
    OPTIMIZER,
    POWER_SENSOR,
    SMART_GUARD,
    SMART_LOGGER,
    STRING_INVERTER,
    Device,
    Plant,
)

type Build = Callable[[World], list[Plant]]

FIRST_PLANT = 33987654
FIRST_DEVICE = 35350464

HOME = SiteSpec(
    id="fusionsolar-home",
    latitude=52.1,
    longitude=5.1,
    zone="Europe/Amsterdam",
    inverters=(
        Inverter(
            id="inverter",
            arrays=(Array(peak_w=5500, volts=612), Array(peak_w=4400, azimuth=250)),
            rated_w=8000,
            battery=Battery(id="battery", volts=452),
        ),
    ),
)
SHED = SiteSpec(
    id="fusionsolar-shed",
    latitude=52.1,
    longitude=5.1,
    zone="Europe/Amsterdam",
    inverters=(
        Inverter(id="inverter", arrays=(Array(peak_w=2050),), rated_w=2000, phases=1),
    ),
    habits=Habits(base_w=60, peak_w=200),
)
FARM = SiteSpec(
    id="fusionsolar-farm",
    latitude=40.4,
    longitude=-3.7,
    zone="Europe/Madrid",
    inverters=(
        Inverter(
            id="inverter",
            arrays=tuple(Array(peak_w=9000, volts=720) for _ in range(6)),
            rated_w=50_000,
        ),
    ),
    habits=Habits(base_w=3000, peak_w=9000),
)
FACTORY = SiteSpec(
    id="fusionsolar-factory",
    latitude=13.7,
    longitude=100.5,
    zone="Asia/Bangkok",
    inverters=tuple(
        Inverter(
            id=f"inverter-{number}",
            arrays=tuple(Array(peak_w=12_000, volts=720) for _ in range(4)),
            rated_w=50_000,
            battery=Battery(
                id="battery", capacity_kwh=215, charge_w=100_000, discharge_w=100_000
            )
            if number == 1
            else None,
        )
        for number in (1, 2, 3)
    ),
    habits=Habits(base_w=24_000, peak_w=45_000),
)


class Builder:
    """Registers plants and devices under ids that are plainly invented."""

    def __init__(self, world: World) -> None:
        """Build in a world."""
        self.world = world
        self.plants: list[Plant] = []
        self._numbers: Iterator[int] = count()

    def plant(self, name: str, site: Site | SiteSpec) -> Plant:
        """Open a plant on a site of its own, or on one that others look at too."""
        place = self.world.add(site) if isinstance(site, SiteSpec) else site
        plant = Plant(
            f"NE={FIRST_PLANT + 6 * len(self.plants)}",
            name,
            place,
            round(place.spec.peak_w / 1000, 2) or 1.0,
        )
        plant.attach(None)
        self.plants.append(plant)
        return plant

    def add(self, plant: Plant, kind: int, part: str = "inverter") -> Device:
        """Install a device."""
        number = next(self._numbers)
        name, prefix, model, firmware = MODELS.get(kind, ("Thing", "XX", None, None))
        meter = kind == POWER_SENSOR
        return plant.add(
            Device(
                id=-(214543629611879 + number)
                if meter
                else 1000000000000000 + FIRST_DEVICE + number,
                dn=f"NE={FIRST_DEVICE + number}",
                type=kind,
                part=part,
                name=f"{name}-{number}",
                serial=None if meter else f"{prefix}DEMO{number:06d}",
                model=model,
                firmware=firmware,
            )
        )

    def home(
        self, name: str = "Demo House", meter: int = POWER_SENSOR, spec: SiteSpec = HOME
    ) -> Plant:
        """Build the usual home."""
        plant = self.plant(name, spec)
        for kind, part in (
            (HOME_INVERTER, "inverter"),
            (HOME_BATTERY, "battery"),
            (meter, "inverter"),
            (DONGLE, "inverter"),
        ):
            self.add(plant, kind, part)
        return plant


MODELS: dict[int, tuple[str, str, str | None, str | None]] = {
    HOME_INVERTER: ("Inverter", "TA", "SUN2000-8KTL-M1", "V100R001C00SPC161"),
    STRING_INVERTER: ("Inverter", "HV", "SUN2000-50KTL-M3", "V500R023C10"),
    HOME_BATTERY: ("Battery", "LB", "LUNA2000-10-S0", None),
    ESS: ("ESS", "ES", "LUNA2000-215-2S10", "V100R023"),
    POWER_SENSOR: ("Meter", "", "DTSU666-H", None),
    GRID_METER: ("Meter", "GM", "DTSU666-FE", None),
    EMMA: ("EMMA", "EM", "EMMA-A02", "V100R024"),
    DONGLE: ("Dongle", "BT", "SDongleA-05", "V200R022C10SPC109"),
    SMART_LOGGER: ("SmartLogger", "SL", "SmartLogger3000", None),
    EMI: ("EMI", "WS", None, None),
    OPTIMIZER: ("Optimizer", "OP", "SUN2000-450W-P2", None),
}


def home(world: World) -> list[Plant]:
    """A hybrid inverter, its battery, a power sensor, the dongle."""
    builder = Builder(world)
    builder.home()
    return builder.plants


def home_emma(world: World) -> list[Plant]:
    """The same home behind an EMMA."""
    builder = Builder(world)
    builder.home("Demo House with EMMA", EMMA)
    return builder.plants


def string_only(world: World) -> list[Plant]:
    """A roof of strings: no battery, no meter."""
    builder = Builder(world)
    plant = builder.plant("Demo Farm", FARM)
    builder.add(plant, STRING_INVERTER)
    builder.add(plant, SMART_LOGGER)
    return builder.plants


def two_plants(world: World) -> list[Plant]:
    """The home and a single-phase shed with an awkward name."""
    builder = Builder(world)
    builder.home()
    shed = builder.plant("☀ Schuur", SHED)
    builder.add(shed, HOME_INVERTER)
    return builder.plants


def commercial(world: World) -> list[Plant]:
    """Three string inverters, a grid meter, an ESS, a weather station."""
    builder = Builder(world)
    plant = builder.plant("Demo Factory", FACTORY)
    for number in (1, 2, 3):
        builder.add(plant, STRING_INVERTER, f"inverter-{number}")
    builder.add(plant, GRID_METER, "inverter-1")
    builder.add(plant, ESS, "battery")
    builder.add(plant, EMI, "inverter-1")
    builder.add(plant, SMART_LOGGER, "inverter-1")
    return builder.plants


def installer(world: World) -> list[Plant]:
    """200 plants with 1500 devices, all looking at one house's sun."""
    builder = Builder(world)
    site = world.add(HOME)
    wanted = [
        (HOME_INVERTER, 400, "inverter"),
        (STRING_INVERTER, 300, "inverter"),
        (HOME_BATTERY, 200, "battery"),
        (POWER_SENSOR, 250, "inverter"),
        (GRID_METER, 50, "inverter"),
        (DONGLE, 200, "inverter"),
        (SMART_LOGGER, 50, "inverter"),
        (OPTIMIZER, 50, "inverter"),
    ]
    for number in range(200):
        builder.plant(f"Plant {number:03d}", site)
    for kind, amount, part in wanted:
        for number in range(amount):
            builder.add(builder.plants[number % 200], kind, part)
    return builder.plants


def empty(_: World) -> list[Plant]:
    """No plants at all."""
    return []


def deviceless(world: World) -> list[Plant]:
    """A plant without devices."""
    builder = Builder(world)
    builder.plant("Demo Field", SHED)
    return builder.plants


def odd_devices(world: World) -> list[Plant]:
    """A plant with devices nobody knows."""
    builder = Builder(world)
    plant = builder.plant("Demo Museum", SHED)
    builder.add(plant, 777)
    builder.add(plant, SMART_GUARD)
    builder.add(plant, OPTIMIZER)
    return builder.plants


def unauthorized(world: World) -> list[Plant]:
    """The home, and a plant whose owner has not allowed access."""
    builder = Builder(world)
    builder.home()
    shed = builder.plant("Demo Shed", SHED)
    builder.add(shed, HOME_INVERTER)
    shed.authorized = False
    return builder.plants


SCENARIOS: dict[str, Build] = {
    "home": home,
    "home-emma": home_emma,
    "string-only": string_only,
    "two-plants": two_plants,
    "commercial": commercial,
    "installer": installer,
    "empty": empty,
    "deviceless": deviceless,
    "odd-devices": odd_devices,
    "unauthorized": unauthorized,
}
