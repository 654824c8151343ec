"""What make audit makes of an answer of the advisory service, whose program is played here."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOUND = "Found 2 known vulnerabilities in 1 package\nName Version ID Fix Versions\ndemo 1.0 PYSEC-1 1.1"
SKIPPED = "Name Skip Reason\ndemo Dependency not found on PyPI and could not be audited: demo (1.0)"
NONE = "No known vulnerabilities found"
SERVICE = """#!/bin/sh
case "$1 $2" in "pip check") exit {agrees} ;; esac
cat told
exit {status}
"""


@pytest.fixture
def audit(tmp_path):
    """Runs the script in a folder whose uv says what it is told to."""
    shutil.copy(ROOT / "scripts" / "audit.sh", tmp_path)
    uv = tmp_path / ".venv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)

    def run(told, status=0, agrees=0):
        (tmp_path / "told").write_text(told)
        uv.write_text(SERVICE.format(status=status, agrees=agrees))
        uv.chmod(0o755)
        done = subprocess.run(["./audit.sh"], cwd=tmp_path, capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    "told", [FOUND, f"{FOUND}\n{SKIPPED}", FOUND.replace("2 known vulnerabilities", "1 known vulnerability")]
)
def test_a_known_vulnerability_fails_and_is_named(audit, told):
    code, said = audit(told, status=1)
    assert code == 1 and "PYSEC-1" in said


def test_where_none_is_known_it_says_so(audit):
    assert audit(NONE) == (0, "No known vulnerability in requirements.lock.\n")


@pytest.mark.parametrize(
    ("told", "status"),
    [(f"{NONE}\n{SKIPPED}", 0), ("error: Failed to fetch", 2), ("", 124), ("Traceback", 1)],
)
def test_where_nothing_was_learned_it_says_so_and_does_not_fail(audit, told, status):
    code, said = audit(told, status)
    assert code == 0 and "nothing is known" in said and "No known" not in said


def test_packages_that_do_not_fit_together_fail_without_a_network(audit):
    assert audit(NONE, agrees=1)[0] == 1
