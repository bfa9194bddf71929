"""What users of other clients reported, through our client and what is published of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.errors import CloudError, CloudUnreachable
from custom_components.solar_cloud.cloud.fusionsolar import VENDOR
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot, Snapshot
from custom_components.solar_cloud.pipeline.pipeline import ReadingPipeline
from tests.emulators.fusionsolar.plant import HOME_INVERTER

from .conftest import Rig, value

PLANT = "NE=33987654"
MIDNIGHT = datetime(2026, 6, 15, 22, 0, tzinfo=UTC)


class Amsterdam:
    """Where the home stands."""

    home: tzinfo = ZoneInfo("Europe/Amsterdam")

    def zone(self, name: str) -> tzinfo | None:
        """Know no other place."""
        del name
        return None

    def sun_is_up(self, at: float) -> bool:
        """A day from five to twenty hours UTC."""
        return 5 <= at % 86400 / 3600 < 20


async def published(rig: Rig, hours: float) -> AsyncIterator[Snapshot]:
    """Poll, and yield what is published."""
    await rig.lists()
    pipeline = ReadingPipeline(
        rig.storage, VENDOR.stale_after, rig.client.roles, Amsterdam()
    )
    for _ in range(int(hours * 3600 / VENDOR.poll_period)):
        snapshot = await rig.next_poll()
        yield pipeline.process(
            snapshot, rig.inventory, datetime.fromtimestamp(rig.clock.now, UTC)
        )


def counters(snapshot: Snapshot) -> dict[tuple[str, Slot], float]:
    """Return all lifetime counters."""
    return {
        (key, slot): figure
        for key, reading in snapshot.readings.items()
        for slot, figure in reading.values.items()
        if slot.quantity.is_counter and isinstance(figure, float)
    }


async def check_night(rig: Rig) -> Snapshot:
    """Live from 23:30 to 02:30: no counter falls, none gains more than the night can give."""
    rig.clock.move_to("2026-06-15T21:30:00Z")
    before: dict[tuple[str, Slot], float] = {}
    first: dict[tuple[str, Slot], float] = {}
    async for snapshot in published(rig, 3):
        now = counters(snapshot)
        for key, figure in now.items():
            assert figure >= before.get(key, 0.0), key
            assert figure - first.setdefault(key, figure) < 3, key
        before = now
    assert (PLANT, Slot(Q.AC_ENERGY_TOTAL)) in before
    return snapshot


async def test_e01_lifetime_energy_does_not_jump_at_midnight(rig: Rig) -> None:
    """The cloud adds yesterday's production once more and takes it back minutes later."""
    rig.cloud.turn(total_rise=True)
    await check_night(rig)


async def test_e02_lifetime_energy_holds_over_midnight(rig: Rig) -> None:
    """Zeros and absences in the minutes around it."""
    rig.clock.move_to("2026-06-15T21:30:00Z")
    rig.cloud.fault(
        "getDevRealKpi",
        where={"devTypeId": 38},
        skip=4,
        times=4,
        body='{"success": true, "failCode": 0, "data": [{"devId": '
        f"{rig.cloud.first(HOME_INVERTER).id}"
        ', "dataItemMap": {"run_state": 1, "inverter_state": 40960, "total_cap": 0, '
        '"mppt_1_cap": 0, "mppt_2_cap": 0, "day_cap": 0}}]}',
    )
    await check_night(rig)


async def test_e03_lifetime_energy_does_not_dip_at_ten_past_one(rig: Rig) -> None:
    """It falls by exactly yesterday's yield for forty minutes; months and years are left to statistics."""
    rig.cloud.turn(total_dip=True)
    snapshot = await check_night(rig)
    assert not [slot for slot in snapshot.readings[PLANT].values if "month" in slot.key]


