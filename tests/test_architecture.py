"""Sizes and import directions: what keeps one thing changeable without reading the rest."""

import ast
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from importlinter import configuration
from importlinter.application import use_cases

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("accounts", "media", "messaging", "multichat", "scripts", "tests")
MODULE_LINES = 300
FUNCTION_LINES = 40


def modules() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_a_module_stays_under_300_lines() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert len(sizes) > 20
    assert [f"{path.relative_to(ROOT)}: {size}" for path, size in sizes.items() if size >= MODULE_LINES] == []


def test_a_function_has_at_most_40_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}: {lines(function)}"
        for path in modules()
        for function in functions(path)
        if lines(function) > FUNCTION_LINES
    ]
    assert long == []


def test_imports_go_one_way() -> None:
    # Its command would switch off every logger that this process has, for the tests that follow.
    configuration.configure()
    report = io.StringIO()
    with contextlib.redirect_stdout(report):
        kept = use_cases.lint_imports(str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True)
    assert kept, report.getvalue()
