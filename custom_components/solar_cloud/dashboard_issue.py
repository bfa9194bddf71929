"""The repair that offers a plant to the Energy Dashboard, shown until its sources are there."""

from collections.abc import Callable
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.util.hass_dict import HassKey

from . import energy_dashboard
from .cloud.storage import Json
from .const import DOMAIN, LOGGER
from .issues import drop_plain_issue, plant_issue_id
from .runtime import Account, SolarCloudConfigEntry
from .statistics.manager import History

SECTION: Final = "dashboard"
KEY: Final = "energy_dashboard"
SIGNAL: Final = f"{DOMAIN}_energy_preferences"
LISTENING: Final[HassKey[bool]] = HassKey(f"{DOMAIN}_listens_to_energy")


class DashboardIssue:
    """Keeps the repairs of one account in step with the dashboard."""

    def __init__(
        self, hass: HomeAssistant, entry: SolarCloudConfigEntry, history: History
    ) -> None:
        """Watch the plants of one entry."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._history: Final = history
        self._shown: set[str] = set()
        self._checking = False

    @callback
    def start(self) -> Callable[[], None]:
        """Check with every poll and with every change of the dashboard; returns what stops it."""
        for plant_id in self._history.inventory.plants:
            if drop_plain_issue(self._hass, KEY, self._entry.entry_id, plant_id):
                self.settle(self._history.account, plant_id)
        removers = [
            self._history.account.readings.async_add_listener(self.check),
            async_dispatcher_connect(self._hass, SIGNAL, self.check),
        ]
        self.check()

        @callback
        def stop() -> None:
            for remove in removers:
                remove()
            self._remember_dismissed()
            self._show(set())

        return stop

    def _remember_dismissed(self) -> None:
        """Keep what the user ignored: with its repair Home Assistant forgets that."""
        registry = ir.async_get(self._hass)
        for plant_id in self._shown:
            issue = registry.async_get_issue(DOMAIN, self._issue_id(plant_id))
            if issue is not None and issue.dismissed_version is not None:
                self.settle(self._history.account, plant_id)

    @staticmethod
    def settle(account: Account, plant_id: str) -> None:
        """Do not offer a plant again: its user has clicked by hand."""
        settled = _settled(account) | {plant_id}
        account.store.delay_save(SECTION, lambda: list[Json](sorted(settled)))

    @callback
    def check(self) -> None:
        """Look whether the dashboard lacks something."""
        if energy_dashboard.has_dashboard(self._hass) and not self._checking:
            self._checking = True
            self._entry.async_create_background_task(
                self._hass, self._async_check(), "solar_cloud_dashboard"
            )

    async def _async_check(self) -> None:
        try:
            await _async_listen(self._hass)
            preferences = await energy_dashboard.async_preferences(self._hass)
        except energy_dashboard.CannotAddError:
            preferences = None
            LOGGER.debug("The Energy Dashboard cannot be read")
        finally:
            self._checking = False
        inventory = self._history.inventory
        account = self._history.account
        settled = _settled(account)
        self._show(
            {
                plant_id
                for plant_id in inventory.plants
                if plant_id not in settled
                and energy_dashboard.propose(
                    self._hass, account, inventory, plant_id
                ).beyond(preferences)
            }
        )

    @callback
    def _show(self, plants: set[str]) -> None:
        for plant_id in self._shown - plants:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(plant_id))
        for plant_id in plants - self._shown:
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                self._issue_id(plant_id),
                data={"entry_id": self._entry.entry_id, "plant_id": plant_id},
                is_fixable=True,
                severity=ir.IssueSeverity.WARNING,
                translation_key=KEY,
                translation_placeholders={
                    "plant": self._history.inventory.plants[plant_id].name
                },
            )
        self._shown = plants

    def _issue_id(self, plant_id: str) -> str:
        return plant_issue_id(KEY, self._entry.entry_id, plant_id)


def _settled(account: Account) -> set[str]:
    stored = account.store.load(SECTION)
    return {str(each) for each in stored} if isinstance(stored, list) else set()


async def _async_listen(hass: HomeAssistant) -> None:
    """Hear of changes of the dashboard; its manager keeps listeners for good, so there is one for all accounts."""
    if hass.data.get(LISTENING) or (energy := energy_dashboard.interface()) is None:
        return
    hass.data[LISTENING] = True
    manager = await energy.manager(hass)

    async def changed() -> None:
        async_dispatcher_send(hass, SIGNAL)

    manager.async_listen_updates(changed)
