"""Surplus, by what a plant exports and when that was measured: how long uploads have said so, not how long nobody said otherwise."""

from datetime import UTC, datetime, timedelta
import operator
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud import watch
from custom_components.solar_cloud.cloud.model import (
    DeviceKind,
    Quantity,
    Reading,
    Slot,
)
from custom_components.solar_cloud.cloud.polling import CachedReading
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.device_registry import account_key
from custom_components.solar_cloud.pipeline.surplus import (
    Streak,
    Surplus,
    surplus_watts,
)
from custom_components.solar_cloud.watch import SurplusWatch, chosen
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.target import TargetSelection

from .conftest import Automated

EACH_VENDOR = pytest.mark.parametrize(
    "sign_in", ["solax", "sungrow_account", "fusionsolar_account"], indirect=True
)
ONE_VENDOR = pytest.mark.parametrize("sign_in", ["solax"], indirect=True)
TEN_MINUTES: dict[str, Any] = {"for": {"minutes": 10}}


@EACH_VENDOR
async def test_a_surplus_that_lasts_is_told_once(automated: Automated) -> None:
    """By uploads that are ten minutes apart, and again after it was gone."""
    home = automated.home
    await automated.sell(-500)
    await home.pass_time(900)
    await automated.automate(trigger="surplus_rose_above", power=1000, **TEN_MINUTES)
    await home.pass_time(600)
    for round_ in (1, 2):
        await automated.sell(2500)
        begun = home.freezer()
        await home.pass_time(600)
        assert len(automated.ran) == round_ - 1, (
            "one upload, or two, are not ten minutes"
        )
        await home.pass_time(900)
        assert len(automated.ran) == round_, "told once, however long it lasts"
        told = automated.told[-1]
        assert told["device_id"] == automated.device()
        assert 2000 < float(told["surplus"]) < 3500
        measured = datetime.fromisoformat(told["measured_at"])
        assert measured.replace(tzinfo=None) - begun > timedelta(minutes=9)
        await automated.sell(-500)
        await home.pass_time(900)
    assert len(automated.ran) == 2


@ONE_VENDOR
@pytest.mark.parametrize("fault", ["dongle", "cloud"])
async def test_old_data_never_tell_of_a_surplus(
    automated: Automated, fault: str
) -> None:
    """One upload says that there is some, then nothing comes; what is known is shown for a while, and proves nothing."""
    home, cloud = automated.home, automated.cloud
    await automated.sell(-500)
    await home.pass_time(900)
    await automated.automate(trigger="surplus_rose_above", power=1000, **TEN_MINUTES)
    await home.pass_time(600)
    await automated.sell(2500)
    key = f"solax_{cloud.plant.plant_id}_grid_power"
    for _ in range(10):
        await home.pass_time(60)
        if home.value(key) < -1000:
            break
    else:
        pytest.fail("no upload came")
    if fault == "dongle":
        cloud.set_online(False)
    else:
        cloud.fault("*", http=503, times=None)
    await home.pass_time(600)
    assert home.value(key) < -1000, "a lost answer is no news"
    await home.pass_time(1800)
    assert home.state(key).state == "unavailable"
    assert not automated.ran
    cloud.faults.clear()
    cloud.set_online(True)
    await home.pass_time(600)
    assert not automated.ran, "what was between nobody knows: it counts anew"
    await home.pass_time(900)
    assert len(automated.ran) == 1


@ONE_VENDOR
async def test_what_the_battery_takes_counts_where_it_is_wanted(
    automated: Automated,
) -> None:
    """A battery that fills leaves nothing to sell, and yet there is something to spare."""
    home, site = automated.home, automated.site
    await automated.sell(-500)
    await home.pass_time(900)
    await automated.automate(
        trigger="surplus_rose_above", power=1000, with_battery=True, **TEN_MINUTES
    )
    await home.pass_time(600)
    site.set_soc(0.3)
    site.override_load(site.powers().pv - 2500)
    await home.pass_time(1500)
    assert site.powers().grid == pytest.approx(0, abs=1)
    assert len(automated.ran) == 1
    for with_battery in (False, True):
        await automated.again(
            {
                "condition": "solar_cloud.surplus_is_above",
                "target": automated.target(),
                "options": {"power": 1000, "with_battery": with_battery},
            }
        )
        assert await automated.holds() is with_battery


@ONE_VENDOR
async def test_a_restart_tells_nothing_twice(automated: Automated) -> None:
    """What is so when Home Assistant starts is how it stands; what comes then is news."""
    home = automated.home
    await automated.sell(2500)
    await home.pass_time(900)
    await automated.automate(
        trigger="surplus_rose_above",
        power=1000,
        target=automated.target(DeviceKind.INVERTER),
        **TEN_MINUTES,
    )
    await automated.restart()
    await home.pass_time(1500)
    assert not automated.ran
    await automated.sell(-500)
    await home.pass_time(900)
    await home.restart(automated.entry)  # the account alone: the automation goes on
    await automated.sell(2500)
    await home.pass_time(1500)
    (told,) = automated.told
    assert told["device_id"] == automated.device(), "an inverter stands for its plant"


