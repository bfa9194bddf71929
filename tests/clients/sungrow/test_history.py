"""The past of a Sungrow account: minutes of last days, days of last years, all in the plant's local time."""

from datetime import UTC, datetime, timedelta
import json
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.history import HistoryClient, PastWindow
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.transport import Transport
from tests.emulators.sungrow import SungrowCloud

from .conftest import Account, Connect, grant

HOME = "5000001"
INVERTER = "ADEMO0010002"
ZONE = ZoneInfo("Europe/Berlin")
STEP = timedelta(minutes=5)
START = datetime(2026, 6, 8, 12, tzinfo=ZONE)


@pytest.fixture(params=["V1", "V2"])
async def account(
    request: pytest.FixtureRequest, connect: Connect, granted: Account
) -> Account:
    """Both editions, after a first look."""
    account = connect() if request.param == "V1" else granted
    await account.poll()
    return account


def history(account: Account) -> HistoryClient:
    """Return what reads the past."""
    assert account.cloud.history is not None
    return account.cloud.history


async def test_minutes_are_what_the_counters_said(
    account: Account, server: SungrowCloud
) -> None:
    """For plants and devices, at their own time, in kWh."""
    assert account.inventory
    past = history(account)
    for batch in past.batches([HOME, INVERTER], account.inventory):
        (owner,) = batch
        found = await past.readings(
            batch,
            account.inventory,
            PastWindow(START, START + timedelta(hours=3), STEP),
        )
        readings = found[owner]
        assert 30 < len(readings) <= 37
        for reading in readings:
            assert reading.measured_at
            truth = server.plant.site.truth(reading.measured_at)
            value = reading.values[Slot(Q.PV_ENERGY_TOTAL)]
            assert isinstance(value, float)
            assert 0 <= truth.pv - value < (0.11 if owner == INVERTER else 0.3)


async def test_what_is_wanted_of_many_points_is_told(account: Account) -> None:
    """An inverter has more points than one call takes; those that somebody asks for are not the ones left out."""
    assert account.inventory
    wanted = frozenset({Slot(Q.GRID_FREQUENCY), Slot(Q.MPPT_VOLTAGE, 1)})
    found = await history(account).readings(
        (INVERTER,),
        account.inventory,
        PastWindow(START, START + timedelta(hours=1), STEP, slots=wanted),
    )
    for reading in found[INVERTER]:
        assert wanted <= reading.values.keys()
    assert found[INVERTER]


async def test_today_is_not_there_yet(account: Account) -> None:
    """The past ends with the plant's last midnight."""
    assert account.inventory
    plant = account.inventory.plants[HOME]
    now = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
    assert history(account).newest(plant, now) == datetime(2026, 6, 9, 22, tzinfo=UTC)


@pytest.mark.parametrize("key", ["sungrow_account", "sungrow_oauth"])
async def test_a_plant_without_storage_has_days_of_its_own(
    server: SungrowCloud,
    connect: Connect,
    transport: Transport,
    key: str,
) -> None:
    """Asked for by the plant, whichever edition."""
    server.reset("home-string")
    account = (
        connect()
        if key == "sungrow_account"
        else await grant(server, transport, connect)
    )
    await account.poll()
    assert account.inventory
    (plant,) = account.inventory.plants.values()
    past = history(account)
    found = await past.energies(
        plant, account.inventory, datetime(2026, 6, 10, tzinfo=ZONE)
    )
    assert len(found.rows) == 100
    site = server.plant.site
    row = found.rows[-1]
    grown = site.truth(row.end).since(site.truth(row.start))
    assert row.values[Q.PV_ENERGY_TOTAL] == pytest.approx(grown.pv, rel=0.06)
    assert past.batches(["nobody"], account.inventory) == []


async def test_odd_answers_say_nothing(account: Account, server: SungrowCloud) -> None:
    """Rows without a time, values that are none, lists that are none."""
    assert account.inventory
    past = history(account)
    device = account.inventory.devices[INVERTER].address["ps_key"]
    odd = {
        device: [
            1,
            {"time_stamp": "soon"},
            {"time_stamp": "20261025023000", "p13134": "1000"},
            {"time_stamp": "20261025023000", "p13134": "2000"},
        ]
    }
    server.fault("getDevicePointMinuteDataList", body=_answer(odd))
    found = await past.readings(
        (INVERTER,),
        account.inventory,
        PastWindow(START, START + timedelta(hours=3), STEP),
    )
    times = [each.measured_at for each in found[INVERTER]]
    assert None not in times
    first, second = (each.timestamp() for each in times if each)
    assert second - first == 3600  # the hour that comes twice
    plant = account.inventory.plants[HOME]
    days = {
        device: {
            "p13112": [
                1,
                {"time_stamp": "?", "2": "5"},
                {"time_stamp": "20260632", "2": "5"},
                {"time_stamp": "20260601"},
            ],
            "p1": [],
        }
    }
    name = "DayMonthYearDataList"
    answers: list[object] = [days, {device: []}, []]
    for answer in answers:
        server.fault(f"getDevicePoint{name}", body=_answer(answer))
        server.fault(f"getDevicePoints{name}", body=_answer(answer))
        assert (await past.energies(plant, account.inventory, START)).rows == []


def _answer(result: object) -> str:
    return json.dumps(
        {"result_code": "1", "result_msg": "success", "result_data": result}
    )
