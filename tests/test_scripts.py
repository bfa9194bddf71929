"""The files that make a fresh clone work stay in step with each other."""

import json
import os
from pathlib import Path
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = (REPOSITORY / "requirements.lock").read_text()
TOOLS = {
    "audit": (REPOSITORY / "audit.lock").read_text(),
    "uv": (REPOSITORY / "scripts" / "uv.lock").read_text(),
}
"""Locks of tools that are not installed with the rest, by their group."""
LOCKS = [LOCK, *TOOLS.values()]
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
    lock = TOOLS.get(group, LOCK)
    locked = {_name(line) for line in lock.splitlines() if line[:1].isalnum()}
    wanted = {_name(one) for one in PROJECT["dependency-groups"][group]}
    assert wanted <= locked


@pytest.mark.parametrize("lock", LOCKS, ids=["packages", *TOOLS])
def test_lock_names_files_and_no_host(lock: str) -> None:
    """It works with whatever index a machine uses, which can offer no other file under the same name."""
    assert "://" not in lock
    entries = re.split(r"\n(?=\w)", lock.strip())
    assert [
        each
        for each in entries
        if not re.match(r"\S+==\S+ .*--hash=sha256:", each, re.DOTALL)
    ] == []


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


AUDITED = REPOSITORY / "scripts" / "audit_findings.py"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"version": "1.0", "vulns": []}, "1 of 1 packages were looked up\n"),
        ({"skip_reason": "not found"}, "0 of 1 packages were looked up\n"),
        ({"version": "1.0", "vulns": [{"id": "GHSA-1"}]}, "some 1.0: GHSA-1"),
        (None, "not looked up: some"),
    ],
)
def test_a_package_that_was_not_looked_up_is_not_known_to_be_safe(
    tmp_path: Path, told: dict[str, object] | None, says: str
) -> None:
    """The tool finds nothing wrong with it, and ends well."""
    report, lock = tmp_path / "report.json", tmp_path / "lock"
    rows = [] if told is None else [{"name": "some", **told}]
    report.write_text(json.dumps({"dependencies": rows}))
    lock.write_text(
        'some==1.0 \\\n    --hash=sha256:00\nother==1 ; sys_platform == "win32" \\\n'
    )
    result = subprocess.run(
        [sys.executable, AUDITED, "packages", report, lock],
        capture_output=True,
        check=False,
        text=True,
    )
    safe = told is not None and told.get("vulns") == []
    assert result.returncode == (0 if safe else 1)
    assert says in result.stdout + result.stderr


def test_what_is_justified_is_still_there() -> None:
    """A finding that was mended is forgotten; one in another line is judged anew."""
    justified = runpy.run_path(str(AUDITED))["JUSTIFIED"]
    package = REPOSITORY / "custom_components" / "solar_cloud"
    gone = [
        (path, line)
        for _, path, line in justified
        if line not in map(str.strip, (package / path).read_text().splitlines())
    ]
    assert gone == []


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
