"""The invented inbox: as much as was asked for, agreeing with itself, and never beside real clients unasked."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Max, Q, Sum
from django.utils import timezone

from accounts.models import Change, Client, Usage, User, WhatsappInstance
from media.models import MediaFile
from media.storage import is_there
from messaging.models import Conversation, Label, Message, OutboxItem, Reaction, StatusChange

pytestmark = pytest.mark.django_db


def seed(conversations=40, messages=1500, clients=2, **options):
    said = StringIO()
    call_command(
        "seed", conversations=conversations, messages=messages, clients=clients, stdout=said, **options
    )
    return said.getvalue()


def test_there_is_as_much_as_was_asked_for():
    said = seed(media=300)
    assert "2 clients with 40 conversations, 1500 messages and 300 files" in said
    counts = [model.objects.count() for model in (Client, Conversation, Message, MediaFile)]
    assert counts == [2, 40, 1500, 300]
    assert Message.objects.filter(media__isnull=False).count() == 300


def test_conversations_agree_with_their_messages():
    seed()
    newest = Conversation.objects.annotate(
        newest=Max("messages__sent_at"),
        newest_inbound=Max("messages__sent_at", filter=Q(messages__direction="inbound")),
    )
    assert not newest.exclude(last_message_at=F("newest")).exists()
    assert not newest.exclude(last_inbound_at=F("newest_inbound")).exclude(newest_inbound=None).exists()
    unread = Conversation.objects.filter(unread_count__gt=0)
    assert unread.exists()
    for conversation in unread:
        last = list(conversation.messages.order_by("-sent_at", "-id")[: conversation.unread_count])
        assert {message.direction for message in last} == {"inbound"}


def test_ids_follow_the_time_as_in_an_inbox_that_lived():
    seed()
    times = list(Message.objects.order_by("pk").values_list("sent_at", flat=True))
    assert times == sorted(times)
    assert times[-1] <= timezone.now() < times[0] + timedelta(days=367)


def test_there_is_something_of_everything():
    seed(conversations=150, messages=8000, media=3000)
    assert set(MediaFile.objects.values_list("state", flat=True).distinct()) == set(MediaFile.State)
    statuses = Message.objects.filter(direction="outbound").values_list("status", flat=True)
    assert set(statuses) >= {"sent", "delivered", "read", "failed"}
    some = (Reaction, StatusChange, OutboxItem, Change, Label.conversations.through)
    assert all(model.objects.exists() for model in some)
    chosen = Conversation.objects.aggregate(
        groups=Count("pk", filter=Q(kind="group")),
        assigned=Count("pk", filter=Q(assigned_to__isnull=False)),
        closed=Count("pk", filter=Q(status="closed")),
        labelled=Count("pk", filter=Q(labels__isnull=False)),
    )
    assert all(chosen.values())


def test_usage_counts_what_is_there():
    seed()
    total = Usage.objects.aggregate(inbound=Sum("inbound"), outbound=Sum("outbound"), files=Sum("files"))
    ready = MediaFile.objects.filter(state="ready").count()
    assert total["inbound"] + total["outbound"] == 1500
    assert total["files"] == ready


def test_a_few_pictures_are_really_there():
    seed(media=400)
    there = [one for one in MediaFile.objects.filter(state="ready", kind="image") if is_there(one.file.name)]
    assert len(there) == 24
    with there[0].file.open() as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert there[0].size == there[0].file.size


def test_no_provider_hears_of_it_and_nobody_can_log_in():
    seed()
    assert not WhatsappInstance.objects.reachable().exists()
    assert not any(instance.token for instance in WhatsappInstance.objects.all())
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_another_run_adds_more_clients():
    seed()
    seed()
    assert set(Client.objects.values_list("slug", flat=True)) == {f"seed-{number}" for number in range(1, 5)}
    assert Message.objects.count() == 3000


def test_a_database_with_other_clients_is_refused_unless_forced():
    Client.objects.create(name="Acme", slug="acme")
    with pytest.raises(CommandError, match="clients that this command did not make"):
        seed()
    assert not Message.objects.exists()
    seed(force=True)
    assert Message.objects.count() == 1500


def test_rows_added_afterwards_get_ids_of_their_own():
    seed()
    conversation = Conversation.objects.first()
    conversation.messages.create(direction="inbound", type="text")
    assert Message.objects.count() == 1501


@pytest.mark.parametrize("sizes", [{"messages": 39}, {"clients": 41}, {"clients": 0}, {"media": 1501}])
def test_sizes_that_cannot_be_are_refused(sizes):
    with pytest.raises(CommandError, match="a message for each"):
        seed(**sizes)
