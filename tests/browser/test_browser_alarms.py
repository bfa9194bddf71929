"""An alarm as it is seen: on the plant's page, behind its count, and on the dashboard with what to do."""

from playwright.async_api import expect
import pytest

from custom_components.solar_cloud.const import DOMAIN
from tests.emulators.solax import Kind
from tests.live.accounts import solax_cloud
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import PHONE, Frontend
from .test_browser_dashboard import (
    PATH,
    add_every_plant,
    open_dashboard,
    saved_dashboard,
)

pytestmark = pytest.mark.browser

NAME = "Grid Volt Fault"
CAUSE = "The grid voltage is out of range."
ADVICE = "Ask the installer if it lasts."


async def test_an_alarm_is_seen_with_its_cause_and_what_to_do(
    frontend: Frontend, instance: Instance, socket_enabled: None
) -> None:
    """And nothing of it is left on the dashboard once the count is back at zero."""
    client, page = instance.client, frontend.page
    async with solax_cloud() as cloud:
        cloud.load("micro-only")
        cloud.change_device(cloud.first(Kind.INVERTER).sn, {"fault": NAME})
        cloud.plant.site.faults[-1].since -= 900  # the device has told of it
        await add_every_plant(client, cloud)

        async def count() -> str | None:
            """Return the entity that counts alarms, once there is one."""
            return next(
                (
                    str(each["entity_id"])
                    for each in await client.entities(DOMAIN)
                    if each["translation_key"] == "active_alarms"
                ),
                None,
            )

        alarms = await eventually(count, "alarms")
        (plant,) = [
            each["device_id"]
            for each in await client.entities(DOMAIN)
            if each["entity_id"] == alarms
        ]
        await frontend.open(f"/config/devices/device/{plant}")
        row = page.locator("hui-sensor-entity-row", has_text="Active alarms")
        await row.wait_for()  # a page's first load takes its time
        await expect(row).to_contain_text("1")
        await expect(page.get_by_text("Alarm", exact=True).first).to_be_visible()
        await row.scroll_into_view_if_needed()
        await frontend.picture("device")

        await saved_dashboard(client)
        await open_dashboard(frontend)
        shown = page.locator("hui-markdown-card", has_text=CAUSE)
        await expect(shown).to_contain_text(ADVICE)
        await expect(shown.locator("ha-alert")).to_have_attribute("title", NAME)
        await shown.scroll_into_view_if_needed()
        await frontend.picture("dashboard")
        await page.set_viewport_size(PHONE)
        await shown.scroll_into_view_if_needed()
        await frontend.picture("dashboard-phone")

        known = (await client.get(f"/api/states/{alarms}"))["attributes"]
        await client.post(
            f"/api/states/{alarms}",
            {"state": "0", "attributes": known | {"alarms": []}},
        )
        await expect(shown).to_be_hidden()
        assert PATH in page.url
    assert not instance.log_lines("ERROR")
