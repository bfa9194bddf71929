"""Dialogs and polls of every sign-in, cut at every point at which they wait: set-up, signing in again, other credentials, options, a poll.

However it was cut, the account is as before or as wished, never half; a token that the vendor traded is not lost; nobody signs in over and
over; values are back, and the dialog can be begun again. The usual run cuts each once; ``scripts/benchmark crash`` cuts everywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud import config_flow, storage
from custom_components.solar_cloud.attempt import identity
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.token import SECTION as TOKEN, TokenManager
from custom_components.solar_cloud.const import DOMAIN, PLATFORMS
from custom_components.solar_cloud.session import get_transport
from custom_components.solar_cloud.storage import (
    HANDOVERS,
    async_get_store,
    async_remove_strays,
)
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntries,
    ConfigEntry,
    ConfigEntryState,
    OperationNotAllowed,
)
from homeassistant.data_entry_flow import AbortFlow, FlowResultType, UnknownFlow
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from .benchmarks._tape import SIGN_INS, signed_in
from .helpers.accounts import AnyCloud, reauths
from .helpers.cutting import (
    ALL,
    OURS,
    Cut,
    Disk,
    How,
    Knife,
    Ours,
    Point,
    Tally,
    cut_everywhere,
    killed,
    report,
    switch_off,
    under,
)
from .helpers.flow import placed, rare_fields, way_to
from .helpers.home import Home

RUNNING: Final[tuple[Ours, ...]] = (
    (TokenManager, "_renew"),
    (ConfigEntries, "async_reload"),
)
"""What goes on beside a dialog."""
PATIENCE: Final = 12
"""How often a dialog that was begun again waits ten minutes for the vendor's limits."""
REST: Final[Mapping[str, float]] = {"fusionsolar": 6 * 3600.0}
"""Seconds from one cut to the next, in which the vendor's limits recover."""

type Answers = dict[str, Callable[[Any], dict[str, Any]]]
"""What a user answers, by step."""


class StoppedError(Exception):
    """A dialog ended otherwise than it should, or says that something is wrong."""


@dataclass(frozen=True)
class Shape:
    """What an account is set up as."""

    unique_id: str | None
    data: dict[str, Any]
    options: dict[str, Any]

    @classmethod
    def of(cls, entry: ConfigEntry | None) -> Shape | None:
        """Look at an entry; there may be none."""
        if entry is None:
            return None
        return cls(entry.unique_id, {**entry.data}, {**entry.options})


