"""Sensors: every slot a plant or device ever filled; the only place for device classes, state classes, units and categories of what is read."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    DEGREE,
    PERCENTAGE,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfIrradiance,
    UnitOfMass,
    UnitOfPower,
    UnitOfPrecipitationDepth,
    UnitOfPressure,
    UnitOfRatio,
    UnitOfReactivePower,
    UnitOfSpeed,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .account import Account, is_account
from .account_health import ACCOUNT_SENSORS, AccountSensor
from .alarms import ALARM_SENSORS, AlarmSensor
from .all_plants import add_all_plants
from .cloud.control import ChargeBattery, Control, Settings
from .cloud.model import DeviceKind, Quantity, Quantity as Q, Slot
from .cloud.states import MODES, STATES, PlantState
from .const import DOMAIN
from .control.events import command_name
from .control.manager import ControlManager
from .control.pending import CommandState
from .coordinator import SolarCloudCoordinator
from .entity import SolarCloudEntity, add_as_they_appear
from .pipeline.counter_filters import SHARES
from .pipeline.daily import daily
from .pipeline.insights import INSIGHTS
from .raw_points import add_raw_points
from .runtime import RuntimeData, SolarCloudConfigEntry
from .statistics.importer import CHANGED

DIAGNOSTIC: Final = EntityCategory.DIAGNOSTIC
MEASUREMENT: Final = SensorStateClass.MEASUREMENT
INCREASING: Final = SensorStateClass.TOTAL_INCREASING
TOTAL: Final = SensorStateClass.TOTAL

_BY_UNIT: Final[Mapping[str, dict[str, Any]]] = {
    "W": {
        "device_class": SensorDeviceClass.POWER,
        "native_unit_of_measurement": UnitOfPower.WATT,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "kWh": {
        "device_class": SensorDeviceClass.ENERGY,
        "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
        "state_class": INCREASING,
        "suggested_display_precision": 2,
    },
    "var": {
        "device_class": SensorDeviceClass.REACTIVE_POWER,
        "native_unit_of_measurement": UnitOfReactivePower.VOLT_AMPERE_REACTIVE,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "VA": {
        "device_class": SensorDeviceClass.APPARENT_POWER,
        "native_unit_of_measurement": UnitOfApparentPower.VOLT_AMPERE,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "V": {
        "device_class": SensorDeviceClass.VOLTAGE,
        "native_unit_of_measurement": UnitOfElectricPotential.VOLT,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 1,
    },
    "A": {
        "device_class": SensorDeviceClass.CURRENT,
        "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 1,
    },
    "Hz": {
        "device_class": SensorDeviceClass.FREQUENCY,
        "native_unit_of_measurement": UnitOfFrequency.HERTZ,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 2,
    },
    "°C": {
        "device_class": SensorDeviceClass.TEMPERATURE,
        "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 1,
    },
    "K": {
        "device_class": SensorDeviceClass.TEMPERATURE_DELTA,
        "native_unit_of_measurement": UnitOfTemperature.KELVIN,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 1,
    },
    "%": {
        "native_unit_of_measurement": UnitOfRatio.PERCENTAGE,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "ratio": {"state_class": MEASUREMENT, "suggested_display_precision": 2},
    "count": {"state_class": MEASUREMENT, "suggested_display_precision": 0},
    "s": {
        "device_class": SensorDeviceClass.DURATION,
        "native_unit_of_measurement": UnitOfTime.SECONDS,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "kg": {
        "device_class": SensorDeviceClass.WEIGHT,
        "native_unit_of_measurement": UnitOfMass.KILOGRAMS,
        "state_class": INCREASING,
        "suggested_display_precision": 0,
    },
    # The currency is the plant's: the entity adds it.
    "money": {
        "device_class": SensorDeviceClass.MONETARY,
        "state_class": SensorStateClass.TOTAL,
        "suggested_display_precision": 2,
    },
    "W/m²": {
        "device_class": SensorDeviceClass.IRRADIANCE,
        "native_unit_of_measurement": UnitOfIrradiance.WATTS_PER_SQUARE_METER,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "kWh/m²": {
        "native_unit_of_measurement": "kWh/m²",
        "state_class": INCREASING,
        "suggested_display_precision": 2,
    },
    "m/s": {
        "device_class": SensorDeviceClass.WIND_SPEED,
        "native_unit_of_measurement": UnitOfSpeed.METERS_PER_SECOND,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 1,
    },
    "hPa": {
        "device_class": SensorDeviceClass.ATMOSPHERIC_PRESSURE,
        "native_unit_of_measurement": UnitOfPressure.HPA,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "mm": {
        "device_class": SensorDeviceClass.PRECIPITATION,
        "native_unit_of_measurement": UnitOfPrecipitationDepth.MILLIMETERS,
        "state_class": INCREASING,
        "suggested_display_precision": 1,
    },
    "°": {
        "device_class": SensorDeviceClass.WIND_DIRECTION,
        "native_unit_of_measurement": DEGREE,
        "state_class": SensorStateClass.MEASUREMENT_ANGLE,
        "suggested_display_precision": 0,
    },
    "dBm": {
        "device_class": SensorDeviceClass.SIGNAL_STRENGTH,
        "native_unit_of_measurement": SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "kWh/kWp": {
        "native_unit_of_measurement": "kWh/kWp",
        "state_class": MEASUREMENT,
        "suggested_display_precision": 2,
    },
    "kΩ": {
        "native_unit_of_measurement": "kΩ",
        "state_class": MEASUREMENT,
        "suggested_display_precision": 0,
    },
    "": {},
}
"""What the canonical unit already says."""

_EXCEPTIONS: Final[Mapping[Q, dict[str, Any]]] = {
    Q.BATTERY_ENERGY_REMAINING: {
        "device_class": SensorDeviceClass.ENERGY_STORAGE,
        "state_class": MEASUREMENT,
    },
    Q.BATTERY_CAPACITY: {
        "device_class": SensorDeviceClass.ENERGY_STORAGE,
        "state_class": None,
    },
    Q.BATTERY_USABLE_CAPACITY: {
        "device_class": SensorDeviceClass.ENERGY_STORAGE,
        "state_class": MEASUREMENT,
    },
    Q.BATTERY_ROUND_TRIP_EFFICIENCY: {"suggested_display_precision": 1},
    **{
        quantity: {
            "state_class": None,
            "suggested_unit_of_measurement": UnitOfTime.MINUTES,
            "suggested_display_precision": 0,
        }
        for quantity in (Q.TIME_TO_FULL, Q.TIME_TO_EMPTY)
    },
    Q.INSTALLED_POWER: {
        "state_class": None,
        "suggested_unit_of_measurement": UnitOfPower.KILO_WATT,
        "suggested_display_precision": 2,
    },
    Q.BATTERY_CYCLES: {"state_class": INCREASING},
    Q.ARC_FAULT_COUNT: {"state_class": INCREASING},
    Q.CHARGER_ENERGY_SESSION: {"state_class": TOTAL},
    **{
        quantity: {"state_class": None}
        for quantity in (
            Q.BATTERY_CONTACTOR,
            Q.BATTERY_PACKS,
            Q.FAULTY_MODULE,
            Q.OPTIMIZER_COUNT,
        )
    },
    **{
        quantity: {"suggested_display_precision": 3}
        for quantity in Q
        if quantity.unit == "V" and "cell_" in quantity
    },
    Q.CO2_SAVED_TODAY: {"suggested_display_precision": 2},
    Q.EFFICIENCY: {"suggested_display_precision": 2},
    Q.POWER_FACTOR: {"device_class": SensorDeviceClass.POWER_FACTOR},
    Q.LAST_REPORT: {"device_class": SensorDeviceClass.TIMESTAMP},
    Q.OPERATING_STATE: {"device_class": SensorDeviceClass.ENUM},
    Q.WORK_MODE: {"device_class": SensorDeviceClass.ENUM},
    Q.PLANT_STATE: {"device_class": SensorDeviceClass.ENUM},
    Q.ALARM_LEVEL: {"device_class": SensorDeviceClass.ENUM},
    Q.REJECTED_VALUES: {"state_class": INCREASING},
    Q.CHARGER_SESSION_DURATION: {"suggested_unit_of_measurement": UnitOfTime.MINUTES},
    Q.EQUIVALENT_HOURS_TODAY: {
        "suggested_unit_of_measurement": UnitOfTime.HOURS,
        "suggested_display_precision": 2,
    },
    **{
        quantity: {
            "suggested_unit_of_measurement": UnitOfTime.HOURS,
            "suggested_display_precision": 1,
        }
        | ({"state_class": INCREASING} if quantity.endswith("_total") else {})
        for quantity in Q
        if "_time_" in quantity
    },
}
"""What the unit alone would get wrong."""

_WRITTEN: Final[Mapping[Q, int]] = {q: 3 for q in Q if q.unit == "kWh"} | {
    Q.BATTERY_SOC: 1
}
"""Decimals that are written where they are more than is shown: of a counter a year of them adds up, of a charge automations make use."""

_DETAILS: Final = frozenset(
    {
        Q.ACTIVE_POWER_IN_FORCE,
        Q.ARC_FAULT_COUNT,
        Q.BATTERY_CHARGE_TIME_TODAY,
        Q.BATTERY_CHARGE_TIME_TOTAL,
        Q.BATTERY_CONTACTOR,
        Q.BATTERY_DISCHARGE_TIME_TODAY,
        Q.BATTERY_DISCHARGE_TIME_TOTAL,
        Q.BATTERY_PACKS,
        Q.CELL_TEMPERATURE_SPREAD,
        Q.CELL_VOLTAGE_SPREAD,
        Q.CHARGER_CURRENT_MAX,
        Q.CHARGER_CURRENT_MIN,
        Q.CHARGER_POWER_MAX,
        Q.CHARGER_POWER_MIN,
        Q.FAULTY_MODULE,
        Q.GRID_TIME_TOTAL,
        Q.METER_PHASE_VOLTAGE,
        Q.MODULE_CELL_VOLTAGE_MAX,
        Q.MODULE_CELL_VOLTAGE_MIN,
        Q.OPERATING_TIME_TOTAL,
        Q.OPTIMIZER_COUNT,
        Q.PACK_SOC,
        Q.PACK_SOH,
        Q.PILOT_VOLTAGE,
        Q.POWER_MODULE_TEMPERATURE,
        Q.REACTIVE_POWER_IN_FORCE,
    }
)
"""What only who looks for a fault wants to see: diagnostic and off."""

_DIAGNOSTIC: Final = _DETAILS | frozenset(
    {
        Q.API_CALLS_LEFT,
        Q.API_CALLS_TODAY,
        Q.BATTERY_CAPACITY,
        Q.BATTERY_CURRENT,
        Q.BATTERY_CYCLES,
        Q.BATTERY_ROUND_TRIP_EFFICIENCY,
        Q.BATTERY_SOH,
        Q.BATTERY_TEMPERATURE,
        Q.BATTERY_USABLE_CAPACITY,
        Q.BATTERY_VOLTAGE,
        Q.DATA_AGE,
        Q.FAULT_CODE,
        Q.GRID_FREQUENCY,
        Q.INSTALLED_POWER,
        Q.LAST_REPORT,
        Q.PLANT_STATE,
        Q.POWER_FACTOR,
        Q.REACTIVE_POWER,
        Q.REJECTED_VALUES,
        Q.APPARENT_POWER,
        Q.PHASE_REACTIVE_POWER,
        Q.TEMPERATURE,
        Q.ACTIVE_ALARMS,
        Q.ALARM_LEVEL,
    }
)

_DISABLED: Final = _DETAILS | frozenset(
    {
        Q.AC_ENERGY_TODAY,
        Q.AC_ENERGY_TOTAL,
        Q.ALARM_LEVEL,
        Q.API_CALLS_LEFT,
        Q.API_CALLS_TODAY,
        Q.APPARENT_POWER,
        Q.BACKUP_APPARENT_POWER,
        Q.BACKUP_CURRENT,
        Q.BACKUP_FREQUENCY,
        Q.BACKUP_POWER,
        Q.BACKUP_POWER_SUM,
        Q.BACKUP_VOLTAGE,
        Q.BATTERY_CAPACITY,
        Q.BATTERY_CHARGE_POWER,
        Q.BATTERY_CURRENT,
        Q.BATTERY_CYCLES,
        Q.BATTERY_DISCHARGE_POWER,
        Q.BATTERY_ROUND_TRIP_EFFICIENCY,
        Q.BATTERY_USABLE_CAPACITY,
        Q.BATTERY_VOLTAGE,
        Q.BUS_VOLTAGE,
        Q.DIRECT_USE_ENERGY_TODAY,
        Q.DIRECT_USE_ENERGY_TOTAL,
        Q.EQUIVALENT_HOURS_TODAY,
        Q.FAULT_CODE,
        Q.GRID_EXPORT_POWER,
        Q.GRID_FREQUENCY,
        Q.GRID_IMPORT_POWER,
        Q.INSULATION_RESISTANCE,
        Q.IRRADIATION_TOTAL,
        # The logbook writes a line for each new time.
        Q.LAST_REPORT,
        Q.LINE_VOLTAGE,
        Q.MPPT_CURRENT,
        Q.MPPT_ENERGY_TODAY,
        Q.MPPT_ENERGY_TOTAL,
        Q.MPPT_VOLTAGE,
        Q.PHASE_CURRENT,
        Q.PHASE_POWER,
        Q.PHASE_REACTIVE_POWER,
        Q.PHASE_VOLTAGE,
        Q.POWER_FACTOR,
        Q.PV_CHARGE_ENERGY_TODAY,
        Q.PV_CHARGE_ENERGY_TOTAL,
        Q.PV_EXPORT_ENERGY_TODAY,
        Q.PV_EXPORT_ENERGY_TOTAL,
        Q.REACTIVE_POWER,
        Q.REJECTED_VALUES,
        Q.SECOND_GRID_EXPORT_ENERGY_TODAY,
        Q.SECOND_GRID_EXPORT_ENERGY_TOTAL,
        Q.SECOND_GRID_IMPORT_ENERGY_TODAY,
        Q.SECOND_GRID_IMPORT_ENERGY_TOTAL,
        Q.SECOND_GRID_POWER,
        Q.SELF_CONSUMED_ENERGY_TODAY,
        Q.SELF_SUPPLIED_ENERGY_TODAY,
        Q.SPECIFIC_YIELD,
        Q.STRING_CURRENT,
        Q.STRING_POWER,
        Q.STRING_VOLTAGE,
        Q.TARIFF_EXPORT_ENERGY_TOTAL,
        Q.TARIFF_IMPORT_ENERGY_TOTAL,
    }
)
"""Rare, noisy, or told by another: there for those who look for them."""

_BINARY: Final = frozenset(
    {
        Q.CLOUD_CONNECTION,
        Q.ONLINE,
        Q.PROBLEM,
        Q.UNDERPERFORMING,
        Q.VEHICLE_CONNECTED,
    }
)


def _rows() -> Iterator[tuple[Q, SensorEntityDescription]]:
    for quantity in Q:
        if quantity not in _BINARY:
            traits = _BY_UNIT[quantity.unit] | _EXCEPTIONS.get(quantity, {})
            if quantity.is_counter:
                traits |= {"suggested_display_precision": 1}
            if daily(quantity):
                # With the time of its reset: the day after may begin higher than the day before ended.
                traits |= {"state_class": TOTAL}
            yield (
                quantity,
                SensorEntityDescription(
                    key=str(quantity),
                    translation_key=str(quantity),
                    entity_category=DIAGNOSTIC if quantity in _DIAGNOSTIC else None,
                    entity_registry_enabled_default=quantity not in _DISABLED,
                    **traits,
                ),
            )


SENSORS: Final[Mapping[Q, SensorEntityDescription]] = dict(_rows())


PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add sensors as their slots appear."""
    if not is_account(entry):
        add_all_plants(entry, async_add_entities, SENSORS)
        return
    if entry.runtime_data.control_manager is None:
        _forget_commands(hass, entry)
    else:
        for category in ("entity", "services"):
            # Kept at hand: states are written at once.
            await async_get_translations(hass, hass.config.language, category, [DOMAIN])
        _add_command_sensors(entry, async_add_entities)

    def build(account: Account, device_id: str, slot: Slot) -> SensorEntity:
        if slot.quantity in ALARM_SENSORS:
            return AlarmSensor(account, device_id, slot, SENSORS[slot.quantity])
        chosen = slot.quantity is Q.WORK_MODE and _can_be_chosen(
            entry.runtime_data, device_id
        )
        return SolarCloudSensor(account, device_id, slot, told_by_control=chosen)

    add_as_they_appear(entry, async_add_entities, _slots, build)
    add_raw_points(hass, entry, async_add_entities)
    async_add_entities(AccountSensor(entry, each) for each in ACCOUNT_SENSORS)
    if entry.runtime_data.cloud.history is not None:
        _add_import_sensors(hass, entry, async_add_entities)


