"""Plants and devices of an account, from the cloud's lists to ours."""

from collections.abc import Iterable, Mapping, Sequence
import re
import time
from typing import Final

from ..errors import ListingUnfinished, Paced
from ..model import Device, DeviceKind, Inventory, Plant
from ..paging import ListingMemory
from ..storage import Storage
from .access import Gate, SolaxAccess
from .api import SolaxRow
from .battery_discovery import (
    BY_BATTERY,
    BY_INVERTER,
    MOST_SERIALS,
    BatteryDiscovery,
    list_of_batteries,
)
from .models import (
    BATTERY,
    CHARGER,
    COMMERCIAL,
    HOME,
    INVERTER,
    METER,
    model_name,
    phases,
    takes_battery,
)
from .session import (
    PAGE_SIZE,
    DeviceList,
    PagedLister,
    SolaxSession,
    list_of_devices,
    list_of_energy_managers,
    list_of_plants,
)

LISTING_SECTION: Final = "solax_listing"
KIND: Final[Mapping[str, DeviceKind]] = {
    INVERTER: DeviceKind.INVERTER,
    METER: DeviceKind.METER,
    CHARGER: DeviceKind.CHARGER,
}
KILO: Final = 1000.0
IANA: Final = re.compile(r"UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+")
"""The document promises this; accounts were seen with "(UTC+01:00)Amsterdam, …" instead, which knows no daylight saving time."""
FLAGS: Final[Mapping[str, Mapping[int, str]]] = {
    HOME: {0: "single", 1: "master", 2: "slave", 3: "slave", 4: "slave"},
    COMMERCIAL: {0: "master", 1: "slave"},
}


