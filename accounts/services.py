"""What can be done with an instance: talk to its provider, know whether it is connected, change its webhook key."""

from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.urls import reverse
from django.utils.translation import gettext_noop

from accounts import audit, feed, observing
from accounts.audit import Action
from accounts.models import Change, WhatsappInstance, new_webhook_key
from accounts.providers import PROVIDERS, errors
from accounts.providers.base import Credentials, LineState, Provider
from accounts.providers.hosts import DEFAULT_PORTS, PROVIDER_HOSTS
from accounts.providers.http import Door, Rules

log = structlog.get_logger(__name__)

UNUSED_WEBHOOKS = ("chat-presence",)
# The alarm of a line whose silence is unusual.
SILENT = gettext_noop("Nothing comes in, although at this time something usually does.")


def door() -> Door:
    """The process's one way out; its open connections are reused by every thread."""
    return _door((*settings.MEDIA_EXTRA_HOSTS, *_configured_hosts()))


def _configured_hosts() -> list[str]:
    """A base address that the administrator has set is as good as one listed in MEDIA_EXTRA_HOSTS."""
    bases = (settings.WAPI_BASE_URL, settings.CLOUD_API_BASE_URL, settings.WHATSAPP_CDN_BASE_URL)
    parts = [urlsplit(base) for base in bases]
    foreign = [part for part in parts if part.scheme == "http" or not _well_known(part.hostname or "")]
    # Without a port, every port of the host would be open to addresses that a webhook brings.
    return [
        f"{_bracketed(part.hostname or '')}:{part.port or DEFAULT_PORTS[part.scheme]}" for part in foreign
    ]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _well_known(host: str) -> bool:
    return any(fnmatchcase(host, pattern) for pattern in PROVIDER_HOSTS)


@lru_cache(maxsize=4)
def _door(extra_hosts: tuple[str, ...]) -> Door:
    return Door(Rules(extra=extra_hosts), watch=observing.note_answer)


def provider_for(instance: WhatsappInstance, *, through: Door | None = None) -> Provider:
    credentials = Credentials(
        instance_id=instance.instance_id,
        token=instance.token,
        app_secret=instance.app_secret,
        verify_token=instance.verify_token,
    )
    return PROVIDERS[instance.provider](credentials, door=through or door(), base_url=_base_url(instance))


def _base_url(instance: WhatsappInstance) -> str:
    return {"wapi": settings.WAPI_BASE_URL, "cloud": settings.CLOUD_API_BASE_URL}[instance.provider]


def instance_named_in(body: bytes) -> WhatsappInstance | None:
    """The instance that a webhook body itself names; no proof of anything."""
    for name, provider in PROVIDERS.items():
        line = provider.line_of(body)
        rows = WhatsappInstance.objects.reachable().filter(provider=name, instance_id=line)
        found: WhatsappInstance | None = rows.first() if line else None
        if found:
            return found
    return None


class AlreadyThere(Exception):
    """Another instance has this id at this provider."""


class InUse(Exception):
    """Conversations and files hang on it: it can only be switched off."""


def add_instance(facts: Mapping[str, Any], *, now: datetime) -> WhatsappInstance:
    instance = WhatsappInstance(created_at=now, **facts)
    with feed.collecting():
        _save(instance)
        feed.tell([_told(instance, feed.Action.CREATED, now)])
        audit.note(Action.INSTANCE_CREATED, instance, at=now)
    log.info("instance added", instance=instance.pk, client=instance.client_id)
    return instance


def change_instance(instance: WhatsappInstance, changes: Mapping[str, Any], *, now: datetime) -> None:
    """Only what was changed is written: status, alarm and last event belong to the worker."""
    for name, value in changes.items():
        setattr(instance, name, value)
    with feed.collecting():
        _save(instance, update_fields=list(changes))
        feed.tell([_told(instance, feed.Action.UPDATED, now)])
        audit.note(Action.INSTANCE_CHANGED, instance, at=now, fields=", ".join(sorted(changes)))
    log.info("instance changed", instance=instance.pk, fields=sorted(changes))


def _save(instance: WhatsappInstance, **options: Any) -> None:
    try:
        with transaction.atomic():
            instance.save(**options)
    except IntegrityError as exc:
        raise AlreadyThere from exc


def is_used(instance: WhatsappInstance) -> bool:
    return instance.last_event_at is not None or instance.media_files.exists()


def remove_instance(instance: WhatsappInstance, *, now: datetime) -> None:
    if is_used(instance):
        raise InUse
    pk = instance.pk
    with feed.collecting():
        audit.note(Action.INSTANCE_DELETED, instance, at=now)
        try:
            instance.delete()
        except ProtectedError as exc:
            raise InUse from exc
        gone = {"topic": feed.Topic.INSTANCE, "action": feed.Action.DELETED, "occurred_at": now}
        feed.tell([Change(client_id=instance.client_id, object_id=pk, **gone)])
    log.info("instance removed", instance=pk, client=instance.client_id)


def webhook_url(instance: WhatsappInstance) -> str:
    return settings.PUBLIC_BASE_URL + reverse("webhook", args=[instance.webhook_key])