@dataclass
class Scene:
    """An account of one sign-in, and dialogs about it."""

    home: Home
    cloud: AnyCloud
    sign_in: str
    disk: Disk
    credentials: dict[str, str] = field(default_factory=dict)
    """What is right."""

    @property
    def entry(self) -> MockConfigEntry | None:
        """The account, if there is one."""
        entries = self.home.hass.config_entries.async_entries(DOMAIN)
        return next(iter(entries), None)  # type: ignore[return-value]

    @property
    def by_consent(self) -> bool:
        """Whether the owner consents in a browser."""
        return VENDORS[self.cloud.name].sign_in(self.sign_in).oauth is not None

    @property
    def secrets(self) -> list[str]:
        """The fields whose values are secret."""
        way = VENDORS[self.cloud.name].sign_in(self.sign_in)
        return [each.key for each in way.secrets]

    def sign_ins(self) -> int:
        """Count the requests for tokens."""
        return sum(
            call.path.lower().endswith(("token", "login")) for call in self.cloud.calls
        )

    def lost(self) -> bool:
        """Whether the disk has no token of a consent, or one that the cloud no longer renews."""
        if self.entry is None or not self.by_consent:
            return False
        token = self.disk.sections(self.entry.entry_id).get(TOKEN)
        cloud: Any = self.cloud
        good = (
            {cloud.grant.refresh}
            if cloud.name == "sungrow"
            else {grant.refresh for grant in cloud.client.grants}
        )
        return token is None or token["refresh"] not in good

    def right(self) -> bool:
        """Whether the account has the right secrets: without, it is refused as before."""
        assert self.entry is not None
        stored = self.entry.data["credentials"]
        return all(stored[key] == self.credentials[key] for key in self.secrets)

    def litter(self) -> list[str]:
        """Return our files that belong to no account."""
        known = {
            each.entry_id for each in self.home.hass.config_entries.async_entries()
        }
        return [
            key
            for key in self.disk.files
            if key.startswith(f"{DOMAIN}.")
            and key.removeprefix(f"{DOMAIN}.").partition("_")[0] not in known
        ]

    def shows(self) -> bool:
        """Whether a value is there."""
        return any(
            state.state.replace(".", "").lstrip("-").isdigit()
            for state in self.home.hass.states.async_all("sensor")
        )

    # Before a try

    async def none(self) -> None:
        """Have no account."""
        if self.entry is not None:
            await self.home.hass.config_entries.async_remove(self.entry.entry_id)
        await self.home.hass.async_block_till_done(wait_background_tasks=True)
        self.home.forget()

    async def account(self, *, wrong: bool = False, lost: bool = False) -> None:
        """Have a running account: with a secret that was changed at the vendor, or without its consent."""
        hass = self.home.hass
        await self.none()
        self.credentials, token = await signed_in(
            self.sign_in, self.cloud, get_transport(hass)
        )
        stored = self.credentials | (
            dict.fromkeys(self.secrets, "old") if wrong else {}
        )
        way = VENDORS[self.cloud.name].sign_in(self.sign_in)
        unique_id = identity(VENDORS[self.cloud.name], way, stored, token)
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=self.cloud.name,
            unique_id=unique_id,
            data={
                "vendor": self.cloud.name,
                "sign_in": self.sign_in,
                "credentials": self.credentials,
            },
            options={"excluded_plants": [], "controls": False},
        )
        entry.add_to_hass(hass)
        store = await async_get_store(hass, entry.entry_id, entry.unique_id)
        if token is not None:
            await store.save(TOKEN, to_json(token))
        await self.start()
        assert entry.state is ConfigEntryState.LOADED, entry.reason
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, "credentials": stored}
        )
        if lost:
            await self.rest()
            await store.save(TOKEN, None)

    async def rest(self) -> None:
        """Let the account rest, as one does that was refused: signing in anew ends the session it polls with."""
        if self.entry is not None and self.entry.state is ConfigEntryState.LOADED:
            await self.home.hass.config_entries.async_unload(self.entry.entry_id)

    # Dialogs

    def answers(self) -> Answers:
        """Return what is answered at each step."""
        brand, *ways = way_to(self.sign_in)
        known = {
            key: text
            for key, text in self.credentials.items()
            if key not in {"region", "base_url"}
        }
        cloud: Any = self.cloud
        return {
            "user": lambda _: {"next_step_id": brand},
            brand: lambda _: {"next_step_id": ways[0]},
            self.sign_in: lambda _: {"region": "other", **known},
            "reconfigure": lambda _: {"region": "other", **known},
            "base_url": lambda _: {"base_url": cloud.url},
            "consent": lambda _: {"next_step_id": "paste"},
            "paste": lambda _: {"code": cloud.consent()},
            "plants": lambda form: {"plants": _offered(form), "controls": False},
            "reauth_confirm": lambda _: {key: known[key] for key in self.secrets},
            "reauth_consent": lambda _: {},
            "init": lambda _: {"next_step_id": "settings"},
            "settings": lambda form: {
                "plants": _offered(form),
                "controls": True,
                "repair_gaps": True,
            },
        }

    async def go_through(
        self, manager: Any, handler: str, context: dict[str, Any], knife: Knife | None
    ) -> None:
        """Answer a dialog up to its end, each answer under the knife."""

        async def step(doing: Any) -> Any:
            return await (doing if knife is None else Cut(doing, knife))

        entry = self.entry
        data = entry.data if entry and context.get("source") == SOURCE_REAUTH else None
        shown = await step(manager.async_init(handler, context=context, data=data))
        answers = self.answers()
        while shown["type"] in {
            FlowResultType.FORM,
            FlowResultType.MENU,
            FlowResultType.SHOW_PROGRESS,
        }:
            if shown.get("errors"):
                raise StoppedError(f"{shown['step_id']}: {shown['errors']}")
            answer = None
            if shown["type"] is not FlowResultType.SHOW_PROGRESS:
                answer = answers[shown["step_id"]](shown)
                if shown["type"] is FlowResultType.FORM:
                    answer = placed(answer, rare_fields(shown))
            else:
                await asyncio.sleep(0)
            shown = await step(manager.async_configure(shown["flow_id"], answer))
        ended = shown.get("reason", "")
        if shown["type"] is FlowResultType.ABORT and not ended.endswith("_successful"):
            raise StoppedError(ended)

    async def set_up(self, knife: Knife | None) -> None:
        """Add the account."""
        flows = self.home.hass.config_entries.flow
        await self.go_through(flows, DOMAIN, {"source": SOURCE_USER}, knife)

    async def later(self, source: str, knife: Knife | None) -> None:
        """Change its credentials."""
        assert self.entry is not None
        flows = self.home.hass.config_entries.flow
        context = {"source": source, "entry_id": self.entry.entry_id}
        await self.go_through(flows, DOMAIN, context, knife)

    async def options(self, knife: Knife | None) -> None:
        """Allow changes."""
        assert self.entry is not None
        options = self.home.hass.config_entries.options
        await self.go_through(options, self.entry.entry_id, {}, knife)

    async def poll(self, knife: Knife | None) -> None:
        """Read, when it is time to."""
        assert self.entry is not None
        self.home.freezer.tick(400)
        await self.entry.runtime_data.readings.async_refresh()

    # After a cut

    async def start(self) -> None:
        """Start Home Assistant; a start soon after another one may have to wait for the vendor's limits."""
        assert self.entry is not None
        await self.home.start(self.entry)
        for _ in range(PATIENCE):
            if self.entry.state is not ConfigEntryState.SETUP_RETRY:
                break
            await self.home.pass_time(600, step=300)

    async def close(self) -> None:
        """Close the dialogs, and unload what can be."""
        self.end_dialogs()
        if self.entry is not None:
            with suppress(OperationNotAllowed):
                await self.home.hass.config_entries.async_unload(self.entry.entry_id)

    def end_dialogs(self) -> None:
        """End every dialog: it lives in memory only."""
        entries = self.home.hass.config_entries
        for manager in (entries.flow, entries.options):
            for each in manager.async_progress():
                with suppress(UnknownFlow):
                    manager.async_abort(each["flow_id"])

    async def off(self) -> None:
        """Switch Home Assistant off."""
        self.end_dialogs()
        hass, entry = self.home.hass, self.entry
        hass.data.pop(HANDOVERS, None)
        if entry is None:
            self.home.forget()
            return
        if self.disk.dead:
            async with entry.setup_lock:
                pass  # what was to set it up again reaches nothing, and ends
        if self.disk.dead or not entry.state.recoverable:
            await self.bury(entry)
        await switch_off(self.home, entry, self.disk)

    async def bury(self, entry: ConfigEntry) -> None:
        """Take from memory what a machine that died in the middle had of an account."""
        hass = self.home.hass
        for platform in PLATFORMS:
            with suppress(ValueError, KeyError):
                await hass.config_entries.async_forward_entry_unload(entry, platform)
        await entry._async_process_on_unload(hass)  # noqa: SLF001
        entry._async_set_state(hass, ConfigEntryState.NOT_LOADED, None)  # noqa: SLF001

    def forget(self, before: Shape | None) -> None:
        """Let Home Assistant have died within the second before it writes an entry."""
        hass, entry = self.home.hass, self.entry
        if entry is None:
            return
        if before is not None:
            hass.config_entries.async_update_entry(
                entry,
                unique_id=before.unique_id,
                data=before.data,
                options=before.options,
            )
            return
        er.async_get(hass).async_clear_config_entry(entry.entry_id)
        dr.async_get(hass).async_clear_config_entry(entry.entry_id)
        del hass.config_entries._entries[entry.entry_id]  # noqa: SLF001

    async def again(self, flow: Flow) -> str:
        """Begin the dialog again; return what is wrong if it does not come to its end."""
        said = ""
        if flow.name.startswith("re"):  # auth, configure
            await self.rest()
        for _ in range(PATIENCE):
            try:
                await flow.run(self, None)
            except StoppedError as err:
                said = str(err)
                if "rate_limited" not in said:
                    return "" if said == "already_configured" else said
                self.end_dialogs()
                self.home.freezer.tick(600)
            else:
                await self.home.hass.async_block_till_done(wait_background_tasks=True)
                return ""
        return said


