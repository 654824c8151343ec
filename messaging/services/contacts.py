"""Who somebody is: one contact per person and client, found by any of the names they come under."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import structlog
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from accounts import feed
from accounts.feed import Action
from accounts.models import Change, Client
from accounts.providers.events import AliasKind, Party
from messaging.models import (
    Contact,
    ContactAlias,
    Conversation,
    Export,
    FormerId,
    LegalHold,
    Message,
    Note,
    OutboxItem,
    PurgeReceipt,
    Reaction,
    StatusChange,
)

log = structlog.get_logger(__name__)

Alias = tuple[str, str]
STATUS_TIMES = ("delivered_at", "read_at", "played_at", "failed_at", "revoked_at")


def phone_family(phone: str) -> tuple[str, ...]:
    """A Brazilian mobile number with and without its ninth digit is one number."""
    if phone.startswith("55") and len(phone) == 13 and phone[4] == "9" and phone[5] in "6789":
        return (phone, phone[:4] + phone[5:])
    if phone.startswith("55") and len(phone) == 12 and phone[4] in "6789":
        return (phone, phone[:4] + "9" + phone[4:])
    return (phone,)


class People:
    """The contacts of one client, read once for a batch of events and kept up to date while it is applied."""

    def __init__(self, client: Client, parties: Iterable[Party]) -> None:
        self._client = client
        self._names = {alias for party in parties for alias in _names(party)}
        self._known: dict[Alias, Contact] = {}
        self._settled: dict[Party, Contact] = {}
        self._locked = False
        self._read(self._names)

    def known(self, party: Party) -> Contact | None:
        """The contact behind a party, without making one."""
        return next((self._known[alias] for alias in _names(party) if alias in self._known), None)

    def meet(self, parties: Iterable[Party]) -> None:
        """Makes all strangers at once. Who shares a name with another of them is left to ``find``."""
        told = list(dict.fromkeys(parties))
        if not self.strangers(told):
            return
        self._lock()
        strangers = self.strangers(told)
        names = Counter(name for party in strangers for name in _names(party))
        alone = [party for party in strangers if all(names[name] == 1 for name in _names(party))]
        made = Contact.objects.bulk_create(
            Contact(client=self._client, name=party.name[:200]) for party in alone
        )
        self._name(
            (contact, alias) for contact, party in zip(made, alone, strict=True) for alias in party.aliases
        )

    def strangers(self, parties: Iterable[Party]) -> list[Party]:
        return [party for party in parties if party.aliases and self.known(party) is None]

    def find(self, party: Party) -> Contact:
        """The one contact behind a party: found, made, or merged from several when this party shows they are one."""
        if party not in self._settled:
            self._settled[party] = self._settle(party)
        return self._settled[party]

    def _settle(self, party: Party) -> Contact:
        contacts = self._matching(party)
        if len(contacts) != 1 or self._has_news(contacts[0], party):
            self._lock()
            contacts = self._matching(party) or [self._create(party)]
            for other in contacts[1:]:
                self._merge(contacts[0], other)
            self._add_aliases(contacts[0], party)
        _learn_name(contacts[0], party)
        return contacts[0]

    def link(self, before: Party, after: Party) -> None:
        """The provider says that these two are one person."""
        first, *rest = sorted({self.find(before), self.find(after)}, key=lambda contact: contact.pk)
        for other in rest:
            self._lock()
            self._merge(first, other)

    def join(self, party: Party, thread: Conversation) -> None:
        """``party`` is who we talk to in ``thread``."""
        self._lock()
        other = Contact.objects.filter(conversations=thread.pk).first()
        # Another message may have shown it already.
        if other and other != self.find(party):
            first, second = sorted((self.find(party), other), key=lambda one: one.pk)
            self._merge(first, second)

    def _matching(self, party: Party) -> list[Contact]:
        """Oldest first. A user name can move to somebody else, so it counts only where there is nothing better."""
        names = _names(party)
        strong = [alias for alias in names if alias[0] != AliasKind.USERNAME]
        found = {
            self._known[alias].pk: self._known[alias] for alias in strong or names if alias in self._known
        }
        return [found[pk] for pk in sorted(found)]

    def _has_news(self, contact: Contact, party: Party) -> bool:
        return any(self._known.get(alias) != contact for alias in party.aliases)

    def _lock(self) -> None:
        """Contacts of a client are made and merged by one transaction at a time; what it then reads stays true."""
        if not self._locked:
            Client.objects.select_for_update(no_key=True).get(pk=self._client.pk)
            self._locked = True
            self._read(self._names)

    def _read(self, names: Iterable[Alias]) -> None:
        kinds, values = {kind for kind, _ in names}, {value for _, value in names}
        # With the kinds the unique index finds each alias; without them every alias of the client is looked at.
        rows = ContactAlias.objects.filter(client=self._client, kind__in=kinds, value__in=values)
        shared: dict[int, Contact] = {contact.pk: contact for contact in self._known.values()}
        for row in rows.select_related("contact"):
            self._known[(row.kind, row.value)] = shared.setdefault(row.contact_id, row.contact)

    def _create(self, party: Party) -> Contact:
        return Contact.objects.create(client=self._client, name=party.name[:200])

    def _name(self, contacts: Iterable[tuple[Contact, Alias]]) -> None:
        pairs = list(contacts)
        ContactAlias.objects.bulk_create(
            ContactAlias(client=self._client, contact=contact, kind=kind, value=value)
            for contact, (kind, value) in pairs
        )
        self._known |= {alias: contact for contact, alias in pairs}

    def _add_aliases(self, contact: Contact, party: Party) -> None:
        """Of those that are somebody else's only a user name has moved; the others stay with whom they are of."""
        news = [
            (kind, value)
            for kind, value in party.aliases
            if (kind, value) not in self._known
            or (kind == AliasKind.USERNAME and self._known[(kind, value)] != contact)
        ]
        moved = [value for kind, value in news if (kind, value) in self._known]
        ContactAlias.objects.filter(client=self._client, kind=AliasKind.USERNAME, value__in=moved).delete()
        self._name((contact, alias) for alias in news)

    def _merge(self, keeper: Contact, other: Contact) -> None:
        if not merge(keeper, other):
            return
        self._known.update({name: keeper for name, contact in self._known.items() if contact == other})
        self._settled.update({party: keeper for party, contact in self._settled.items() if contact == other})


