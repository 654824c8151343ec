import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.providers.errors import UnknownPayload, WebhookNotAuthentic, WebhookNotJson
from accounts.providers.events import (
    Chat,
    ChatKind,
    ConnectionChanged,
    Event,
    Ignored,
    MediaKind,
    MessageReceived,
    MessageStatus,
    MessageType,
    Party,
    ReactionChanged,
    StatusChanged,
)
from accounts.providers.wapi import webhooks
from tests.loading import payload, payload_names, raw_payload

PRO, LITE = "AB12CD-EF34GH-IJ56KL", "LITE-AB12CD-EF34GH"
PHONE, LID = "5511900002222", "100000000022222@lid"
CONTACT = Party(phone=PHONE, lid=LID, name="Contato Exemplo")
CHAT = Chat(id=LID, kind=ChatKind.DIRECT, contact=CONTACT)
ARRIVAL = datetime.fromtimestamp(1790001234, UTC)


def parsed(name: str, **changes: Any) -> Event:
    (event,) = webhooks.parse(json.dumps(payload("wapi", name) | changes).encode())
    return event


def message(name: str, **changes: Any) -> MessageReceived:
    event = parsed(name, **changes)
    assert isinstance(event, MessageReceived)
    return event


@pytest.mark.parametrize("event", ["webhookReceived", "webhookDelivery"])
@pytest.mark.parametrize(
    ("stated", "from_api"),
    [
        ({"fromApi": True}, True),
        ({"fromApi": False}, False),
        ({"fromapi": "true"}, True),
        ({"data": {"fromApi": True}}, True),
        ({"fromApi": None}, None),
        ({}, None),
    ],
)
def test_a_body_says_whether_our_api_sent_it(
    event: str, stated: dict[str, Any], from_api: bool | None
) -> None:
    body = payload("wapi", "07") | {"event": event}
    del body["fromApi"]
    (found,) = webhooks.parse(json.dumps(body | stated).encode())
    assert isinstance(found, MessageReceived)
    assert found.from_api is from_api


def test_the_instance_of_a_body_is_named_in_any_spelling() -> None:
    webhooks.verify(raw_payload("wapi", "01"), instance_id=PRO)
    webhooks.verify(b'{"instanceid": "X-1"}', instance_id="X-1")
    assert webhooks.line_of(b'{"INSTANCEID": "X-1"}') == "X-1"
    assert webhooks.line_of(b"{}") == ""


@pytest.mark.parametrize(
    "body", [b"{}", b'{"instanceId": "other"}', b'{"instanceId": ["X-1"]}', b'{"instanceId": ""}']
)
def test_a_body_of_another_instance_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookNotAuthentic):
        webhooks.verify(body, instance_id="X-1")


def test_without_an_instance_id_of_ours_nothing_is_authentic() -> None:
    with pytest.raises(WebhookNotAuthentic):
        webhooks.verify(b'{"instanceId": ""}', instance_id="")


@pytest.mark.parametrize("body", [b"", b"not json", b"[]"])
def test_what_is_not_json_is_told_apart(body: bytes) -> None:
    with pytest.raises(WebhookNotJson):
        webhooks.verify(body, instance_id="X-1")
    with pytest.raises(WebhookNotJson):
        webhooks.parse(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"instanceId": PRO},
        {"event": "webhookReceived"},
        {"instanceId": PRO, "event": "messages.upsert"},
        {"object": "whatsapp_business_account", "entry": []},
    ],
)
def test_a_foreign_body_is_unknown(body: dict[str, Any]) -> None:
    with pytest.raises(UnknownPayload):
        webhooks.parse(json.dumps(body).encode())


@pytest.mark.parametrize("name", payload_names("wapi"))
def test_every_recorded_body_gives_one_event_of_its_line(name: str) -> None:
    assert parsed(name).line_id == payload("wapi", name)["instanceId"]


def test_01_a_text_brings_phone_and_lid_together() -> None:
    assert parsed("01") == MessageReceived(
        line_id=PRO,
        chat=CHAT,
        message_id="3EB0CA0DF2C95AA144C1D0",
        from_me=False,
        from_api=False,
        type=MessageType.TEXT,
        sender=CONTACT,
        text="oi, tudo bem?",
        sent_at=ARRIVAL,
    )


def test_02_an_image_in_the_upper_case_dialect() -> None:
    event, wire = message("02"), payload("wapi", "02")["msgContent"]["imageMessage"]
    assert (event.type, event.text) == (MessageType.IMAGE, "legenda da imagem")
    assert event.media is not None and event.media.kind is MediaKind.IMAGE
    assert event.media.media_key == base64.b64decode(wire["mediaKey"])
    assert event.media.sha256 == base64.b64decode(wire["fileSHA256"])
    assert event.media.enc_sha256 == base64.b64decode(wire["fileEncSHA256"])
    assert event.media.thumbnail == base64.b64decode(wire["JPEGThumbnail"])
    assert (event.media.direct_path, event.media.url) == (wire["directPath"], wire["URL"])
    assert (event.media.size, event.media.width, event.media.height) == (65480, 1040, 345)
    assert event.media.expires_at == datetime.fromtimestamp(0x6B000002, UTC)
    assert event.media.unavailable == ""


def test_03_a_video_is_found_behind_the_context_info() -> None:
    event = message("03")
    assert (event.type, event.text) == (MessageType.VIDEO, "legenda do vídeo")
    assert event.media is not None
    assert (event.media.duration, event.media.size, event.media.mimetype) == (5, 2101335, "video/mp4")


