"""Accounts by name (sungrow.md §11.4)."""

from collections.abc import Callable
from dataclasses import replace

from ..world import Array, Battery, Charger, Fault, Habits, Inverter, SiteSpec, World
from .builder import Builder
from .knobs import Knobs
from .parameters import EXPORT_W, MAX_SOC, MIN_SOC, MOST_CHARGE, MOST_DISCHARGE, POWER
from .plant import Plant

type Build = Callable[[World, Knobs], list[Plant]]

ROOF = (Array(peak_w=5400), Array(peak_w=4200, azimuth=255, volts=390))
HOME = SiteSpec(
    id="sungrow-home",
    inverters=(
        Inverter(
            id="hybrid",
            arrays=ROOF,
            battery=Battery(id="battery", capacity_kwh=12.8, volts=265),
        ),
    ),
)


def home_hybrid(world: World, knobs: Knobs) -> list[Plant]:
    """A hybrid inverter with its battery, a meter, a dongle."""
    site = world.add(HOME)
    plant = Plant("5000001", "Home A", site)
    builder = Builder(plant, knobs.upload_delay)
    builder.hybrid("hybrid")
    builder.meter()
    closed = site.now() - 5 * 86400.0
    site.faults.append(
        Fault("hybrid", "BMS Communication Fault", "13822", closed, closed + 1800)
    )
    return [plant]


def home_recorded(world: World, knobs: Knobs) -> list[Plant]:
    """A hybrid as one was recorded: SH10RT with SBR256, full limits, no command power."""
    battery = Battery(
        id="battery",
        capacity_kwh=25.6,
        charge_w=10_600,
        discharge_w=10_600,
        volts=400,
    )
    inverter = replace(HOME.inverters[0], battery=battery)
    spec = replace(HOME, id="sungrow-recorded", inverters=(inverter,), seed=8)
    plant = Plant("5000008", "Home H", world.add(spec))
    builder = Builder(plant, knobs.upload_delay)
    builder.hybrid("hybrid", "SH10RT").settings = {
        MAX_SOC: 100,
        MIN_SOC: 5,
        POWER: 0,
        EXPORT_W: 10,
        MOST_CHARGE: 10.6,
        MOST_DISCHARGE: 10.6,
    }
    builder.meter()
    return [plant]


def home_logger(world: World, knobs: Knobs) -> list[Plant]:
    """A hybrid and a string inverter behind a logger."""
    string = Inverter(id="string", arrays=(Array(peak_w=3000),), rated_w=3000)
    spec = replace(
        HOME, id="sungrow-logger", inverters=(*HOME.inverters, string), seed=9
    )
    plant = Plant("5000009", "Home I", world.add(spec))
    builder = Builder(plant, knobs.upload_delay, "Logger1000")
    builder.hybrid("hybrid")
    builder.string("string", "SG3.0RT")
    builder.meter()
    return [plant]


def home_string(world: World, knobs: Knobs) -> list[Plant]:
    """A string inverter that falls silent at night, and a meter."""
    spec = SiteSpec(
        id="sungrow-string",
        inverters=(Inverter(id="string", arrays=ROOF, rated_w=8000, efficiency=0.98),),
        seed=2,
    )
    plant = Plant("5000002", "Home B", world.add(spec), ps_type=4)
    builder = Builder(plant, knobs.upload_delay, "EyeM4")
    builder.string("string")
    builder.meter()
    return [plant]


def farm(world: World, knobs: Knobs) -> list[Plant]:
    """Two large inverters behind a logger, a weather station, no meter."""
    arrays = tuple(Array(peak_w=14_000, volts=720) for _ in range(4))
    spec = SiteSpec(
        id="sungrow-farm",
        latitude=37.2,
        longitude=-3.6,
        zone="Europe/Madrid",
        inverters=tuple(
            Inverter(id=name, arrays=arrays, rated_w=50_000, efficiency=0.985)
            for name in ("east", "west")
        ),
        habits=Habits(base_w=300, peak_w=600),
        seed=3,
    )
    plant = Plant("5000003", "Farm C", world.add(spec), ps_type=3, zone="GMT-1")
    builder = Builder(plant, knobs.upload_delay, "Logger1000")
    builder.string("east", "SG50CX")
    builder.string("west", "SG50CX")
    builder.weather()
    return [plant]


def no_battery(world: World, knobs: Knobs) -> list[Plant]:
    """A hybrid inverter without battery, a charger and an iHomeManager; for viewing only."""
    spec = SiteSpec(
        id="sungrow-no-battery",
        inverters=(Inverter(id="hybrid", arrays=ROOF[:1], rated_w=6000, phases=1),),
        chargers=(Charger(id="charger"),),
        seed=4,
    )
    plant = Plant("5000004", "Home D", world.add(spec))
    builder = Builder(plant, knobs.upload_delay)
    builder.hybrid("hybrid", "SH6.0RS")
    builder.charger("charger")
    builder.manager()
    return [plant]


def empty_plant(world: World, _: Knobs) -> list[Plant]:
    """A plant without devices."""
    site = world.add(SiteSpec(id="sungrow-empty"))
    return [Plant("5000005", "Empty E", site)]


def two_hybrids(world: World, knobs: Knobs) -> list[Plant]:
    """Two hybrid inverters with a battery each and a string inverter; one sees the grid."""
    spec = replace(
        HOME,
        id="sungrow-two",
        inverters=(
            *HOME.inverters,
            Inverter(
                id="second",
                arrays=(Array(peak_w=6000, azimuth=120),),
                battery=Battery(id="battery-2", capacity_kwh=9.6),
            ),
            Inverter(id="string", arrays=(Array(peak_w=3000),), rated_w=3000),
        ),
        habits=Habits(base_w=600, peak_w=3000),
        seed=6,
    )
    plant = Plant("5000006", "Home F", world.add(spec))
    builder = Builder(plant, knobs.upload_delay)
    builder.hybrid("hybrid")
    builder.hybrid("second").master = False
    builder.string("string", "SG3.0RT")
    builder.meter()
    return [plant]


def small_parts(world: World, knobs: Knobs) -> list[Plant]:
    """Micro-inverters, and a string inverter with optimizers; nobody measures the grid."""
    spec = SiteSpec(
        id="sungrow-parts",
        inverters=(
            *(
                Inverter(
                    id=f"micro-{number}",
                    arrays=(Array(peak_w=430, volts=34), Array(peak_w=430, volts=34)),
                    rated_w=800,
                    phases=1,
                )
                for number in (1, 2)
            ),
            Inverter(id="string", arrays=ROOF, rated_w=8000),
        ),
        seed=7,
    )
    plant = Plant("5000007", "Home G", world.add(spec), ps_type=4)
    builder = Builder(plant, knobs.upload_delay)
    builder.micro("micro-1")
    builder.micro("micro-2")
    builder.string("string")
    builder.optimizers("string")
    return [plant]


def all_of_them(world: World, knobs: Knobs) -> list[Plant]:
    """All plants of one account."""
    builds = (home_hybrid, home_string, farm, no_battery, empty_plant)
    return [plant for build in builds for plant in build(world, knobs)]


def no_plants(_: World, __: Knobs) -> list[Plant]:
    """An account without plants."""
    return []


SCENARIOS: dict[str, Build] = {
    "home-hybrid": home_hybrid,
    "home-recorded": home_recorded,
    "home-logger": home_logger,
    "home-string": home_string,
    "farm": farm,
    "no-battery": no_battery,
    "empty-plant": empty_plant,
    "two-hybrids": two_hybrids,
    "small-parts": small_parts,
    "all": all_of_them,
    "empty": no_plants,
}
