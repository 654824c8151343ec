"""The languages that people may choose, and what was written down in English for them to read."""

from django.conf import settings
from django.utils.translation import gettext as _


def choices() -> list[tuple[str, str]]:
    """Each in its own words, whatever language the page is in."""
    return list(settings.LANGUAGES)


def in_language(text: str) -> str:
    """A sentence that was stored in English; one that names what nobody could foresee stays as it is."""
    return _(text) if text else ""
