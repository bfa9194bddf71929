"""What devices were told: most settings cannot be read back, and a work mode must be sent with everything that belongs to it."""

from typing import Final

from ...control_state import ControlState, DeviceControlState
from ...storage import Json, Storage

EARLIER_SECTION: Final = "solax_told"
OUTRANKS: Final = 180.0
"""Seconds for which a command outranks what is measured: the platform gives up after thirty, effects were seen to take a minute, and a
device's clock may be two minutes ahead."""

type AssumedSettings = ControlState[DeviceControlState]


def assumed_settings(storage: Storage) -> AssumedSettings:
    """Take up what earlier runs told, by serial."""
    return ControlState(storage, DeviceControlState, EARLIER_SECTION, _present_form)


def _present_form(stored: Json) -> Json:
    """Bring the two forms of a section of its own to the present one: values, their times and open commands were kept apart."""
    sections = stored if isinstance(stored, dict) else {}
    told, since, sent, doubted = (
        found if isinstance(found := sections.get(name), dict) else {}
        for name in ("told", "since", "sent", "doubted")
    )
    return {
        serial: {
            "known": _known(told.get(serial), since.get(serial)),
            "sent": [
                *_sent(sent.get(serial)),
                *_doubted(told.get(serial), doubted.get(serial)),
            ],
        }
        for serial in {*told, *sent}
    }


def _known(told: Json, since: Json) -> Json:
    times = since if isinstance(since, dict) else {}
    return {
        key: {"value": value, "since": times.get(key)}
        for key, value in (told.items() if isinstance(told, dict) else ())
    }


def _sent(rows: Json) -> list[Json]:
    return [
        {**row, "values": row.get("told")}
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]


def _doubted(told: Json, keys: Json) -> list[Json]:
    """Return the settings of the first form that nobody vouched for."""
    if not isinstance(told, dict) or not isinstance(keys, list):
        return []
    values = {key: told[key] for key in map(str, keys) if key in told}
    return [{"mark": "", "since": OUTRANKS, "values": values, "doubted": True}]
