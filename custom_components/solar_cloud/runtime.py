"""What a loaded entry runs on: its account (``account.py`` says why that is a class of its own), and what works on it."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .account import Account
from .control.manager import ControlManager
from .statistics.manager import History

type SolarCloudConfigEntry = ConfigEntry[RuntimeData]


@dataclass(slots=True)
class RuntimeData(Account):
    """What a loaded entry runs on: its account, what changes settings and what works on the past."""

    control_manager: ControlManager | None
    """``None`` when settings are not to be changed, or cannot be."""
    history: History
