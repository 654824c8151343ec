import hashlib
from datetime import UTC, datetime

from accounts.providers.cloud import webhooks
from accounts.providers.events import (
    Chat,
    ChatKind,
    Event,
    IdentityChanged,
    MediaKind,
    MessageReceived,
    MessageType,
    Party,
    ReactionChanged,
)
from tests.loading import raw_payload

LINE, PHONE, BSUID = "800000000000001", "5511900000123", "BR.10000000000000000001"
CONTACT = Party(phone=PHONE, bsuids=(BSUID,), name="Contato Teste")
CHAT = Chat(id=PHONE, kind=ChatKind.DIRECT, contact=CONTACT)


def recorded(name: str) -> list[Event]:
    return webhooks.parse(raw_payload("cloud", name))


def messages(name: str) -> list[MessageReceived]:
    return [event for event in recorded(name) if isinstance(event, MessageReceived)]


def test_01_a_text_with_its_quote_and_its_person() -> None:
    (event,) = recorded("01")
    assert event == MessageReceived(
        line_id=LINE,
        chat=CHAT,
        message_id="wamid.VEVTVC1GSVhUVVJFLTAx",
        from_me=False,
        type=MessageType.TEXT,
        sender=CONTACT,
        text="Sim, pode ser amanhã às 10h – obrigado 👍",
        reply_to_id="wamid.VEVTVC1GSVhUVVJFLW91dC0x",
        sent_at=datetime.fromtimestamp(1790000000, UTC),
    )


def test_02_a_person_without_phone_is_known_by_the_scoped_id() -> None:
    (event,) = messages("02")
    person = Party(bsuids=(BSUID,), username="contato.teste", name="Contato Teste")
    assert event.chat == Chat(id=BSUID, kind=ChatKind.DIRECT, contact=person)
    assert event.sender == person


def test_04_an_image_has_id_address_sum_and_deadline() -> None:
    (event,) = messages("04")
    assert (event.type, event.text) == (MessageType.IMAGE, "Foto do produto")
    assert event.media is not None and event.media.kind is MediaKind.IMAGE
    assert event.media.media_id == "600000000000004"
    assert event.media.url.startswith("https://lookaside.fbsbx.com/")
    assert event.media.sha256 == hashlib.sha256(b"bytes-of-img4").digest()
    assert event.media.expires_at is None


def test_05_a_voice_note_is_told_from_audio() -> None:
    (event,) = messages("05")
    assert event.type is MessageType.VOICE and event.media is not None
    assert (event.media.kind, event.media.mimetype) == (MediaKind.VOICE, "audio/ogg; codecs=opus")


def test_07_a_document_keeps_the_name_its_sender_gave() -> None:
    (event,) = messages("07")
    assert event.type is MessageType.DOCUMENT and event.media is not None
    assert event.media.filename == "Contrato nº 7 (versão final).pdf"
    assert event.text == "Segue o contrato"


def test_08_a_sticker_may_be_animated() -> None:
    (event,) = messages("08")
    assert event.type is MessageType.STICKER
    assert event.media is not None and event.media.animated


def test_09_a_place_and_a_card_in_one_batch() -> None:
    place, card = messages("09")
    assert (place.type, place.text) == (MessageType.LOCATION, "Loja Teste, Rua de Teste, 100 - São Paulo")
    assert (place.payload["latitude"], place.payload["longitude"]) == (-23.5505, -46.6333)
    assert (card.type, card.text) == (MessageType.CONTACTS, "Fulano De Teste")
    phones = [{"phone": "+55 11 90000-0999", "wa_id": "5511900000999", "type": "CELL"}]
    assert card.payload == {
        "contacts": [{"name": "Fulano De Teste", "phones": phones, "company": "Empresa Teste"}]
    }


def test_11_a_reaction_and_its_removal() -> None:
    given, removed = recorded("11")
    assert isinstance(given, ReactionChanged) and isinstance(removed, ReactionChanged)
    assert (given.emoji, removed.emoji) == ("❤️", "")
    assert given.message_id == removed.message_id == "wamid.VEVTVC1GSVhUVVJFLW91dC0x"
    assert (given.chat, given.sender) == (CHAT, CONTACT)


def test_12_an_order_lists_its_items() -> None:
    (event,) = messages("12")
    assert event.type is MessageType.ORDER
    assert event.payload["items"][1] == {"product": "SKU-2", "quantity": 1, "price": 25.5, "currency": "BRL"}


def test_13_a_new_number_is_the_same_person() -> None:
    change, notice = recorded("13")
    assert isinstance(change, IdentityChanged) and isinstance(notice, MessageReceived)
    assert change.before == Party(phone=PHONE)
    assert change.after == Party(phone="5511900000456", bsuids=("BR.10000000000000000002",))
    assert (notice.type, notice.payload) == (MessageType.SYSTEM, {"event": "user_changed_number"})
    assert notice.text.startswith("User Contato Teste changed from")


def test_14_what_meta_cannot_show_is_still_a_message() -> None:
    poll, unavailable, too_large = messages("14")
    assert {event.type for event in (poll, unavailable, too_large)} == {MessageType.UNSUPPORTED}
    assert poll.payload["wire_type"] == "poll_creation"
    assert unavailable.payload["errors"][0]["code"] == "131060"
    assert too_large.payload["errors"] == [{"code": "131052", "reason": "fixture"}]


def test_16_a_group_has_its_author_apart() -> None:
    (event,) = messages("16")
    assert event.chat == Chat(id="FIXTUREGROUPID0001", kind=ChatKind.GROUP)
    assert event.sender == CONTACT
