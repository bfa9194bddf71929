"""Import, undo and gap repair on MariaDB: the same stories on another database, where one can be started.

Debian's packages ``mariadb-server`` and ``libmariadb-dev``, and ``mysqlclient`` built against it, are enough; the server runs for these tests only,
in a folder of its own. PyMySQL would not do: what Home Assistant's recorder hands it, MariaDB does not take for times.
"""

from collections.abc import Iterator
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
import time

import pytest

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import HomeAssistant

from .test_gap_repair import test_hours_without_home_assistant_are_filled
from .test_history_import import test_an_import_joins_without_a_step

__all__ = [
    "test_an_import_joins_without_a_step",
    "test_hours_without_home_assistant_are_filled",
]

PATIENCE = 60.0
"""Seconds until a server must be up."""


def _program(name: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    if (found := shutil.which(name, path=path)) is None:
        pytest.skip(f"MariaDB is not installed: there is no {name}")
    return found


def _user() -> list[str]:
    """Return as whom a server runs; as root it would not."""
    return ["--user=mysql"] if os.geteuid() == 0 else []


def _run(*command: str) -> bool:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    return done.returncode == 0


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run a MariaDB server; return its socket."""
    pytest.importorskip("MySQLdb", reason="the client mysqlclient is not installed")
    install, daemon = _program("mariadb-install-db"), _program("mariadbd")
    admin = _program("mariadb-admin")
    with tempfile.TemporaryDirectory(prefix="maria") as folder:
        Path(folder).chmod(0o777)
        data, socket = f"{folder}/data", f"{folder}/socket"
        asked = ["--no-defaults", f"--datadir={data}", *_user()]
        if not _run(install, *asked, "--auth-root-authentication-method=normal"):
            pytest.skip("MariaDB does not make a database")
        with subprocess.Popen(
            [daemon, *asked, "--skip-networking", f"--socket={socket}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                latest = time.monotonic() + PATIENCE
                while not _run(admin, f"--socket={socket}", "-uroot", "ping"):
                    if process.poll() is not None or time.monotonic() > latest:
                        pytest.skip("MariaDB does not start")
                yield socket
            finally:
                process.terminate()


@pytest.fixture
def recorder_db_url(server: str, request: pytest.FixtureRequest) -> str:
    """Give each test an empty database."""
    name = f"test{abs(hash(request.node.name)) % 10**8}"
    told = f"CREATE DATABASE {name} CHARACTER SET utf8mb4"
    assert _run(_program("mariadb"), f"--socket={server}", "-uroot", "-e", told)
    return f"mysql://root@/{name}?unix_socket={server}&charset=utf8mb4"


async def test_the_database_is_mariadb(
    recorder_mock: Recorder, hass: HomeAssistant
) -> None:
    """The stories above were not told to SQLite."""
    assert get_instance(hass).dialect_name == "mysql"
