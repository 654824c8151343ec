"""People without a name go by their number."""

from collections.abc import Iterable

from django.db.models import Prefetch, prefetch_related_objects

from messaging.models import Contact


def find_numbers(contacts: Iterable[Contact | None]) -> None:
    nameless = [contact for contact in contacts if contact is not None and not contact.name]
    prefetch_related_objects(nameless, Prefetch("aliases", to_attr="told_aliases"))
