"""Every content that W-API is known to send, in both dialects."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.providers.events import MessageReceived, MessageType
from accounts.providers.wapi import webhooks
from tests.accounts.providers.bodies import FILE, PHONE, message, shown


@pytest.mark.parametrize("where", ["top", "message", "data.message", "data.messages", "payload.message"])
def test_content_is_found_wherever_it_was_put(where: str) -> None:
    content = {"imageMessage": FILE | {"caption": "aqui"}}
    places: dict[str, dict[str, Any]] = {
        "top": content,
        "message": {"message": content},
        "data.message": {"data": {"message": content}},
        "data.messages": {"data": {"messages": [{"message": content}]}},
        "payload.message": {"payload": {"message": content}},
    }
    event = message(None, **places[where])
    assert (event.type, event.text) == (MessageType.IMAGE, "aqui")


def test_a_body_in_the_form_of_a_batch_is_read_from_its_first_message() -> None:
    key = {"id": "3EB0CC", "remoteJid": f"{PHONE}@s.whatsapp.net", "fromMe": False}
    data = {"messages": [{"key": key, "message": {"conversation": "oi"}, "messageTimestamp": 1790001234}]}
    body = json.dumps({"event": "webhookReceived", "instanceId": "X-1", "data": data}).encode()
    (event,) = webhooks.parse(body)
    assert isinstance(event, MessageReceived)
    assert (event.message_id, event.chat.id, event.text) == ("3EB0CC", PHONE, "oi")
    assert event.sent_at == datetime.fromtimestamp(1790001234, UTC)


def test_an_image_beside_the_instance_needs_no_event_name() -> None:
    event = message(None, event=None, imageMessage=FILE)
    assert event.type is MessageType.IMAGE and event.media is not None
    assert event.media.media_key == bytes(range(32))


def test_a_link_is_text_with_its_preview() -> None:
    link = {
        "text": "https://x.example",
        "matchedText": "https://x.example",
        "title": "X",
        "JPEGThumbnail": "/9j/",
    }
    assert shown({"extendedTextMessage": link}) == (
        MessageType.TEXT,
        "https://x.example",
        {"link": {"url": "https://x.example", "title": "X"}},
    )


@pytest.mark.parametrize("spelling", ["stanzaID", "stanzaId"])
def test_a_reply_names_and_quotes_its_message(spelling: str) -> None:
    quoted = {"imageMessage": {"caption": "antes " * 100}}
    context = {spelling: "3EB0BB", "participant": "1000@lid", "quotedMessage": quoted}
    event = message({"extendedTextMessage": {"text": "oi", "contextInfo": context}})
    assert event.reply_to_id == "3EB0BB"
    assert event.payload == {"quoted": ("antes " * 100)[:200]}


def test_forwards_and_mentions_are_told() -> None:
    context = {"isForwarded": True, "mentionedJID": [f"{PHONE}@s.whatsapp.net", "100000000022222@lid", 7]}
    event = message({"extendedTextMessage": {"text": "@ana", "contextInfo": context}})
    assert event.payload == {"forwarded": True, "mentions": [PHONE, "100000000022222@lid"]}


def test_disappearing_messages_and_links_from_outside_change_nothing() -> None:
    for context in ({"expiration": 604800}, {"entryPointConversionSource": "status"}):
        assert shown({"extendedTextMessage": {"text": "oi", "contextInfo": context}}) == (
            MessageType.TEXT,
            "oi",
            {},
        )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {
                "locationMessage": {
                    "degreesLatitude": -23.55,
                    "degreesLongitude": 0,
                    "name": "Praça",
                    "address": "Rua 1",
                }
            },
            (
                MessageType.LOCATION,
                "Praça, Rua 1",
                {"latitude": -23.55, "longitude": 0.0, "name": "Praça", "address": "Rua 1"},
            ),
        ),
        (
            {
                "liveLocationMessage": {
                    "degreesLatitude": -23.55,
                    "degreesLongitude": -46.63,
                    "caption": "indo",
                }
            },
            (MessageType.LOCATION, "indo", {"latitude": -23.55, "longitude": -46.63, "live": True}),
        ),
        (
            {
                "pollCreationMessageV3": {
                    "name": "Qual?",
                    "options": [{"optionName": "a"}, {"optionName": "b"}],
                    "selectableOptionsCount": 1,
                }
            },
            (MessageType.POLL, "Qual?", {"question": "Qual?", "options": ["a", "b"], "selectable": 1}),
        ),
        (
            {
                "pollCreationMessageV6": {
                    "message": {"pollCreationMessageV3": {"name": "Qual?", "options": [{"optionName": "a"}]}}
                }
            },
            (MessageType.POLL, "Qual?", {"question": "Qual?", "options": ["a"]}),
        ),
        (
            {"buttonsResponseMessage": {"selectedButtonId": "b1", "selectedDisplayText": "SIM"}},
            (MessageType.INTERACTIVE, "SIM", {"kind": "button_reply", "title": "SIM", "id": "b1"}),
        ),
        (
            {"listResponseMessage": {"title": "Opção 1", "singleSelectReply": {"selectedRowId": "r1"}}},
            (MessageType.INTERACTIVE, "Opção 1", {"kind": "list_reply", "title": "Opção 1", "id": "r1"}),
        ),
        (
            {
                "interactiveResponseMessage": {
                    "body": {"text": "Sim"},
                    "nativeFlowResponseMessage": {"name": "quick_reply", "paramsJson": '{"id":"b1"}'},
                }
            },
            (
                MessageType.INTERACTIVE,
                "Sim",
                {
                    "kind": "flow_reply",
                    "title": "Sim",
                    "id": "b1",
                    "name": "quick_reply",
                    "response": {"id": "b1"},
                },
            ),
        ),
        (
            {"templateMessage": {"hydratedTemplate": {"hydratedContentText": "Olá", "hydratedButtons": []}}},
            (MessageType.TEXT, "Olá", {}),
        ),
        (
            {
                "templateMessage": {
                    "hydratedTemplate": {
                        "hydratedContentText": "Olá",
                        "hydratedButtons": [{"quickReplyButton": {"displayText": "SIM", "id": "1"}}],
                    }
                }
            },
            (MessageType.INTERACTIVE, "Olá", {"kind": "offer", "buttons": [{"title": "SIM", "id": "1"}]}),
        ),
        (
            {
                "buttonsMessage": {
                    "contentText": "Olá",
                    "buttons": [{"buttonId": "1", "buttonText": {"displayText": "SIM"}}],
                }
            },
            (MessageType.INTERACTIVE, "Olá", {"kind": "offer", "buttons": [{"title": "SIM", "id": "1"}]}),
        ),
        (
            {"listMessage": {"title": "Menu", "sections": [{"rows": [{"title": "A", "rowId": "1"}]}]}},
            (MessageType.INTERACTIVE, "Menu", {"kind": "offer", "buttons": [{"title": "A", "id": "1"}]}),
        ),
        (
            {
                "interactiveMessage": {
                    "body": {"text": "Olá"},
                    "nativeFlowMessage": {
                        "buttons": [
                            {
                                "name": "cta_url",
                                "buttonParamsJSON": '{"display_text":"Ver","url":"https://x.example"}',
                            }
                        ]
                    },
                }
            },
            (
                MessageType.INTERACTIVE,
                "Olá",
                {"kind": "offer", "buttons": [{"title": "Ver", "url": "https://x.example"}]},
            ),
        ),
        ({"ephemeralMessage": {"message": {"conversation": "oi"}}}, (MessageType.TEXT, "oi", {})),
        (
            {"callLogMesssage": {"callOutcome": "MISSED"}},
            (MessageType.UNSUPPORTED, "", {"wire_type": "callLogMesssage"}),
        ),
        ({"eventMessage": {"name": "Festa"}}, (MessageType.UNSUPPORTED, "", {"wire_type": "eventMessage"})),
        ({"orderMessage": {"orderId": "1"}}, (MessageType.UNSUPPORTED, "", {"wire_type": "orderMessage"})),
        ({"someNewMessage": {"a": 1}}, (MessageType.UNSUPPORTED, "", {"wire_type": "someNewMessage"})),
        (
            {"extendedTextMessage": {"text": ""}},
            (MessageType.UNSUPPORTED, "", {"wire_type": "extendedTextMessage"}),
        ),
    ],
)
def test_a_content_becomes_ours(
    content: dict[str, Any], expected: tuple[MessageType, str, dict[str, Any]]
) -> None:
    assert shown(content) == expected


def test_a_card_gives_its_phones() -> None:
    vcard = "BEGIN:VCARD\nFN:Fulano\nTEL;type=CELL;waid=5511900004444:+55 11 90000-4444\nEND:VCARD"
    kind, text, payload = shown({"contactMessage": {"displayName": "Fulano", "vcard": vcard}})
    assert (kind, text) == (MessageType.CONTACTS, "Fulano")
    phones = [{"phone": "+55 11 90000-4444", "wa_id": "5511900004444"}]
    assert payload == {"contacts": [{"name": "Fulano", "phones": phones, "vcard": vcard}]}


def test_several_cards_are_named_in_one_line() -> None:
    cards = [{"displayName": "A"}, {"vcard": "BEGIN:VCARD\r\nFN:B\r\nEND:VCARD"}]
    assert shown({"contactsArrayMessage": {"displayName": "2 contatos", "contacts": cards}})[1] == "A, B"
