"""Home Assistant's frontend as a person uses it, by Playwright."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import itertools
import json
from pathlib import Path
import shutil
import time
from typing import Any, Final

from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright

from tests.live.instance import ZONE, Instance
from tests.live.process import LOOPBACK

_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks for, it reaches this machine only.
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}",
)
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
DESK: Final[ViewportSize] = {"width": 1280, "height": 900}
_PATIENCE_MS: Final = 30_000
_DAY: Final = 24 * 3600

# The open flow dialog knows its step; what is on the screen may be a step behind.
_STEP: Final = """
() => {
  const dialog = document.querySelector("home-assistant").shadowRoot.querySelector("dialog-data-entry-flow");
  return dialog?._step ?? null;
}
"""
_AT_STEP: Final = """
(wanted) => {
  const dialog = document.querySelector("home-assistant").shadowRoot.querySelector("dialog-data-entry-flow");
  const step = dialog?._step;
  return step && !dialog._loading && (step.step_id === wanted || step.type === wanted);
}
"""


class Frontend:
    """One browser tab, logged in."""

    def __init__(self, page: Page, pictures: Path) -> None:
        """Use a tab; screenshots go to the folder `pictures`."""
        self.page = page
        self._pictures = pictures
        self._numbers = itertools.count(1)

    async def picture(self, name: str) -> None:
        """Take a screenshot."""
        path = self._pictures / f"{next(self._numbers):02}-{name}.png"
        await self.page.screenshot(path=path, animations="disabled")

    async def views(self, name: str) -> None:
        """Look at what is open light, dark and on a phone, whose width it must keep to."""
        await self.picture(f"{name}-light")
        await self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await self.page.set_viewport_size(PHONE)
        await self.picture(f"{name}-phone-dark")
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
        await self.page.set_viewport_size(DESK)
        await self.picture(f"{name}-dark")
        await self.page.emulate_media(color_scheme="light", reduced_motion="reduce")

    async def picture_of(self, page: Page, name: str) -> None:
        """Take a screenshot of another page: a vendor's."""
        path = self._pictures / f"{next(self._numbers):02}-{name}.png"
        await page.screenshot(path=path, animations="disabled")

    async def open(self, path: str) -> None:
        """Go to a page of Home Assistant."""
        await self.page.goto(path)
        # A dialog that is just closing may navigate back a moment later.
        await self.page.wait_for_url(f"**{path}**")

    async def choose_account(self, *labels: str) -> None:
        """Start the flow, and choose from its menus up to the form."""
        await self.choose_integration("Solar Cloud")
        for label in labels:
            await self.wait_for_step("menu")
            await self.picture("menu")
            await self.choose(label)
        await self.wait_for_step("form")

    async def choose_integration(self, name: str) -> None:
        """Search for an integration and start its flow."""
        await self.open("/config/integrations/dashboard")
        await self.page.get_by_role("button", name="Add integration").click()
        await self.page.locator("dialog-add-integration input").first.fill(name)
        item = self.page.locator("ha-integration-list-item", has_text=name)
        # Fails when the icon cannot be loaded.
        await item.locator("img").evaluate("image => image.decode()")
        await self.picture("search")
        await item.click()

    async def step(self) -> dict[str, Any]:
        """Return the flow's step as the frontend got it."""
        step: dict[str, Any] = await self.page.evaluate(_STEP)
        return step

    async def wait_for_step(self, step: str) -> None:
        """Wait until the flow dialog is at a step, named by its id or its type."""
        await self.page.wait_for_function(_AT_STEP, arg=step)

    async def choose(self, label: str) -> None:
        """Choose an item of the flow's menu."""
        await self.page.locator("step-flow-menu").get_by_text(label, exact=True).click()

    @property
    def _form(self) -> Locator:
        return self.page.locator("dialog-data-entry-flow step-flow-form ha-form")

    async def field(self, name: str) -> Locator:
        """Return a field of the flow's form, in its section too; fields stand in the order of the schema."""
        schema = (await self.step())["data_schema"]
        fields = self._form.locator(".root").first.locator("> :not(ha-alert)")
        for index, field in enumerate(schema):
            if field["name"] == name:
                return fields.nth(index)
            inside = [each["name"] for each in field.get("schema", ())]
            if name in inside:
                rare = fields.nth(index).locator(".root > :not(ha-alert)")
                return rare.nth(inside.index(name))
        raise LookupError(name)

    async def open_section(self) -> None:
        """Open what the form keeps out of sight."""
        await self._form.locator("ha-expansion-panel #summary").click()

    async def fill(self, name: str, text: str) -> None:
        """Type into a text field."""
        await (await self.field(name)).locator("input").fill(text)

    async def select(self, name: str, label: str) -> None:
        """Choose an option of a drop-down field."""
        await (await self.field(name)).locator("ha-picker-field").click()
        await self.page.locator("ha-dropdown-item:visible", has_text=label).click()

    async def search(self, name: str, label: str) -> None:
        """Find an option of a field that takes several, and choose it."""
        await (
            (await self.field(name)).locator("ha-picker-field, ha-button").last.click()
        )
        await self.page.locator("ha-picker-combo-box input").last.fill(label)
        await self.page.locator("ha-combo-box-item:visible", has_text=label).click()

    async def submit(self) -> None:
        """Send the form."""
        form = self.page.locator("dialog-data-entry-flow")
        await form.get_by_role("button", name="Submit").click()

    async def form_error(self) -> str:
        """Return the error that the form shows."""
        alert = self._form.locator("ha-alert[alert-type=error]").first
        await alert.wait_for()
        return await alert.inner_text()

    async def finish(self) -> None:
        """Leave the last page of a flow."""
        dialog = self.page.locator("dialog-data-entry-flow")
        await dialog.get_by_role("button", name="finish").click()
        await dialog.locator("step-flow-create-entry").wait_for(state="detached")

    async def download_diagnostics(self) -> dict[str, Any]:
        """Download the diagnostics of the only entry on the integration's page."""
        # The entry's own menu; those of its devices follow.
        menu = self.page.locator("ha-config-entry-row ha-dropdown").first
        await menu.locator("ha-icon-button").click()
        async with self.page.expect_download() as download:
            await menu.get_by_text("Download diagnostics").click()
        path = await (await download.value).path()
        document: dict[str, Any] = json.loads(path.read_text())
        return document


async def _log_in(browser: Browser, instance: Instance, zone: str) -> Page:
    """Open a tab that has the token a login would have left in it."""
    context = await browser.new_context(
        base_url=instance.url,
        reduced_motion="reduce",
        service_workers="block",
        timezone_id=zone,
        viewport=DESK,
    )
    tokens = instance.client.token | {
        "hassUrl": instance.url,
        "clientId": f"{instance.url}/",
        "expires": int((time.time() + _DAY) * 1000),
    }
    script = f"localStorage.hassTokens = {json.dumps(json.dumps(tokens))}"
    await context.add_init_script(script)
    context.set_default_timeout(_PATIENCE_MS)
    return await context.new_page()


@asynccontextmanager
async def browsing(
    instance: Instance, pictures: Path, zone: str = ZONE
) -> AsyncGenerator[Frontend]:
    """Run a browser on an instance; its screenshots replace those of the last run."""
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(_FLAGS)
        )
        frontend = Frontend(await _log_in(browser, instance, zone), pictures)
        try:
            yield frontend
        finally:
            # Shows where a failed test stood.
            await frontend.picture("end")
            await browser.close()
