"""What is fuzzed without Home Assistant, by name: a function for each that draws an input, and holds what comes of it to its promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, partial
import gc
import json
import math
from pathlib import Path
import random
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final

import aiohttp
from hypothesis import strategies as st

from custom_components.solar_cloud.cloud.capture import Capture
from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    ControlKind,
    ControlSpec,
    Settings,
    SettingValue,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import CloudError, UnexpectedAnswer
from custom_components.solar_cloud.cloud.history import PastEnergies, PastWindow
from custom_components.solar_cloud.cloud.masking import Masks
from custom_components.solar_cloud.cloud.model import (
    RANGES,
    Alarm,
    Device,
    Inventory,
    Plant,
    Reading,
    Snapshot,
)
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import from_json, to_json
from custom_components.solar_cloud.cloud.states import MODES, STATES, PlantState
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.sungrow.crypto import (
    EncryptionEnvelope,
    encrypt,
)
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import (
    AnswersCalls,
    Cloud,
    ListsPoints,
    ShowsAccess,
    SupportsLogout,
    SupportsManualDevices,
)
from custom_components.solar_cloud.migrations import migrate
from custom_components.solar_cloud.pipeline.pipeline import ReadingPipeline
from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads
from tests.benchmarks._tape import HOMES, SIGN_INS, Place, Time, moved_time, signed_in
from tests.emulators.registry import CLOUDS
from tests.emulators.world import World

from .answers import (
    HOSTILE,
    KINDS as KINDS_OF_WRECKS,
    WRECKS,
    RecordingTransport,
    Tape,
    Wreck,
    WreckedSession,
)

ROOT: Final = Path(__file__).parents[2] / "custom_components" / "solar_cloud"
NOON: Final = datetime(2026, 6, 15, 10, 2, tzinfo=UTC).timestamp()
_VOCABULARIES: Final[list[type[StrEnum]]] = [
    *STATES.values(),
    *MODES.values(),
    PlantState,
]
WORDS: Final = {str(word) for words in _VOCABULARIES for word in words}
KINDS: Final[Mapping[ControlKind, type]] = {
    ControlKind.NUMBER: float,
    ControlKind.SWITCH: bool,
    ControlKind.SELECT: str,
}


@cache
def _told() -> Mapping[str, frozenset[str]]:
    """Return the keys that have words, of errors and of notices."""
    words = json.loads((ROOT / "translations" / "en.json").read_text())
    shown = {
        **words["exceptions"],
        **words["config"]["error"],
        **words["options"]["error"],
    }
    return {"errors": frozenset(shown), "notices": frozenset(words["issues"])}


def check_error(err: CloudError) -> None:
    """Hold an error to what is promised of it: its text is translated, what fills it in is text."""
    known = _told()["errors"]
    assert err.key in known, err.key
    check_plain(err.placeholders)


def check_plain(item: Any, depth: int = 0) -> None:
    """Hold texts to what can be written down, and numbers to what is finite."""
    assert depth < 40
    if isinstance(item, str):
        item.encode()
        assert len(item) < 20_000, len(item)
    elif isinstance(item, float):
        assert math.isfinite(item), item
    elif isinstance(item, int):
        assert abs(item) < 2**63, item
    elif isinstance(item, Mapping):
        for key, each in item.items():
            check_plain(key, depth + 1)
            check_plain(each, depth + 1)
    elif isinstance(item, list | tuple | set | frozenset):
        for each in item:
            check_plain(each, depth + 1)
    elif is_dataclass(item) and not isinstance(item, type):
        for field in fields(item):
            check_plain(getattr(item, field.name), depth + 1)


def check_reading(reading: Reading) -> None:
    """Hold a reading to ranges and vocabulary."""
    for slot, value in reading.values.items():
        unit = slot.quantity.unit
        if isinstance(value, str):
            assert not unit, slot
            assert value in WORDS or slot.quantity in {"last_report", "fault_code"}, (
                slot,
                value,
            )
        elif unit:
            assert type(value) is float, (slot, value)
            lowest, highest = RANGES[unit]
            assert lowest <= value <= highest, (slot, value)
    for name, told in reading.raw.items():
        assert type(told) is float and math.isfinite(told), name
    if reading.measured_at is not None:
        assert reading.measured_at.tzinfo is not None
    check_plain((reading.values, reading.unknown, reading.raw))


def check_inventory(inventory: Inventory) -> None:
    """Hold lists to their types: what is stored of them is read again as it was."""
    check_plain(inventory)
    listed: list[tuple[str, Plant | Device]] = [*inventory.plants.items()]
    listed += inventory.devices.items()
    for key, each in listed:
        assert each.id == key
        again: Any = from_json(type(each), to_json(each))
        assert again == each, (each, again)
    for device in inventory.devices.values():
        assert device.plant_id in inventory.plants, device


def check_snapshot(snapshot: Snapshot) -> None:
    """Hold a poll to what may be published."""
    for reading in snapshot.readings.values():
        check_reading(reading)
    for alarm in (each for alarms in snapshot.alarms.values() for each in alarms):
        assert isinstance(alarm, Alarm)
        check_plain(alarm)
        assert (alarm.raised_at, alarm.cleared_at) is not None
    check_plain(snapshot.silent)
    for notice in snapshot.notices:
        assert notice.key in _told()["notices"], notice.key
        check_plain(notice)


def check_settings(settings: Settings) -> None:
    """Hold settings to the type of their control."""
    for (_, control), value in settings.values.items():
        if (kind := KINDS.get(control.kind)) is not None:
            assert isinstance(value, kind), (control, value)
    check_plain((settings.values, settings.silent))


def check_past(told: PastEnergies) -> None:
    """Hold a report to energies that can be, of intervals that last."""
    for row in told.rows:
        assert row.start < row.end, row
        for value in row.values.values():
            assert 0 <= value <= RANGES["kWh"][1], row


def _wish(spec: ControlSpec) -> SettingValue | None:
    match spec.control.kind:
        case ControlKind.NUMBER:
            return float(spec.minimum)
        case ControlKind.SWITCH:
            return True
        case ControlKind.SELECT:
            return spec.options[0] if spec.options else "none"
    return None


@dataclass
class Life:
    """What a client goes through, whatever it is answered."""

    client: Cloud
    clock: Time
    storage: MemoryStorage
    stale_after: float
    inventory: Inventory = Inventory({}, {})  # noqa: RUF009  frozen

    async def tried[ResultT](
        self, asked: Awaitable[ResultT], check: Callable[[ResultT], None] = check_plain
    ) -> ResultT | None:
        """Ask for something; an error of ours is an answer, too."""
        self.clock.now += 3700.0
        try:
            result = await asked
        except CloudError as err:
            check_error(err)
            return None
        check(result)
        return result

    async def live(self) -> None:
        """Go through everything a client does."""
        pipeline = ReadingPipeline(
            self.storage, self.stale_after, self.client.roles, Place()
        )
        client = self.client
        for _ in range(2):
            await self.list()
            if isinstance(client, ShowsAccess):
                await self.tried(client.access(self.inventory))
            for _ in range(2):
                await self.poll(pipeline)
        await self._steer()
        await self._look_back()
        await self._ask()
        check_plain(client.report())
        json_bytes(client.report())
        kept = self.storage.sections()
        json_bytes(kept)
        migrate(json.loads(json.dumps(kept)))

    async def list(self) -> None:
        """Look what there is."""
        listed = await self.tried(self.client.inventory(), check_inventory)
        self.inventory = listed or self.inventory

    async def settled(self, pipeline: ReadingPipeline) -> set[str]:
        """Live in peace for some hours; return who is heard at last."""
        heard: set[str] = set()
        for _ in range(3):
            await self.list()
            heard = await self.poll(pipeline)
        return heard

    async def poll(self, pipeline: ReadingPipeline) -> set[str]:
        """Read once; return who was heard."""
        wanted = self.inventory
        told = await self.tried(self.client.readings(wanted), check_snapshot)
        if told is not None:
            now = datetime.fromtimestamp(self.clock.now, UTC)
            check_snapshot(pipeline.process(told.only(wanted), wanted, now))
        return set(told.readings) if told else set()

    async def _steer(self) -> None:
        if (controls := self.client.controls) is None:
            return
        for _ in range(3):
            await self.tried(controls.settings(self.inventory), check_settings)
        available = controls.available(self.inventory)
        check_plain(available.specs)
        for target, specs in available.specs.items():
            for spec in specs[:3]:
                assert spec.minimum <= spec.maximum, spec
                assert spec.step > 0, spec
                command = Command(target, spec.control, _wish(spec))
                result = await self.tried(controls.apply(command))
                if result is not None and result.task is not None:
                    await self.tried(controls.poll_task(result.task))
        for target, actions in available.actions.items():
            for action in (
                ChargeBattery(device_id=target, power=1000.0, duration=600.0),
                StopBattery(device_id=target),
            ):
                if type(action) in actions:
                    await self.tried(controls.run_action(action))

    async def _look_back(self) -> None:
        past, plants = self.client.history, [*self.inventory.plants.values()][:1]
        if past is None:
            return
        for plant in plants:
            now = datetime.fromtimestamp(self.clock.now, UTC)
            owners = [
                plant.id,
                *(each.id for each in self.inventory.devices_of(plant.id)),
            ]
            end = past.newest(plant, now)
            span = min(past.limits.window, timedelta(hours=3))
            window = PastWindow(end - span, end, timedelta(minutes=5))
            for batch in past.batches(owners, self.inventory)[:3]:
                await self.tried(
                    past.readings(batch, self.inventory, window), _check_rows
                )
            await self.tried(past.energies(plant, self.inventory, end), check_past)
            for owner in owners[:2]:
                for interval in past.reported(owner, self.inventory):
                    await self.tried(
                        past.totals(owner, self.inventory, interval, end), check_past
                    )

    async def _ask(self) -> None:
        client, owners = self.client, [*self.inventory.devices.values()]
        for owner in owners[:1]:
            if isinstance(client, ListsPoints):
                await self.tried(client.listed_points(owner))
            if isinstance(client, AnswersCalls):
                await self.tried(client.ask("device/realtime_data", owner, {}), _any)
        if isinstance(client, SupportsManualDevices):
            for plant in [*self.inventory.plants.values()][:1]:
                await self.tried(client.check_serial("X3DEMO00000009", plant), _any)
        if isinstance(client, SupportsLogout):
            await client.sign_out()


def _any(_: object) -> None:
    """Whatever it is, it is told to administrators only."""


def _check_rows(told: Mapping[str, Sequence[Reading]]) -> None:
    for reading in (each for rows in told.values() for each in rows):
        check_reading(reading)


@asynccontextmanager
async def _recorded(sign_in: str, tape: Tape, clock: Time) -> AsyncIterator[Life]:
    """Give a client of an emulated home, whose answers are kept."""
    name = SIGN_INS[sign_in]
    async with (
        CLOUDS[name](World(), HOMES[name]) as cloud,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        transport, storage = RecordingTransport(session, tape), MemoryStorage()
        vendor = VENDORS[name]
        credentials, token = await signed_in(sign_in, cloud, transport)
        _CREDENTIALS[sign_in] = credentials, None if token is None else to_json(token)
        if token is not None:
            await storage.save("token", to_json(token))
        client = vendor.connect(
            vendor.sign_in(sign_in),
            credentials,
            transport,
            storage,
            vendor.quota(storage),
        )
        yield Life(client, clock, storage, vendor.stale_after)


_CREDENTIALS: dict[str, Any] = {}


@cache
def recorded(sign_in: str) -> tuple[Tape, str]:
    """Let a client live in peace with the cloud of a home once; return what it was answered, and the file it kept. Needs sockets."""
    tape = Tape()

    async def record() -> str:
        with moved_time(NOON) as clock:
            async with _recorded(sign_in, tape, clock) as life:
                await life.live()
                assert life.inventory.devices, "nothing was recorded"
                return json.dumps(life.storage.sections())

    return tape, asyncio.run(record())


def live_through(sign_in: str, wrecks: Sequence[Wreck]) -> None:
    """Let a client live through wrecked answers."""
    tape, _ = recorded(sign_in)
    session = WreckedSession(tape, wrecks)
    credentials, token = _CREDENTIALS[sign_in]

    async def live() -> None:
        with moved_time(NOON) as clock:
            storage, vendor = MemoryStorage(), VENDORS[SIGN_INS[sign_in]]
            if token is not None:
                await storage.save("token", token)
            capture = Capture()
            client = vendor.connect(
                vendor.sign_in(sign_in),
                credentials,
                Transport(session, capture),  # type: ignore[arg-type]
                storage,
                vendor.quota(storage),
            )
            life = Life(client, clock, storage, vendor.stale_after)
            await life.live()
            if wrecks and wrecks[0].place % 4 == 0:
                _mask(life.inventory, capture)

    asyncio.run(live())


def _mask(inventory: Inventory, capture: Capture) -> None:
    """Tell what was answered as diagnostics do."""
    masks, bodies = Masks(), []
    masks.learn_inventory(inventory)
    for kept in capture.answers:
        with suppress(ValueError, RecursionError):
            bodies.append(json.loads(kept.body, parse_constant=lambda _: None))
    masks.learn_answers(bodies)
    assert not masks.leaks([masks.answer(body) for body in bodies])


# Decryption

_KEY: Final = "0123456789abcdef"


def _decrypt(body: str, text: str, cut: int) -> None:
    envelope = EncryptionEnvelope(_KEY, "")
    sealed = encrypt(text, _KEY)
    for each in (body, sealed, sealed[:cut], sealed.lower(), f" {sealed}\n"):
        with suppress(UnexpectedAnswer):
            assert isinstance(envelope.open(each), str)
    assert envelope.open(sealed) == text


# Stored forms

JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["plants", "devices", "inverter", "pv_power", "id", "1e9"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
"""Anything a file can hold."""


def _store(sign_in: str, wrecks: Sequence[Wreck], junk: Any, seed: int) -> None:
    """Let a client start with a damaged file."""
    tape, text = recorded(sign_in)
    for wreck in wrecks:
        text = wreck._altered(text)  # noqa: SLF001
    try:
        sections: Any = json_loads(text)
    except ValueError, RecursionError:
        return
    if not isinstance(sections, dict):
        return
    if sections and seed % 2:
        sections[random.Random(seed).choice([*sections])] = junk
    session = WreckedSession(tape, ())
    credentials, _ = _CREDENTIALS[sign_in]

    async def live() -> None:
        with moved_time(NOON + 20 * 3700.0) as clock:
            vendor, storage = VENDORS[SIGN_INS[sign_in]], MemoryStorage()
            for section, content in migrate(sections).items():
                await storage.save(section, content)
            client = vendor.connect(
                vendor.sign_in(sign_in),
                credentials,
                Transport(session),  # type: ignore[arg-type]
                storage,
                vendor.quota(storage),
            )
            await Life(client, clock, storage, vendor.stale_after).live()

    asyncio.run(live())


@dataclass(frozen=True)
class Target:
    """A property, and what is drawn for it."""

    check: Callable[..., None]
    inputs: Mapping[str, st.SearchStrategy[Any]]
    prepare: Callable[[], object] = lambda: None
    """What takes long and needs sockets, once."""


TARGETS: Final[Mapping[str, Target]] = {
    **{
        f"answers-{sign_in}": Target(
            partial(live_through, sign_in),
            {"wrecks": WRECKS},
            partial(recorded, sign_in),
        )
        for sign_in in SIGN_INS
    },
    **{
        f"stored-{sign_in}": Target(
            partial(_store, sign_in),
            {"wrecks": WRECKS, "junk": JSON, "seed": st.integers(0, 999)},
            partial(recorded, sign_in),
        )
        for sign_in in ("solax", "sungrow_account", "fusionsolar_account")
    },
    "decryption": Target(
        _decrypt,
        {
            "body": st.text(max_size=80)
            | st.text("0123456789abcdefABCDEF \n", max_size=130),
            "text": st.text(max_size=60),
            "cut": st.integers(0, 200),
        },
    ),
}


def live_long(sign_in: str, polls: int, seed: int) -> None:
    """Let one client live through many polls, every other of them among hostile answers, and then in peace.

    What is kept of hostile answers may not grow with their number, and an hour of peace mends everything.
    """
    tape, _ = recorded(sign_in)
    session = WreckedSession(tape, ())
    credentials, token = _CREDENTIALS[sign_in]
    draw = random.Random(seed)

    async def live() -> None:
        with moved_time(NOON) as clock:
            storage, vendor = MemoryStorage(), VENDORS[SIGN_INS[sign_in]]
            if token is not None:
                await storage.save("token", token)
            client = vendor.connect(
                vendor.sign_in(sign_in),
                credentials,
                Transport(session),  # type: ignore[arg-type]
                storage,
                vendor.quota(storage),
            )
            life = Life(client, clock, storage, vendor.stale_after)
            pipeline = ReadingPipeline(
                storage, vendor.stale_after, client.roles, Place()
            )
            sizes, peaceful = [], await life.settled(pipeline)
            for number in range(polls):
                session.calls = 0
                session.wrecks = _drawn(draw) if number % 2 else ()
                if number % 10 == 1:
                    await life.list()
                await life.poll(pipeline)
                if number in {polls // 2, polls - 1}:
                    sizes.append(_kept(client, pipeline, storage))
            session.calls, session.wrecks = 0, ()
            assert await life.settled(pipeline) == peaceful
            half, whole = sizes
            assert whole < 1.25 * half, sizes

    asyncio.run(live())


def _drawn(draw: random.Random) -> list[Wreck]:
    return [
        Wreck(
            draw.randrange(6),
            draw.choice([1, 3, 1000]),
            draw.choice([*KINDS_OF_WRECKS]),
            draw.randrange(2000),
            draw.choice(HOSTILE),
        )
    ]


def _kept(*roots: object) -> int:
    """Count what some objects hold, directly or not."""
    seen, waiting = {id(each) for each in roots}, list(roots)
    while waiting:
        for each in gc.get_referents(waiting.pop()):
            if id(each) not in seen and not isinstance(each, _SHARED):
                seen.add(id(each))
                waiting.append(each)
    return len(seen)


_SHARED: Final = (type, ModuleType, FunctionType, CodeType, FrameType, Tape)
