"""Every flow, cut at every point at which it waits: no token lost, no command twice, no forced mode without an end, a readable store.

The usual run cuts each flow once. ``scripts/benchmark crash`` cuts everywhere, and prints the table.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from typing import Any, Final

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.control import manager
from custom_components.solar_cloud.control.forced_mode import SECTION as FORCES
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.config_entries import ConfigEntryState

from .emulators.calls import Call
from .emulators.fusionsolar import FusionSolarCloud
from .emulators.fusionsolar.cloud import REDIRECT
from .emulators.solax import Kind, SolaxCloud
from .emulators.sungrow import SungrowCloud
from .emulators.sungrow.plant import HYBRID
from .emulators.world import World
from .helpers.accounts import reauths
from .helpers.cutting import (
    Disk,
    How,
    Knife,
    Point,
    Tally,
    cut_everywhere,
    quietly,
    report,
    switch_off,
    under,
)
from .helpers.home import Home, solax_entry
from .helpers.house import FusionSolarHouse, SolaxHouse, SungrowHouse

MINUTES: Final = 10
"""How long the forced modes of these flows are to last."""
LIMIT: Final = 5000.0
"""W that the batteries of these homes give, and go back to after a mode in which they give nothing."""
LONG: Final = {("sungrow", "select"): 7200.0}
"""Seconds of the flows whose forced modes last longer."""

type Flow = Callable[[], Coroutine[Any, Any, Any]]


@dataclass
class Scene:
    """A home whose flows are cut."""

    home: Home
    house: Any
    disk: Disk
    forced: Callable[[], bool]
    """Whether the battery is really forced."""
    commands: Callable[[], list[str]]
    """What went out on the wire to change something, without ends and signs of life."""
    reset: Callable[[], None]
    flows: dict[str, Flow]
    rest: float = 3600.0
    """Seconds from one cut to the next, in which the vendor's limits recover."""
    lost: Callable[[Any], bool] = lambda token: False
    """Whether the cloud no longer takes what a stored token may be renewed with."""
    sign_in: Callable[[], Coroutine[Any, Any, Any]] | None = None
    """Give a new token, as consenting again does."""

    @property
    def entry_id(self) -> str:
        """The account."""
        entry_id: str = self.house.entry.entry_id
        return entry_id

    @property
    def file(self) -> str:
        """Where the account keeps what it knows."""
        return f"{DOMAIN}.{self.entry_id}"

    def kept(self, section: str) -> Any:
        """Return what is on disk."""
        return self.disk.files[self.file]["data"].get(section)

    async def off(self) -> None:
        """Switch Home Assistant off, as far as the account sees."""
        await switch_off(self.home, self.house.entry, self.disk)

    async def on(self) -> None:
        """Start it, with a new day's budget of writes."""
        self.disk.files[self.file]["data"].pop("writes", None)
        await self.home.start(self.house.entry)

    async def fresh(self) -> None:
        """Begin anew: nothing is forced, nothing is under way, the limits have recovered."""
        await self.off()
        self.disk.files[self.file]["data"].pop(FORCES, None)
        self.disk.files[self.file]["data"].pop("tasks", None)
        self.home.freezer.tick(self.rest)
        self.reset()
        self.home.freezer.tick(600)  # and the next upload says so
        await self.on()
        await self.home.pass_time(20)
        assert self.house.entry.state is ConfigEntryState.LOADED

    async def charge(self) -> Any:
        """Begin what a stop ends."""
        return await self.house.act(
            "charge_battery", power=1000, duration={"minutes": MINUTES}
        )


async def _try(scene: Scene, flow: str, how: How | None, at: Point | None) -> Tally:
    """Cut a flow once, and see what became of the battery, the account and its file."""
    tally = Tally(flow)
    knife = Knife(
        scene.disk,
        how,
        at,
        lambda: scene.home.hass.config_entries.async_unload(scene.entry_id),
    )
    await scene.fresh()
    if flow == "stop":
        await scene.charge()
        await scene.home.pass_time(60)
    before = len(scene.commands())
    began = datetime.now(UTC).timestamp()
    with under(knife):
        err = await knife.cut(quietly(scene.flows[flow]()))
        for task in knife.left:
            await task
    tally.waited, tally.cut = knife.waited, knife.here >= 0
    if how is None:
        assert err is None, err
        assert knife.points, "a flow that never waits cannot be cut"
        if flow not in {"stop", "renew"}:
            assert len(scene.commands()) == before + 1, "nothing was sent"
        return tally

    def wrong(what: str) -> None:
        tally.violations.append(f"{flow}, {how} at {at}: {what}")

    died = scene.disk.copy() if knife.disk.dead else None
    await scene.off()
    if died is not None:
        scene.disk.put_back(died)
    kept = scene.kept(FORCES) or {}
    if scene.forced() and not kept:
        wrong("a forced mode without an end on disk")
    lasts = LONG.get((scene.house.entry.data["vendor"], flow), 60.0 * MINUTES)
    if any(row["until"] > began + lasts + 180 for row in kept.values()):
        wrong("an end on disk later than anybody asked for")
    if scene.lost(scene.kept("token")):
        # The answer was on its way when the machine died: nobody can keep what never arrived.
        if how in {How.CANCEL, How.UNLOAD}:
            wrong("a token was lost")
        tally.tried["lost by protocol"] += 1
        assert scene.sign_in is not None
        scene.disk.files[scene.file]["data"]["token"] = await scene.sign_in()
    await scene.on()
    if scene.house.entry.state is ConfigEntryState.SETUP_RETRY:
        # A start soon after another one may have to wait for the vendor's limits.
        await scene.home.pass_time(600, step=60)
    if scene.house.entry.state is not ConfigEntryState.LOADED:
        wrong(f"the next start does not load: {scene.house.entry.state}")
        return tally
    if reauths(scene.home.hass):
        wrong("a token was lost")
    await scene.home.pass_time(lasts, step=lasts / 2)
    await scene.home.pass_time(900, step=300)
    if scene.forced():
        wrong("the battery is forced for longer than it was to be")
    sent = scene.commands()[before:]
    if len(sent) != len(set(sent)):
        wrong(f"sent twice: {sent}")
    if scene.kept(FORCES):
        wrong("the supervision goes on")
    return tally


