"""It runs without the product, and knows nothing of it."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import requests

FOLDER = Path(__file__).parent
PRODUCT = {"accounts", "media", "messaging", "multichat", "django"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_it_imports_nothing_of_the_product() -> None:
    modules = list(FOLDER.rglob("*.py"))
    assert len(modules) > 20
    assert {path.name for path in modules if imported(path) & PRODUCT} == set()


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    kept = tmp_path / "state.json"
    command = [sys.executable, "-m", "tests.simulator", "--port", "0", "--demo", "--state", str(kept)]
    with subprocess.Popen(command, cwd=FOLDER.parents[1], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = re.findall(r"http://\S+", process.stderr.readline())[0]
        assert requests.get(f"{url}/_sim/health", timeout=30).json()["lines"] == 4
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert json.loads(kept.read_text())["runs"] == 1


def test_the_samples_are_small_and_described() -> None:
    described = json.loads((FOLDER / "samples" / "manifest.json").read_text(encoding="utf-8"))
    files = {path for path in (FOLDER / "samples").iterdir() if path.name != "manifest.json"}
    assert {path.name for path in files} == set(described)
    assert sum(path.stat().st_size for path in files) < 1_500_000
