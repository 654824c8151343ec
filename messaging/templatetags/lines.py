"""Cards of lines, in lists of instances."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils import timezone

from messaging.admin.lines import Card, cards

register = template.Library()


@register.simple_tag(takes_context=True)
def line_cards(context: Any, lines: Sequence[Any]) -> list[Card]:
    return cards(context["request"].user, lines, now=timezone.now())
