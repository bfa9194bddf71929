"""A vendor whose accounts are opened by consent, and a browser at Home Assistant."""

import pytest

from custom_components.solar_cloud import config_flow
from custom_components.solar_cloud.cloud.registry import VENDORS

from ..helpers.accounts import Visitor
from ..helpers.consent import KEY, STEP, Browser, Bureau


@pytest.fixture
def longest_state() -> int | None:
    """How long a state the vendor's page carries; a test may say otherwise."""
    return None


@pytest.fixture
def bureau(monkeypatch: pytest.MonkeyPatch, longest_state: int | None) -> Bureau:
    """A fourth vendor: one line in the registry, and all the rest follows."""
    bureau = Bureau({"good-code": "ada"})
    vendor = bureau.vendor(longest_state)
    monkeypatch.setitem(VENDORS, KEY, vendor)
    monkeypatch.setitem(config_flow.SIGN_INS, STEP, vendor)
    for step, handler in config_flow.menu_steps(vendor).items():
        monkeypatch.setattr(
            config_flow.SolarCloudConfigFlow, step, handler, raising=False
        )
    return bureau


@pytest.fixture
def browser(bureau: Bureau, visitor: Visitor) -> Browser:
    """The frontend's side of a running Home Assistant that knows the vendor."""
    return visitor
