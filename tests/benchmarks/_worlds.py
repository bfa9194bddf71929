"""Accounts of any size."""

from dataclasses import replace
from random import Random
from typing import Any

from tests.emulators.base import Cloud
from tests.emulators.fusionsolar import FusionSolarCloud
from tests.emulators.fusionsolar.plant import (
    DONGLE,
    HOME_BATTERY,
    HOME_INVERTER,
    POWER_SENSOR,
)
from tests.emulators.fusionsolar.scenarios import HOME as FUSIONSOLAR_HOME, Builder
from tests.emulators.solax import SolaxCloud
from tests.emulators.solax.builder import Builder as SolaxBuilder, plant_id
from tests.emulators.solax.plant import Plant as SolaxPlant
from tests.emulators.solax.scenarios import HOME as SOLAX_HOME, customers
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.builder import Builder as SungrowBuilder
from tests.emulators.sungrow.plant import Plant as SungrowPlant
from tests.emulators.sungrow.scenarios import HOME as SUNGROW_HOME
from tests.emulators.world import Array, Inverter, World

(INVERTER,) = SOLAX_HOME.inverters


def resize(cloud: Cloud[Any], *, plants: int = 0, devices: int = 0) -> int:
    """Let an account have so many plants, or as many as hold so many devices; four or fewer stay the usual home. Returns how many devices it has."""
    if isinstance(cloud, SolaxCloud):
        if (count := plants or devices // 5) > 1:
            cloud.plants[:] = customers(cloud.world, count)
    elif isinstance(cloud, SungrowCloud):
        if (count := plants or devices // 4) > 1:
            cloud.plants[:] = _sungrow(cloud, count)
    elif isinstance(cloud, FusionSolarCloud):
        if (count := plants or devices // 4) > 1:
            cloud.plants[:] = _fusionsolar(cloud, count)
    held: list[Any] = getattr(cloud, "plants", [])
    return sum(len(plant.devices) for plant in held)


def apart(world: World, count: int) -> list[SolaxPlant]:
    """Return so many plants of five devices, each with a roof, a house and a past of its own: what all say alike would be packed into nothing."""
    plants = []
    for number in range(count):
        drawn = Random(number)
        share, turned = drawn.uniform(0.5, 1.2), drawn.uniform(-40.0, 40.0)
        roof = Inverter(id="roof", arrays=(Array(peak_w=3000),), rated_w=3000)
        arrays = tuple(
            replace(
                each,
                peak_w=round(each.peak_w * share),
                azimuth=each.azimuth + turned,
            )
            for each in INVERTER.arrays
        )
        site = world.add(
            replace(
                SOLAX_HOME,
                id=f"solax-{number}",
                inverters=(replace(INVERTER, arrays=arrays), roof),
                age_years=drawn.uniform(0.5, 6.0),
                seed=number,
            )
        )
        plant = SolaxPlant(plant_id(100 + number), f"Customer {number}", site)
        builder = SolaxBuilder(plant)
        hybrid = builder.inverter()
        builder.battery(hybrid)
        builder.meter(hybrid)
        builder.inverter("roof", model=16).master = False
        builder.charger()
        plants.append(builder.plant)
    return plants


def _sungrow(cloud: SungrowCloud, count: int) -> list[SungrowPlant]:
    site = cloud.world.add(replace(SUNGROW_HOME, id="sungrow-installer"))
    plants = []
    for number in range(count):
        plant = SungrowPlant(str(5_001_000 + number), f"Customer {number}", site)
        builder = SungrowBuilder(plant, cloud.knobs.upload_delay)
        builder.hybrid("hybrid")
        builder.meter()
        plants.append(plant)
    return plants


def _fusionsolar(cloud: FusionSolarCloud, count: int) -> list[Any]:
    builder = Builder(cloud.world)
    site = cloud.world.add(replace(FUSIONSOLAR_HOME, id="fusionsolar-installer"))
    for number in range(count):
        plant = builder.plant(f"Customer {number}", site)
        for kind, part in (
            (HOME_INVERTER, "inverter"),
            (HOME_BATTERY, "battery"),
            (POWER_SENSOR, "inverter"),
            (DONGLE, "inverter"),
        ):
            builder.add(plant, kind, part)
    return builder.plants
