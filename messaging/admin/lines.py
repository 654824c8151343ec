"""The cards of WhatsApp instances: what their own rows tell, and what their messages, files and sends tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import may
from accounts.admin.trouble import reasons
from accounts.models import Role, WhatsappInstance
from accounts.providers import PROVIDERS
from media.models import MediaFile
from media.services.measuring import Rate
from messaging.admin.addresses import list_address
from messaging.models import Conversation, OutboxItem, WebhookEvent
from messaging.services.lines import CAP, LineFacts, facts_of

GOOD_SHARE, FAIR_SHARE = 0.9, 0.5
Status = WhatsappInstance.Status


@dataclass(frozen=True, slots=True)
class Meter:
    strategy: str
    ok: int
    attempts: int

    @property
    def percent(self) -> int:
        """Never 100 while one is missing."""
        return self.ok * 100 // self.attempts

    @property
    def tone(self) -> str:
        share = self.ok / self.attempts
        return "good" if share >= GOOD_SHARE else "warn" if share >= FAIR_SHARE else "bad"


@dataclass(frozen=True, slots=True)
class Backlog:
    count: str
    word: str
    tone: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """``is_whole``: the traffic is all of today's."""

    line: Any
    address: str
    state: str
    tone: str
    mark: str
    inbound: int
    outbound: int
    is_whole: bool
    conversations: str
    pair_address: str
    reasons: list[str] = field(default_factory=list)
    rates: list[Meter] = field(default_factory=list)
    backlog: list[Backlog] = field(default_factory=list)


def cards(user: Any, lines: Sequence[Any], *, now: datetime) -> list[Card]:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    is_whole, facts = facts_of([line.pk for line in lines], midnight=midnight, now=now)
    return [_card(user, line, facts[line.pk], is_whole=is_whole, now=now) for line in lines]


def _card(user: Any, line: Any, facts: LineFacts, *, is_whole: bool, now: datetime) -> Card:
    address = reverse("admin:accounts_whatsappinstance_change", args=[line.pk])
    state, tone, mark = _state(line)
    pairs = line.is_active and line.status != Status.CONNECTED and PROVIDERS[line.provider].can_pair
    return Card(
        line=line,
        address=address,
        state=state,
        tone=tone,
        mark=mark,
        inbound=facts.inbound,
        outbound=facts.outbound,
        is_whole=is_whole,
        conversations=list_address(Conversation, instance__id__exact=line.pk),
        pair_address=f"{address}#pair" if pairs and may(user, Role.MANAGER, line) else "",
        reasons=list(reasons(line, now)),
        rates=[_meter(rate) for rate in facts.rates],
        backlog=list(_backlog(line, facts)),
    )


def _state(line: Any) -> tuple[str, str, str]:
    if not line.is_active:
        return _("switched off"), "calm", "none"
    if line.status == Status.CONNECTED:
        return _("connected"), "good", "check"
    if line.status == Status.DISCONNECTED:
        return _("not connected"), "bad", "alert"
    return _("not known yet"), "calm", "clock"


def _meter(rate: Rate) -> Meter:
    return Meter(rate.strategy, rate.ok, rate.attempts)


def _backlog(line: Any, facts: LineFacts) -> Iterator[Backlog]:
    mine = {"instance__id__exact": line.pk}
    waiting, failed = facts.waiting.get, facts.failed.get
    media, sends, events = waiting("media", 0), waiting("sends", 0), waiting("events", 0)
    doubtful, lost, broken = failed("doubtful", 0), failed("sends", 0), failed("events", 0)
    rows = (
        (media, ngettext("file waits", "files wait", media), "wait", MediaFile, "pending"),
        (sends, ngettext("send waits", "sends wait", sends), "wait", OutboxItem, "pending"),
        (events, ngettext("webhook waits", "webhooks wait", events), "wait", WebhookEvent, "pending"),
        (doubtful, ngettext("send in doubt", "sends in doubt", doubtful), "warn", OutboxItem, "unknown"),
        (lost, ngettext("send failed", "sends failed", lost), "bad", OutboxItem, "failed"),
        (broken, ngettext("webhook failed", "webhooks failed", broken), "bad", WebhookEvent, "failed"),
    )
    for count, word, tone, model, state in rows:
        if count:
            yield Backlog(capped(count), word, tone, list_address(model, state__exact=state, **mine))


def capped(count: int) -> str:
    return f"{CAP}+" if count > CAP else str(count)
