"""What the rows of instances tell: credentials, alarms, silence. Secrets are measured, never shown."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.diagnosing.findings import Finding, ok, problem, warn
from accounts.fields import CannotDecrypt
from accounts.models import InstanceQuerySet, WhatsappInstance
from accounts.services import webhook_url

# What is unusual for a line is an alarm; so long nothing at all is worth a word for any line.
LONG_SILENT = timedelta(days=4)
UNREADABLE = "cannot be read"
NEEDED = {"wapi": ("token",), "cloud": ("token", "app_secret", "verify_token")}


def load(rows: InstanceQuerySet) -> list[WhatsappInstance]:
    return list(rows.sealed().select_related("client").order_by("client__name", "name", "pk"))


def label(instance: WhatsappInstance) -> str:
    return f"{instance.name} ({instance.instance_id})"


def open_secrets(chosen: Iterable[WhatsappInstance]) -> dict[int, dict[str, str | None]]:
    """None for what fits no key. One query for all, or one for each where a key is missing."""
    lines = {instance.pk: instance for instance in chosen}
    with suppress(CannotDecrypt):
        for row in WhatsappInstance.objects.only(*WhatsappInstance.SECRET_FIELDS).filter(pk__in=lines):
            for name in WhatsappInstance.SECRET_FIELDS:
                setattr(lines[row.pk], name, getattr(row, name))
    return {
        pk: {name: _secret(instance, name) for name in WhatsappInstance.SECRET_FIELDS}
        for pk, instance in lines.items()
    }


def _secret(instance: WhatsappInstance, name: str) -> str | None:
    try:
        return str(getattr(instance, name))
    except CannotDecrypt:
        return None


def facts(instance: WhatsappInstance, secrets: dict[str, str | None]) -> dict[str, Any]:
    key = instance.webhook_key
    return {
        "id": instance.pk,
        "client": instance.client.slug,
        "name": instance.name,
        "provider": instance.provider,
        "instance_id": instance.instance_id,
        "is_active": instance.is_reachable,
        "status": instance.status,
        "alarm": instance.alarm,
        "last_event_at": instance.last_event_at,
        "webhook_address": webhook_url(instance).replace(key, f"…{key[-4:]}"),
        "strategies": instance.strategy_order(settings.MEDIA_STRATEGIES),
        "credentials": {name: masked(secret) for name, secret in secrets.items()},
    }


def masked(secret: str | None) -> str:
    if secret is None:
        return UNREADABLE
    return f"set ({len(secret)} characters)" if secret else "not set"


def findings(instance: WhatsappInstance, secrets: dict[str, str | None], now: datetime) -> list[Finding]:
    return [
        *_credentials(instance, secrets),
        *_order(instance),
        *_alarm(instance),
        *_silence(instance, now),
    ]


def _credentials(instance: WhatsappInstance, secrets: dict[str, str | None]) -> Iterator[Finding]:
    place = _("Enter it in the admin: WhatsApp instances > %(name)s.") % {"name": instance.name}
    unreadable = [name for name, secret in secrets.items() if secret is None]
    missing = [name for name in NEEDED[instance.provider] if secrets[name] == ""]
    if unreadable:
        text = _("%(names)s: fits none of FIELD_ENCRYPTION_KEYS.") % {"names": ", ".join(unreadable)}
        back = _(
            "Put the key that wrote it back into FIELD_ENCRYPTION_KEYS and restart. Where it is lost: %(advice)s"
        )
        advice = back % {"advice": place}
        yield problem(label(instance), text, advice)
    if missing:
        yield problem(label(instance), _("%(names)s: not set.") % {"names": ", ".join(missing)}, place)
    if not unreadable and not missing:
        yield ok(label(instance), _("credentials are set and can be read"))


def _order(instance: WhatsappInstance) -> Iterator[Finding]:
    order = instance.strategy_order(settings.MEDIA_STRATEGIES)
    known = WhatsappInstance.STRATEGIES
    unknown = [name for name in order if name not in known]
    if unknown:
        text = _("Its own order of media strategies names %(names)s, which does not exist.")
        advice = _("Correct it in the admin (WhatsApp instances > %(name)s): %(known)s, or leave it empty.")
        told = {"names": ", ".join(unknown), "name": instance.name, "known": ", ".join(known)}
        yield problem(label(instance), text % told, advice % told)


def _alarm(instance: WhatsappInstance) -> Iterator[Finding]:
    if not instance.alarm:
        return
    told = {"alarm": _(instance.alarm), "name": instance.name, "since": _moment(instance.alarm_at)}
    text = _("Alarm: %(alarm)s (since %(since)s)") if instance.alarm_at else _("Alarm: %(alarm)s")
    advice = _(
        "Put it right at the provider, then press Check status in the admin (WhatsApp instances > %(name)s)."
    )
    yield problem(label(instance), text % told, advice % told)


def _silence(instance: WhatsappInstance, now: datetime) -> Iterator[Finding]:
    heard = instance.last_event_at
    if heard and heard > now - LONG_SILENT:
        return
    text = _("No webhook since %(since)s.") if heard else _("No webhook has come yet.")
    advice = _(
        "Send a message to the number; if none arrives, set the webhooks (admin: Set webhooks at the provider)."
    )
    yield warn(label(instance), text % {"since": _moment(heard)}, advice)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def readable(secrets: dict[str, str | None]) -> bool:
    return all(secret is not None for secret in secrets.values())


def every_secret(all_secrets: Iterable[dict[str, str | None]]) -> Iterator[str]:
    for secrets in all_secrets:
        yield from (secret for secret in secrets.values() if secret)
