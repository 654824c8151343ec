"""Search by any part of a word, in any case, over the indexes of migration 0002.

Every word has to be found. A trigram needs three letters or digits in a row: words without only narrow what others
found, and alone they find nothing in messages, and names that start with them.
"""

import re
import unicodedata
from typing import Any, TypeVar

from django.db import connections
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from messaging.models import Contact, ContactAlias, Conversation, Message
from messaging.services.contacts import phone_family

SHORTEST = 3
LONGEST = 200
MOST_WORDS = 10
NO_ROW = 0
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRIGRAM = re.compile(r"[^\W_]{3}")
_PHONE = re.compile(r"[\d\s()+./-]+")

M = TypeVar("M", bound=Model)


def messages_matching(queryset: QuerySet[Message], text: str) -> QuerySet[Message]:
    """Messages with every word in their text. Nothing when no word has three characters."""
    words = words_of(text)
    if not any(map(_is_indexed, words)):
        return queryset.none()
    return queryset.filter(_containing(queryset, "text", words))


def conversations_matching(queryset: QuerySet[Conversation], text: str) -> QuerySet[Conversation]:
    """Conversations by title, by their contact's name, or by a phone number or another of the contact's aliases.

    Each way is a query of its own, so that each uses its own index.
    """
    words = words_of(text)
    if not words:
        return queryset.none()
    # The caller's queryset says which clients' rows may be seen; here they are only found.
    rows = Conversation.objects.using(queryset.db).order_by()
    named = _named(Contact.objects.using(queryset.db), "name", words)
    known = _aliases(ContactAlias.objects.using(queryset.db), words, text)
    by_title = _named(rows, "title", words).values("pk")
    by_name = rows.filter(contact__in=named.order_by().values("pk")).values("pk")
    by_alias = rows.filter(contact__in=known.order_by().values("contact")).values("pk")
    return _of(queryset, by_title.union(by_name, by_alias))


def contacts_matching(queryset: QuerySet[Contact], text: str) -> QuerySet[Contact]:
    """Contacts by name, or by a phone number or another of their aliases."""
    words = words_of(text)
    if not words:
        return queryset.none()
    named = _named(Contact.objects.using(queryset.db).order_by(), "name", words).values("pk")
    known = _aliases(ContactAlias.objects.using(queryset.db), words, text)
    return _of(queryset, named.union(known.order_by().values("contact")))


def _of(queryset: QuerySet[M], found: QuerySet[Any, Any]) -> QuerySet[M]:
    """As one of two alternatives, what was found is found once; as the only one, PostgreSQL may search for each row."""
    return queryset.filter(Q(pk__in=found) | Q(pk=NO_ROW))


def words_of(text: str) -> list[str]:
    """Whatever was typed, reduced to what a database takes."""
    readable = unicodedata.normalize("NFC", text[:LONGEST].encode("utf-8", "ignore").decode())
    return _CONTROL.sub(" ", readable).split()[:MOST_WORDS]


def _is_indexed(word: str) -> bool:
    """PostgreSQL's trigrams know nothing else, and a search without one reads the whole table."""
    return _TRIGRAM.search(word) is not None


def _named(queryset: QuerySet[M], field: str, words: list[str]) -> QuerySet[M]:
    if any(map(_is_indexed, words)):
        return queryset.filter(_containing(queryset, field, words))
    return queryset.filter(**{f"{field}__istartswith": " ".join(words)})


def _aliases(queryset: QuerySet[ContactAlias], words: list[str], text: str) -> QuerySet[ContactAlias]:
    """A phone number is found however it is written, and with or without a Brazilian ninth digit."""
    digits = re.sub(r"\D", "", text) if _PHONE.fullmatch(" ".join(words)) else ""
    if len(digits) >= SHORTEST:
        numbers = [_containing(queryset, "value", [number]) for number in _spellings(digits)]
        return queryset.filter(Q(*numbers, _connector=Q.OR))
    if len(words) == 1 and _is_indexed(words[0]):
        return queryset.filter(_containing(queryset, "value", words))
    return queryset.none()


def _spellings(digits: str) -> set[str]:
    """As typed, and with or without the ninth digit, whether the country was typed or not."""
    national = {number.removeprefix("55") for number in phone_family(f"55{digits}")}
    return {*phone_family(digits), *national}


def _containing(queryset: QuerySet[Any], field: str, words: list[str]) -> Q:
    """Every word somewhere in the field; at least one of them is long enough for the index."""
    if connections[queryset.db].vendor == "postgresql":
        return Q(*(Q(**{f"{field}__icontains": word}) for word in words))
    table = f"{queryset.model._meta.db_table}_search"
    phrases = ['"' + word.replace('"', '""') + '"' for word in words if _is_indexed(word)]
    found = RawSQL(f"SELECT rowid FROM {table} WHERE {table} MATCH %s", [" AND ".join(phrases)])
    short = (Q(**{f"{field}__icontains": word}) for word in words if not _is_indexed(word))
    return Q(*short, pk__in=found)
