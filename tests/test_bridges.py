"""What the pages of other programs tell to configure: it loads, names what exists, and the mode asked for arrives at the cloud once."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
import re
from typing import Any, Final, NamedTuple

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import yaml

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .controls.test_battery_mode import BUILD, LOAD, Steered
from .helpers.accounts import AnyCloud
from .helpers.home import Home
from .helpers.house import UPLOAD

FOLDER: Final = Path(__file__).parent.parent / "docs" / "bridges"
PAGES: Final = sorted(path.stem for path in FOLDER.glob("*.md"))
CONFIGURATION: Final = "configuration.yaml"
"""What goes into Home Assistant; every other file belongs to the program."""

EVCC_METER: Final = frozenset(
    {"name", "type", "template", "usage", "uri", "power", "energy", "returnEnergy"}
    | {"soc", "modeNormal", "modeHold", "modeCharge", "capacity", "maxsoc"}
)
"""``params`` of templates/definition/meter/homeassistant.yaml and of its preset battery-params; evcc-io/evcc b29b49e30."""

LEVEL: Final = 50.0
"""W by which a battery may miss what was asked for."""
WIRE: Final[Mapping[str, Mapping[str, list[str]]]] = {
    "solax": {
        "hold": ["charge_only_mode"],
        "charge": ["positive_or_negative_mode"],
        "automatic": ["exit_vpp_mode"],
    },
    "sungrow": {
        "hold": ["10003=2 10004=204"],
        "charge": ["10003=2 10004=170 10005=500"],
        "automatic": ["10003=0 10004=204"],
    },
    "fusionsolar": {
        "hold": ["limit 0"],
        "charge": ["limit 5000", "force 1"],
        "automatic": ["force 0"],
    },
}
"""What goes over the wire when the battery is held, then charged with all it can, then left alone."""
EVCC_MODES: Final = {"Hold": "hold", "Charge": "charge", "Normal": "automatic"}

type Rest = Callable[..., Awaitable[Any]]


class Block(NamedTuple):
    """A configuration of a page."""

    page: str
    file: str
    text: str


def blocks(page: str, slug: str = "my_home") -> Iterator[Block]:
    """Return what a page tells to copy, for the plant of a name."""
    text = (FOLDER / f"{page}.md").read_text().replace("my_home", slug)
    for body in re.findall(
        r"^```yaml\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE
    ):
        first, _, _ = body.partition("\n")
        yield Block(page, first.removeprefix("# ").split(" ")[0], body)


def of_file(page: str, file: str, slug: str = "my_home") -> dict[str, Any]:
    """Return what a page tells to write into a file."""
    told: dict[str, Any] = {}
    for block in blocks(page, slug):
        if block.file == file:
            for key, value in yaml.safe_load(block.text).items():
                if isinstance(value, dict):
                    told.setdefault(key, {}).update(value)
                else:
                    told.setdefault(key, []).extend(value)
    return told


def slug(steered: Steered) -> str:
    """Return the plant's name, as its entities have it."""
    entity_id = steered.home.entity_id(steered.id("battery_mode"), "select")
    return entity_id.removeprefix("select.").removesuffix("_battery_mode")


async def configure(steered: Steered, page: str) -> None:
    """Write what a page and the common one say into Home Assistant, and start it."""
    told = of_file("README", CONFIGURATION, slug(steered))
    for key, value in of_file(page, CONFIGURATION, slug(steered)).items():
        told[key] = told[key] | value if key in told else value
    for key, value in told.items():
        assert await async_setup_component(steered.home.hass, key, {key: value})
    await steered.home.hass.async_block_till_done()


@pytest.fixture(params=[*BUILD])
def any_cloud(request: pytest.FixtureRequest) -> AnyCloud:
    """The cloud of each vendor."""
    cloud: AnyCloud = request.getfixturevalue(request.param)
    return cloud


@pytest.fixture
async def steered(home: Home, any_cloud: AnyCloud, waiting: list[float]) -> Steered:
    """A home of each vendor, whose settings were read, in the dark."""
    steered = await BUILD[any_cloud.name](home, any_cloud)
    steered.site.set_soc(0.5)
    steered.site.change(load_w=LOAD, clearness=0.0)
    await home.pass_time(UPLOAD)
    return steered


