"""Secrets at rest: text encrypted with the first of FIELD_ENCRYPTION_KEYS, readable with any of them."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models


class CannotDecrypt(Exception):
    """A stored secret fits none of FIELD_ENCRYPTION_KEYS: the key that wrote it is missing from the list."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Plain text in Python, a Fernet token in the database. An empty string stays empty; lookups are refused."""

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return _current().encrypt(text.encode()).decode() if text else text

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        if not value:
            return value
        try:
            return _current().decrypt(value.encode()).decode()
        except InvalidToken as exc:
            raise CannotDecrypt(
                f"{self.model.__name__}.{self.name} fits no key of FIELD_ENCRYPTION_KEYS"
            ) from exc

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self.name} is encrypted and cannot be searched")