def join_threads(client: Client, pks: Iterable[int]) -> None:
    """These conversations are with one person."""
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    found = Contact.objects.filter(conversations__in=pks).distinct().order_by("pk")
    first, *rest = found
    for other in rest:
        merge(first, other)


def merge(keeper: Contact, other: Contact) -> bool:
    """Everything of ``other`` becomes ``keeper``'s; runs inside the caller's transaction, which is ``collecting``.

    False where one of them is being erased and the other would lose what is theirs: a webhook that calls them one may
    be forged.
    """
    if _would_lose(keeper, other):
        log.warning("contacts not merged: one is being erased", contact=keeper.pk, other=other.pk)
        return False
    for conversation in Conversation.objects.filter(contact=other):
        twin = Conversation.objects.filter(
            instance=conversation.instance_id, contact=keeper, kind=conversation.kind
        ).first()
        if twin:
            _join(twin, conversation)
        else:
            Conversation.objects.filter(pk=conversation.pk).update(contact=keeper)
        _tell(keeper.client_id, twin or conversation, Action.UPDATED)
        if twin:
            _tell(keeper.client_id, conversation, Action.DELETED)
    Message.objects.filter(sender=other).update(sender=keeper)
    LegalHold.objects.filter(contact=other).update(contact=keeper)
    Export.objects.filter(contact=other).update(contact=keeper)
    # Who is being erased stays to be erased, from the beginning and with what is known by now.
    erasures = PurgeReceipt.objects.filter(subject=other.pk, client=other.client_id, finished_at=None)
    erasures.update(subject=keeper.pk, cursor={})
    _move_reactions(keeper, other)
    ContactAlias.objects.filter(contact=other).update(contact=keeper)
    FormerId.objects.filter(contact=other).update(contact=keeper)
    FormerId.objects.create(contact=keeper, number=other.pk)
    if not keeper.name and other.name:
        Contact.objects.filter(pk=keeper.pk).update(name=other.name)
        keeper.name = other.name
    log.info("contacts merged", client=keeper.client_id, contact=keeper.pk, merged=other.pk)
    Contact.objects.filter(pk=other.pk).delete()
    return True


