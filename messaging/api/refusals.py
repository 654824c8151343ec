"""What cannot be done, as the caller is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import ErrorDetail, ValidationError

from accounts.api.problems import Problem
from media.services.uploads import NotStorable
from messaging.models import Conversation
from messaging.serializers.conversations import WindowSerializer
from messaging.services import sending
from messaging.services.conversing import DoesNotFit
from messaging.services.sending import NotSendable

# Nothing is wrong with the request; it does not go together with how things stand.
CONFLICTS = frozenset(
    {"window_closed", "line_off", "not_sent_yet", "key_reused", "unsupported", "too_late", "not_ours"}
)
SOON = 5


@contextmanager
def as_problems(conversation: Conversation | None = None, **fields: str) -> Iterator[None]:
    """``fields`` gives what a service calls a field the request's own name for it."""
    try:
        yield
    except DoesNotFit as exc:
        raise ValidationError({exc.field: [exc.detail]}) from exc
    except NotSendable as exc:
        raise _refused(exc, conversation, fields) from exc
    except NotStorable as exc:
        raise _not_stored(exc, fields.get("media", "media")) from exc
    except ObjectDoesNotExist as exc:
        # Merged away or deleted since it was read.
        raise Http404 from exc


def _refused(exc: NotSendable, conversation: Conversation | None, fields: dict[str, str]) -> Exception:
    if exc.field and exc.code not in CONFLICTS:
        return _invalid(fields.get(exc.field, exc.field), exc.detail, exc.code)
    facts: dict[str, Any] = {}
    if exc.code == "window_closed" and conversation:
        window = sending.window_of(conversation, timezone.now())
        if window:
            facts["window"] = WindowSerializer(window).data
    return Problem(HTTPStatus.CONFLICT, exc.code, exc.detail, **facts)


def _not_stored(exc: NotStorable, field: str) -> Exception:
    if exc.code == "storage":
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, exc.code, exc.detail, wait=SOON)
    if exc.code in ("not_ready", "quota_exceeded"):
        return Problem(HTTPStatus.CONFLICT, exc.code, exc.detail)
    return _invalid(field, exc.detail, exc.code)


def _invalid(field: str, detail: str, code: str) -> ValidationError:
    return ValidationError({field: [ErrorDetail(detail, code)]})
