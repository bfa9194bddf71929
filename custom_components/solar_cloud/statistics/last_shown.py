"""What counters showed last, as the recorder knows it: after a crash that is newer than what was written of them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..account import Account
from ..cloud.model import Slot
from ..pipeline.shown import Shown
from .recorder import energy_of, has_recorder

LOOK_BACK: Final = timedelta(hours=2)
"""How old a state may be: as long as what was written may be, and a power cut besides."""


async def async_take_up(hass: HomeAssistant, account: Account, entry_id: str) -> None:
    """Let no counter fall behind what it showed, if Home Assistant has died."""
    crashed, account.store.crashed = account.store.crashed, False
    if not crashed or not has_recorder(hass):
        return
    slots = _counters(hass, account, entry_id)
    if not slots:
        return
    shown = await async_last_energies(hass, slots)
    account.readings.pipeline.shown.take_up(
        {slots[entity_id]: each for entity_id, each in shown.items()},
        dt_util.utcnow().timestamp(),
    )


async def async_last_energies(
    hass: HomeAssistant, entity_ids: Iterable[str]
) -> dict[str, Shown]:
    """Return what counters showed last, by their entities."""
    found = await get_instance(hass).async_add_executor_job(
        get_significant_states,
        hass,
        dt_util.utcnow() - LOOK_BACK,
        None,
        [*entity_ids],
    )
    return {
        entity_id: Shown(energies[-1][1], energies[-1][0])
        for entity_id, states in found.items()
        if (
            energies := [
                (state.last_updated_timestamp, energy)
                for state in states
                if not isinstance(state, dict)
                and (energy := energy_of(state)) is not None
            ]
        )
    }


def _counters(
    hass: HomeAssistant, account: Account, entry_id: str
) -> dict[str, tuple[str, Slot]]:
    """Return the plant or device and the slot of each counter that has an entity, by that entity."""
    inventory, found = account.inventory.data, {}
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry_id):
        if entity.domain != "sensor" or entity.disabled_by:
            continue
        for key in (*inventory.plants, *inventory.devices):
            prefix = f"{account.vendor.key}_{key}_"
            slot = Slot.of_key(entity.unique_id.removeprefix(prefix))
            if entity.unique_id.startswith(prefix) and slot and slot.quantity.is_energy:
                found[entity.entity_id] = key, slot
    return found
