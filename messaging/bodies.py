"""A stored webhook body for human eyes: indented, bounded, and without what must not be shown."""

import json
from typing import Any

from accounts.providers.wire import clean_text

LONGEST = 200_000
LONGEST_STRING = 4_000
SEALED = frozenset(
    (
        *("mediakey", "jpegthumbnail", "pngthumbnail", "thumbnail", "base64", "waveform", "messagesecret"),
        *(
            "streamingsidecar",
            "scanssidecar",
            "token",
            "accesstoken",
            "verifytoken",
            "appsecret",
            "authorization",
        ),
        *("senderkeydistributionmessage", "axolotlsenderkeydistributionmessage", "encpayload", "apikey"),
    )
)


def readable(body: bytes) -> str:
    try:
        # Half of a surrogate pair can be written in JSON and in no page.
        text = clean_text(json.dumps(masked(json.loads(body)), indent=2, ensure_ascii=False))
    except ValueError:
        return f"Not JSON: {len(body)} bytes."
    except RecursionError:
        return f"Nested too deeply to be shown: {len(body)} bytes."
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n… ({len(text) - LONGEST} more characters)"


def masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _measure(inner) if _is_sealed(name) and inner else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, str) and len(value) > LONGEST_STRING:
        return f"{value[:LONGEST_STRING]}… ({len(value)} characters)"
    return value


def _is_sealed(name: str) -> bool:
    return name.replace("_", "").replace("-", "").lower() in SEALED


def _measure(value: Any) -> str:
    """Base64 text, a list of numbers or an object of numbered bytes, as the wire has it."""
    if isinstance(value, str):
        return f"… ({len(value.rstrip('=')) * 3 // 4} bytes)"
    return f"… ({len(value)} bytes)" if isinstance(value, list | dict) else "…"
