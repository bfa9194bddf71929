"""The files that make a fresh clone work stay in step with each other."""

import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

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
    source = program.read_text()
    if "python" in source.partition("\n")[0]:
        compile(source, program, "exec")
    else:
        subprocess.run(["bash", "-n", program], check=True)


def test_actions_are_pinned_by_commit() -> None:
    """A tag of somebody else's can be moved, a commit cannot."""
    workflows = [*(REPOSITORY / ".github" / "workflows").glob("*.yml")]
    used = [
        (path.name, action)
        for path in workflows
        for action in re.findall(r"uses: (\S+)", path.read_text())
    ]
    assert used
    assert [
        each for each in used if not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", each[1])
    ] == []


def _release(tag: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "release", tag, folder],
        capture_output=True,
        check=False,
        text=True,
    )


def test_a_release_carries_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HACS unpacks the archive into the integration's folder and shows the manifest's version."""
    copy = tmp_path / "copy"
    shutil.copytree(
        REPOSITORY / "custom_components",
        copy / "custom_components",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (copy / "scripts").mkdir()
    shutil.copy(REPOSITORY / "scripts" / "release", copy / "scripts")
    (copy / "CHANGELOG.md").write_text(
        "## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n- News.\n\n## [1.2.2]\n\n- Old.\n"
    )
    monkeypatch.setattr(f"{__name__}.REPOSITORY", copy)
    made = _release("v1.2.3", tmp_path / "dist")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "dist" / "notes.md").read_text() == "- News.\n"
    with zipfile.ZipFile(tmp_path / "dist" / "solar_cloud.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        files = archive.namelist()
    assert manifest["version"] == "1.2.3"
    assert {"__init__.py", "translations/en.json", "cloud/registry.py"} <= {*files}
    for tag in ("v9.9.9", "1.2.3", "v1.2"):
        refused = _release(tag, tmp_path / "none")
        assert refused.returncode == 1
        assert refused.stderr.startswith("scripts/release: ")
    assert not (tmp_path / "none").exists()