@pytest.fixture(autouse=True)
def waiting_is_a_point(
    home: Home, torn_sockets: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let waiting pass the shared time, and be a point."""

    async def wait(seconds: float) -> None:
        await asyncio.sleep(0)
        home.freezer.tick(seconds)

    monkeypatch.setattr(manager, "pause", wait)


async def _renew(house: Any, kill: Callable[[], object]) -> None:
    """Read with a token that has just died, when it is time to read again."""
    house.home.freezer.tick(400)
    kill()
    await house.entry.runtime_data.readings.async_refresh()


async def _consent(
    vendor: str, credentials: dict[str, str], code: str, redirect: str
) -> Any:
    """Trade a code for a token, in the form that is kept."""
    oauth = VENDORS[vendor].sign_in(f"{vendor}_oauth").oauth
    assert oauth is not None
    async with aiohttp.ClientSession() as session:
        transport = Transport(session)
        token = await oauth.exchange(credentials, code, redirect, transport)
    return to_json(token)


def _changes(call: Call) -> str:
    return f"{call.path} {sorted(call.params.items())}"


# SolaX


@pytest.fixture
async def solax_scene(
    home: Home, disk: Disk, world: World, socket_enabled: None
) -> AsyncIterator[Scene]:
    """The hybrid home with a charger."""
    async with SolaxCloud(world, "home-hybrid") as cloud:
        house = SolaxHouse(
            home, cloud, solax_entry(cloud, excluded_plants=[], controls=True)
        )
        cloud.plant.site.plug("charger", needs_kwh=600)
        await house.start()
        # A change of mode overwrites these, which the inverter cannot be asked for.
        await house.act(
            "set_work_mode",
            mode="self_consumption",
            min_soc=10,
            max_soc=100,
            grid_charging=False,
        )
        told = cloud.told(Kind.INVERTER)

        def reset() -> None:
            told.remote = None
            cloud.plant.site.set_soc(0.4)

        yield Scene(
            home,
            house,
            disk,
            lambda: cloud.told(Kind.INVERTER).remote is not None,
            lambda: [
                _changes(call)
                for call in cloud.commands()
                if not call.path.endswith("exit_vpp_mode")
            ],
            reset,
            {
                "command": lambda: house.call("number", "set_value", Kind.CHARGER, "charge_current_limit", value=9),
                "order": lambda: house.act("charge_battery", power=1000, duration={"minutes": MINUTES}),
                "order to a target": lambda: house.act("charge_battery", power=1000, duration={"minutes": MINUTES}, target_soc=90),
                "stop": lambda: house.act("stop_battery"),
                "select": lambda: house.call("select", "select_option", Kind.INVERTER, "work_mode", option="backup"),
                "hold": lambda: house.act("set_battery_mode", mode="hold", duration={"minutes": MINUTES}),
                "renew": lambda: _renew(house, cloud.steal_token),
            },
        )  # fmt: skip


async def _cut(scene: Scene) -> list[Tally]:
    return [
        await cut_everywhere(flow, partial(_try, scene, flow), number)
        for number, flow in enumerate(scene.flows)
    ]


async def test_cut_flows_of_solax(solax_scene: Scene) -> None:
    """SolaX."""
    report("SolaX", await _cut(solax_scene))


# Sungrow


@pytest.fixture
async def sungrow_scene(
    home: Home, disk: Disk, world: World, socket_enabled: None
) -> AsyncIterator[Scene]:
    """The hybrid home of an account."""
    async with SungrowCloud(world, "home-hybrid") as cloud:
        house, wishes = SungrowHouse(home, cloud), cycle((25, 30))
        await house.start()

        def reset() -> None:
            cloud.told(cloud.first(HYBRID)).write(
                {"10003": 0, "10004": 204, "10092": 500}, cloud.now()
            )
            cloud.plant.site.set_soc(0.4)

        def commands() -> list[str]:
            return [
                str(values)
                for values in house.written()
                if values.keys() != {"10017"} and values.get("10003") != "0"
            ]

        def forced() -> bool:
            """Also as long as a limit is not what it was."""
            return house.mode == 2 or (
                cloud.told(cloud.first(HYBRID)).store["10092"] != 500
            )

        yield Scene(
            home, house, disk, forced, commands, reset,
            {
                "command": lambda: house.turn("number", "set_value", "battery_min_soc", value=next(wishes)),
                "order": lambda: house.act("charge_battery", power=1000, duration={"minutes": MINUTES}),
                "stop": lambda: house.act("stop_battery"),
                "select": lambda: house.set("select", "battery_command", "charge"),
                "hold": lambda: house.act("set_battery_mode", mode="hold", duration={"minutes": MINUTES}),
                "sun": lambda: house.act("set_battery_mode", mode="charge_from_sun", duration={"minutes": MINUTES}),
                "renew": lambda: _renew(house, cloud.end_sessions),
            },
        )  # fmt: skip


async def test_cut_flows_of_sungrow(sungrow_scene: Scene) -> None:
    """Sungrow."""
    report("Sungrow", await _cut(sungrow_scene))


@pytest.fixture
async def consent_scene(
    home: Home, disk: Disk, world: World, socket_enabled: None
) -> AsyncIterator[Scene]:
    """The hybrid home of an owner who consented: a refresh token is good for once."""
    async with SungrowCloud(world, "home-hybrid") as cloud:
        house = SungrowHouse(home, cloud)
        credentials = cloud.consent_credentials | {
            "region": "other",
            "base_url": cloud.url,
        }
        redirect = cloud.application.redirect_url

        async def sign_in() -> Any:
            return await _consent("sungrow", credentials, cloud.consent(), redirect)

        house.entry = MockConfigEntry(
            domain=DOMAIN,
            title="Sungrow",
            unique_id="sungrow_consent",
            data={
                "vendor": "sungrow",
                "sign_in": "sungrow_oauth",
                "credentials": credentials,
            },
            options={"excluded_plants": [], "controls": True},
        )
        store = await async_get_store(
            home.hass, house.entry.entry_id, house.entry.unique_id
        )
        await store.save("token", await sign_in())
        await house.start()

        def kill() -> None:
            cloud.grant.access = "dead"

        yield Scene(
            home,
            house,
            disk,
            lambda: False,
            list,
            lambda: None,
            {"renew": lambda: _renew(house, kill)},
            3600.0,
            lambda token: token["refresh"] != cloud.grant.refresh,
            sign_in,
        )


async def test_cut_renewal_of_a_sungrow_consent(consent_scene: Scene) -> None:
    """Sungrow by consent."""
    report("Sungrow by consent", await _cut(consent_scene))


# FusionSolar


@pytest.fixture
async def fusionsolar_scene(
    home: Home, disk: Disk, world: World, socket_enabled: None
) -> AsyncIterator[Scene]:
    """The home of an owner who consented."""
    async with FusionSolarCloud(world, "home") as cloud:
        house, wishes = FusionSolarHouse(home, cloud), cycle((15, 20))
        await house.start()

        def reset() -> None:
            house.told.forced = None
            house.told.parameters.pop("maximumDischargePower", None)
            house.told.steer(cloud.now())
            cloud.plant.site.set_soc(0.2)

        def forced() -> bool:
            """Also as long as a limit is not what it was."""
            limit = house.told.parameters.get("maximumDischargePower", LIMIT)
            return house.forced() or limit != LIMIT

        def commands() -> list[str]:
            return [
                _changes(call)
                for call in cloud.calls
                if call.path.endswith("async-task")
                and "'dispatchSwitch': 0" not in str(call.params)
                and f"'maximumDischargePower': {LIMIT}" not in str(call.params)
            ]

        yield Scene(
            home, house, disk, forced, commands, reset,
            {
                "command": lambda: house.turn("number", "set_value", "battery_min_soc", value=next(wishes)),
                "order": lambda: house.act("charge_battery", power=1000, duration={"minutes": MINUTES}),
                "order to a target": lambda: house.act("charge_battery", power=1000, duration={"minutes": MINUTES}, target_soc=99),
                "stop": lambda: house.act("stop_battery"),
                "select": lambda: house.set("select", "work_mode", "self_consumption"),
                "hold": lambda: house.act("set_battery_mode", mode="hold", duration={"minutes": MINUTES}),
                "renew": lambda: _renew(house, cloud.kill_tokens),
            },
            6 * 3600.0,  # 100 commands and looks a day, ten of them for ends
            lambda token: token["refresh"] not in {grant.refresh for grant in cloud.client.grants},
            lambda: _consent("fusionsolar", cloud.oauth_credentials | {"region": "other", "base_url": cloud.url}, cloud.consent(REDIRECT), REDIRECT),
        )  # fmt: skip


async def test_cut_flows_of_fusionsolar(fusionsolar_scene: Scene) -> None:
    """FusionSolar."""
    report("FusionSolar", await _cut(fusionsolar_scene))
