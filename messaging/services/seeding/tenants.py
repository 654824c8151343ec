"""Invented clients with their people, numbers, labels and contacts, and the threads that messages will fill."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from random import Random

from django.contrib.auth.hashers import make_password

from accounts.models import Client, Membership, Role, User, WhatsappInstance
from accounts.providers.events import AliasKind, ChatKind
from messaging.models import Contact, ContactAlias, Conversation, Label
from messaging.services.seeding import bulk, invention

SLUG = "seed-"
GROUPS = 0.08


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    conversations: int
    messages: int
    clients: int
    media: int


@dataclass(slots=True)
class Tenant:
    """A client with everything that its conversations choose from; the first of its staff only looks."""

    client: Client
    staff: list[User]
    labels: list[Label]
    instances: list[WhatsappInstance]
    contacts: list[Contact] = field(default_factory=list)


@dataclass(slots=True)
class Thread:
    """One conversation while its messages are made; the newest ``unread`` of them are not ours."""

    conversation: Conversation
    tenant: Tenant
    members: list[Contact]
    left: int
    unread: int = 0
    inbound: bool = True
    last_id: str = ""


def ours() -> list[str]:
    """Slugs of the clients that were made here."""
    return list(Client.objects.filter(slug__startswith=SLUG).values_list("slug", flat=True))


def tenants(chance: Random, count: int, *, now: datetime) -> list[Tenant]:
    taken = {int(slug.removeprefix(SLUG)) for slug in ours() if slug.removeprefix(SLUG).isdecimal()}
    first = max(taken, default=0) + 1
    return [_tenant(chance, number, now=now) for number in range(first, first + count)]


def _tenant(chance: Random, number: int, *, now: datetime) -> Tenant:
    created_at = now - invention.HISTORY
    company = invention.COMPANIES[(number - 1) % len(invention.COMPANIES)]
    client = Client.objects.create(name=f"{company} {number}", slug=f"{SLUG}{number}", created_at=created_at)
    labels = [Label(client=client, name=name, color=color) for name, color in invention.LABELS]
    return Tenant(
        client=client,
        staff=[_person(client, role, index) for index, role in enumerate((*Role, Role.OPERATOR))],
        labels=Label.objects.bulk_create(labels),
        instances=[_instance(chance, client, place) for place in range(1 + number % len(invention.LINES))],
    )


def _person(client: Client, role: Role, place: int) -> User:
    """Nobody can log in as them until somebody gives them a password."""
    first_name, last_name = invention.FIRST[place], invention.LAST[place]
    name = f"{client.slug}-{role}" if place < len(Role) else f"{client.slug}-{role}-{place}"
    user = User.objects.create(
        username=name, first_name=first_name, last_name=last_name, password=make_password(None)
    )
    Membership.objects.create(user=user, client=client, role=role)
    return user


def _instance(chance: Random, client: Client, place: int) -> WhatsappInstance:
    """Switched off and without a token: no provider is ever asked anything for it."""
    wapi = place % 2 == 0
    provider = WhatsappInstance.Provider.WAPI if wapi else WhatsappInstance.Provider.CLOUD
    return WhatsappInstance.objects.create(
        client=client,
        name=f"{invention.LINES[place]} {client.pk}",
        provider=provider,
        instance_id=f"{client.slug}-{place + 1}",
        phone_number=f"5511{chance.randrange(30_000_000, 39_999_999)}",
        is_active=False,
    )


def threads(chance: Random, size: Size, found: list[Tenant], *, now: datetime) -> list[Thread]:
    """The first client gets the most conversations; contacts are written, conversations not yet."""
    weights = [1 / place for place in range(1, len(found) + 1)]
    owners = found + chance.choices(found, weights, k=size.conversations - len(found))
    parts = invention.shares(chance, size.messages, size.conversations)
    ids = bulk.reserve(Conversation, size.conversations)
    _write_contacts(chance, owners, now=now)
    people = {id(tenant): iter(tenant.contacts) for tenant in found}
    return [
        _thread(chance, pk, tenant, people[id(tenant)], messages)
        for pk, tenant, messages in zip(ids, owners, parts, strict=True)
    ]


def _write_contacts(chance: Random, owners: list[Tenant], *, now: datetime) -> None:
    """One for each conversation; those left over by groups are members of groups only."""
    aliases = []
    for number, (pk, tenant) in enumerate(zip(bulk.reserve(Contact, len(owners)), owners, strict=True)):
        created_at = now - timedelta(days=chance.randrange(invention.HISTORY.days))
        name = invention.full_name(chance) if chance.random() < 0.95 else ""
        contact = Contact(pk=pk, client=tenant.client, name=name, created_at=created_at)
        tenant.contacts.append(contact)
        for kind, value in ((AliasKind.PHONE, f"55119{number:08d}"), (AliasKind.LID, f"{10**14 + pk}@lid")):
            aliases.append(ContactAlias(client=tenant.client, contact=contact, kind=kind, value=value))
    bulk.write(
        contact for tenant in {id(owner): owner for owner in owners}.values() for contact in tenant.contacts
    )
    bulk.write(aliases)


def _thread(chance: Random, pk: int, tenant: Tenant, people: Iterator[Contact], messages: int) -> Thread:
    conversation = Conversation(pk=pk, instance=chance.choice(tenant.instances))
    if chance.random() < GROUPS:
        members = chance.choices(tenant.contacts, k=min(20, 3 + int(chance.expovariate(0.2))))
        conversation.kind, conversation.chat_id = ChatKind.GROUP, f"{10**17 + pk}@g.us"
        conversation.title = f"{chance.choice(invention.LABELS)[0]} {chance.choice(invention.LAST)}"
    else:
        members = list(islice(people, 1))
        conversation.contact, conversation.chat_id = members[0], f"{10**14 + members[0].pk}@lid"
    return Thread(conversation=conversation, tenant=tenant, members=members, left=messages)
