"""Solar Cloud: SolaX, Sungrow and FusionSolar plants in Home Assistant."""

from collections.abc import Callable
from typing import Final, NamedTuple

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .account import Account, is_account
from .all_plants import async_setup_all_plants, async_unload_all_plants
from .cloud.catalogue import SupportsRawPoints
from .cloud.corrections import DeviceCorrection, PowerUnit, SupportsCorrections
from .cloud.model import Notice
from .cloud.quota import Quota
from .cloud.registry import VENDORS
from .cloud.vendor import (
    Cloud,
    SignIn,
    SupportsLanguages,
    SupportsLogout,
    SupportsManualDevices,
    Vendor,
)
from .const import (
    CONF_CONTROLS,
    CONF_CORRECTIONS,
    CONF_CREDENTIALS,
    CONF_EXTRA_DEVICES,
    CONF_RAW_POINTS,
    CONF_SIGN_IN,
    CONF_SWAP_DIRECTION,
    CONF_UNIT,
    CONF_VENDOR,
    DOMAIN,
    PLATFORMS,
)
from .control.forced_mode import SECTION as FORCES, async_end_all
from .control.manager import ControlManager
from .coordinator import InventoryCoordinator, ReadingsCoordinator, SettingsCoordinator
from .dashboard import async_serve
from .device_registry import (
    DeviceRegistrySync,
    account_key,
    own_identifier,
    registered_name,
)
from .doctors import own_notices
from .energy_dashboard import DashboardIssue
from .entity import forget_calendars
from .journal import ChangeJournal
from .repairs import Repairs, notice_of
from .runtime import RuntimeData, SolarCloudConfigEntry
from .section_file import SectionStore
from .services import async_register
from .session import get_transport
from .statistics import recorder
from .statistics.last_shown import async_take_up
from .statistics.manager import History
from .statistics.undo import async_complete
from .storage import (
    KEPT,
    AccountStorage,
    async_get_store,
    async_remove_store,
    async_remove_strays,
    get_quota,
)

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)


