"""Middleware: whether the process is alive, whether it can do its work, and its figures, for those who watch.

Probes call by address, so they are answered before the host is looked at, without session, redirect or language. What
they are told is the same for everybody: words and counts, no name of a host, no path, no text of an error.
"""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from messaging.services import readiness
from multichat import figures


class Probes:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = VIEWS.get(request.path)
        answer = view(request) if view and request.method in ("GET", "HEAD") else None
        if answer is None:
            return self.get_response(request)
        answer["Cache-Control"] = "no-store"
        return answer


def alive(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def ready(_request: HttpRequest) -> HttpResponse:
    parts = readiness.parts()
    is_ready = all(said == readiness.FINE for said in parts.values())
    return JsonResponse({"ready": is_ready, "parts": parts}, status=200 if is_ready else 503)


def metrics(request: HttpRequest) -> HttpResponse | None:
    """Without METRICS_TOKEN there is no such page, and the rest of the program says so."""
    if not settings.METRICS_TOKEN:
        return None
    given = request.META.get("HTTP_AUTHORIZATION", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse("A bearer token is needed.\n", status=401, content_type="text/plain")
    return HttpResponse(figures.exposition(), content_type=figures.CONTENT_TYPE)


VIEWS: dict[str, Callable[[HttpRequest], HttpResponse | None]] = {
    "/healthz": alive,
    "/readyz": ready,
    "/metrics": metrics,
}
