"""What a vendor's client says of a world, recorded once and replayed as often as one likes.

Emulated cloud, real HTTP and the real client, at a moved clock. A recording is kept in the temporary folder under a name made of
everything it depends on, the source of clients and clouds included.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
import functools
import hashlib
from pathlib import Path
import pickle
import tempfile
import time
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp

from custom_components.solar_cloud.cloud.errors import CloudError, RetryLater
from custom_components.solar_cloud.cloud.model import (
    Inventory,
    Quantity as Q,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.sources import PlantSources, Source
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.token import Token
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import Cloud as Client, Vendor
from custom_components.solar_cloud.pipeline.known_slots import KnownSlots
from custom_components.solar_cloud.polling.scheduler import PollScheduler
from tests.emulators.base import Cloud
from tests.emulators.registry import CLOUDS
from tests.emulators.world import Energies, Site, World
from tests.emulators.world.sun import Sun

from ._wire import Lie, LyingTransport

ROOT: Final = Path(__file__).parents[2]
ZONE: Final = ZoneInfo("Europe/Berlin")
UPLOAD: Final = 300.0
MINUTE: Final = 60.0
HOUR: Final = 3600.0

ROLES: Final = {
    Q.PV_ENERGY_TOTAL: Q.PV_ENERGY_TODAY,
    Q.GRID_IMPORT_ENERGY_TOTAL: Q.GRID_IMPORT_ENERGY_TODAY,
    Q.GRID_EXPORT_ENERGY_TOTAL: Q.GRID_EXPORT_ENERGY_TODAY,
    Q.BATTERY_CHARGE_ENERGY_TOTAL: Q.BATTERY_CHARGE_ENERGY_TODAY,
    Q.BATTERY_DISCHARGE_ENERGY_TOTAL: Q.BATTERY_DISCHARGE_ENERGY_TODAY,
    Q.LOAD_ENERGY_TOTAL: Q.LOAD_ENERGY_TODAY,
}
"""The six counters of a plant, each with its counter of today."""

SIGN_INS: Final = {
    "solax": "solax",
    "sungrow_account": "sungrow",
    "sungrow_oauth": "sungrow",
    "fusionsolar_account": "fusionsolar",
    "fusionsolar_oauth": "fusionsolar",
}
HOMES: Final = {"solax": "home-hybrid", "sungrow": "home-hybrid", "fusionsolar": "home"}
SEASONS: Final = {
    "summer": datetime(2026, 6, 15, 0, 20, tzinfo=ZONE),
    "winter": datetime(2026, 12, 7, 0, 20, tzinfo=ZONE),
}
WEATHER: Final = {"sunny": 0.95, "mixed": None, "dark": 0.06}
FORM: Final = b"1"
"""Another one for every change of how is recorded."""
REDIRECT: Final = "https://my.home-assistant.io/redirect/oauth"


class Time:
    """The process's time, standing still until it is moved."""

    def __init__(self, now: float) -> None:
        """Stand at an instant."""
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@contextmanager
def moved_time(now: float) -> Iterator[Time]:
    """Let the process live at another time."""
    real, moved = time.time, Time(now)
    time.time = moved
    try:
        yield moved
    finally:
        time.time = real


@functools.cache
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError, ValueError:
        return None


class Place:
    """The home's place: its zone, and the sun over it."""

    def __init__(self) -> None:
        """Stand where the emulated homes stand."""
        self._sun = Sun(48.1, 11.5)

    @property
    def home(self) -> tzinfo:
        """Its time zone."""
        return ZONE

    def zone(self, name: str) -> tzinfo | None:
        """Look a time zone up."""
        return _zone(name)

    def sun_is_up(self, at: float) -> bool:
        """Whether the sun stands over the horizon."""
        return self._sun.direction(at)[2] > 0


@dataclass(frozen=True)
class Outage:
    """A cloud that answers 503, a dongle that is off the net, or a Home Assistant that is off."""

    kind: str
    begin: float
    end: float


