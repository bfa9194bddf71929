"""Set the Energy Dashboard up from the integration's own entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .accounts import DOMAIN
from .client import Client, Json

_NO_PRICE: Final[Json] = {
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0,
}
_NO_VALUE: Final = {"unknown", "unavailable"}

# What the dashboard shows, of the plant and of a charger.
_PLANT: Final = (
    "pv_energy_total",
    "pv_power",
    "grid_import_energy_total",
    "grid_export_energy_total",
    "grid_power",
    "battery_charge_energy_total",
    "battery_discharge_energy_total",
    "battery_power",
    "battery_soc",
)
_CHARGER: Final = ("charger_energy_total", "charger_power")


@dataclass(frozen=True, slots=True)
class Home:
    """The entities of one home by quantity."""

    entities: Mapping[str, str]

    @property
    def counters(self) -> dict[str, str]:
        """Return the lifetime energies."""
        return {
            quantity: entity_id
            for quantity, entity_id in self.entities.items()
            if quantity.endswith("_energy_total")
        }

    async def has_values(self, client: Client) -> bool:
        """Tell whether every entity has a value."""
        states = await client.states()
        return not any(
            states.get(entity_id, "unknown") in _NO_VALUE
            for entity_id in self.entities.values()
        )


async def find_home(client: Client, entry_id: str) -> Home | None:
    """Return the first home of an account once all its entities are there."""
    await client.check_entries(DOMAIN)
    plant = next(iter(await client.plants(entry_id)), None)
    entities = await client.entities(DOMAIN)
    found = {
        entity["translation_key"]: entity["entity_id"]
        for entity in entities
        if entity["config_entry_id"] == entry_id
        and (
            (entity["translation_key"] in _CHARGER)
            or (
                plant is not None
                and entity["device_id"] == plant["id"]
                and entity["translation_key"] in _PLANT
            )
        )
    }
    return Home(found) if len(found) == len(_PLANT + _CHARGER) else None


def preferences(home: Home) -> Json:
    """Return what a user would choose in the dashboard's settings."""
    entity = home.entities
    solar = {
        "type": "solar",
        "stat_energy_from": entity["pv_energy_total"],
        "stat_rate": entity["pv_power"],
        "config_entry_solar_forecast": None,
    }
    grid = _NO_PRICE | {
        "type": "grid",
        "stat_energy_from": entity["grid_import_energy_total"],
        "stat_energy_to": entity["grid_export_energy_total"],
        "power_config": {"stat_rate": entity["grid_power"]},
    }
    battery = {
        "type": "battery",
        "stat_energy_from": entity["battery_discharge_energy_total"],
        "stat_energy_to": entity["battery_charge_energy_total"],
        "power_config": {"stat_rate": entity["battery_power"]},
        "stat_soc": entity["battery_soc"],
    }
    charger = {
        "stat_consumption": entity["charger_energy_total"],
        "stat_rate": entity["charger_power"],
    }
    return {"energy_sources": [solar, grid, battery], "device_consumption": [charger]}
