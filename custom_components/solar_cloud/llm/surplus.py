"""Whether an appliance can run on what a plant would sell: by how much that is, how long it lasts, how old it is known, and what is assumed."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.const import SUN_EVENT_SUNSET
from homeassistant.core import HomeAssistant
from homeassistant.helpers.llm import LLMContext
from homeassistant.helpers.sun import get_astral_event_next, is_up
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..cloud.model import Quantity as Q
from ..pipeline.timezones import NEARBY
from ..runtime import RuntimeData
from ..statistics import recorder
from .exposed import (
    READS,
    ExposedPlant,
    SolarCloudTool,
    dated,
    iso,
    listed,
    loaded,
    zone_of,
)

STEADY: Final = timedelta(hours=1)
"""Over which a surplus is looked at beside the moment: one upload may have met a gap between two clouds."""


ASSUMES: Final = {
    True: "The surplus stays as it is: the lower of the last report and the mean of the last hour.",
    False: "The surplus stays as it was in the last report.",
}
"""By whether the last hour was recorded."""
ASSUMES_ALWAYS: Final = (
    "It ends at sunset. No forecast was asked.",
    "Nothing else is switched on meanwhile.",
    "The appliance never takes more than the surplus; what it takes above is bought.",
)


class SurplusTool(SolarCloudTool):
    """Whether an appliance can run on what would be sold."""

    name = "solar_cloud__check_surplus"
    title = "Check solar surplus"
    description = (
        "Whether a solar plant has enough surplus for an appliance that needs so many kWh, within some hours."
        " 'enough' is yes, no, if_battery_waits (when the battery's charging is given up meanwhile) or unknown."
        " Tell the user how old the values are, and what the answer assumes."
    )
    annotations = READS
    fields = {
        vol.Required(
            "energy_kwh", description="What the appliance needs, in kWh."
        ): vol.All(vol.Coerce(float), vol.Range(min=0.01, max=1000)),
        vol.Optional(
            "within_hours",
            description="Hours in which it must be done. Left out: until sunset.",
        ): vol.All(vol.Coerce(float), vol.Range(min=0.1, max=24)),
    }

    @override
    async def async_answer(
        self,
        hass: HomeAssistant,
        plants: list[ExposedPlant],
        asked: Mapping[str, Any],
        llm_context: LLMContext,
    ) -> JsonObjectType:
        """Reckon with what the plants sell, each by itself: each has a connection of its own."""
        rows = [
            await self._async_row(hass, account, plant, asked)
            for plant, account in loaded(plants)
        ]
        return listed(rows)

    @staticmethod
    async def _async_row(
        hass: HomeAssistant,
        account: RuntimeData,
        plant: ExposedPlant,
        asked: Mapping[str, Any],
    ) -> JsonObjectType:
        zone = await zone_of(hass, account, plant)
        row: JsonObjectType = {"plant": plant.name, **dated(account, plant.id, zone)}
        if Q.GRID_POWER not in plant.entities:
            return row | _unknown("Its grid power is not exposed to this assistant.")
        grid = plant.power(hass, Q.GRID_POWER)
        if grid is None:
            return row | _unknown("There is no grid power that is new enough.")
        now = dt_util.utcnow()
        battery = plant.power(hass, Q.BATTERY_POWER) or 0.0
        surplus, usual = (
            # What comes out of the battery is none.
            max(0.0, -grid - max(battery, 0.0)),
            await recorder.async_mean_power(
                hass, plant.entities[Q.GRID_POWER], now - STEADY, now
            ),
        )
        careful = surplus if usual is None else min(surplus, max(0.0, -usual))
        stored = max(0.0, -battery)
        sunset = _sunset(hass, now, zone)
        daylight = (sunset - now).total_seconds() / 3600
        hours = min(asked.get("within_hours", daylight), daylight)
        needed = asked["energy_kwh"]
        expected = careful * hours / 1000
        if expected >= needed:
            enough = "yes"
        else:
            waits = (careful + stored) * hours / 1000 >= needed
            enough = "if_battery_waits" if waits else "no"
        row |= {
            "enough": enough,
            "surplus_w": round(surplus),
            "battery_charging_w": round(stored),
            "hours_counted": round(hours, 1),
            "expected_kwh": round(expected, 2),
            "sunset": iso(sunset, zone),
            "next_poll": iso(account.readings.next_poll, zone),
            "assumes": [ASSUMES[usual is not None], *ASSUMES_ALWAYS],
        }
        if usual is not None:
            row["surplus_last_hour_w"] = round(max(0.0, -usual))
        return row


def _unknown(why: str) -> JsonObjectType:
    return {"enough": "unknown", "why": why}


def _sunset(hass: HomeAssistant, now: datetime, zone: tzinfo) -> datetime:
    """Return when the sun that gives a surplus is gone: now, when it is; a plant far away has a sun of its own, of which nothing is known."""
    home = now.astimezone(dt_util.get_default_time_zone()).utcoffset()
    there = now.astimezone(zone).utcoffset()
    if home is None or there is None or abs(home - there) > NEARBY:
        return now + timedelta(days=1)
    if not is_up(hass, now):
        return now
    sunset = get_astral_event_next(hass, SUN_EVENT_SUNSET, now)
    return min(sunset, now + timedelta(days=1))