def _owners(disk: Disk) -> list[str]:
    prefix = f"{DOMAIN}."
    return [key.removeprefix(prefix) for key in disk.files if key.startswith(prefix)]


def _offered(form: Any) -> list[str]:
    """Return the plants that a form offers."""
    options = form["data_schema"].schema["plants"].config["options"]
    return [each["value"] for each in options]


@dataclass(frozen=True)
class Flow:
    """What is cut: how it begins and what is done."""

    name: str
    begin: Callable[[Scene], Awaitable[None]]
    run: Callable[[Scene, Knife | None], Coroutine[Any, Any, None]]
    ours: tuple[Ours, ...] = RUNNING
    consent: bool | None = None
    """The accounts that have this, by whether they are consented to; ``None`` for all."""


FLOWS: Final = (
    Flow("set-up", Scene.none, Scene.set_up),
    Flow("reauth", lambda scene: scene.account(wrong=True), lambda scene, knife: scene.later(SOURCE_REAUTH, knife)),
    Flow("reauth by consent", lambda scene: scene.account(lost=True), lambda scene, knife: scene.later(SOURCE_REAUTH, knife), consent=True),
    Flow("reconfigure", lambda scene: scene.account(wrong=True), lambda scene, knife: scene.later(SOURCE_RECONFIGURE, knife)),
    Flow("options", Scene.account, Scene.options),
    Flow("poll", Scene.account, Scene.poll, OURS),
)  # fmt: skip

