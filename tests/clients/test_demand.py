"""What somebody wants to know: entities that are off ask for nothing, those that may yet come do."""

from custom_components.solar_cloud.cloud.demand import Demand
from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
    Quantity as Q,
    Slot,
)
from custom_components.solar_cloud.cloud.solax.sources import roles
from custom_components.solar_cloud.cloud.sources import PlantSources
from custom_components.solar_cloud.demand import dispensable

OFF = frozenset({("inverter", "phase_voltage_1"), ("inverter", "pv_power")})


def test_what_is_worked_with_is_asked_for_whoever_looks() -> None:
    """Of a power roles and counters are made; a voltage is there for its entity."""
    demand = Demand(OFF)
    assert demand.wants(["inverter"], Slot(Q.PV_POWER))
    assert demand.wants(["inverter"], Slot(Q.PHASE_VOLTAGE, 2))
    assert not demand.wants(["inverter"], Slot(Q.PHASE_VOLTAGE, 1))
    assert demand.wants(["inverter", "another"], Slot(Q.PHASE_VOLTAGE, 1))


def test_how_far_cells_are_apart_needs_both_ends() -> None:
    """They are asked for although they are off themselves, but not when the spread is off, too."""
    ends = {("battery", "cell_voltage_max"), ("battery", "cell_voltage_min")}
    spread = ("battery", "cell_voltage_spread")
    assert Demand(frozenset(ends)).wants(["battery"], Slot(Q.CELL_VOLTAGE_MIN))
    off = Demand(frozenset(ends | {spread}))
    assert not off.wants(["battery"], Slot(Q.CELL_VOLTAGE_MIN))
    assert off.wants(["battery"], Slot(Q.CELL_TEMPERATURE_MIN))


def test_a_plants_own_figures_are_needed_where_no_device_tells_them() -> None:
    """Before anybody knows, all are; then those that somebody looks at, as far as a call tells them."""
    assert Demand().needs("plant")
    some = Demand(plants={"plant": frozenset({Q.LOAD_POWER})})
    assert some.needs("plant")
    assert not some.needs("another")
    assert not some.needs("plant", frozenset({Q.PV_ENERGY_TOTAL}))


def test_a_second_meter_that_is_off_makes_the_first_no_grid_meter() -> None:
    """Which of two is at the grid nobody told: it is not decided by who is looked at."""
    devices = {
        key: Device(id=key, plant_id="plant", kind=kind)
        for key, kind in (
            ("inverter", DeviceKind.INVERTER),
            ("meter 1", DeviceKind.METER),
            ("meter 2", DeviceKind.METER),
            ("dongle", DeviceKind.GATEWAY),
        )
    }
    home = Inventory({"plant": Plant(id="plant", name="Home")}, devices)
    assert not dispensable(frozenset({"meter 2"}), home, roles)
    assert dispensable(frozenset({"dongle"}), home, roles) == {"dongle"}
    alone = home.without(frozenset({"meter 2"}))
    off = frozenset({"meter 1", "dongle"})
    assert dispensable(off, alone, roles) == {"dongle"}


def test_what_is_off_at_a_plant_is_weighed_by_that_plant_alone() -> None:
    """However many others there are: with each poll hundreds are looked at."""
    kinds = (DeviceKind.INVERTER, DeviceKind.METER, DeviceKind.GATEWAY)
    devices = {
        f"{kind} {number}": Device(
            id=f"{kind} {number}", plant_id=f"plant {number}", kind=kind
        )
        for number in range(20)
        for kind in kinds
    }
    plants = {each.plant_id: each for each in devices.values()}
    account = Inventory({key: Plant(id=key, name=key) for key in plants}, devices)
    looked_at: list[int] = []

    def counted(plant_id: str, inventory: Inventory) -> PlantSources:
        looked_at.append(len(inventory.devices))
        return roles(plant_id, inventory)

    off = frozenset(key for key in devices if key.startswith(DeviceKind.GATEWAY))
    assert dispensable(off, account, counted) == off
    assert max(looked_at) == len(kinds)


def test_alarms_are_read_for_whom_an_entity_tells_of_them() -> None:
    """Before there is any, and while one is on: of the plant, or the fault code of a device."""
    assert Demand().shows_alarms(["plant"], ["inverter"])
    plant = {
        ("plant", key) for key in ("active_alarms", "alarm_level", "problem", "alarm")
    }
    code = {("inverter", "fault_code")}
    off = Demand(frozenset(plant | code), frozenset({("inverter", "problem")}))
    assert not off.shows_alarms(["plant"], ["inverter"])
    assert off.shows_alarms(["plant 2"], [])
    for one in (("plant", "alarm"), ("inverter", "fault_code")):
        on = Demand(frozenset(plant | code - {one}), frozenset({one}))
        assert on.shows_alarms(["plant"], ["inverter"])
