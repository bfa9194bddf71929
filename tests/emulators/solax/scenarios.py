"""Accounts by name, as small or as awkward as tests need them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from ..world import (
    Array,
    Battery,
    Charger,
    Controls,
    Fault,
    Habits,
    Inverter,
    SiteSpec,
    World,
)
from .builder import COMMERCIAL_HYBRID, Builder, plant_id
from .knobs import Knobs
from .plant import COMMERCIAL, Kind, Plant

type Build = Callable[[World, Knobs], list[Plant]]

MICRO_MODEL = 28

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

MICROS = SiteSpec(
    id="solax-micros",
    latitude=40.4,
    longitude=-3.7,
    zone="Europe/Madrid",
    inverters=tuple(
        Inverter(
            id=f"micro-{number}",
            arrays=(Array(peak_w=430, volts=34), Array(peak_w=430, volts=34)),
            rated_w=800,
            phases=1,
        )
        for number in (1, 2)
    ),
    habits=Habits(base_w=180, peak_w=900),
)

GARAGE = SiteSpec(
    id="solax-garage",
    chargers=(Charger(id="charger", rated_w=7360, phases=1),),
)

PARALLEL = SiteSpec(
    id="solax-parallel",
    inverters=tuple(
        Inverter(
            id=name,
            arrays=(Array(peak_w=6000, azimuth=azimuth), Array(peak_w=4000)),
            rated_w=8000,
            battery=Battery(id=f"battery-{name}", capacity_kwh=capacity),
        )
        for name, azimuth, capacity in (("master", 160, 12.0), ("slave", 230, 6.0))
    ),
    habits=Habits(base_w=700, peak_w=3500),
)

FACTORY = SiteSpec(
    id="solax-factory",
    inverters=tuple(
        Inverter(
            id=name,
            arrays=tuple(Array(peak_w=30_000, volts=720) for _ in range(4)),
            rated_w=100_000,
            battery=Battery(
                id=f"battery-{name}",
                capacity_kwh=215,
                charge_w=100_000,
                discharge_w=100_000,
                volts=768,
            ),
        )
        for name in ("master", "slave")
    ),
    habits=Habits(base_w=24_000, peak_w=45_000),
)


def _home(world: World, spec: SiteSpec = HOME, *, registered: bool = True) -> Plant:
    site = world.add(spec)
    builder = Builder(Plant(plant_id(1), "Demo House", site))
    inverter = builder.inverter()
    builder.battery(inverter, listed=registered)
    builder.meter(inverter, listed=registered)
    builder.charger()
    lost = site.now() - 3 * 86400.0
    site.faults.append(Fault("inverter", "Grid Lost Fault", "IE002", lost, lost + 720))
    return builder.plant


def home_hybrid(world: World, _: Knobs) -> list[Plant]:
    """A hybrid inverter, its battery, a meter, an EV charger."""
    return [_home(world)]


def home_unregistered_battery(world: World, _: Knobs) -> list[Plant]:
    """The same home; battery and meter are readable but not in the device list."""
    return [_home(world, registered=False)]


def micro_only(world: World, _: Knobs) -> list[Plant]:
    """Two microinverters without meter and without a yield counter."""
    builder = Builder(Plant(plant_id(2), "Demo Balcony", world.add(MICROS)))
    for spec in MICROS.inverters:
        device = builder.inverter(spec.id, model=MICRO_MODEL)
        device.micro, device.metered = True, False
    return [builder.plant]


def second_meter(world: World, _: Knobs) -> list[Plant]:
    """The home beside an older roof that is not SolaX's, seen by the second meter."""
    roof = Inverter(id="old-roof", arrays=(Array(peak_w=3000),), rated_w=3000)
    spec = replace(HOME, id="solax-old-roof", inverters=(*HOME.inverters, roof))
    builder = Builder(Plant(plant_id(8), "Demo Barn", world.add(spec)))
    inverter = builder.inverter()
    inverter.second_meter = "old-roof"
    builder.battery(inverter)
    builder.meter(inverter)
    return [builder.plant]


def evc_only(world: World, _: Knobs) -> list[Plant]:
    """A single-phase EV charger and nothing else."""
    builder = Builder(Plant(plant_id(3), "Demo Garage", world.add(GARAGE)))
    builder.charger()
    return [builder.plant]


def parallel_two_inverters(world: World, _: Knobs) -> list[Plant]:
    """Master and slave with a battery each; the master has the meter."""
    builder = Builder(Plant(plant_id(4), "Demo Farm", world.add(PARALLEL)))
    for flag, name in enumerate(("master", "slave"), 1):
        device = builder.inverter(name, flag=flag)
        device.master = name == "master"
        builder.battery(device, f"battery-{name}")
    builder.meter(builder.plant.of(Kind.INVERTER)[0])
    return [builder.plant]


