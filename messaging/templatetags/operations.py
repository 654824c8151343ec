"""What the threads need beyond their context."""

import re
from typing import Any

from django import template
from django.template.defaultfilters import linebreaksbr
from django.utils.html import conditional_escape, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

register = template.Library()

# Finding links in very long texts is slow, and nobody reads them as chat.
LONGEST_WITH_LINKS = 5_000
# No link and no address of mail is without one of these.
LINK_LIKE = re.compile(r"[.:]\S|@")


@register.filter
def message_text(text: str) -> SafeString:
    if len(text) > LONGEST_WITH_LINKS or not LINK_LIKE.search(text):
        return linebreaksbr(conditional_escape(text))
    return linebreaksbr(mark_safe(urlize(text, nofollow=True, autoescape=True)))


@register.filter
def map_address(payload: Any) -> str:
    """An address for a map of the place, of numbers only."""
    try:
        latitude, longitude = float(payload["latitude"]), float(payload["longitude"])
    except (KeyError, TypeError, ValueError):
        return ""
    return f"https://www.openstreetmap.org/?mlat={latitude:.6f}&mlon={longitude:.6f}#map=16/{latitude:.6f}/{longitude:.6f}"


@register.filter
def order_items(payload: Any) -> list[str]:
    """Named ``items`` on the wire, a word that templates resolve to the dictionary's own method."""
    items = payload.get("items") if isinstance(payload, dict) else None
    return [_order_item(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _order_item(item: dict[str, Any]) -> str:
    price = f", {item['price']} {item.get('currency', '')}".rstrip() if "price" in item else ""
    product = item.get("product", gettext("product"))
    return f"{item.get('quantity', 1)} × {product}{price}"
