"""W-API's webhooks, posted and processed, and the rows they leave."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import WhatsappInstance
from media.models import MediaFile
from messaging.models import (
    Contact,
    ContactAlias,
    Conversation,
    Message,
    Reaction,
    StatusChange,
    WebhookEvent,
)
from tests.loading import payload, payload_names
from tests.simulator.world import Person, World
from tests.telling import (
    ANA,
    LITE_ID,
    WAPI_ID,
    composer,
    make_wapi,
    replay,
    tell,
    the_conversation,
    the_message,
)

pytestmark = pytest.mark.django_db

ANA_ALIASES = {("phone", "5511900002222"), ("lid", "100000000022222@lid")}
MOMENT = datetime.fromtimestamp(1790001234, UTC)


def aliases(contact: Contact | None) -> set[tuple[str, str]]:
    return set(ContactAlias.objects.filter(contact=contact).values_list("kind", "value"))


# One row per payload: what becomes of the event, then type, text, direction and media kind of its message.
ROWS: dict[str, tuple[str, tuple[str, str, str, str] | None]] = {
    "01": ("processed", ("text", "oi, tudo bem?", "inbound", "")),
    "02": ("processed", ("image", "legenda da imagem", "inbound", "image")),
    "03": ("processed", ("video", "legenda do vídeo", "inbound", "video")),
    "04": ("processed", ("voice", "", "inbound", "voice")),
    "05": ("processed", ("voice", "", "outbound", "voice")),
    "07": ("processed", ("text", "resposta digitada no celular", "outbound", "")),
    "08": ("processed", None),
    "09": ("processed", None),
    "10": ("processed", None),
    "11": ("processed", None),
    "12": ("ignored", None),
    "14": ("processed", ("text", "resposta citando a pergunta", "outbound", "")),
    "15": ("processed", ("text", "oi, tudo bem?", "inbound", "")),
    "16": ("processed", ("text", "mensagem no grupo", "inbound", "")),
    "18": ("ignored", None),
    "19": ("ignored", None),
    "22": ("processed", ("interactive", "Confirmar", "inbound", "")),
    "23": ("processed", None),
    "25": ("processed", ("sticker", "", "inbound", "sticker")),
}


def line_of(name: str) -> WhatsappInstance:
    return make_wapi(instance_id=payload("wapi", name)["instanceId"])


@pytest.mark.parametrize(("name", "expected"), ROWS.items(), ids=list(ROWS))
def test_every_recorded_body_leads_to_its_rows(name: str, expected: tuple[str, Any]) -> None:
    replay(line_of(name), name)
    state, message = expected
    assert WebhookEvent.objects.get().state == state
    found = [
        (row.type, row.text, row.direction, row.media.kind if row.media else "")
        for row in Message.objects.select_related("media")
    ]
    assert found == ([message] if message else [])


def test_the_table_names_every_recorded_body() -> None:
    assert [name[:2] for name in payload_names("wapi")] == list(ROWS)


def test_a_text_keeps_what_its_body_says() -> None:
    replay(line_of("01"), "01")
    message, event = the_message(), WebhookEvent.objects.get()
    assert message.provider_message_id == "3EB0CA0DF2C95AA144C1D0"
    assert (message.sent_at, message.received_at) == (MOMENT, event.received_at)
    assert message.sender == message.conversation.contact
    assert (message.sender and message.sender.name) == "Contato Exemplo"
    assert aliases(message.sender) == ANA_ALIASES


def test_a_message_s_time_is_the_providers_and_not_that_of_its_arrival() -> None:
    replay(line_of("16"), "16")
    assert the_message().sent_at == datetime.fromtimestamp(1785400668, UTC)
    assert the_conversation().last_message_at == datetime.fromtimestamp(1785400668, UTC)


def test_an_image_waits_in_the_ledger_with_its_source() -> None:
    replay(line_of("02"), "02")
    media = MediaFile.objects.get()
    assert (media.state, media.attempts, media.mimetype) == ("pending", 0, "image/jpeg")
    assert media.direct_path.endswith("oe=6B000002&_nc_sid=5e03e0")
    assert media.expires_at == datetime.fromtimestamp(0x6B000002, UTC)
    assert len(media.declared_sha256) == len(media.enc_sha256) == 64
    assert (media.width, media.height, bytes(media.thumbnail)[:2]) == (1040, 345, b"\xff\xd8")


def test_digits_of_a_lid_are_never_taken_for_a_phone() -> None:
    replay(line_of("15"), "15")
    assert aliases(the_message().sender) == {("lid", "100000000022222@lid")}


def test_a_lid_that_looks_like_a_brazilian_phone_is_still_a_lid(world: World) -> None:
    instance = make_wapi()
    odd = Person("Odd", "5511912345678", "5511912345678@lid")
    tell(instance, composer(world, instance).text(odd, "oi"))
    assert aliases(the_message().sender) == {("lid", "5511912345678@lid")}


def test_a_second_delivery_makes_no_second_message() -> None:
    instance = line_of("01")
    replay(instance, "01", "01")
    replay(instance, "15")
    assert (Message.objects.count(), Contact.objects.count(), Conversation.objects.count()) == (1, 1, 1)
    assert the_conversation().unread_count == 1


def test_an_own_message_is_filed_under_the_contact_and_not_under_ourselves() -> None:
    instance = line_of("01")
    replay(instance, "01", "14", "05")
    assert Conversation.objects.count() == Contact.objects.count() == 1
    assert aliases(the_conversation().contact) == ANA_ALIASES
    own = Message.objects.filter(direction="outbound")
    assert [(row.sender, row.status) for row in own] == [(None, "sent")] * 2


def test_an_own_message_that_comes_first_does_not_name_the_contact_after_us() -> None:
    replay(line_of("05"), "05")
    contact = the_conversation().contact
    assert aliases(contact) == {("phone", "5511900002222")}
    assert contact and contact.name == ""


def test_own_messages_are_never_unread_and_do_not_reopen(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(ANA, "oi"))
    Conversation.objects.update(status="closed", unread_count=0)
    tell(instance, talk.text(ANA, "resposta", from_me=True))
    assert (the_conversation().status, the_conversation().unread_count) == ("closed", 0)


def test_a_new_message_reopens_a_closed_conversation(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(ANA, "oi"), talk.text(ANA, "alô"))
    assert the_conversation().unread_count == 2
    Conversation.objects.update(status="closed", unread_count=0)
    tell(instance, talk.text(ANA, "ainda aí?"))
    assert (the_conversation().status, the_conversation().unread_count) == ("open", 1)


def test_the_newest_message_s_time_stands_whatever_comes_late(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(ANA, "segunda", at=1790002000))
    tell(instance, talk.text(ANA, "primeira", at=1790001000))
    assert the_conversation().last_message_at == datetime.fromtimestamp(1790002000, UTC)


def test_protocol_noise_and_stories_show_nothing(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.noise(ANA), {**talk.text(ANA, "story"), "chat": {"id": "status@broadcast"}})
    assert (Message.objects.count(), Conversation.objects.count(), Contact.objects.count()) == (0, 0, 0)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"ignored"}
    assert all(WebhookEvent.objects.values_list("error", flat=True))


def test_a_reply_to_our_story_is_a_message(world: World) -> None:
    instance = make_wapi()
    body = composer(world, instance).text(ANA, "que lindo!")
    quoted = {"stanzaID": "3EB0STORY", "remoteJID": "status@broadcast", "participant": "100000000011111@lid"}
    body["msgContent"] = {"extendedTextMessage": {"text": "que lindo!", "contextInfo": quoted}}
    tell(instance, body)
    assert (the_message().text, the_message().reply_to_id) == ("que lindo!", "3EB0STORY")
    assert aliases(the_conversation().contact) == ANA_ALIASES


def test_read_stays_when_delivered_comes_after_it(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    own = talk.text(ANA, "oi", from_me=True)
    sent = talk.message_id(own)
    tell(instance, own, talk.status(ANA, sent, "read", at=1790001300))
    tell(instance, talk.status(ANA, sent, "delivered", at=1790001200))
    message = the_message()
    assert message.status == "read"
    assert message.read_at == datetime.fromtimestamp(1790001300, UTC)
    assert message.delivered_at == datetime.fromtimestamp(1790001200, UTC)


def test_recorded_statuses_reach_their_message_though_they_name_the_chat_otherwise() -> None:
    instance = make_wapi(instance_id=LITE_ID)
    replay(instance, "09", "07")
    assert (the_message().status, StatusChange.objects.get().message) == ("read", the_message())


def test_a_recorded_reaction_before_its_message_is_kept_for_it() -> None:
    instance = make_wapi()
    replay(instance, "23")
    assert not Reaction.objects.exists()
    tell(instance, payload("wapi", "07") | {"instanceId": WAPI_ID})
    reaction = Reaction.objects.get()
    assert (reaction.emoji, reaction.message) == ("👍", the_message())
    assert aliases(reaction.actor) == ANA_ALIASES
