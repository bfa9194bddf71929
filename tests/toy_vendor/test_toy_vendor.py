"""The vendor of the tutorial in a real Home Assistant, added as CONTRIBUTING.md says and in no other way."""

from collections.abc import AsyncIterator
import json
from pathlib import Path
import re
import subprocess
import sys
from typing import Any, Final

import pytest

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.config_flow import SIGN_INS, SolarCloudConfigFlow
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from tests.emulators.world import World
from tests.helpers.flow import Flow
from tests.helpers.home import Home

from .emulator import ToyCloud
from .install import copy_with_toy
from .toy import VENDOR

HERE: Final = Path(__file__).parent
REPOSITORY: Final = HERE.parents[1]
COMPONENT: Final = REPOSITORY / "custom_components" / "solar_cloud"


@pytest.fixture
async def cloud(world: World, socket_enabled: None) -> AsyncIterator[ToyCloud]:
    """The toy's cloud in Home Assistant's time."""
    async with ToyCloud(world) as running:
        yield running


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the line in the registry leads to when Home Assistant imports it."""

    async def step(
        flow: SolarCloudConfigFlow, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        return await flow.async_step_sign_in("toy", user_input)

    monkeypatch.setitem(VENDORS, "toy", VENDOR)
    monkeypatch.setitem(SIGN_INS, "toy", VENDOR)
    monkeypatch.setattr(SolarCloudConfigFlow, "async_step_toy", step, raising=False)


@pytest.mark.usefixtures("registered")
async def test_the_toy_shows_in_home_assistant(home: Home, cloud: ToyCloud) -> None:
    """Added in the user interface, with devices, values in our signs and units, and energies that add up."""
    flow = await Flow.add(home.hass)
    await flow.choose("toy")
    await flow.submit(region="other", **cloud.credentials)
    await flow.submit(base_url=cloud.url)
    assert flow.at("plants")
    await flow.submit(plants=["toy-0"], controls=False)
    entry = flow.entry
    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == "Toy home 0 (Toy Solar)"

    (site,) = cloud.sites
    site.change(load_w=500.0, clearness=0.9)
    await home.pass_time(900)
    begin = site.truth()
    bought, made = (
        home.value(f"toy_toy-0_{role}_energy_total") for role in ("grid_import", "pv")
    )
    for role, watts in (
        ("pv_power", site.powers().pv),
        ("grid_power", site.powers().grid),
        ("battery_power", site.powers().battery),
        ("load_power", 500.0),
    ):
        told = home.value(f"toy_toy-0_{role}")
        assert told == pytest.approx(watts, rel=0.05, abs=60), role
    assert home.value("toy_toy-0_battery_soc") > 0
    assert home.state("toy_toy-0-inverter_operating_state").state == "running"
    assert home.value("toy_toy-0-inverter_mppt_power_2") > 0
    # The vendor keeps no past: there is no button that could never be pressed.
    assert home.known("toy_toy-0_refresh", "button")
    assert not home.known("toy_toy-0_import_history", "button")

    site.change(load_w=4000.0, clearness=0.2)
    await home.pass_time(3600)
    grown = site.truth().since(begin)
    for name, before, flowed in (
        ("grid_import", bought, grown.grid_import),
        ("pv", made, grown.pv),
    ):
        told = home.value(f"toy_toy-0_{name}_energy_total") - before
        assert told == pytest.approx(flowed, abs=0.4), name

    assert await home.hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The integration with the toy in it."""
    target = tmp_path / "custom_components" / "solar_cloud"
    copy_with_toy(COMPONENT, target)
    return target


def test_a_folder_a_line_and_texts_are_all_it_takes(copy: Path) -> None:
    """No other file changes."""
    changed = {
        path.relative_to(copy).as_posix()
        for path in copy.rglob("*")
        if path.is_file()
        and path.parent.name != "toy"
        and path.read_bytes() != (COMPONENT / path.relative_to(copy)).read_bytes()
    }
    assert changed == {
        "cloud/registry.py",
        "translations/de.json",
        "translations/en.json",
    }


@pytest.mark.slow
def test_the_registry_finds_the_toy(copy: Path) -> None:
    """In a process of its own, as Home Assistant imports it."""
    program = (
        "from custom_components.solar_cloud.config_flow import SIGN_INS, VENDORS;"
        "print(*VENDORS, *SIGN_INS)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=copy.parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [*VENDORS, "toy", *SIGN_INS, "toy"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_form_has_its_texts(copy: Path, language: str) -> None:
    """Those of the toy's own, and those that others brought."""
    texts = json.loads((copy / "translations" / f"{language}.json").read_text())
    steps = texts["config"]["step"]
    fields = {"region", *(field.key for field in VENDOR.sign_ins[0].fields)}
    assert steps["toy"]["data"].keys() == steps["toy"]["data_description"].keys()
    assert steps["toy"]["data"].keys() == fields
    assert fields <= steps["reconfigure"]["data"].keys()
    assert "password" in steps["reauth_confirm"]["data"]
    assert {"toy", "solax"} <= steps["user"]["menu_options"].keys()
    options = texts["selector"]["toy_region"]["options"]
    assert options.keys() == {*VENDOR.sign_ins[0].regions, "other"}


@pytest.mark.parametrize(
    ("most", "files"),
    [(250, "toy/*.py"), (150, "emulator.py")],
    ids=["client", "cloud"],
)
def test_it_stays_a_toy(most: int, files: str) -> None:
    """Whoever learns from it reads it in a quarter of an hour."""
    lines = [line for path in HERE.glob(files) for line in path.open()]
    assert len(lines) <= most


def test_the_way_through_it_shows_what_is_there() -> None:
    """Each piece of code in CONTRIBUTING.md stands in the toy, whatever its indentation and empty lines."""
    page = (REPOSITORY / "CONTRIBUTING.md").read_text()
    way = page.partition("## How to add a vendor")[2].partition("\n## ")[0]
    code = "\n".join(path.read_text() for path in HERE.glob("**/*.py"))
    pieces = re.findall(r"```python\n(.+?)```", way, re.DOTALL)
    assert len(pieces) > 4
    for piece in pieces:
        assert _lines(piece) in _lines(code), piece
    for path in HERE.glob("toy/*.py"):
        assert f"`toy/{path.name}`" in way


def _lines(code: str) -> str:
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())
