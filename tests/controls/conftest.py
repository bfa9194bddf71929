"""The emulated homes whose settings may be changed, and waiting that takes no time of the tests'."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..emulators.solax import SolaxCloud
from ..helpers.home import Home, solax_entry
from ..helpers.house import SolaxHouse
from .scripted import Vendor


@pytest.fixture(autouse=True)
def without_real_waiting(waiting: list[float]) -> None:
    """Let waiting pass the shared time in every test of this folder."""


@pytest.fixture
def entry(solax: SolaxCloud) -> MockConfigEntry:
    """An account whose settings may be changed."""
    return solax_entry(solax, excluded_plants=[], controls=True)


@pytest.fixture
async def house(home: Home, solax: SolaxCloud, entry: MockConfigEntry) -> SolaxHouse:
    """The home, with a car at the charger."""
    solax.plant.site.plug("charger", needs_kwh=60)
    house = SolaxHouse(home, solax, entry)
    await house.start()
    return house


@pytest.fixture
def vendor(house: SolaxHouse, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """The loaded account with a client that does what a test says."""
    return Vendor(house, monkeypatch)
