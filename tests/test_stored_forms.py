"""An update of the integration: the store that an earlier version wrote is taken up as if nothing had happened.

Each folder below ``fixtures/stores`` is named after the commit that wrote its files, in a real Home Assistant after a day and a half of a demo home:
``<sign-in>.json`` is the file of the account, ``<sign-in>.seen.json`` what its user saw at that moment, and what the cloud had been told. The
meter had been silent for the first day, the cloud had been down for an hour and a half in the morning, a battery was being charged, and a
setting was under way. In SolaX's home the yield had jumped by 5000 kWh the day before, and the meter's import had just fallen by 50 kWh.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from .benchmarks._tape import SIGN_INS, role_energies
from .emulators.fusionsolar.accounts import Grant as FusionSolarGrant
from .emulators.solax import Kind
from .emulators.sungrow.application import Grant as SungrowGrant, Session
from .emulators.sungrow.plant import HYBRID
from .helpers.accounts import AnyCloud, demo_entry, reauths
from .helpers.cutting import Disk
from .helpers.home import Home
from .helpers.past import energies, hourly, live

STORES: Final = Path(__file__).parent / "fixtures" / "stores" / "463efee"
LEAPT: Final = datetime(2026, 6, 15, 8, 0, 30, tzinfo=UTC)
FELL: Final = datetime(2026, 6, 16, 7, 42, 30, tzinfo=UTC)
SLOW: Final = datetime(2026, 6, 16, 7, 50, 30, tzinfo=UTC)
UPDATE: Final = timedelta(seconds=100)
"""How long the restart with the new version takes."""
pytestmark = pytest.mark.usefixtures("waiting")

FLOW: Final = 3.0
"""kWh that may be on their way: 10 kW for two uploads and the longest poll."""
AT_ONCE: Final = 1.0
"""The same for the minutes of the restart and the upload before it."""
GONE: Final = {"fusionsolar": {"load_energy_total"}}
"""Roles whose source of then is no more: the house's energy was added up by the client, and is now from the same counters here."""
SIGNING_IN: Final = ("oauth/token", "login", "apiManage/token", "refreshToken", "v1/token")  # fmt: skip


@pytest.fixture
def begin() -> datetime:
    """When the account was added to the version that wrote the store."""
    return datetime(2026, 6, 14, 20, 31, 30, tzinfo=UTC)


