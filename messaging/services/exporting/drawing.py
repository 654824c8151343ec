"""Pages that a browser shows without a network: no script, no address but of what lies beside them."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime

from media.sniffing import bare
from messaging.services.exporting.contents import Page, Plan

CUT = "<!-- conversations -->"
STYLE = Path(settings.BASE_DIR) / "templates" / "exports" / "style.css"
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")


def style() -> bytes:
    return STYLE.read_bytes()


def page_name(number: int) -> str:
    return "index.html" if number == 1 else f"page-{number:04}.html"


def page(content: Page, *, language: str) -> bytes:
    facts = {
        "page": content,
        "lines": _lines(content),
        "before": page_name(content.number - 1) if content.number > 1 else "",
        "after": "" if content.is_last else page_name(content.number + 1),
        "is_group": content.kind != "direct",
    }
    return _drawn("exports/conversation.html", facts, language)


def overview(plan: Plan) -> tuple[bytes, bytes]:
    before, _, after = _drawn("exports/index.html", {"plan": plan, "cut": CUT}, plan.language).partition(
        CUT.encode()
    )
    return before, after


def overview_line(thread: dict[str, Any], *, language: str) -> bytes:
    return _drawn("exports/index_line.html", {"thread": thread}, language)


def _drawn(template: str, facts: dict[str, Any], language: str) -> bytes:
    with translation.override(language):
        return render_to_string(template, facts | {"language": language}).encode("utf-8", "replace")


def _lines(content: Page) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    day: date | None = None
    for message in content.messages:
        sent_at = _moment(message["sent_at"])
        today = timezone.localtime(sent_at).date() if sent_at else day
        media = message["media"]
        lines.append(
            {
                "message": message,
                "sent_at": sent_at,
                "edited_at": _moment(message["edited_at"]),
                "revoked_at": _moment(message["revoked_at"]),
                "removed_at": _moment(message.get("removed_at")),
                "day": today if today != day else None,
                "is_ours": message["direction"] == "outbound",
                "shows": _shows(media) if media and media["file"] else "",
            }
        )
        day = today
    return lines


def _shows(media: dict[str, Any]) -> str:
    """How the page shows a file: what no browser draws in place is a link."""
    found = bare(media["mimetype"])
    if found in PICTURES:
        return "picture"
    if media["kind"] in ("voice", "audio"):
        return "sound"
    return "film" if found.startswith("video/") else "link"


def _moment(value: Any) -> datetime | None:
    return parse_datetime(value) if isinstance(value, str) else value
