"""What a provider says about a line when it is asked now."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.diagnosing.asking import Answered, Questions, no_answer
from accounts.diagnosing.configuration import base_urls, plain
from accounts.diagnosing.findings import Finding, Level, ok, problem, warn
from accounts.diagnosing.instances import label
from accounts.languages import in_language
from accounts.models import WhatsappInstance
from accounts.providers import errors
from accounts.services import webhook_url, webhooks_in_force

QUESTIONS: Questions = {
    "status": lambda provider: provider.status(),
    "webhooks": lambda provider: provider.read_webhooks(),
}
# Without these messages do not come at all; the others only leave out ticks and the line's state.
ESSENTIAL = ("received", "delivery", "phone_number")

NETWORK = gettext_lazy("Check this machine's network, DNS and firewall, then run `manage.py diagnose` again.")
WAIT = gettext_lazy("It is asked again by itself. If this lasts, write to the provider's support.")
PAIR = gettext_lazy(
    "Pair the line again by QR code in W-API's panel, "
    "then press Check status in the admin (WhatsApp instances > %(name)s)."
)
TOKEN = gettext_lazy("Enter the present token in the admin: WhatsApp instances > %(name)s.")  # noqa: S105
ACCOUNT = gettext_lazy(
    "Put the account in order at the provider, then press Check status in the admin (WhatsApp instances > %(name)s)."
)
HOST = gettext_lazy("If the host is yours, add it to MEDIA_EXTRA_HOSTS in .env and restart.")
ODD = gettext_lazy("Check the base address in .env; if it is right, run `manage.py diagnose` again later.")
SET_WEBHOOKS = gettext_lazy(
    "Press Set webhooks at the provider in the admin (WhatsApp instances > %(name)s)."
)

ADVICE: tuple[tuple[type[errors.ProviderError], Level, Promise], ...] = (
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
        yield problem(label(instance), _("The provider did not answer in time."), str(NETWORK))
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
    text = f"{what}: {in_language(error.reason)}{_status_of(error)}"
    return Finding(level=level, about=label(instance), text=text, advice=advice % {"name": instance.name})


def _status_of(error: errors.ProviderError) -> str:
    return f" (HTTP {error.status})" if error.status else ""


def _status(instance: WhatsappInstance, answered: Answered) -> Iterator[Finding]:
    if answered.error:
        yield trouble(instance, _("status"), answered.error)
    elif answered.told.connected:
        connected = _("The line is connected.")
        yield ok(label(instance), f"{connected} {in_language(answered.told.detail)}".strip())
    else:
        advice = PAIR if instance.provider == WhatsappInstance.Provider.WAPI else ACCOUNT
        down = _("The line is not connected.")
        yield problem(
            label(instance),
            f"{down} {in_language(answered.told.detail)}".strip(),
            advice % {"name": instance.name},
        )


def _webhooks(instance: WhatsappInstance, answered: Answered) -> Iterator[Finding]:
    if answered.error:
        yield trouble(instance, _("reading its webhooks"), answered.error)
        return
    slots = webhooks_in_force(instance, answered.told)
    wrong = {slot: told for slot, told in slots.items() if told != webhook_url(instance)}
    advice = SET_WEBHOOKS % {"name": instance.name}
    if not wrong:
        yield ok(label(instance), _("webhooks point here"))
        return
    text = "; ".join(f"{slot} {_whither(address, instance)}" for slot, address in wrong.items())
    essential = any(slot in ESSENTIAL for slot in wrong)
    make = problem if essential else warn
    yield make(
        label(instance), _("Webhooks that do not come here: %(webhooks)s.") % {"webhooks": text}, advice
    )


def _whither(address: str, instance: WhatsappInstance) -> str:
    """Somebody's webhook address is a secret: only its host is told."""
    if not address:
        return _("is not set")
    host, ours = _host(address), _host(settings.PUBLIC_BASE_URL)
    if not host:
        return _("is no address")
    if host == ours:
        return _("has another key or path of this host")
    return _("goes to %(host)s") % {"host": host}


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def reachable(name: str, url: str, answered: Answered | None) -> Finding:
    about = f"{name} {plain(url)}"
    if answered is not None and (answered.error is None or answered.error.status is not None):
        return ok(about, _("answers in %(seconds)s s") % {"seconds": f"{answered.seconds:.2f}"})
    error = answered.error if answered else None
    advice = HOST if isinstance(error, errors.HostNotAllowed) else NETWORK
    return problem(about, in_language(error.reason) if error else _("no answer in time"), str(advice))


def hosts_of(providers: set[str]) -> dict[str, str]:
    """The base addresses that matter for these providers, by name."""
    names = {"wapi": "W-API", "cloud": "Cloud API"}
    found = {names[provider]: base_urls()[provider] for provider in sorted(providers)}
    return found | {"CDN": settings.WHATSAPP_CDN_BASE_URL}