@dataclass
class Upgraded:
    """A demo home, its cloud, and what its user saw of it before the update."""

    home: Home
    cloud: Any
    sign_in: str
    disk: Disk
    entry: MockConfigEntry = field(default_factory=MockConfigEntry)

    def __post_init__(self) -> None:
        """Read what was seen and what was written."""
        self.seen: dict[str, Any] = _read(f"{self.sign_in}.seen.json")
        self.file: dict[str, Any] = _read(f"{self.sign_in}.json")
        self.token: dict[str, Any] = self.file["data"]["token"]
        self.written = datetime.fromisoformat(self.seen["written"])
        self.until = datetime.fromisoformat(self.seen["forced_until"])

    async def live_through(self) -> None:
        """Let the cloud come to what it was when the store was written."""
        site = self.cloud.plant.site
        site.set_soc(0.6)
        for at, act in sorted(self._history(), key=lambda each: each[0]):
            self.home.freezer.move_to(at)
            self._admit()
            await act()
        self._admit()
        self.cloud.calls.clear()
        usual = self.cloud.make_knobs()
        for name in ("repeats_fail", *self._slowness):
            if hasattr(usual, name):
                self.cloud.turn(**{name: getattr(usual, name)})

    def _history(self) -> Iterator[tuple[datetime, Callable[[], Any]]]:
        """Yield what happened in and around the cloud."""
        if self.sign_in == "solax":
            yield LEAPT, self._distortion(Kind.INVERTER, "totalYield", 5000.0, None)
            yield FELL, self._distortion(Kind.METER, "importEnergy", -50.0, 8)
        if self.cloud.name == "sungrow":
            yield LEAPT, self._knobs(repeats_fail=False)
        yield SLOW - timedelta(seconds=1), self._knobs(**self._slowness)
        for each in self.seen["told"]:
            yield datetime.fromisoformat(each["at"]), self._telling(each)

    @property
    def _slowness(self) -> dict[str, float]:
        """What keeps the last setting under way; FusionSolar's plants take minutes anyhow."""
        slow = {"solax": {"command_delay": 28.0}, "sungrow": {"task_seconds": 115.0}}
        return slow.get(self.cloud.name, {})

    def _knobs(self, **knobs: object) -> Callable[[], Any]:
        async def turn() -> None:
            self.cloud.turn(**knobs)

        return turn

    def _distortion(
        self, kind: Kind, name: str, add: float, uploads: int | None
    ) -> Callable[[], Any]:
        async def distort() -> None:
            serial = self.cloud.first(kind).sn
            self.cloud.distort(serial, name, add=add, uploads=uploads)

        return distort

    def _telling(self, told: dict[str, Any]) -> Callable[[], Any]:
        """Tell the cloud once more what it was told then, with the token that is stored."""
        headers, body = json.loads(
            json.dumps([told["headers"], told["body"]]).replace(
                "{token}", self.token["access"]
            )
        )

        async def tell() -> None:
            async with (
                aiohttp.ClientSession() as session,
                session.post(
                    f"{self.cloud.url}{told['path']}", json=body, headers=headers
                ) as answer,
            ):
                assert answer.status == 200

        return tell

    def _admit(self) -> None:
        """Let the cloud know the token that is stored."""
        cloud, token, ends = self.cloud, self.token, self.token["expires_at"]
        match self.sign_in:
            case "solax" if not cloud.application.tokens:
                lifetime = ends - token["issued_at"]
                issued = cloud.application.issue(token["issued_at"], lifetime)
                assert issued.value == token["access"]
            case "sungrow_account":
                session = Session(token["access"], cloud.user, ends)
                cloud.application.sessions[session.value] = session
            case "sungrow_oauth":
                plants = tuple(plant.ps_id for plant in cloud.plants)
                pair = token["access"], token["refresh"]
                month = ends + 30 * 86400
                grant = SungrowGrant(cloud.user, plants, *pair, ends, month)
                cloud.application.grants[:] = [grant]
            case "fusionsolar_account":
                cloud.account.token, cloud.account.expires_at = token["access"], ends
            case "fusionsolar_oauth":
                scope, access = frozenset(token["scope"]), token["access"]
                owner, refresh = cloud.owner, token["refresh"]
                cloud.client.grants[:] = [
                    FusionSolarGrant(owner, scope, access, ends, refresh)
                ]

    async def update(self) -> None:
        """Start the present version on the old store."""
        self.entry = await demo_entry(self.home, self.cloud, self.sign_in)
        self.home.forget()
        self.entry.add_to_hass(self.home.hass)
        for key in (*self.counters("_energy_total"), *self.counters("_energy_today")):
            self._enable("sensor", key)
        for key in self.under_way:
            self._enable("number", key)
        self.disk.files[f"{DOMAIN}.{self.entry.entry_id}"] = self.file
        assert await async_setup_component(self.home.hass, "diagnostics", {})
        await self.live_through()
        self.home.freezer.move_to(self.written + UPDATE)
        await self.home.start(self.entry)
        assert self.entry.state is ConfigEntryState.LOADED

    def _enable(self, platform: str, unique_id: str) -> None:
        """Have an entity as the user had it: enabled."""
        er.async_get(self.home.hass).async_get_or_create(
            platform, DOMAIN, unique_id, config_entry=self.entry
        )

    @property
    def under_way(self) -> list[str]:
        """The settings that were sent, and of which nobody knew yet whether they were taken."""
        commands: dict[str, str] = self.seen["commands"]
        return [key for key, command in commands.items() if command == "accepted"]

    @property
    def plant(self) -> str:
        """The vendor's id of the plant."""
        found = next(key for key in self.seen["shown"] if key.endswith("_load_power"))
        plant: str = found.removeprefix(f"{self.cloud.name}_").removesuffix(
            "_load_power"
        )
        return plant

    def counters(self, end: str) -> dict[str, float]:
        """Return the counters that end so, with what they showed before the update."""
        return {
            key: float(shown)
            for key, shown in self.seen["shown"].items()
            if key.endswith(end) and shown not in {"unknown", "unavailable"}
        }

    def flowed(self, since: datetime) -> dict[str, float]:
        """Return what truly flowed since then, by the end of a counter's name."""
        site = self.cloud.plant.site
        energy = site.truth().since(site.truth(since.timestamp()))
        return {
            str(role): each
            for role, each in role_energies(self.cloud.name, energy).items()
        }

    def forced(self) -> bool:
        """Whether the battery is really forced."""
        cloud = self.cloud
        match cloud.name:
            case "solax":
                return cloud.told(Kind.INVERTER).remote is not None
            case "sungrow":
                return bool(cloud.told(cloud.first(HYBRID)).mode == 2)
        cloud.desk.catch_up(cloud.now())
        return cloud.desk.steered(cloud.plant).forced is not None

    def told(self) -> list[str]:
        """Return what was told to devices since the update, without questions and signs of life."""
        return [
            f"{call.path} {call.params}"
            for call in self.cloud.calls
            if call.path.endswith(("async-task", "paramSetting", "exit_vpp_mode"))
            or "/set_" in call.path
            or "_mode/" in call.path
            if str(call.params.get("set_type")) != "2"
            and "'10017'" not in str(call.params)
        ]


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((STORES / name).read_text())
    return content


