"""One account at its emulated cloud: what the contract asks of each way to sign in, and how its cloud is made to do it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
import json
from typing import Any, ClassVar

from custom_components.solar_cloud.cloud.control import (
    Command,
    CommandResult,
    Control,
    ControlClient,
    Settings,
    SettingValue,
)
from custom_components.solar_cloud.cloud.errors import RetryLater
from custom_components.solar_cloud.cloud.model import Inventory, Quantity, Snapshot
from custom_components.solar_cloud.cloud.quota import Quota
from custom_components.solar_cloud.cloud.serialization import from_json_or_none
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.cloud.token import SECTION, Token
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import Cloud, SignIn, Vendor
from tests.emulators.base import Cloud as Emulator
from tests.emulators.world import Site
from tests.helpers.clock import StillClock

type AnyEmulator = Emulator[Any]


@dataclass(frozen=True, kw_only=True)
class Past:
    """What the contract asks of a vendor's past."""

    end: datetime
    """Midnight in the plant's zone up to which one report is asked for."""
    rows: int
    """How many it has."""
    lengths: frozenset[float]
    """How many seconds they last."""
    calls: int
    """How many calls into the past may follow each other at once."""
    wait: float
    """How many seconds the next one has to wait at most."""
    counters: frozenset[Quantity]
    """What readings count as the world does, without conversion losses."""
    reported: frozenset[Quantity]
    """The same of reports."""
    reading_error: float
    """How far a reading is from the truth at most, in kWh, as its fields are cut off."""
    report_error: float
    """The same of a report."""
    month_error: float
    """The same of a month: more where it is the sum of days that are cut off."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the contract asks of a vendor's settings."""

    control: Control
    value: float
    endpoint: str
    """Where it is written."""
    refusing: Mapping[str, Any]
    """The knobs with which the device refuses it."""


