"""Where the real cloud is known to differ from itself, and what the pages leave open (sungrow.md §11.3)."""

from dataclasses import dataclass, field
from typing import Literal

from ..alarms import AlarmTrouble


@dataclass
class Knobs:
    """Behaviour that can be switched while the cloud runs; the defaults are the usual case."""

    # Login
    login_tries: int = 5  # wrong passwords before the lock
    lock_hours: float = 24.0
    logins_in_ten_minutes: int = 10  # more are answered with E916
    login_state: str | None = None  # a state of its own, captcha for instance
    admin_locked: bool = False
    other_region: bool = False  # the account lives elsewhere
    single_session: bool = False  # a new login ends the old token
    token_hours: float = 24.0
    expired_code: Literal["E00003", "E900"] = "E00003"  # of a bad token; V2 too

    # OAuth
    cloud_id: str = "3"  # its number; a consent without it is looked for in China
    token_shape: Literal["both", "top", "nested"] = "both"
    expires_in: int | None = 172_799  # None: left out
    refresh_fails: bool = False  # -1
    refresh_code: str | None = None  # any inner code
    omit_refresh_token: bool = False
    omit_user: bool = False
    bad_bearer_http: int = 401  # or 200, with the same body

    # Limits
    per_second: int | None = None  # E901
    per_hour: int = 2000
    per_day: int | None = None
    per_month: int = 100_000
    retry_after: float | None = None  # in the body of E999
    most_points: int = 100
    most_keys: int = 50

    # Encryption
    encryption: Literal["optional", "required"] = "optional"
    plain_answers: bool = False  # answers to encrypted requests are not
    always_hex: bool = False  # answers to plain requests are hex
    lower_hex: bool = False
    clock_skew: float = 0.0  # seconds the server's clock is ahead

    # The account
    ip_refused: bool = False  # E918
    user_refused: bool = False  # E919
    expired: bool = False  # E00001
    unapproved: bool = False  # E900
    address_changes: bool = False  # E903

    # Lists
    chinese: bool = True
    v2_count: Literal["row_count", "rowCount"] = "row_count"
    page_limit: int = 100

    # Values
    missing_style: Literal["rotate", "null", "", "--", "absent"] = "rotate"
    unknown_point: Literal["absent", "null"] = "absent"
    refused_points: frozenset[str] = frozenset()  # spoil the call that names one
    null_points: frozenset[str] = frozenset()
    upload_delay: float = 75.0
    late_reset: int = 0  # samples after midnight that still show yesterday
    spike: frozenset[str] = frozenset()  # points that show an absurd value once
    night_silence: bool = True  # inverters without battery upload by day only
    four_decimals: bool = True
    flat_rows: bool = False  # device values not nested

    # Faults
    alarms_refused: bool = False  # E900 for them alone
    alarm_dates: bool = True  # false: dates are answered with 010
    alarm_days: int = 366  # the longest span of open alarms, else 010
    alarm_troubles: frozenset[AlarmTrouble] = frozenset()
    chinese_alarms: bool = False  # names stay Chinese in any language

    # Control
    inverter_firmware: str = "SAPPHIRE-H_01011.51.03"
    control_group: bool = True  # false: E900 for all of it
    viewer_code: str = "6-1"  # what a share for viewing is answered with, or E900
    channel_closed: bool = False  # 14
    task_seconds: float = 4.0  # a device's time to answer
    tasks_hang: bool = False  # until they expire
    unsupported: frozenset[str] = frozenset()  # codes
    unsupported_style: Literal["whole", "parameter"] = "whole"
    refused_codes: frozenset[str] = frozenset()  # end with status 5
    ignored_codes: frozenset[str] = frozenset()  # end with 4 and change nothing
    read_names: bool = False  # "Enable" instead of 170
    watts_per_step: int = (
        10  # of 10005 and 10013: 10 by live metadata, 1 by the document
    )
    repeats_fail: bool = True  # a value that is set already ends with 5, and holds
    too_many: Literal["3", "010"] = "3"  # how more than ten parameters are refused
    no_unit: frozenset[str] = frozenset()  # codes whose row names none
    hybrid_as_battery: bool = False  # listed under its battery's model code
    heartbeat_needed: bool = True
    keeps_mode_without_beat: bool = False  # what reads back after a missed heartbeat
    records_refused: bool = False

    # History
    history_gaps: float = 0.05
    running_totals: bool = False  # months and years that are not over are told so far

    extra_fields: dict[str, object] = field(default_factory=dict)
