"""Reading foreign JSON without trusting it: a reader gives a plain value or its empty form, and never raises.

The same number arrives as such, as decimal text or as ``{low, high, unsigned}``, and the same bytes as base64 of
either alphabet, a list, ``{"0": …}``, ``{"type": "Buffer"}`` or hex, depending on who serialised the message.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from accounts.providers.errors import WebhookNotJson

# Deeper than any message; what lies below is cut off, so that no reader can run out of stack.
MAX_DEPTH = 64
MAX_DIGITS = 20
# Seconds never get this large, so anything beyond counts in a smaller unit.
MAX_SECONDS = 10**11
MAX_COUNT = 2**31 - 1
MAX_SIZE = 2**63 - 1
LABEL_LENGTH = 60
# Longer than any id of either provider.
LONGEST_ID = 200
SUM_BYTES = 32

NUMBER = re.compile(r"\s*[+-]?[0-9]{1,20}\s*", re.ASCII)
HEX_SUM = re.compile(r"[0-9a-fA-F]{64}")
SIGNATURE_END = re.compile(r"[?&]oe=([0-9a-fA-F]{1,9})(?=&|#|$)")
DATA_URI = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)


def load_object(body: bytes) -> dict[str, Any]:
    try:
        loaded = json.loads(
            body, parse_constant=_no_number, parse_int=_bounded_int, parse_float=_finite_float
        )
    except (ValueError, RecursionError) as error:
        # The cause would repeat the body, which is nobody's to see.
        raise WebhookNotJson(f"the body cannot be read: {type(error).__name__}") from None
    if not isinstance(loaded, dict):
        raise WebhookNotJson("the body is not a JSON object")
    cleaned: dict[str, Any] = _clean(loaded, MAX_DEPTH)
    return cleaned


def load_embedded(text: str) -> dict[str, Any]:
    """JSON inside a string of JSON; empty when it is none."""
    try:
        return load_object(text.encode("utf-8", "replace"))
    except WebhookNotJson:
        return {}


def _no_number(_name: str) -> None:
    return None


def _bounded_int(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _finite_float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): _clean(item, depth - 1) for key, item in value.items()} if depth else {}
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value] if depth else []
    return value


def clean_text(text: str) -> str:
    """PostgreSQL refuses NUL, and a lone surrogate cannot be written as UTF-8 by anybody."""
    if text.isascii():
        return text.replace("\x00", "")
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def read_text(value: object) -> str:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def read_int(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) <= MAX_SIZE else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and abs(value) < MAX_SIZE else None
    if isinstance(value, str):
        return read_int(int(value)) if NUMBER.fullmatch(value) else None
    return _long_int(value) if isinstance(value, dict) else None


def _long_int(value: dict[str, Any]) -> int | None:
    low, high = value.get("low"), value.get("high", 0)
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    return read_int((high << 32 if abs(high) < 2**32 else 0) | (low & 0xFFFFFFFF))


def read_count(value: object) -> int | None:
    """A number that fits the database's ordinary integer column."""
    number = read_int(value)
    return number if number is not None and 0 <= number <= MAX_COUNT else None


def read_size(value: object) -> int | None:
    number = read_int(value)
    return number if number is not None and 0 <= number <= MAX_SIZE else None


def read_float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_flag(value: object) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in {"true", "1"})


def read_moment(value: object) -> datetime | None:
    """Seconds since 1970, or a smaller unit when the number is too large for seconds."""
    number = read_int(value)
    if number is None or number <= 0:
        return None
    while number > MAX_SECONDS:
        number //= 1000
    return datetime.fromtimestamp(number, UTC)


def expiry_of(address: str) -> datetime | None:
    """When the signature in a CDN path or address ends: ``oe`` is a hexadecimal time."""
    found = SIGNATURE_END.search(address)
    return read_moment(int(found[1], 16)) if found else None


