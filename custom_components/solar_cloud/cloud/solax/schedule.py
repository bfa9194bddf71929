"""Which calls a poll is made of.

A home of one plant, inverter, battery, meter and charger costs five calls. What can wait (alarms, plant states) takes the place of the
plant's energies, which are only a fallback for the devices' own, so that a poll never costs more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
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

CALLS_PER_PLANT: Final = 5
"""In every five minutes."""
BUDGET_PERIOD: Final = 300.0
ALARM_PERIOD: Final = 840.0
"""Every third poll: a little less than 900 s, because polls follow the uploads and wander."""
STATE_PERIOD: Final = 3540.0


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


def live_jobs(wanted: Inventory, suspects: Iterable[str]) -> list[Job]:
    """Plan the calls of every poll; ``suspects`` are asked alone, to find out which of them spoils a chunk."""
    jobs: list[Job] = []
    groups: dict[tuple[str, str, str], list[Device]] = {}
    for device in sorted(wanted.devices.values(), key=lambda each: each.id):
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
    # Last: a plant's energies are only a fallback for the devices' own.
    jobs += [_plant(plant) for plant in wanted.plants.values()]
    return jobs


def slow_jobs(
    wanted: Inventory, alarm_page: Callable[[str], int], demand: Demand
) -> list[Job]:
    """Plan the calls that can wait: a page of a plant's alarms, and the states of all plants of a business type."""
    jobs = [
        Job(
            ALARMS,
            (ALARMS.path, plant.address["business_type"]),
            (plant.id,),
            plant.address["business_type"],
            params=alarm_params(plant, alarm_page(plant.id), ongoing=True),
            period=ALARM_PERIOD,
        )
        for plant in wanted.plants.values()
        if demand.shows_alarms(
            [plant.id], [each.id for each in wanted.devices_of(plant.id)]
        )
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


def make_room(
    live: Sequence[Job],
    due: Iterable[Job],
    budget: int,
    spare: Callable[[str], bool],
) -> list[Job]:
    """Add slow jobs as far as the budget goes; ``spare`` says whether a plant can do without its energies this time."""
    jobs = list(live)
    room = budget - len(jobs)
    for job in due:
        if room > 0:
            room -= 1
            jobs.append(job)
            continue
        displaced = next(
            (
                each
                for each in jobs
                if each.endpoint is PLANT_DATA
                and each.covers[0] in job.covers
                and spare(each.covers[0])
            ),
            None,
        )
        if displaced is not None:
            jobs[jobs.index(displaced)] = job
    return jobs


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