def ci_ems(world: World, _: Knobs) -> list[Plant]:
    """A commercial plant: two inverters, batteries, a meter, an EMS; powers in kW."""
    site = world.add(FACTORY)
    builder = Builder(Plant(plant_id(5), "Demo Factory", site, COMMERCIAL))
    for flag, name in enumerate(("master", "slave")):
        device = builder.inverter(name, model=COMMERCIAL_HYBRID, flag=flag)
        device.master = name == "master"
        builder.battery(device, f"battery-{name}")
    builder.meter(builder.plant.of(Kind.INVERTER)[0])
    builder.ems()
    return [builder.plant]


def commercial_twin(world: World, _: Knobs) -> list[Plant]:
    """One house registered twice, at home in W and as a business in kW."""
    site = world.add(replace(HOME, id="solax-twin"))
    plants = []
    for number, business in ((6, 1), (7, COMMERCIAL)):
        plant = Plant(plant_id(number), f"Demo Twin {number}", site, business)
        builder = Builder(plant, phase=90.0)
        inverter = builder.inverter(model=14 if business == 1 else COMMERCIAL_HYBRID)
        inverter.midnight = 180.0
        builder.battery(inverter)
        builder.meter(inverter)
        builder.charger()
        plants.append(plant)
    return plants


def many(world: World, _: Knobs) -> list[Plant]:
    """Twelve plants with two inverters each: three pages, more than one chunk."""
    plants = []
    for number in range(1, 13):
        spec = replace(HOME, id=f"solax-many-{number}", seed=number, chargers=())
        roof = Inverter(id="roof", arrays=(Array(peak_w=3000),), rated_w=3000)
        site = world.add(replace(spec, inverters=(*spec.inverters, roof)))
        builder = Builder(Plant(plant_id(10 + number), f"Demo House {number}", site))
        inverter = builder.inverter()
        builder.battery(inverter)
        builder.meter(inverter)
        builder.inverter("roof", model=16).master = False
        plants.append(builder.plant)
    return plants


def installer(world: World, _: Knobs) -> list[Plant]:
    """An installer's account: 300 plants of five devices each, all under one sun."""
    return customers(world, 300)


def forty(world: World, _: Knobs) -> list[Plant]:
    """A small installer's account: 40 plants of five devices each, all under one sun."""
    return customers(world, 40)


def customers(world: World, count: int) -> list[Plant]:
    """So many plants of five devices each, all under one sun."""
    roof = Inverter(id="roof", arrays=(Array(peak_w=3000),), rated_w=3000)
    inverters = (*HOME.inverters, roof)
    site = world.add(replace(HOME, id="solax-installer", inverters=inverters))
    plants = []
    for number in range(1, count + 1):
        builder = Builder(Plant(plant_id(100 + number), f"Customer {number}", site))
        inverter = builder.inverter()
        builder.battery(inverter)
        builder.meter(inverter)
        builder.inverter("roof", model=16).master = False
        builder.charger()
        plants.append(builder.plant)
    return plants


def night(world: World, _: Knobs) -> list[Plant]:
    """The home in the small hours, its battery empty; by day the clock is moved there."""
    local = world.clock.now().astimezone(ZoneInfo(HOME.zone))
    if not 1 <= local.hour < 4:
        goal = local.replace(hour=2, minute=0, second=0, microsecond=0)
        world.clock.set(goal if goal > local else goal + timedelta(days=1))
    inverter = HOME.inverters[0]
    empty_battery = Battery(id="battery", soc=Controls().min_soc)
    spec = replace(
        HOME,
        inverters=(replace(inverter, battery=empty_battery),),
        chargers=(Charger(id="charger", commuter=False),),
    )
    return [_home(world, spec)]


def offline(world: World, _: Knobs) -> list[Plant]:
    """The home with all dongles cut off for two hours."""
    plant = _home(world)
    for device in plant.devices:
        plant.dongle(device).online.set(plant.site.now() - 7200, False)
    return [plant]


def awkward_json(world: World, knobs: Knobs) -> list[Plant]:
    """The home in the most awkward spelling that is known."""
    knobs.numbers = "strings"
    knobs.key_case = "lower"
    knobs.plant_id_type = "number"
    knobs.empty_result = "missing"
    knobs.error_text = "msg"
    knobs.inverter_status = 199
    knobs.null_fields = frozenset({"totalPowerFactor", "batteryTemperature"})
    knobs.extra_fields = {"somethingNew": {"nested": [1, None]}}
    return [_home(world)]


def empty(_: World, __: Knobs) -> list[Plant]:
    """An account without plants."""
    return []


SCENARIOS: dict[str, Build] = {
    "home-hybrid": home_hybrid,
    "home-unregistered-battery": home_unregistered_battery,
    "micro-only": micro_only,
    "evc-only": evc_only,
    "parallel-two-inverters": parallel_two_inverters,
    "ci-ems": ci_ems,
    "commercial-twin": commercial_twin,
    "second-meter": second_meter,
    "many": many,
    "forty": forty,
    "installer": installer,
    "night": night,
    "offline": offline,
    "awkward-json": awkward_json,
    "empty": empty,
}
