"""What a loaded entry runs on."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .cloud.model import Inventory, Snapshot
from .cloud.quota import Quota
from .cloud.vendor import Cloud, SignIn, Vendor
from .control.manager import ControlManager
from .coordinator import SolarCloudCoordinator
from .pipeline.pipeline import ReadingPipeline
from .storage import AccountStorage

type SolarCloudConfigEntry = ConfigEntry[Account]


@dataclass(slots=True)
class Account:
    """What a loaded entry runs on."""

    vendor: Vendor
    sign_in: SignIn
    cloud: Cloud
    store: AccountStorage
    quota: Quota
    pipeline: ReadingPipeline
    inventory: SolarCloudCoordinator[Inventory]
    readings: SolarCloudCoordinator[Snapshot]
    control_manager: ControlManager | None = None
    """``None`` when settings are not to be changed, or cannot be."""

    def chosen(self, excluded: frozenset[str]) -> Inventory:
        """Return the inventory without the plants the user left out."""
        everything = self.inventory.data
        return everything.only(frozenset(everything.plants) - excluded)