def test_04_a_voice_note_keeps_its_waveform() -> None:
    event = message("04")
    assert event.type is MessageType.VOICE
    assert event.media is not None and event.media.kind is MediaKind.VOICE
    assert len(event.media.waveform) == 64
    assert (event.media.mimetype, event.media.duration) == ("audio/ogg; codecs=opus", 2)


def test_05_an_own_voice_note_in_the_lower_case_dialect() -> None:
    event = message("05")
    assert event.type is MessageType.VOICE and event.from_me and event.sender is None
    assert event.media is not None
    assert len(event.media.media_key) == len(event.media.sha256) == len(event.media.enc_sha256) == 32
    assert event.chat == Chat(id=PHONE, kind=ChatKind.DIRECT, contact=Party(phone=PHONE))


def test_07_an_answer_typed_on_the_phone_is_filed_under_the_contact() -> None:
    event = message("07")
    assert event.from_me and event.sender is None
    assert event.chat == Chat(id=PHONE, kind=ChatKind.DIRECT, contact=Party(phone=PHONE))
    assert event.text == "resposta digitada no celular"
    assert event.sent_at == datetime.fromtimestamp(1789600829, UTC)


def test_08_a_delivery_is_a_status_and_never_a_disconnection() -> None:
    assert parsed("08") == StatusChanged(
        line_id=LITE,
        message_id="59360BE607459A4CD3EF",
        chat=Chat(id=LID, kind=ChatKind.DIRECT, contact=Party(lid=LID)),
        status=MessageStatus.DELIVERED,
        occurred_at=datetime.fromtimestamp(1785100092, UTC),
    )


def test_09_a_read_refers_to_the_message_of_07() -> None:
    event = parsed("09")
    assert isinstance(event, StatusChanged)
    assert (event.status, event.message_id) == (MessageStatus.READ, message("07").message_id)
    assert event.chat == Chat(id=PHONE, kind=ChatKind.DIRECT, contact=Party(phone=PHONE))


def test_10_a_connection_tells_the_number() -> None:
    assert parsed("10") == ConnectionChanged(line_id=LITE, connected=True, phone="5511900001111")


def test_11_a_disconnection_has_its_time() -> None:
    at = datetime.fromtimestamp(1785100159, UTC)
    assert parsed("11") == ConnectionChanged(line_id=LITE, connected=False, occurred_at=at)


def test_12_presence_without_an_event_name_is_ignored() -> None:
    assert parsed("12") == Ignored(line_id=LITE, reason="presence")


def test_14_our_own_lid_makes_no_contact() -> None:
    event = message("14")
    assert event.from_me and event.sender is None and event.sent_at is None
    assert event.chat == Chat(id=LID, kind=ChatKind.DIRECT, contact=Party(lid=LID))
    assert event.reply_to_id == "3EB0CA0DF2C95AA144C1D0"
    assert event.payload == {"quoted": "oi, tudo bem?"}


def test_15_the_digits_of_a_lid_are_no_phone() -> None:
    event = message("15")
    assert event.message_id == message("01").message_id
    assert event.sender == event.chat.contact == Party(lid=LID, name="Contato Exemplo")


def test_16_a_group_has_its_author_apart() -> None:
    event = message("16")
    assert event.chat == Chat(id="120363000000000001@g.us", kind=ChatKind.GROUP)
    assert event.sender == Party(phone=PHONE, name="Participante")


def test_18_a_story_is_ignored() -> None:
    assert parsed("18") == Ignored(line_id=LITE, reason="a contact's story")
    older = parsed("18", chat={"id": "status@broadcast"}, fromMe=True)
    assert older == Ignored(line_id=LITE, reason="our own story")


def test_19_protocol_traffic_is_not_shown() -> None:
    assert parsed("19") == Ignored(line_id=PRO, reason="protocol message EPHEMERAL_SYNC_RESPONSE")


def test_22_a_pressed_button_without_a_chat_belongs_to_its_sender() -> None:
    event = message("22")
    assert event.chat == Chat(id=PHONE, kind=ChatKind.DIRECT, contact=Party(phone=PHONE, lid=LID))
    assert (event.type, event.text) == (MessageType.INTERACTIVE, "Confirmar")
    assert event.payload == {"kind": "button_reply", "title": "Confirmar", "id": "80001", "index": 0}
    assert event.reply_to_id == "3EB08228C26C3604BAC68814DB39474E"


def test_23_a_reaction_names_its_message_and_its_author() -> None:
    assert parsed("23") == ReactionChanged(
        line_id=PRO,
        message_id="3EB0018C267D72F6381A2E",
        chat=CHAT,
        sender=CONTACT,
        occurred_at=datetime.fromtimestamp(1790001600, UTC),
        emoji="👍",
    )


def test_25_a_sticker_is_a_file() -> None:
    event = message("25")
    assert event.type is MessageType.STICKER and event.media is not None
    assert (event.media.mimetype, event.media.animated, event.media.size) == ("image/webp", False, 26514)


def test_a_moment_in_milliseconds_is_the_same_moment() -> None:
    assert message("01", moment="1790001234000").sent_at == ARRIVAL


def test_a_missing_moment_stays_unknown() -> None:
    assert message("01", moment=None).sent_at is None


def test_without_a_signed_path_the_key_gives_the_deadline() -> None:
    content = payload("wapi", "02")["msgContent"]
    content["imageMessage"] |= {"directPath": "/v/x.enc", "URL": ""}
    event = message("02", msgContent=content)
    key_made = datetime.fromtimestamp(1790001200, UTC)
    assert event.media is not None and event.media.expires_at == key_made + timedelta(days=30)