def _add_import_sensors(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
) -> None:
    """Show the progress of a plant from its first import on."""
    account, registry = entry.runtime_data, er.async_get(hass)
    known: set[str] = set()

    def begun(plant_id: str) -> bool:
        return plant_id in account.history.imports.jobs or bool(
            registry.async_get_entity_id(
                "sensor", DOMAIN, f"{account.vendor.key}_{plant_id}_{IMPORT_PROGRESS}"
            )
        )

    @callback
    def update() -> None:
        plants = account.inventory.data.plants.keys() - known
        plants &= account.readings.data.readings.keys()
        fresh = sorted(filter(begun, plants))
        known.update(fresh)
        add(ImportSensor(entry, each) for each in fresh)

    update()
    entry.async_on_unload(account.readings.async_add_listener(update))
    signal = f"{CHANGED}_{entry.entry_id}"
    entry.async_on_unload(async_dispatcher_connect(hass, signal, update))


def _slots(account: Account) -> Iterator[tuple[str, Slot]]:
    """Yield the slots to show: those ever seen, and what every device and plant has."""
    snapshot = account.readings.data
    for device_id, reading in snapshot.readings.items():
        for slot in account.pipeline.seen.slots(device_id):
            if slot.quantity in SENSORS:
                yield device_id, slot
        if reading.measured_at is not None:
            yield device_id, Slot(Quantity.LAST_REPORT)
    for plant_id in account.inventory.data.plants:
        if plant_id in snapshot.readings:
            yield plant_id, Slot(Quantity.API_CALLS_TODAY)
            if account.quota.left() is not None:
                yield plant_id, Slot(Quantity.API_CALLS_LEFT)
    chosen = account.inventory.chosen
    for plant_id in chosen.plants:
        for quantity in account.pipeline.insights.applies(plant_id, chosen):
            if quantity in INSIGHTS:
                yield plant_id, Slot(quantity)
    for plant_id in chosen.plants.keys() & snapshot.alarms.keys():
        yield plant_id, Slot(Quantity.ACTIVE_ALARMS)
        yield plant_id, Slot(Quantity.ALARM_LEVEL)
    for device in chosen.devices.values():
        if device.reports and device.plant_id in snapshot.alarms:
            yield device.id, Slot(Quantity.FAULT_CODE)