@pytest.fixture
async def upgraded(home: Home, cloud: AnyCloud, sign_in: str, disk: Disk) -> Upgraded:
    """A home right after the update."""
    upgraded = Upgraded(home, cloud, sign_in, disk)
    await upgraded.update()
    return upgraded


EVERY: Final = pytest.mark.parametrize("sign_in", SIGN_INS)


@EVERY
async def test_nobody_signs_in_again(upgraded: Upgraded) -> None:
    """The session of before goes on: another sign-in would end it elsewhere, or count towards a lock."""
    await upgraded.home.pass_time(300)
    assert upgraded.cloud.calls
    assert not [call for call in upgraded.cloud.calls if call.path.endswith(SIGNING_IN)]
    assert not reauths(upgraded.home.hass)


@EVERY
async def test_energy_neither_steps_nor_falls(upgraded: Upgraded) -> None:
    """Every lifetime counter shows what it showed, and counts on from there what truly flows."""
    before = upgraded.counters("_energy_total")
    assert len(before) >= 8
    for hours in range(3):
        flowed = upgraded.flowed(upgraded.written)
        tolerance = FLOW if hours else AT_ONCE
        for key, shown in before.items():
            gained = upgraded.home.value(key) - shown
            assert gained >= 0, (key, hours)
            role = next((role for role in flowed if key.endswith(role)), None)
            assert gained <= flowed.get(role or "", gained) + tolerance, (key, hours)
            if role is not None:
                assert gained >= flowed[role] - tolerance, (key, hours)
        await upgraded.home.pass_time(3600)


@EVERY
async def test_the_day_goes_on(upgraded: Upgraded) -> None:
    """Energy of today neither starts anew nor steps."""
    before = upgraded.counters("_energy_today")
    assert len(before) >= 5
    for hours in range(3):
        flowed = upgraded.flowed(upgraded.written)
        tolerance = FLOW if hours else AT_ONCE
        for key, shown in before.items():
            gained = upgraded.home.value(key) - shown
            assert gained >= -0.001, (key, hours)
            lifetime = key.replace("_today", "_total")
            role = next((role for role in flowed if lifetime.endswith(role)), None)
            assert gained <= flowed.get(role or "", gained) + tolerance, (key, hours)
            if role is not None:
                assert gained >= flowed[role] - tolerance, (key, hours)
        await upgraded.home.pass_time(3600)


