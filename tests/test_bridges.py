"""What the pages of other programs tell to configure: it loads, names what exists, and the mode asked for arrives at the cloud once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
import re
from typing import Any, Final, NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import yaml

from homeassistant.core import Context, HomeAssistant
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
CHARGED: Final = 2000.0
"""W that a program asks for that gives a power."""
WIRE: Final[Mapping[str, Mapping[str, list[str]]]] = {
    "solax": {
        "hold": ["charge_only_mode"],
        "charge": ["positive_or_negative_mode"],
        "automatic": ["exit_vpp_mode"],
        "charge_from_sun": ["charge_only_mode"],
        "discharge": ["positive_or_negative_mode"],
    },
    "sungrow": {
        "hold": ["10003=2 10004=204"],
        "charge": ["10003=2 10004=170 10005={:.0f}"],
        "automatic": ["10003=0 10004=204"],
        "charge_from_sun": ["10092=10"],
        "discharge": ["10003=2 10004=187 10005={:.0f}"],
    },
    "fusionsolar": {
        "hold": ["limit 0"],
        "charge": ["limit 5000", "force 1"],
        "automatic": ["force 0"],
        "charge_from_sun": ["limit 0"],
        "discharge": ["force 2"],
    },
}
"""What goes over the wire when the battery is held, then charged, then left alone, then the rest; a power in tens of W."""
EVCC_MODES: Final = {"Hold": "hold", "Charge": "charge", "Normal": "automatic"}
EMHASS: Final[Mapping[str, type]] = {
    "optimization_time_step": int,
    "historic_days_to_retrieve": int,
    "sensor_power_photovoltaics": str,
    "sensor_power_load_no_var_loads": str,
    "sensor_replace_zero": list,
    "sensor_linear_interp": list,
    "load_forecast_method": str,
    "number_of_deferrable_loads": int,
    "set_use_pv": bool,
    "set_use_battery": bool,
    "set_nocharge_from_grid": bool,
    "set_nodischarge_to_grid": bool,
    "battery_nominal_energy_capacity": int,
    "battery_charge_power_max": int,
    "battery_discharge_power_max": int,
    "battery_minimum_state_of_charge": float,
    "battery_maximum_state_of_charge": float,
    "battery_target_state_of_charge": float,
}
"""Of data/config_defaults.json of emhass 0.18.7."""
PREDBAT: Final = frozenset(
    {"module", "class", "prefix", "timezone", "inverter", "soc_percent", "grid_power"}
    | {"battery_min_soc", "battery_power_invert", "grid_power_invert"}
    | {"currency_symbols", "threads", "num_inverters", "inverter_type", "soc_max"}
    | {"load_today", "import_today", "export_today", "pv_today", "battery_power"}
    | {"pv_power", "load_power", "battery_rate_max", "inverter_limit"}
    | {"charge_start_service", "charge_freeze_service", "charge_stop_service"}
    | {"discharge_start_service", "discharge_stop_service"}
)
"""docs/apps-yaml.md (the first two lines) and ``APPS_SCHEMA`` of apps/predbat/config.py; springfall2008/batpred aaba48fc."""
PREDBAT_INVERTER: Final = frozenset(
    {"name", "has_rest_api", "has_mqtt_api", "has_service_api", "soc_units"}
    | {"output_charge_control", "charge_control_immediate", "num_load_entities"}
    | {"charge_discharge_with_rate", "has_charge_enable_time", "has_idle_time"}
    | {"has_discharge_enable_time", "has_target_soc", "has_reserve_soc"}
    | {"has_timed_pause", "has_ge_inverter_mode", "has_fox_inverter_mode"}
    | {"has_time_window", "time_button_press", "support_charge_freeze"}
    | {"support_discharge_freeze", "charge_time_format", "can_span_midnight"}
    | {"charge_time_entity_is_option", "clock_time_format", "write_and_poll_sleep"}
)
"""``INVERTER_DEF`` of the same file, and the template of docs/inverter-setup.md."""
PREDBAT_RUNS: Final[Mapping[str, list[tuple[str, str]]]] = {
    "hold": [("discharge", "discharge_stop"), ("charge", "charge_freeze")],
    "charge": [("discharge", "discharge_stop"), ("charge", "charge_start")],
    "automatic": [("charge", "charge_stop"), ("discharge", "discharge_stop")],
    "discharge": [("charge", "charge_stop"), ("discharge", "discharge_start")],
}
"""What a run calls, with the domain in which it remembers the last call: ``adjust_charge_immediate`` and its sibling in inverter.py."""
EOS: Final[Mapping[str, frozenset[str]]] = {
    "homeassistant": frozenset(
        {"device_measurement_entity_ids", "device_instruction_entity_ids"}
        | {"load_emr_entity_ids", "grid_import_emr_entity_ids"}
        | {"grid_export_emr_entity_ids", "pv_production_emr_entity_ids"}
    ),
    "batteries": frozenset(
        {"device_id", "capacity_wh", "max_charge_power_w"}
        | {"min_soc_percentage", "max_soc_percentage"}
    ),
    "inverters": frozenset({"device_id", "max_power_w", "battery_id"}),
}
"""src/akkudoktoreos/adapter/homeassistant.py and devices/devices.py; Akkudoktor-EOS/EOS 7e5aa2f."""

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
        r"^```(?:yaml|json)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE
    ):
        first, _, _ = body.partition("\n")
        json = first == "{"
        yield Block(page, "config.json" if json else first.removeprefix("# "), body)


def of_file(page: str, file: str, slug: str = "my_home") -> dict[str, Any]:
    """Return what a page tells to write into a file."""
    told: dict[str, Any] = {}
    for block in blocks(page, slug):
        if block.file == file:
            for key, value in yaml.safe_load(block.text).items():
                told[key] = told[key] | value if key in told else value
    return told


def slug(steered: Steered) -> str:
    """Return the plant's name, as its entities have it."""
    entity_id = steered.home.entity_id(steered.id("battery_mode"), "select")
    return entity_id.removeprefix("select.").removesuffix("_battery_mode")


