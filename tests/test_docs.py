"""The documents keep up with the code: what users may read is complete and leads somewhere."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final
from urllib.parse import unquote

import pytest
import yaml

from custom_components.solar_cloud.account_health import ACCOUNT_SENSORS
from custom_components.solar_cloud.all_plants import SENSORS as ALL_PLANTS_SENSORS
from custom_components.solar_cloud.cloud.fusionsolar import models as fusionsolar
from custom_components.solar_cloud.cloud.model import DeviceKind, Quantity
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.solax import models as solax
from custom_components.solar_cloud.cloud.sungrow import points as sungrow
from custom_components.solar_cloud.pipeline.held import HeldBecause
from custom_components.solar_cloud.sensor import SENSORS

REPOSITORY: Final = Path(__file__).parent.parent
ROOT: Final = REPOSITORY / "custom_components" / "solar_cloud"
TEXTS: Final = json.loads((ROOT / "translations" / "en.json").read_text())
PAGES: Final = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").glob("*.md"),
        REPOSITORY / "tests" / "emulators" / "README.md",
    ]
)
"""What users and newcomers read."""
EVERY_PAGE: Final = [
    *PAGES,
    *sorted((REPOSITORY / "docs" / "bridges").glob("*.md")),
    *sorted((REPOSITORY / "docs" / "protocol").glob("*.md")),
    *sorted((REPOSITORY / "tests" / "emulators").glob("*/README.md")),
]
DOCS: Final = sorted((REPOSITORY / "docs").glob("*.md"))
"""What users look up."""
README: Final = (REPOSITORY / "README.md").read_text()
ENTITIES: Final = (REPOSITORY / "docs" / "entities.md").read_text()

HEADINGS: Final = {
    "docs-high-level-description": ("README", "What it does"),
    "docs-installation-instructions": ("installation", "Installation"),
    "docs-removal-instructions": ("installation", "Removal"),
    "docs-installation-parameters": ("set-up", "Set-up fields"),
    "docs-configuration-parameters": ("set-up", "Options"),
    "docs-data-update": ("data-updates", "Data updates"),
    "docs-actions": ("actions", "Actions"),
    "docs-examples": ("examples", "Examples"),
    "docs-known-limitations": ("limitations", "Known limitations"),
    "docs-supported-devices": ("devices", "Supported devices"),
    "docs-supported-functions": ("devices", "Supported functions"),
    "docs-troubleshooting": ("troubleshooting", "Troubleshooting"),
    "docs-use-cases": ("examples", "Use cases"),
}
"""The page below docs/ and the heading that answer each rule of the quality scale that asks for words."""

WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "".join(
            path.read_text()
            for pattern in ("*.py", "en.json", "services.yaml")
            for path in ROOT.rglob(pattern)
        ),
    )
)
"""Every word of the code and of what users read of it."""
OTHERS_WORDS: Final = frozenset(
    {
        # Home Assistant's
        "Add condition",
        "Add trigger",
        "Numeric state",
        "Time pattern",
        "Battery state of charge sensor",
        "Community dashboards",
        "Device energy consumption",
        "Device power consumption",
        "Enable polling for changes",
        "Energy charged into the battery",
        "Energy discharged from the battery",
        "Energy exported to grid",
        "Energy imported from grid",
        "Entity ID",
        "Entity not found",
        "File",
        "Forecast.Solar",
        "Google Sheets",
        "InfluxDB",
        "Inverted",
        "MQTT Statestream",
        "My Home Assistant",
        "Power sensor",
        "Solar production energy",
        "Solar production power",
        "Solcast",
        "Statistic",
        "Type of power measurement",
        # The vendors'
        "Access to API",
        "Authorize with OAuth2.0",
        "Basic APIs",
        "Grid Control",
        "Monitoring API",
        "My Account",
        # Other integrations'
        "EVC Charge Scene",
        "EVC Charging Current",
        "EVC Start Mode",
        "EVC Work Mode",
        "Live View",
        # Of a page itself
        "Breaking",
        "Likely",
        "Needs attention",
        "My home Battery",
        "My home Inverter",
        "Solar Cloud",
        "Sure",
        "Uncertain",
        "Values",
    }
)
"""What pages print in italics though no text of ours says so."""

UNITS: Final = {"": "", "ratio": "", "count": "", "money": "currency"}
"""What the table of entities writes for units that nobody sees."""


def _sections(text: str) -> dict[str, str]:
    """Return the text below each heading of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _section(page: str, heading: str) -> str:
    """Return what a page below docs/ says under a heading."""
    return _sections((REPOSITORY / "docs" / f"{page}.md").read_text())[heading]


