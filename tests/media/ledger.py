"""What the tests of the ledger share: rows in any state, and results as a fetch would bring them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import WhatsappInstance
from accounts.providers import errors
from media.models import MediaFile
from media.services.deciding import Errand, Result
from media.strategies import Attempt, Fetched, outcome_of
from tests.telling import make_wapi

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


def media_row(instance: WhatsappInstance | None = None, **fields: Any) -> MediaFile:
    facts = {"kind": "image", "next_attempt_at": NOW, "expires_at": NOW + MONTH, **fields}
    if facts.get("state") in ("ready",):
        facts.setdefault("file", "somewhere.jpg")
    return MediaFile.objects.create(instance=instance or make_wapi(), **facts)


def attempt(strategy: str, error: errors.ProviderError | None = None) -> Attempt:
    return Attempt(
        strategy=strategy,
        started_at=NOW,
        duration=0.5,
        http_status=error.status if error else 200,
        bytes=0,
        outcome=outcome_of(error) if error else "ok",
        reason=error.reason if error else "",
        error=error,
    )


def result_of(media_file: MediaFile, *found: errors.ProviderError, **fields: Any) -> Result:
    """Each error is one strategy's, in their usual order; what was fetched came from the CDN."""
    names = ("cdn", "provider", "provider_alt")
    attempts = [attempt(name, error) for name, error in zip(names, found, strict=False)]
    attempts += [attempt("cdn")] if "fetched" in fields else []
    closed = fields.pop("closed", ())
    return Result(Errand(media_file, None, closed), attempts, **fields)  # type: ignore[arg-type]


def fetched(path: Path = Path("x.part")) -> Fetched:
    return Fetched(path=path, size=3, sha256=b"\x01" * 32, mimetype="image/jpeg", extension=".jpg")
