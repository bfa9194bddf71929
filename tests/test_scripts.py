"""The files that make a fresh clone work stay in step with each other."""

import json
import os
from pathlib import Path
import re
import subprocess
import tomllib

import pytest

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = (REPOSITORY / "requirements.lock").read_text()
PROGRAMS = [
    path
    for path in (*(REPOSITORY / "scripts").iterdir(), REPOSITORY / ".ci" / "run")
    if path.suffix == "" and path.is_file()
]


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found[0].lower()


@pytest.mark.parametrize("group", PROJECT["dependency-groups"])
def test_every_dependency_is_locked(group: str) -> None:
    """Changing a group asks for scripts/lock."""
    locked = {_name(line) for line in LOCK.splitlines() if line[:1].isalnum()}
    wanted = {_name(one) for one in PROJECT["dependency-groups"][group]}
    assert wanted <= locked


def test_lock_names_no_host() -> None:
    """The lock works with whatever index a machine uses."""
    assert "://" not in LOCK


def test_tests_run_on_the_minimum_release() -> None:
    """What HACS promises users is what the tests run on."""
    minimum = json.loads((REPOSITORY / "hacs.json").read_text())["homeassistant"]
    major_minor = minimum.rpartition(".")[0]
    assert f"\nhomeassistant=={major_minor}." in LOCK


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_program_can_be_started(program: Path) -> None:
    """Every script is executable and parses."""
    assert os.access(program, os.X_OK)
    subprocess.run(["bash", "-n", program], check=True)
