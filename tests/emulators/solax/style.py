"""How answers are written down: the spellings that are known to vary."""

from typing import Any

from .knobs import Knobs

_IDS = {"plantId", "deviceSn", "registerNo", "requestId"}


def write(value: Any, knobs: Knobs) -> Any:
    """Rewrite a result as the knobs want its JSON."""
    if isinstance(value, list):
        return [write(item, knobs) for item in value]
    if isinstance(value, dict):
        return {
            _key(key, knobs): _field(key, item, knobs) for key, item in value.items()
        }
    if knobs.numbers == "strings" and isinstance(value, int | float):
        return str(value)
    return value


def _field(key: str, value: Any, knobs: Knobs) -> Any:
    if key == "plantId" and knobs.plant_id_type == "number":
        return int(value)
    return value if key in _IDS else write(value, knobs)


def _key(key: str, knobs: Knobs) -> str:
    if knobs.key_case == "lower":
        return key.lower()
    if knobs.key_case == "camel":
        for prefix in ("MPPT", "EPS"):
            if key.startswith(prefix):
                return prefix.lower() + key.removeprefix(prefix)
    return key
