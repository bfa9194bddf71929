"""Changing the options of an account: plants, permission to change settings, meters that are read wrongly, devices in no list."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from .cloud.corrections import PowerUnit
from .cloud.errors import CloudError
from .cloud.model import Device, Inventory, Plant
from .cloud.vendor import Cloud, SupportsManualDevices
from .const import (
    CONF_BATTERY_MODE_HOURS,
    CONF_CONTROLS,
    CONF_CORRECTIONS,
    CONF_EXCLUDED_PLANTS,
    CONF_EXTRA_DEVICES,
    CONF_RAW_POINTS,
    CONF_REPAIR_GAPS,
    CONF_SWAP_DIRECTION,
    CONF_UNIT,
    UNIT_OF_TABLE,
)
from .control.battery_mode import LEAST_HOURS, MOST_HOURS, USUAL_HOURS
from .device_registry import registered_name
from .doctors import async_access, async_letter, async_services, letter_field
from .flow_schemas import async_sentence, flow_error, plant_options, plants_schema
from .raw_points import PointPicker
from .statistics.take_over import (
    COUNTERS,
    async_sources,
    async_taken_over,
    own_counters,
)

CONF_DEVICE: Final = "device"
CONF_EXTRA_SERIAL: Final = "extra_serial"
CONF_EXTRA_PLANT: Final = "extra_plant"
CONF_PLANT: Final = "plant"


class SolarCloudOptionsFlow(OptionsFlowWithReload):
    """Which plants are read, whether settings may be changed, how odd meters are read, and what comes before our counters."""

    _plant_id: str
    """Whose counters go on from others."""
    _wanted: Mapping[str, str]
    """Our statistics, and those they go on from."""
    _picker: PointPicker
    _point_type: tuple[str, str]
    """The type of device of which points are picked, and the names of such devices."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer what there is to change, and a look at what is granted."""
        if not hasattr(self.config_entry, "runtime_data"):
            return self.async_abort(reason="not_loaded")
        steps = ["settings"]
        if self._meters():
            steps.append("meter")
        if PointPicker(self.hass, self.config_entry).types():
            steps.append("points")
        if await self._async_sources():
            steps.append("take_over")
        return self.async_show_menu(step_id="init", menu_options=[*steps, "access"])

    async def async_step_access(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the vendor grants, asked anew, and the words to send to whoever must grant the rest."""
        account = self.config_entry.runtime_data
        access = await async_access(account)
        if user_input is not None and not access.missing:
            account.readings.expect_change()
            await account.readings.async_request_refresh()
            return self.async_abort(reason="looked")
        words = await async_letter(
            self.hass, account.sign_in, ", ".join(access.missing) or "–"
        )
        return self.async_show_form(
            step_id="access",
            data_schema=letter_field(words) if access.missing else vol.Schema({}),
            errors={} if user_input is None else {"base": "still_so"},
            description_placeholders={
                "services": await async_services(self.hass, account.sign_in, access)
            },
        )

    def _cloud(self) -> Cloud:
        cloud: Cloud = self.config_entry.runtime_data.cloud
        return cloud

    def _inventory(self) -> Inventory:
        inventory: Inventory = self.config_entry.runtime_data.inventory.data
        return inventory

    def _save(self, options: dict[str, Any]) -> ConfigFlowResult:
        """Reload the entry with the lists it has, which did not change and would cost calls."""
        self.config_entry.runtime_data.store.listed = self._inventory()
        return self.async_create_entry(data=options)

    def _meters(self) -> dict[str, Device]:
        return {
            key: device
            for key, device in self._inventory().devices.items()
            if device.correctable
        }

    def _names(self) -> dict[str, str]:
        return {
            key: registered_name(self.hass, self.config_entry.entry_id, key)
            for key in self._meters()
        }

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose plants, whether settings may be changed, and whether gaps are filled; add a meter the lists leave out."""
        inventory, options = self._inventory(), self.config_entry.options
        excluded = options.get(CONF_EXCLUDED_PLANTS, ())
        errors: dict[str, str] = {}
        if user_input is not None:
            changed = plant_options(user_input, inventory.plants)
            changed[CONF_REPAIR_GAPS] = user_input[CONF_REPAIR_GAPS]
            if CONF_BATTERY_MODE_HOURS in user_input:
                changed[CONF_BATTERY_MODE_HOURS] = user_input[CONF_BATTERY_MODE_HOURS]
            # A plant that is not listed now was left out all the same.
            changed[CONF_EXCLUDED_PLANTS] += sorted(
                set(excluded) - inventory.plants.keys()
            )
            serial = user_input.get(CONF_EXTRA_SERIAL, "").strip()
            if not serial:
                return self._save({**options, **changed})
            plant_id = user_input.get(CONF_EXTRA_PLANT, next(iter(inventory.plants)))
            if await self._async_check(serial, inventory.plants[plant_id], errors):
                extra = {**options.get(CONF_EXTRA_DEVICES, {}), serial: plant_id}
                changed[CONF_EXTRA_DEVICES] = extra
                return self.async_create_entry(data={**options, **changed})
        chosen = [key for key in inventory.plants if key not in excluded]
        schema = plants_schema(
            inventory.plants, chosen, bool(options.get(CONF_CONTROLS, False))
        )
        repair = bool(options.get(CONF_REPAIR_GAPS, True))
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                schema.extend(
                    {vol.Required(CONF_REPAIR_GAPS, default=repair): BooleanSelector()}
                    | self._mode_fields()
                    | self._extra_fields()
                ),
                user_input,
            ),
            errors=errors,
        )

    def _mode_fields(self) -> dict[vol.Marker, Selector[Any]]:
        """Ask how long a battery mode lasts that is chosen without a duration, where the client can change settings at all."""
        if self._cloud().controls is None:
            return {}
        hours = self.config_entry.options.get(CONF_BATTERY_MODE_HOURS, USUAL_HOURS)
        config = NumberSelectorConfig(
            min=LEAST_HOURS,
            max=MOST_HOURS,
            step=0.5,
            unit_of_measurement=UnitOfTime.HOURS,
            mode=NumberSelectorMode.BOX,
        )
        return {
            vol.Required(CONF_BATTERY_MODE_HOURS, default=hours): NumberSelector(config)
        }

    def _extra_fields(self) -> dict[vol.Marker, Selector[Any]]:
        """Ask for a serial where the client can read what the vendor's lists leave out."""
        if not isinstance(self._cloud(), SupportsManualDevices):
            return {}
        plants = [
            SelectOptionDict(value=key, label=plant.name)
            for key, plant in self._inventory().plants.items()
        ]
        fields: dict[vol.Marker, Selector[Any]] = {
            vol.Optional(CONF_EXTRA_SERIAL): TextSelector()
        }
        if len(plants) > 1:
            fields[vol.Optional(CONF_EXTRA_PLANT)] = SelectSelector(
                SelectSelectorConfig(options=plants)
            )
        return fields

    async def _async_check(
        self, serial: str, plant: Plant, errors: dict[str, str]
    ) -> bool:
        """Whether a meter may be added; if not, the form says why."""
        cloud = self._cloud()
        if serial in self._inventory().devices or not isinstance(
            cloud, SupportsManualDevices
        ):
            errors[CONF_EXTRA_SERIAL] = "already_listed"
            return False
        try:
            await cloud.check_serial(serial, plant)
        except CloudError as err:
            errors["base"] = flow_error(err)
            return False
        return True

    async def async_step_meter(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Correct one meter: wired the other way round, or reporting another unit."""
        options = self.config_entry.options
        if user_input is not None:
            correction = {
                CONF_SWAP_DIRECTION: user_input[CONF_SWAP_DIRECTION],
                CONF_UNIT: user_input[CONF_UNIT],
            }
            corrections = {
                **options.get(CONF_CORRECTIONS, {}),
                user_input[CONF_DEVICE]: correction,
            }
            return self._save({**options, CONF_CORRECTIONS: corrections})
        return self.async_show_form(
            step_id="meter", data_schema=_meter_schema(self._names())
        )

    async def async_step_points(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the type of device of which raw points are picked; the only one is chosen."""
        self._picker = PointPicker(self.hass, self.config_entry)
        types = {each["value"]: each["label"] for each in self._picker.types()}
        if user_input is not None or len(types) == 1:
            chosen = (user_input or {}).get(CONF_DEVICE, next(iter(types)))
            self._point_type = (chosen, types[chosen])
            return await self.async_step_points_of_type()
        options = SelectSelectorConfig(
            options=self._picker.types(), mode=SelectSelectorMode.LIST
        )
        return self.async_show_form(
            step_id="points",
            data_schema=vol.Schema(
                {vol.Required(CONF_DEVICE): SelectSelector(options)}
            ),
        )

    async def async_step_points_of_type(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Pick points of a type of device."""
        kind, devices = self._point_type
        errors: dict[str, str] = {}
        if user_input is not None:
            points = user_input.get(CONF_RAW_POINTS, [])
            if self._picker.are_points(kind, points):
                chosen = self._picker.pick(kind, points)
                return self._save(
                    {**self.config_entry.options, CONF_RAW_POINTS: chosen}
                )
            errors[CONF_RAW_POINTS] = "unknown_point"
        options = SelectSelectorConfig(
            options=await self._picker.async_options(kind),
            multiple=True,
            custom_value=self._picker.takes_any_id,
            mode=SelectSelectorMode.DROPDOWN,
        )
        # No default: it would bring back what was taken out.
        schema = vol.Schema({vol.Optional(CONF_RAW_POINTS): SelectSelector(options)})
        picked = {CONF_RAW_POINTS: self._picker.picked(kind)}
        return self.async_show_form(
            step_id="points_of_type",
            data_schema=self.add_suggested_values_to_schema(
                schema, picked if user_input is None else user_input
            ),
            errors=errors,
            description_placeholders={"devices": devices},
        )

    async def _async_sources(self) -> list[str]:
        """Return the statistics of others that ours could go on from."""
        if not self.config_entry.runtime_data.history.can_import:
            return []
        return await async_sources(self.hass)

    async def async_step_take_over(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose which statistic of another integration each counter of a plant goes on from."""
        account = self.config_entry.runtime_data
        plants = account.inventory.chosen.plants
        errors: dict[str, str] = {}
        if user_input is not None:
            self._plant_id = user_input.get(CONF_PLANT, next(iter(plants)))
            counters = own_counters(
                self.hass, account, account.inventory.chosen, self._plant_id
            )
            self._wanted = {
                counters[quantity]: user_input[quantity]
                for quantity in COUNTERS
                if quantity in counters and user_input.get(quantity)
            }
            errors = await self._async_obstacles()
            if not errors:
                return await self.async_step_take_over_confirm()
        schema = _take_over_schema(
            {key: plant.name for key, plant in plants.items()},
            await self._async_sources(),
        )
        return self.async_show_form(
            step_id="take_over",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
        )

    async def _async_obstacles(self) -> dict[str, str]:
        """Return why nothing can be taken over now."""
        if self._plant_id in self.config_entry.runtime_data.history.imports.jobs:
            return {"base": "import_running"}
        if not await async_taken_over(self.hass, self._wanted):
            return {"base": "nothing_to_take_over"}
        return {}

    async def async_step_take_over_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would be taken over, and do it when that is confirmed."""
        found = await async_taken_over(self.hass, self._wanted)
        imports = self.config_entry.runtime_data.history.imports
        if user_input is not None and found and self._plant_id not in imports.jobs:
            await imports.async_take_over(self._plant_id, found)
            return self.async_abort(reason="taken_over")
        lines = [
            await async_sentence(
                self.hass,
                "take_over_line",
                ours=ours,
                theirs=each.source,
                start=_day(each.prefix.rows[0].start),
                end=_day(each.prefix.rows[-1].start),
                hours=str(len(each.prefix.rows)),
                kwh=f"{each.kwh:.1f}",
                first=_day(each.first.start),
            )
            for ours, each in found.items()
        ]
        return self.async_show_form(
            step_id="take_over_confirm",
            data_schema=vol.Schema({}),
            description_placeholders={"preview": "\n".join(lines)},
        )


def _day(at: float) -> str:
    return dt_util.as_local(dt_util.utc_from_timestamp(at)).date().isoformat()


def _take_over_schema(plants: Mapping[str, str], sources: list[str]) -> vol.Schema:
    """Ask for a plant where there are several, and for a statistic for each of its counters."""
    fields: dict[vol.Marker, Selector[Any]] = {}
    if len(plants) > 1:
        options = [
            SelectOptionDict(value=key, label=name) for key, name in plants.items()
        ]
        fields[vol.Required(CONF_PLANT, default=next(iter(plants)))] = SelectSelector(
            SelectSelectorConfig(options=options)
        )
    for quantity in COUNTERS:
        fields[vol.Optional(quantity.value)] = SelectSelector(
            SelectSelectorConfig(options=sources, mode=SelectSelectorMode.DROPDOWN)
        )
    return vol.Schema(fields)


def _meter_schema(names: Mapping[str, str]) -> vol.Schema:
    devices = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
    return vol.Schema(
        {
            vol.Required(CONF_DEVICE, default=devices[0]["value"]): SelectSelector(
                SelectSelectorConfig(options=devices)
            ),
            vol.Required(CONF_SWAP_DIRECTION, default=False): BooleanSelector(),
            vol.Required(CONF_UNIT, default=UNIT_OF_TABLE): SelectSelector(
                SelectSelectorConfig(
                    options=[UNIT_OF_TABLE, *(unit.name.lower() for unit in PowerUnit)],
                    translation_key="meter_unit",
                )
            ),
        }
    )
