"""Every word has its translation, and what is compiled is what is written."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale

from accounts.admin.sentences import EVERY
from tests import marked
from tests.marked import APPS, ROOT

LOCALES = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
FILES = [ROOT / app / "locale" / locale / "LC_MESSAGES" / "django.po" for app in APPS for locale in LOCALES]
HOLES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w+[^>]*>|`[^`]+`")
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-5]}-{path.parts[-3]}")


def entries(path: Path) -> list[Any]:
    return [entry for entry in polib.pofile(str(path)) if not entry.obsolete]


def forms(entry: Any) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def holes(text: str) -> list[str]:
    return sorted(HOLES.findall(text))


@each_file
def test_nothing_is_left_untranslated_or_doubtful(path: Path) -> None:
    found = entries(path)
    assert len(found) > 50
    assert [entry.msgid for entry in found if entry.fuzzy or not all(forms(entry))] == []


@each_file
def test_a_translation_keeps_the_places_of_its_values(path: Path) -> None:
    wrong = [
        (entry.msgid, form)
        for entry in entries(path)
        for form in forms(entry)
        if holes(form) not in (holes(entry.msgid), holes(entry.msgid_plural or entry.msgid))
    ]
    assert wrong == []


@each_file
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    def table(catalogue: Any) -> dict[Any, list[str]]:
        return {(entry.msgctxt, entry.msgid): forms(entry) for entry in catalogue if entry.msgid}

    assert table(entries(path)) == table(polib.mofile(str(path.with_suffix(".mo"))))


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_of_the_source_is_missing(locale: str) -> None:
    """If this fails: `make messages`, translate what is new in the .po files, and `make messages` again."""
    known = {
        (entry.msgctxt, entry.msgid)
        for path in FILES
        if locale in path.parts
        for entry in polib.pofile(str(path))
    }
    missing = {text: where.name for text, where in marked.everything().items() if text not in known}
    assert missing == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_one_word_is_translated_in_one_way(locale: str) -> None:
    ways = defaultdict(set)
    for path in FILES:
        for entry in entries(path) if locale in path.parts else ():
            ways[entry.msgctxt, entry.msgid].add(tuple(forms(entry)))
    assert {text: found for text, found in ways.items() if len(found) > 1} == {}


def test_marks_are_found_in_code_and_templates() -> None:
    code = "from django.utils.translation import gettext as _, ngettext\n_('a')\nngettext('b', 'c', 2)\nother('d')"
    assert list(marked.in_module(code)) == [(None, "a"), (None, "b")]
    template = (
        '{% load i18n %}{% translate "it\'s" %}{% translate "x" context "of y" %}{% firstof z _("e") %}'
        "{% blocktranslate count n=n %}{{ n }} f{% plural %}{{ n }} fs{% endblocktranslate %}"
    )
    expected = [(None, "it's"), ("of y", "x"), (None, "e"), (None, "%(n)s f")]
    assert sorted(map(repr, marked.in_template(template))) == sorted(map(repr, expected))


def test_every_stored_sentence_is_still_written_somewhere() -> None:
    listed = ROOT / "accounts" / "admin" / "sentences.py"
    sources = [path for app in APPS for path in (ROOT / app).rglob("*.py") if path != listed]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert [sentence for sentence in EVERY if f'"{sentence}' not in code] == []
