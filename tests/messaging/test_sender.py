"""The outbox on its way to the simulated providers: every kind of message, and what is done to messages."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Change, Usage, WhatsappInstance
from accounts.providers.base import OutgoingLocation
from accounts.providers.events import MessageType
from messaging.models import Conversation, Message, OutboxItem, SendingLine
from messaging.services import sending
from messaging.services.sending import Draft, Template
from messaging.services.sending.sender import Sender
from tests.messaging.outgoing import (  # noqa: F401 - fixtures
    chat,
    deliver,
    later,
    line_at,
    no_pace,
    picture,
    queue,
    said_by_them,
    said_by_us,
    say,
    talk_with,
    texts,
    the_item,
    trouble,
)
from tests.simulator.server import Simulator
from tests.simulator.world import Person
from tests.telling import BETO, WAPI_ID, make_cloud, make_wapi
from tests.tenants import PICTURE

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pace")]

# With those that begin and end transactions, and three looks at what waits, of which one finds nothing more.
MOST_STATEMENTS = 32


def test_a_text_arrives_and_its_message_has_the_provider_s_id(sim: Simulator, chat: Conversation) -> None:
    message = say(chat)
    deliver()
    message.refresh_from_db()
    assert (texts(sim), message.provider_message_id) == (["bom dia"], sim.world.sent[0].id)
    assert (message.status, message.error) == ("sent", "")
    item = the_item()
    assert (item.state, item.attempts, item.lease_token, item.error) == ("sent", 1, None, "")
    assert item.settled_at is not None


def test_a_send_asks_the_database_for_no_more_than_it_needs(
    chat: Conversation, sim: Simulator, django_assert_max_num_queries: Any
) -> None:
    say(chat)
    # At one time: doubtful sends are looked for once a second, however long this takes.
    sender, now = Sender(threads=1), timezone.now()
    with django_assert_max_num_queries(MOST_STATEMENTS):
        while sender.top_up(now) or sender.under_way:
            sender.collect(now, wait=1)
    sender.close()


def test_every_step_is_told(chat: Conversation, sim: Simulator) -> None:
    message = say(chat)
    deliver()
    told = [row.type for row in Change.objects.filter(object_id=message.pk, topic="message").order_by("id")]
    assert told == ["message.created", "message.updated", "message.updated"]


def test_a_sent_message_is_counted_once(chat: Conversation, sim: Simulator) -> None:
    say(chat)
    deliver()
    assert Usage.objects.get().outbound == 1


def test_a_message_is_no_longer_queued_while_it_is_asked_for(sim: Simulator, chat: Conversation) -> None:
    trouble(sim, delay=0.3)
    message, sender = say(chat), Sender(threads=1)
    assert sender.top_up(timezone.now()) == 1
    message.refresh_from_db()
    item = the_item()
    assert (message.status, item.state, item.asked_at is not None) == ("sending", "sending", True)
    while sender.under_way:
        sender.collect(timezone.now(), wait=1)
    sender.close()


def test_a_conversation_keeps_its_order(sim: Simulator, chat: Conversation) -> None:
    for number in range(6):
        say(chat, str(number))
    deliver()
    assert texts(sim) == ["0", "1", "2", "3", "4", "5"]


def test_what_waits_for_another_try_is_not_overtaken(sim: Simulator, chat: Conversation) -> None:
    trouble(sim, status=500, times=1)
    say(chat, "first")
    say(chat, "second")
    deliver()
    assert texts(sim) == []
    later(minutes=1)
    assert texts(sim) == ["first", "second"]


def test_other_conversations_go_on_meanwhile(sim: Simulator) -> None:
    cloud = make_cloud()
    line_at(sim, cloud)
    sim.world.pair_limit = 1
    ana, beto = talk_with(cloud), talk_with(cloud, BETO)
    for conversation in (ana, ana, beto):
        say(conversation, str(conversation.contact))
    deliver()
    assert sorted(texts(sim)) == ["Ana", "Beto"]
    waiting = OutboxItem.objects.get(state="pending")
    assert (waiting.conversation, "131056" in waiting.error) == (ana, True)
    assert not SendingLine.objects.exclude(reason="").exists()


def test_a_line_in_trouble_does_not_hold_up_another(sim: Simulator) -> None:
    troubled, fine = make_wapi(), make_wapi(instance_id="LITE-1")
    for instance in (troubled, fine):
        line_at(sim, instance).token = f"token-{instance.pk}"
        WhatsappInstance.objects.filter(pk=instance.pk).update(token=f"token-{instance.pk}")
    sim.world.fault(f"send-text@{WAPI_ID}", status=503)
    for number in range(3):
        say(talk_with(troubled, Person(f"P{number}", f"55119000070{number:02d}")), "held up")
    say(talk_with(fine, BETO), "goes")
    deliver()
    assert texts(sim) == ["goes"]


def test_a_picture_goes_with_its_caption_byte_for_byte(sim: Simulator, chat: Conversation) -> None:
    queue(chat, Draft(type=MessageType.IMAGE, text="olha", media=picture(chat)))
    deliver()
    (sent,) = sim.world.sent
    assert sent.file
    assert (sent.kind, sent.file.plain.read(), Message.objects.get().status) == ("image", PICTURE, "sent")


@pytest.mark.parametrize(
    ("kind", "mimetype", "wapi"),
    [
        ("voice", "audio/ogg; codecs=opus", "audio"),
        ("audio", "audio/mpeg", "audio"),
        ("video", "video/mp4", "video"),
        ("document", "application/pdf", "document"),
        ("sticker", "image/webp", "sticker"),
    ],
)
def test_every_kind_of_file_has_its_way(
    kind: str, mimetype: str, wapi: str, sim: Simulator, chat: Conversation
) -> None:
    media_file = picture(chat, kind=kind, mimetype=mimetype, filename=f"um.{kind}")
    queue(chat, Draft(type=MessageType(kind), media=media_file))
    deliver()
    (sent,) = sim.world.sent
    cloud = "audio" if kind == "voice" else kind
    assert (sent.kind, Message.objects.get().status) == (
        wapi if chat.instance.provider == "wapi" else cloud,
        "sent",
    )


def test_a_file_that_is_gone_from_the_storage_waits_for_it(sim: Simulator, chat: Conversation) -> None:
    media_file = picture(chat)
    queue(chat, Draft(type=MessageType.IMAGE, media=media_file))
    place = Path(media_file.file.path)
    place.unlink()
    deliver()
    assert (the_item().state, "our storage" in the_item().error, sim.world.sent) == ("pending", True, [])
    place.write_bytes(PICTURE)
    later(minutes=1)
    assert the_item().state == "sent"


def test_the_words_of_a_file_that_retention_took_do_not_go_alone(sim: Simulator, chat: Conversation) -> None:
    queue(chat, Draft(type=MessageType.IMAGE, media=picture(chat), text="As agreed"))
    Message.objects.update(media=None, removal="file")
    deliver()
    assert (the_item().state, sim.world.sent) == ("pending", [])


def test_a_place_and_a_contact_go(sim: Simulator, chat: Conversation) -> None:
    place = OutgoingLocation(latitude=-23.5, longitude=-46.6, name="Padaria", address="Rua A, 1")
    queue(chat, Draft(type=MessageType.LOCATION, location=place))
    queue(chat, Draft(type=MessageType.CONTACTS, contact=("Beto", BETO.phone)))
    deliver()
    assert len({one.kind for one in sim.world.sent}) == 2
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


def test_a_template_goes_outside_the_window(sim: Simulator) -> None:
    cloud = make_cloud()
    line_at(sim, cloud)
    sim.world.enforces_window = True
    conversation = talk_with(cloud, last_inbound_at=None)
    queue(conversation, Draft(type=MessageType.TEMPLATE, template=Template(name="ola", language="pt_BR")))
    deliver()
    assert sim.world.sent[0].body["template"] == {"name": "ola", "language": {"code": "pt_BR"}}


def test_a_window_that_closed_meanwhile_is_a_failure_with_its_reason(sim: Simulator) -> None:
    cloud = make_cloud()
    line_at(sim, cloud)
    sim.world.enforces_window = True
    say(talk_with(cloud))
    deliver()
    message = Message.objects.get()
    assert (message.status, "24 hours" in message.error, the_item().state) == ("failed", True, "failed")
    assert message.failed_at is not None


def test_a_reply_quotes(sim: Simulator, chat: Conversation) -> None:
    quoted = said_by_them(chat)
    queue(chat, Draft(type=MessageType.TEXT, text="sim", reply_to=quoted))
    deliver()
    body = sim.world.sent[0].body
    assert (body.get("messageId") or body["context"]["message_id"]) == quoted.provider_message_id


def test_metas_messages_carry_our_tag(sim: Simulator) -> None:
    cloud = make_cloud()
    line_at(sim, cloud)
    say(talk_with(cloud))
    deliver()
    assert sim.world.sent[0].body["biz_opaque_callback_data"] == str(the_item().tag)


def test_a_reaction_arrives_and_stands_in_the_thread(sim: Simulator, chat: Conversation) -> None:
    message = said_by_them(chat)
    sending.react(message, "👍", by=None, now=timezone.now())
    deliver()
    assert [row.emoji for row in message.reactions.all()] == ["👍"]
    sending.react(message, "", by=None, now=timezone.now())
    deliver()
    assert (message.reactions.count(), len(sim.world.sent)) == (0, 2)


def test_an_edit_and_a_deletion_arrive_and_stand_in_the_thread(sim: Simulator) -> None:
    wapi = make_wapi()
    line_at(sim, wapi)
    message = said_by_us(talk_with(wapi), text="bom dai")
    sending.edit(message, "bom dia", by=None, now=timezone.now())
    sending.delete(message, by=None, now=timezone.now())
    deliver()
    message.refresh_from_db()
    assert (message.text, message.edited_at is not None) == ("bom dia", True)
    assert (message.earlier_texts[0]["text"], message.revoked_at is not None) == ("bom dai", True)
    assert [one.point for one in sim.world.requests] == ["edit-message", "delete-message"]


def test_what_is_done_to_one_message_keeps_its_order(sim: Simulator) -> None:
    wapi = make_wapi()
    line_at(sim, wapi)
    message = said_by_us(talk_with(wapi), text="a")
    sim.world.fault("edit-message", status=500, times=1)
    for text in ("b", "c"):
        sending.edit(message, text, by=None, now=timezone.now())
    deliver()
    assert message.text == "a"
    OutboxItem.objects.update(next_attempt_at=timezone.now())
    SendingLine.objects.all().delete()
    deliver()
    message.refresh_from_db()
    assert (message.text, [one["text"] for one in message.earlier_texts]) == ("c", ["a", "b"])


def test_a_receipt_is_given_up_soon(sim: Simulator, chat: Conversation) -> None:
    said_by_them(chat)
    sim.world.fault("read-message", status=500)
    sending.mark_read(chat, by=None, now=timezone.now())
    for hour in range(1, 5):
        later(hours=hour)
    assert (the_item().state, the_item().attempts) == ("failed", 3)


def test_no_line_of_the_log_holds_what_was_written(
    sim: Simulator, chat: Conversation, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    say(chat, "segredo da padaria")
    with caplog.at_level("INFO"):
        deliver()
    told = caplog.text + "".join(capsys.readouterr())
    assert "send answered" in told
    assert "segredo" not in told
    assert chat.instance.token not in told
