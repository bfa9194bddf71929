"""What a user sees when a repair can be made by a click."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.core import HomeAssistant

from .dashboard_issue import DashboardIssue
from .energy_dashboard import (
    CannotAddError,
    Proposal,
    async_add,
    async_preferences,
    propose,
)
from .moving import KIND as MOVED, MovedFlow
from .statistics.anomalies import KEY as DOCTOR
from .statistics.manager import HISTORIES, History

DISMISS: Final = "dismiss"
DISMISSIBLE: Final = vol.Schema({vol.Optional(DISMISS, default=False): bool})
"""Home Assistant has no button to ignore what it can mend."""
KIND: Final = "kind"
ENTRY_ID: Final = "entry_id"
PLANT_ID: Final = "plant_id"


class DashboardFlow(RepairsFlow):
    """Shows the sources of a plant and adds them to the Energy Dashboard."""

    def __init__(self, history: History, plant_id: str) -> None:
        """Work for one plant."""
        self._history: Final = history
        self._plant_id: Final = plant_id

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with what would be added."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Add after confirmation, or never ask again."""
        proposal = self._proposal()
        if user_input is not None and user_input.get(DISMISS):
            return self._settle()
        try:
            missing = proposal.beyond(await async_preferences(self.hass))
            if user_input is not None:
                await async_add(self.hass, missing)
                return self.async_create_entry(data={})
        except CannotAddError:
            return await self.async_step_by_hand()
        return self._form("confirm", missing, DISMISSIBLE)

    async def async_step_by_hand(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show the list; the user clicks, and is not asked again."""
        if user_input is not None:
            return self._settle()
        return self._form("by_hand", self._proposal(), vol.Schema({}))

    def _settle(self) -> RepairsFlowResult:
        DashboardIssue.settle(self._history.account, self._plant_id)
        return self.async_create_entry(data={})

    def _proposal(self) -> Proposal:
        return propose(
            self.hass,
            self._history.account,
            self._history.inventory,
            self._plant_id,
        )

    def _form(
        self, step_id: str, proposal: Proposal, schema: vol.Schema
    ) -> RepairsFlowResult:
        plant = self._history.inventory.plants[self._plant_id]
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            description_placeholders={"plant": plant.name, **proposal.texts()},
        )


class DoctorFlow(RepairsFlow):
    """Shows the hours that cannot be, and takes them out of the sums."""

    def __init__(self, history: History, plant_id: str) -> None:
        """Work for one plant."""
        self._history: Final = history
        self._plant_id: Final = plant_id

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with what was found."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Correct after confirmation, or leave the findings as they are for good."""
        inventory = self._history.inventory
        if user_input is not None and user_input.get(DISMISS):
            self._history.doctor.accept(inventory, self._plant_id)
            return self.async_create_entry(data={})
        if user_input is not None:
            await self._history.doctor.async_correct(inventory, self._plant_id)
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=DISMISSIBLE,
            description_placeholders={
                "plant": inventory.plants[self._plant_id].name,
                "findings": self._history.doctor.lines(self._plant_id),
            },
        )


async def async_flow(
    hass: HomeAssistant, data: Mapping[str, Any] | None
) -> RepairsFlow:
    """Return the flow of an issue; one whose account is not loaded just goes away."""
    values = data or {}
    if values.get(KIND) == MOVED:
        entry = hass.config_entries.async_get_entry(str(values.get(ENTRY_ID)))
        if entry is None:
            return ConfirmRepairFlow()
        return MovedFlow(entry, str(values.get("old")), str(values.get("host")))
    history = hass.data.get(HISTORIES, {}).get(str(values.get(ENTRY_ID)))
    plant_id = str(values.get(PLANT_ID))
    if history is None or plant_id not in history.inventory.plants:
        return ConfirmRepairFlow()
    if values.get(KIND) == DOCTOR:
        return DoctorFlow(history, plant_id)
    return DashboardFlow(history, plant_id)