@EVERY
async def test_every_role_keeps_its_source(
    upgraded: Upgraded, hass_client: ClientSessionGenerator
) -> None:
    """Another source would never agree to the last kWh."""
    await upgraded.home.pass_time(600)
    registry = dr.async_get(upgraded.home.hass)
    plant = registry.async_get_device_by_identifier(
        (DOMAIN, upgraded.plant), upgraded.entry.entry_id
    )
    assert plant is not None
    report: Any = await get_diagnostics_for_device(
        upgraded.home.hass, hass_client, upgraded.entry, plant
    )
    gone = GONE.get(upgraded.cloud.name, set())
    assert {
        role: source
        for role, source in report["device"]["roles"].items()
        if role not in gone
    } == {
        role: source
        for role, source in upgraded.seen["roles"].items()
        if role not in gone
    }


@EVERY
async def test_a_forced_mode_ends_when_it_was_to_end(
    upgraded: Upgraded, hass_client: ClientSessionGenerator
) -> None:
    """It is known to be on, with its end, and ended once at that time."""
    report: Any = await get_diagnostics_for_config_entry(
        upgraded.home.hass, hass_client, upgraded.entry
    )
    ends = [each["forced_until"] for each in report["controls"]["offered"]]
    assert [each for each in ends if each] == [upgraded.seen["forced_until"]]
    now = datetime.fromtimestamp(upgraded.home.freezer.time_to_freeze.timestamp(), UTC)
    await upgraded.home.pass_time(upgraded.until - now - timedelta(minutes=2), 30)
    assert upgraded.forced()
    assert upgraded.told() == []
    await upgraded.home.pass_time(600, 30)
    assert not upgraded.forced()
    assert len(upgraded.told()) == 1


@EVERY
async def test_a_setting_under_way_is_followed_to_its_end(upgraded: Upgraded) -> None:
    """It is shown as accepted, then confirmed by the device, and never sent a second time."""
    (key,) = upgraded.under_way
    entity_id = upgraded.home.entity_id(key, "number")
    shown = []
    for _ in range(60):
        if state := upgraded.home.hass.states.get(entity_id):
            shown.append((state.state, state.attributes.get("command")))
        await upgraded.home.pass_time(30)
    wish = upgraded.seen["shown"][key]
    assert set(shown) <= {(wish, "accepted"), (wish, "confirmed")}
    assert shown[-1] == (wish, "confirmed")
    assert upgraded.told() == []


@pytest.mark.parametrize("sign_in", ["solax"])
async def test_hours_missed_before_the_update_are_filled_after_it(
    recorder_mock: Recorder, upgraded: Upgraded
) -> None:
    """The outage of the morning was noticed by the old version; the new one fetches its hours, and the sum stays."""
    home = upgraded.home
    pv = home.entity_id(f"solax_{upgraded.plant}_pv_energy_total")
    site = upgraded.cloud.plant.site
    last = datetime(2026, 6, 16, 5, tzinfo=UTC)
    gained = site.truth().since(site.truth(last.timestamp() + 3600)).pv
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=None,
        source="recorder",
        statistic_id=pv,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    shown = home.value(f"solax_{upgraded.plant}_pv_energy_total")
    row = StatisticData(start=last, state=shown - gained, sum=-gained)
    async_import_statistics(home.hass, metadata, [row])
    await live(home, 2.2)
    hours = energies(await hourly(home.hass, pv))
    assert list(hours) == [last.timestamp() + 3600 * hour for hour in range(1, 5)]
    for start, energy in hours.items():
        truth = site.truth(start + 3600).since(site.truth(start)).pv
        assert energy == pytest.approx(truth, abs=0.25), start
