"""Which calls a poll is made of.

A home of one plant, inverter, battery, meter and charger costs four calls. What can wait (alarms, states, and the energies and income of a
plant whose roles its devices fill) takes its turn.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..demand import Demand
from ..model import Device, Inventory, Plant, Quantity
from ..storage import Json
from .access import Gate
from .alarms import alarm_params
from .api import ALARMS, DEVICE_DATA, EMS_DATA, PLANT_DATA, PLANTS, Endpoint
from .battery_discovery import (
    BY_BATTERY,
    BY_INVERTER,
    MOST_SERIALS,
    battery_params,
    chunks,
)
from .models import COMMERCIAL, EMS, HOME

WAITING: Final = 3
"""Calls that can wait, in every five minutes at least; of large accounts they are the tenth part."""
BUDGET_PERIOD: Final = 300.0
ALARM_PERIOD: Final = 840.0
"""Every third poll where a device reports a fault: a little less than 900 s, because polls follow the uploads and wander."""
CALM_PERIOD: Final = 1740.0
"""The same while none does."""
STATE_PERIOD: Final = 3540.0
PLANT_PERIOD: Final = 3540.0
INCOME: Final = (Quantity.INCOME_TODAY, Quantity.INCOME_TOTAL)
"""What a plant alone tells."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a poll: what it asks for and whose values it brings."""

    endpoint: Endpoint
    gate: Gate
    covers: tuple[str, ...]
    """Plants or devices, by our identity."""
    business: str
    devices: tuple[Device, ...] = ()
    params: dict[str, str] | None = field(default=None, repr=False)
    body: dict[str, Json] | None = field(default=None, repr=False)
    period: float = 0.0
    """Seconds between calls of a job that can wait; 0 belongs to every poll."""

    @property
    def key(self) -> tuple[str, ...]:
        """What identifies the job over polls."""
        return (*self.gate, *self.covers)


def live_jobs(
    wanted: Inventory, suspects: Iterable[str], needed: Callable[[str], bool]
) -> list[Job]:
    """Plan the calls of every poll, plant by plant; ``suspects`` are asked alone, to find out which of them spoils a chunk.

    ``needed`` says whether a plant's own figures are.
    """
    jobs: list[Job] = []
    groups: dict[tuple[str, str, str], list[Device]] = {}
    place = {plant_id: number for number, plant_id in enumerate(wanted.plants)}

    def order(device: Device) -> tuple[int, str]:
        return place.get(device.plant_id, 0), device.id

    for device in sorted(wanted.devices.values(), key=order):
        address = device.address
        key = (
            address["business_type"],
            address.get("device_type", str(EMS)),
            address.get("sn_type", ""),
        )
        groups.setdefault(key, []).append(device)
    alone = set(suspects)
    for (business, device_type, sn_type), devices in sorted(groups.items()):
        trusted = [device for device in devices if device.id not in alone]
        cut = [
            *_cut(trusted, by_inverter=sn_type == BY_INVERTER),
            *((device,) for device in devices if device.id in alone),
        ]
        for chunk in cut:
            if device_type == str(EMS):
                jobs.append(_energy_managers(chunk))
            else:
                jobs.append(_devices(business, device_type, sn_type, chunk))
    jobs.sort(key=lambda job: order(job.devices[0])[0])
    # Last: a plant's energies are only a fallback for the devices' own.
    jobs += [_plant(plant) for plant in wanted.plants.values() if needed(plant.id)]
    return jobs


def slow_jobs(
    wanted: Inventory,
    alarm_page: Callable[[str], int],
    faulty: Collection[str],
    demand: Demand,
) -> list[Job]:
    """Plan the calls that can wait: a page of a plant's alarms, its energies, and the states of all plants of a business type.

    Of plants that are ``faulty`` by what their devices say, alarms are read more often.
    """
    jobs = [
        Job(
            ALARMS,
            (ALARMS.path, plant.address["business_type"]),
            (plant.id,),
            plant.address["business_type"],
            params=alarm_params(plant, alarm_page(plant.id), ongoing=True),
            period=ALARM_PERIOD if plant.id in faulty else CALM_PERIOD,
        )
        for plant in wanted.plants.values()
        if demand.shows_alarms(
            [plant.id], [each.id for each in wanted.devices_of(plant.id)]
        )
    ]
    jobs += [
        replace(_plant(plant), period=PLANT_PERIOD)
        for plant in wanted.plants.values()
        if demand.shows([plant.id], INCOME)
    ]
    for business in (HOME, COMMERCIAL):
        mine = tuple(
            plant.id
            for plant in wanted.plants.values()
            if plant.address["business_type"] == business
        )
        if mine and demand.shows(mine, [Quantity.PLANT_STATE]):
            jobs.append(
                Job(
                    PLANTS,
                    (PLANTS.path, business, "states"),
                    mine,
                    business,
                    params={"businessType": business, "pageNo": "1", "size": "100"},
                    period=STATE_PERIOD,
                )
            )
    return jobs


def make_room(live: Sequence[Job], due: Iterable[Job], periods: int) -> list[Job]:
    """Add as many of the jobs that are due, the most urgent first, as so many times five minutes have room for."""
    asked = {job.key for job in live}
    waiting = [job for job in due if job.key not in asked]
    return [*live, *waiting[: periods * max(WAITING, len(live) // 10)]]


def _cut(devices: Sequence[Device], *, by_inverter: bool) -> list[tuple[Device, ...]]:
    if by_inverter:
        return chunks(devices)
    return [
        tuple(devices[start : start + MOST_SERIALS])
        for start in range(0, len(devices), MOST_SERIALS)
    ]


def _devices(
    business: str, device_type: str, sn_type: str, chunk: tuple[Device, ...]
) -> Job:
    if sn_type:
        name = "battery_sn" if sn_type == BY_BATTERY else "sn"
        params = battery_params(
            business, [device.address[name] for device in chunk], sn_type
        )
    else:
        params = {
            "snList": ",".join(device.address["sn"] for device in chunk),
            "deviceType": device_type,
            "businessType": business,
        }
    return Job(
        DEVICE_DATA,
        (DEVICE_DATA.path, business, device_type),
        tuple(device.id for device in chunk),
        business,
        chunk,
        params=params,
    )


def _plant(plant: Plant) -> Job:
    business = plant.address["business_type"]
    return Job(
        PLANT_DATA,
        (PLANT_DATA.path, business),
        (plant.id,),
        business,
        params={"plantId": plant.id, "businessType": business},
    )


def _energy_managers(chunk: tuple[Device, ...]) -> Job:
    return Job(
        EMS_DATA,
        (EMS_DATA.path, COMMERCIAL),
        tuple(device.id for device in chunk),
        COMMERCIAL,
        chunk,
        body={
            "deviceType": EMS,
            "businessType": int(COMMERCIAL),
            "registerNoList": [device.address["register"] for device in chunk],
        },
    )
