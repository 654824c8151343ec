"""Erasing one person: nothing of them is left anywhere, and nothing old brings them back."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from accounts import feed
from accounts.models import Change
from media.models import MediaFile
from messaging.models import (
    Contact,
    Conversation,
    LegalHold,
    Message,
    PurgeReceipt,
    WebhookEvent,
)
from messaging.services import erasing, holds, receipts
from messaging.services.contacts import merge
from tests.messaging.erasing.stage import (
    BYTES,
    CANARIES,
    GROUP,
    ZULMIRA,
    everything_of,
    found_in_database,
    found_in_files,
    shared_with,
)
from tests.messaging.exporting.making import made
from tests.telling import BETO, composer, process, store, tell


@pytest.fixture
def contact(world, line):
    return everything_of(world, line)


@pytest.fixture
def finish(django_capture_on_commit_callbacks):
    """Each batch is a transaction of its own; returns how many there were."""

    def run(receipt, batches=100):
        for count in range(batches):
            with django_capture_on_commit_callbacks(execute=True):
                step = erasing.erase_some(receipt.pk, now=timezone.now())
            if not step:
                return count
        return batches

    return run


@pytest.fixture
def erased(contact, finish):
    """Its receipt."""
    receipt = erasing.request_erasure(contact, by=None, now=timezone.now())
    assert finish(receipt) < 100
    receipt.refresh_from_db()
    return receipt


def test_there_are_traces_to_find(contact, media_root):
    places = {found.split(":")[0] for found in found_in_database()}
    assert len(places) > 15
    assert found_in_files(media_root)


def test_no_table_and_no_file_holds_anything_of_them_afterwards(erased, media_root):
    assert found_in_database() == []
    assert found_in_files(media_root) == []


def test_a_file_that_another_message_shares_stays_where_nobody_is_named(contact, finish):
    theirs = MediaFile.objects.get(filename="canary-photo.jpg")
    twin = shared_with(Conversation.objects.get(chat_id=GROUP.id), theirs)
    finish(erasing.request_erasure(contact, by=None, now=timezone.now()))
    twin.refresh_from_db()
    with twin.file.open() as content:
        assert content.read() == BYTES
    assert [word for word in CANARIES if word in twin.file.name] == []


def test_what_others_said_stays(erased):
    texts = set(Message.objects.values_list("text", flat=True))
    assert "I disagree" in texts
    assert "call her: +[…] or @[…]" in texts
    assert Contact.objects.filter(name=BETO.name).exists()
    assert Conversation.objects.get(chat_id=GROUP.id).title == "Obra da […]"


def test_a_group_keeps_its_order_and_says_that_something_was_there(erased):
    group = Conversation.objects.get(chat_id=GROUP.id)
    emptied = group.messages.filter(removal="all")
    assert emptied.count() == 2
    assert {(row.text, row.sender, row.media) for row in emptied} == {("", None, None)}
    assert all(row.removed_at for row in emptied)
    assert group.messages.get(text="I disagree").payload == {"mentions": ["[…]"]}


def test_the_receipt_counts_and_names_nobody(erased):
    assert erased.finished_at is not None
    assert erased.counts["conversations"] == erased.counts["contacts"] == 1
    assert erased.counts["messages_emptied"] == 2
    assert erased.bytes > 0
    assert len(erased.digest) == len(erased.seal) == 64
    assert erased.subject is None


def test_the_feed_tells_that_the_conversation_is_gone(contact, erased):
    told = Change.objects.filter(topic="conversation", action="deleted")
    assert told.count() == 1


def test_the_same_webhooks_again_bring_nothing_back(erased, world, line):
    talk = composer(world, line)
    for body in (talk.text(ZULMIRA, "canary one", message_id="Z1"), talk.status(ZULMIRA, "OURS", "read")):
        store(line, body)
    process()
    assert found_in_database() == []
    assert not WebhookEvent.objects.filter(state="failed").exists()


def test_an_old_message_that_never_came_is_not_taken_either(erased, world, line):
    """Out of the provider's log, one without a time counts as old."""
    before = (timezone.now() - timedelta(days=3)).timestamp()
    talk = composer(world, line)
    store(line, talk.text(ZULMIRA, "canary late", message_id="Z9", at=before))
    logged = store(line, talk.text(ZULMIRA, "canary undated", message_id="Z10") | {"moment": None})
    WebhookEvent.objects.filter(pk=logged.pk).update(source="backfill")
    process()
    assert found_in_database() == []


def test_stored_webhooks_that_are_replayed_bring_nothing_back(erased):
    call_command("replay_webhooks", "--now", verbosity=0)
    assert found_in_database() == []


def test_who_writes_anew_is_somebody_new(erased, world, line):
    later = (timezone.now() + timedelta(minutes=1)).timestamp()
    tell(line, composer(world, line).text(ZULMIRA, "hello again", message_id="NEW", at=later))
    again = Contact.objects.get(aliases__value=ZULMIRA.phone)
    assert list(again.messages.values_list("text", flat=True)) == ["hello again"]


@pytest.mark.parametrize("stop_after", [1, 6, 12])
def test_one_that_is_cut_off_goes_on_where_it_was(stop_after, contact, media_root, finish):
    receipt = erasing.request_erasure(contact, by=None, now=timezone.now())
    finish(receipt, stop_after)
    again = erasing.request_erasure(contact, by=None, now=timezone.now())
    finish(again)
    assert again.pk == receipt.pk
    assert found_in_database() == []
    assert found_in_files(media_root) == []