@pytest.fixture
async def rest(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> Rest:
    """Home Assistant's REST API, as a program with a long-lived token calls it."""
    assert await async_setup_component(hass, "api", {})
    client: TestClient[Any, Any] = await hass_client()
    refresh = next(iter(hass_admin_user.refresh_tokens.values()))
    refresh.access_token_expiration = timedelta(days=60)
    token = hass.auth.async_create_access_token(refresh)

    async def call(path: str, **data: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        method = "POST" if data else "GET"
        answer = await client.request(
            method, f"/api/{path}", json=data or None, headers=headers
        )
        assert answer.status in {200, 201}, await answer.text()
        return await answer.json()

    return call


def obeyed(steered: Steered, mode: str) -> None:
    """Look at the battery, in the dark, and at the select."""
    assert steered.shown == mode
    watts = steered.battery()
    if mode == "charge":
        assert watts < -1000
    else:
        assert watts == pytest.approx(LOAD if mode == "automatic" else 0, abs=LEVEL)


@pytest.mark.parametrize("page", PAGES)
def test_every_configuration_says_where_it_goes_and_is_yaml(page: str) -> None:
    """By the comment in its first line."""
    for block in blocks(page):
        assert re.fullmatch(r"[a-z]+\.ya?ml", block.file), block
        assert yaml.safe_load(block.text), block


async def test_what_is_named_exists(steered: Steered) -> None:
    """Entities of the plant with each vendor, enabled or not, and actions."""
    hass, name = steered.home.hass, slug(steered)
    registry = er.async_get(hass)
    scripts = {
        f"script.{key}"
        for page in PAGES
        for key in of_file(page, CONFIGURATION).get("script", {})
    }
    for block in (block for page in PAGES for block in blocks(page, name)):
        for entity_id in re.findall(rf"\b[a-z_]+\.{name}_\w+", block.text):
            assert registry.async_get(entity_id), (block.page, entity_id)
        for action in re.findall(r"\b(?:action|service): ([a-z_.]+)", block.text):
            domain, _, key = action.partition(".")
            assert await async_setup_component(hass, domain, {}), action
            assert action in scripts or hass.services.has_service(domain, key), action


async def test_template_sensors_tell_the_plant(steered: Steered) -> None:
    """In the dark, and when its plant is gone."""
    await configure(steered, "sensors")
    home, name = steered.home, slug(steered)

    def told(key: str, platform: str = "sensor") -> str:
        state = home.hass.states.get(f"{platform}.bridge_{key}")
        assert state is not None, key
        return state.state

    def value(key: str) -> float:
        state = home.hass.states.get(f"sensor.{name}_{key}")
        assert state is not None
        return float(state.state)

    assert float(told("discharging_power")) == value("battery_power") > 0
    assert float(told("charging_power")) == 0
    assert float(told("import_power")) == max(0.0, value("grid_power"))
    assert float(told("charge_factor")) == pytest.approx(
        value("state_of_charge") / 100, abs=1e-4
    )
    assert float(told("stored_energy")) == pytest.approx(
        value("state_of_charge") / 10, abs=1e-3
    )
    assert told("values_are_fresh", "binary_sensor") == "on"
    steered.site.change(load_w=0.0, clearness=1.0)
    steered.site.set_soc(1.0)
    await home.pass_time(UPLOAD)
    assert float(told("export_power")) == -value("grid_power") > 0
    assert float(told("import_power")) == 0
    await home.hass.config_entries.async_unload(steered.entry.entry_id)
    await home.hass.async_block_till_done()
    assert told("export_power") == told("charge_factor") == "unavailable"


def test_evcc_knows_every_key() -> None:
    """As its template has them; the modes must be scripts, and the first is needed for the others."""
    told = of_file("evcc", "evcc.yaml")
    assert told.keys() == {"meters", "site"}
    names = set()
    for meter in told["meters"]:
        assert meter.keys() <= EVCC_METER
        assert (meter["type"], meter["template"]) == ("template", "homeassistant")
        assert meter["usage"] in {"grid", "pv", "battery"}
        names.add(meter["name"])
    scripts = {f"script.{key}" for key in of_file("evcc", CONFIGURATION)["script"]}
    battery = told["meters"][-1]
    asked = {battery[f"mode{mode}"] for mode in ("Normal", "Hold", "Charge")}
    assert asked == scripts
    used = told["site"]["meters"]
    assert {used["grid"], *used["pv"], *used["battery"]} == names


async def test_evcc_reads_and_steers(steered: Steered, rest: Rest) -> None:
    """Its requests as its source has them: each meter is a number in W, kWh or %; each mode arrives once, however often it is asked for."""
    await configure(steered, "evcc")
    told = of_file("evcc", "evcc.yaml", slug(steered))
    for meter in told["meters"]:
        for key, unit in {
            "power": "W",
            "energy": "kWh",
            "returnEnergy": "kWh",
            "soc": "%",
        }.items():
            if key in meter:
                state = await rest(f"states/{meter[key]}")
                assert float(state["state"]) is not None
                assert state["attributes"]["unit_of_measurement"] == unit
    battery = told["meters"][-1]
    expected: list[str] = []
    for theirs, ours in EVCC_MODES.items():
        for _ in range(2):
            await rest("services/script/turn_on", entity_id=battery[f"mode{theirs}"])
            await steered.home.settle()
        await steered.home.pass_time(1500)
        expected += WIRE[steered.vendor][ours]
        assert steered.sent() == expected
        obeyed(steered, ours)
