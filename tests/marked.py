"""What the source marks for translators, found without GNU gettext: a fresh machine has none."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import templatize

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "media", "messaging")
# How many of a call's first arguments are texts, and whether the first of them is a context.
CALLS = {
    "gettext": (1, False),
    "gettext_lazy": (1, False),
    "gettext_noop": (1, False),
    "ngettext": (2, False),
    "ngettext_lazy": (2, False),
    "pgettext": (2, True),
    "pgettext_lazy": (2, True),
    "npgettext": (3, True),
}
SHORT = {"_": "gettext"}
IN_TEMPLATES = re.compile(r"(?<![A-Za-z])(_|n?p?gettext)\(")
TEXT = re.compile(r"""\s*,?\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.DOTALL)
# A context (or none), and the text in the singular.
Marked = tuple[str | None, str]


def everything() -> dict[Marked, Path]:
    found = {}
    for path in sorted([*ROOT.glob("multichat/*.py"), *(one for app in APPS for one in _modules(app))]):
        found |= dict.fromkeys(in_module(path.read_text(encoding="utf-8")), path)
    for path in sorted((ROOT / "templates").rglob("*.html")):
        found |= dict.fromkeys(in_template(path.read_text(encoding="utf-8")), path)
    return found


def _modules(app: str) -> Iterator[Path]:
    return (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def in_module(source: str) -> Iterator[Marked]:
    tree = ast.parse(source)
    names = dict(_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            count, has_context = CALLS[names[node.func.id]]
            texts = [one.value for one in node.args[:count] if isinstance(one, ast.Constant)]
            if len(texts) == count:
                yield (texts[0], texts[1]) if has_context else (None, texts[0])


def _names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            yield from ((one.asname or one.name, one.name) for one in node.names if one.name in CALLS)


def in_template(source: str) -> Iterator[Marked]:
    """Django itself turns a template into the calls that xgettext reads."""
    calls = templatize(source)
    for call in IN_TEMPLATES.finditer(calls):
        count, has_context = CALLS[SHORT.get(call[1], call[1])]
        texts, at = [], call.end()
        while len(texts) < count and (text := TEXT.match(calls, at)):
            texts.append(ast.literal_eval(text[1]))
            at = text.end()
        if len(texts) == count:
            yield (texts[0], texts[1]) if has_context else (None, texts[0])
