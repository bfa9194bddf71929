"""Every documented point of a vendor's devices, whether or not it is a quantity of ours."""

import pytest

from custom_components.solar_cloud.cloud.catalogue import NO_CATALOGUE
from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Plant,
    Quantity as Q,
    Slot,
)
from custom_components.solar_cloud.cloud.registry import VENDORS

PLANT = Plant(id="p", name="Home", address={"business_type": "1", "code": "p"})
OWNERS = {
    "solax": {"business_type": "4", "device_type": "1"},
    "sungrow": {"ps_key": "p_14_1_1", "type": "14"},
    "fusionsolar": {"id": "1", "type": "38"},
}
EXAMPLES = {
    "solax": ("gridPower", "kW", Slot(Q.GRID_POWER)),
    "sungrow": ("13158", "V", Slot(Q.PHASE_VOLTAGE, 2)),
    "fusionsolar": ("mppt_power", "kW", Slot(Q.PV_POWER)),
}


@pytest.mark.parametrize("vendor", sorted(OWNERS))
def test_a_user_finds_what_a_device_can_tell_by_the_vendors_own_id_and_unit(
    vendor: str,
) -> None:
    """A device has the points of its type, its plant those of plants; what both call alike stays apart."""
    catalogue = VENDORS[vendor].catalogue
    inverter = Device(
        id="a", plant_id="p", kind=DeviceKind.INVERTER, address=OWNERS[vendor]
    )
    points = {each.id: each for each in catalogue.of(inverter)}
    key, unit, slot = EXAMPLES[vendor]
    assert (points[key].unit, points[key].slot) == (unit, slot)
    assert {each.kind for each in points.values()} == {DeviceKind.INVERTER}
    assert catalogue.point(catalogue.type_of(inverter), key) == points[key]
    assert catalogue.point(catalogue.type_of(inverter), "nonsense") is None
    of_plant = catalogue.of(PLANT)
    assert {each.kind for each in of_plant} == {DeviceKind.PLANT}
    assert set(of_plant) | set(points.values()) <= set(catalogue.points)
    assert all(each.id and each.name for each in catalogue.points)


def test_a_vendor_without_documents_has_no_points() -> None:
    """A fourth vendor needs no catalogue."""
    assert NO_CATALOGUE.points == NO_CATALOGUE.of(PLANT) == ()
