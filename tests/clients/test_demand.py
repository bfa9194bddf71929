"""What somebody wants to know: entities that are off ask for nothing, those that may yet come do."""

from custom_components.solar_cloud.cloud.demand import Demand
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot

OFF = frozenset({("inverter", "phase_voltage_1"), ("inverter", "pv_power")})


def test_what_is_worked_with_is_asked_for_whoever_looks() -> None:
    """Of a power roles and counters are made; a voltage is there for its entity."""
    demand = Demand(OFF)
    assert demand.wants(["inverter"], Slot(Q.PV_POWER))
    assert demand.wants(["inverter"], Slot(Q.PHASE_VOLTAGE, 2))
    assert not demand.wants(["inverter"], Slot(Q.PHASE_VOLTAGE, 1))
    assert demand.wants(["inverter", "another"], Slot(Q.PHASE_VOLTAGE, 1))


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
