"""How states, times, sizes and icons look on every screen."""

from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

NOTHING = "–"

TONES = {
    "ready": "good", "connected": "good", "processed": "good", "ok": "good", "open": "good",
    "pending": "wait", "fetching": "wait", "unknown": "calm", "ignored": "calm", "closed": "calm",
    "failed": "bad", "missing": "bad", "disconnected": "bad", "expired": "warn", "unavailable": "warn",
    "gone": "warn", "line_down": "bad", "refused": "bad", "unsupported": "calm", "integrity": "bad",
    "unexpected": "bad", "storage": "bad", "sent": "good", "sending": "wait", "doubtful": "warn",
}  # fmt: skip


def icon(name: str) -> SafeString:
    return format_html('<svg class="mc-icon" aria-hidden="true"><use href="#mc-{}"></use></svg>', name)


def badge(word: str, label: str = "") -> SafeString:
    tone = TONES.get(str(word), "calm")
    return format_html('<span class="mc-badge mc-{}">{}</span>', tone, label or word)


def when(moment: datetime | None) -> SafeString | str:
    """Relative, with the exact local time on hover."""
    if moment is None:
        return NOTHING
    exact = date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, _away(moment))


def _away(moment: datetime) -> str:
    """One unit only, in words that Django has translated."""
    now, words = timezone.now(), NaturalTimeFormatter.time_strings
    if now < moment < now + timedelta(minutes=1):
        return "within a minute"
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
    return "".join(letter for letter in text if letter.isprintable())
