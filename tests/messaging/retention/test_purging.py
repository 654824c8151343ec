"""Retention: what is too old goes, in batches and with a receipt; what is held stays."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Action, AuditEntry, RetentionRule
from media.models import MediaFile
from messaging.models import Conversation, LegalHold, Message, PurgeReceipt, WebhookEvent
from messaging.services import holds, receipts, retention
from messaging.services.working import Worker
from tests.simulator.world import Person
from tests.telling import composer, process, raw, store, stored_files
from tests.tenants import make_message, make_ready, while_saving

pytestmark = pytest.mark.django_db
OLD = timedelta(days=100)
ANA = Person("Ana", "5511900002222", "100000000022222@lid")


@pytest.fixture
def purge(django_capture_on_commit_callbacks):
    """Rows that went, batch by batch."""

    def run(rule, limit=None):
        with django_capture_on_commit_callbacks(execute=True):
            return list(retention.purge(rule, by=None, now=timezone.now, limit=limit))

    return run


def keep(client, what, days=30):
    return RetentionRule.objects.create(client=client, what=what, days=days)


def picture(rows, *, age=OLD, **facts):
    media_file = make_ready(rows.instance, created_at=timezone.now() - age, **facts)
    return make_message(rows.conversation, type=media_file.kind, media=media_file, text="look")


def said(rows, text, *, age=OLD):
    at = timezone.now() - age
    return make_message(rows.conversation, text=text, sent_at=at, received_at=at)


def test_old_files_of_the_kind_go_and_their_messages_say_so(acme, purge, media_root):
    old, young = picture(acme), picture(acme, age=timedelta(days=1))
    sound = picture(acme, kind="voice")
    assert purge(keep(acme.client, "image")) == [1]
    old.refresh_from_db()
    assert (old.media, old.removal, old.text) == (None, "file", "look")
    assert old.removed_at is not None
    assert Message.objects.filter(pk__in=[young.pk, sound.pk]).exclude(media=None).count() == 2
    assert len(stored_files(media_root)) == 2


def test_the_receipt_says_what_went(acme, purge):
    picture(acme)
    purge(keep(acme.client, "image"))
    receipt = PurgeReceipt.objects.get()
    assert receipt.finished_at is not None
    assert (receipt.cause, receipt.rule) == ("retention", "image, 30 days")
    assert (receipt.counts, receipt.bytes) == ({"media": 1, "files": 1}, 1028)
    assert receipts.checked({acme.client.pk}) == receipts.Checked(1, [])


def test_nothing_is_written_of_nothing(acme, purge):
    assert purge(keep(acme.client, "image")) == []
    assert not PurgeReceipt.objects.exists()


def test_old_messages_go_with_everything_in_them(acme, purge, media_root):
    with_file = picture(acme)
    Message.objects.filter(pk=with_file.pk).update(sent_at=timezone.now() - OLD)
    last = said(acme, "old", age=timedelta(days=40))
    stays = said(acme, "young", age=timedelta(days=2))
    purge(keep(acme.client, "messages"))
    assert set(Message.objects.values_list("pk", flat=True)) == {stays.pk, acme.message.pk}
    assert stored_files(media_root) == []
    assert Conversation.objects.get(pk=acme.conversation.pk).purged_until == last.sent_at


def test_raw_webhooks_of_that_age_go_too(acme, purge):
    said(acme, "old")
    WebhookEvent.objects.filter(pk=acme.event.pk).update(received_at=timezone.now() - OLD)
    waiting = WebhookEvent.objects.create(
        instance=acme.instance, body=b"{}", received_at=timezone.now() - OLD
    )
    purge(keep(acme.client, "messages"))
    assert list(WebhookEvent.objects.values_list("pk", flat=True)) == [waiting.pk]


def test_a_webhook_that_is_read_again_does_not_bring_a_purged_message_back(line, world, purge):
    body = composer(world, line).text(
        ANA, "long ago", message_id="OLD", at=(timezone.now() - OLD).timestamp()
    )
    event = store(line, body)
    process()
    assert Message.objects.filter(text="long ago").exists()
    purge(keep(line.client, "messages"))
    assert not WebhookEvent.objects.filter(pk=event.pk).exists()
    store(line, raw(body))
    process()
    call_command("replay_webhooks", "--now", verbosity=0)
    assert not Message.objects.exists()
    assert not WebhookEvent.objects.exists()


def test_a_webhook_that_is_read_again_does_not_bring_a_purged_file_back(line, world, purge):
    talk = composer(world, line)
    file = world.bytes_file(talk.line, b"\xff\xd8\xff\xe0 picture", "image", "image/jpeg")
    store(line, talk.media(ANA, file, "legend", message_id="PIC"))
    process()
    MediaFile.objects.update(created_at=timezone.now() - OLD)
    purge(keep(line.client, "image"))
    call_command("replay_webhooks", "--now", verbosity=0)
    assert not MediaFile.objects.exists()
    assert Message.objects.get().removal == "file"


def test_only_the_client_of_the_rule_is_touched(acme, rival, purge):
    theirs = picture(rival)
    picture(acme)
    purge(keep(acme.client, "image"))
    theirs.refresh_from_db()
    assert theirs.media is not None


def test_a_limit_stops_and_the_next_one_finishes_the_same_receipt(acme, purge):
    for _ in range(3):
        picture(acme)
    rule = keep(acme.client, "image")
    assert purge(rule, limit=2) == [2]
    assert PurgeReceipt.objects.get().finished_at is None
    assert purge(rule) == [1]
    receipt = PurgeReceipt.objects.get()
    assert receipt.finished_at is not None
    assert receipt.counts["media"] == 3


def test_what_fails_in_the_middle_of_a_batch_leaves_it_as_it_was(acme, purge):
    message, rule = picture(acme), keep(acme.client, "image")

    def fail(instance, **facts):
        if instance.counts:
            raise OSError("no more room")

    with while_saving(PurgeReceipt, fail), pytest.raises(OSError, match="no more room"), transaction.atomic():
        purge(rule)
    message.refresh_from_db()
    assert message.media is not None
    assert message.media.file.storage.exists(message.media.file.name)


@pytest.mark.parametrize("held", ["client", "conversation", "contact"])
@pytest.mark.parametrize("what", ["image", "messages"])
def test_what_is_held_stays(held, what, acme, purge):
    picture(acme)
    said(acme, "old")
    named = {
        "conversation": {"conversation": acme.conversation},
        "contact": {"contact": acme.conversation.contact},
    }
    hold = LegalHold(client=acme.client, reason="a case", **named.get(held, {}))
    holds.place(hold, by=None, now=timezone.now())
    rule, before = keep(acme.client, what), Message.objects.exclude(media=None).count()
    assert sum(purge(rule)) == 0
    assert Message.objects.exclude(media=None).count() == before
    holds.lift(hold, by=None, now=timezone.now())
    assert sum(purge(rule)) == 1


def test_a_body_that_came_with_an_old_message_stays_on_a_held_line(acme, purge):
    other = Conversation.objects.create(instance=acme.instance, chat_id="1@g.us", kind="group")
    late = make_message(other, text="late", sent_at=timezone.now() - OLD, received_at=acme.event.received_at)
    hold = LegalHold(client=acme.client, reason="a case", conversation=acme.conversation)
    holds.place(hold, by=None, now=timezone.now())
    purge(keep(acme.client, "messages"))
    assert not Message.objects.filter(pk=late.pk).exists()
    assert WebhookEvent.objects.filter(pk=acme.event.pk).exists()


def test_a_webhook_that_is_read_again_stays_on_a_held_line(line, world, purge):
    at = (timezone.now() - OLD).timestamp()
    body = composer(world, line).text(ANA, "long ago", message_id="OLD", at=at)
    store(line, body)
    process()
    purge(keep(line.client, "messages"))
    holds.place(LegalHold(client=line.client, reason="a case"), by=None, now=timezone.now())
    event = store(line, raw(body))
    process()
    assert WebhookEvent.objects.filter(pk=event.pk).exists()
    assert not Message.objects.exists()


def test_what_would_go_is_told(acme, capsys):
    picture(acme)
    keep(acme.client, "image")
    call_command("purge", "--dry-run")
    assert "acme, image, 30 days: 1 files, 1 of them stored, 1.0 KB, the oldest of" in capsys.readouterr().out
    assert MediaFile.objects.filter(state="ready").exists()


def test_the_command_removes(acme, capsys):
    picture(acme)
    keep(acme.client, "image")
    call_command("purge", "--client", "acme")
    assert "acme, image, 30 days: 1 removed." in capsys.readouterr().out


def test_the_worker_does_what_rules_say(acme):
    picture(acme)
    keep(acme.client, "image")
    Worker().drain()
    assert PurgeReceipt.objects.get().finished_at is not None
    assert AuditEntry.objects.get(action=Action.DATA_PURGED).via == AuditEntry.Via.WORKER


def test_the_worker_leaves_it_to_people_where_they_want_to(acme, settings):
    settings.RETENTION_AUTOMATIC = False
    picture(acme)
    keep(acme.client, "image")
    Worker().drain()
    assert not PurgeReceipt.objects.exists()


def test_a_client_has_one_rule_of_a_kind(acme):
    keep(acme.client, "image")
    with pytest.raises(IntegrityError), transaction.atomic():
        keep(acme.client, "image")
