"""What setting up one entry of a vendor imports beyond Home Assistant; in copies of a program of its own, for what is imported stays."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import importlib
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source
import json
import marshal
import os
from pathlib import Path
import sys
import threading
import time
from types import ModuleType
from typing import Any, Final, override

TESTS: Final = "pytest_homeassistant_custom_component.common"
HOME_ASSISTANT: Final = ("homeassistant.", "pytest_homeassistant_custom_component")

CREDENTIALS = {
    "region": "other",
    "base_url": "http://127.0.0.1:9",
    **dict.fromkeys(("client_id", "client_secret", "app_key", "username"), "nobody"),
    **dict.fromkeys(("secret_key", "password", "application_id"), "nothing"),
}
"""Of an account that cannot be reached: the client is built, and its first call fails."""


class Stopwatch(MetaPathFinder, Loader):
    """Stands before all other finders, and adds up the processor's time of imports, those within imports once."""

    def __init__(self) -> None:
        """Begin at nought."""
        self.modules: list[str] = []
        self.seconds = 0.0
        self.in_loop = 0.0
        """Of these, the seconds of the event loop's thread."""
        self._inside = threading.local()
        self._loaders: dict[str, Any] = {}

    @override
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        with self._timed():
            spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        self._loaders[fullname], spec.loader = spec.loader, self
        return spec

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    @override
    def exec_module(self, module: ModuleType) -> None:
        self.modules.append(module.__name__)
        loader = self._loaders.pop(module.__name__)
        spec = module.__spec__
        assert spec is not None
        spec.loader = module.__loader__ = loader
        with self._timed():
            loader.exec_module(module)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        if getattr(self._inside, "now", False):
            yield
            return
        self._inside.now = True
        begun = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - begun
            self.seconds += spent
            if threading.current_thread() is threading.main_thread():
                self.in_loop += spent
            self._inside.now = False


async def set_up(vendor: str, sign_in: str) -> None:
    """Set an entry up as Home Assistant does."""
    from pytest_homeassistant_custom_component.common import (  # noqa: PLC0415
        MockConfigEntry,
        async_test_home_assistant,
    )

    from homeassistant import loader  # noqa: PLC0415

    async with async_test_home_assistant() as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS, None)
        entry = MockConfigEntry(
            domain="solar_cloud",
            unique_id=f"{vendor}_nobody",
            data={"vendor": vendor, "sign_in": sign_in, "credentials": CREDENTIALS},
            options={"excluded_plants": [], "controls": False},
        )
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state.value == "setup_retry", (entry.state, entry.reason)
        integration = await loader.async_get_integration(hass, "solar_cloud")
        # What comes with the first states.
        from custom_components.solar_cloud.const import PLATFORMS  # noqa: PLC0415

        await integration.async_get_platforms(PLATFORMS)
        await hass.async_stop(force=True)


def floor(modules: Sequence[str]) -> float:
    """Return the seconds it takes to read the compiled modules, without running them."""
    files = [
        compiled
        for name in modules
        if (file := getattr(sys.modules.get(name), "__file__", None))
        and Path(compiled := cache_from_source(file)).exists()
    ]
    begun = time.thread_time()
    for file in files:
        marshal.loads(Path(file).read_bytes()[16:])
    return time.thread_time() - begun


def measured(vendor: str, sign_in: str) -> dict[str, Any]:
    """Set an entry up in this program, and say what was imported."""
    stopwatch = Stopwatch()
    sys.meta_path.insert(0, stopwatch)
    asyncio.run(set_up(vendor, sign_in))
    sys.meta_path.remove(stopwatch)
    ours = [each for each in stopwatch.modules if each.startswith("custom_components.")]
    return {
        "modules": stopwatch.modules,
        "ours": len(ours),
        "ms": round(stopwatch.seconds * 1000, 1),
        "loop_ms": round(stopwatch.in_loop * 1000, 1),
        "floor_ms": round(floor(stopwatch.modules) * 1000, 1),
    }


def apart(vendor: str, sign_in: str) -> dict[str, Any]:
    """Do so in a copy of this program, which has imported the same up to here."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as told:
            json.dump(measured(vendor, sign_in), told)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    os.waitpid(child, 0)
    row: dict[str, Any] = json.loads(text)
    return row


def main(runs: int, sign_ins: dict[str, str]) -> None:
    """Print what was imported by each of the runs of each vendor as JSON.

    The first look, which also compiles ours, says what of Home Assistant's is needed.
    """
    # Ours before that of Home Assistant's tests, which has the same name.
    for name in ("homeassistant", "custom_components", TESTS):
        importlib.import_module(name)
    for vendor, sign_in in sign_ins.items():
        for name in apart(vendor, sign_in)["modules"]:
            if name.startswith(HOME_ASSISTANT):
                importlib.import_module(name)
        for _ in range(runs):
            print(json.dumps({"vendor": vendor, **apart(vendor, sign_in)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