RECOVERY: Final = FLOWS[2]
"""What an account asks for whose consent is gone."""


async def _try(scene: Scene, flow: Flow, how: How | None, at: Point | None) -> Tally:
    """Cut once, and see what became of the account."""
    tally, hass = Tally(flow.name), scene.home.hass
    scene.disk.dead = False
    scene.home.freezer.tick(REST.get(scene.cloud.name, 3600.0))
    await flow.begin(scene)
    before = Shape.of(scene.entry)
    knife = Knife(scene.disk, how, at, scene.close)
    with under(knife, flow.ours):
        err = await knife.cut(flow.run(scene, knife))
        for task in knife.left:
            await task
        if not scene.disk.dead:
            await hass.async_block_till_done(wait_background_tasks=True)
    tally.waited, tally.cut = knife.waited, knife.here >= 0
    if how is None:
        assert err is None, err
        assert knife.points, "a flow that never waits cannot be cut"
        return tally

    def wrong(what: str) -> None:
        tally.violations.append(f"{scene.sign_in}, {flow.name}, {how} at {at}: {what}")

    if err is not None and not (
        killed(err)
        or isinstance(err, asyncio.CancelledError)
        or (how is How.UNLOAD and isinstance(err, UnknownFlow | AbortFlow))
    ):
        wrong(f"raised {err!r}")
    died = scene.disk.copy() if scene.disk.dead else None
    await scene.off()
    if died is not None:
        scene.disk.put_back(died)
        assert at is not None
        if at.number % 2:
            scene.forget(before)
    await async_remove_strays(hass)  # as every start does
    cut = Shape.of(scene.entry)
    if scene.lost():
        if not flow.consent:
            # What a set-up learnt is in memory until the entry has a file: whoever restarts between consents once more.
            if before is not None and how in {How.CANCEL, How.UNLOAD}:
                wrong("a token was lost")
            tally.tried["lost by protocol"] += 1
        if said := await scene.again(RECOVERY):
            wrong(f"cannot be consented to again: {said}")
    elif scene.entry is not None and scene.right():
        signed = scene.sign_ins()
        await scene.start()
        await scene.home.pass_time(1800, step=300)
        if scene.sign_ins() > signed + 1:
            wrong(f"signed in {scene.sign_ins() - signed} times after a start")
        if scene.entry.state is not ConfigEntryState.LOADED and not reauths(hass):
            wrong(f"the next start does not load: {scene.entry.state}")
        scene.end_dialogs()
    if said := await scene.again(flow):
        wrong(f"cannot be begun again: {said}")
    entry = scene.entry
    if entry is None:
        wrong("there is no account")
        return tally
    if cut not in (before, Shape.of(entry)):
        wrong(f"is neither as before nor as wished: {cut}")
    signed = scene.sign_ins()
    if entry.state is ConfigEntryState.NOT_LOADED:
        await scene.start()
    await scene.home.pass_time(1800, step=300)
    if entry.state is not ConfigEntryState.LOADED or not scene.shows():
        wrong(f"values are not back: {entry.state}")
    if scene.sign_ins() > signed + 1:
        wrong(f"signed in {scene.sign_ins() - signed} times")
    if reauths(hass):
        wrong("asks to sign in again")
    if litter := scene.litter():
        wrong(f"files of no account: {litter}")
        for key in litter:
            del scene.disk.files[key]
    return tally


@pytest.mark.usefixtures("torn_sockets")
@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_cut_dialogs(
    home: Home,
    cloud: AnyCloud,
    sign_in: str,
    disk: Disk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set-up, reauth, reconfigure, options and a poll."""

    async def pause(hass: Any, seconds: float) -> None:
        await asyncio.sleep(0)
        home.freezer.tick(seconds)

    monkeypatch.setattr(config_flow, "async_pause", pause)
    monkeypatch.setattr(storage, "stored_owners", lambda _: _owners(disk))
    # Cut in here, Home Assistant would be without what the integration needs for good.
    assert await async_setup_component(home.hass, DOMAIN, {})
    scene = Scene(home, cloud, sign_in, disk)
    scene.credentials, _ = await signed_in(sign_in, cloud, get_transport(home.hass))
    ways = list(SIGN_INS)
    flows = [
        each
        for each in FLOWS
        if each.consent is None or each.consent is scene.by_consent
    ]
    report(
        f"{sign_in}: dialogs",
        [
            await cut_everywhere(
                flow.name,
                partial(_try, scene, flow),
                number + (0 if ALL else ways.index(sign_in)),
            )
            for number, flow in enumerate(flows)
        ],
    )