def _keys(text: str) -> set[str]:
    """Return the words a table puts into its code cells."""
    return {
        key
        for line in text.splitlines()
        if line.startswith("|")
        for key in re.findall(r"\| `(\w+)` \|", line)
    }


def test_every_rule_has_a_section() -> None:
    """A rule called done has a heading with words below it; those without one are exempt."""
    rules = yaml.safe_load((ROOT / "quality_scale.yaml").read_text())["rules"]
    done = {
        rule
        for rule, answer in rules.items()
        if rule.startswith("docs-") and answer == "done"
    }
    assert done <= HEADINGS.keys()
    for rule, (page, heading) in HEADINGS.items():
        assert len(_section(page, heading)) > 200, rule


def test_the_two_commands_stand_in_the_readme() -> None:
    """Whoever clones the repository needs nothing else, and both exist."""
    for command in ("scripts/demo", "scripts/test"):
        assert f"`{command}`" in README
        assert (REPOSITORY / command).is_file()


def test_every_module_named_in_the_code_exists() -> None:
    """Whoever follows a comment or docstring to a file finds it: beside it, above it, or by its path."""
    paths = sorted(ROOT.rglob("*.py"))
    for path in paths:
        for name in re.findall(r"[\w/]+\.py\b", path.read_text()):
            places = (path.parent, path.parent.parent, ROOT)
            assert any((place / name).is_file() for place in places), f"{path}: {name}"


def test_every_script_named_exists() -> None:
    """A command in a document can be typed."""
    for page in EVERY_PAGE:
        for command in re.findall(r"`(scripts/[\w-]+)", page.read_text()):
            assert (REPOSITORY / command).is_file(), f"{page.name}: {command}"


@pytest.mark.parametrize("key", sorted(VENDORS))
def test_every_vendor_has_a_page_with_all_its_fields(key: str) -> None:
    """Each field of each way to sign in, and the regions."""
    page = (REPOSITORY / "docs" / f"{key}.md").read_text()
    documented = _keys(page)
    for sign_in in VENDORS[key].sign_ins:
        wanted = {"region", "base_url", *(field.key for field in sign_in.fields)}
        assert wanted <= documented, sign_in.key
        for region in sign_in.regions:
            assert f"`{region}`" in page, region
        if sign_in.oauth is not None:
            assert "code" in documented
    assert "Not in the menu yet" not in page
    for heading in ("What appears", "Data updates", "Messages and their fixes"):
        assert heading in _sections(page)


@pytest.mark.parametrize("key", sorted(VENDORS))
def test_the_readme_knows_every_vendor(key: str) -> None:
    """With a link to its page, and without calling it a thing of the future."""
    rows = [line for line in README.splitlines() if f"](docs/{key}.md)" in line]
    assert rows
    for row in rows:
        assert "not yet" not in row


def test_every_field_of_the_form_is_explained() -> None:
    """Those that all vendors share stand on the page of the set-up, the others on the vendor's."""
    everywhere = "\n".join(page.read_text() for page in PAGES)
    fields = {
        field
        for step in TEXTS["config"]["step"].values()
        for field in step.get("data", {})
    }
    assert fields <= _keys(everywhere)
    assert {"region", "base_url", "plants", "controls"} <= _keys(
        _section("set-up", "Set-up fields")
    )


