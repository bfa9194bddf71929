"""Binary sensors: reporting, trouble, vehicles."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, enable_everything, solax_id

POLL = 360.0


def shown(home: Home, cloud: SolaxCloud, kind: Kind | None, key: str) -> str:
    """Return the state of a binary sensor."""
    return home.state(solax_id(cloud, kind, key), "binary_sensor").state


@pytest.mark.parametrize("rows", ["stale", "missing"])
async def test_a_device_is_online_while_it_reports(
    running: MockConfigEntry, solax: SolaxCloud, home: Home, rows: str
) -> None:
    """That it does not is known, not unavailable."""
    kinds = (Kind.INVERTER, Kind.BATTERY, Kind.METER, Kind.CHARGER)
    assert {shown(home, solax, kind, "online") for kind in kinds} == {STATE_ON}
    solax.turn(offline_rows=rows)
    solax.set_online(False, solax.first(Kind.CHARGER).sn)
    await home.pass_time(2400)
    assert shown(home, solax, Kind.CHARGER, "online") == STATE_OFF
    assert shown(home, solax, Kind.CHARGER, "vehicle_connected") == STATE_UNAVAILABLE
    assert shown(home, solax, Kind.CHARGER, "problem") == STATE_UNAVAILABLE
    assert shown(home, solax, Kind.INVERTER, "online") == STATE_ON
    solax.set_online(True)
    await home.pass_time(720)
    assert shown(home, solax, Kind.CHARGER, "online") == STATE_ON


async def test_a_fault_is_a_problem_of_its_device_and_its_plant(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """And ends with it; the plant's is off at first, for the number of its alarms says the same."""
    await home.pass_time(1200)
    enable_everything(home.hass, running)
    await home.restart(running)
    await home.pass_time(1200)
    assert shown(home, solax, Kind.INVERTER, "problem") == STATE_OFF
    assert shown(home, solax, None, "problem") == STATE_OFF
    fault = solax.plant.site.fail("inverter", "Fan fault", "IE077")
    await home.pass_time(1800)
    assert shown(home, solax, Kind.INVERTER, "problem") == STATE_ON
    assert shown(home, solax, None, "problem") == STATE_ON
    assert shown(home, solax, Kind.CHARGER, "problem") == STATE_OFF
    solax.plant.site.repair(fault)
    await home.pass_time(1800)
    assert shown(home, solax, Kind.INVERTER, "problem") == STATE_OFF
    assert shown(home, solax, None, "problem") == STATE_OFF


async def test_a_state_nobody_knows_is_no_verdict(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Neither a problem nor none."""
    solax.turn(inverter_status=199)
    await home.pass_time(POLL)
    assert shown(home, solax, Kind.INVERTER, "problem") == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("code", "plugged"),
    [
        (0, STATE_OFF),
        (1, STATE_ON),
        (2, STATE_ON),
        (3, STATE_ON),
        (4, STATE_UNKNOWN),
        (5, STATE_OFF),
        (6, STATE_UNKNOWN),
        (7, STATE_ON),
        (8, STATE_ON),
        (9, STATE_UNKNOWN),
        (10, STATE_UNKNOWN),
        (11, STATE_ON),
        (12, STATE_ON),
        (13, STATE_ON),
        (77, STATE_UNKNOWN),
    ],
)
async def test_a_vehicle_shows_by_what_the_charger_does(
    running: MockConfigEntry, solax: SolaxCloud, home: Home, code: int, plugged: str
) -> None:
    """The cloud has no field for the plug; some states need one."""
    solax.distort(
        solax.first(Kind.CHARGER).sn, "deviceStatus", value=code, uploads=None
    )
    await home.pass_time(720, step=180)
    assert shown(home, solax, Kind.CHARGER, "vehicle_connected") == plugged
    assert (shown(home, solax, Kind.CHARGER, "problem") == STATE_ON) is (code == 4)


async def test_nothing_but_a_charger_holds_a_vehicle(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Nor does a meter have problems: it tells of none."""
    for kind in (Kind.INVERTER, Kind.BATTERY, Kind.METER, None):
        assert not home.known(
            solax_id(solax, kind, "vehicle_connected"), "binary_sensor"
        )
    assert not home.known(solax_id(solax, Kind.METER, "problem"), "binary_sensor")
    assert not home.known(solax_id(solax, None, "online"), "binary_sensor")


async def test_a_real_car_comes_and_goes(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """In the world, not by a forged row."""
    solax.plant.site.plug("charger")
    await home.pass_time(900)
    assert shown(home, solax, Kind.CHARGER, "vehicle_connected") == STATE_ON
    assert home.value(solax_id(solax, Kind.CHARGER, "charger_power")) > 1000
    solax.plant.site.unplug("charger")
    await home.pass_time(900)
    assert shown(home, solax, Kind.CHARGER, "vehicle_connected") == STATE_OFF
    assert home.value(solax_id(solax, Kind.CHARGER, "charger_power")) == 0