@dataclass(frozen=True)
class Take:
    """What is recorded."""

    sign_in: str
    season: str = "summer"
    weather: str = "mixed"
    days: float = 4.0
    seed: int = 1
    phase: float | None = None
    """Seconds after the full five minutes at which is polled; ``None`` polls in step with the uploads."""
    outages: tuple[Outage, ...] = ()
    lies: tuple[Lie, ...] = field(default=(), repr=False)
    """What is told on the wire."""

    @property
    def vendor(self) -> Vendor:
        """Whose account it is."""
        return VENDORS[SIGN_INS[self.sign_in]]

    @property
    def begin(self) -> float:
        """When the recording begins."""
        return SEASONS[self.season].timestamp()


@dataclass(frozen=True)
class Poll:
    """One answer of the client, and when the newest and the oldest data behind it were uploaded."""

    at: float
    newest: float
    oldest: float
    snapshot: Snapshot


class Truth(Protocol):
    """The exact energies of a home."""

    def at(self, role: Q, when: float) -> float:
        """Return a role's energy at an instant, in kWh."""


@dataclass(frozen=True)
class Minutes:
    """The exact energies of the world, minute by minute, in kWh."""

    begin: float
    sums: Mapping[Q, Sequence[float]]

    def at(self, role: Q, when: float) -> float:
        """Return a role's energy at an instant."""
        values = self.sums[role]
        place = min(max(0.0, (when - self.begin) / MINUTE), len(values) - 1.001)
        number = int(place)
        return values[number] + (place - number) * (values[number + 1] - values[number])


@dataclass
class Tape:
    """A recording."""

    take: Take
    plant: str
    inventory: Inventory
    roles: PlantSources
    truth: Truth
    polls: tuple[Poll, ...]
    said: dict[tuple[str, Slot], tuple[list[float], list[float]]] = field(
        default_factory=dict
    )
    """Every counter's honest values by time."""

    def __post_init__(self) -> None:
        """Sort the counters."""
        for poll in self.polls:
            self.hear(poll)

    def hear(self, poll: Poll) -> None:
        """Note the counters of a poll."""
        for owner, reading in poll.snapshot.readings.items():
            for slot, value in reading.values.items():
                if slot.quantity.is_energy and isinstance(value, float):
                    times, values = self.said.setdefault((owner, slot), ([], []))
                    times.append(poll.at)
                    values.append(value)

    @functools.cached_property
    def sources(self) -> dict[Q, Source]:
        """The best source of each role that ever answers."""
        return {
            role: source
            for role in ROLES
            for source in reversed(self.roles.get(role, ()))
            if all((term.device_id, term.slot) in self.said for term in source.terms)
        }

    def addends(self, role: Q) -> Source | None:
        """Return what a role is really made of."""
        return self.sources.get(role)

    def counters(self, role: Q) -> set[tuple[str, Slot]]:
        """Return what a role's counters are read from."""
        source = self.addends(role)
        terms = source.terms if source else ()
        return {(term.device_id, term.slot) for term in terms}

    def honest(self, owner: str, slot: Slot, at: float) -> float | None:
        """Return what was said of a counter last at an instant."""
        times, values = self.said.get((owner, slot), ((), ()))
        number = bisect_right(times, at) - 1
        return values[number] if number >= 0 else None

    def last_said(self, owner: str, slot: Slot, at: float) -> float | None:
        """Return when a counter was said last at an instant."""
        times, _ = self.said.get((owner, slot), ((), ()))
        number = bisect_right(times, at)
        return times[number - 1] if number else None

    def silent_since_outage(self, owner: str, slot: Slot, at: float) -> bool:
        """Whether a counter was not said again since an outage: nobody knows what it counted meanwhile."""
        ends = [each.end for each in self.take.outages if each.begin <= at]
        said = self.last_said(owner, slot, at)
        return bool(ends) and (said is None or said < max(ends))

    def resolution(self, role: Q) -> float:
        """Return what the last digits of a role's addends are worth together."""
        source = self.addends(role)
        terms = source.terms if source else ()
        return sum(digit(self.take.vendor.key, term.slot.quantity) for term in terms)


def digit(vendor: str, quantity: Q) -> float:
    """Return the resolution of a vendor's counter in kWh, as its fields are documented."""
    fine = vendor == "fusionsolar" or (
        vendor == "solax" and quantity.startswith("grid_")
    )
    return 0.01 if fine else 0.1