def test_every_option_is_explained() -> None:
    """In the section on options, by key."""
    fields = {
        field
        for step in TEXTS["options"]["step"].values()
        for field in step.get("data", {})
    }
    assert fields <= _keys(_section("set-up", "Options"))


def test_every_action_is_explained() -> None:
    """With each of its fields, by key."""
    text = _section("actions", "Actions")
    for name, action in yaml.safe_load((ROOT / "services.yaml").read_text()).items():
        assert f"`solar_cloud.{name}`" in text
        rows = [line for line in text.splitlines() if f"`{name}`" in line]
        assert set((action or {}).get("fields", ())) <= _keys("\n".join(rows)), name


def test_every_reason_of_a_held_counter_is_explained() -> None:
    """The diagnostics say it in a word; the page says what it means and how long it lasts at most."""
    text = (REPOSITORY / "docs" / "counters.md").read_text()
    rows = _sections(text)["Why a counter is held"].splitlines()
    told = {row.split("`")[1] for row in rows if row.startswith("| `")}
    assert told - {"because"} == set(HeldBecause)


def _row(quantity: Quantity) -> str:
    """Return how the table of entities must describe a quantity, up to its meaning."""
    binary = quantity not in SENSORS
    platform = "binary_sensor" if binary else "sensor"
    name = TEXTS["entity"][platform][quantity]["name"].replace("{index}", "*n*")
    on = binary or SENSORS[quantity].entity_registry_enabled_default
    unit = "yes/no" if binary else UNITS.get(quantity.unit, quantity.unit)
    return f"| `{quantity}` | {name} | {unit} | {'on' if on else 'off'} | "


@pytest.mark.parametrize("quantity", Quantity)
def test_every_quantity_is_documented(quantity: Quantity) -> None:
    """With its name, unit and default as they are; the failure shows the beginning of the row."""
    beginning = _row(quantity)
    found = [line for line in ENTITIES.splitlines() if f"| `{quantity}` |" in line]
    assert len(found) == 1, f"docs/entities.md needs one row: {beginning}meaning |"
    assert found[0].startswith(beginning)
    assert len(found[0].removeprefix(beginning).strip("| ")) > 5


OUR_OWN = {
    *("alarm", "change", "import_progress", "last_command", "forced_mode_ends"),
    *(each.key for each in ACCOUNT_SENSORS),
    *(each.key for each in ALL_PLANTS_SENSORS),
}
"""What no vendor measures."""


def test_no_quantity_is_made_up() -> None:
    """What was taken away goes from the table, too."""
    assert _keys(ENTITIES) == {str(quantity) for quantity in Quantity} | OUR_OWN


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for child in node.values():
            yield from _strings(child)
    else:
        yield node


def test_messages_are_quoted_as_they_are() -> None:
    """What troubleshooting puts into quotation marks is what users see."""
    shown = [text for text in _strings(TEXTS) if isinstance(text, str)]
    table = _section("troubleshooting", "Troubleshooting")
    quoted = re.findall(r'^\| "([^"]+)"', table, flags=re.MULTILINE)
    assert quoted
    for message in quoted:
        # A form's error begins with what the vendor said.
        assert any(
            text.removeprefix("{detail} ").startswith(message) for text in shown
        ), message


def test_sensors_of_the_recipe_exist() -> None:
    """The Energy Dashboard's steps name sensors by the names users see."""
    names = {sensor["name"] for sensor in TEXTS["entity"]["sensor"].values()}
    recipe = _section("energy-dashboard", "By hand")
    chosen = set(re.findall(r": \*\*([A-Z][^*]+)\*\*", recipe)) - {"Standard"}
    assert chosen <= names
    assert len(chosen) >= 9


def test_examples_can_be_pasted() -> None:
    """They are YAML with the keys of an automation, and their sensors have names of ours."""
    names = {
        sensor["name"].lower().replace(" ", "_")
        for sensor in TEXTS["entity"]["sensor"].values()
    }
    examples = re.findall(
        r"```yaml\n(.*?)```", _section("examples", "Examples"), flags=re.DOTALL
    )
    assert examples
    for example in examples:
        assert {"alias", "triggers", "actions"} <= yaml.safe_load(example).keys()
        for entity in re.findall(r"sensor\.my_home_(\w+)", example):
            assert entity in names, entity


