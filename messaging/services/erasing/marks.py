"""What somebody is known by, and how it is found and taken out of what others said."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.providers.events import AliasKind
from messaging.models import Contact
from messaging.services.contacts import phone_family

REMOVED = "[…]"
BETWEEN = r"[\s().+/-]{0,3}"
# A shorter number could be anything.
LEAST_DIGITS = 8
TAIL = 4
COUNTRY = "55"


@dataclass(frozen=True, slots=True)
class Marks:
    """``found`` matches numbers and ids wherever they stand; ``whole`` are values that count only where they are all
    that is said, as a name is. ``hints`` are short pieces, one of which stands wherever anything of it does."""

    found: re.Pattern[str]
    whole: frozenset[str]
    hints: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, contact: Contact) -> "Marks":
        aliases = [(row.kind, row.value) for row in contact.aliases.order_by("id")]
        return cls.known_by(aliases, contact.name)

    @classmethod
    def known_by(cls, aliases: Iterable[tuple[str, str]], name: str) -> "Marks":
        patterns, whole, hints = [], set(), set()
        for kind, value in aliases:
            patterns.append(_pattern(kind, value))
            whole |= {value, f"@{value}"}
            hints.add(value[-TAIL:] if kind == AliasKind.PHONE else value.partition("@")[0])
        names = (name,) if name.strip() else ()
        found = re.compile("|".join(patterns) or r"(?!)", re.IGNORECASE)
        return cls(found, frozenset(whole | set(names)), tuple(sorted(hints)), names)

    def are_in(self, text: str) -> bool:
        return self.found.search(text) is not None

    def are_in_body(self, body: bytes) -> bool:
        """A raw request: what JSON wrote with escapes is read as well."""
        text = body.decode("utf-8", "replace")
        if self.found.search(text):
            return True
        return any(
            json.dumps(value, ensure_ascii=plain) in text for value in self.whole for plain in (True, False)
        )

    def scrubbed(self, text: str) -> str:
        return REMOVED if text in self.whole else self.found.sub(REMOVED, text)

    def without_names(self, text: str) -> str:
        """For titles, in which a name stands among other words."""
        for name in self.names:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", REMOVED, text)
        return self.scrubbed(text)

    def scrubbed_json(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.scrubbed(value)
        if isinstance(value, list):
            return [self.scrubbed_json(one) for one in value]
        if not isinstance(value, dict):
            return value
        if self._is_card(value):
            return {"name": REMOVED}
        return {self.scrubbed(str(name)): self.scrubbed_json(one) for name, one in value.items()}

    def _is_card(self, value: dict[str, Any]) -> bool:
        """Somebody's visiting card goes whole: name, numbers and the vCard, which repeats them."""
        is_card = "name" in value and ("phones" in value or "vcard" in value)
        return is_card and self.are_in(json.dumps(value, ensure_ascii=False))


def _pattern(kind: str, value: str) -> str:
    if kind == AliasKind.PHONE:
        return "|".join(_digits(form) for form in _forms(value))
    if kind == AliasKind.LID:
        return rf"(?<!\d){re.escape(value.partition('@')[0])}(?:@lid\b|(?!\d))"
    if kind == AliasKind.USERNAME:
        return rf"@{re.escape(value)}(?!\w)"
    return rf"(?<!\w){re.escape(value)}(?!\w)"


def _forms(phone: str) -> list[str]:
    """With and without the Brazilian ninth digit, and as one writes it within the country."""
    forms = list(phone_family(phone))
    forms += [form.removeprefix(COUNTRY) for form in forms if form.startswith(COUNTRY) and len(form) > 11]
    return [form for form in forms if len(form) >= LEAST_DIGITS] or [phone]


def _digits(number: str) -> str:
    """However it is written: +55 (11) 90000-1234."""
    return rf"(?<!\d){BETWEEN.join(map(re.escape, number))}(?!\d)"