class SolaxInventory:
    """Reads all lists of an account."""

    def __init__(
        self, session: SolaxSession, access: SolaxAccess, storage: Storage
    ) -> None:
        """Read with ``session``; an unfinished listing is in the storage."""
        self._pages: Final = ListingMemory(storage, LISTING_SECTION)
        self._lister: Final = PagedLister(session, access, self._pages)
        self._battery_discovery: Final = BatteryDiscovery(session, access, self._pages)
        self.unlisted: Mapping[str, str] = {}
        """Plants of meters that are in no list, by serial."""
        self.plant_states: dict[str, int] = {}
        """The newest state number of each plant."""
        self.states_at: dict[str, float] = {}
        """When the states of a business type were last read."""

    async def read(self) -> Inventory:
        """List plants, then the devices of each type, then ask the inverters for batteries.

        Raises ``ListingUnfinished`` where our own pace stops it: the next try goes on from there.
        """
        try:
            return await self._read()
        except Paced as err:
            raise ListingUnfinished(err.retry_after, *self._pages.progress) from None

    async def _read(self) -> Inventory:
        self._lister.begin()
        plants = await self._list_plants()
        by_business = _by_business(plants)
        rows = await self._list_devices(by_business)
        listed = {key: _devices(key, mine, rows) for key, mine in by_business.items()}
        hosts = {key: _with_batteries(devices) for key, devices in listed.items()}
        found = await self._battery_discovery.look(hosts)
        devices = {
            device.id: device
            for key, mine in by_business.items()
            for device in (
                *listed[key],
                *_batteries(
                    key,
                    mine,
                    hosts[key],
                    found,
                    rows[list_of_devices(key, BATTERY).gate],
                ),
                *_energy_managers(key, mine, rows),
            )
        }
        self._add_unlisted(devices, plants)
        self._pages.finish()
        complete = self._battery_discovery.complete and self._lister.complete
        return Inventory(plants, devices, complete)

    async def _list_plants(self) -> dict[str, Plant]:
        """Read the lists of plants, and note the states they tell."""
        self._pages.expect(
            {list_of_plants(each).name: 1 for each in (HOME, COMMERCIAL)}
        )
        listed = await self._lister.plants()
        for business in (HOME, COMMERCIAL):
            self.note_states(
                business, [row for kind, row in listed if kind == business]
            )
        plants = (_plant(business, row) for business, row in listed)
        return {plant.id: plant for plant in plants if plant is not None}

    async def _list_devices(
        self, by_business: Mapping[str, Mapping[str, Plant]]
    ) -> dict[Gate, list[SolaxRow]]:
        """Read the lists of the devices of all plants, by what a list was asked for."""
        for business, mine in by_business.items():
            self._expect(business, mine)
        return await self._lister.devices(
            each
            for business, mine in by_business.items()
            for each in lists_of(business, mine)
        )

    def _add_unlisted(
        self, devices: dict[str, Device], plants: Mapping[str, Plant]
    ) -> None:
        """Put meters in that the user named, and no list does."""
        for serial, plant_id in self.unlisted.items():
            if plant_id in plants and serial not in devices:
                devices[serial] = unlisted_meter(serial, plants[plant_id])

    def _expect(self, business: str, plants: Mapping[str, Plant]) -> None:
        """Estimate how many pages the devices of so many plants take: one device of each type for each plant."""
        pages = -(-len(plants) // PAGE_SIZE)
        types = (*KIND, BATTERY)
        self._pages.expect(
            {list_of_devices(business, each).name: pages for each in types}
        )
        self._pages.expect(
            {list_of_batteries(business): -(-len(plants) // MOST_SERIALS)}
        )

    def note_states(self, business: str, listed: Iterable[SolaxRow]) -> None:
        """Remember the states that a list of plants tells."""
        self.states_at[business] = time.time()
        for row in listed:
            plant_id, state = row.text("plantId"), row.whole("plantState")
            if plant_id is not None and state is not None:
                self.plant_states[plant_id] = state


def lists_of(business: str, plants: Mapping[str, Plant]) -> list[DeviceList]:
    """Return the lists of the devices of all plants of a business type; energy managers are listed plant by plant."""
    lists = [list_of_devices(business, each) for each in (*KIND, BATTERY)]
    if business == COMMERCIAL:
        lists += [list_of_energy_managers(each) for each in plants]
    return lists


def _by_business(plants: Mapping[str, Plant]) -> dict[str, dict[str, Plant]]:
    """Return the plants of each business type that has any."""
    found = {
        business: {
            key: plant
            for key, plant in plants.items()
            if plant.address["business_type"] == business
        }
        for business in (HOME, COMMERCIAL)
    }
    return {business: mine for business, mine in found.items() if mine}


def _devices(
    business: str,
    plants: Mapping[str, Plant],
    rows: Mapping[Gate, list[SolaxRow]],
) -> list[Device]:
    """Return what is listed by type, but for batteries."""
    return [
        device
        for device_type, kind in KIND.items()
        for row in rows[list_of_devices(business, device_type).gate]
        if (device := _device(business, device_type, kind, row, plants)) is not None
    ]


def _energy_managers(
    business: str,
    plants: Mapping[str, Plant],
    rows: Mapping[Gate, list[SolaxRow]],
) -> list[Device]:
    if business != COMMERCIAL:
        return []
    return [
        device
        for plant in plants.values()
        for row in rows[list_of_energy_managers(plant.id).gate]
        if (device := _energy_manager(row, plant)) is not None
    ]


def _with_batteries(devices: Iterable[Device]) -> list[Device]:
    """Return the inverters that can have a battery."""
    return [
        device
        for device in devices
        if device.kind is DeviceKind.INVERTER
        and device.address["battery_family"] == "yes"
    ]


def _batteries(
    business: str,
    plants: Mapping[str, Plant],
    inverters: Sequence[Device],
    found: Mapping[str, SolaxRow],
    packs: Iterable[SolaxRow],
) -> list[Device]:
    """Join what inverters say about their batteries with the list of registered ones."""
    unclaimed = {
        serial.upper(): row
        for row in sorted(packs, key=lambda row: row.text("deviceSn") or "")
        if (serial := row.text("deviceSn")) is not None
    }
    batteries = []
    for inverter in inverters:
        row = found.get(inverter.id)
        pack = _claim(unclaimed, inverter, row)
        if row is not None or pack is not None:
            capacity = _capacity(business, pack) or _only_battery(
                plants[inverter.plant_id], found, inverters
            )
            batteries.append(_battery(inverter, row, pack, capacity))
    batteries += [
        battery
        for row in unclaimed.values()
        if (battery := _registered(business, row, plants, inverters)) is not None
    ]
    return batteries


def _plant(business: str, row: SolaxRow) -> Plant | None:
    if (plant_id := row.text("plantId")) is None:
        return None
    zone = row.text("plantTimeZone")
    currency = row.text("electricityPriceUnit")
    peak = row.number("pvCapacity")
    battery = row.number("batteryCapacity")
    return Plant(
        id=plant_id,
        name=row.text("plantName") or "SolaX",
        time_zone=zone if zone and IANA.fullmatch(zone) else None,
        pv_capacity=peak * KILO if peak else None,
        currency=currency.upper()
        if currency and re.fullmatch("[A-Za-z]{3}", currency)
        else None,
        address={
            "business_type": business,
            **({"battery_capacity": str(battery)} if battery else {}),
        },
    )


def _plant_of(row: SolaxRow, plants: Mapping[str, Plant]) -> str | None:
    """Return a device's plant; one without a plant's id belongs to the only plant there is."""
    if (plant_id := row.text("plantId", "stationId")) is not None:
        return plant_id if plant_id in plants else None
    return next(iter(plants)) if len(plants) == 1 else None


def _device(
    business: str,
    device_type: str,
    kind: DeviceKind,
    row: SolaxRow,
    plants: Mapping[str, Plant],
) -> Device | None:
    serial = row.text("deviceSn")
    plant_id = _plant_of(row, plants)
    if serial is None or plant_id is None:
        return None
    number = row.whole("deviceModel")
    model = model_name(business, device_type, number)
    rated = row.number("ratedPower")
    address = {
        "business_type": business,
        "device_type": device_type,
        "sn": serial,
        "online": str(row.whole("onlineStatus", "status")),
    }
    if (register := row.text("registerNo")) is not None:
        address["register"] = register
    if number is not None:
        address["model"] = str(number)
    if kind is DeviceKind.INVERTER:
        address["battery_family"] = "yes" if takes_battery(business, number) else "no"
        flag = row.whole("flag")
        address["flag"] = FLAGS[business].get(-1 if flag is None else flag, "single")
        count = phases(model)
    else:
        count = {0: 1, 1: 3}.get(_or(row.whole("singleThreePhase"), -1))
    return Device(
        id=serial,
        plant_id=plant_id,
        kind=kind,
        model=model,
        serial=serial,
        firmware=_firmware(row),
        rated_power=rated * KILO if rated else None,
        phases=count,
        address=address,
    )


def unlisted_meter(serial: str, plant: Plant) -> Device:
    """Describe a meter that can be read by its serial though no list has it [seen]."""
    business = plant.address["business_type"]
    return Device(
        id=serial,
        plant_id=plant.id,
        kind=DeviceKind.METER,
        serial=serial,
        address={"business_type": business, "device_type": METER, "sn": serial},
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _firmware(row: SolaxRow) -> str | None:
    parts = [
        f"{label}{version}"
        for label, name in (
            ("ARM ", "armVersion"),
            ("DSP ", "dspVersion"),
            ("", "softwareVersion"),
        )
        if (version := row.text(name) or _number_text(row.number(name))) is not None
    ]
    return " / ".join(parts) or None


def _number_text(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _claim(
    unclaimed: dict[str, SolaxRow], inverter: Device, row: SolaxRow | None
) -> SolaxRow | None:
    """Take an inverter's registered battery out of the list: by its serial, else the first one behind the same dongle."""
    serial = ((row.text("deviceSn") if row else None) or "").upper()
    if serial in unclaimed:
        return unclaimed.pop(serial)
    dongle = inverter.address.get("register")
    for key, pack in unclaimed.items():
        if dongle and pack.text("registerNo") == dongle:
            return unclaimed.pop(key)
    return None


def _capacity(business: str, pack: SolaxRow | None) -> float | None:
    """Return kWh: homes report Wh, commercial plants kWh."""
    rated = pack.number("ratedCapacity") if pack else None
    if not rated:
        return None
    return rated / KILO if business == HOME else rated


def _only_battery(
    plant: Plant, found: Mapping[str, SolaxRow], inverters: Iterable[Device]
) -> float | None:
    """Return the plant's capacity when one battery makes it up."""
    mine = [
        inverter
        for inverter in inverters
        if inverter.plant_id == plant.id and inverter.id in found
    ]
    known = plant.address.get("battery_capacity")
    return float(known) if known and len(mine) == 1 else None


def _battery(
    inverter: Device,
    row: SolaxRow | None,
    pack: SolaxRow | None,
    capacity: float | None,
) -> Device:
    """Describe an inverter's battery; its identity stays the same before and after it is registered."""
    serial = pack.text("deviceSn") if pack else row.text("deviceSn") if row else None
    if serial == inverter.serial:
        serial = None
    return Device(
        id=f"{inverter.id}_battery",
        plant_id=inverter.plant_id,
        kind=DeviceKind.BATTERY,
        model=_battery_model(inverter.address["business_type"], pack),
        serial=serial,
        firmware=_firmware(pack) if pack else None,
        parent_id=inverter.id,
        capacity=capacity,
        address={
            **{
                key: value
                for key, value in inverter.address.items()
                if key in {"business_type", "register", "sn"}
            },
            "device_type": BATTERY,
            "sn_type": BY_INVERTER if row is not None else BY_BATTERY,
            **({"battery_sn": serial} if serial else {}),
        },
    )


def _battery_model(business: str, pack: SolaxRow | None) -> str:
    return model_name(business, BATTERY, pack.whole("deviceModel") if pack else None)


def _registered(
    business: str,
    row: SolaxRow,
    plants: Mapping[str, Plant],
    inverters: Iterable[Device],
) -> Device | None:
    """Describe a registered battery that no inverter answers for."""
    described = _device(business, BATTERY, DeviceKind.BATTERY, row, plants)
    if described is None:
        return None
    dongle = described.address.get("register")
    return Device(
        id=described.id,
        plant_id=described.plant_id,
        kind=DeviceKind.BATTERY,
        model=described.model,
        serial=described.serial,
        firmware=described.firmware,
        parent_id=next(
            (
                inverter.id
                for inverter in inverters
                if dongle and inverter.address.get("register") == dongle
            ),
            None,
        ),
        capacity=_capacity(business, row),
        address={
            **described.address,
            "battery_sn": described.address["sn"],
            "sn_type": BY_BATTERY,
        },
    )


def _energy_manager(row: SolaxRow, plant: Plant) -> Device | None:
    if (register := row.text("registerNo")) is None:
        return None
    power = row.number("sysACRatedPower")
    capacity = row.number("sysBatteryCapacity")
    return Device(
        id=register,
        plant_id=plant.id,
        kind=DeviceKind.ENERGY_MANAGER,
        model="SolaX EMS",
        serial=register,
        rated_power=power * KILO if power else None,
        capacity=capacity or None,
        address={"business_type": COMMERCIAL, "register": register},
    )
