"""Webhook bodies that nobody has ever sent: recorded ones with a few things wrong."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.loading import payload, payload_names

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 2**31, 2**63, 2**64, 10**400, "", " ", "0", "-1", "NaN", "\x00", "a\x00b",
    "\ud800", "\udfff\ud800", "\u202e", "\u2028", "🙂" * 300, "x" * 70_000, "../../etc/passwd", "' OR 1=1 --",
    "<script>alert(1)</script>", "{{7*7}}", "%00%n", "http://169.254.169.254/", "=cmd|' /C calc'!A0",
    "AAAA", "AA==", "====", "@lid", "@s.whatsapp.net", "0@g.us", "status@broadcast", "1" * 60 + "@lid",
    [], {}, [[]], [{}], {"": ""}, [None] * 50, {"conversation": {"conversation": "x"}}, [[[[[[[[]]]]]]]],
)  # fmt: skip
NAMES = (
    "id",
    "type",
    "from",
    "chat",
    "sender",
    "moment",
    "messages",
    "statuses",
    "text",
    "caption",
    "mediaKey",
    "",
)
DEEP = 3000
Place = tuple[Any, Any]


class Mutator:
    """``next(mutator)`` is a body; the same seed makes the same ones."""

    def __init__(self, provider: str, instance_id: str, seed: int) -> None:
        self.dice = random.Random(seed)
        names = payload_names(provider)
        self.bodies = [payload(provider, name) for name in names]
        for body in self.bodies:
            if "instanceId" in body:
                body["instanceId"] = instance_id
        self.acts: list[tuple[Callable[[Any], None], int]] = [
            (self._replace, 8),
            (self._drop, 4),
            (self._rename, 2),
            (self._add, 2),
            (self._transplant, 4),
            (self._repeat, 2),
            (self._bend, 3),
        ]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        body = copy.deepcopy(self.dice.choice(self.bodies))
        acts, weights = zip(*self.acts, strict=True)
        for act in self.dice.choices(acts, weights, k=self.dice.choice((1, 1, 1, 2, 3, 6))):
            act(body)
        raw = json.dumps(body, ensure_ascii=self.dice.random() < 0.5).encode("utf-8", "surrogatepass")
        return self._damage(raw) if self.dice.random() < 0.05 else raw

    def _replace(self, body: Any) -> None:
        where, key = self._place(body)
        where[key] = copy.deepcopy(self.dice.choice(HOSTILE))

    def _drop(self, body: Any) -> None:
        where, key = self._place(body)
        del where[key]

    def _rename(self, body: Any) -> None:
        where, key = self._place(body)
        if isinstance(where, dict):
            where[self.dice.choice((*NAMES, str(key).upper(), str(key) * 2))] = where.pop(key)

    def _add(self, body: Any) -> None:
        where, _ = self._place(body)
        if isinstance(where, dict):
            where[self.dice.choice(NAMES)] = copy.deepcopy(self.dice.choice(HOSTILE))

    def _transplant(self, body: Any) -> None:
        """A part of another body where it does not belong."""
        where, key = self._place(body)
        donor, part = self._place(self.dice.choice(self.bodies))
        where[key] = copy.deepcopy(donor[part])

    def _repeat(self, body: Any) -> None:
        where, key = self._place(body)
        where[key] = [copy.deepcopy(where[key]) for _ in range(self.dice.choice((2, 3, 40)))]

    def _bend(self, body: Any) -> None:
        """Of the same type, but with another value."""
        where, key = self._place(body)
        value = where[key]
        if isinstance(value, str):
            cut = self.dice.randrange(len(value) + 1)
            where[key] = value[:cut] + self.dice.choice(("", "\x00", "é", "9", "@", "/")) + value[cut + 1 :]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            where[key] = value * self.dice.choice((-1, 0, 10, 1000, 10**12))

    def _place(self, body: Any) -> Place:
        """Any value but the root, with what holds it."""
        places = list(_places(body))
        return self.dice.choice(places) if places else ({"": body}, "")

    def _damage(self, raw: bytes) -> bytes:
        """No JSON any more, or JSON that is hard to read."""
        cut = self.dice.randrange(len(raw))
        ways = (
            raw[:cut],
            raw[:cut] + b"\xff" + raw[cut + 1 :],
            b"[" * DEEP + raw + b"]" * DEEP,
            raw.replace(b":", b": \t\n", 3),
            b"\xef\xbb\xbf" + raw,
            raw + raw,
            b"",
        )
        return self.dice.choice(ways)


def _places(value: Any) -> Iterator[Place]:
    if isinstance(value, dict):
        pairs: Any = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        return
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)
