"""Judge what the tools of scripts/audit found: each finding is mended, or justified here by itself.

usage: audit_findings.py bandit FILE
       audit_findings.py packages FILE LOCK
"""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
import sys
from typing import Any, Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = "custom_components/solar_cloud/"

NARROWS: Final = "tells the type checker what holds already; nothing depends on it"
NAME: Final = "the name of a field or an error, not a secret"
AES: Final = "the vendor's interface prescribes it inside of TLS"
SPREAD: Final = "spreads calls; nobody gains by guessing it"

type Finding = tuple[str, str, str]
"""The rule, the file, and the line it is about or the package's version."""

JUSTIFIED: Final[Mapping[Finding, str]] = {
    ("B101", "cloud/points.py", "assert point.codes is not None"): NARROWS,
    ("B101", "cloud/points.py", "assert point.slot.bounds is not None"): NARROWS,
    ("B101", "cloud/solax/client.py", "assert isinstance(known, int)"): NARROWS,
    ("B101", "cloud/solax/controls/manager.py", "assert value is not None"): NARROWS,
    ("B101", "cloud/solax/controls/requests.py", "assert value is not None"): NARROWS,
    ("B101", "cloud/solax/controls/requests.py", "assert action.target_soc is not None"): NARROWS,
    ("B101", "config_flow.py", "assert isinstance(self.flow_impl, Consent)"): NARROWS,
    ("B101", "config_flow.py", "assert self._work is not None"): NARROWS,
    ("B101", "energy_dashboard.py", "assert energy is not None"): NARROWS,
    ("B101", "journal.py", "assert manager is not None"): NARROWS,
    ("B101", "migrations.py", "assert isinstance(place, dict)"): NARROWS,
    ("B101", "oauth.py", "assert sign_in.oauth is not None"): NARROWS,
    ("B101", "pipeline/counter_filter.py", "assert self.previous_offset is not None"): NARROWS,
    ("B101", "session.py", "assert isinstance(shared, HomeAssistantTCPConnector)"): NARROWS,
    ("B105", "cloud/fusionsolar/__init__.py", '"password_expired": "password",'): NAME,
    ("B105", "cloud/masking.py", 'SECRET = "secret"'): NAME,
    ("B105", "cloud/sungrow/__init__.py", '"invalid_secret_key": "secret_key",'): NAME,
    ("B105", "cloud/sungrow/__init__.py", '"wrong_password": "password",'): NAME,
    ("B105", "cloud/vendor.py", 'SECRET = "secret"'): NAME,
    ("B113", "cloud/solax/controls/manager.py", "requests.GEAR_OF.get(mode) is not command.control"): "our own module of that name, not the HTTP library",
    ("B305", "cloud/sungrow/crypto.py", "encryptor = Cipher(algorithms.AES(key_bytes(key)), modes.ECB()).encryptor()"): AES,
    ("B305", "cloud/sungrow/crypto.py", "decryptor = Cipher(algorithms.AES(key_bytes(key)), modes.ECB()).decryptor()"): AES,
    ("B311", "cloud/sungrow/limits.py", "return _to_next_hour() + random.uniform(*JITTER)"): SPREAD,
    ("B311", "cloud/sungrow/limits.py", "return min(_to_next_month(), DAY) + random.uniform(*JITTER)"): SPREAD,
}  # fmt: skip
"""Why a finding is no fault. One that is no longer found has to go."""


def judged(
    found: Iterable[Finding], justified: Mapping[Finding, str] = JUSTIFIED
) -> list[str]:
    """Return what is neither mended nor justified, and what is justified without being found."""
    known = set(found)
    return [
        *(f"not justified: {' | '.join(each)}" for each in sorted(known - {*justified})),
        *(f"justified, not found: {' | '.join(each)}" for each in justified if each not in known),
    ]  # fmt: skip


def bandit(report: Mapping[str, Any]) -> list[str]:
    """Judge the report on our own code; a file that could not be read was not looked at."""
    unread = [f"not read: {each['filename']}" for each in report["errors"]]
    if not report["metrics"]["_totals"]["loc"]:
        unread.append("no line was read")
    return unread + judged(map(_finding, report["results"]))


def _finding(told: Mapping[str, Any]) -> Finding:
    """Return a finding by its line instead of that line's number, which every change moves."""
    path = str(told["filename"])
    line = (ROOT / path).read_text().splitlines()[told["line_number"] - 1]
    return told["test_id"], path.removeprefix(PACKAGE), line.strip()


def packages(report: Mapping[str, Any], lock: str) -> list[str]:
    """Judge the report on the packages of a lock; one that could not be looked up is not known to be safe."""
    pins = {pin.name for pin in _pins(lock) if not pin.marker or pin.marker.evaluate()}
    told = {each["name"]: each for each in report["dependencies"]}
    looked_up = {name for name, each in told.items() if "skip_reason" not in each}
    sys.stdout.write(f"{len(looked_up)} of {len(pins)} packages were looked up\n")
    advisories = [
        f"{each['name']} {each['version']}: {advisory['id']}"
        for name, each in told.items()
        if name in looked_up
        for advisory in each["vulns"]
    ]
    return [f"not looked up: {name}" for name in sorted(pins - looked_up)] + advisories


def _pins(lock: str) -> list[Requirement]:
    """Return what a lock pins, for other systems too."""
    lines = [line.rstrip("\\ ") for line in lock.splitlines() if line[:1].isalnum()]
    return [Requirement(line) for line in lines]


def main(what: str, path: str, lock: str = "") -> None:
    """Print what is wrong, and fail if anything is."""
    report = json.loads(Path(path).read_text())
    wrong = (
        bandit(report)
        if what == "bandit"
        else packages(report, (ROOT / lock).read_text())
    )
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