class Account(ABC):
    """One way to sign in."""

    vendor: ClassVar[Vendor]
    key: ClassVar[str]
    """The sign-in's."""
    emulator: ClassVar[type[AnyEmulator]]
    home: ClassVar[str]
    several: ClassVar[str]
    """The scenario with more plants than one."""
    lists: ClassVar[str]
    """The call that lists plants."""
    live: ClassVar[str]
    """The call that reads devices."""
    wrong: ClassVar[Mapping[str, str]]
    """A credential the cloud refuses."""
    too_many: ClassVar[Mapping[str, Any]]
    """How it says that there were too many calls."""
    tells_times: ClassVar[bool] = True
    """Whether its readings say when they were made."""
    past: ClassVar[Past | None] = None
    setting: ClassVar[Setting | None] = None

    def __init__(self, cloud: Any, clock: StillClock, transport: Transport) -> None:
        """Connect for the first time."""
        self.cloud = cloud
        self.clock = clock
        self.transport = transport
        self.storage = MemoryStorage()
        self.wanted = Inventory({}, {})
        self.quota: Quota
        self.client: Cloud
        self.connect()

    # How the cloud is made to do it

    @property
    @abstractmethod
    def tokens(self) -> int:
        """How often the cloud issued a token, or was asked to."""

    @property
    @abstractmethod
    def secrets(self) -> set[str]:
        """Tokens and codes the cloud issued."""

    @abstractmethod
    def lose_token(self) -> None:
        """Let the token die before its time."""

    @abstractmethod
    def refuse_tokens(self) -> None:
        """Let every call be refused as one with a dead token, with fresh ones too."""

    @abstractmethod
    def spoil_next_token(self) -> None:
        """Let the next sign-in or renewal answer with a token that no header can carry."""

    @property
    def site(self) -> Site:
        """The first plant's part of the world."""
        site: Site = self.cloud.plant.site
        return site

    # What a way to sign in may do its own way

    @property
    def typed(self) -> dict[str, str]:
        """What the user types, but for region and address."""
        typed: dict[str, str] = self.cloud.credentials
        return typed

    async def consent(self, **changes: str) -> None:
        """Let the owner consent and keep the first token, where a sign-in asks for it."""
        assert self.sign_in.oauth is None

    # What everybody does

    @property
    def sign_in(self) -> SignIn:
        """The sign-in's description."""
        return self.vendor.sign_in(self.key)

    def credentials(self, **changes: str) -> dict[str, str]:
        """What the entry keeps."""
        address = {"region": "other", "base_url": self.cloud.url}
        return {**address, **self.typed, **changes}

    def connect(self, **changes: str) -> None:
        """Build a client over what was kept."""
        self.quota = self.vendor.quota(self.storage)
        self.client = self.vendor.connect(
            self.sign_in,
            self.credentials(**changes),
            self.transport,
            self.storage,
            self.quota,
        )

    def restart(self) -> None:
        """Lose everything but what a file would hold."""
        kept: dict[str, Json] = json.loads(json.dumps(self.storage.sections()))
        self.storage = MemoryStorage()
        for section, content in kept.items():
            self.storage.delay_save(section, lambda content=content: content)  # type: ignore[misc]
        self.connect()

    @property
    def token(self) -> Token | None:
        """The token in storage."""
        return from_json_or_none(Token, self.storage.load(SECTION))

    async def list(self) -> Inventory:
        """Read the lists to their end."""
        inventory = await self.client.inventory()
        while inventory.resume_after is not None:
            self.clock.advance(max(15.0, inventory.resume_after))
            inventory = await self.client.inventory()
        self.wanted = inventory
        return inventory

    async def poll(self, after: float | None = None) -> Snapshot:
        """Let a period pass, and read."""
        if not self.wanted.plants:
            await self.list()
        self.clock.advance(self.vendor.poll_period if after is None else after)
        return await self.client.readings(self.wanted)

    async def whole(self) -> Snapshot:
        """Poll as often as the vendor's pace needs for the whole picture."""
        snapshot = await self.poll()
        for _ in range(8):
            if snapshot.resume_after is None:
                break
            snapshot = await self.poll(max(15.0, snapshot.resume_after))
        return snapshot

    async def ready(self) -> None:
        """Know everything that settings need to be known."""
        await self.whole()
        self.controls.available(self.wanted)
        await self.read_settings()
        self.controls.available(self.wanted)

    @property
    def controls(self) -> ControlClient:
        """The client's settings."""
        assert self.client.controls is not None
        return self.client.controls

    @property
    def target(self) -> str:
        """The plant or device that is set."""
        raise NotImplementedError

    @property
    def written(self) -> int:
        """How often something was written, refused or not."""
        assert self.setting is not None
        return int(self.cloud.calls.count(self.setting.endpoint))

    @property
    def carried_out(self) -> int:
        """How many commands reached a device."""
        raise NotImplementedError

    async def apply(self, target: str = "") -> CommandResult:
        """Send the setting."""
        assert self.setting is not None
        control, value = self.setting.control, self.setting.value
        return await self.controls.apply(Command(target or self.target, control, value))

    async def settled(self, result: CommandResult) -> CommandResult:
        """Follow a command to its end, letting time pass with readings as its owner does."""
        while result.task is not None:
            assert result.check_after is not None
            self.clock.advance(result.check_after)
            with suppress(RetryLater):
                await self.client.readings(self.wanted)
            result = await self.controls.poll_task(result.task)
        return result

    async def read_settings(self) -> Settings:
        """Ask what is set, as often as the vendor's pace needs for the whole picture."""
        for _ in range(60):
            settings = await self.controls.settings(self.wanted)
            if settings.resume_after is None:
                return settings
            self.clock.advance(settings.resume_after)
        raise AssertionError("Reading the settings never ends")

    async def set_to(self) -> SettingValue | None:
        """Return what the setting is said to be."""
        assert self.setting is not None
        values = (await self.read_settings()).values
        return values.get((self.target, self.setting.control))


def role(account: Account, snapshot: Snapshot, quantity: Quantity) -> float:
    """Return what a plant's role is, by its best source that answers."""
    (plant_id,) = account.wanted.plants
    for source in account.client.roles(plant_id, account.wanted).get(quantity, ()):
        terms = [
            (snapshot.readings[term.device_id].values.get(term.slot), term.factor)
            for term in source.terms
            if term.device_id in snapshot.readings
        ]
        values = [value * factor for value, factor in terms if isinstance(value, float)]
        if len(values) == len(source.terms):
            weight = sum(factor for _, factor in terms) if source.mean else 1.0
            value = sum(values) / weight
            return value if source.floor is None else max(value, source.floor)
    raise AssertionError(f"Nobody knows {quantity}")
