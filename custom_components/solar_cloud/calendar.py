"""Calendars: when a battery charges and discharges by its own schedule, to be looked at and changed.

A device keeps periods that repeat for ever, so each is one recurring event. Every change tells the device all of them, once; what it cannot keep is
refused before that.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
import re
from typing import Any, Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityFeature,
    CalendarEvent,
)
from homeassistant.components.websocket_api import current_connection
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import (
    async_get_cached_translations,
    async_get_translations,
)
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .account import Account
from .cloud.control import BatterySchedule, Period, SetBatterySchedule, Settings
from .cloud.control_kit import EVERY_DAY
from .const import DOMAIN
from .control.manager import ControlManager
from .coordinator import SolarCloudCoordinator
from .entity import ATTR_COMMAND, add_entities
from .runtime import SolarCloudConfigEntry
from .statistics.counters import async_zone

PARALLEL_UPDATES = 1

KEY: Final = "battery_schedule"
ACTION: Final = "set_battery_schedule"
ENGLISH: Final = "en"
ALL: Final = "THISANDFUTURE"
"""What Home Assistant calls a change of an event from one recurrence on."""
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY: Final = timedelta(days=1)
AHEAD: Final = 8
"""Days within which a period that applies at all comes again."""
MINUTE: Final = timedelta(minutes=1)
TARGET: Final = re.compile(
    r"(?<![\d.,])(?:(\d{1,3})\s*[%％]|[%％]\s*(\d{1,3}))(?![\d.,]*\d)"
)
"""A state of charge, before or after its sign as languages have it."""

type Change = Callable[[BatterySchedule], Iterable[Period]]


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a calendar for each plant or device that has a schedule, now and whenever one appears."""
    for language in {ENGLISH, hass.config.language}:
        await async_get_translations(hass, language, "exceptions", [DOMAIN])
    account = entry.runtime_data
    control_manager = account.control_manager
    assert control_manager is not None  # the platform is set up with it only
    known: set[str] = set()

    @callback
    def update() -> None:
        listed = account.inventory.data
        known.intersection_update((*listed.plants, *listed.devices))
        able = {
            device_id
            for device_id, actions in control_manager.available.actions.items()
            if SetBatterySchedule in actions
        }
        fresh = sorted(able - known)
        known.update(fresh)
        add_entities(
            entry,
            async_add_entities,
            [
                partial(SolarCloudCalendar, account, control_manager, device_id)
                for device_id in fresh
            ],
        )

    update()
    entry.async_on_unload(control_manager.settings.async_add_listener(update))


