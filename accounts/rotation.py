"""Stored secrets re-encrypted with the first of FIELD_ENCRYPTION_KEYS, a page of rows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from accounts.fields import EncryptedTextField

PAGE = 200
RAW = "raw_secret"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of one stored secret: ``changed``, or already under the first key, or ``unreadable`` by any."""

    place: str
    changed: bool = False
    unreadable: bool = False


def encrypted_fields() -> list[EncryptedTextField]:
    return [
        field
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedTextField)
    ]


def rotate(*, dry_run: bool = False) -> Iterator[Rotated]:
    """Each page is a transaction of its own: a run that was stopped is taken up by the next one."""
    for field in encrypted_fields():
        last = 0
        while page := _rotate_page(field, last, dry_run=dry_run):
            yield from page.values()
            last = max(page)


def _rotate_page(field: EncryptedTextField, after: int, *, dry_run: bool) -> dict[int, Rotated]:
    # Cast: as itself the field would decrypt, and one unreadable value would hide the others.
    rows: models.QuerySet[Any, Any] = field.model._base_manager.filter(pk__gt=after)
    stored = rows.annotate(**{RAW: Cast(field.attname, models.TextField())}).exclude(**{RAW: ""})
    with transaction.atomic():
        page = (
            stored.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk", RAW)[:PAGE]
        )
        return {pk: _rotate_one(field, pk, secret, dry_run=dry_run) for pk, secret in page}


def _rotate_one(field: EncryptedTextField, pk: int, secret: str, *, dry_run: bool) -> Rotated:
    place = f"{field.model._meta.verbose_name} {pk}, {field.name}"
    keys = [Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS]
    if _reads(keys[0], secret):
        return Rotated(place)
    try:
        text = MultiFernet(keys).decrypt(secret.encode()).decode()
    except InvalidToken:
        return Rotated(place, unreadable=True)
    if not dry_run:
        field.model._base_manager.filter(pk=pk).update(**{field.attname: text})
    return Rotated(place, changed=True)


def _reads(key: Fernet, secret: str) -> bool:
    try:
        key.decrypt(secret.encode())
    except InvalidToken:
        return False
    return True