OF_QUOTA: Final = frozenset({Q.API_CALLS_TODAY, Q.API_CALLS_LEFT})
"""What changes with each poll, whatever that brings."""
OF_THE_WHOLE: Final = frozenset(
    {DeviceKind.INVERTER, DeviceKind.METER, DeviceKind.BATTERY}
)
"""Kinds of devices of which a plant with just one shows the values as its own."""


def _told_elsewhere(account: Account, device_id: str, slot: Slot) -> bool:
    """Whether somebody nearer to the user shows the same, so that this one is off by default."""
    inventory, quantity = account.inventory.data, slot.quantity
    device = inventory.devices.get(device_id)
    if device is None:
        return quantity is Q.AC_POWER
    if slot.index or device.kind not in OF_THE_WHOLE:
        return False
    family = [each.kind for each in inventory.devices_of(device.plant_id)]
    if (
        device.kind is DeviceKind.INVERTER
        and quantity.startswith("battery_")
        and DeviceKind.BATTERY in family
    ):
        return True
    return family.count(device.kind) == 1 and quantity in _of_plant(
        account, device.plant_id
    )


def _can_be_chosen(account: RuntimeData, device_id: str) -> bool:
    """Whether the work mode is a choice, of the device or of its plant, which shows it as well."""
    device = account.inventory.data.devices.get(device_id)
    if device is None or (control_manager := account.control_manager) is None:
        return False
    control = (
        Control.CHARGER_MODE if device.kind is DeviceKind.CHARGER else Control.WORK_MODE
    )
    return any(
        control_manager.spec(each, control) for each in (device.id, device.plant_id)
    )


