"""What a provider says about a line when it is asked now."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.diagnosing.asking import Answered, Questions, no_answer
from accounts.diagnosing.configuration import base_urls, plain
from accounts.diagnosing.findings import Finding, Level, ok, problem, warn
from accounts.diagnosing.instances import label
from accounts.models import WhatsappInstance
from accounts.providers import errors
from accounts.services import webhook_url, webhooks_in_force

QUESTIONS: Questions = {
    "status": lambda provider: provider.status(),
    "webhooks": lambda provider: provider.read_webhooks(),
}
# Without these messages do not come at all; the others only leave out ticks and the line's state.
ESSENTIAL = ("received", "delivery", "phone_number")

NETWORK = "Check this machine's network, DNS and firewall, then run `manage.py diagnose` again."
WAIT = "It is asked again by itself. If this lasts, write to the provider's support."
PAIR = "Pair the line again by QR code in W-API's panel, then press Check status in the admin (Instances > {name})."
TOKEN = "Enter the present token in the admin: Instances > {name}."  # noqa: S105
ACCOUNT = (
    "Put the account in order at the provider, then press Check status in the admin (Instances > {name})."
)
HOST = "If the host is yours, add it to MEDIA_EXTRA_HOSTS in .env and restart."
ODD = "Check the base address in .env; if it is right, run `manage.py diagnose` again later."
SET_WEBHOOKS = "Press Set webhooks at the provider in the admin (Instances > {name})."

ADVICE: tuple[tuple[type[errors.ProviderError], Level, str], ...] = (
    (errors.CredentialsRejected, Level.PROBLEM, TOKEN),
    (errors.NotConnected, Level.PROBLEM, PAIR),
    (errors.LineDown, Level.PROBLEM, ACCOUNT),
    (errors.HostNotAllowed, Level.PROBLEM, HOST),
    (errors.Unavailable, Level.WARN, WAIT),
    (errors.ProviderError, Level.WARN, ODD),
)


def facts(answers: Mapping[str, Answered]) -> list[dict[str, Any]]:
    return [
        {
            "endpoint": name,
            "ok": answered.error is None,
            "error": answered.error.reason if answered.error else "",
            "http_status": answered.error.status if answered.error else None,
            "seconds": round(answered.seconds, 3),
        }
        for name, answered in answers.items()
    ]


def findings(instance: WhatsappInstance, answers: Mapping[str, Answered] | None) -> Iterator[Finding]:
    if answers is None:
        yield problem(label(instance), "The provider did not answer in time.", NETWORK)
        return
    if "status" in answers:
        yield from _status(instance, answers["status"])
    if "webhooks" in answers:
        yield from _webhooks(instance, answers["webhooks"])


def trouble(instance: WhatsappInstance, what: str, error: errors.ProviderError) -> Finding:
    """A typed error, as a finding."""
    level, advice = next((level, text) for kind, level, text in ADVICE if isinstance(error, kind))
    if no_answer(error):
        level, advice = Level.PROBLEM, NETWORK
    text = f"{what}: {error.reason}{_status_of(error)}"
    return Finding(level=level, about=label(instance), text=text, advice=advice.format(name=instance.name))


def _status_of(error: errors.ProviderError) -> str:
    return f" (HTTP {error.status})" if error.status else ""


def _status(instance: WhatsappInstance, answered: Answered) -> Iterator[Finding]:
    if answered.error:
        yield trouble(instance, "status", answered.error)
    elif answered.told.connected:
        yield ok(label(instance), f"connected. {answered.told.detail}".strip())
    else:
        advice = PAIR if instance.provider == WhatsappInstance.Provider.WAPI else ACCOUNT
        text = f"The line is not connected. {answered.told.detail}".strip()
        yield problem(label(instance), text, advice.format(name=instance.name))


def _webhooks(instance: WhatsappInstance, answered: Answered) -> Iterator[Finding]:
    if answered.error:
        yield trouble(instance, "reading its webhooks", answered.error)
        return
    slots = webhooks_in_force(instance, answered.told)
    wrong = {slot: told for slot, told in slots.items() if told != webhook_url(instance)}
    advice = SET_WEBHOOKS.format(name=instance.name)
    if not wrong:
        yield ok(label(instance), "webhooks point here")
        return
    text = "; ".join(f"{slot} {_whither(address, instance)}" for slot, address in wrong.items())
    essential = any(slot in ESSENTIAL for slot in wrong)
    make = problem if essential else warn
    yield make(label(instance), f"Webhooks that do not come here: {text}.", advice)


def _whither(address: str, instance: WhatsappInstance) -> str:
    """Somebody's webhook address is a secret: only its host is told."""
    if not address:
        return "is not set"
    host, ours = _host(address), _host(settings.PUBLIC_BASE_URL)
    if not host:
        return "is no address"
    return f"goes to {host}" if host != ours else "has another key or path of this host"


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def reachable(name: str, url: str, answered: Answered | None) -> Finding:
    about = f"{name} {plain(url)}"
    if answered is not None and (answered.error is None or answered.error.status is not None):
        return ok(about, f"answers in {answered.seconds:.2f} s")
    error = answered.error if answered else None
    advice = HOST if isinstance(error, errors.HostNotAllowed) else NETWORK
    return problem(about, error.reason if error else "no answer in time", advice)


def hosts_of(providers: set[str]) -> dict[str, str]:
    """The base addresses that matter for these providers, by name."""
    names = {"wapi": "W-API", "cloud": "Cloud API"}
    found = {names[provider]: base_urls()[provider] for provider in sorted(providers)}
    return found | {"CDN": settings.WHATSAPP_CDN_BASE_URL}
