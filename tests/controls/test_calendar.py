"""The periods of a battery in Home Assistant's calendar: from the dialog to the device, and back from the device's own word."""

from datetime import UTC, datetime, time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    CLIENT_ID,
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import (
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from custom_components.solar_cloud.calendar import Words, _occurrences, understood
from custom_components.solar_cloud.cloud.control import Period
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_translations

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.fusionsolar.steered import TIMES, TOU
from ..emulators.solax import Kind
from ..emulators.sungrow import SungrowCloud
from ..emulators.sungrow.plant import HYBRID
from ..helpers.home import Home
from ..helpers.house import FusionSolarHouse, SolaxHouse, SungrowHouse, reason
from ..helpers.panel import (
    BERLIN,
    DAILY,
    TODAY,
    Connect,
    Panel,
    fusionsolar_panel,
    solax_panel,
    sungrow_panel,
)
from ..test_translations import LANGUAGES

WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
SATURDAY = "2026-06-20"


@pytest.fixture
def browser(
    home: Home, hass_ws_client: WebSocketGenerator, hass_admin_user: MockUser
) -> Connect:
    """Connects as an administrator, whose token would not last through the story."""

    async def connect() -> MockHAClientWebSocket:
        auth = home.hass.auth
        token = await auth.async_create_refresh_token(hass_admin_user, CLIENT_ID)
        return await hass_ws_client(access_token=auth.async_create_access_token(token))

    return connect


@pytest.fixture
async def sun(home: Home, sungrow: SungrowCloud, browser: Connect) -> Panel:
    """The calendar of a Sungrow home."""
    house = SungrowHouse(home, sungrow)
    await house.start()
    return await sungrow_panel(house, browser)


@pytest.fixture
async def fusion(home: Home, fusionsolar: FusionSolarCloud, browser: Connect) -> Panel:
    """The calendar of a FusionSolar home."""
    house = FusionSolarHouse(home, fusionsolar)
    await house.start()
    return await fusionsolar_panel(house, browser)


@pytest.fixture
async def lax(house: SolaxHouse, browser: Connect) -> Panel:
    """The calendar of a SolaX home."""
    return await solax_panel(house, browser)


@pytest.fixture
def told(home: Home) -> list[Any]:
    """The logbook's events."""
    return async_capture_events(home.hass, EVENT_COMMAND)


async def test_a_period_is_created_changed_and_deleted_at_sungrow(
    sun: Panel, told: list[Any], hass_admin_user: MockUser
) -> None:
    """Each is one change, of two tasks as that vendor wants them; it shows at once, and then as the inverter tells it."""
    assert await sun.shows() == []
    assert sun.state.state == "off"
    assert await sun.create("Charge to 80 %", "13:00", "15:30", WORKDAYS) is None
    assert await sun.day() == [("Charge to 80 %", "13:00", "15:30")]
    await sun.carried_out()
    assert sun.kept() == [("charge", "13:00", "15:30", "weekdays, 80")]
    assert sun.sent() == 2
    assert {each.data["command"] for each in told} == {"set_battery_schedule"}
    assert [each.data["result"] for each in told] == ["accepted", "confirmed"]
    assert told[0].context.user_id == hass_admin_user.id
    assert sun.state.attributes["command"] == "confirmed"
    (shown,) = await sun.shows()
    assert shown["rrule"] == WORKDAYS
    assert await sun.shows(SATURDAY, days=2) == []

    assert await sun.change(shown, "Charge to 90 %", "12:30", "15:30") is None
    await sun.carried_out()
    assert sun.kept() == [("charge", "12:30", "15:30", "every day, 90")]
    assert sun.sent() == 4
    (changed,) = await sun.shows()
    assert changed["uid"] == shown["uid"]
    assert changed["rrule"] == DAILY
    assert await sun.day(SATURDAY) == [("Charge to 90 %", "12:30", "15:30")]

    assert await sun.delete(changed) is None
    await sun.carried_out()
    assert not sun.kept()
    assert not await sun.shows()
    assert sun.sent() == 6


async def test_a_period_is_created_changed_and_deleted_at_fusionsolar(
    fusion: Panel,
) -> None:
    """One command each; the last period takes the work mode with it, so it is not deleted but another mode chosen."""
    assert await fusion.create("Charge", "01:00", "05:00") is None
    assert await fusion.day() == [("Charge", "01:00", "05:00")]
    await fusion.carried_out()
    assert fusion.kept() == [("charge", "01:00", "05:00", "1234567")]
    assert fusion.sent() == 1
    assert await fusion.create("Discharge", "17:00", "20:00", WORKDAYS) is None
    await fusion.carried_out()
    assert fusion.kept()[1] == ("discharge", "17:00", "20:00", "12345")
    night, peak = await fusion.shows()
    assert (await fusion.change(peak, "Discharge", "18:00", "21:00", WORKDAYS)) is None
    await fusion.carried_out()
    assert await fusion.day() == [
        ("Charge", "01:00", "05:00"),
        ("Discharge", "18:00", "21:00"),
    ]
    assert (await fusion.shows())[1]["uid"] == peak["uid"]
    assert await fusion.delete(night) is None
    await fusion.carried_out()
    assert fusion.kept() == [("discharge", "18:00", "21:00", "12345")]
    assert fusion.sent() == 4
    assert "Choose another work mode" in str(await fusion.delete(peak))
    assert fusion.sent() == 4


async def test_a_period_is_created_changed_and_deleted_at_solax(
    lax: Panel, house: SolaxHouse
) -> None:
    """One command each, with everything else that the inverter was told; what is shown was accepted, and says so."""
    assert lax.state.attributes["assumed_state"]
    assert await lax.create("Charge to 80 %", "01:00", "05:00") is None
    assert lax.kept() == [("charge", "01:00", "05:00", "80")]
    assert lax.sent() == 1
    (shown,) = await lax.shows()
    assert shown["summary"] == "Charge to 80 %"
    assert "Assumed" in shown["description"]
    assert await lax.create("Discharge", "17:00", "20:00") is None
    assert await lax.create("Charge to 90 %", "12:00", "13:00") is None
    assert lax.kept() == [
        ("charge", "01:00", "05:00", "90"),
        ("charge", "12:00", "13:00", "90"),
        ("discharge", "17:00", "20:00", "90"),
    ]
    first, second, third = await lax.shows()
    assert [first["summary"], second["summary"]] == ["Charge to 90 %"] * 2
    assert await lax.change(second, "Charge to 90 %", "12:30", "13:30") is None
    assert (await lax.shows())[1]["uid"] == second["uid"]
    for each in (first, second, third):
        assert await lax.delete(each) is None
    assert not lax.kept()
    assert not await lax.shows()
    assert lax.sent() == 7
    assert house.solax.told(Kind.INVERTER).settings["minSoc"] == 10


async def test_a_period_over_midnight_is_one_event(sun: Panel) -> None:
    """Also where the vendor keeps it as two, and after it was read back."""
    assert await sun.create("Charge", "22:00", "06:00") is None
    await sun.carried_out()
    assert sun.kept() == [
        ("charge", "22:00", "23:59", "every day, 100"),
        ("charge", "00:00", "06:00", "every day, 100"),
    ]
    assert await sun.day() == [("Charge to 100 %", "22:00", "06:00")]
    (shown,) = await sun.shows()
    assert shown["end"].startswith("2026-06-16T06:00")
    assert await sun.change(shown, "Charge", "23:00", "07:00") is None
    await sun.carried_out()
    assert await sun.day() == [("Charge to 100 %", "23:00", "07:00")]
    assert (await sun.shows())[0]["uid"] == shown["uid"]


async def test_days_of_a_period_over_midnight_are_those_of_its_evening(
    fusion: Panel,
) -> None:
    """Friday night ends on Saturday, which the plant has to be told."""
    friday = "FREQ=WEEKLY;BYDAY=FR"
    assert await fusion.create("Charge", "22:00", "06:00", friday) is None
    await fusion.carried_out()
    assert fusion.kept() == [
        ("charge", "22:00", "23:59", "5"),
        ("charge", "00:00", "06:00", "6"),
    ]
    (shown,) = await fusion.shows(days=7)
    assert shown["start"].startswith("2026-06-19T22:00")
    assert shown["end"].startswith("2026-06-20T06:00")
    assert shown["rrule"] == friday


NO_EVENT = [
    (("Charge", "01:00", "05:00", None), "repeats its periods for ever"),
    (("Charge", "01:00", "05:00", "FREQ=DAILY;INTERVAL=2"), "for ever"),
    (("Charge", "01:00", "05:00", "FREQ=DAILY;COUNT=5"), "for ever"),
    (("Charge", "01:00", "05:00", "FREQ=WEEKLY;UNTIL=20270101T000000"), "for ever"),
    (("Charge", "01:00", "05:00", "FREQ=MONTHLY"), "for ever"),
    (("Charge", TODAY, "2026-06-16"), "less than a day"),
    (("Charge", "01:00", "2026-06-16T01:00:00"), "less than a day"),
    (("Charge", "01:00", "2026-06-17T05:00:00"), "less than a day"),
    (("Washing day", "01:00", "05:00"), "“Washing day” is not understood"),
    (("Do not charge", "01:00", "05:00"), "“Do not” is not understood"),
    (("Charge with 3 kW", "01:00", "05:00"), "“with 3 kW” is not understood"),
    (("Charge or discharge", "01:00", "05:00"), "“or” is not understood"),
    (("Charge, discharge", "01:00", "05:00"), "“Charge, discharge” is not"),
    (("80 %", "01:00", "05:00"), "“80 %” is not understood"),
    (("Charge to 101 %", "01:00", "05:00"), "between 0 and 100"),
]
"""What no vendor can do, with a part of what is told."""
SOLAX = [
    (("Charge", "01:00", "05:00", WORKDAYS), "every day alike"),
    (("Discharge to 20 %", "17:00", "20:00"), "Only the charging periods"),
    (("Charge", "06:00", "07:00"), "at most 2 charging and 2 discharging"),
]
SUNGROW = [
    (("Discharge", "17:00", "20:00"), "charging periods only"),
    (("Charge", "01:00", "05:00", "FREQ=WEEKLY;BYDAY=SA,SU"), "Monday to Friday"),
    (("Charge", "22:00", "06:00"), "at most 2"),
]
FUSIONSOLAR = [
    (("Charge to 80 %", "01:00", "05:00"), "no target"),
    (("Discharge", "09:30", "10:30"), "must not overlap"),
]


async def _refused(
    panel: Panel, events: list[tuple[tuple[str | None, ...], str]]
) -> None:
    """Each is told in the dialog, and nothing is sent, neither for a new event nor for a changed one."""
    sent, kept = panel.sent(), panel.kept()
    before = await panel.shows()
    for said, told in events:
        assert told in str(await panel.create(*said)), said  # type: ignore[arg-type]
    for said, told in events[: len(NO_EVENT)]:
        assert told in str(await panel.change(before[0], *said)), said
    assert panel.sent() == sent
    assert panel.kept() == kept
    assert await panel.shows() == before


async def test_what_cannot_be_is_refused_at_solax(lax: Panel) -> None:
    """With the reason, before anything is sent."""
    for start, end in (("09:00", "10:00"), ("12:00", "13:00")):
        assert await lax.create("Charge", start, end) is None
    await _refused(lax, [*NO_EVENT, *SOLAX])


async def test_what_cannot_be_is_refused_at_sungrow(sun: Panel) -> None:
    """With the reason, before anything is sent."""
    assert await sun.create("Charge", "09:00", "10:00") is None
    await sun.carried_out()
    await _refused(sun, [*NO_EVENT, *SUNGROW])


async def test_what_cannot_be_is_refused_at_fusionsolar(fusion: Panel) -> None:
    """With the reason, before anything is sent."""
    assert await fusion.create("Charge", "09:00", "10:00") is None
    await fusion.carried_out()
    await _refused(fusion, [*NO_EVENT, *FUSIONSOLAR])


async def test_one_day_alone_cannot_be_changed(lax: Panel) -> None:
    """A device knows no single day; and what is gone cannot be changed at all."""
    assert await lax.create("Charge", "09:00", "10:00") is None
    (shown,) = await lax.shows()
    said = ("Charge", "09:00", "11:00")
    for refused in (
        await lax.delete(shown, extent=""),
        await lax.change(shown, *said, extent=""),
        await lax.change(shown, *said, None, extent=""),
    ):
        assert "“This and all future events”" in str(refused)
    gone = shown | {"uid": "charge-0100-0200-1234567"}
    assert "not there any more" in str(await lax.delete(gone))
    assert "not there any more" in str(await lax.change(gone, *said))
    assert await lax.change(shown, shown["summary"], "09:00", "10:00") is None
    assert lax.sent() == 1, "a change that changes nothing is none"


async def test_an_automation_is_told_why_not(lax: Panel) -> None:
    """Home Assistant's action knows no repetition, so it can make no period."""
    data = {
        "entity_id": lax.entity_id,
        "summary": "Charge",
        "start_date_time": f"{TODAY} 13:00:00",
        "end_date_time": f"{TODAY} 14:00:00",
    }
    with pytest.raises(ServiceValidationError) as err:
        await lax.hass.services.async_call(
            "calendar", "create_event", data, blocking=True
        )
    assert reason(err) == "period_repeats"
    assert lax.sent() == 0


async def _next_look(panel: Panel) -> None:
    """Let the hour pass after which settings are read, and what reading them takes."""
    await panel.pass_time(3600, step=1800)
    await panel.pass_time(240, step=15)


async def test_periods_of_the_app_appear_at_sungrow(
    sun: Panel, sungrow: SungrowCloud
) -> None:
    """Within the hour in which settings are read; while forced charging is off none are in force."""
    inverter = sungrow.told(sungrow.first(HYBRID))
    window = {"10067": 3, "10068": 15, "10069": 4, "10070": 0, "10071": 70}
    inverter.write({"10066": 0} | window, sungrow.now())
    await _next_look(sun)
    assert await sun.shows() == []
    inverter.write({"10065": 170}, sungrow.now())
    await _next_look(sun)
    assert await sun.day() == [("Charge to 70 %", "03:15", "04:00")]
    (shown,) = await sun.shows()
    assert shown["rrule"] == WORKDAYS
    assert "description" not in shown
    assert await sun.create("Charge", "13:00", "14:00", WORKDAYS) is None
    await sun.carried_out()
    assert sun.kept()[0] == ("charge", "03:15", "04:00", "weekdays, 70")


async def test_periods_of_the_app_appear_at_fusionsolar(
    fusion: Panel, fusionsolar: FusionSolarCloud
) -> None:
    """Within the hour; one that is not understood is not overwritten by a guess."""
    plant = fusionsolar.desk.steered(fusionsolar.plant)
    window = {
        "startTime": "02:00",
        "endTime": "04:30",
        "chargeOrDischarge": "charge",
        "repeat": [6, 7],
    }

    async def set_in_the_app(*windows: dict[str, Any]) -> None:
        plant.mode = TOU
        plant.times = {
            "redundantPVEnergyPriority": "chargePreference",
            "allowedAcChargePower": 2.0,
            TIMES: [*windows],
        }
        plant.note(fusionsolar.now())
        plant.steer(fusionsolar.now())
        await _next_look(fusion)

    await set_in_the_app(window)
    assert await fusion.day(SATURDAY) == [("Charge", "02:00", "04:30")]
    assert await fusion.shows() == []
    await set_in_the_app(window, window | {"chargeOrDischarge": "idle"})
    assert fusion.state.state == "unavailable"
    assert "does not offer" in str(await fusion.create("Charge", "13:00", "14:00"))
    assert fusion.sent() == 0


async def test_two_who_change_at_the_same_time_lose_nothing(sun: Panel) -> None:
    """The second goes on from what the first has sent, also while the device is still busy with that."""
    number = iter((101, 102))
    for start, end in (("01:00", "05:00"), ("13:00", "15:00")):
        socket = await sun.send(
            {
                "id": next(number),
                "type": "calendar/event/create",
                "entity_id": sun.entity_id,
                "event": {
                    "dtstart": f"{TODAY}T{start}:00",
                    "dtend": f"{TODAY}T{end}:00",
                    "summary": "Charge",
                    "rrule": DAILY,
                },
            }
        )
    answers = [await socket.receive_json() for _ in range(2)]
    assert all(each["success"] for each in answers)
    await sun.carried_out()
    await sun.carried_out()
    assert [each[1] for each in sun.kept()] == ["01:00", "13:00"]


@pytest.mark.parametrize("restart", [False, True])
async def test_a_plant_that_is_busy_forgets_no_period(
    fusion: Panel, fusionsolar: FusionSolarCloud, restart: bool
) -> None:
    """A command takes minutes there; what waits for its turn is shown, and counts for the next change, after a restart too."""
    house_entry = fusion.hass.config_entries.async_entries("solar_cloud")[0]
    for start, end in (("01:00", "02:00"), ("03:00", "04:00")):
        assert await fusion.create("Charge", start, end) is None
    assert [start for _, start, _ in await fusion.day()] == ["01:00", "03:00"]
    if restart:
        assert isinstance(house_entry, MockConfigEntry)
        await fusion.home.restart(house_entry)
    assert await fusion.create("Charge", "05:00", "06:00") is None
    assert [start for _, start, _ in await fusion.day()] == ["01:00", "03:00", "05:00"]
    await fusion.carried_out()
    await fusion.carried_out()
    assert [each[1] for each in fusion.kept()] == ["01:00", "03:00", "05:00"]


async def test_a_refusal_of_the_device_is_told_and_nothing_is_kept(
    fusion: Panel, fusionsolar: FusionSolarCloud
) -> None:
    """Minutes after the dialog was closed the calendar shows again what the plant has."""
    fusionsolar.turn(task_outcome="FAILURE")
    assert await fusion.create("Charge", "01:00", "05:00") is None
    assert fusion.state.attributes["command"] == "pending"
    await fusion.carried_out()
    assert await fusion.shows() == []
    assert fusion.state.attributes["command"] == "refused"
    fusionsolar.fault("battery/mode/async-task", code=20609)
    told = await fusion.create("Charge", "01:00", "05:00")
    assert "several controllers" in str(told)


async def test_the_state_is_on_during_a_period(lax: Panel) -> None:
    """And tells the next one before."""
    assert await lax.create("Charge to 80 %", "13:00", "14:00") is None
    assert lax.state.state == "off"
    assert lax.state.attributes["message"] == "Charge to 80 %"
    assert lax.state.attributes["start_time"] == f"{TODAY} 13:00:00"
    await lax.pass_time(3600, step=600)
    assert lax.state.state == "on"
    await lax.pass_time(3600, step=600)
    assert lax.state.state == "off"
    assert lax.state.attributes["start_time"] == "2026-06-16 13:00:00"
    assert await lax.day() == [("Charge to 80 %", "13:00", "14:00")]
    assert await lax.shows("2026-06-14") == [], "nobody knows what was set then"


def _utc(*spans: tuple[str, str]) -> list[tuple[datetime, datetime]]:
    return [
        (
            datetime.fromisoformat(start).replace(tzinfo=UTC),
            datetime.fromisoformat(end).replace(tzinfo=UTC),
        )
        for start, end in spans
    ]


@pytest.mark.parametrize(
    ("start", "end", "day", "span"),
    [
        ("01:00", "05:00", "2026-06-15", ("2026-06-14T23:00", "2026-06-15T03:00")),
        # In the last night of March 02:00 to 03:00 is skipped, in that of October it passes twice.
        ("01:00", "05:00", "2026-03-29", ("2026-03-29T00:00", "2026-03-29T03:00")),
        ("01:00", "02:30", "2026-03-29", ("2026-03-29T00:00", "2026-03-29T01:00")),
        ("02:30", "05:00", "2026-03-29", ("2026-03-29T01:00", "2026-03-29T03:00")),
        ("02:15", "02:45", "2026-03-29", None),
        ("01:00", "05:00", "2026-10-25", ("2026-10-24T23:00", "2026-10-25T04:00")),
        ("02:00", "02:30", "2026-10-25", ("2026-10-25T00:00", "2026-10-25T01:30")),
        ("22:00", "02:30", "2026-10-24", ("2026-10-24T20:00", "2026-10-25T01:30")),
    ],
)
def test_clocks_that_are_set_shift_what_is_shown(
    start: str, end: str, day: str, span: tuple[str, str] | None
) -> None:
    """A period is where the plant's clock says so."""
    period = Period(time.fromisoformat(start), time.fromisoformat(end), charge=True)
    begins = datetime.fromisoformat(day).date()
    found = [
        each
        for each in _occurrences(period, BERLIN, begins, 0)
        if each[0].astimezone(BERLIN).date() == begins
    ]
    assert found == _utc(*([span] if span else []))


async def test_the_calendar_shows_the_night_in_which_clocks_are_set(
    lax: Panel,
) -> None:
    """As Home Assistant's page asks for it: the times stay, their offset changes."""
    assert await lax.create("Charge", "01:00", "05:00") is None
    found = await lax.shows("2026-10-24", days=3)
    assert [(each["start"], each["end"]) for each in found] == [
        ("2026-10-24T01:00:00+02:00", "2026-10-24T05:00:00+02:00"),
        ("2026-10-25T01:00:00+02:00", "2026-10-25T05:00:00+01:00"),
        ("2026-10-26T01:00:00+01:00", "2026-10-26T05:00:00+01:00"),
    ]


async def test_a_plant_in_another_time_zone(
    home: Home, fusionsolar: FusionSolarCloud, fusion: Panel
) -> None:
    """Whoever looks from New York sees and sets the plant's night where it is their evening, and the day before."""
    assert await fusion.create("Charge", "01:00", "05:00", WORKDAYS) is None
    await fusion.carried_out()
    await home.hass.config.async_set_time_zone("America/New_York")
    (shown,) = await fusion.shows(days=2)
    assert shown["rrule"] == "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,SU"
    sunday = "FREQ=WEEKLY;BYDAY=SU"
    said = ("Charge", "2026-06-14T20:30:00", "2026-06-15T00:00:00", sunday)
    assert await fusion.change(shown, *said) is None
    await fusion.carried_out()
    assert fusion.kept() == [("charge", "01:30", "05:00", "1")]


async def test_who_may_only_look_changes_nothing(
    lax: Panel,
    house: SolaxHouse,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    """A calendar is operated by whom Home Assistant lets, as every entity of a setting."""
    assert await lax.create("Charge", "09:00", "10:00") is None
    lax.socket = await hass_ws_client(access_token=hass_read_only_access_token)
    (shown,) = await lax.shows()
    for refused in (
        await lax.create("Charge", "01:00", "05:00"),
        await lax.change(shown, "Charge", "01:00", "05:00"),
        await lax.delete(shown),
    ):
        assert refused == "Unauthorized"
    assert lax.sent() == 1


async def test_without_settings_there_is_no_calendar(house: SolaxHouse) -> None:
    """Neither the entity nor Home Assistant's page; it comes back with the permission."""
    unique_id = house.id(Kind.INVERTER, "battery_schedule")
    assert house.home.known(unique_id, "calendar")
    for allowed in (False, True):
        house.hass.config_entries.async_update_entry(
            house.entry, options={"excluded_plants": [], "controls": allowed}
        )
        await house.home.restart(house.entry)
        assert house.home.known(unique_id, "calendar") is allowed


async def test_whoever_never_allowed_settings_gets_no_page(
    home: Home, entry: MockConfigEntry
) -> None:
    """Home Assistant's menu has no entry for a calendar that would be empty."""
    options = {"excluded_plants": [], "controls": False}
    entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(entry, options=options)
    await home.start(entry)
    assert "calendar" not in home.hass.config.components


async def test_the_calendar_speaks_the_language_of_home_assistant(
    home: Home, lax: Panel, entry: MockConfigEntry
) -> None:
    """What is shown, what is understood, beside English, and what is refused."""
    await home.hass.config.async_update(language="de")
    await home.restart(entry)
    assert await lax.create("Laden bis 80 %", "01:00", "05:00") is None
    assert await lax.create("Batterie entladen", "17:00", "20:00") is None
    assert await lax.create("charge", "12:00", "13:00") is None
    assert await lax.day() == [
        ("Laden bis 80 %", "01:00", "05:00"),
        ("Laden bis 80 %", "12:00", "13:00"),
        ("Entladen", "17:00", "20:00"),
    ]
    told = await lax.create("Nicht laden", "21:00", "22:00")
    assert "„Nicht“ ist nicht zu verstehen" in str(told)
    assert "„Laden bis 80 %“" in str(told)


async def test_every_language_understands_itself(hass: HomeAssistant) -> None:
    """What is shown can be sent again as it is, whatever else is changed, in English as well."""
    times = (time(1), time(5))
    for language in ("en", *LANGUAGES):
        await async_get_translations(hass, language, "exceptions", ["solar_cloud"])
        own, english = Words.of(hass, language), Words.of(hass, "en")
        for period in (
            Period(*times, charge=True),
            Period(*times, charge=True, target_soc=80.0),
            Period(*times, charge=False),
        ):
            meant = (period.charge, period.target_soc)
            for words in (own, english):
                assert understood(words.summary(period), (own, english)) == meant
            shouted = f"⚡ {own.summary(period).upper()}!"
            assert understood(shouted, (own, english)) == meant, language
