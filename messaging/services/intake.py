"""What was set by on this machine's disk while the database was away, taken in: in the order it came, and once."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.fields import CannotDecrypt
from accounts.models import WhatsappInstance
from accounts.providers import errors
from accounts.providers.base import Provider
from accounts.providers.cloud.webhooks import SIGNATURE_HEADER
from accounts.services import instance_named_in, provider_for
from messaging.models import TakenIn, WebhookEvent
from messaging.services.addresses import line_of
from messaging.services.gaps.recording import note_spooled
from messaging.services.reaching import AWAY
from messaging.services.refusing import count_refusal
from messaging.services.spooling import spool
from messaging.spool import Letter, Spool, Unreadable, came_at

log = structlog.get_logger(__name__)

BATCH, BATCH_BYTES = 100, 16 * 1024**2
LOOK_SECONDS = 1.0
SWEEP_SECONDS = 600.0
SETTLES_SECONDS = 0.5
# A letter that the database refuses, which otherwise works, does not keep the others waiting for ever.
MOST_TRIES = 20
Source = WebhookEvent.Source


class Refused(Exception):
    """As the endpoint would have refused it; the reason is its word for it."""


@dataclass
class Intake:
    """One of a machine's workers does this at a time; the others look in and go on."""

    _looked_at: float = float("-inf")
    _swept_at: float = float("-inf")
    _tries: dict[str, int] = field(default_factory=dict)

    def turn(self) -> int:
        """How many letters were taken in."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return 0
        held = spool()
        if not held.names(limit=1):
            self._looked_at = time.monotonic()
            return 0
        with held.mine() as mine:
            return self._take_in(held) if mine else 0

    def _take_in(self, held: Spool) -> int:
        if time.monotonic() - self._swept_at > SWEEP_SECONDS:
            self._swept_at = time.monotonic()
            held.sweep()
        names = held.batch([name for name in held.names(BATCH) if _is_settled(name)], BATCH_BYTES)
        try:
            taken = take_in(held, names)
        except AWAY:
            raise
        except DatabaseError:
            taken = self._one_by_one(held, names)
        log.info("spooled webhooks taken in", files=len(names), events=taken)
        return len(names)

    def _one_by_one(self, held: Spool, names: list[str]) -> int:
        taken = 0
        for name in names:
            try:
                taken += take_in(held, [name])
            except AWAY:
                raise
            except DatabaseError as exc:
                self._tries[name] = self._tries.get(name, 0) + 1
                log.error("spooled webhook not taken in", file=name, error=type(exc).__name__)  # noqa: TRY400
                if self._tries[name] >= MOST_TRIES:
                    held.set_aside(name)
        return taken


def _is_settled(name: str) -> bool:
    """One that came earlier may still be on its way to the disk."""
    age = (timezone.now() - came_at(name)).total_seconds()
    return not 0 <= age < SETTLES_SECONDS


def take_in(held: Spool, names: list[str]) -> int:
    """Files go when their rows are committed; those that a kill between the two left are known by name."""
    known = set(TakenIn.objects.filter(name__in=names).values_list("name", flat=True))
    letters = {name: letter for name in names if name not in known and (letter := _read(held, name))}
    events: dict[str, WebhookEvent] = {}
    for name, letter in list(letters.items()):
        try:
            event = _event(name, letter)
        except CannotDecrypt as exc:
            # Nobody can say now whether it is genuine; it must not hold up the others.
            log.error("spooled webhook cannot be authenticated", file=name, error=str(exc))  # noqa: TRY400
            held.set_aside(name)
            del letters[name]
            continue
        events |= {name: event} if event else {}
    with transaction.atomic():
        WebhookEvent.objects.bulk_create(events.values())
        TakenIn.objects.bulk_create([TakenIn(event=event, name=name) for name, event in events.items()])
        note_spooled(_times(events.values()), now=timezone.now())
    held.drop([*known, *letters])
    return len(events)


def _times(events: Iterable[WebhookEvent]) -> dict[int, list[datetime]]:
    times: dict[int, list[datetime]] = {}
    for event in events:
        times.setdefault(event.instance_id, []).append(event.received_at)
    return times


def _read(held: Spool, name: str) -> Letter | None:
    try:
        return held.read(name)
    except (Unreadable, OSError) as exc:
        # Put there by somebody else, or the disk is bad: it must not keep this worker from all of its work.
        error = exc.strerror if isinstance(exc, OSError) else str(exc)
        log.error("spooled webhook cannot be read", file=name, error=error)  # noqa: TRY400
        held.set_aside(name)
        return None


def _event(name: str, letter: Letter) -> WebhookEvent | None:
    """None for what the endpoint would have refused had it known."""
    came = came_at(name)
    try:
        instance = _owner(letter)
    except Refused as exc:
        count_refusal(None, str(exc))
        return None
    facts = {"received_at": came, "next_attempt_at": came, "source": Source.SPOOL}
    return WebhookEvent(instance_id=instance, body=letter.body, **facts)


def _owner(letter: Letter) -> int:
    if letter.instance:
        if not WhatsappInstance.objects.filter(pk=letter.instance).exists():
            raise Refused("unknown instance")
        return letter.instance
    try:
        instance, provider = _addressee(letter)
        provider.verify_webhook(letter.body, {SIGNATURE_HEADER: letter.signature})
    except errors.WebhookNotJson:
        raise Refused("not JSON") from None
    except errors.WebhookNotAuthentic:
        raise Refused("not authentic") from None
    return instance.pk


def _addressee(letter: Letter) -> tuple[WhatsappInstance, Provider]:
    if letter.key:
        line = line_of(letter.key)
        if line is None:
            raise Refused("unknown key")
        return line.instance, line.provider
    instance = instance_named_in(letter.body) if settings.WEBHOOK_ALLOW_UNKEYED else None
    if instance is None:
        raise Refused("unknown instance" if settings.WEBHOOK_ALLOW_UNKEYED else "no key")
    return instance, provider_for(instance)