def test_a_legal_hold_refuses(contact, line):
    hold = holds.place(
        LegalHold(client=line.client, contact=contact, reason="a case"), by=None, now=timezone.now()
    )
    with pytest.raises(holds.IsHeld):
        erasing.request_erasure(contact, by=None, now=timezone.now())
    holds.lift(hold, by=None, now=timezone.now())
    assert erasing.request_erasure(contact, by=None, now=timezone.now())


def test_a_hold_on_a_group_that_they_wrote_in_refuses_too(contact, line):
    group = Conversation.objects.get(chat_id=GROUP.id)
    holds.place(
        LegalHold(client=line.client, conversation=group, reason="a case"), by=None, now=timezone.now()
    )
    with pytest.raises(holds.IsHeld):
        erasing.request_erasure(contact, by=None, now=timezone.now())
    assert Message.objects.filter(text="canary one").exists()


def test_a_hold_that_is_placed_meanwhile_stops_it(contact, line):
    receipt = erasing.request_erasure(contact, by=None, now=timezone.now())
    erasing.erase_some(receipt.pk, now=timezone.now())
    holds.place(LegalHold(client=line.client, reason="a case"), by=None, now=timezone.now())
    with pytest.raises(holds.IsHeld):
        erasing.erase_some(receipt.pk, now=timezone.now())


def hold(line, **of):
    return holds.place(LegalHold(client=line.client, reason="a case", **of), by=None, now=timezone.now())


def test_a_held_conversation_that_names_them_stays_as_it_is(contact, line, finish):
    beto = Message.objects.get(provider_message_id="B3")
    receipt = erasing.request_erasure(contact, by=None, now=timezone.now())
    held = hold(line, conversation=beto.conversation)
    with pytest.raises(holds.IsHeld):
        finish(receipt)
    text, before = Message.objects.get(pk=beto.pk).text, beto.text
    assert text == before
    holds.lift(held, by=None, now=timezone.now())
    finish(receipt)
    assert found_in_database() == []


def test_a_hold_on_a_group_that_they_only_reacted_in_refuses_too(contact, line):
    group = Conversation.objects.get(chat_id=GROUP.id)
    group.messages.filter(sender=contact).delete()
    held = hold(line, conversation=group)
    with pytest.raises(holds.IsHeld) as refused:
        erasing.request_erasure(contact, by=None, now=timezone.now())
    assert refused.value.hold == held


def test_an_export_that_is_made_meanwhile_goes_as_well(contact, finish, media_root):
    receipt = erasing.request_erasure(contact, by=None, now=timezone.now())
    finish(receipt, 2)
    made(Conversation.objects.get(contact=contact))
    finish(receipt)
    assert found_in_files(media_root) == []


def test_one_who_turns_out_to_be_somebody_known_is_erased_all_the_same(contact, line, finish, media_root):
    """What was told under their former ids goes as well."""
    known, keeper = (Contact.objects.create(client=line.client, name="") for _ in range(2))
    Conversation.objects.create(instance=line, contact=known, chat_id="known")
    with feed.collecting():
        merge(known, contact)
    receipt = erasing.request_erasure(known, by=None, now=timezone.now())
    finish(receipt, 1)
    with feed.collecting():
        merge(keeper, known)
    finish(receipt)
    assert found_in_database() == []
    assert found_in_files(media_root) == []
    assert not Contact.objects.filter(pk=keeper.pk).exists()


def test_half_a_copy_of_somebody_who_was_killed_is_not_believed(contact, finish):
    theirs = MediaFile.objects.get(filename="canary-photo.jpg")
    twin = shared_with(Conversation.objects.get(chat_id=GROUP.id), theirs)
    above = theirs.file.name.split("/chats/")[0]
    half = f"{above}/chats/moved/{theirs.kind}/{theirs.pk}.jpg"
    theirs.file.storage.save(half, ContentFile(BYTES[:5]))
    finish(erasing.request_erasure(contact, by=None, now=timezone.now()))
    twin.refresh_from_db()
    assert twin.file.name == half
    with twin.file.open() as content:
        assert content.read() == BYTES


def test_a_tick_that_comes_again_does_not_bring_the_number_back(erased, world, line):
    before = (timezone.now() - timedelta(days=1)).timestamp()
    store(line, composer(world, line).status(ZULMIRA, "B1", "read", at=before, group=GROUP))
    process()
    assert found_in_database() == []
    assert not WebhookEvent.objects.filter(state="failed").exists()


def test_the_command_says_what_goes_and_what_went(contact, capsys):
    call_command("erase_person", client=contact.client.slug, contact=contact.pk, yes=True, verbosity=0)
    receipt = PurgeReceipt.objects.get()
    before, _, after = capsys.readouterr().out.partition(f"Erased, as receipt {receipt.pk} says:\n")
    assert before.startswith(f"To be erased of contact {contact.pk}:\n  conversations: 1\n")
    assert f"  messages: {receipt.counts['messages']}\n" in after


def test_receipts_prove_each_other(erased, line):
    assert receipts.checked({line.client_id}) == receipts.Checked(1, [])
    PurgeReceipt.objects.update(bytes=1)
    assert receipts.checked({line.client_id}).broken == list(PurgeReceipt.objects.all())
