"""Where providers deliver: authenticate, keep, answer. Everything else happens later, in a worker."""

from collections.abc import Mapping

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import metrics
from accounts.models import WhatsappInstance
from accounts.providers import errors
from accounts.services import instance_named_in, provider_for
from messaging.services.addresses import Line, line_of
from messaging.services.refusing import count_refusal
from messaging.services.storing import store_event
from messaging.services.waking import wake_workers


@csrf_exempt
@require_http_methods(["GET", "POST"])
def receive_webhook(request: HttpRequest, webhook_key: str) -> HttpResponse:
    """The key in the address names the instance and, for W-API, is all that proves the sender."""
    # PostgreSQL takes no NUL, not even in a question.
    key = webhook_key.replace("\x00", "")
    line = line_of(key)
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
        instance = instance_named_in(body)
    except errors.WebhookNotJson:
        return _refuse(None, "not JSON", 400)
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
    event = store_event(line.instance, body)
    wake_workers()
    # The request's line in the log names them; the worker's lines name the event.
    structlog.contextvars.bind_contextvars(instance=line.instance.pk, webhook_event=event)
    metrics.webhooks.labels(line.instance.pk, "stored").inc()
    return HttpResponse()


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
    metrics.webhooks.labels(instance.pk if instance else "", reason).inc()
    return HttpResponse(status=status)
