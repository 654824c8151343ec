"""What was erased is not taken in again, though an old webhook may still tell of it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.models import Client
from accounts.providers.events import AliasKind, ChatKind, IdentityChanged, Party
from messaging.models import Tombstone, WebhookEvent
from messaging.services.contacts import phone_family

SALT = "multichat.tombstone"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def digest_of(what: str, *, secret: str | None = None) -> str:
    return str(salted_hmac(SALT, what, secret=secret, algorithm="sha256").hexdigest())


def bury_messages(client: int, provider_ids: Iterable[tuple[int, str]]) -> None:
    """Pairs of instance and the provider's id there."""
    rows = [Tombstone(client_id=client, digest=digest_of(_message(*pair))) for pair in provider_ids]
    Tombstone.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def bury_names(client: int, aliases: Iterable[tuple[str, str]], *, until: datetime) -> None:
    rows = [Tombstone(client_id=client, digest=digest_of(_person(*alias)), until=until) for alias in aliases]
    Tombstone.objects.bulk_create(
        rows, update_conflicts=True, update_fields=["until"], unique_fields=["client", "digest"]
    )


def forgotten(client: Client, told: Iterable[Any]) -> set[int]:
    """Positions of those that tell of something erased. One query, and none of the texts leaves its event."""
    marks = {position: list(_marks(one)) for position, one in enumerate(told)}
    wanted = {mark for of in marks.values() for mark, _ in of}
    if not wanted or not Tombstone.objects.filter(client=client).exists():
        return set()
    digests = {mark: _digests(mark) for mark in wanted}
    rows = Tombstone.objects.filter(
        client=client, digest__in=[one for all_ in digests.values() for one in all_]
    )
    buried = dict(rows.values_list("digest", "until"))
    until = {mark: buried[one] for mark, all_ in digests.items() for one in all_ if one in buried}
    return {
        position
        for position, of in marks.items()
        if any(mark in until and (until[mark] is None or at <= until[mark]) for mark, at in of)
    }


def _digests(what: str) -> list[str]:
    """A key that was replaced still reads what it wrote."""
    return [digest_of(what), *(digest_of(what, secret=key) for key in settings.SECRET_KEY_FALLBACKS)]


def _marks(one: Any) -> Iterator[tuple[str, datetime]]:
    event = one.event
    at = getattr(event, "sent_at", None) or getattr(event, "occurred_at", None) or _came_at(one.webhook)
    if message_id := getattr(event, "message_id", ""):
        yield _message(one.instance.pk, message_id), at
    for party in _parties(event):
        yield from ((_person(str(kind), value), at) for kind, value in party.aliases)
    if participant := getattr(event, "participant", ""):
        # Which kind of name it is, it does not say.
        yield from ((_person(kind, value), at) for kind, value in _readings(participant))


def _came_at(webhook: WebhookEvent) -> datetime:
    """What is taken out of the provider's log came whenever it was asked for, however old it is."""
    return LONG_AGO if webhook.source == WebhookEvent.Source.BACKFILL else webhook.received_at


def _parties(event: Any) -> Iterator[Party]:
    if isinstance(event, IdentityChanged):
        yield from (event.before, event.after)
    chat, sender = getattr(event, "chat", None), getattr(event, "sender", None)
    if sender:
        yield sender
    if chat and chat.contact and chat.kind == ChatKind.DIRECT:
        yield chat.contact


def _readings(name: str) -> Iterator[tuple[str, str]]:
    yield from ((str(kind), name) for kind in AliasKind)
    number = name.partition("@")[0].partition(":")[0]
    if number.isdecimal() and number != name:
        yield AliasKind.PHONE, number


def _message(instance: int, provider_id: str) -> str:
    return f"message {instance} {provider_id}"


def _person(kind: str, value: str) -> str:
    """Both forms of a Brazilian number are one."""
    return f"{kind} {min(phone_family(value)) if kind == AliasKind.PHONE else value}"
