"""What plants produce, store, buy and sell, and their house uses: at this moment by the states, in a period by the long-term statistics."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.llm import LLMContext
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..cloud.model import Quantity as Q
from ..const import CONF_VENDOR, DOMAIN
from ..runtime import RuntimeData
from ..statistics import recorder
from .exposed import (
    ENERGIES,
    POWERS,
    READS,
    ExposedPlant,
    NotTold,
    SolarCloudTool,
    dated,
    exposed_batteries,
    iso,
    listed,
    loaded,
    zone_of,
)


class EnergyNowTool(SolarCloudTool):
    """What is produced, used, stored, bought and sold at this moment, and was since midnight."""

    name = "solar_cloud__get_energy_now"
    title = "Get solar energy now"
    description = (
        "What solar plants produce now, and what their house uses, buys from the grid, sells to it, stores in the battery"
        " and takes from it: power in W, the battery's charge in %, energy since the plant's midnight in kWh."
        " 'measured_at' says from when the values are, 'read_at' that the cloud only said them then."
        " What is in 'missing' is not known at the moment."
    )
    annotations = READS

    @override
    async def async_answer(
        self,
        hass: HomeAssistant,
        plants: list[ExposedPlant],
        asked: Mapping[str, Any],
        llm_context: LLMContext,
    ) -> JsonObjectType:
        """Tell what the states show."""
        batteries = exposed_batteries(hass, llm_context.assistant)
        rows = [
            await self._async_row(hass, account, plant)
            | _modes(hass, batteries.get(plant.device.id, ()))
            for plant, account in loaded(plants)
        ]
        return listed(rows, "power_w", "today_kwh")

    @staticmethod
    async def _async_row(
        hass: HomeAssistant, account: RuntimeData, plant: ExposedPlant
    ) -> JsonObjectType:
        zone = await zone_of(hass, account, plant)
        powers: JsonObjectType = {}
        for key, (quantity, sign) in POWERS.items():
            if (power := plant.power(hass, quantity)) is not None:
                powers[key] = max(0, round(sign * power))
        energies: JsonObjectType = {}
        for key, (_, today) in ENERGIES.items():
            if (energy := plant.energy(hass, today)) is not None:
                energies[key] = round(energy, 2)
        row: JsonObjectType = {"plant": plant.name, **dated(account, plant.id, zone)}
        row |= {"power_w": powers, "today_kwh": energies}
        if (charge := plant.state(hass, Q.BATTERY_SOC)) is not None:
            row["battery_percent"] = round(float(charge.state))
        missing = [key for key in plant.entities if plant.state(hass, key) is None]
        return row | ({"missing": [*sorted(missing)]} if missing else {})


def _modes(
    hass: HomeAssistant, batteries: Sequence[er.RegistryEntry]
) -> JsonObjectType:
    """Tell what the battery is to do, of several each."""
    states = (hass.states.get(each.entity_id) for each in batteries)
    modes = [state.state for state in states if state is not None]
    return {"battery_mode": ", ".join(modes)} if modes else {}


def _named_span(name: str, today: date) -> tuple[date, date]:
    """Return the first day of a period, and the one after its last."""
    begin, _, unit = name.partition("_")
    first = {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }
    if name in {"today", "yesterday"}:
        start = today - timedelta(days=name == "yesterday")
        return start, start + timedelta(days=1)
    if begin == "this":
        return first[unit], today + timedelta(days=1)
    return _named_span(f"this_{unit}", first[unit] - timedelta(days=1))[0], first[unit]


NAMED: Final = (
    *("today", "yesterday", "this_week", "last_week", "this_month", "last_month"),
    *("this_year", "last_year"),
)


EARLIEST: Final = dt_util.utc_from_timestamp(0)


def _instant(text: str, zone: tzinfo, *, is_end: bool) -> datetime:
    """Read a day or an instant; a day ends when it is over. Raises ``NotTold``."""
    try:
        if (day := dt_util.parse_date(text)) is not None:
            return datetime.combine(day + timedelta(days=is_end), time(), zone)
        at = dt_util.parse_datetime(text, raise_on_error=True)
    except ValueError, OverflowError:
        raise NotTold(f"'{text}' is no ISO 8601 date or time.") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _span(asked: Mapping[str, Any], zone: tzinfo) -> tuple[datetime, datetime]:
    """Return from when until when something is asked for, at most until now. Raises ``NotTold``."""
    now = dt_util.utcnow()
    if begin := asked.get("start"):
        start = max(_instant(begin, zone, is_end=False), EARLIEST)
        end = _instant(asked["end"], zone, is_end=True) if "end" in asked else now
    elif "end" in asked:
        raise NotTold("Give the start of the period, too.")
    else:
        days = _named_span(asked.get("period", "today"), now.astimezone(zone).date())
        start, end = (datetime.combine(day, time(), zone) for day in days)
    if start >= min(end, now):
        raise NotTold("The period must begin before it ends, and before now.")
    return start, min(end, now)


class EnergyPeriodTool(SolarCloudTool):
    """What was produced, used, stored, bought and sold in a period."""

    name = "solar_cloud__get_energy_of_period"
    title = "Get solar energy of a period"
    description = (
        "How many kWh solar plants produced in a period, and their house used, bought from the grid, sold to it,"
        " stored in the battery and took from it. Give 'period', or 'start' and, unless it is now, 'end'."
        " 'counted_since' is there when the figures begin later than asked for."
    )
    annotations = READS
    fields = {
        vol.Optional("period"): vol.In(NAMED),
        vol.Optional(
            "start", description="First day, or time, ISO 8601, local."
        ): cv.string,
        vol.Optional(
            "end", description="Last day, which is included, or time, ISO 8601, local."
        ): cv.string,
    }

    @override
    async def async_answer(
        self,
        hass: HomeAssistant,
        plants: list[ExposedPlant],
        asked: Mapping[str, Any],
        llm_context: LLMContext,
    ) -> JsonObjectType:
        """Tell what the long-term statistics of the counters hold."""
        if not recorder.has_recorder(hass):
            raise NotTold("Home Assistant records nothing, so the past is not known.")
        rows = [
            await self._async_row(hass, account, plant, asked)
            for plant, account in loaded(plants)
        ]
        return listed(rows, "energy_kwh")

    @staticmethod
    async def _async_row(
        hass: HomeAssistant,
        account: RuntimeData,
        plant: ExposedPlant,
        asked: Mapping[str, Any],
    ) -> JsonObjectType:
        zone = await zone_of(hass, account, plant)
        start, end = _span(asked, zone)
        counters = _counters(hass, plant)
        found = await recorder.async_growths(hass, counters.values(), start, end)
        energies: JsonObjectType = {
            key: round(found[counter].energy, 2)
            for key, counter in counters.items()
            if counter in found
        }
        row: JsonObjectType = {
            "plant": plant.name,
            "start": iso(start, zone),
            "end": iso(end, zone),
            "energy_kwh": energies,
        }
        begun = [each.since for each in found.values()]
        if (since := max(begun, default=start)) > start:
            row["counted_since"] = iso(since, zone)
        if missing := counters.keys() - energies.keys():
            row["missing"] = [*sorted(missing)]
        return row


def _counters(hass: HomeAssistant, plant: ExposedPlant) -> dict[str, str]:
    """Return the counters whose figures are exposed, be it over a life or of today."""
    registry = er.async_get(hass)
    prefix = f"{plant.entry.data[CONF_VENDOR]}_{plant.id}_"
    return {
        key: entity_id
        for key, (total, today) in ENERGIES.items()
        if not plant.entities.keys().isdisjoint({total, today})
        and (
            entity_id := registry.async_get_entity_id(
                Platform.SENSOR, DOMAIN, f"{prefix}{total}"
            )
        )
    }