async def configure(
    steered: Steered, page: str, places: Mapping[str, str] | None = None
) -> None:
    """Write what a page and the common one say into Home Assistant, with programs at other places, and start it."""
    told = of_file("README", CONFIGURATION, slug(steered))
    for key, value in of_file(page, CONFIGURATION, slug(steered)).items():
        told[key] = told[key] | value if key in told else value
    text = yaml.safe_dump(told, sort_keys=False)
    for written, real in (places or {}).items():
        text = text.replace(written, real)
    for key, value in yaml.safe_load(text).items():
        assert await async_setup_component(steered.home.hass, key, {key: value})
    await steered.home.hass.async_block_till_done()


@pytest.fixture(params=[*BUILD])
def any_cloud(request: pytest.FixtureRequest) -> AnyCloud:
    """The cloud of each vendor."""
    cloud: AnyCloud = request.getfixturevalue(request.param)
    return cloud


@pytest.fixture
async def steered(
    home: Home, any_cloud: AnyCloud, waiting: list[float]
) -> AsyncIterator[Steered]:
    """A home of each vendor, whose settings were read, in the dark."""
    steered = await BUILD[any_cloud.name](home, any_cloud)
    steered.site.set_soc(0.5)
    steered.site.change(load_w=LOAD, clearness=0.0)
    await home.pass_time(UPLOAD)
    yield steered
    if home.hass.services.has_service("automation", "turn_off"):
        await home.hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )


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


class Watched:
    """What is asked for one after the other, and what it did."""

    def __init__(self, steered: Steered) -> None:
        """Nothing was asked for yet."""
        self._steered: Final = steered
        self._expected: Final[list[str]] = []

    async def obeyed(self, mode: str, watts: float = 5000.0) -> None:
        """Let time pass, and look at the wire, at the select and at the battery, in the dark."""
        steered = self._steered
        await steered.home.pass_time(1500)
        self._expected.extend(
            each.format(watts / 10) for each in WIRE[steered.vendor][mode]
        )
        assert steered.sent() == self._expected
        assert steered.shown == mode
        flows = {"automatic": LOAD, "hold": 0.0, "charge": -watts, "discharge": watts}
        assert steered.battery() == pytest.approx(flows[mode], abs=LEVEL)


