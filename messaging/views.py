"""Where providers deliver: authenticate, keep, answer. Everything else happens later, in a worker."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

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
    if _too_large(request):
        return _refuse(line.instance, "too large", 413)
    return _keep(request, line)


@csrf_exempt
@require_http_methods(["POST"])
def receive_unkeyed_webhook(request: HttpRequest) -> HttpResponse:
    """The address that older set-ups have configured; off unless WEBHOOK_ALLOW_UNKEYED."""
    if not settings.WEBHOOK_ALLOW_UNKEYED:
        return _refuse(None, "no key", 404)
    if _too_large(request):
        return _refuse(None, "too large", 413)
    try:
        instance = instance_named_in(request.body)
    except errors.WebhookNotJson:
        return _refuse(None, "not JSON", 400)
    if instance is None:
        return _refuse(None, "unknown instance", 404)
    return _keep(request, Line(instance, provider_for(instance)))


def _keep(request: HttpRequest, line: Line) -> HttpResponse:
    try:
        line.provider.verify_webhook(request.body, request.headers)
    except errors.WebhookNotJson:
        return _refuse(line.instance, "not JSON", 400)
    except errors.WebhookNotAuthentic:
        return _refuse(line.instance, "not authentic", 403)
    store_event(line.instance, request.body)
    wake_workers()
    return HttpResponse()


def _answer_challenge(request: HttpRequest, line: Line) -> HttpResponse:
    try:
        challenge = line.provider.answer_challenge(request.GET)
    except errors.WebhookNotAuthentic:
        return _refuse(line.instance, "wrong verify token", 403)
    return HttpResponse(challenge, content_type="text/plain")


def _too_large(request: HttpRequest) -> bool:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdigit() or int(length) > settings.WEBHOOK_MAX_BYTES


def _refuse(instance: WhatsappInstance | None, reason: str, status: int) -> HttpResponse:
    count_refusal(instance.pk if instance else None, reason)
    return HttpResponse(status=status)
