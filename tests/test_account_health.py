"""What a user sees of the account itself: on a device of its own, what went wrong last and until when what may be asked."""

from datetime import datetime

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud import async_remove_config_entry_device
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.device_registry import account_key
from custom_components.solar_cloud.diagnostics import async_get_device_diagnostics

from .emulators.solax import SolaxCloud
from .helpers.home import Home, everything_enabled

POLL = 360.0
"""Seconds in which there is a poll."""


async def test_an_account_says_what_went_wrong_last_and_when_it_is_well_again(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Within the grace, too, in which values stay; its device is neither deleted nor taken for a plant, and names nobody."""
    with everything_enabled():
        await home.start(entry)
    await home.pass_time(600)
    key = account_key(entry.entry_id)
    ids = f"solax_{key}"
    device = home.device(key, entry)
    assert device is not None
    assert (device.name, device.manufacturer) == ("SolaX account", "SolaX")
    assert home.state(f"{ids}_last_error").state == "none"
    for instant in ("next_poll", "token_ends", "calls_reset"):
        at = datetime.fromisoformat(home.state(f"{ids}_{instant}").state)
        assert at > home.freezer().astimezone(), instant
    kinds = home.state(f"{ids}_calls_by_kind")
    assert kinds.attributes["by_kind"]

    solax.fault(http=503, times=None)
    await home.pass_time(POLL)
    failed = home.state(f"{ids}_last_error")
    assert failed.state == "server_error"
    assert failed.attributes["reason"] == "The cloud has an internal error."
    await home.pass_time(2400)
    assert home.state(f"{ids}_last_error").state == "server_error"
    next_poll = home.state(f"{ids}_next_poll").state
    assert datetime.fromisoformat(next_poll) > home.freezer().astimezone()

    solax.faults.clear()
    await home.pass_time(2400)
    assert home.state(f"{ids}_last_error").state == "none"

    assert home.device(key, entry) == device
    assert not await async_remove_config_entry_device(home.hass, entry, device)
    report = await async_get_device_diagnostics(home.hass, entry, device)
    assert report["device"] is None
    listed = await home.hass.services.async_call(
        DOMAIN,
        "list_devices",
        {"config_entry_id": entry.entry_id},
        blocking=True,
        return_response=True,
    )
    assert device.id not in str(listed)
    told = str([state.as_dict() for state in home.hass.states.async_all()])
    for secret in (*solax.credentials.values(), entry.entry_id):
        assert secret not in told
