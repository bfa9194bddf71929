"""Looking back for somebody who waits, at a past of which everything is known."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import override
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.backfill.look_back import LookBack, Question
from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    PermissionMissing,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.history import (
    Interval,
    PastEnergies,
    PastWindow,
)
from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
    Quantity as Q,
    Reading,
    Slot,
)

from .test_backfill import Archive

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 27, 12, tzinfo=UTC)
HOME = Inventory(
    {"p": Plant(id="p", name="Home")},
    {
        key: Device(id=key, plant_id="p", kind=DeviceKind.INVERTER)
        for key in ("one", "refused", "two")
    },
)


class Devices(Archive):
    """The same, without reports."""

    @override
    def reported(
        self, owner: str, inventory: Inventory
    ) -> Mapping[Interval, timedelta]:
        """Report nothing of devices."""
        return {}


def asked(archive: Archive, live: Mapping[str, Reading] | None = None) -> LookBack:
    """Ask without patience."""

    async def never(seconds: float) -> None:
        raise AssertionError("Nothing paces itself here")

    return LookBack(archive, HOME, NOW, never, 0, live or {})


def question(
    interval: Interval, start: datetime, end: datetime, *slots: Slot
) -> Question:
    """Ask in local time."""
    return Question(interval, start, end, ZONE, frozenset(slots))


async def test_an_hour_that_comes_twice_is_two_hours() -> None:
    """And a day without reports has the energy of its twenty-five hours."""
    night = datetime(2026, 10, 25, tzinfo=ZONE)
    hours = question(Interval.HOUR, night, night + timedelta(hours=5))
    rows = (await asked(Devices()).look(["one"], hours))["one"]
    assert [row.start.isoformat()[11:] for row in rows] == [
        "00:00:00+02:00",
        "01:00:00+02:00",
        "02:00:00+02:00",
        "02:00:00+01:00",
        "03:00:00+01:00",
        "04:00:00+01:00",
    ]
    full = {"pv_energy": 1.0, "pv_power": 9.0}
    # How far the counter came after the last reading is not known.
    assert [row.values for row in rows] == [full] * 5 + [{"pv_power": 9.0}]
    longer = night + timedelta(days=1, hours=1)
    days = question(Interval.DAY, night, longer, Slot(Q.PV_ENERGY_TOTAL))
    row, *_ = (await asked(Devices()).look(["one"], days))["one"]
    assert row.values == {"pv_energy": 25.0}


class Particular(Devices):
    """One that refuses a device in some way."""

    def __init__(self, err: CloudError) -> None:
        """Refuse with an error."""
        super().__init__()
        self.err = err

    @override
    async def readings(
        self, batch: Sequence[str], inventory: Inventory, window: PastWindow
    ) -> Mapping[str, Sequence[Reading]]:
        """Answer for all but one."""
        if batch == ("refused",):
            raise self.err
        return await super().readings(batch, inventory, window)


@pytest.mark.parametrize("err", [UnexpectedAnswer(), PermissionMissing("Meters")])
async def test_e23_one_device_that_is_refused_spoils_no_other(err: CloudError) -> None:
    """It is missing, and why; the others are there."""
    look = asked(Particular(err))
    start = NOW - timedelta(hours=6)
    found = await look.look(["refused", "one"], question(Interval.HOUR, start, NOW))
    assert found["refused"] == []
    assert len(found["one"]) == 6
    (lacking,) = look.lacking
    assert (lacking.owner, lacking.why) == ("refused", err.key)
    assert look.error is err
    assert look.retry_after is None


async def test_behind_an_outage_nothing_is_asked() -> None:
    """Each further call would only wait for the same."""
    archive = Particular(CloudUnreachable())
    look = asked(archive)
    start = NOW - timedelta(hours=6)
    # Batches are in the order of their names.
    found = await look.look(["refused", "two"], question(Interval.HOUR, start, NOW))
    assert found == {"refused": [], "two": []}
    assert not archive.asked
    assert {each.why for each in look.lacking} == {"cannot_connect"}


class UntilYesterday(Archive):
    """Reports that end with the last midnight."""

    @override
    async def totals(
        self, owner: str, inventory: Inventory, interval: Interval, end: datetime
    ) -> PastEnergies:
        """Return one day, and up to when they are complete."""
        midnight = Interval.DAY.begin(NOW.astimezone(ZONE)).timestamp()
        found = await super().totals(owner, inventory, interval, end)
        rows = [row for row in found.rows if row.start < midnight]
        return PastEnergies(rows, found.since, midnight)


@pytest.mark.parametrize("known", [True, False])
async def test_today_is_what_is_known_now(known: bool) -> None:
    """Where reports end with yesterday; a reading of yesterday says nothing of it."""
    at = NOW if known else NOW - timedelta(days=1)
    live = {"p": Reading(at, {Slot(Q.PV_ENERGY_TODAY): 7.5, Slot(Q.PV_POWER): 1.0})}
    look = asked(UntilYesterday(), live)
    start = datetime(2026, 10, 26, tzinfo=ZONE)
    rows = (await look.look(["p"], question(Interval.DAY, start, NOW)))["p"]
    told = [row.values.get("pv_energy") for row in rows]
    assert told == ([24.0, 7.5] if known else [24.0])
    assert [each.why for each in look.lacking] == ([] if known else ["not_yet"])
    month = question(Interval.MONTH, start, NOW)
    (row,) = (await asked(UntilYesterday(), live).look(["p"], month))["p"]
    assert row.start == datetime(2026, 10, 1, tzinfo=ZONE)
    assert row.values == {"pv_energy": 26 * 24.0 + (7.5 if known else 0.0)}


async def test_a_month_that_is_made_of_days_is_whole_as_a_reported_one() -> None:
    """Whoever asks from the middle of one month to the middle of another gets no parts that look like months."""
    start, end = (datetime(2026, month, 20, 12, tzinfo=ZONE) for month in (8, 9))
    rows = (await asked(Archive()).look(["p"], question(Interval.MONTH, start, end)))[
        "p"
    ]
    assert [(row.start.month, row.values) for row in rows] == [
        (8, {"pv_energy": 31 * 24.0}),
        (9, {"pv_energy": 30 * 24.0}),
    ]


async def test_what_is_not_wanted_is_left_out() -> None:
    """A quantity that no report has is made of readings."""
    start = NOW - timedelta(hours=2)
    wanted = question(Interval.FIVE_MINUTES, start, NOW, Slot(Q.PV_POWER))
    rows = (await asked(Archive()).look(["one"], wanted))["one"]
    assert [row.values for row in rows] == [{"pv_power": 9.0}] * 4
    wanted = question(Interval.DAY, start, NOW, Slot(Q.PV_POWER))
    (row,) = (await asked(Archive()).look(["one"], wanted))["one"]
    assert row.values == {"pv_power": 9.0}
