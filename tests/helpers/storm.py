"""A month of everything that goes wrong: lies, restarts, outages, a change of clocks and of a device, by seed.

Lies are told between a vendor's client and the rest, so that each vendor gets the same. Beside our counters lives a plain sensor that
believes every value, as most integrations have it. The truth is what the client would have said without the lies.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
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
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.statistics import recorder
from homeassistant.helpers import entity_registry as er

from ..emulators.base import Cloud
from .home import Home
from .past import energies, hourly, live

ROLES: Final = {
    Q.PV_ENERGY_TOTAL: "pv",
    Q.GRID_IMPORT_ENERGY_TOTAL: "grid_import",
    Q.GRID_EXPORT_ENERGY_TOTAL: "grid_export",
    Q.BATTERY_CHARGE_ENERGY_TOTAL: "battery_charge",
    Q.BATTERY_DISCHARGE_ENERGY_TOTAL: "battery_discharge",
}
"""The roles every vendor's home has, and what the world calls them."""

SLEEP: Final = 9 * 3600.0
"""Seconds a battery may sleep that was emptied while its dongle was off: only then it says what it gave."""

Lie = Callable[[float], float | None]
LIES: Final[Mapping[str, tuple[Lie, int]]] = {
    "zero at night (E08)": (lambda value: 0.0, 3600),
    "dip (E06)": (lambda value: value - 0.4, 1500),
    "yesterday once more (E01)": (lambda value: value + 31.7, 900),
    "absurd point (E09)": (lambda value: value + 187.0, 300),
    "fall after midnight (E03)": (lambda value: value * 0.998, 3000),
    "absent (E12)": (lambda value: None, 1200),
}
"""What a counter becomes, and for how many seconds."""


@dataclass
class Storm:
    """Lies that are told now, and what was said without them."""

    random: Random
    lies: list[tuple[float, Lie]] = field(default_factory=list)
    said: dict[str, Reading] = field(default_factory=dict)
    """The last honest readings."""
    base: dict[tuple[str, Slot], float] = field(default_factory=dict)
    """Where counters of replaced devices began anew."""
    heard: Callable[[Mapping[str, Reading]], None] = lambda readings: None

    def replace(self, owner: str) -> None:
        """Let the counters of a device begin at zero, as those of a new one do."""
        for slot, value in self.said[owner].values.items():
            if slot.quantity.is_counter and isinstance(value, float):
                self.base[owner, slot] = value

    def distort(self, snapshot: Snapshot) -> Snapshot:
        """Tell the lies of the moment."""
        now = datetime.now(UTC).timestamp()
        self.lies = [lie for lie in self.lies if lie[0] > now]
        for owner, reading in snapshot.readings.items():
            # What a sleeping device leaves out stands as it stood.
            kept = self.said[owner].values if owner in self.said else {}
            self.said[owner] = replace(reading, values={**kept, **reading.values})
        readings = {
            owner: replace(reading, values=dict(self.values(owner, reading)))
            for owner, reading in snapshot.readings.items()
        }
        self.heard(readings)
        return replace(snapshot, readings=readings)

    def values(self, owner: str, reading: Reading) -> Iterator[tuple[Slot, Any]]:
        """Yield a reading's values as they are told."""
        for slot, value in reading.values.items():
            told: Any = value
            if slot.quantity.is_counter and isinstance(value, float):
                told = max(0.0, value - self.base.get((owner, slot), 0.0))
                for _, lie in self.lies:
                    told = None if told is None else lie(told)
            if told is not None:
                yield slot, told


@dataclass(frozen=True)
class Line:
    """One role after the storm, in kWh."""

    role: str
    truth: float
    guarded: float
    unguarded: float
    worst_hour: float
    """The largest error of one hour, among those the vendor remembers."""
    worst_lump: float
    """The same among those it does not: a dongle that is off the net uploads nothing afterwards."""