class SolarCloudCalendar(
    CoordinatorEntity[SolarCloudCoordinator[Settings]], CalendarEntity
):
    """The periods of a plant or device."""

    _attr_has_entity_name = True
    _attr_translation_key = KEY
    _attr_supported_features = (
        CalendarEntityFeature.CREATE_EVENT
        | CalendarEntityFeature.DELETE_EVENT
        | CalendarEntityFeature.UPDATE_EVENT
    )

    def __init__(
        self, account: Account, control_manager: ControlManager, device_id: str
    ) -> None:
        """Belong to a plant or device that has a schedule."""
        super().__init__(control_manager.settings)
        self.account: Final = account
        self.control_manager: Final = control_manager
        self.device_id: Final = device_id
        self._attr_unique_id = f"{account.vendor.key}_{device_id}_{KEY}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device_id)})
        self._zone: tzinfo = dt_util.get_default_time_zone()
        self._shown: object = None
        self._changing: Final = asyncio.Lock()
        self._uids: dict[str, str] = {}
        """The names events were given when they were seen first, by what they are now: one that is changed stays the same event."""

    @override
    async def async_added_to_hass(self) -> None:
        """Know the time zone in which the device lives."""
        await super().async_added_to_hass()
        await self._async_learn_zone()

    async def _async_learn_zone(self) -> None:
        listed = self.account.inventory.data
        device = listed.devices.get(self.device_id)
        plant = listed.plants.get(device.plant_id if device else self.device_id)
        if plant is not None:
            self._zone = await async_zone(self.hass, self.account, plant)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what is new: few polls change a schedule, and what time changes has its own timer."""
        shown = (self.available, self._schedule, self.extra_state_attributes)
        if shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()

    # What is seen

    @property
    def _schedule(self) -> BatterySchedule | None:
        return self.control_manager.schedule(self.device_id)

    @property
    @override
    def available(self) -> bool:
        """A device that reports, that has told its periods or cannot, and that may be set."""
        readings = self.account.readings
        return (
            readings.last_update_success
            and self.device_id not in readings.data.stale
            and self.device_id not in readings.data.silent
            and self._is_offered
            and self._schedule is not None
        )

    @property
    def _is_offered(self) -> bool:
        actions = self.control_manager.available.actions
        return SetBatterySchedule in actions.get(self.device_id, ())

    @property
    @override
    def assumed_state(self) -> bool:
        """Whether the periods are what was accepted last."""
        schedule = self._schedule
        return schedule is not None and not schedule.reads_back

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """How the last change of the schedule ended."""
        last = self.control_manager.last_command(self.device_id)
        own = last is not None and last[0] == ACTION
        return {ATTR_COMMAND: str(last[1]) if last and own else None}

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """The event that is on, else the next one."""
        now = dt_util.utcnow()
        today = now.astimezone(self._zone).date()
        coming = [
            (*span, name, period)
            for name, period in self._events().items()
            for span in _occurrences(period, self._zone, today, AHEAD)
            if span[1] > now
        ]
        if not coming:
            return None
        start, end, name, period = min(coming, key=lambda each: each[:3])
        return self._event(self._words, name, period, start, end)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the events of a span of time; what was set on days that are over nobody knows."""
        await self._async_learn_zone()
        start_date = max(start_date, dt_util.start_of_local_day())
        first = start_date.astimezone(self._zone).date()
        days = (end_date.astimezone(self._zone).date() - first).days
        words = self._words
        found = [
            self._event(words, name, period, start, end)
            for name, period in self._events().items()
            for start, end in _occurrences(period, self._zone, first, days)
            if end > start_date and start < end_date
        ]
        return sorted(found, key=lambda each: each.start.isoformat())

    def _events(self) -> dict[str, Period]:
        """Return the periods, each by the name of its event."""
        schedule = self._schedule
        periods = schedule.periods if schedule else ()
        given = {*map(self._uids.get, map(_own_name, periods))}
        named: dict[str, Period] = {}
        for period in periods:
            own = _own_name(period)
            name = self._uids.get(own, own)
            while name in named or (own not in self._uids and name in given):
                name += "+"
            named[name] = period
        self._uids = {_own_name(period): name for name, period in named.items()}
        return named

    @property
    def _words(self) -> Words:
        return Words.of(self.hass, self.hass.config.language)

    def _event(
        self, words: Words, name: str, period: Period, start: datetime, end: datetime
    ) -> CalendarEvent:
        local = dt_util.as_local(start)
        shift = (local.date() - start.astimezone(self._zone).date()).days
        return CalendarEvent(
            start=start.astimezone(self._zone),
            end=end.astimezone(self._zone),
            summary=words.summary(period),
            description=words.assumed if self.assumed_state else None,
            uid=name,
            recurrence_id=local.strftime("%Y%m%dT%H%M%S"),
            rrule=_rule(_shifted(period.days, shift)),
        )

    # What is changed

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Add a period."""
        period = self._read(kwargs)
        await self._async_change(
            lambda schedule: (*_yielding(schedule, period), period)
        )

    @override
    async def async_update_event(
        self,
        uid: str,
        event: dict[str, Any],
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Change a period, whichever of its days was looked at."""
        self._check_range(recurrence_id, recurrence_range)
        period = self._read(event)

        def change(schedule: BatterySchedule) -> Iterable[Period]:
            old = self._find(uid)
            kept = _yielding(schedule, period)
            return [
                period if each == old else other
                for each, other in zip(schedule.periods, kept, strict=True)
            ]

        await self._async_change(change)
        self._uids[_own_name(period)] = uid

    @override
    async def async_delete_event(
        self,
        uid: str,
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Take a period away."""
        self._check_range(recurrence_id, recurrence_range)

        def change(schedule: BatterySchedule) -> Iterable[Period]:
            old = self._find(uid)
            return [each for each in schedule.periods if each != old]

        await self._async_change(change)

    def _check_range(self, recurrence_id: str | None, extent: str | None) -> None:
        """Refuse to change one day: a device knows none."""
        if recurrence_id and extent != ALL:
            raise self._error("period_series")

    def _find(self, uid: str) -> Period:
        period = self._events().get(uid)
        if period is None:
            raise self._error("period_gone")
        return period

    async def _async_change(self, change: Change) -> None:
        """Tell the device all periods; who changes them at the same time goes on from there."""
        async with self._changing:
            schedule = self._schedule
            if schedule is None or not self._is_offered:
                raise self._error("not_offered")
            periods = tuple(change(schedule))
            if periods == schedule.periods:
                return
            try:
                await self.control_manager.async_run_action(
                    SetBatterySchedule(device_id=self.device_id, periods=periods),
                    self._whose(),
                )
            except HomeAssistantError as err:
                raise self._in_words(err) from err

    def _whose(self) -> Context | None:
        """Return who changes something: a calendar is not told, but the browser's connection is the user's."""
        if (connection := current_connection.get()) is None:
            return self._context
        return Context(user_id=connection.user.id)

    # What events say

    def _read(self, event: Mapping[str, Any]) -> Period:
        """Return the period that an event means. Raises a translated error for what no device can keep."""
        start, end = event["dtstart"], event["dtend"]
        if not isinstance(start, datetime):
            raise self._error("period_needs_times")
        days = _days(event.get("rrule"), start.isoweekday())
        if days is None:
            raise self._error("period_repeats")
        first, last = (
            each.astimezone(self._zone).replace(tzinfo=None, second=0, microsecond=0)
            for each in (start, end)
        )
        if not timedelta() < last - first < DAY:
            raise self._error("period_needs_times")
        shift = (first.date() - start.date()).days
        charge, target = self._understand(event["summary"])
        return Period(first.time(), last.time(), charge, _shifted(days, shift), target)

    def _understand(self, summary: str) -> tuple[bool, float | None]:
        """Return whether an event charges, and to which state of charge."""
        own = self._words
        said = understood(summary, (own, Words.of(self.hass, ENGLISH)))
        if isinstance(said, str):
            raise self._error(
                "period_not_understood",
                words=said,
                charge=own.charge,
                charge_to=own.charge_to.format(target=80),
                discharge=own.discharge,
            )
        charge, target = said
        if target is not None and target > 100:
            raise self._error("out_of_range", minimum="0", maximum="100")
        return charge, target

    def _error(self, key: str, **placeholders: str) -> HomeAssistantError:
        return self._in_words(
            ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=key,
                translation_placeholders=placeholders,
            )
        )

    def _in_words(self, err: HomeAssistantError) -> HomeAssistantError:
        """Return the same error with its text: a calendar's dialog translates none, and would show it in English."""
        template = _text(self.hass, self.hass.config.language, str(err.translation_key))
        placeholders = err.translation_placeholders or {}
        return type(err)(
            template.format(**placeholders),
            translation_domain=err.translation_domain,
            translation_key=err.translation_key,
            translation_placeholders=err.translation_placeholders,
        )


def _yielding(schedule: BatterySchedule, period: Period) -> tuple[Period, ...]:
    """Return the periods beside one that is set: where all share a target, it is the newest one's."""
    if not (schedule.shares_target and period.charge):
        return schedule.periods
    return tuple(
        replace(each, target_soc=period.target_soc) if each.charge else each
        for each in schedule.periods
    )


def _own_name(period: Period) -> str:
    """Name a period by what sets it apart; a device may tell its target in its own way."""
    kind = "charge" if period.charge else "discharge"
    days = "".join(map(str, sorted(period.days)))
    return f"{kind}-{period.start:%H%M}-{period.end:%H%M}-{days}"


# When


def _occurrences(
    period: Period, zone: tzinfo, first: date, days: int
) -> Iterator[tuple[datetime, datetime]]:
    """Yield when a period begins and ends, in UTC, from the day before the first to so many days after it.

    It is what the clock on the wall says that counts: an hour that passes twice belongs to it as a whole, one that is skipped not at all.
    """
    over_midnight = DAY if period.end <= period.start else timedelta()
    for number in range(-1, days + 1):
        day = first + number * DAY
        if day.isoweekday() in period.days:
            start = _instant(day, period.start, zone, fold=0)
            end = _instant(day + over_midnight, period.end, zone, fold=1)
            if start < end:
                yield start, end


def _instant(day: date, at: time, zone: tzinfo, fold: int) -> datetime:
    """Return when clocks show a time first, or (``fold``) last; one that is skipped is where they go on."""
    wall = datetime.combine(day, at)
    while True:
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == wall:
            return instant
        wall += MINUTE


def _rule(days: frozenset[int]) -> str:
    """Return how a period repeats, as calendars write it."""
    if days == EVERY_DAY:
        return "FREQ=DAILY"
    return f"FREQ=WEEKLY;BYDAY={','.join(WEEKDAYS[day - 1] for day in sorted(days))}"


def _days(rule: str | None, weekday: int) -> frozenset[int] | None:
    """Return the days on which an event repeats for ever; ``None`` when it does not, or in another way."""
    parts = dict(each.split("=", 1) for each in (rule or "").upper().split(";") if each)
    usual = {"DAILY": EVERY_DAY, "WEEKLY": frozenset({weekday})}.get(
        parts.pop("FREQ", "")
    )
    named = parts.pop("BYDAY", "").split(",") if "BYDAY" in parts else []
    parts.pop("WKST", None)
    endless = parts in ({}, {"INTERVAL": "1"})
    if usual is None or not endless or not {*named} <= {*WEEKDAYS}:
        return None
    return frozenset(WEEKDAYS.index(each) + 1 for each in named) or usual


def _shifted(days: frozenset[int], shift: int) -> frozenset[int]:
    """Return the days of the week where it is another day already, or still."""
    return frozenset((day - 1 + shift) % 7 + 1 for day in days)


# In which words


def _text(hass: HomeAssistant, language: str, key: str) -> str:
    texts = async_get_cached_translations(hass, language, "exceptions", DOMAIN)
    return texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)


