"""Where the real service differs from itself, and what its documents leave open."""

from dataclasses import dataclass
from typing import Literal

from ..alarms import AlarmTrouble


@dataclass
class Knobs:
    """Behaviour that can be switched while the cloud runs; the defaults are the usual case, the limits the strictest reading."""

    # Sessions
    session_seconds: float = 1800.0
    sliding: bool = True  # every call keeps the session alive
    wrong_password_code: int = 20400  # 20001 in 2022
    wrong_password_body: Literal["json", "empty"] = "json"
    session_lost: Literal["bare", "classic"] = "bare"  # without success, or with
    token_in: Literal["both", "header", "cookie"] = "both"
    header_name: str = "xsrf-token"
    login_message: str | None = "Northbound API Reference: https://support.example/"
    logins: int = 5  # per ten minutes
    portal_host: bool = False  # answers like a host of the portal
    moved_to: str | None = None  # every path sends there; "" for a host that closed
    moved_status: Literal[200, 301, 302, 308, 410] = 301
    gateway: Literal[403, 429] | None = None  # what stands before the host answers all
    gateway_wait: str | None = None  # its Retry-After

    # OAuth
    consent: Literal["page", "approve", "deny", "wrong-role"] = "page"
    longest_state: int = 128
    redirect_uris: frozenset[str] | None = None  # None: any
    token_seconds: int = 3600
    rotation: Literal["new", "same", "none"] = "new"
    grants: frozenset[str] = frozenset({"pvms.openapi.basic", "pvms.openapi.control"})
    bearer_region_ok: bool = True  # false: this is not the owner's region

    # Limits
    minute_rule: bool = True  # one call a minute where the 2022 document says so
    count_rejected: bool = True
    owner_day: int = 1000
    owner_control_day: int = 100
    owner_reset: Literal["rolling", "utc"] = "rolling"

    # Commands
    task_outcome: Literal[
        "done", "ignored", "FAILURE", "TIMEOUT", "BUSY", "INVALID", "EXCEPTION"
    ] = "done"  # ignored: the platform says yes and nothing happens
    account_controls: bool = True  # an API account may send commands
    capable: float = 1.0  # share of its power that a battery says it can give: a cold or empty one says less
    settings_lag: float = 0.0  # s for which a plant is said to be set as before

    # Shapes
    wire: Literal["number", "string", "mixed"] = "number"
    codes_as_text: bool = False
    shuffle: bool = True
    types_as_text: bool = False  # a number as devTypeId finds nothing
    foreign_ids: Literal["code", "omit"] = "code"
    null_maps: frozenset[str] = frozenset()  # plant codes and device ids
    missing_rows: frozenset[str] = frozenset()
    null_rate: float = 0.0
    na_rate: float = 0.0
    packs: Literal["units", "single", "list"] | None = (
        "units"  # the nested battery_unit_info of 26.1
    )

    # Devices
    grid_meter_kw: bool = False  # type 17 before 24.7
    emma_outward: bool = False  # EMMA counts export as positive
    carry_over_minutes: float = 0.0  # yesterday's daily values after midnight
    total_dip: bool = False  # lifetime falls by yesterday's yield from 01:10 to 01:50
    total_rise: bool = False  # lifetime rises by yesterday's yield from 00:02 to 00:12
    new_reports: bool = True  # PVYield and its like
    alarm_days: int = 31
    alarm_troubles: frozenset[AlarmTrouble] = frozenset()
    more_languages: bool = False  # those of 26.x too
    clock_skew: float = 0.0  # seconds that currentTime is ahead
    offline_null_minutes: float = 30.0  # until an offline device's map is null
