"""What is news of alarms, without a cloud."""

from dataclasses import replace

import pytest

from custom_components.solar_cloud.cloud.alarms import (
    OpenAlarms,
    nearest_language,
    read_partly,
)
from custom_components.solar_cloud.cloud.errors import Paced
from custom_components.solar_cloud.cloud.model import (
    Alarm,
    Device,
    DeviceKind,
    Inventory,
    Plant,
)
from custom_components.solar_cloud.cloud.paging import Page
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.pipeline.alarms import (
    AlarmJournal,
    AlarmMasking,
    masked,
)

HOME = Inventory({"p": Plant(id="p", name="House")}, {})
FAN = Alarm(id="1", name="Fan", raised=100.0)
GRID = Alarm(id="2", name="Grid", raised=50.0)


def news(journal: AlarmJournal) -> list[tuple[str, str]]:
    """Return what is to be told, once."""
    return [(str(each.news), each.alarm.name) for each in journal.news("p")]


def test_what_is_open_when_a_plant_is_added_is_no_news() -> None:
    """Each later one is, once, in the order in which they were raised; other words for the same are not."""
    storage = MemoryStorage()
    journal = AlarmJournal(storage)
    journal.note({"p": (FAN,)}, HOME)
    assert news(journal) == []
    third = Alarm(id="3", name="Third", raised=75.0)
    journal.note({"p": (FAN, third, GRID)}, HOME)
    journal.note({"p": (GRID, replace(FAN, name="Lüfter"), third)}, HOME)
    assert news(journal) == [("raised", "Grid"), ("raised", "Third")]
    assert news(journal) == []
    journal = AlarmJournal(storage)
    journal.note({"p": (FAN, GRID)}, HOME)
    assert news(journal) == [("cleared", "Third")]


def test_a_plant_that_cannot_be_read_has_no_news() -> None:
    """Neither while it is silent, nor when nobody hears; one that was left out begins anew."""
    journal = AlarmJournal(MemoryStorage())
    journal.note({"p": (FAN,), "foreign": (GRID,)}, HOME)
    journal.note({}, HOME)
    journal.note({"p": (FAN,)}, HOME)
    assert news(journal) == []
    journal.note({}, Inventory({}, {}, complete=False))
    journal.note({"p": ()}, HOME)
    assert news(journal) == [("cleared", "Fan")]
    journal.note({}, Inventory({}, {}))
    journal.note({"p": (FAN,)}, HOME)
    assert news(journal) == []


def test_an_alarms_texts_name_no_serial() -> None:
    """They are shown on screens and sent on by notifications; short numbers stay."""
    device = Device(
        id="SN12345678",
        plant_id="p",
        kind=DeviceKind.BATTERY,
        serial="SN12345678",
        address={"register": "DONGLE0042", "type": "39"},
    )
    alarm = Alarm(
        id="1",
        name="Pack sn12345678 empty",
        cause="39 cells behind DONGLE0042",
        advice="1. Note SN12345678.",
    )
    (shown,) = masked([alarm], Inventory(HOME.plants, {device.id: device}))
    assert (shown.name, shown.cause, shown.advice) == (
        "Pack … empty",
        "39 cells behind …",
        "1. Note ….",
    )
    assert masked([alarm], HOME) == (alarm,)


def test_an_alarm_that_stays_open_names_no_device_that_is_listed_later() -> None:
    """What may be told of it is found out once, but for each list of devices anew."""
    later = Device(id="SN87654321", plant_id="p", kind=DeviceKind.METER)
    alarm = Alarm(id="1", name="SN87654321 is silent")
    masking = AlarmMasking()
    assert masking.masked({"p": (alarm,)}, HOME) == {"p": (alarm,)}
    (shown,) = masking.masked(
        {"p": (alarm,)}, Inventory(HOME.plants, {later.id: later})
    )["p"]
    assert shown.name == "… is silent"


def test_a_first_answer_that_proves_nothing_makes_no_storm_of_news_later() -> None:
    """Half a list on the day a plant is added: nothing is known yet, and the other half is no news."""
    alarms = OpenAlarms(MemoryStorage())
    alarms.take("p", [FAN], complete=False)
    assert alarms.of(["p"]) == {}
    alarms.take("p", [GRID])
    assert alarms.of(["p"]) == {"p": (GRID,)}
    alarms.take("p", [], complete=False)
    assert alarms.of(["p"]) == {"p": (GRID,)}
    for _ in range(3):
        assert alarms.of(["q"]) == {}
        alarms.take("q", [], complete=False)
    assert alarms.of(["q"]) == {"q": ()}


async def test_our_own_pace_is_waited_for_where_somebody_waits() -> None:
    """Once for each page; a longer wait is told instead, and what came is kept."""
    waits = [30.0, 30.0, 600.0]
    slept: list[float] = []

    async def read(number: int) -> Page[int]:
        """Answer every second try, until the pace is a matter of minutes."""
        if len(slept) < number:
            raise Paced(waits[number - 1])
        return Page([number])

    async def pause(seconds: float) -> None:
        """Wait."""
        slept.append(seconds)

    rows, stopped_by = await read_partly(read, pause)
    assert (rows, slept) == ([1, 2], [30.0, 30.0])
    assert isinstance(stopped_by, Paced)
    rows, stopped_by = await read_partly(lambda _: read(3))
    assert rows == []
    assert isinstance(stopped_by, Paced)


def test_news_that_nobody_hears_do_not_pile_up() -> None:
    """The entity may be disabled for months."""
    journal = AlarmJournal(MemoryStorage())
    for number in range(100):
        alarms = (replace(FAN, id=str(number)),) if number % 2 else ()
        journal.note({"p": alarms}, HOME)
    assert len(news(journal)) == 50


@pytest.mark.parametrize(
    "damage",
    [None, [], {"p": []}, {"p": {"1": {"name": 7}}}, {"p": {"alarms": {"1": None}}}],
)
def test_a_damaged_file_costs_no_alarm(damage: Json) -> None:
    """What was told before may be told again; nothing raises."""
    storage = MemoryStorage()
    for section in ("told_alarms", OpenAlarms.SECTION):
        storage.delay_save(section, lambda: damage)
    AlarmJournal(storage).note({"p": (FAN,)}, HOME)
    alarms = OpenAlarms(storage)
    alarms.take("p", [FAN])
    assert alarms.of(["p"]) == {"p": (FAN,)}


@pytest.mark.parametrize(
    ("language", "nearest"),
    [
        ("de", "de_DE"),
        ("en-GB", "en_US"),
        ("pt", "pt_BR"),
        ("zh-Hant", "en_US"),
        ("zh-Hans", "zh_CN"),
        ("", "en_US"),
    ],
)
def test_the_nearest_language_is_asked_for(language: str, nearest: str) -> None:
    """English where there is none; another script is no relative."""
    offered = ("en_US", "de_DE", "pt_BR", "zh_CN")
    assert nearest_language(language, offered, "en_US") == nearest