def _forget_commands(hass: HomeAssistant, entry: SolarCloudConfigEntry) -> None:
    """Show again the work modes that stood back for a choice, which is no longer allowed, and remove what told of commands."""
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.domain != "sensor":
            continue
        if each.translation_key in {LAST_COMMAND, FORCED_MODE_ENDS}:
            registry.async_remove(each.entity_id)
        elif (
            each.translation_key == Q.WORK_MODE
            and each.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        ):
            registry.async_update_entity(each.entity_id, disabled_by=None)


def _of_plant(account: Account, plant_id: str) -> set[Q]:
    """Return what a plant shows of the whole site."""
    roles = {*account.cloud.roles(plant_id, account.inventory.data)}
    return roles | {SHARES[role] for role in roles & SHARES.keys()}


def _digits(quantity: Q) -> int | None:
    """Return the decimals that are written, ``None`` for all: a change nobody is shown only fills the recorder."""
    shown = SENSORS[quantity]
    if shown.suggested_unit_of_measurement is not None:
        return None
    return _WRITTEN.get(quantity, shown.suggested_display_precision)


class SolarCloudSensor(SolarCloudEntity, SensorEntity):
    """A measured value, a state, or the time of the last report."""

    _unrecorded_attributes = frozenset(
        {
            "by_kind",
            "code",
            "cycles",
            "date",
            "days",
            "discharges",
            "next_reset",
            "reason",
            "target_soc",
        }
    )

    def __init__(
        self,
        account: Account,
        device_id: str,
        slot: Slot,
        *,
        told_by_control: bool = False,
    ) -> None:
        """Take the description of the slot's quantity, and a state's options."""
        super().__init__(account, device_id, slot)
        self.entity_description = SENSORS[slot.quantity]
        if told_by_control or _told_elsewhere(account, device_id, slot):
            self._attr_entity_registry_enabled_default = False
        if slot.quantity is Q.BATTERY_SOC and self._stands_for_battery():
            self._attr_device_class = SensorDeviceClass.BATTERY
        if self.entity_description.device_class is SensorDeviceClass.ENUM:
            self._attr_options = self._states()
        elif self.entity_description.device_class is SensorDeviceClass.MONETARY:
            self._attr_native_unit_of_measurement = (
                self._vendor_currency or account.readings.hass.config.currency
            )

        if slot.quantity in OF_QUOTA:
            self.coordinator_context = None
        self._digits: Final = _digits(slot.quantity)

    @override
    def shows(self) -> object:
        """What is written, and the raw code where that is not known."""
        return (
            self.available,
            self.native_value,
            self.last_reset,
            self.extra_state_attributes,
        )

    @property
    def _vendor_currency(self) -> str | None:
        plant = self.account.inventory.data.plants.get(self.device_id)
        return plant.currency if plant else None

    def _stands_for_battery(self) -> bool:
        """Whether this is the one charge that is shown as a battery's: the plant's, which the Energy Dashboard asks for, where it has one.

        Each that is one counts among the home's low batteries.
        """
        if self.kind is DeviceKind.PLANT:
            return True
        plant_id = self.device.plant_id if self.device else ""
        return self.kind is DeviceKind.BATTERY and Q.BATTERY_SOC not in _of_plant(
            self.account, plant_id
        )

    def _states(self) -> list[str]:
        """Return the states that this kind of device can have."""
        if self.slot.quantity is Quantity.PLANT_STATE:
            return list(PlantState)
        words = (MODES if self.slot.quantity is Quantity.WORK_MODE else STATES).get(
            self.kind
        )
        return list(words) if words else []

    @property
    @override
    def native_value(self) -> float | str | datetime | None:
        """The value, ``None`` where the vendor gives none."""
        match self.slot.quantity:
            case Quantity.API_CALLS_TODAY:
                return self.account.quota.used()
            case Quantity.API_CALLS_LEFT:
                return self.account.quota.left()
        if (reading := self.reading) is None:
            return None
        if self.slot.quantity is Quantity.LAST_REPORT:
            return reading.measured_at
        value = reading.values.get(self.slot)
        if isinstance(value, float) and self._digits is not None:
            return round(value, self._digits)
        return value if self.options is None or value in self.options else None

    @property
    @override
    def last_reset(self) -> datetime | None:
        """The midnight of its plant, or the begin of a charger's session, for what is counted since then."""
        if self.slot.quantity is Q.CHARGER_ENERGY_SESSION:
            return self.account.pipeline.sessions.since(self.device_id)
        if not daily(self.slot.quantity):
            return None
        return self.account.pipeline.day_start(self.device_id)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """The raw code of a state this version does not know, who named the currency, the calls by kind, and what an insight rests on."""
        if self.slot.quantity in INSIGHTS:
            return self.account.pipeline.insights.told(
                self.device_id, self.slot.quantity
            )
        if self.slot.quantity is Quantity.API_CALLS_TODAY:
            at = self.account.quota.next_reset
            return {
                "by_kind": self.account.quota.by_kind(),
                "next_reset": at and dt_util.utc_from_timestamp(at),
            }
        if self.device_class is SensorDeviceClass.MONETARY:
            own = self._vendor_currency is not None
            return {"currency_from": "vendor" if own else "home_assistant"}
        reading = self.reading
        code = None if reading is None else reading.unknown.get(self.slot)
        return None if code is None else {"code": code}


