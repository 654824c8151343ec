"""Stored secrets move to the first key, and what no key reads is named without stopping the rest."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import Client, WhatsappInstance
from accounts.rotation import PAGE

pytestmark = pytest.mark.django_db
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def instance(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    return add_instance(0)


def add_instance(number, **secrets):
    client, _ = Client.objects.get_or_create(name="Acme", slug="acme")
    given = {"token": "a-token", "app_secret": "a-secret"} | secrets
    return WhatsappInstance.objects.create(
        client=client, name="Sales", provider="wapi", instance_id=f"AB-{number}", **given
    )


def rotate(**options):
    out, err = StringIO(), StringIO()
    call_command("rotate_secrets", stdout=out, stderr=err, **options)
    return out.getvalue()


def stored(instance, name="token"):
    rows = WhatsappInstance.objects.filter(pk=instance.pk).annotate(raw=Cast(name, TextField()))
    return rows.values_list("raw", flat=True).get()


def test_secrets_are_written_with_the_first_key(instance, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert "2 secrets: 2 re-encrypted" in rotate()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    instance.refresh_from_db()
    assert (instance.token, instance.app_secret, instance.verify_token) == ("a-token", "a-secret", "")


def test_a_second_run_has_nothing_to_do(instance, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = stored(instance)
    assert "0 re-encrypted, 2 had the first key already" in rotate()
    assert stored(instance) == before


def test_a_dry_run_changes_nothing(instance, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    before = stored(instance)
    assert "2 would be re-encrypted" in rotate(dry_run=True)
    assert stored(instance) == before


def test_every_page_is_taken(instance, settings):
    for number in range(1, PAGE + 5):
        add_instance(number, app_secret="")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert f"{PAGE + 6} secrets: {PAGE + 6} re-encrypted" in rotate()


def test_an_unreadable_secret_is_named_and_the_rest_is_done(instance, settings):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_whatsappinstance SET token = 'garbage' WHERE id = %s", [instance.pk])
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    err = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("rotate_secrets", stdout=StringIO(), stderr=err)
    assert f"WhatsApp instance {instance.pk}, token" in err.getvalue()
    assert stored(instance) == "garbage"
    assert Fernet(NEW).decrypt(stored(instance, "app_secret").encode()) == b"a-secret"