@ONE_VENDOR
async def test_a_surplus_that_is_gone_is_told(automated: Automated) -> None:
    """By the same rule, the other way round; whatever names the plant, once."""
    home = automated.home
    await automated.sell(2500)
    await home.pass_time(900)
    plant = automated.cloud.plant.plant_id
    account = home.device(account_key(automated.entry.entry_id), automated.entry)
    assert account is not None
    others = [automated.device(DeviceKind.CHARGER), account.id, "no device"]
    await automated.automate(
        trigger="surplus_fell_below",
        power=0,
        target={
            "entity_id": [home.entity_id(f"solax_{plant}_grid_power"), "sun.sun"],
            "device_id": others,
            "label_id": "nothing has it",
        },
        **TEN_MINUTES,
    )
    await home.pass_time(600)
    other = MockConfigEntry(domain="other")
    total = MockConfigEntry(domain=DOMAIN, state=ConfigEntryState.LOADED)
    for each in (other, total):  # neither is an account
        each.add_to_hass(home.hass)
    for each in (other, total, automated.entry):
        home.hass.config_entries.async_update_entry(each, title="Renamed")
    await automated.sell(-500)
    await home.pass_time(600)
    assert not automated.ran
    await home.pass_time(900)
    (told,) = automated.told
    assert float(told["surplus"]) < 0


@ONE_VENDOR
async def test_conditions_know_what_the_uploads_said(automated: Automated) -> None:
    """Neither holds while nobody knows."""
    home = automated.home
    await automated.sell(2500)
    await home.pass_time(900)
    target = automated.target()

    def condition(name: str, **options: Any) -> dict[str, Any]:
        return {
            "condition": f"solar_cloud.{name}",
            "target": target,
            "options": options,
        }

    above = condition("surplus_is_above", power=1000)
    lasting = condition("surplus_is_above", power=1000, **TEN_MINUTES)
    below = condition("surplus_is_below", power=1000)
    await automated.automate(lasting, above)
    assert not await automated.holds(), "for ten minutes nobody has looked"
    await home.pass_time(900)
    assert await automated.holds()
    automated.cloud.fault("*", http=503, times=None)
    await home.pass_time(1800)
    assert not await automated.holds()
    neither = {"condition": "not", "conditions": [above, below]}
    await automated.again(neither)
    assert await automated.holds()
    automated.cloud.faults.clear()
    await automated.sell(-500)
    await home.pass_time(900)
    assert not await automated.holds()
    await automated.again(below)
    assert await automated.holds()


@ONE_VENDOR
async def test_an_upload_that_does_not_say_begins_the_time_anew(
    automated: Automated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two that do nobody knows."""
    (plant,) = chosen(automated.hass, TargetSelection(automated.target()))
    uploads = iter(
        None if at is None else Surplus(2000, at, at) for at in (0, 300, None, 600, 900)
    )
    monkeypatch.setattr(watch, "surplus", lambda *_, **__: next(uploads))
    options = {
        "power": 1000,
        "with_battery": False,
        "for": timedelta(minutes=10),
    }
    looked = SurplusWatch(options, operator.gt)
    assert not any(looked.look(plant)[2] for _ in range(5))


GRID, BATTERY = Slot(Quantity.GRID_POWER), Slot(Quantity.BATTERY_POWER)


@pytest.mark.parametrize(
    ("values", "spare", "with_battery"),
    [
        ({GRID: -3000.0, BATTERY: 0.0}, 3000, 3000),
        ({GRID: -1000.0, BATTERY: -2000.0}, 1000, 3000),
        ({GRID: 500.0, BATTERY: 0.0}, -500, -500),
        ({GRID: 0.0, BATTERY: 800.0}, -800, -800),  # the battery feeds the house
        ({GRID: -3000.0, BATTERY: 3000.0}, 0, 0),  # and here the grid
        ({BATTERY: 0.0}, None, None),
        ({GRID: -3000.0}, None, None),
    ],
)
def test_what_comes_out_of_the_battery_is_no_surplus(
    values: dict[Slot, float], spare: float | None, with_battery: float | None
) -> None:
    """Nor is anything known while one of the two is not."""
    told = [
        surplus_watts(values, has_battery=True, with_battery=each)
        for each in (False, True)
    ]
    assert told == [spare, with_battery]


def test_without_a_battery_there_is_none_to_ask() -> None:
    """What is exported is all."""
    assert surplus_watts({GRID: -10.0}, has_battery=False, with_battery=True) == 10


def test_a_surplus_is_as_old_as_what_measured_it() -> None:
    """The oldest tells; without times, that one of them says something new shows an upload: a full battery says the same for hours."""

    def kept(measured: float | None, read: float, changed: float) -> CachedReading:
        at = None if measured is None else datetime.fromtimestamp(measured, UTC)
        return CachedReading(Reading(at, {}), read, changed)

    timed = Surplus.of(1, [kept(100, 500, 0), kept(400, 500, 0)])
    assert (timed.made_at, timed.heard_at) == (100, 100)
    untimed = Surplus.of(1, [kept(None, 500, 400), kept(None, 490, 0)])
    assert (untimed.made_at, untimed.heard_at) == (400, 490)


@pytest.mark.parametrize(
    ("uploads", "seconds", "lasted"),
    [
        ([0], 0, True),
        ([0], 60, False),  # two uploads, not two seconds
        ([0, 0, 0], 60, False),  # the same one, read again
        ([0, 300], 60, True),
        ([0, 300], 600, False),
        ([0, 298, 590], 600, True),  # uploads are not punctual to the second
        ([0, 300, 2400], 600, False),  # what was between nobody knows
        ([600, 0], 0, True),  # a clock that was set back
        ([600, 0], 60, False),
        ([0, 300, None, 600], 600, False),  # something else was said
        ([None], 0, False),
    ],
)
def test_how_long_uploads_have_said_so(
    uploads: list[float | None], seconds: float, lasted: bool
) -> None:
    """From the first of them to the last."""
    streak = Streak(longest_gap=1200)
    for made_at in uploads:
        streak.add(made_at or 0, made_at is not None)
    assert streak.lasted(seconds) is lasted