@dataclass(frozen=True, slots=True)
class Words:
    """What events are called in a language."""

    charge: str
    discharge: str
    charge_to: str
    """With the placeholder ``target``."""
    assumed: str
    terms: Mapping[bool, frozenset[str]]
    """All words for charging and for discharging, in small letters."""
    others: frozenset[str]
    """Words that may stand beside them."""

    @classmethod
    def of(cls, hass: HomeAssistant, language: str) -> Words:
        """Take them from the texts of the integration."""
        texts = async_get_cached_translations(hass, language, "entity", DOMAIN)

        def state(place: str, word: str) -> str:
            return texts.get(f"component.{DOMAIN}.entity.{place}.state.{word}", word)

        said = {
            charge: (
                state("select.battery_command", verb),
                state("sensor.operating_state", progress),
            )
            for charge, verb, progress in (
                (True, "charge", "charging"),
                (False, "discharge", "discharging"),
            )
        }
        terms = {
            charge: frozenset(map(str.casefold, each)) for charge, each in said.items()
        }
        charge_to = _text(hass, language, "period_charge_to")
        battery = _text(hass, language, "report_kind_battery")
        beside = f"{charge_to.replace('{target}', ' ')} {battery}".casefold()
        for term in _longest_first(terms[True]):
            beside = beside.replace(term, " ")
        return cls(
            said[True][0],
            said[False][0],
            charge_to,
            _text(hass, language, "period_assumed"),
            terms,
            frozenset(re.findall(r"\w+", beside)),
        )

    def summary(self, period: Period) -> str:
        """Return what the event of a period is called."""
        if not period.charge:
            return self.discharge
        if period.target_soc is None:
            return self.charge
        return self.charge_to.format(target=f"{period.target_soc:g}")