def _add_command_sensors(
    entry: SolarCloudConfigEntry, add: AddConfigEntryEntitiesCallback
) -> None:
    """Add what tells of commands, to each plant and device that takes any, as they appear."""
    account = entry.runtime_data
    if (control_manager := account.control_manager) is None:
        return
    known: set[tuple[type[CommandSensor], str]] = set()

    @callback
    def update() -> None:
        offered = control_manager.available
        takers = {key for key, specs in offered.specs.items() if specs}
        forced = {
            key for key, actions in offered.actions.items() if ChargeBattery in actions
        }
        listed = account.inventory.data
        known.intersection_update(
            {
                each
                for each in known
                if each[1] in listed.devices or each[1] in listed.plants
            }
        )
        fresh: set[tuple[type[CommandSensor], str]]
        fresh = {(LastCommandSensor, key) for key in takers | forced}
        fresh |= {(ForcedModeSensor, key) for key in forced}
        fresh -= known
        known.update(fresh)
        add(
            kind(account, control_manager, device_id)
            for kind, device_id in sorted(fresh, key=lambda each: each[1])
        )

    update()
    entry.async_on_unload(control_manager.settings.async_add_listener(update))


class CommandSensor(CoordinatorEntity[SolarCloudCoordinator[Settings]], SensorEntity):
    """What is to be known of the commands to a plant or device."""

    _attr_has_entity_name = True

    def __init__(
        self, account: Account, control_manager: ControlManager, device_id: str
    ) -> None:
        """Belong to a plant or device."""
        super().__init__(control_manager.settings)
        self._control_manager: Final = control_manager
        self._device_id: Final = device_id
        key = self.entity_description.key
        self._attr_translation_key = key
        self._attr_unique_id = f"{account.vendor.key}_{device_id}_{key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device_id)})

    @property
    @override
    def available(self) -> bool:
        """Always: it is Home Assistant that gave the commands."""
        return True


