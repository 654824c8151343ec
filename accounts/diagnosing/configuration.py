"""Settings: what they are, and which of them keep webhooks or files away."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.utils.translation import gettext as _

from accounts.diagnosing.findings import Finding, ok, problem, warn
from accounts.models import WhatsappInstance

ADDRESS = "PUBLIC_BASE_URL"


def facts() -> dict[str, Any]:
    return {
        "debug": settings.DEBUG,
        "public_base_url": plain(settings.PUBLIC_BASE_URL),
        "allowed_hosts": settings.ALLOWED_HOSTS,
        "encryption_keys": len(settings.FIELD_ENCRYPTION_KEYS),
        "media_strategies": settings.MEDIA_STRATEGIES,
        "media_max_bytes": settings.MEDIA_MAX_BYTES,
        "media_extra_hosts": settings.MEDIA_EXTRA_HOSTS,
        "wapi_base_url": plain(settings.WAPI_BASE_URL),
        "cloud_api_base_url": plain(settings.CLOUD_API_BASE_URL),
        "whatsapp_cdn_base_url": plain(settings.WHATSAPP_CDN_BASE_URL),
        "webhook_allow_unkeyed": settings.WEBHOOK_ALLOW_UNKEYED,
    }


def findings(instances: Iterable[WhatsappInstance]) -> list[Finding]:
    providers = {instance.provider for instance in instances}
    return [*_address(providers), *_hosts(), *_exposure(), *_strategies()]


def base_urls() -> dict[str, str]:
    return {"wapi": settings.WAPI_BASE_URL, "cloud": settings.CLOUD_API_BASE_URL}


def plain(url: str) -> str:
    """Without a user, password or query that somebody wrote into it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _address(providers: set[str]) -> Iterator[Finding]:
    url = settings.PUBLIC_BASE_URL
    outside = sorted(name for name in providers if not is_local(base_urls()[name]))
    advice = _(
        "Set PUBLIC_BASE_URL in .env to the https address that providers reach, restart, set the webhooks again."
    )
    if is_local(url) and outside:
        told = {"url": plain(url), "providers": ", ".join(outside)}
        yield problem(ADDRESS, _("%(url)s is out of reach for %(providers)s.") % told, advice)
    elif not url.startswith("https://") and "cloud" in outside:
        yield problem(ADDRESS, _("The Cloud API delivers to https addresses only."), advice)
    elif not url.startswith("https://") and not is_local(url):
        text = _("%(url)s sends passwords and webhook keys in the clear.") % {"url": plain(url)}
        yield warn(ADDRESS, text, advice)
    else:
        yield ok(ADDRESS, plain(url))


def _hosts() -> Iterator[Finding]:
    host = urlsplit(settings.PUBLIC_BASE_URL).hostname or ""
    name = f"[{host}]" if ":" in host else host
    if validate_host(name, settings.ALLOWED_HOSTS):
        return
    text = _(
        "%(host)s, the host of PUBLIC_BASE_URL, is not in ALLOWED_HOSTS: every webhook is answered with 400."
    )
    advice = _("Add %(host)s to ALLOWED_HOSTS in .env and restart.")
    yield problem("ALLOWED_HOSTS", text % {"host": host}, advice % {"host": host})


def _exposure() -> Iterator[Finding]:
    if settings.DEBUG and not is_local(settings.PUBLIC_BASE_URL):
        text = _("DEBUG is on: error pages show source code and settings to everybody.")
        yield warn("DEBUG", text, _("Set DEBUG=False in .env and restart."))
    if settings.WEBHOOK_ALLOW_UNKEYED:
        text = _(
            "Webhooks without a key are taken: whoever knows an instance id can write into its conversations."
        )
        advice = _(
            "Set the keyed address at the providers (admin: Set webhooks at the provider), then set it to False."
        )
        yield warn("WEBHOOK_ALLOW_UNKEYED", text, advice)


def _strategies() -> Iterator[Finding]:
    if "cdn" not in settings.MEDIA_STRATEGIES:
        ways = {"strategies": ", ".join(settings.MEDIA_STRATEGIES)}
        text = _("Files come by %(strategies)s only, and not at all while the provider fails.") % ways
        yield warn("MEDIA_STRATEGIES", text, _("Add cdn to MEDIA_STRATEGIES in .env and restart."))
    else:
        yield ok("MEDIA_STRATEGIES", ", ".join(settings.MEDIA_STRATEGIES))