def _longest_first(terms: Iterable[str]) -> list[str]:
    return sorted(terms, key=lambda term: (-len(term), term))


def understood(
    summary: str, languages: Iterable[Words]
) -> tuple[bool, float | None] | str:
    """Return whether an event charges and to which state of charge, or the words that are not understood.

    In many languages the word for discharging contains the one for charging, so it is looked for first. Of what is left each word must be
    one that may stand there: "do not charge" is no charge.
    """
    known = list(languages)
    text = summary.casefold()
    said = summary if len(summary) == len(text) else text
    left = text
    target: float | None = None
    if found := TARGET.search(left):
        target = float(found[1] or found[2])
        left = _without(left, found[0])
    kinds = set()
    for charge in (False, True):
        terms = frozenset[str]().union(*(words.terms[charge] for words in known))
        for term in _longest_first(terms):
            if term in left:
                kinds.add(charge)
                left = _without(left, term)
    beside = frozenset[str]().union(*(words.others for words in known))
    strange = [
        said[each.start() : each.end()]
        for each in re.finditer(r"\S+", text)
        if {*re.findall(r"\w+", left[each.start() : each.end()])} - beside
    ]
    if strange or len(kinds) != 1:
        return " ".join(strange) or summary
    return kinds.pop(), target


def _without(text: str, part: str) -> str:
    """Blank a part out; everything else stays where it is."""
    return text.replace(part, " " * len(part))
