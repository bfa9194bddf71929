"""The judge in a real Home Assistant: the same scenarios and lies, the entities a user sees, and what the recorder made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.model import (
    Inventory,
    Quantity as Q,
    Reading,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.token import SECTION
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import Vendor
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.session import get_transport
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.helpers import entity_registry as er
from tests.emulators.base import Cloud
from tests.emulators.world import Site
from tests.helpers.home import Home
from tests.helpers.past import energies, hourly, live

from ._glitches import Drawer, Glitch, distort
from ._tape import (
    HOUR,
    ROLES,
    UPLOAD,
    Outage,
    Poll,
    Take,
    Tape,
    role_energies,
    signed_in,
)
from ._verdict import Judge, Trial, Verdict

CALM: Final = {"solax": 8.0, "sungrow": 27.0, "fusionsolar": 8.0}
"""Hours until the past is complete: Sungrow's ends with yesterday."""
SETTLING: Final = 1.0
"""Hours until everything that answers has answered."""


@dataclass(frozen=True)
class Sums:
    """What the recorder made of one role, in kWh."""

    role: Q
    sum: float
    """Recorded minus truth; 0 when truth between one and four uploads ago allows it."""
    worst_hour: float
    """The most an hour holds beyond the world's, an upload earlier included."""
    missing_hour: float
    """The most an hour lacks of the world's, an upload later included."""


@dataclass
class Physics:
    """The world behind a cloud, asked when somebody wants to know."""

    site: Site
    vendor: str

    def at(self, role: Q, when: float) -> float:
        """Return a role's energy at an instant."""
        return role_energies(self.vendor, self.site.truth(when))[role]


def _connecting(vendor: Vendor, connect: Callable[..., Any]) -> Vendor:
    """Return a vendor whose clients are built otherwise; until they were imported for one vendor alone, it held itself what builds them."""
    if not hasattr(vendor, "clients"):
        return replace(vendor, connect=connect)  # type: ignore[call-arg]
    return replace(vendor, clients=lambda: replace(vendor.clients(), connect=connect))


async def account(home: Home, cloud: Cloud[Any], sign_in: str) -> MockConfigEntry:
    """Return an account as the config flow leaves it, consent included."""
    vendor = VENDORS[cloud.name]
    way, transport = vendor.sign_in(sign_in), get_transport(home.hass)
    assert isinstance(transport, Transport)
    credentials, token = await signed_in(sign_in, cloud, transport)
    identity = (
        way.account(credentials)
        if way.oauth is None or token is None
        else way.oauth.account(credentials, token)
    )
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=vendor.name,
        unique_id=f"{cloud.name}_{identity}",
        data={"vendor": cloud.name, "sign_in": sign_in, "credentials": credentials},
        options={"excluded_plants": [], "controls": False},
    )
    entry.add_to_hass(home.hass)
    if token is not None:
        store = await async_get_store(home.hass, entry.entry_id, entry.unique_id)
        await store.save(SECTION, to_json(token))
    return entry