class Trial:
    """One home in the storm."""

    def __init__(
        self,
        home: Home,
        cloud: Cloud[Any],
        entry: MockConfigEntry,
        monkeypatch: pytest.MonkeyPatch,
        seed: int,
    ) -> None:
        """Stand between the client and Home Assistant."""
        self.home: Final = home
        self.cloud: Final = cloud
        self.entry: Final = entry
        self.storm: Final = Storm(Random(seed))
        self.log: list[tuple[float, dict[Q, float]]] = []
        self.forgotten: list[tuple[float, float]] = []
        """Times the vendor knows nothing of, and until what was counted in them was believed."""
        vendor = VENDORS[entry.data["vendor"]]

        def connect(*args: Any) -> Any:
            client = vendor.connect(*args)
            honest = client.readings

            async def readings(wanted: Inventory) -> Snapshot:
                return self.storm.distort(await honest(wanted))

            monkeypatch.setattr(client, "readings", readings)
            return client

        monkeypatch.setitem(
            VENDORS,
            vendor.key,
            replace(vendor, clients=lambda: replace(vendor.clients(), connect=connect)),
        )

    async def run(self, days: float, calm: float = 27.0) -> list[Line]:
        """Live through the storm and some calm hours after it; return what the recorder made of it."""
        await self.home.start(self.entry)
        await self._only_roles()
        await live(self.home, 1.0)
        self._plain()
        self.storm.heard = lambda _: self._plain()
        await live(self.home, 1.0)
        begun = await self._grown()
        first = datetime.now(UTC).timestamp()
        end = datetime.now(UTC) + timedelta(days=days)
        replaced = False
        while datetime.now(UTC) < end:
            await live(self.home, self.storm.random.uniform(0.5, 6.0))
            if not replaced and datetime.now(UTC) > end - timedelta(days=days / 3):
                replaced = True
                self._replace_inverter()
            await self._strike(end)
        await live(self.home, calm)
        lines = []
        for role, after in (await self._grown()).items():
            truth, ours, theirs = (
                now - then for then, now in zip(begun[role], after, strict=True)
            )
            hour, lump = await self._worst_hours(role, first)
            lines.append(Line(str(role), truth, ours, theirs, hour, lump))
        return lines

    async def _grown(self) -> dict[Q, tuple[float, float, float]]:
        """Return what was counted of each role: in truth, by ours, and by the sensor beside it."""
        now = datetime.now(UTC).timestamp()
        found = {}
        for role in ROLES:
            names = (self._ours(role), self._theirs(role))
            rows = await recorder.async_rows(
                self.home.hass, names, now - 3600, period="5minute"
            )
            ours, theirs = (rows[name][-1] for name in names)
            honest = next(
                values[role]
                for at, values in reversed(self.log)
                if at < ours.start + 300
            )
            found[role] = (honest, ours.sum, theirs.sum)
        return found

    async def _worst_hours(self, role: Q, first: float) -> tuple[float, float]:
        """Return the largest error of an hour that the vendor remembers, and of one that it does not."""
        worst = {True: 0.0, False: 0.0}
        rows = await hourly(self.home.hass, self._ours(role))
        for at, energy in energies(rows).items():
            if at > first:
                known = not any(
                    start < at + 3600 and at < end for start, end in self.forgotten
                )
                error = abs(energy - self._world(role, at))
                worst[known] = max(worst[known], error)
        return worst[True], worst[False]

    async def _strike(self, end: datetime) -> None:
        """Let one thing go wrong."""
        random = self.storm.random
        now = datetime.now(UTC)
        left = (end - now).total_seconds()
        kind = random.choice(["lie"] * 6 + ["restart", "off", "cloud", "dongle"])
        length = min(random.choice([900, 2400, 9000, 30_000, 172_800]), left / 3)
        if kind == "lie":
            lie, lasts = random.choice(list(LIES.values()))
            self.storm.lies.append((now.timestamp() + lasts, lie))
        elif kind == "restart":
            await self.home.restart(self.entry)
        elif kind == "off" and length > 600:
            await self.home.hass.config_entries.async_unload(self.entry.entry_id)
            for role in ROLES:
                self.home.hass.states.async_set(
                    self._theirs(role), "unavailable", ATTRIBUTES
                )
            self.home.freezer.move_to(now + timedelta(seconds=length // 300 * 300))
            await self.home.restart(self.entry)
        elif kind == "cloud" and length > 600:
            fault = self.cloud.fault("*", http=503, times=None)
            await live(self.home, min(length, 30_000) / 3600)
            self.cloud.faults.remove(fault)
        elif kind == "dongle" and length > 600:
            self.cloud.set_online(False)  # type: ignore[attr-defined]
            await live(self.home, min(length, 30_000) / 3600)
            self.cloud.set_online(True)  # type: ignore[attr-defined]
            back = datetime.now(UTC).timestamp() + SLEEP
            self.forgotten.append((now.timestamp(), back))

    def _replace_inverter(self) -> None:
        inventory = self.entry.runtime_data.inventory.data
        for key, device in sorted(inventory.devices.items()):
            if device.kind == "inverter" and key in self.storm.said:
                self.storm.replace(key)
                return

    async def _only_roles(self) -> None:
        """Leave the entities that count, so that a month passes quickly."""
        registry = er.async_get(self.home.hass)
        wanted = {self._ours(role) for role in ROLES}
        for each in er.async_entries_for_config_entry(registry, self.entry.entry_id):
            if each.entity_id not in wanted and not each.disabled_by:
                registry.async_update_entity(
                    each.entity_id, disabled_by=er.RegistryEntryDisabler.USER
                )
        await self.home.restart(self.entry)

    @property
    def _plant(self) -> str:
        return str(next(iter(self.entry.runtime_data.inventory.data.plants)))

    def _ours(self, role: Q) -> str:
        vendor = self.entry.data["vendor"]
        found = er.async_get(self.home.hass).async_get_entity_id(
            "sensor", DOMAIN, f"{vendor}_{self._plant}_{role}"
        )
        assert found, role
        return found

    @staticmethod
    def _theirs(role: Q) -> str:
        return f"sensor.unguarded_{role}"

    def _terms(self, role: Q) -> list[tuple[str, str]]:
        sources = self.entry.runtime_data.pipeline.sources(self._plant)
        return list(sources.get(role) or [(self._plant, str(role))])

    def _sum(self, role: Q, readings: Mapping[str, Reading]) -> float | None:
        total = 0.0
        for owner, key in self._terms(role):
            values = (
                {slot.key: value for slot, value in readings[owner].values.items()}
                if owner in readings
                else {}
            )
            if not isinstance(value := values.get(key), float):
                return None
            total += value
        return total

    def _honest(self, role: Q) -> float:
        found = self._sum(role, self.storm.said)
        assert found is not None, role
        return found

    def _plain(self) -> None:
        """Publish what a sensor without a guard would: whatever was said."""
        if self.entry.state.name != "LOADED":
            return
        told = {
            owner: Reading(None, dict(self.storm.values(owner, reading)))
            for owner, reading in self.storm.said.items()
        }
        self.log.append(
            (
                datetime.now(UTC).timestamp(),
                {role: self._honest(role) for role in ROLES},
            )
        )
        for role in ROLES:
            value = self._sum(role, told)
            self.home.hass.states.async_set(
                self._theirs(role),
                "unknown" if value is None else str(round(value, 3)),
                ATTRIBUTES,
            )

    def _world(self, role: Q, at: float) -> float:
        site = next(iter(self.cloud.world.sites.values()))
        grown = site.truth(at + 3600).since(site.truth(at))
        return float(getattr(grown, ROLES[role]))


ATTRIBUTES: Final = {
    "state_class": "total_increasing",
    "device_class": "energy",
    "unit_of_measurement": "kWh",
}


def table(vendor: str, days: float, lines: list[Line]) -> str:
    """Print it for people."""
    head = f"{vendor}, {days:g} days: recorder minus truth, kWh"
    rows = [
        f"{'role':34}{'truth':>10}{'ours':>10}{'unguarded':>12}{'worst hour':>12}{'worst lump':>12}",
        *(
            f"{line.role:34}{line.truth:10.2f}{line.guarded - line.truth:10.2f}"
            f"{line.unguarded - line.truth:12.2f}{line.worst_hour:12.2f}{line.worst_lump:12.2f}"
            for line in lines
        ),
    ]
    return "\n".join(["", head, *rows])