@pytest.mark.parametrize("page", PAGES)
def test_every_configuration_says_where_it_goes_and_is_yaml(page: str) -> None:
    """By the comment in its first line."""
    for block in blocks(page):
        assert re.fullmatch(r"[a-z]+\.(yaml|json)", block.file), block
        assert yaml.safe_load(block.text), block


async def test_what_is_named_exists(steered: Steered) -> None:
    """Entities of the plant with each vendor, enabled or not, and actions."""
    hass, name = steered.home.hass, slug(steered)
    registry = er.async_get(hass)
    scripts = {
        f"{domain}.{key}"
        for page in PAGES
        for domain in ("script", "rest_command")
        for key in of_file(page, CONFIGURATION).get(domain, {})
    }
    for block in (block for page in PAGES for block in blocks(page, name)):
        for entity_id in re.findall(rf"\b[a-z_]+\.{name}_\w+", block.text):
            assert registry.async_get(entity_id), (block.page, entity_id)
        for action in re.findall(r"\b(?:action|service): ([a-z_.]+)", block.text):
            domain, _, key = action.partition(".")
            if action not in scripts:
                assert await async_setup_component(hass, domain, {}), action
                assert hass.services.has_service(domain, key), action


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
    watched = Watched(steered)
    for theirs, ours in EVCC_MODES.items():
        for _ in range(2):
            await rest("services/script/turn_on", entity_id=battery[f"mode{theirs}"])
            await steered.home.settle()
        await watched.obeyed(ours)


def test_emhass_knows_every_key() -> None:
    """And each is of the kind that it has there."""
    told = of_file("emhass", "config.json")
    assert {key: type(value) for key, value in told.items()} == {
        key: EMHASS[key] for key in told
    }


async def test_emhass_plans_and_its_plan_is_followed(
    steered: Steered, rest: Rest, aiohttp_server: Callable[[web.Application], Any]
) -> None:
    """It is asked every half hour and told the charge; what it publishes arrives once, though it is published and looked at again."""
    asked: list[tuple[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.path, await request.json()))
        return web.Response(status=201, text="EMHASS >> Action executed...")

    application = web.Application()
    application.router.add_post("/action/{name}", answer)
    server = await aiohttp_server(application)
    await configure(steered, "emhass", {"localhost:5000": f"127.0.0.1:{server.port}"})
    watched = Watched(steered)
    plans = {"hold": (0.0, 900.0), "charge": (-1984.5, 2884.5), "automatic": (900.4, 0)}
    for mode, (battery, grid) in plans.items():
        for _ in range(2):
            for key, watts in (("batt", battery), ("grid", grid)):
                attributes = {"unit_of_measurement": "W", "device_class": "power"}
                await rest(
                    f"states/sensor.p_{key}_forecast",
                    state=str(watts),
                    attributes=attributes,
                )
                await steered.home.pass_time(5, 1)
        await watched.obeyed(mode, CHARGED)
    plan, published = asked[:2]
    assert plan[0] == "/action/naive-mpc-optim"
    assert plan[1]["soc_init"] == pytest.approx(0.5, abs=0.1)
    assert published == ("/action/publish-data", {})
    assert 4 <= len(asked) <= 8, "two each half hour"
    await steered.home.pass_time(3000)
    await steered.act("hold")
    await steered.home.pass_time(3000)
    assert steered.shown == "hold", "nobody follows a plan of long ago"


def test_predbat_knows_every_key() -> None:
    """Of the application and of the inverter; one value for one inverter."""
    told = of_file("predbat", "apps.yaml")["pred_bat"]
    assert told.keys() <= PREDBAT
    assert told["inverter"].keys() <= PREDBAT_INVERTER
    assert told["num_inverters"] == 1
    for key, value in told.items():
        if isinstance(value, list) and key != "currency_symbols":
            assert len(value) == 1, key