def rotate_webhook_key(instance: WhatsappInstance) -> None:
    """The old address stops working within WEBHOOK_LOOKUP_SECONDS; the provider has to be told the new one."""
    instance.webhook_key = new_webhook_key()
    instance.webhook_slots, instance.webhooks_read_at, instance.webhooks_astray = {}, None, False
    with transaction.atomic():
        instance.save(update_fields=["webhook_key", "webhook_slots", "webhooks_read_at", "webhooks_astray"])
        audit.note(Action.INSTANCE_KEY_ROTATED, instance)
    log.info("webhook key rotated", instance=instance.pk)


def refresh_status(instance: WhatsappInstance, *, now: datetime) -> LineState:
    try:
        state = provider_for(instance).status()
    except errors.LineDown as exc:
        raise_alarm(instance, exc.reason, now=now)
        raise
    note_connection(instance, connected=state.connected, phone=state.phone, at=now)
    return state


def configure_webhooks(instance: WhatsappInstance) -> Mapping[str, str]:
    """Set this instance's address at the provider and read it back; an address that did not stick is an error."""
    base = urlsplit(_base_url(instance)).hostname or ""
    if _well_known(base) and not settings.PUBLIC_BASE_URL.startswith("https://"):
        # The real provider would lose an address that works to one that it cannot reach.
        raise errors.RequestRejected("set PUBLIC_BASE_URL to an https address that the provider can reach")
    return provider_for(instance).configure_webhooks(webhook_url(instance))


def webhooks_in_force(instance: WhatsappInstance, told: Mapping[str, str]) -> dict[str, str]:
    """At Meta the narrowest address wins, and the others do not matter."""
    if instance.provider == WhatsappInstance.Provider.CLOUD:
        return {"phone_number": next(filter(None, told.values()), "")}
    return {slot: address for slot, address in told.items() if slot not in UNUSED_WEBHOOKS}


def webhooks_match(instance: WhatsappInstance, told: Mapping[str, str]) -> bool:
    return set(webhooks_in_force(instance, told).values()) == {webhook_url(instance)}


def disconnect(instance: WhatsappInstance, *, now: datetime) -> None:
    provider_for(instance).disconnect()
    audit.note(Action.INSTANCE_DISCONNECTED, instance, at=now)
    note_connection(instance, connected=False, at=now)


def restart(instance: WhatsappInstance, *, now: datetime) -> None:
    provider_for(instance).restart()
    audit.note(Action.INSTANCE_RESTARTED, instance, at=now)


def note_connection(instance: WhatsappInstance, *, connected: bool, phone: str = "", at: datetime) -> bool:
    """What was learned last counts, in whatever order it is told. True if it was news."""
    status = WhatsappInstance.Status.CONNECTED if connected else WhatsappInstance.Status.DISCONNECTED
    changes: dict[str, object] = {"status": status, "status_changed_at": at}
    changes |= {"alarm": "", "alarm_at": None} if connected else _alarm("The line is disconnected.", at)
    changes |= {"phone_number": phone} if phone else {}
    stale = ~Q(status=status) | ~Q(alarm=changes["alarm"]) | Q(status_changed_at=None)
    stale |= ~Q(phone_number=phone) if phone else Q()
    rows = WhatsappInstance.objects.filter(_not_outdated(at), stale, pk=instance.pk)
    with feed.collecting():
        changed = bool(rows.update(**changes))
        if changed:
            feed.tell([_updated(instance, at)])
    if changed:
        log.info("connection changed", instance=instance.pk, status=status.value)
    return changed


def raise_alarm(instance: WhatsappInstance, reason: str, *, now: datetime) -> None:
    """A sentence for people, kept until the line works again; what was wrong before it last did is no news."""
    rows = WhatsappInstance.objects.filter(_not_outdated(now), pk=instance.pk)
    with feed.collecting():
        changed = bool(rows.exclude(alarm=reason[:300]).update(**_alarm(reason, now)))
        if changed:
            feed.tell([_updated(instance, now)])
    if changed:
        # Its words stand in the screens: a provider may quote a message in them.
        log.warning("instance needs a person", instance=instance.pk)


def lower_alarm(instance: WhatsappInstance, reason: str, *, now: datetime) -> None:
    """What was said is not so any more; another alarm stays."""
    with feed.collecting():
        changed = bool(
            WhatsappInstance.objects.filter(pk=instance.pk, alarm=reason).update(alarm="", alarm_at=None)
        )
        if changed:
            feed.tell([_updated(instance, now)])
    if changed:
        log.info("instance needs nobody any more", instance=instance.pk)


def _updated(instance: WhatsappInstance, at: datetime) -> Change:
    return _told(instance, feed.Action.UPDATED, at)


def _told(instance: WhatsappInstance, action: Change.Action, at: datetime) -> Change:
    return feed.change(instance, feed.Topic.INSTANCE, instance.pk, action, at=at)


def _not_outdated(at: datetime) -> Q:
    return Q(status_changed_at=None) | Q(status_changed_at__lte=at)


def _alarm(reason: str, now: datetime) -> dict[str, object]:
    return {"alarm": reason[:300], "alarm_at": now}