LAST_COMMAND: Final = "last_command"
FORCED_MODE_ENDS: Final = "forced_mode_ends"
IMPORT_PROGRESS: Final = "import_progress"


class LastCommandSensor(CommandSensor):
    """How the last command stands: a setting shows at once what was asked for, and this whether the device has taken it."""

    entity_description = SensorEntityDescription(
        key=LAST_COMMAND,
        device_class=SensorDeviceClass.ENUM,
        options=[*CommandState],
        entity_category=DIAGNOSTIC,
    )

    @property
    @override
    def native_value(self) -> str | None:
        """The word, ``None`` before the first command."""
        last = self._control_manager.last_command(self._device_id)
        return None if last is None else last[1]

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What was set, by its name in Home Assistant's language."""
        last = self._control_manager.last_command(self._device_id)
        return {"setting": last and command_name(self.hass, last[0])}


class ForcedModeSensor(CommandSensor):
    """When a forced charge or discharge ends at the latest; unknown while there is none."""

    entity_description = SensorEntityDescription(
        key=FORCED_MODE_ENDS, device_class=SensorDeviceClass.TIMESTAMP
    )

    @property
    @override
    def native_value(self) -> datetime | None:
        """The instant."""
        return self._control_manager.forces.until(self._device_id)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What was asked for, W and %."""
        wish = self._control_manager.forces.wish(self._device_id)
        return {
            "mode": wish and wish.mode,
            "power": wish and wish.power,
            "target_soc": wish and wish.target_soc,
        }


class ImportSensor(SensorEntity):
    """How far the import of a plant's past has come; unknown while there is none."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_translation_key = IMPORT_PROGRESS
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_native_unit_of_measurement = PERCENTAGE
    _attr_suggested_display_precision = 0
    _unrecorded_attributes = frozenset({"reached", "expected_end"})

    def __init__(self, entry: SolarCloudConfigEntry, plant_id: str) -> None:
        """Belong to the plant's device."""
        self._signal: Final = f"{CHANGED}_{entry.entry_id}"
        self._imports: Final = entry.runtime_data.history.imports
        self._plant_id: Final = plant_id
        vendor = entry.runtime_data.vendor.key
        self._attr_unique_id = f"{vendor}_{plant_id}_{IMPORT_PROGRESS}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, plant_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Hear of what is imported."""
        self.async_on_remove(
            async_dispatcher_connect(self.hass, self._signal, self.async_write_ha_state)
        )

    @property
    @override
    def native_value(self) -> float | None:
        """The share of the time that is in the statistics."""
        job = self._imports.jobs.get(self._plant_id)
        if job is None or job.rests:
            return None
        return round(100 * (job.share or 0.0), 1)  # one that waits has begun, too

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """The first day that is there, and when the end is expected."""
        job = self._imports.jobs.get(self._plant_id)
        if job is None or not job.share:
            return None
        passed = dt_util.utcnow().timestamp() - job.begun
        end = dt_util.utc_from_timestamp(job.begun + passed / job.share)
        return {
            "reached": dt_util.as_local(dt_util.utc_from_timestamp(job.reached)).date(),
            "expected_end": end.replace(second=0, microsecond=0),
        }