async def test_predbat_steers(steered: Steered, hass_admin_user: MockUser) -> None:
    """Each of its runs asks again for what repeats; over the wire goes what differs."""
    await configure(steered, "predbat")
    told = of_file("predbat", "apps.yaml", slug(steered))["pred_bat"]
    caller = Context(user_id=hass_admin_user.id)
    last: dict[str, str] = {}

    async def run(mode: str) -> None:
        for about, hook in PREDBAT_RUNS[mode]:
            again = last.get(about) == hook
            last[about] = hook
            (item,) = told[f"{hook}_service"]
            if again and not item.get("repeat"):
                continue
            data = {
                key: value.format(power=int(CHARGED))
                for key, value in item.items()
                if key not in {"service", "repeat"}
            }
            domain, _, service = item["service"].partition(".")
            await steered.home.hass.services.async_call(
                domain, service, data, blocking=True, context=caller
            )

    watched = Watched(steered)
    for mode in ("hold", "charge", "automatic", "discharge", "automatic"):
        await run(mode)
        await steered.home.pass_time(300)
        await run(mode)
        await watched.obeyed(mode, CHARGED)


def test_eos_knows_every_key() -> None:
    """Of the adapter, of batteries and of inverters; it writes where its prefix lets it."""
    told = of_file("eos", "config.json")
    assert told.keys() == {"adapter", "devices"}
    assert told["adapter"]["provider"] == ["HomeAssistant"]
    reads = told["adapter"]["homeassistant"]
    assert reads.keys() <= EOS["homeassistant"]
    devices = told["devices"]
    for kind in ("batteries", "inverters"):
        (device,) = devices.pop(kind)
        assert device.keys() <= EOS[kind]
        assert devices.pop(f"max_{kind}") == 1
    assert not devices
    (written,) = reads["device_instruction_entity_ids"]
    (measured,) = reads["device_measurement_entity_ids"]
    assert written.removeprefix("sensor.eos_") + "-soc-factor" == measured


async def test_eos_is_followed(steered: Steered, rest: Rest) -> None:
    """It reads the charge and the counters, and what it writes, as its adapter does, arrives once."""
    hass = steered.home.hass
    for domain, value in of_file("sensors", CONFIGURATION, slug(steered)).items():
        assert await async_setup_component(hass, domain, {domain: value})
    await configure(steered, "eos")
    reads = of_file("eos", "config.json", slug(steered))["adapter"]["homeassistant"]
    factor = await rest(
        f"states/{reads['device_measurement_entity_ids']['battery1-soc-factor']}"
    )
    assert 0.4 < float(factor["state"]) <= 0.5
    for key, entity_ids in reads.items():
        if key.endswith("emr_entity_ids"):
            counter = await rest(f"states/{entity_ids[0]}")
            assert float(counter["state"]) > 0
            assert counter["attributes"]["unit_of_measurement"] == "kWh"
    watched = Watched(steered)
    for instruction, share, mode in (
        ("idle", 1.0, "hold"),
        ("forced_charge", 0.4, "charge"),
        ("self_consumption", 1.0, "automatic"),
        ("grid_support_export", 0.4, "discharge"),
        ("peak_shaving", 1.0, "automatic"),
    ):
        for _ in range(2):
            await rest(
                "states/sensor.eos_battery1",
                state=instruction,
                attributes={"operation_mode_factor": share},
            )
            await steered.home.settle()
            await steered.home.pass_time(300)
        await watched.obeyed(mode, CHARGED)
    await rest("states/sensor.eos_battery1", state="non_export", attributes={})
    await steered.home.settle()
    await steered.home.pass_time(600)
    assert steered.shown == "charge_from_sun"
    assert steered.sent()[-1:] == WIRE[steered.vendor]["charge_from_sun"]