def _would_lose(*pair: Contact) -> bool:
    pks = {contact.pk for contact in pair}
    erasures = PurgeReceipt.objects.filter(subject__in=pks, client=pair[0].client_id, finished_at=None)
    erased = set(erasures.values_list("subject", flat=True))
    staying = pks - erased
    threads = Conversation.objects.filter(contact__in=staying)
    words = Message.objects.filter(sender__in=staying)
    reactions = Reaction.with_removed.filter(actor__in=staying)
    return bool(erased and staying) and any(rows.exists() for rows in (threads, words, reactions))


def _tell(client_id: int, conversation: Conversation, action: Change.Action) -> None:
    instance, topic = conversation.instance_id, feed.Topic.CONVERSATION
    facts = {"client_id": client_id, "instance_id": instance, "topic": topic, "action": action}
    feed.tell([Change(object_id=conversation.pk, **facts)])


def _join(keeper: Conversation, other: Conversation) -> None:
    """One thread out of two; a message that stands in both stays once."""
    kept = {message.provider_message_id: message for message in _standing_in_both(keeper, other)}
    for copy in Message.objects.filter(conversation=other, provider_message_id__in=kept):
        unite(kept[copy.provider_message_id], copy)
    OutboxItem.objects.filter(conversation=other).update(conversation=keeper)
    Note.objects.filter(conversation=other).update(conversation=keeper)
    keeper.labels.add(*other.labels.all())
    Message.objects.filter(conversation=other).exclude(provider_message_id__in=kept).update(
        conversation=keeper
    )
    rows = Conversation.objects.filter(pk=keeper.pk)
    rows.update(unread_count=F("unread_count") + other.unread_count)
    if newest := other.last_message_at:
        rows.update(last_message_at=Greatest(Coalesce("last_message_at", newest), newest))
    if wrote := other.last_inbound_at:
        rows.update(last_inbound_at=Greatest(Coalesce("last_inbound_at", wrote), wrote))
    if purged := other.purged_until:
        rows.update(purged_until=Greatest(Coalesce("purged_until", purged), purged))
    LegalHold.objects.filter(conversation=other).update(conversation=keeper)
    Export.objects.filter(conversation=other).update(conversation=keeper)
    facts: dict[str, Any] = {"contact_id": keeper.contact_id, "instance_id": other.instance_id}
    FormerId.objects.create(number=other.pk, chat_id=other.chat_id, **facts)
    Conversation.objects.filter(pk=other.pk).delete()


def _standing_in_both(keeper: Conversation, other: Conversation) -> QuerySet[Message]:
    ids = Message.objects.filter(conversation=other).values("provider_message_id")
    return Message.objects.filter(conversation=keeper, provider_message_id__in=ids)


def unite(kept: Message, copy: Message) -> None:
    """What was learned of either copy, and what waits to be done to it, holds for the one that stays."""
    OutboxItem.objects.filter(message=copy).update(message=kept)
    StatusChange.objects.filter(message=copy).update(message=kept)
    known = {reaction.actor_id for reaction in Reaction.with_removed.filter(message=kept)}
    for reaction in Reaction.with_removed.filter(message=copy):
        if reaction.actor_id not in known:
            Reaction.with_removed.filter(pk=reaction.pk).update(message=kept)
    kept.status = max(kept.status, copy.status, key=Message.STATUS_RANK.__getitem__)
    for name in STATUS_TIMES:
        times = [moment for moment in (getattr(kept, name), getattr(copy, name)) if moment]
        setattr(kept, name, min(times, default=None))
    kept.save(update_fields=["status", *STATUS_TIMES])


def _move_reactions(keeper: Contact, other: Contact) -> None:
    reacted = Reaction.with_removed.filter(actor=keeper).values("message")
    Reaction.with_removed.filter(Q(actor=other) & ~Q(message__in=reacted)).update(actor=keeper)


def _learn_name(contact: Contact, party: Party) -> None:
    """People choose their names themselves: the first one stays, so that an operator's correction does too."""
    if party.name and not contact.name:
        contact.name = party.name[:200]
        Contact.objects.filter(pk=contact.pk, name="").update(name=contact.name)


def _names(party: Party) -> list[Alias]:
    """The party's aliases, each phone with its family."""
    names: list[Alias] = []
    for kind, value in party.aliases:
        values = phone_family(value) if kind == AliasKind.PHONE else (value,)
        names += [(str(kind), name) for name in values]
    return names
