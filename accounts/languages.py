"""The languages that people may choose."""

from django.conf import settings


def choices() -> list[tuple[str, str]]:
    """Each in its own words, whatever language the page is in."""
    return list(settings.LANGUAGES)
