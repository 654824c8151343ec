"""Strict readers of the environment: a wrong value stops the start with a sentence that says what to do."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ  # type: ignore[import-untyped]
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

STRATEGIES = ("cdn", "provider", "provider_alt")

env = environ.Env()


def load_file(default: Path) -> None:
    """Read ``.env`` unless ENV_FILE names another file; ENV_FILE set to nothing reads none."""
    chosen = os.environ.get("ENV_FILE", str(default))
    if chosen and Path(chosen).is_file():
        env.read_env(chosen)


def _read(reader: Callable[..., Any], name: str, expected: str, default: Any) -> Any:
    try:
        return reader(name, default=default)
    except (ValueError, TypeError) as exc:
        raise ImproperlyConfigured(f"{name} must be {expected}, not {os.environ.get(name)!r}.") from exc


def boolean(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, str(default)).strip().lower()
    if value not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name} must be True or False, not {value!r}.")
    return value in ("true", "1", "yes", "on")


def integer(name: str, *, default: int, least: int = 1) -> int:
    value: int = _read(env.int, name, "a whole number", default)
    if value < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {value}.")
    return value


def text(name: str, *, default: str = "") -> str:
    return str(env.str(name, default=default)).strip()


def choice(name: str, allowed: tuple[str, ...], *, default: str) -> str:
    value = text(name, default=default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def rate(name: str, *, default: str) -> str:
    value = text(name, default=default)
    if not re.fullmatch(r"[1-9][0-9]*/(sec|min|hour|day)", value):
        raise ImproperlyConfigured(f"{name} must be like 1200/min, not {value!r}.")
    return value


def words(name: str, *, default: list[str]) -> list[str]:
    return [word.strip() for word in env.list(name, default=default) if word.strip()]


def optional_secret(name: str) -> str:
    """NAME, or the content of the file that NAME_FILE points to, or nothing."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text().strip() if path else text(name)


def secret(name: str, advice: str) -> str:
    """There is no default."""
    value = optional_secret(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {advice}")
    return value


def base_url(name: str, *, default: str) -> str:
    value = text(name, default=default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ImproperlyConfigured(f"{name} must be an address like https://host/path, not {value!r}.")
    return value


def fernet_keys(name: str) -> list[str]:
    advice = "Make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
    keys = [key.strip() for key in secret(name, advice).split(",") if key.strip()]
    for key in keys:
        try:
            Fernet(key)
        except ValueError as exc:
            raise ImproperlyConfigured(f"{name} holds a value that is not a Fernet key. {advice}") from exc
    return keys


def folder(name: str, default: Path) -> Path:
    return Path(text(name) or default).resolve()


def strategies(name: str) -> list[str]:
    chosen = words(name, default=list(STRATEGIES))
    unknown = sorted(set(chosen) - set(STRATEGIES))
    if unknown or not chosen:
        raise ImproperlyConfigured(f"{name} must be a list of {', '.join(STRATEGIES)}; {unknown} is not one.")
    return list(dict.fromkeys(chosen))


def database(name: str, default: str) -> dict[str, Any]:
    url = optional_secret(name) or default
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, KeyError, TypeError, ImproperlyConfigured):
        config = {}
    if config.get("ENGINE") == "django.db.backends.sqlite3":
        return config | {"OPTIONS": _SQLITE_OPTIONS}
    if config.get("ENGINE") == "django.db.backends.postgresql":
        options = _POSTGRES_OPTIONS | config.get("OPTIONS", {})
        return config | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
    raise ImproperlyConfigured(
        f"{name} must be like sqlite:////path/db.sqlite3 or postgres://user:password@host/name."
    )


# A server that is gone without a word is noticed: when connecting, and (in ms) while one waits for its answer.
_POSTGRES_OPTIONS = {"connect_timeout": 3, "tcp_user_timeout": 15_000}
# FULL: a webhook that was answered with 200 survives a power cut.
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;",
}