def midnight(at: float, days: int = 0) -> float:
    """Return when the plant's day of an instant began, or of some days later."""
    local = datetime.fromtimestamp(at, ZONE)
    day = datetime(local.year, local.month, local.day, tzinfo=ZONE).timestamp()
    return day if not days else midnight(day + days * 86400.0 + 43200.0)


def role_energies(vendor: str, energies: Energies) -> dict[Q, float]:
    """Say what the roles of a vendor's home count; only SolaX counts conversion losses as consumption."""
    house = energies.load + energies.charger
    return {
        Q.PV_ENERGY_TOTAL: energies.pv,
        Q.GRID_IMPORT_ENERGY_TOTAL: energies.grid_import,
        Q.GRID_EXPORT_ENERGY_TOTAL: energies.grid_export,
        Q.BATTERY_CHARGE_ENERGY_TOTAL: energies.battery_charge,
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL: energies.battery_discharge,
        Q.LOAD_ENERGY_TOTAL: house + energies.loss if vendor == "solax" else house,
    }


async def signed_in(
    sign_in: str, cloud: Cloud[Any], transport: Transport
) -> tuple[dict[str, str], Token | None]:
    """Return what a user types, and the first token where the owner consents in a browser."""
    oauth = VENDORS[cloud.name].sign_in(sign_in).oauth
    known: Mapping[str, str] = cloud.credentials
    for name in ("consent_credentials", "oauth_credentials") if oauth else ():
        known = getattr(cloud, name, known)
    credentials = {**known, "region": "other", "base_url": cloud.url}
    if oauth is None:
        return credentials, None
    asked: Any = cloud
    if cloud.name == "sungrow":
        code, redirect = asked.consent(), asked.application.redirect_url
    else:
        code, redirect = asked.consent(REDIRECT), REDIRECT
    return credentials, await oauth.exchange(credentials, code, redirect, transport)


async def connect(
    sign_in: str, cloud: Cloud[Any], transport: Transport, storage: MemoryStorage
) -> Client:
    """Build a client that is signed in."""
    vendor = VENDORS[cloud.name]
    credentials, token = await signed_in(sign_in, cloud, transport)
    if token is not None:
        await storage.save("token", to_json(token))
    way, quota = vendor.sign_in(sign_in), vendor.quota(storage)
    return vendor.connect(way, credentials, transport, storage, quota)


@dataclass
class _Studio:
    """A recording on its way."""

    take: Take
    clock: Time
    cloud: Cloud[Any]
    client: Client
    polls: list[Poll] = field(default_factory=list)

    @property
    def site(self) -> Site:
        return next(iter(self.cloud.world.sites.values()))

    async def list(self) -> Inventory:
        inventory = await self.client.inventory()
        while inventory.resume_after is not None:
            self.clock.now += max(15.0, inventory.resume_after)
            inventory = await self.client.inventory()
        return inventory

    async def run(self, inventory: Inventory, end: float) -> None:
        storage, period = MemoryStorage(), self.take.vendor.poll_period
        seen = KnownSlots(storage)
        rhythm = PollScheduler(storage, period, self.take.seed * 7919, seen, Place())
        while self.clock.now < end:
            started = self.clock.now
            off = self._arrange(started)
            following = started + period
            if off:
                self.clock.now = off.end
                continue
            try:
                snapshot = await self.client.readings(inventory)
            except CloudError as err:
                if isinstance(err, RetryLater):
                    following = started + max(15.0, err.retry_after)
            else:
                self._keep(started, snapshot)
                rhythm.learn(snapshot, inventory, started)
                if snapshot.resume_after is not None:
                    following = started + max(15.0, snapshot.resume_after)
                elif self.take.phase is None:
                    following = max(started + 15.0, rhythm.next_poll(started))
                else:
                    slot = (started - self.take.phase) // period + 1
                    following = self.take.phase + slot * period
            self.clock.now = following

    def _arrange(self, now: float) -> Outage | None:
        """Let the outages of the moment be; return the one that switches Home Assistant off."""
        found = [each for each in self.take.outages if each.begin <= now < each.end]
        self.cloud.faults.clear()
        if any(each.kind == "cloud" for each in found):
            self.cloud.fault("*", http=503, times=None)
        return next((each for each in found if each.kind == "off"), None)

    def unplug(self) -> None:
        """Take the dongles off the net when they are to be."""
        for outage in self.take.outages:
            if outage.kind == "dongle":
                for dongle in {
                    id(one): one for one in self.site.dongles.values()
                }.values():
                    dongle.online.set(outage.begin, False)
                    dongle.online.set(outage.end, True)

    def _keep(self, at: float, snapshot: Snapshot) -> None:
        site = self.site
        uploads = [site.last_upload(key, at) or at for key in site.dongles]
        self.polls.append(Poll(at, max(uploads), min(uploads), _slim(snapshot)))


