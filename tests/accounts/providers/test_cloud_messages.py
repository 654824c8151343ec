import base64
import hashlib
import json
from typing import Any

import pytest

from accounts.providers.cloud import webhooks
from accounts.providers.events import (
    Chat,
    ChatKind,
    Event,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    MessageType,
    Party,
    ReactionChanged,
)

LINE, PHONE, BSUID = "800000000000001", "5511900000123", "BR.10000000000000000001"
CONTACT = Party(phone=PHONE, bsuids=(BSUID,), name="Contato Teste")
CHAT = Chat(id=PHONE, kind=ChatKind.DIRECT, contact=CONTACT)


def parsed(message: dict[str, Any], **value: Any) -> list[Event]:
    plain = {"id": "wamid.A", "from": PHONE, "timestamp": "1790000000"}
    value = {"metadata": {"phone_number_id": LINE}, "messages": [plain | message]} | value
    entry = {"changes": [{"field": "messages", "value": value}]}
    return webhooks.parse(json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode())


def message(fields: dict[str, Any], **value: Any) -> MessageReceived:
    (event,) = parsed(fields, **value)
    assert isinstance(event, MessageReceived)
    return event


@pytest.mark.parametrize("kind", ["user_identity_changed", ""])
def test_other_system_notices_change_nobody(kind: str) -> None:
    assert (
        message({"type": "system", "system": {"body": "x", "type": kind, "wa_id": "5511900000456"}}).text
        == "x"
    )


@pytest.mark.parametrize("part", [{}, {"id": "6", "mime_type": "video/mp4"}])
def test_a_file_that_meta_could_not_fetch_never_comes(part: dict[str, str]) -> None:
    errors = [{"code": 131052, "error_data": {"details": "too big"}}]
    event = message({"type": "video", "video": part, "errors": errors})
    assert event.type is MessageType.VIDEO
    assert event.media is not None and event.media.unavailable == "131052: too big"


def test_a_file_without_id_and_address_cannot_be_fetched() -> None:
    event = message({"type": "image", "image": {"caption": "oi"}})
    assert event.media is not None and event.media.unavailable == "the message does not say where its file is"


@pytest.mark.parametrize("spelling", ["hex", "base64"])
def test_a_sum_is_read_in_both_spellings(spelling: str) -> None:
    digest = hashlib.sha256(b"x").digest()
    text = digest.hex() if spelling == "hex" else base64.b64encode(digest).decode()
    event = message({"type": "image", "image": {"id": "6", "sha256": text}})
    assert event.media is not None and event.media.sha256 == digest


def test_each_message_of_a_batch_finds_its_own_card() -> None:
    cards = [
        {"wa_id": "5511900000777", "profile": {"name": "Outra"}},
        {
            "wa_id": PHONE,
            "user_id": BSUID,
            "parent_user_id": "BR.ENT.9",
            "profile": {"name": "Ana", "username": "@ana"},
        },
    ]
    event = message({"type": "text", "text": {"body": "oi"}}, contacts=cards)
    assert event.sender == Party(phone=PHONE, bsuids=(BSUID, "BR.ENT.9"), username="ana", name="Ana")


def test_a_foreign_card_names_nobody_else() -> None:
    card = {"wa_id": "5511900000777", "profile": {"name": "Outra"}}
    assert message({"type": "text", "text": {"body": "oi"}}, contacts=[card]).sender == Party(phone=PHONE)


@pytest.mark.parametrize(
    ("fields", "text", "payload"),
    [
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Sim"}},
            },
            "Sim",
            {"kind": "button_reply", "title": "Sim", "id": "b1"},
        ),
        (
            {
                "type": "interactive",
                "interactive": {"list_reply": {"id": "r1", "title": "A", "description": "B"}},
            },
            "A",
            {"kind": "list_reply", "title": "A", "id": "r1", "description": "B"},
        ),
        (
            {
                "type": "interactive",
                "interactive": {"nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"a": 1}'}},
            },
            "Sent",
            {"kind": "flow_reply", "title": "Sent", "name": "flow", "response": {"a": 1}},
        ),
        (
            {"type": "button", "button": {"payload": "p1", "text": "Sim"}},
            "Sim",
            {"kind": "button_reply", "title": "Sim", "id": "p1"},
        ),
    ],
)
def test_a_choice_is_read_as_what_was_chosen(
    fields: dict[str, Any], text: str, payload: dict[str, Any]
) -> None:
    event = message(fields)
    assert (event.type, event.text, event.payload) == (MessageType.INTERACTIVE, text, payload)


