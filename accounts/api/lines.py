"""What a provider's refusal or silence is for the caller of the API."""

from http import HTTPStatus

from accounts.fields import CannotDecrypt
from accounts.providers import errors

SOON = 5
UNREADABLE = "A secret of this instance fits none of the platform's keys; enter it again."

TROUBLES: tuple[tuple[type[errors.ProviderError], HTTPStatus, str], ...] = (
    (errors.Unsupported, HTTPStatus.CONFLICT, "unsupported"),
    (errors.LineDown, HTTPStatus.CONFLICT, "line_down"),
    (errors.Refused, HTTPStatus.CONFLICT, "refused"),
    (errors.MediaGone, HTTPStatus.GONE, "gone"),
    (errors.Unavailable, HTTPStatus.SERVICE_UNAVAILABLE, "provider_unavailable"),
    (errors.ProviderError, HTTPStatus.BAD_GATEWAY, "unexpected_response"),
)


def trouble(exc: Exception) -> tuple[HTTPStatus, str, str] | None:
    """Status, code and sentence; None for what is no business of a provider."""
    if isinstance(exc, CannotDecrypt):
        return HTTPStatus.CONFLICT, "cannot_decrypt", UNREADABLE
    if not isinstance(exc, errors.ProviderError):
        return None
    status, code = next((status, code) for kind, status, code in TROUBLES if isinstance(exc, kind))
    return status, code, exc.reason


def wait_for(exc: Exception) -> int | None:
    """Seconds after which it may work."""
    if not isinstance(exc, errors.Unavailable):
        return None
    return max(1, round(exc.retry_after or SOON))