class HomeTrial:
    """One home lives through one scenario."""

    def __init__(
        self,
        home: Home,
        cloud: Cloud[Any],
        sign_in: str,
        seed: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Stand between client and Home Assistant."""
        self.home: Final = home
        self.cloud: Final = cloud
        self.random: Final = Random(seed)
        self.glitches: list[Glitch] = []
        self.outages: Sequence[Outage] = ()
        self.restarts: list[float] = []
        self._take: Final = Take(sign_in)
        self._told: Snapshot | None = None
        self._judged = 0
        self.entry: MockConfigEntry
        self.tape: Tape
        self._polls: list[Poll] = []
        vendor = VENDORS[cloud.name]

        def connect(*args: Any) -> Any:
            client = vendor.connect(*args)
            honest = client.readings

            async def readings(wanted: Inventory) -> Snapshot:
                return self._hear(await honest(wanted))

            monkeypatch.setattr(client, "readings", readings)
            return client

        monkeypatch.setitem(VENDORS, vendor.key, _connecting(vendor, connect))

    @property
    def _site(self) -> Site:
        return next(iter(self.cloud.world.sites.values()))

    def _hear(self, snapshot: Snapshot) -> Snapshot:
        """Note what was said honestly, and lie."""
        now, site = datetime.now(UTC).timestamp(), self._site
        uploads = [site.last_upload(key, now) or now for key in site.dongles]
        poll = Poll(now, max(uploads), min(uploads), snapshot)
        self._polls.append(poll)
        self._told = snapshot
        if hasattr(self, "tape"):
            self.tape.hear(poll)
            self._told = distort(snapshot, self.glitches, now, self.tape)
        return self._told

    async def run(self, scenario: str, days: float) -> tuple[list[Verdict], list[Sums]]:
        """Live through it and some calm hours; return what a user saw and what the recorder has."""
        self.entry = await account(self.home, self.cloud, self._take.sign_in)
        await self.home.start(self.entry)
        await self._only_roles()
        await live(self.home, SETTLING)
        data = self.entry.runtime_data
        inventory = data.inventory.data
        plant = next(iter(inventory.plants))
        name = self.cloud.name
        self.tape = Tape(
            self._take,
            plant,
            inventory,
            data.cloud.roles(plant, inventory),
            Physics(self._site, name),
            tuple(self._polls),
        )
        begin = datetime.now(UTC).timestamp()
        end = begin + days * 86400.0
        self._draw(scenario, begin, end)
        quiet = not self.glitches and not self.outages
        trial = Trial(self.glitches)
        judge = Judge(self.tape, replace(trial, today_patience=0.0) if quiet else trial)
        await live(self.home, 1 / 12)
        first = datetime.now(UTC).timestamp()
        before = await self._sums()
        last = end + CALM[name] * HOUR
        while datetime.now(UTC).timestamp() < last:
            await self._step()
            self._watch(judge)
        verdicts = judge.verdicts(self._polls[-1])
        after = await self._sums()
        return verdicts, [
            await self._summary(role, first, before[role], after[role])
            for role in before
        ]

    def _draw(self, scenario: str, begin: float, end: float) -> None:
        drawer = Drawer(self.random, self.tape)
        self.restarts = sorted(self.random.uniform(begin, end) for _ in range(2))
        match scenario:
            case "storm":
                self.glitches += drawer.storm(begin, end)
            case "midnight":
                self.glitches += drawer.midnights(begin, end)
            case "replaced":
                self.glitches += drawer.replaced(begin + self.random.uniform(0, 43_200))
            case "cut":
                self.outages = drawer.outages(begin, end)

    async def _step(self) -> None:
        """Live until the next poll, through what is off."""
        now = datetime.now(UTC).timestamp()
        active = {
            each.kind: each for each in self.outages if each.begin <= now < each.end
        }
        self.cloud.faults.clear()
        if "cloud" in active:
            self.cloud.fault("*", http=503, times=None)
        self.cloud.set_online("dongle" not in active)  # type: ignore[attr-defined]
        if (off := active.get("off")) is not None:
            await self.home.hass.config_entries.async_unload(self.entry.entry_id)
            until = datetime.fromtimestamp(off.end // UPLOAD * UPLOAD + UPLOAD, UTC)
            self.home.freezer.move_to(until)
            await self.home.restart(self.entry)
            return
        if self.restarts and now >= self.restarts[0]:
            self.restarts.pop(0)
            await self.home.restart(self.entry)
        await live(self.home, 1 / 12)

    def _watch(self, judge: Judge) -> None:
        """Judge what a user sees after a new poll."""
        if len(self._polls) == self._judged or self._told is None:
            return
        self._judged = len(self._polls)
        values: dict[Slot, float | str] = {}
        for quantity in (*ROLES, *ROLES.values()):
            entity_id = self._entity(quantity)
            state = self.home.hass.states.get(entity_id) if entity_id else None
            if state is not None and state.state not in {"unknown", "unavailable"}:
                values[Slot(quantity)] = float(state.state)
        judge.look(self._polls[-1], self._told, Reading(None, values))

    def _entity(self, quantity: Q) -> str | None:
        plant = next(iter(self.entry.runtime_data.inventory.data.plants))
        unique_id = f"{self.cloud.name}_{plant}_{quantity}"
        return er.async_get(self.home.hass).async_get_entity_id(
            "sensor", DOMAIN, unique_id
        )

    async def _only_roles(self) -> None:
        """Leave the entities that are judged, so that days pass quickly."""
        registry = er.async_get(self.home.hass)
        wanted = {self._entity(each) for each in (*ROLES, *ROLES.values())}
        for each in er.async_entries_for_config_entry(registry, self.entry.entry_id):
            if each.entity_id not in wanted and not each.disabled_by:
                registry.async_update_entity(
                    each.entity_id, disabled_by=er.RegistryEntryDisabler.USER
                )
        await self.home.restart(self.entry)

    async def _sums(self) -> dict[Q, tuple[float, float]]:
        """Return the newest hour of each role's statistic: when it ends, and its sum."""
        found = {}
        for role in ROLES:
            if (entity_id := self._entity(role)) is not None:
                rows = await hourly(self.home.hass, entity_id)
                if rows:
                    found[role] = (rows[-1].start + HOUR, rows[-1].sum)
        return found

    async def _summary(
        self,
        role: Q,
        first: float,
        before: tuple[float, float],
        after: tuple[float, float],
    ) -> Sums:
        truth, tolerance = self.tape.truth, self.tape.resolution(role) + 0.015
        grown = after[1] - before[1]
        most = truth.at(role, after[0]) - truth.at(role, before[0] - 4 * UPLOAD)
        least = truth.at(role, after[0] - 4 * UPLOAD) - truth.at(role, before[0])
        over, under = grown - most - tolerance, least - tolerance - grown
        entity_id = self._entity(role)
        assert entity_id is not None
        hours = energies(await hourly(self.home.hass, entity_id))
        beyond = lacking = 0.0
        for at, energy in hours.items():
            if at < first or self._forgotten(at):
                continue
            upper = truth.at(role, at + HOUR) - truth.at(role, at - 4 * UPLOAD)
            lower = truth.at(role, at + HOUR - 4 * UPLOAD) - truth.at(role, at)
            beyond = max(beyond, energy - upper - tolerance)
            lacking = max(lacking, lower - energy - tolerance)
        return Sums(role, over if over > 0 else -max(0.0, under), beyond, lacking)

    def _forgotten(self, hour: float) -> bool:
        """Whether the vendor knows nothing of an hour either: a dongle off the net uploads nothing afterwards."""
        return any(
            each.kind == "dongle" and each.begin - HOUR < hour < each.end + HOUR
            for each in self.outages
        )


def lines(verdicts: Sequence[Verdict], sums: Sequence[Sums]) -> str:
    """Print it for people."""
    recorded = {each.role: each for each in sums}
    rows = [
        f"{'role':32}{'recorder':>9}{'hour over':>10}{'under':>8}"
        f"{'phantom':>9}{'freeze':>8}{'above':>8}{'below':>8}{'falls':>8}"
    ]
    for each in verdicts:
        if (row := recorded.get(each.role)) is None:
            continue
        rows.append(
            f"{each.role:32}{row.sum:9.2f}{row.worst_hour:10.2f}{row.missing_hour:8.2f}"
            f"{each.phantom:9.2f}{each.freeze:8.0f}{each.above:8.2f}{each.below:8.2f}{each.falls:8.2f}"
        )
    return "\n".join(rows)
