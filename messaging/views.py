"""Where providers deliver: authenticate, keep, answer. Everything else happens later, in a worker."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import metrics
from accounts.models import WhatsappInstance
from accounts.providers import errors
from accounts.providers.cloud.webhooks import SIGNATURE_HEADER
from accounts.services import instance_named_in, provider_for
from messaging.services.addresses import Line, line_of, remembered
from messaging.services.reaching import DatabaseAway, ask, outage
from messaging.services.refusing import count_refusal
from messaging.services.spooling import RETRY_AFTER_SECONDS, set_by
from messaging.services.storing import store_event
from messaging.services.waking import wake_workers
from messaging.spool import CannotKeep, Letter

log = structlog.get_logger(__name__)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def receive_webhook(request: HttpRequest, webhook_key: str) -> HttpResponse:
    """The key in the address names the instance and, for W-API, is all that proves the sender."""
    # PostgreSQL takes no NUL, not even in a question.
    key = webhook_key.replace("\x00", "")
    try:
        line = ask(partial(line_of, key))
    except DatabaseAway:
        return _receive_without_database(request, key)
    if line is None:
        return _refuse(None, "unknown key", 404)
    if request.method == "GET":
        return _answer_challenge(request, line)
    body = _read(request)
    if body is None:
        return _refuse(line.instance, "too large", 413)
    return _keep(body, request.headers, line)


@csrf_exempt
@require_http_methods(["POST"])
def receive_unkeyed_webhook(request: HttpRequest) -> HttpResponse:
    """The address that older set-ups have configured; off unless WEBHOOK_ALLOW_UNKEYED."""
    if not settings.WEBHOOK_ALLOW_UNKEYED:
        return _refuse(None, "no key", 404)
    body = _read(request)
    if body is None:
        return _refuse(None, "too large", 413)
    try:
        instance = ask(partial(instance_named_in, body))
    except errors.WebhookNotJson:
        return _refuse(None, "not JSON", 400)
    except DatabaseAway:
        return _set_by(_stranger(request, "", body))
    if instance is None:
        return _refuse(None, "unknown instance", 404)
    return _keep(body, request.headers, Line(instance, provider_for(instance)))


def _keep(body: bytes, headers: Mapping[str, str], line: Line) -> HttpResponse:
    try:
        line.provider.verify_webhook(body, headers)
    except errors.WebhookNotJson:
        return _refuse(line.instance, "not JSON", 400)
    except errors.WebhookNotAuthentic:
        return _refuse(line.instance, "not authentic", 403)
    try:
        event = ask(partial(store_event, line.instance, body))
    except DatabaseAway:
        return _set_by(Letter(body, line.instance.pk))
    outage.ends()
    # What is stored is stored: workers look for it by themselves too.
    with suppress(DatabaseAway):
        ask(wake_workers)
    # The request's line in the log names them; the worker's lines name the event.
    structlog.contextvars.bind_contextvars(instance=line.instance.pk, webhook_event=event)
    metrics.webhooks.labels(line.instance.pk, "stored").inc()
    return HttpResponse()


def _receive_without_database(request: HttpRequest, key: str) -> HttpResponse:
    """Who is known is authenticated by what is known; the others when the body is taken in."""
    if request.method == "GET":
        return _busy(None)
    line, body = remembered(key), _read(request)
    if body is None:
        return _refuse(line.instance if line else None, "too large", 413)
    return _keep(body, request.headers, line) if line else _set_by(_stranger(request, key, body))


def _stranger(request: HttpRequest, key: str, body: bytes) -> Letter:
    return Letter(body, key=key, signature=request.headers.get(SIGNATURE_HEADER, ""))


def _set_by(letter: Letter) -> HttpResponse:
    try:
        set_by(letter)
    except CannotKeep as exc:
        log.error("webhook cannot be kept", instance=letter.instance, reason=str(exc))  # noqa: TRY400
        return _busy(letter.instance)
    metrics.webhooks.labels(letter.instance or "none", "spooled").inc()
    return HttpResponse()


def _busy(instance: int | None) -> HttpResponse:
    """The provider tries again."""
    metrics.webhooks.labels(instance or "none", "not kept").inc()
    return HttpResponse(status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _answer_challenge(request: HttpRequest, line: Line) -> HttpResponse:
    try:
        challenge = line.provider.answer_challenge(request.GET)
    except errors.WebhookNotAuthentic:
        reason = "no handshake" if line.instance.provider == "wapi" else "wrong verify token"
        return _refuse(line.instance, reason, 403)
    return HttpResponse(challenge, content_type="text/plain")


def _read(request: HttpRequest) -> bytes | None:
    """None when it is too large. A request in chunks tells no length, and Django would read nothing of it."""
    most, length = settings.WEBHOOK_MAX_BYTES, request.META.get("CONTENT_LENGTH") or ""
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        body: bytes = request.META["wsgi.input"].read(most + 1)
        return body if len(body) <= most else None
    if not (length or "0").isdigit() or int(length or 0) > most:
        return None
    return request.body


def _refuse(instance: WhatsappInstance | None, reason: str, status: int) -> HttpResponse:
    count_refusal(instance.pk if instance else None, reason)
    metrics.webhooks.labels(instance.pk if instance else "none", reason).inc()
    return HttpResponse(status=status)
