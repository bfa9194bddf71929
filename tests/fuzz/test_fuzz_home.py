"""Actions and forms with what nobody should type: Home Assistant says what is wrong, and nothing else comes of it."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
import os
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util.yaml import load_yaml_dict

from ..helpers.home import Home
from .targets import JSON, ROOT

few: Final = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "20")),
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)
PLAUSIBLE: Final = st.sampled_from(
    [
        *("2026-06-14", "2026-06-14T10:00:00", "9999-12-31", "0001-01-01T00:00:00"),
        *(0, 1, -1, 50, 1e308, True, "hour", "day", "de", "01:00:00", "99:99:99"),
        *(
            {"minutes": 10},
            {"days": 1e9},
            {"minutes": -1},
            "\ud800",
            "a\r\nb",
            "x" * 999,
        ),
        *(
            [{"start": "01:00", "end": "02:00"}],
            "/config/x",
            "../x",
            "self_consumption",
        ),
    ]
)
ANYTHING: Final = PLAUSIBLE | JSON


def _fields(described: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of an action, in its sections too."""
    for name, field in (described.get("fields") or {}).items():
        if "fields" in field:
            yield from _fields(field)
        else:
            yield name


def _choices(menu: Mapping[str, Any]) -> list[str]:
    """Return what a menu offers; none of what is none."""
    return [*(menu.get("menu_options") or ())]


ACTIONS: Final = {
    name: [*_fields(described), "config_entry_id", "device_id", "entity_id"]
    for name, described in load_yaml_dict(str(Path(ROOT, "services.yaml"))).items()
}


@few
@given(data=st.data())
async def test_actions_refuse_what_makes_no_sense(
    running: MockConfigEntry, hass: HomeAssistant, data: st.DataObject
) -> None:
    """In words for the user, whatever the fields hold."""
    name = data.draw(st.sampled_from(sorted(ACTIONS)))
    said: dict[str, Any] = data.draw(
        st.dictionaries(st.sampled_from(ACTIONS[name]), ANYTHING, max_size=5)
    )
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), running.entry_id)
    whom = {
        "config_entry_id": running.entry_id,
        "device_id": data.draw(st.sampled_from(sorted(each.id for each in devices))),
    }
    said |= {
        key: whom[key] for key in data.draw(st.sets(st.sampled_from(sorted(whom))))
    }
    answers = hass.services.supports_response(DOMAIN, name)
    with suppress(HomeAssistantError, vol.Invalid):
        await hass.services.async_call(
            DOMAIN,
            name,
            said,
            blocking=True,
            return_response=answers is not SupportsResponse.NONE,
        )
    assert running.state is ConfigEntryState.LOADED


@few
@given(data=st.data())
@pytest.mark.usefixtures("home")
async def test_sign_in_forms_refuse_what_makes_no_sense(
    hass: HomeAssistant, data: st.DataObject
) -> None:
    """In the form; no account is made of it."""
    flows = hass.config_entries.flow
    shown = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    for _ in range(4):
        if shown["type"] is FlowResultType.MENU:
            step = data.draw(st.sampled_from(_choices(shown)))
            typed: dict[str, Any] = {"next_step_id": step}
        elif shown["type"] is FlowResultType.FORM:
            known = sorted(map(str, (shown["data_schema"] or vol.Schema({})).schema))
            names = st.sampled_from([*known, "base_url"])
            typed = data.draw(st.dictionaries(names, ANYTHING | st.text(), max_size=6))
            if "region" in known:
                typed["region"] = "other"
        else:
            break
        try:
            shown = await flows.async_configure(shown["flow_id"], typed)
        except vol.Invalid:  # the frontend's own words
            break
    assert shown["type"] is not FlowResultType.CREATE_ENTRY


@few
@given(
    step=st.integers(0, 9),
    typed=st.lists(st.tuples(st.integers(0, 9), ANYTHING), max_size=5),
)
async def test_options_refuse_what_makes_no_sense(
    running: MockConfigEntry, home: Home, step: int, typed: list[tuple[int, Any]]
) -> None:
    """In the form; the account loads with whatever was taken."""
    options = home.hass.config_entries.options
    menu = await options.async_init(running.entry_id)
    steps = _choices(menu)
    if menu["type"] is FlowResultType.MENU:
        chosen = steps[step % len(steps)]
        shown = await options.async_configure(menu["flow_id"], {"next_step_id": chosen})
        if shown["type"] is FlowResultType.FORM:
            known = sorted(map(str, (shown["data_schema"] or vol.Schema({})).schema))
            said = {known[at % len(known)]: each for at, each in typed if known}
            with suppress(vol.Invalid):  # the frontend's own words
                await options.async_configure(shown["flow_id"], said)
    await home.pass_time(180, step=60)
    assert running.state is ConfigEntryState.LOADED
