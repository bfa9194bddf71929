"""What a home tells beside its everyday values: packs, optimizers, and items that a user picked."""

from typing import Any

import pytest

from custom_components.solar_cloud.cloud.catalogue import SupportsRawPoints
from custom_components.solar_cloud.cloud.demand import (
    ALARMS_OF_PLANT,
    Demand,
    SupportsDemand,
)
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from tests.emulators.fusionsolar.plant import HOME_BATTERY, HOME_INVERTER

from .conftest import Rig
from .test_readings import PLANT

PACKS = {
    "units": {11: None, 12: None},
    "single": {11: None},
    "list": {11: None, 12: None},
}


@pytest.mark.parametrize("shape", sorted(PACKS))
async def test_the_packs_of_a_battery_are_told_apart(rig: Rig, shape: Any) -> None:
    """Whichever way the firmware nests them: the charge of each, its health where there is one, no serial anywhere."""
    rig.cloud.turn(packs=shape)
    battery = rig.id_of(HOME_BATTERY)
    reading = (await rig.poll()).readings[battery]
    values = {slot.key: value for slot, value in reading.values.items()}
    charge = values["battery_soc"]
    assert {key: value for key, value in values.items() if "pack" in key} == {
        "battery_packs": len(PACKS[shape]),
        "pack_soh_11": 97.0,
        **{f"pack_soc_{place}": charge for place in PACKS[shape]},
    }


async def test_an_old_firmware_knows_no_packs(rig: Rig) -> None:
    """There is nothing to show then."""
    rig.cloud.turn(packs=None)
    reading = (await rig.poll()).readings[rig.id_of(HOME_BATTERY)]
    assert not [slot for slot in reading.values if "pack" in slot.quantity]


async def test_an_inverter_says_how_many_optimizers_it_has(rig: Rig) -> None:
    """The list of devices knows; 0, which most say, is none. A list of before this version has no number."""
    rig.cloud.first(HOME_INVERTER).optimizers = 14
    key = rig.id_of(HOME_INVERTER)
    count = Slot(Q.OPTIMIZER_COUNT)
    assert (await rig.poll()).readings[key].values[count] == 14


async def test_picked_items_of_devices_and_plants_cost_no_call(rig: Rig) -> None:
    """They are in the answers: an inverter's last start, the plant's month, and what only the report of the day says."""
    await rig.poll()
    assert isinstance(rig.client, SupportsRawPoints)
    inverter = rig.id_of(HOME_INVERTER)

    async def calls_of(polls: int) -> int:
        rig.cloud.calls.clear()
        for _ in range(polls):
            await rig.next_poll()
        return len(rig.cloud.calls)

    before = await calls_of(8)
    rig.client.pick(
        {
            "38": ["open_time", "nonsense"],
            "plant": ["month_power", "installed_capacity"],
        }
    )
    assert await calls_of(8) <= before
    snapshot = await rig.next_poll()
    assert set(snapshot.readings[inverter].raw) == {"open_time"}
    raw = snapshot.readings[PLANT].raw
    assert raw["month_power"] > 0
    assert raw["installed_capacity"] > 0
    assert rig.client.unmapped()["38"] == set()


async def test_alarms_nobody_looks_at_cost_no_call(rig: Rig) -> None:
    """While all entities that tell of them are off."""
    await rig.poll()
    assert isinstance(rig.client, SupportsDemand)
    rig.client.meet(Demand(frozenset((PLANT, key) for key in ALARMS_OF_PLANT)))
    rig.cloud.calls.clear()
    for _ in range(8):
        await rig.next_poll()
    assert not rig.count("getAlarmList")
    rig.client.meet(Demand())
    for _ in range(8):
        await rig.next_poll()
    assert rig.count("getAlarmList")
