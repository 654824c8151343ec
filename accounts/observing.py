"""Whom we ask and how that goes, in figures: which provider, which of its calls, and how it answered."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from accounts import metrics

CDN_HOSTS = ".whatsapp.net"
# Calls are words; whatever else stands in a path is somebody's id.
WORD = re.compile(r"[a-z][a-z_-]{0,30}")
MOST_ENDPOINTS = 60
OTHER = "other"

_endpoints: set[str] = set()


def note_answer(url: str, status: int | None, seconds: float) -> None:
    provider, endpoint = _called(url)
    answer = "none" if status is None else "429" if status == 429 else f"{status // 100}xx"
    metrics.provider_seconds.labels(provider, endpoint).observe(seconds)
    metrics.provider_answers.labels(provider, endpoint, answer).inc()


def _called(url: str) -> tuple[str, str]:
    for provider, base in _bases().items():
        if url.startswith(base):
            return provider, _bounded(_words(url[len(base) :]))
    host = urlsplit(url).hostname or ""
    is_cdn = host.endswith(CDN_HOSTS) or url.startswith(settings.WHATSAPP_CDN_BASE_URL)
    return ("cdn" if is_cdn else OTHER), "file"


def _bases() -> dict[str, str]:
    return {"wapi": f"{settings.WAPI_BASE_URL}/", "cloud": f"{settings.CLOUD_API_BASE_URL}/"}


@lru_cache(maxsize=1000)
def _words(rest: str) -> str:
    segments = rest.partition("?")[0].split("/")
    return "/".join(one if WORD.fullmatch(one) else "id" for one in segments[:4])


def _bounded(endpoint: str) -> str:
    if endpoint in _endpoints or len(_endpoints) < MOST_ENDPOINTS:
        _endpoints.add(endpoint)
        return endpoint
    return OTHER
