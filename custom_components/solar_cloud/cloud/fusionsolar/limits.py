"""The vendor's flow control: windows per interface, which grow with what the account holds.

Limits are per account and interface, calls that fail count too, and whether windows slide is undocumented: we take the strictest reading
(SmartPVMS "Flow control policy", API account; OAuth Connect "1000 basic and 100 control calls a day per owner").
"""

from collections.abc import Mapping
from typing import Final

from ..quota import ALL, DAY, Quota, Window

LOGIN: Final = "login"
LOGOUT: Final = "logout"
STATIONS: Final = "stations"
DEVICES: Final = "getDevList"
PLANT_NOW: Final = "getStationRealKpi"
DEVICE_NOW: Final = "getDevRealKpi"
PLANT_DAY: Final = "getKpiStationDay"
ALARMS: Final = "getAlarmList"
PLANT_HOURS: Final = "getKpiStationHour"
PLANT_MONTH: Final = "getKpiStationMonth"
PLANT_YEAR: Final = "getKpiStationYear"
DEVICE_DAY: Final = "getDevKpiDay"
DEVICE_MONTH: Final = "getDevKpiMonth"
DEVICE_YEAR: Final = "getDevKpiYear"
DEVICE_PAST: Final = "getDevHistoryKpi"
BATTERY_MODE: Final = "battery-mode"
GRID_MODE: Final = "active-power-control-mode"
CONTROL: Final = "control"
STOP: Final = "stop"
"""Ending a forced mode: a bucket of its own, so that no other command can use up what it needs."""

BATCH: Final = 100
"""Plants or devices per call."""
TEN: Final = 10
"""Devices per call into the past."""
FIVE_MINUTES: Final = 300.0
HALF_HOUR: Final = 1800.0
MINUTE: Final = Window(1, 60.0)
"""The interfaces with a daily limit, and plant data, take one call a minute (2022; nowhere revoked)."""
OAUTH_DAY: Final = 1000
OAUTH_CONTROL_DAY: Final = 100
STOPS_DAY: Final = 10
"""Those of the control calls that are kept for ending forced modes."""

WAITS: Final[Mapping[str, tuple[float, float]]] = {
    DEVICE_NOW: (300.0, 1800.0),
    PLANT_NOW: (300.0, 1800.0),
    ALARMS: (1800.0, 7200.0),
}
"""First and longest wait after 407, by interface; those with a daily limit wait an hour, then longer."""
DAILY_WAIT: Final = (3600.0, 86400.0)
BUSY_WAIT: Final = (60.0, 900.0)
LEAST_DAY_WAIT: Final = 3600.0


def batches(count: int) -> int:
    """Return how many calls that many plants or devices take."""
    return -(-count // BATCH)


def windows(plants: int, devices: Mapping[int, int]) -> dict[str, tuple[Window, ...]]:
    """Return the windows for an account with that many plants and devices by type."""
    of_plants = max(1, batches(plants))
    of_tens = sum(-(-count // TEN) for count in devices.values())
    of_devices = max(1, sum(map(batches, devices.values())))
    return {
        # A password tried five times too often locks the account: one try is left to a person.
        LOGIN: (Window(4, 610.0),),
        LOGOUT: (Window(4, 610.0),),
        STATIONS: (Window(of_plants * 10 + 24, DAY),),
        DEVICES: (Window(of_plants + 24, DAY), MINUTE),
        PLANT_NOW: (Window(of_plants, FIVE_MINUTES), MINUTE),
        DEVICE_NOW: (Window(of_devices, FIVE_MINUTES),),
        ALARMS: (Window(of_plants, HALF_HOUR),),
        **dict.fromkeys(
            (PLANT_HOURS, PLANT_DAY, PLANT_MONTH, PLANT_YEAR),
            (Window(of_plants + 24, DAY), MINUTE),
        ),
        **dict.fromkeys(
            (DEVICE_DAY, DEVICE_MONTH, DEVICE_YEAR),
            (Window(of_devices + 24, DAY), MINUTE),
        ),
        DEVICE_PAST: (Window(of_tens + 24, DAY), MINUTE),
    }


ACCOUNT_DAY: Final = (Window(None, DAY),)
"""An API account's daily maximum is not published; its calls are counted all the same."""
OWNER_DAY: Final = (Window(OAUTH_DAY, DAY, reserved=OAUTH_CONTROL_DAY),)
"""Controls may use what queries leave; following a command counts as a query too."""


def set_windows(quota: Quota, plants: int, devices: Mapping[int, int]) -> None:
    """Fit the budget to what the account holds."""
    for bucket, limits in windows(plants, devices).items():
        quota.limit(bucket, limits)


def set_total(quota: Quota, *, owner: bool) -> None:
    """Set the limit of the whole account: an owner's consent has one, an API account's is unknown."""
    quota.limit(ALL, OWNER_DAY if owner else ACCOUNT_DAY)
    if owner:
        quota.limit(CONTROL, (Window(OAUTH_CONTROL_DAY - STOPS_DAY, DAY),))
        quota.limit(STOP, (Window(STOPS_DAY, DAY),))
