"""What the vendors' controls have in common: what a device is offered and why it lacks the rest, and the limits that commands keep.

Every check raises ``CommandInvalid``: nothing was sent.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import time
from functools import partial
from typing import Final

from .control import (
    AUTOMATIC,
    BATTERY_MODES,
    Capabilities,
    Command,
    Control,
    ControlAction,
    ControlSpec,
    ForceBattery,
    Period,
)
from .errors import CommandInvalid

ALL: Final = "all"
"""Everything that a device could be set to."""
MIDNIGHT: Final = time(0, 0)
LAST_MINUTE: Final = time(23, 59)
EVERY_DAY: Final = frozenset(range(1, 8))

type Offered = Control | type[ControlAction]


@dataclass(slots=True)
class DeviceOffer:
    """What one plant or device is offered, and why it lacks the rest."""

    specs: list[ControlSpec] = field(default_factory=list)
    actions: set[type[ControlAction]] = field(default_factory=set)
    unavailable_reasons: dict[str, str] = field(default_factory=dict)

    def withhold(self, reason: str, *what: Offered) -> None:
        """Say why some of it, or without ``what`` all of it, is not offered."""
        self.unavailable_reasons |= dict.fromkeys(
            map(_name, what) if what else [ALL], reason
        )


def _name(what: Offered) -> str:
    return str(what) if isinstance(what, Control) else what.__name__


def capabilities(
    offers: Mapping[str, DeviceOffer], unreachable: Mapping[str, str] | None = None
) -> Capabilities:
    """Put the offers of plants and devices together, by id, with the reasons why ``unreachable`` ones have none at all."""
    reasons = {
        device_id: {ALL: reason} for device_id, reason in (unreachable or {}).items()
    }
    for device_id, offer in offers.items():
        if offer.unavailable_reasons:
            reasons[device_id] = offer.unavailable_reasons
    return Capabilities(
        {device_id: tuple(offer.specs) for device_id, offer in offers.items()},
        {device_id: frozenset(offer.actions) for device_id, offer in offers.items()},
        reasons,
    )


LEAST_MODE_POWER: Final = 100.0
LEAST_TARGET: Final = 5.0


def offer_battery_modes(offer: DeviceOffer, most: float, settle: float) -> None:
    """Offer the battery modes whose actions are offered, with the numbers beside them; ``most`` are the W it charges or discharges with."""
    options = [mode for mode, kind in BATTERY_MODES.items() if kind in offer.actions]
    if not {*options} - {AUTOMATIC}:
        return
    offer.specs.append(
        ControlSpec(Control.BATTERY_MODE, options=tuple(options), settle=settle)
    )
    if not any(issubclass(action, ForceBattery) for action in offer.actions):
        return
    kept = partial(ControlSpec, reads_back=False, settle=settle)
    offer.specs += [
        kept(
            Control.BATTERY_MODE_POWER,
            minimum=min(LEAST_MODE_POWER, most),
            maximum=most,
            step=100.0,
        ),
        kept(Control.BATTERY_MODE_TARGET_SOC, minimum=LEAST_TARGET, maximum=100.0),
    ]


# Limits


def check_offered(offered: Capabilities, command: Command) -> None:
    """Raise unless a plant or device has the control, and the option that is chosen."""
    spec = offered.spec(command.device_id, command.control)
    if spec is None:
        raise CommandInvalid("not_offered")
    if spec.options and command.value not in spec.options:
        if command.control is Control.WORK_MODE:
            check_mode(str(command.value), spec.options)
        raise CommandInvalid("not_offered")


def check_range(value: float, minimum: float, maximum: float) -> None:
    """Raise unless a number is within its limits."""
    if not minimum <= value <= maximum:
        raise CommandInvalid(
            "out_of_range", minimum=f"{minimum:g}", maximum=f"{maximum:g}"
        )


def check_soc_limits(low: float | None, high: float | None) -> None:
    """Raise unless the lower limit of a battery is below the upper one, as far as both are known."""
    if low is not None and high is not None and low >= high:
        raise CommandInvalid("soc_limits_crossed")


def check_mode(mode: str, offered: Collection[str]) -> None:
    """Raise unless the device has this work mode."""
    if mode not in offered:
        raise CommandInvalid("mode_not_offered", modes=", ".join(offered))


def forced_power(action: ForceBattery, minimum: float, maximum: float) -> float:
    """Return the W of a forced charge or discharge: what is asked for, else all there is."""
    power = maximum if action.power is None else action.power
    check_range(power, minimum, maximum)
    return power


def check_duration(seconds: float, longest: float) -> None:
    """Raise unless a forced mode lasts a second at least, and not longer than the vendor takes."""
    if not 1 <= seconds <= longest:
        raise CommandInvalid("duration_too_long", hours=f"{longest / 3600:.3g}")


def target_reached(soc: float | None, target: float, *, charge: bool) -> bool:
    """Whether a state of charge is at or beyond a target."""
    return soc is not None and (soc >= target if charge else soc <= target)


def check_target(soc: float | None, target: float, *, charge: bool) -> None:
    """Raise when the target of a forced mode is reached before it begins."""
    if target_reached(soc, target, charge=charge):
        raise CommandInvalid("target_reached", soc=f"{soc:g}")


# Periods


def check_period(start: time, end: time) -> None:
    """Raise when a period ends as it starts: that could mean no time at all, or the whole day."""
    if start == end:
        raise CommandInvalid("period_empty")


def time_of_day(hour: float, minute: float) -> time | None:
    """Return a time as devices keep it, ``None`` for what is none; the end of a day, 24:00, is its last minute."""
    if (hour, minute) == (24, 0):
        return LAST_MINUTE
    if 0 <= hour < 24 and 0 <= minute < 60:
        return time(int(hour), int(minute))
    return None


def clock_time(shown: object) -> time | None:
    """Read ``HH:MM`` as ``time_of_day``."""
    match str(shown).split(":"):
        case [hour, minute] if hour.isdecimal() and minute.isdecimal():
            return time_of_day(int(hour), int(minute))
    return None


def within_days(period: Period) -> Iterator[Period]:
    """Cut a period at midnight: what is left of it belongs to the next day."""
    if period.start < period.end:
        yield period
        return
    if period.start >= LAST_MINUTE and period.end == MIDNIGHT:
        raise CommandInvalid("period_empty")
    if period.start < LAST_MINUTE:
        yield replace(period, end=LAST_MINUTE)
    if period.end > MIDNIGHT:
        yield replace(period, start=MIDNIGHT, days=_next(period.days))


def across_midnight(parts: Iterable[Period]) -> list[Period]:
    """Put together what ``within_days`` cut: a device that ends its day at 23:59 means the minute after it, too."""
    joined = [_to_the_end(part) for part in parts]
    for morning in [each for each in joined if each.start == MIDNIGHT]:
        evening = next((each for each in joined if _goes_on(each, morning)), None)
        if evening is not None:
            joined[joined.index(evening)] = replace(evening, end=morning.end)
            joined.remove(morning)
    return joined


def _to_the_end(part: Period) -> Period:
    ends_the_day = part.start > MIDNIGHT and part.end == LAST_MINUTE
    return replace(part, end=MIDNIGHT) if ends_the_day else part


def _goes_on(evening: Period, morning: Period) -> bool:
    """Whether what begins at midnight is the rest of a period of the evening before."""
    rest = replace(evening, start=MIDNIGHT, end=morning.end, days=_next(evening.days))
    return evening.end == MIDNIGHT and morning.end < evening.start and rest == morning


def _next(days: AbstractSet[int]) -> frozenset[int]:
    return frozenset(day % 7 + 1 for day in days)