class _Connection(NamedTuple):
    vendor: Vendor
    sign_in: SignIn
    store: AccountStorage
    quota: Quota
    cloud: Cloud


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and the dashboard, and tidy up; accounts come by the user interface only."""
    async_register(hass)
    await async_serve(hass)
    await async_remove_strays(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SolarCloudConfigEntry) -> bool:
    """Connect an account, read it once and start its entities; or add all of them up."""
    if not is_account(entry):
        await async_setup_all_plants(hass, entry)
        return True
    account = await _async_build_account(hass, entry)
    repairs = Repairs(hass, entry.entry_id, entry.title)
    await _async_first_look(hass, entry, account, repairs)
    control_manager = _control_manager(hass, entry, account)
    allowed = entry.options.get(CONF_CONTROLS)
    history = History(hass, entry, account)
    entry.runtime_data = RuntimeData(
        account.vendor,
        account.sign_in,
        account.cloud,
        account.store,
        account.quota,
        account.inventory,
        account.readings,
        control_manager if allowed else None,
        history,
    )

    page = account.sign_in.pages.get(entry.data[CONF_CREDENTIALS]["region"])
    registry_sync = DeviceRegistrySync(
        hass, entry.entry_id, account.vendor, account.store, page
    )
    await registry_sync.async_register(account.inventory.chosen)
    keep = _keep_devices(account, registry_sync)
    registry_sync.prune(account.inventory.data, account.inventory.chosen)
    entry.async_on_unload(account.inventory.async_add_listener(keep))

    show = _show_notices(hass, entry, account, repairs, control_manager)
    show()
    entry.async_on_unload(account.readings.async_add_listener(show))
    entry.async_on_unload(account.inventory.async_add_listener(show))
    entry.async_on_unload(lambda: repairs.show(frozenset()))

    if control_manager is not None:
        if not allowed:
            control_manager.forces.expire()
        entry.async_on_unload(await control_manager.async_start(account.readings))
        entry.async_on_unload(control_manager.settings.async_add_listener(show))
    entry.async_on_unload(history.start())
    await hass.config_entries.async_forward_entry_setups(entry, _platforms(entry))
    if not allowed:
        forget_calendars(hass, entry)
    entry.async_on_unload(
        ChangeJournal(
            hass, entry, account, control_manager if allowed else None
        ).start()
    )
    entry.async_on_unload(DashboardIssue(hass, entry, history).start())
    return True


async def _async_first_look(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    account: Account,
    repairs: Repairs,
) -> None:
    """List and read for the first time; what the user can mend is told even if nothing could be read."""
    try:
        await account.inventory.async_config_entry_first_refresh()
        await async_take_up(hass, account, entry.entry_id)
        await account.readings.async_config_entry_first_refresh()
    except ConfigEntryNotReady:
        failure = account.readings.last_error or account.inventory.last_error
        repairs.show(notice_of(failure))
        if account.inventory.last_success and not account.inventory.remembered:
            # The next try need not list again: it is the readings that failed.
            account.store.listed = account.inventory.data
        raise


async def _async_connect(
    hass: HomeAssistant, entry: SolarCloudConfigEntry
) -> _Connection:
    """Build the client, taking up what outlived the last set-up; no call is made."""
    vendor = VENDORS[entry.data[CONF_VENDOR]]
    await hass.async_add_import_executor_job(vendor.clients)
    sign_in = vendor.sign_in(entry.data[CONF_SIGN_IN])
    credentials = entry.data[CONF_CREDENTIALS]
    store = await async_get_store(hass, entry.entry_id, entry.unique_id)
    quota = get_quota(hass, vendor, sign_in, credentials, store)
    transport = get_transport(hass, store.capture)
    cloud = vendor.connect(sign_in, credentials, transport, store, quota)
    if isinstance(cloud, SupportsManualDevices):
        cloud.take_serials(entry.options.get(CONF_EXTRA_DEVICES, {}))
    if isinstance(cloud, SupportsLanguages):
        cloud.speak(hass.config.language)
    if isinstance(cloud, SupportsCorrections):
        cloud.correct(corrections(entry))
    if isinstance(cloud, SupportsRawPoints):
        cloud.pick(entry.options.get(CONF_RAW_POINTS, {}))
    return _Connection(vendor, sign_in, store, quota, cloud)


async def _async_build_account(
    hass: HomeAssistant, entry: SolarCloudConfigEntry
) -> Account:
    """Build the client and its coordinators."""
    vendor, sign_in, store, quota, cloud = await _async_connect(hass, entry)
    inventory = InventoryCoordinator(hass, entry, cloud, store)
    readings = ReadingsCoordinator(hass, entry, vendor, cloud, store, inventory)
    return Account(vendor, sign_in, cloud, store, quota, inventory, readings)


def _control_manager(
    hass: HomeAssistant, entry: SolarCloudConfigEntry, account: Account
) -> ControlManager | None:
    """Build what changes settings, if the client can and the user allows it, or once did and a forced mode is still to be ended."""
    controls = account.cloud.controls
    allowed = entry.options.get(CONF_CONTROLS)
    if controls is None or not (allowed or account.store.load(FORCES)):
        return None

    settings = SettingsCoordinator(
        hass, entry, controls, account.vendor.settings_period, account.inventory
    )
    return ControlManager(
        hass, entry, controls, account.store, account.inventory, settings
    )


def corrections(entry: SolarCloudConfigEntry) -> dict[str, DeviceCorrection]:
    """Return what the user knows better about single devices."""
    units = {unit.name.lower(): unit for unit in PowerUnit}
    return {
        device_id: DeviceCorrection(
            stored[CONF_SWAP_DIRECTION], units.get(stored[CONF_UNIT])
        )
        for device_id, stored in entry.options.get(CONF_CORRECTIONS, {}).items()
    }


def _keep_devices(
    account: Account, registry_sync: DeviceRegistrySync
) -> Callable[[], None]:
    @callback
    def keep() -> None:
        chosen = account.inventory.chosen
        registry_sync.register(chosen)
        registry_sync.prune(account.inventory.data, chosen)

    return keep


def _show_notices(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    account: Account,
    repairs: Repairs,
    control_manager: ControlManager | None,
) -> Callable[[], None]:
    @callback
    def show() -> None:
        told = control_manager.notices if control_manager else frozenset()
        repairs.show(
            account.readings.data.notices
            | notice_of(account.readings.last_error)
            | notice_of(account.inventory.last_error)
            | own_notices(hass, entry, account)
            | told
        )

    return show


def _platforms(entry: SolarCloudConfigEntry) -> list[Platform]:
    """Return what an account has entities of: without settings it has no calendar, and Home Assistant's menu needs no page for one."""
    if entry.runtime_data.control_manager is None:
        return [each for each in PLATFORMS if each is not Platform.CALENDAR]
    return PLATFORMS


async def async_unload_entry(hass: HomeAssistant, entry: SolarCloudConfigEntry) -> bool:
    """Stop an account; what it learnt is written."""
    if not is_account(entry):
        return await async_unload_all_plants(hass, entry)
    unloaded = await hass.config_entries.async_unload_platforms(
        entry, _platforms(entry)
    )
    if unloaded:
        await entry.runtime_data.history.async_stop()
        await entry.runtime_data.store.async_flush()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: SolarCloudConfigEntry) -> None:
    """End forced modes, and the session where the vendor counts them; delete everything kept of the account.

    What could not be ended, and does not end by itself, is told by a repair: nobody else is left to say so.
    """
    if not is_account(entry):
        await async_remove_store(hass, entry.entry_id)
        return
    connection = await _async_connect(hass, entry)
    cloud = connection.cloud
    lasting = await async_end_all(cloud, connection.store.load(FORCES))
    if isinstance(cloud, SupportsLogout):
        await cloud.sign_out()
    Repairs(hass, entry.entry_id, entry.title).show(
        frozenset(
            Notice(
                "force_left_on",
                (("device", registered_name(hass, entry.entry_id, key)),),
            )
            for key in lasting
        )
    )
    if recorder.has_recorder(hass):
        await async_complete(hass, SectionStore(hass, entry.entry_id, KEPT))
    await async_remove_store(hass, entry.entry_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: SolarCloudConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the user delete a device that the account no longer lists; what it lists is known only while it is loaded."""
    if entry.state is not ConfigEntryState.LOADED or not is_account(entry):
        return False
    inventory = entry.runtime_data.inventory.data
    return own_identifier(device) not in {
        account_key(entry.entry_id),
        *inventory.plants,
        *inventory.devices,
    }
