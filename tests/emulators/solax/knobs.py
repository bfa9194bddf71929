"""Where the real cloud is known to differ from itself, and what the pages leave open."""

from dataclasses import dataclass, field
from typing import Literal

from ..alarms import AlarmTrouble

type BadSecret = Literal[10400, 10401, 10402]


@dataclass
class Knobs:
    """Behaviour that can be switched while the cloud runs; the defaults are the usual case."""

    # Tokens
    bad_secret_code: int = 10400  # or 10401, 10402
    lives_elsewhere: bool = (
        False  # another data centre has the account: here nobody knows the client
    )
    bad_grant_code: int = 10001  # or 10400
    token_lifetime: int = 2_591_999
    token_leaves_out: frozenset[str] = frozenset()  # fields of the token answer
    dead_token_http: int = 200  # or 401, with the same body
    rotation_kills_token: bool = False
    refuse_new_tokens: bool = False  # every token is dead on arrival: 10402 for ever

    # Limits
    per_minute: int = 100
    per_day: int = 1_000_000
    rate_style: Literal["10406", "10200-text", "http429"] = "10406"
    retry_after: int | None = 60  # with http429
    count_rejected: bool = True
    count_token_calls: bool = True

    # Lists
    absent_class: Literal["empty", "10001"] = "empty"
    absent_business: Literal["empty", "10001", "10403"] = "empty"
    page_size: int = 10
    largest_page: int = 100  # whatever size is asked for
    zone_style: Literal["label", "iana"] = "label"

    # Realtime
    offline_rows: Literal["stale", "missing"] = "stale"
    unknown_serial: Literal["missing", "10505"] = "missing"
    shuffle_rows: bool = True
    hide_time: bool = False  # dataTime null
    time_style: Literal["millis", "zulu"] = "millis"  # zulu: "…Z", no milliseconds
    clock_skew: float = 0.0  # seconds the devices' clocks are ahead
    battery_sleeps: bool = (
        True  # all zeros while the inverter waits with an empty battery
    )
    slave_grid: Literal["null", "zero", "mirror"] = "null"
    waiting_grid_w: float = -6.0
    report_mppt_total: bool = False
    report_grid_frequency: bool = False
    inverter_status: int | None = None  # instead of the real one
    commercial_stateless: bool = False  # status 0 by day too, not only asleep
    kw_decimals: int = 3  # of powers of commercial plants
    commercial_battery_kw: bool = False  # solax.md §12 O6
    plant_yield_share: float = 0.976  # of the devices' yield
    single_phase_current: Literal["singlePhaseCurrent", "l1Current"] = (
        "singlePhaseCurrent"
    )

    # Alarms
    alarm_troubles: frozenset[AlarmTrouble] = frozenset()
    alarm_texts: bool = True  # cause and advice, which one dashboard knows of

    # Commands
    command_delay: float = 3.0  # seconds until the device has carried it out
    command_outcome: int = 4  # or 2, 5, 6; 0: the device never answers
    result_code: int = 10000  # of listByCondition; the document says 0
    command_answer: Literal["status", "empty"] = "status"  # empty: {serial: {}}
    result_shape: Literal["list", "serial", "object", "empty"] = "list"
    gear_field: Literal["currentGear", "current", "any"] = "any"
    remote_without_effect: bool = False  # VPP: status 4, and nothing happens
    remote_sticks: bool = False  # after the exit it stays in "Normal (R-1)"

    # How JSON is written
    numbers: Literal["native", "strings"] = "native"
    key_case: Literal["documented", "lower", "camel"] = "documented"
    plant_id_type: Literal["string", "number"] = "string"
    empty_result: Literal["list", "object", "null", "missing"] = "list"
    error_text: Literal["message", "msg", "exception"] = "message"
    null_fields: frozenset[str] = frozenset()  # of any realtime row

    # History and statistics
    history_gaps: float = 0.07
    history_single_object: bool = False
    statistics_ac_only: bool = False
    statistics_import_scale: float = 1.0  # 0.01 was seen with an unregistered battery

    # Anything else
    unknown_path: Literal["10403", "404"] = "10403"
    extra_fields: dict[str, object] = field(default_factory=dict)  # in any realtime row
    extra_list_fields: dict[str, object] = field(default_factory=dict)  # in any list