def test_a_removal_by_an_empty_emoji() -> None:
    (event,) = parsed({"type": "reaction", "reaction": {"message_id": "wamid.B", "emoji": ""}})
    assert isinstance(event, ReactionChanged) and event.emoji == ""


def test_an_edit_brings_the_new_text() -> None:
    inner = {"type": "text", "text": {"body": "novo"}}
    (event,) = parsed({"type": "edit", "edit": {"original_message_id": "wamid.B", "message": inner}})
    assert isinstance(event, MessageEdited)
    assert (event.message_id, event.text, event.sender) == ("wamid.B", "novo", Party(phone=PHONE))


def test_an_edited_caption_is_the_new_text() -> None:
    inner = {"type": "image", "image": {"id": "6", "caption": "nova"}}
    (event,) = parsed({"type": "edit", "edit": {"original_message_id": "wamid.B", "message": inner}})
    assert isinstance(event, MessageEdited) and event.text == "nova"


def test_a_revoke_names_what_is_gone() -> None:
    (event,) = parsed({"type": "revoke", "revoke": {"original_message_id": "wamid.B"}})
    assert isinstance(event, MessageRevoked)
    assert (event.message_id, event.chat) == (
        "wamid.B",
        Chat(id=PHONE, kind=ChatKind.DIRECT, contact=Party(phone=PHONE)),
    )


@pytest.mark.parametrize(
    "kind", ["request_welcome", "ephemeral", "hologram", "text", "image", "interactive", "order"]
)
def test_what_cannot_be_read_is_kept_as_unsupported(kind: str) -> None:
    event = message({"type": kind})
    assert (event.type, event.payload) == (MessageType.UNSUPPORTED, {"wire_type": kind})


def test_a_message_without_a_type_is_kept_too() -> None:
    assert message({}).type is MessageType.UNSUPPORTED


@pytest.mark.parametrize("flag", ["forwarded", "frequently_forwarded"])
def test_a_forward_is_told(flag: str) -> None:
    assert message({"type": "text", "text": {"body": "oi"}, "context": {flag: True}}).payload == {
        "forwarded": True
    }


def test_what_led_to_a_message_is_kept() -> None:
    context = {"referred_product": {"catalog_id": "5", "product_retailer_id": "SKU-1"}}
    referral = {"source_type": "ad", "headline": "Promo", "ctwa_clid": "c", "unknown": {"a": 1}}
    event = message({"type": "text", "text": {"body": "oi"}, "context": context, "referral": referral})
    assert event.payload == {
        "product": {"catalog_id": "5", "product": "SKU-1"},
        "referral": {"source_type": "ad", "headline": "Promo", "ctwa_clid": "c"},
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"from": None, "type": "text"}, "a message that names nobody"),
        ({"id": None, "type": "text"}, "a message without an id"),
        ({"type": "reaction"}, "a reaction that names no message"),
        ({"type": "revoke", "revoke": {}}, "a deletion that names no message"),
        ({"type": "edit", "edit": {"original_message_id": "wamid.B"}}, "an edit without its message"),
    ],
)
def test_what_cannot_be_filed_is_ignored(fields: dict[str, Any], reason: str) -> None:
    assert parsed(fields) == [Ignored(line_id=LINE, reason=reason)]


def test_the_only_card_stands_for_a_message_that_names_nobody() -> None:
    card = {"user_id": BSUID, "profile": {"name": "Ana"}}
    event = message({"from": None, "type": "text", "text": {"body": "oi"}}, contacts=[card])
    assert event.sender == Party(bsuids=(BSUID,), name="Ana")


def test_audio_that_is_no_voice_note_is_audio() -> None:
    assert message({"type": "audio", "audio": {"id": "6", "voice": False}}).type is MessageType.AUDIO
