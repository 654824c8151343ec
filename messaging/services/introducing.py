"""Whom a batch of events tells of for the first time."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from accounts.models import Client
from accounts.providers.events import Event, MessageReceived, Party, ReactionChanged
from messaging.services.contacts import People
from messaging.services.tombstones import forgotten


def met(events: Iterable[Event]) -> list[Party]:
    """Those who become contacts."""
    found: list[Party | None] = []
    for event in events:
        if isinstance(event, MessageReceived):
            found += [event.chat.contact, event.sender]
        elif isinstance(event, ReactionChanged):
            found.append(event.sender)
    return [party for party in found if party]


def introduce(client: Client, told: list[Any]) -> None:
    """Strangers become contacts in a short transaction of their own, ahead of the one that applies what they said.

    Whoever makes contacts keeps the client's other workers waiting until the commit. ``told`` is as in ``Receiving``,
    which finds them known, and makes those who are missing all the same.
    """
    parties = met(one.event for one in told)
    people = People(client, parties)
    if not people.strangers(parties):
        return
    erased = forgotten(client, told)
    with transaction.atomic():
        people.meet(met(one.event for position, one in enumerate(told) if position not in erased))
