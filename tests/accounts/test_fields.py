import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.db import connection
from pytest_django import Settings

from accounts.fields import CannotDecrypt
from accounts.models import WhatsappInstance
from tests.telling import make_wapi

pytestmark = pytest.mark.django_db


def stored_token() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM accounts_whatsappinstance")
        return str(cursor.fetchone()[0])


def test_a_secret_is_not_in_the_database_as_it_is() -> None:
    make_wapi(token="não me leia")
    assert "leia" not in stored_token()
    assert WhatsappInstance.objects.get().token == "não me leia"


def test_the_same_secret_is_stored_differently_each_time() -> None:
    instance = make_wapi(token="the same")
    first = stored_token()
    instance.save()
    assert stored_token() != first


def test_an_empty_secret_stays_empty() -> None:
    make_wapi(token="")
    assert stored_token() == ""
    assert WhatsappInstance.objects.get().token == ""


def test_every_key_reads_and_the_first_writes(settings: Settings) -> None:
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    instance = make_wapi(token="kept")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    instance.refresh_from_db()
    assert instance.token == "kept"
    instance.save()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert WhatsappInstance.objects.get().token == "kept"


def test_a_key_that_does_not_fit_is_told_without_the_secret(settings: Settings) -> None:
    make_wapi(token="kept")
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CannotDecrypt, match=r"WhatsappInstance\.token fits no key") as caught:
        WhatsappInstance.objects.get()
    assert stored_token() not in str(caught.value)


@pytest.mark.parametrize("lookup", ["token", "token__startswith", "app_secret__contains", "verify_token__in"])
def test_a_secret_cannot_be_searched(lookup: str) -> None:
    with pytest.raises(FieldError, match="encrypted"):
        WhatsappInstance.objects.filter(**{lookup: "a"}).exists()


def test_a_secret_that_is_missing_can_be_asked_for() -> None:
    make_wapi()
    assert WhatsappInstance.objects.filter(token__isnull=False).count() == 1