def _slim(snapshot: Snapshot) -> Snapshot:
    """Leave out what says nothing about energy, so that replays are quick."""
    return replace(
        snapshot,
        readings={
            owner: replace(
                reading,
                values={
                    slot: value
                    for slot, value in reading.values.items()
                    if _about_energy(slot)
                },
            )
            for owner, reading in snapshot.readings.items()
        },
    )


def _about_energy(slot: Slot) -> bool:
    quantity = slot.quantity
    return quantity.is_energy or (
        slot.index == 0 and (quantity.endswith("_power") or quantity is Q.BATTERY_SOC)
    )


async def _record(take: Take) -> Tape:
    with moved_time(take.begin) as clock:
        world = World(seed=take.seed)
        name = take.vendor.key
        async with (
            CLOUDS[name](world, HOMES[name]) as cloud,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        ):
            storage = MemoryStorage()
            transport = LyingTransport(session, take.lies)
            client = await connect(take.sign_in, cloud, transport, storage)
            studio = _Studio(take, clock, cloud, client)
            studio.site.change(clearness=WEATHER[take.weather])
            studio.unplug()
            inventory = await studio.list()
            end = take.begin + take.days * 86400.0
            await studio.run(inventory, end)
            plant = next(iter(inventory.plants))
            site = studio.site
            sums: dict[Q, list[float]] = {role: [] for role in ROLES}
            first = midnight(take.begin) - 60 * MINUTE
            for number in range(int((end - first) / MINUTE) + 2):
                truth = site.truth(first + number * MINUTE)
                for role, value in role_energies(name, truth).items():
                    sums[role].append(value)
            return Tape(
                take,
                plant,
                inventory,
                client.roles(plant, inventory),
                Minutes(first, sums),
                tuple(studio.polls),
            )


@functools.cache
def _source(vendor: str) -> bytes:
    """Digest the source a vendor's recordings depend on."""
    integration = ROOT / "custom_components/solar_cloud"
    shared = (integration / "cloud", ROOT / "tests/emulators")
    own = [ROOT / "tests/emulators/world", *(folder / vendor for folder in shared)]
    files = [path for folder in shared for path in folder.glob("*.py")]
    files += [path for folder in own for path in folder.rglob("*.py")]
    files += (integration / "polling").glob("*.py")
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.digest() + FORM


@functools.lru_cache(maxsize=8)
def recorded(take: Take) -> Tape:
    """Return a recording, made now unless it was made before."""
    name = hashlib.sha256(
        _source(take.vendor.key) + f"{take}{take.lies or ''}".encode()
    ).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / "solar-cloud-tapes"
    folder.mkdir(exist_ok=True)
    path = folder / f"{take.sign_in}-{name}.pickle"
    if path.exists():
        tape: Tape = pickle.loads(path.read_bytes())  # noqa: S301 - our own file
        return tape
    tape = asyncio.run(_record(take))
    part = path.with_suffix(f".{id(tape)}")
    part.write_bytes(pickle.dumps(tape))
    part.replace(path)
    return tape


def clock(at: float) -> str:
    """Say an instant by the plant's clock."""
    return f"{datetime.fromtimestamp(at, ZONE):%a %H:%M}"


def now_of(at: float) -> datetime:
    """Return an instant as an aware time."""
    return datetime.fromtimestamp(at, UTC)