async def test_e04_yesterdays_yield_is_not_todays(rig: Rig) -> None:
    """For half an hour after midnight the cloud shows the old day: it is not attributed to the new one."""
    rig.cloud.turn(carry_over_minutes=30)
    rig.clock.move_to("2026-06-15T21:30:00Z")
    inverter = rig.id_of(HOME_INVERTER)
    seen_before = 0.0
    async for snapshot in published(rig, 2):
        figures = [
            value(snapshot, PLANT, Q.AC_ENERGY_TODAY),
            value(snapshot, inverter, Q.AC_ENERGY_TODAY),
            value(snapshot, PLANT, Q.LOAD_ENERGY_TODAY),
        ]
        known = [figure for figure in figures if isinstance(figure, float)]
        if rig.clock.now < MIDNIGHT.timestamp():
            seen_before = max(seen_before, *known)
        elif known:
            assert max(known) < 2
    assert seen_before > 10


async def test_e08_zeros_of_a_sleeping_inverter_are_no_reset(rig: Rig) -> None:
    """A lifetime of 0 at night, the real one at sunrise: nothing is counted twice."""
    inverter = rig.cloud.first(HOME_INVERTER)
    asleep = (
        '{"success": true, "failCode": 0, "data": [{"devId": '
        f"{inverter.id}"
        ', "dataItemMap": {"run_state": 1, "inverter_state": 40960, "active_power": 0,'
        ' "mppt_power": 0, "total_cap": 0, "mppt_1_cap": 0, "mppt_2_cap": 0}}]}'
    )
    rig.cloud.fault(
        "getDevRealKpi", where={"devTypeId": 38}, skip=2, times=5, body=asleep
    )
    before: dict[tuple[str, Slot], float] = {}
    async for snapshot in published(rig, 1.2):
        now = counters(snapshot)
        for key, figure in now.items():
            assert 0 <= figure - before.get(key, figure) < 20, key
        before = now


async def test_e09_one_absurd_value_is_held_back(rig: Rig) -> None:
    """A point of 200 kWh above what the inverter can have made."""
    await rig.poll()
    inverter = rig.cloud.first(HOME_INVERTER)
    rig.cloud.fault(
        "getDevRealKpi",
        where={"devTypeId": 38},
        skip=1,
        body='{"success": true, "failCode": 0, "data": [{"devId": '
        f'{inverter.id}, "dataItemMap": {{"run_state": 1, "total_cap": 99999}}}}]}}',
    )
    total: float | None = None
    async for snapshot in published(rig, 0.7):
        figure = value(snapshot, rig.id_of(HOME_INVERTER), Q.AC_ENERGY_TOTAL)
        assert isinstance(figure, float)
        assert total is None or figure - total < 3
        total = figure


async def test_e58_one_failure_is_no_flapping(rig: Rig) -> None:
    """A page in between changes nothing that is published."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", body="html", skip=4)
    silent: set[str] = set()
    failures = 0
    for _ in range(5):
        try:
            silent |= (await rig.next_poll()).silent.keys()
        except CloudUnreachable:
            failures += 1
    assert failures <= 1
    assert not silent


@pytest.mark.parametrize("rates", [(0.3, 0.0), (0.0, 0.3)])
async def test_e12_holes_in_the_answers_are_no_zeros(
    rig: Rig, rates: tuple[float, float]
) -> None:
    """Nulls and "N/A" at random: nothing raises, no counter falls."""
    rig.cloud.turn(null_rate=rates[0], na_rate=rates[1])
    before: dict[tuple[str, Slot], float] = {}
    async for snapshot in published(rig, 1):
        now = counters(snapshot)
        for key, figure in now.items():
            assert figure >= before.get(key, 0.0)
        before |= now
    assert before


async def test_an_alarm_that_is_read_does_not_bring_devices_back(rig: Rig) -> None:
    """Readings that nobody understands went up and down with what is asked now and then, with two lines in the log each time."""
    await rig.lists()
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", body="list", times=None)
    asked = rig.count("getAlarmList")
    heard = []
    for _ in range(24):
        try:
            await rig.next_poll()
        except CloudError:
            heard.append(False)
        else:
            heard.append(True)
    assert rig.count("getAlarmList") > asked
    assert not any(heard), heard
