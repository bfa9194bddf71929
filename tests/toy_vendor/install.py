"""Adds the toy to a copy of the integration, by what CONTRIBUTING.md asks for: a folder, a line in the registry, texts."""

import json
from pathlib import Path
import shutil
from typing import Any, Final

HERE: Final = Path(__file__).parent
NO_CACHE: Final = shutil.ignore_patterns("__pycache__")
LINES: Final = """
from .toy import VENDOR as TOY

VENDORS[TOY.key] = TOY
"""


def copy_with_toy(component: Path, target: Path) -> None:
    """Copy the integration to a folder, and add the toy there."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(component, target, ignore=NO_CACHE)
    shutil.copytree(HERE / "toy", target / "cloud" / "toy", ignore=NO_CACHE)
    with (target / "cloud" / "registry.py").open("a") as registry:
        registry.write(LINES)
    for own in (HERE / "translations").glob("*.json"):
        texts = target / "translations" / own.name
        merged = _merged(json.loads(texts.read_text()), json.loads(own.read_text()))
        texts.write_text(json.dumps(merged, ensure_ascii=False, indent=2) + "\n")


def _merged(texts: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Add texts below keys that may be there already."""
    return texts | {
        key: _merged(texts.get(key, {}), value) if isinstance(value, dict) else value
        for key, value in more.items()
    }
