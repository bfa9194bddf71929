"""Writing the past to a file, for administrators only, where Home Assistant may write."""

import csv
from io import StringIO
import json
from pathlib import Path
from typing import Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.file import WriteError, write_utf8_file_atomic

from ..const import DOMAIN
from .get_history import PAST, PastAnswer, async_look_back
from .targets import error

ATTR_PATH: Final = "path"
CSV: Final = ".csv"
KINDS: Final = frozenset({CSV, ".json"})
MOST_ROWS: Final = 100_000
"""Nearly a year of five minutes of one device."""

EXPORT: Final = vol.Schema({**PAST, vol.Required(ATTR_PATH): cv.string})


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "export",
        _async_export,
        EXPORT,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Write what a look into the past finds, and say what it lacks."""
    hass, path = call.hass, call.data[ATTR_PATH]
    await hass.async_add_executor_job(_target, hass, path)
    answer = await async_look_back(hass, call.data)
    if len(answer.rows) > MOST_ROWS:
        raise error("export_too_large", limit=f"{MOST_ROWS:,}")
    await hass.async_add_executor_job(_write, hass, path, answer)
    return {
        "rows": len(answer.rows),
        "missing": answer.missing,
        "continue_at": answer.continue_at,
    }


def _target(hass: HomeAssistant, path: str) -> Path:
    """Return where to write: a file in a folder that exists and is allowed, links in its path followed; never a link itself."""
    try:
        asked = Path(path)
        target = asked.parent.resolve(strict=True) / asked.name
        allowed = (
            asked.is_absolute()
            and asked.name.isprintable()
            and target.suffix.lower() in KINDS
            and not target.is_symlink()
            and (target.is_file() or not target.exists())
            and hass.config.is_allowed_path(str(target))
        )
    except (OSError, ValueError) as err:
        raise error("path_not_allowed") from err
    if not allowed:
        raise error("path_not_allowed")
    return target


def _write(hass: HomeAssistant, path: str, answer: PastAnswer) -> None:
    """Write the whole file or none; what was there before stays until then, and if nothing was found."""
    target = _target(hass, path)  # it may have become something else meanwhile
    if not answer.rows and target.exists():
        return
    if target.suffix.lower() == CSV:
        text = _table(answer)
    else:
        text = json.dumps(answer.as_json(), ensure_ascii=False, indent=1)
    try:
        write_utf8_file_atomic(str(target), text)
    except (OSError, WriteError) as err:
        raise error("export_failed") from err


def _table(answer: PastAnswer) -> str:
    """Make a table: a column for each quantity, its unit in the head."""
    keys = sorted(answer.units)
    text = StringIO(newline="")
    table = csv.writer(text)
    units = (f" ({answer.units[key]})" if answer.units[key] else "" for key in keys)
    heads = (f"{key}{unit}" for key, unit in zip(keys, units, strict=True))
    table.writerow(["device_id", "start", *heads])
    for row in answer.rows:
        values = row["values"]
        cells = (values.get(key, "") for key in keys)
        table.writerow([row["device_id"], row["start"], *cells])
    return text.getvalue()
