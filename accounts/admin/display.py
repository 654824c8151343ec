"""How states, times, sizes and icons look on every screen."""

from datetime import datetime, timedelta
from functools import lru_cache

from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

NOTHING = "–"

TONES = {
    "ready": "good", "connected": "good", "processed": "good", "ok": "good", "open": "good",
    "pending": "wait", "fetching": "wait", "unknown": "calm", "ignored": "calm", "closed": "calm",
    "failed": "bad", "missing": "bad", "disconnected": "bad", "expired": "warn", "unavailable": "warn",
    "gone": "warn", "line_down": "bad", "refused": "bad", "unsupported": "calm", "integrity": "bad",
    "unexpected": "bad", "storage": "bad", "sent": "good", "sending": "wait", "doubtful": "warn",
}  # fmt: skip

WORDS = {
    "ready": gettext_lazy("ready"), "connected": gettext_lazy("connected"), "pending": gettext_lazy("pending"),
    "processed": gettext_lazy("processed"), "ok": gettext_lazy("ok"), "fetching": gettext_lazy("fetching"),
    "unknown": gettext_lazy("unknown"), "ignored": gettext_lazy("ignored"), "failed": gettext_lazy("failed"),
    "missing": gettext_lazy("missing"), "disconnected": gettext_lazy("disconnected"),
    "expired": gettext_lazy("expired"), "unavailable": gettext_lazy("unavailable"), "gone": gettext_lazy("gone"),
    "sent": gettext_lazy("sent"), "sending": gettext_lazy("being sent"), "revoked": gettext_lazy("revoked"),
    "cancelled": gettext_lazy("cancelled"), "delivering": gettext_lazy("being delivered"),
    "delivered": gettext_lazy("delivered"),
}  # fmt: skip


@lru_cache
def icon(name: str) -> SafeString:
    return format_html('<svg class="mc-icon" aria-hidden="true"><use href="#mc-{}"></use></svg>', name)


def word_of(state: str) -> str:
    return str(WORDS.get(str(state), state))


def badge(word: str, label: str | Promise = "") -> SafeString:
    tone = TONES.get(str(word), "calm")
    return format_html('<span class="mc-badge mc-{}">{}</span>', tone, label or word_of(word))


def when(moment: datetime | None) -> SafeString | str:
    """Relative, with the exact local time on hover."""
    return NOTHING if moment is None else stamped(timezone.localtime(moment), _away(moment))


def stamped(local: datetime, said: str) -> SafeString:
    exact = written(local, "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, said)


def written(local: datetime, form: str) -> str:
    """In the reader's language, to the minute."""
    return _written(local.replace(second=0, microsecond=0, tzinfo=None), form, get_language())


@lru_cache(maxsize=20_000)
def _written(local: datetime, form: str, language: str | None) -> str:
    """A page holds a hundred times, most of which stood on the page before."""
    return date_format(local, get_format(form, language))


def _away(moment: datetime) -> str:
    """One unit only, in words that Django has translated."""
    now, words = timezone.now(), NaturalTimeFormatter.time_strings
    if now < moment < now + timedelta(minutes=1):
        return _("within a minute")
    if abs(now - moment) < timedelta(minutes=1):
        return str(words["now"])
    if moment < now:
        return str(words["past-day"] % {"delta": timesince(moment, now, depth=1)})
    return str(words["future-day"] % {"delta": timeuntil(moment, now, depth=1)})


def size(count: int | None) -> str:
    return NOTHING if count is None else filesizeformat(count)


def clock(seconds: int | None) -> str:
    """Seconds as a player shows them."""
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def visible_name(text: str) -> str:
    """A foreign name without the invisible characters that turn ``gpj.exe`` around."""
    if text.isprintable():
        return text
    return "".join(letter for letter in text if letter.isprintable())
