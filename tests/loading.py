"""The recorded webhook bodies under ``tests/payloads``: ``payload("wapi", "01")`` is the file that begins so."""

import json
from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parent / "payloads"


def payload_path(provider: str, name: str) -> Path:
    (path,) = (PAYLOADS / provider).glob(f"{name}*.json")
    return path


def raw_payload(provider: str, name: str) -> bytes:
    return payload_path(provider, name).read_bytes()


def payload(provider: str, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(raw_payload(provider, name))
    return loaded


def payload_names(provider: str) -> list[str]:
    return sorted(path.stem for path in (PAYLOADS / provider).glob("*.json"))