def _anchor(heading: str) -> str:
    """Return the anchor the host makes of a heading."""
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _links(page: Path) -> list[str]:
    """Return where a page leads, pictures and what stands around them included."""
    text = page.read_text()
    written = re.findall(r"\]\(([^)\s]+)\)", text)
    return [*written, *re.findall(r'(?:src|srcset|href)="([^"]+)"', text)]


def _anchors(page: Path) -> set[str]:
    return {
        _anchor(heading)
        for heading in re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    }


@pytest.mark.parametrize(
    "page", EVERY_PAGE, ids=lambda page: page.relative_to(REPOSITORY).as_posix()
)
def test_links_lead_somewhere(page: Path) -> None:
    """Files and headings; addresses elsewhere are not called."""
    for target in _links(page):
        if "://" in target:
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file), target


@pytest.mark.parametrize("page", sorted((REPOSITORY / "docs").rglob("*.md")))
def test_every_page_is_found(page: Path) -> None:
    """From the README, or from the list of all pages, which the README leads to."""
    index = REPOSITORY / "docs" / "README.md"
    roads = {
        (start.parent / target.partition("#")[0]).resolve()
        for start in (REPOSITORY / "README.md", index)
        for target in _links(start)
    }
    assert page in roads


def _cells(page: Path) -> Iterator[list[str]]:
    """Return the cells of every row of a page's tables."""
    for line in page.read_text().splitlines():
        if line.startswith("|") and not set(line) <= set("|- "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


@pytest.mark.parametrize("name", ["vendor-apps", "migrating"])
def test_foreign_values_lead_to_entities_of_ours(name: str) -> None:
    """Each row names what the other calls it, and our entity by key and name as they are."""
    sensors = TEXTS["entity"]["sensor"] | TEXTS["entity"]["binary_sensor"]
    rows = [
        row for row in _cells(REPOSITORY / "docs" / f"{name}.md") if row[1] != "Key"
    ]
    assert len(rows) > 50
    for theirs, key, ours, *_ in rows:
        assert theirs
        assert ours == sensors[key.strip("`")]["name"].replace("{index}", "*n*"), key


def test_controls_are_called_as_they_are() -> None:
    """Every control of a vendor's table has the name users see, and none is left out."""
    names = {
        control["name"]
        for platform in ("number", "switch", "select", "button")
        for control in TEXTS["entity"][platform].values()
    }
    rows = [
        line.split(" | ")[0].strip("| ")
        for part in (REPOSITORY / "docs" / "controls.md").read_text().split("\n## ")
        for table in part.partition("\n| Control |")[2:]
        for line in table.splitlines()
        if line.startswith("| ")
    ]
    told = {
        name
        for row in rows
        for name in re.sub(r" \([^)]*\)", "", row).split(", ")
        if not name.startswith("`")
    }
    of_a_plant = {
        TEXTS["entity"]["button"][key]["name"] for key in ("refresh", "import_history")
    }
    assert told == names - of_a_plant - {"Backup reserve"}  # no vendor offers that yet


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_words_of_the_code_exist_in_the_code(page: Path) -> None:
    """What a table prints like code is a key, an option, an action or an attribute of this version."""
    for cell in (cell for row in _cells(page) for cell in row):
        for word in re.findall(r"`(?:solar_cloud\.)?([a-z][a-z_.]*)`", cell):
            for part in word.split("."):
                assert part in WORDS, word


@pytest.mark.parametrize(
    "page", [REPOSITORY / "README.md", *DOCS], ids=lambda page: page.stem
)
def test_what_is_called_by_name_is_called_so(page: Path) -> None:
    """In italics stands what users read: our texts, or the words of somebody else that are listed here."""
    shown = {text for text in _strings(TEXTS) if isinstance(text, str)}
    for name in re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", page.read_text()):
        assert name in shown | OTHERS_WORDS, name


def _models(heading: str) -> list[list[str]]:
    """Return the rows of a vendor's models."""
    part = _section("devices", "Models").partition(f"### {heading}\n")[2]
    rows = part.partition("\n### ")[0].splitlines()
    return [row.strip("| ").split(" | ") for row in rows if row.startswith("|")][2:]


def test_the_models_are_those_of_the_tables() -> None:
    """Whoever adds one to a table adds it to the page."""
    products = {
        (business, kind): set(models.values())
        for (business, kind), models in solax.MODELS.items()
    }
    home = solax.MODELS[solax.HOME, solax.INVERTER]
    takes = {
        name for number, name in home.items() if solax.takes_battery(solax.HOME, number)
    }
    assert [set(names.split(" · ")) for _, names in _models("SolaX")] == [
        takes,
        set(home.values()) - takes,
        products[solax.HOME, solax.METER],
        products[solax.HOME, solax.CHARGER] | products[solax.COMMERCIAL, solax.CHARGER],
        products[solax.COMMERCIAL, solax.INVERTER],
        products[solax.COMMERCIAL, solax.BATTERY],
        products[solax.COMMERCIAL, solax.METER],
    ]


def test_the_types_are_those_of_the_tables() -> None:
    """With what becomes of each, and whether it has values."""
    known = {number: each.kind for number, each in sungrow.DEVICE_TYPES.items()}
    assert {int(row[0]): row[2] for row in _models("Sungrow")} == {
        number: _kind(kind) for number, kind in known.items()
    }
    types = {*fusionsolar.KINDS, *fusionsolar.READABLE, *fusionsolar.NAMES}
    assert {int(row[0]): (row[2], row[3]) for row in _models("FusionSolar")} == {
        number: (
            _kind(fusionsolar.kind_of(number)),
            "yes" if number in fusionsolar.READABLE else "no",
        )
        for number in types
    }


def _kind(kind: DeviceKind) -> str:
    return "EV charger" if kind is DeviceKind.CHARGER else kind.replace("_", " ")


def test_the_architecture_shows_the_tree_as_it_is() -> None:
    """It names every file of the top level and every folder, and nothing that is gone."""
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    tree = _sections(text)["The tree"]
    for path in ROOT.glob("*.py"):
        assert path.name in tree, path
    for path in (*(ROOT / "cloud").iterdir(), *ROOT.iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            assert f"{path.name}/" in tree, path
    existing = {path.name for path in ROOT.rglob("*.py")}
    assert set(re.findall(r"\w+\.py", tree)) <= existing


def test_the_architecture_is_read_in_ten_minutes() -> None:
    """What it says beyond that is in the code, or a decision."""
    assert len((REPOSITORY / "ARCHITECTURE.md").read_text().split()) <= 2200


def test_the_diagrams_are_short_and_name_what_there_is() -> None:
    """Each is read in a minute, and its participants are classes, or somebody outside."""
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    diagrams = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert len(diagrams) == 3
    source = "".join(path.read_text() for path in ROOT.rglob("*.py"))
    classes = {*re.findall(r"^class (\w+)", source, re.MULTILINE)}
    outside = {"User", "Battery", "Entity", "Vendor"}
    for diagram in diagrams:
        assert len(re.findall(r"-+>>", diagram)) <= 10
        participants = {*re.findall(r"participant \w+ as (\w+)", diagram)}
        assert participants - outside <= classes


def test_the_changelog_has_a_place_for_what_comes() -> None:
    """Entries are written with the change."""
    assert "## [Unreleased]" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_e34_the_limits_say_why_no_portal_login_is_used() -> None:
    """Users ask for it: nothing but the official interfaces survives a CAPTCHA."""
    limitations = _section("limitations", "Known limitations")
    assert "web portals" in limitations
    assert "CAPTCHA" in limitations
    sources = "".join(path.read_text() for path in (ROOT / "cloud").rglob("*.py"))
    assert not re.search(r"captcha", sources, re.IGNORECASE)