def read_bytes(value: object) -> bytes:
    if isinstance(value, str):
        return _bytes_of_text(value)
    if isinstance(value, list):
        return _bytes_of_numbers(value)
    if not isinstance(value, dict):
        return b""
    if "data" in value:
        data = value["data"]
        return b"" if isinstance(data, dict) and "data" in data else read_bytes(data)
    return _bytes_of_numbers(_in_order(value))


def _bytes_of_text(text: str) -> bytes:
    if HEX_SUM.fullmatch(text):
        return bytes.fromhex(text)
    packed = re.sub(r"[\r\n\t]", "", DATA_URI.sub("", text, count=1)).rstrip("=")
    # Form decoders turn "+" into a space.
    packed = packed.replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _bytes_of_numbers(numbers: list[Any]) -> bytes:
    whole = all(type(number) is int and -128 <= number <= 255 for number in numbers)
    return bytes(number & 0xFF for number in numbers) if whole else b""


def _in_order(byte_map: dict[str, Any]) -> list[Any]:
    names = [str(index) for index in range(len(byte_map))]
    return [byte_map.get(name) for name in names]


def label(text: str) -> str:
    """A foreign word, made fit for a reason."""
    return re.sub(r"[^A-Za-z0-9_.@-]+", "?", text)[:LABEL_LENGTH]


def present(**values: Any) -> dict[str, Any]:
    """Only what was said; zero and False are said too."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


class Fields:
    """One JSON object, read without regard to the case of its keys; anything else reads as an empty one."""

    __slots__ = ("_items",)

    def __init__(self, value: object = None) -> None:
        self._items: dict[str, tuple[str, Any]] = {}
        for key, item in value.items() if isinstance(value, dict) else ():
            held = self._items.get(str(key).lower(), ("", None))[1]
            if held in (None, "", {}, []):
                self._items[str(key).lower()] = (str(key), item)

    def __bool__(self) -> bool:
        return bool(self._items)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def names(self) -> list[str]:
        """As the sender spelt them, without the empty ones."""
        return [key for key, item in self._items.values() if item is not None]

    def get(self, *names: str) -> Any:
        """The first of these that is not null or an empty string."""
        for name in names:
            held = self._items.get(name.lower())
            if held is not None and held[1] is not None and held[1] != "":
                return held[1]
        return None

    def inside(self, *path: str) -> "Fields":
        found = self
        for name in path:
            found = Fields(found.get(name))
        return found

    def many(self, name: str) -> list[Any]:
        value = self.get(name)
        return value if isinstance(value, list) else []

    def each(self, name: str) -> Iterator["Fields"]:
        return (Fields(item) for item in self.many(name))

    def text(self, *names: str) -> str:
        return next(filter(None, (read_text(self.get(name)) for name in names)), "")

    def word(self, *names: str) -> str:
        """An id or a word: blanks around it mean nothing."""
        return next(filter(None, (read_text(self.get(name)).strip() for name in names)), "")

    def id(self, *names: str) -> str:
        """What is longer than an id can be is none."""
        return next((word for name in names if (word := self.word(name)) and len(word) <= LONGEST_ID), "")

    def ids(self, name: str) -> list[str]:
        words = (read_text(item).strip() for item in self.many(name))
        return [word for word in words if 0 < len(word) <= LONGEST_ID]

    def number(self, *names: str) -> int | None:
        return read_int(self.get(*names))

    def count(self, *names: str) -> int | None:
        return read_count(self.get(*names))

    def size(self, *names: str) -> int | None:
        return read_size(self.get(*names))

    def decimal(self, *names: str) -> float | None:
        return read_float(self.get(*names))

    def flag(self, *names: str) -> bool:
        return read_flag(self.get(*names))

    def moment(self, *names: str) -> datetime | None:
        return read_moment(self.get(*names))

    def blob(self, *names: str) -> bytes:
        return read_bytes(self.get(*names))

    def sum(self, *names: str) -> bytes:
        """A SHA-256, or nothing."""
        found = self.blob(*names)
        return found if len(found) == SUM_BYTES else b""
