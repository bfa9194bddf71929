"""Names shared by the files of the integration."""

from datetime import timedelta
import logging
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "solar_cloud"
LOGGER: Final = logging.getLogger(__package__)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]

CONF_VENDOR: Final = "vendor"
CONF_SIGN_IN: Final = "sign_in"
CONF_CREDENTIALS: Final = "credentials"
CONF_REGION: Final = "region"
CONF_BASE_URL: Final = "base_url"
CONF_PLANTS: Final = "plants"
CONF_EXCLUDED_PLANTS: Final = "excluded_plants"
CONF_CONTROLS: Final = "controls"
CONF_CORRECTIONS: Final = "tunings"
CONF_EXTRA_DEVICES: Final = "extra_devices"
CONF_SWAP_DIRECTION: Final = "swap_direction"
CONF_UNIT: Final = "unit"
CONF_RAW_POINTS: Final = "raw_points"
CONF_REPAIR_GAPS: Final = "repair_gaps"
CONF_BATTERY_MODE_HOURS: Final = "battery_mode_hours"
UNIT_OF_TABLE: Final = "as_documented"

INVENTORY_INTERVAL: Final = timedelta(hours=12)
POLL_PERIOD: Final = 300
"""Seconds; devices upload every five minutes, so polling faster reads the same rows."""
GRACE: Final = timedelta(minutes=15)
"""How long a cloud may fail before entities turn unavailable: a hiccup is no news."""
