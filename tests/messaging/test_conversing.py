import pytest
from django.utils import timezone

from accounts.models import Change
from messaging.models import Conversation, Label
from messaging.services import conversing
from tests.tenants import acme, rival

__all__ = ["acme", "rival"]


def test_a_conversation_that_was_merged_away_meanwhile_is_not_changed(acme):
    read = Conversation.objects.get(pk=acme.conversation.pk)
    acme.conversation.delete()
    with pytest.raises(Conversation.DoesNotExist):
        conversing.close(read, now=timezone.now())
    assert not Change.objects.exists()


def test_a_label_of_another_client_sticks_nowhere(acme, rival):
    foreign = Label.objects.create(client=rival.client, name="theirs")
    with pytest.raises(conversing.DoesNotFit) as refused:
        conversing.alter(acme.conversation, {"status": "closed", "labels": [foreign.pk]}, now=timezone.now())
    assert refused.value.field == "labels"
    acme.conversation.refresh_from_db()
    assert (acme.conversation.status, list(acme.conversation.labels.all())) == ("open", [])


def test_a_secret_that_cannot_be_read_stops_nobody_from_closing_a_conversation(acme, settings):
    settings.FIELD_ENCRYPTION_KEYS = ["b" * 43 + "="]
    contact = acme.conversation.contact
    conversing.rename_contact(contact, "Ana", now=timezone.now())
    assert Change.objects.get().object_id == acme.conversation.pk
