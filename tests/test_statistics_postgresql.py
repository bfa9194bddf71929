"""Import, undo and gap repair on PostgreSQL: the same stories on another database, where one can be started.

Nothing of ours speaks SQL (failures.md E67), and this is what proves it. Debian's package ``postgresql`` is enough; its server runs for
these tests only, in a folder of its own.
"""

from collections.abc import Iterator
import os
from pathlib import Path
import shutil
import subprocess
import tempfile

import pytest

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import HomeAssistant

from .test_gap_repair import test_hours_without_home_assistant_are_filled
from .test_history_import import test_an_import_joins_without_a_step

__all__ = [
    "test_an_import_joins_without_a_step",
    "test_hours_without_home_assistant_are_filled",
]

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _program(name: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, FOLDERS)])
    if (found := shutil.which(name, path=path)) is None:
        pytest.skip(f"PostgreSQL is not installed: there is no {name}")
    return found


def _as_postgres(*command: str) -> None:
    """Run a program as the user a server may run as; root it refuses."""
    if os.geteuid() == 0:
        if (runuser := shutil.which("runuser")) is None:
            pytest.skip("PostgreSQL refuses to run as root, and there is no runuser")
        command = (runuser, "-u", "postgres", "--", *command)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", timeout=60
    )
    if done.returncode:
        pytest.skip(f"PostgreSQL does not start: {done.stderr.strip()[-200:]}")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run a PostgreSQL server; return the folder of its socket."""
    pytest.importorskip("psycopg2", reason="the client psycopg2 is not installed")
    pg_ctl, initdb = _program("pg_ctl"), _program("initdb")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        Path(folder).chmod(0o777)
        data = f"{folder}/data"
        _as_postgres(initdb, "-D", data, "-A", "trust", "-U", "postgres", "-N")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        _as_postgres(
            pg_ctl, "-D", data, "-w", "-o", options, "-l", f"{folder}/log", "start"
        )
        try:
            yield folder
        finally:
            _as_postgres(pg_ctl, "-D", data, "-m", "immediate", "stop")


@pytest.fixture
def recorder_db_url(server: str, request: pytest.FixtureRequest) -> str:
    """Give each test an empty database."""
    name = f"test{abs(hash(request.node.name)) % 10**8}"
    _as_postgres(_program("createdb"), "-h", server, "-U", "postgres", name)
    return f"postgresql://postgres@/{name}?host={server}"


async def test_the_database_is_postgresql(
    recorder_mock: Recorder, hass: HomeAssistant
) -> None:
    """The stories above were not told to SQLite."""
    assert get_instance(hass).dialect_name == "postgresql"
