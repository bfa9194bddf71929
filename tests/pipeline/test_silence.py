"""Who is silent, and since when: without sun nobody can know of what hangs on panels alone."""

from datetime import UTC, datetime, timedelta
from typing import override

import pytest

from custom_components.solar_cloud.cloud.model import Device, DeviceKind, Quantity as Q

from .place import Place
from .test_pipeline import INVERTER, METER, METERED, NOON, RUNNING, Home

HOUR = timedelta(hours=1)


class Sun(Place):
    """A place where the sun is up from four to twenty."""

    @override
    def sun_is_up(self, at: float) -> bool:
        """Whether it is day."""
        return self.up and 4 <= datetime.fromtimestamp(at, UTC).hour < 20


def roof(*, battery: bool) -> Home:
    """A roof that reported until an hour before dusk."""
    home = Home(devices=(INVERTER, METER), place=Sun())
    told = {**RUNNING, **({Q.BATTERY_POWER: 0.0} if battery else {})}
    home.poll(inverter=told, meter=METERED)
    return home


def heard(home: Home, key: str = "inverter") -> bool | None:
    """Whether an owner reports."""
    return home.pipeline.is_heard(key, home.now)


def test_by_day_what_says_nothing_is_silent_since_it_was_heard() -> None:
    """A lost answer is none yet; a stranger is nobody's business."""
    home = roof(battery=False)
    said = home.now - timedelta(seconds=60)
    assert heard(home) is True
    home.poll()
    assert heard(home) is True
    home.poll(HOUR)
    assert heard(home) is False
    assert home.pipeline.silent_since("inverter", home.now) == said
    assert home.pipeline.silent_since("plant", home.now) == said
    assert heard(home, "stranger") is None


@pytest.mark.parametrize("key", ["inverter", "meter", "plant"])
def test_what_sleeps_is_not_silent_before_the_sun_could_wake_it(key: str) -> None:
    """At night nobody knows; from dawn on it counts."""
    home = roof(battery=False)
    night, noon = NOON.replace(hour=23), NOON + timedelta(days=1)
    home.poll(night - home.now)
    assert heard(home, key) is None
    home.poll(noon - home.now)
    assert heard(home, key) is False
    dawn = home.pipeline.silent_since(key, home.now)
    assert night < dawn < noon - 3 * HOUR
    assert not home.place.sun_is_up((dawn - timedelta(minutes=1)).timestamp())
    assert home.place.sun_is_up((dawn + timedelta(minutes=20)).timestamp())


def test_a_battery_keeps_its_inverter_awake() -> None:
    """Then night is no excuse."""
    home = roof(battery=True)
    night = NOON.replace(hour=23)
    home.poll(night - home.now)
    assert heard(home) is False
    assert home.pipeline.silent_since("inverter", home.now) < night - 12 * HOUR


def test_who_was_never_heard_is_silent_since_the_start() -> None:
    """Nobody knows of the time before."""
    home = Home(devices=(INVERTER, METER))
    home.poll(meter=METERED)
    begun = home.now
    home.poll(HOUR, meter=METERED)
    assert heard(home) is False
    assert home.pipeline.silent_since("inverter", home.now) == begun


def test_where_the_sun_never_sets_nobody_waits_for_dawn() -> None:
    """A day without a night is day enough."""
    home = Home(devices=(INVERTER, METER))
    home.poll(inverter=RUNNING, meter=METERED)
    said = home.now - timedelta(seconds=60)
    home.poll(timedelta(days=2))
    assert home.pipeline.silent_since("inverter", home.now) == said


def test_a_charger_does_not_sleep() -> None:
    """It hangs on the grid."""
    home = roof(battery=False)
    charger = Device(id="charger", plant_id="plant", kind=DeviceKind.CHARGER)
    home.devices = (INVERTER, METER, charger)
    home.poll(charger={Q.CHARGER_POWER: 0.0})
    home.poll(NOON.replace(hour=23) - home.now)
    assert heard(home, "charger") is False
