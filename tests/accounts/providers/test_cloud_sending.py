from typing import Any

import pytest
import responses

from accounts.providers import errors
from accounts.providers.base import OutgoingLocation, OutgoingMedia
from accounts.providers.cloud.client import Cloud
from accounts.providers.events import MediaKind
from tests.accounts.providers.lines import CLOUD, CLOUD_ID, PHONE, sent_body

MESSAGES = f"{CLOUD}/{CLOUD_ID}/messages"
UPLOADS = f"{CLOUD}/{CLOUD_ID}/media"
SENT = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": f"+{PHONE}", "wa_id": PHONE}],
    "messages": [{"id": "wamid.1"}],
}
TO_PERSON = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": f"+{PHONE}"}


def test_a_text_may_quote_and_carry_a_tag(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.post(MESSAGES, json=SENT)
    assert cloud.send_text(PHONE, "hello", reply_to="wamid.0", tag="outbox-7") == "wamid.1"
    assert sent_body(wire) == TO_PERSON | {
        "type": "text",
        "text": {"body": "hello"},
        "context": {"message_id": "wamid.0"},
        "biz_opaque_callback_data": "outbox-7",
    }


@pytest.mark.parametrize(
    ("chat_id", "address"),
    [
        (PHONE, {"recipient_type": "individual", "to": f"+{PHONE}"}),
        (f"+{PHONE}", {"recipient_type": "individual", "to": f"+{PHONE}"}),
        ("BR.10000000000000000001", {"recipient_type": "individual", "recipient": "BR.10000000000000000001"}),
        ("BR.ENT.1000000001", {"recipient_type": "individual", "recipient": "BR.ENT.1000000001"}),
        ("FIXTUREGROUPID0001", {"recipient_type": "group", "to": "FIXTUREGROUPID0001"}),
    ],
)
def test_each_kind_of_recipient_has_its_field(
    cloud: Cloud, wire: responses.RequestsMock, chat_id: str, address: dict[str, str]
) -> None:
    wire.post(MESSAGES, json=SENT)
    cloud.send_text(chat_id, "hello")
    body = sent_body(wire)
    assert {name: body[name] for name in ("recipient_type", "to", "recipient") if name in body} == address


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        (MediaKind.IMAGE, "image", {"caption": "look"}),
        (MediaKind.VIDEO, "video", {"caption": "look"}),
        (MediaKind.AUDIO, "audio", {}),
        (MediaKind.VOICE, "audio", {"voice": True}),
        (MediaKind.DOCUMENT, "document", {"caption": "look", "filename": "a.pdf"}),
        (MediaKind.STICKER, "sticker", {}),
    ],
)
def test_each_kind_of_media_has_its_object(
    cloud: Cloud, wire: responses.RequestsMock, kind: MediaKind, name: str, content: dict[str, Any]
) -> None:
    wire.post(MESSAGES, json=SENT)
    url = "https://hub.example.com/a"
    media = OutgoingMedia(kind=kind, mimetype="any/type", filename="a.pdf", caption="look", url=url)
    assert cloud.send_media(PHONE, media, tag="7") == "wamid.1"
    expected = {"type": name, name: {"link": url, **content}, "biz_opaque_callback_data": "7"}
    assert sent_body(wire) == TO_PERSON | expected


def test_a_file_is_uploaded_first(cloud: Cloud, wire: responses.RequestsMock) -> None:
    form = responses.matchers.multipart_matcher(
        {"file": ("file", b"abc", "image/png")}, {"messaging_product": "whatsapp", "type": "image/png"}
    )
    wire.post(UPLOADS, json={"id": "77"}, match=[form])
    wire.post(MESSAGES, json=SENT)
    cloud.send_media(PHONE, OutgoingMedia(kind=MediaKind.IMAGE, mimetype="image/png", content=b"abc"))
    assert sent_body(wire, 1)["image"] == {"id": "77"}


@pytest.mark.parametrize("mimetype", ["audio/ogg", "audio/ogg; codecs=opus", "audio/OGG;codecs=opus"])
def test_ogg_is_uploaded_with_its_codec(cloud: Cloud, wire: responses.RequestsMock, mimetype: str) -> None:
    wire.post(UPLOADS, json={"id": "77"})
    wire.post(MESSAGES, json=SENT)
    cloud.send_media(PHONE, OutgoingMedia(kind=MediaKind.VOICE, mimetype=mimetype, content=b"abc"))
    assert b"Content-Type: audio/ogg; codecs=opus\r\n" in (wire.calls[0].request.body or b"")


@pytest.mark.parametrize("answer", [{}, {"id": ""}])
def test_an_upload_without_an_id_sends_nothing(
    cloud: Cloud, wire: responses.RequestsMock, answer: dict[str, str]
) -> None:
    wire.post(UPLOADS, json=answer)
    with pytest.raises(errors.UnexpectedResponse):
        cloud.send_media(PHONE, OutgoingMedia(kind=MediaKind.IMAGE, mimetype="image/png", content=b"abc"))
    assert len(wire.calls) == 1


@pytest.mark.parametrize("emoji", ["👍", ""])
def test_an_empty_emoji_takes_a_reaction_back(cloud: Cloud, wire: responses.RequestsMock, emoji: str) -> None:
    wire.post(MESSAGES, json=SENT)
    cloud.send_reaction(PHONE, "wamid.0", emoji)
    expected = {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": emoji}}
    assert sent_body(wire) == TO_PERSON | expected


def test_a_message_is_marked_as_read(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.post(MESSAGES, json={"success": True})
    cloud.mark_read(PHONE, "wamid.0")
    assert sent_body(wire) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.0",
    }


def test_a_location_is_sent_in_numbers(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.post(MESSAGES, json=SENT)
    cloud.send_location(PHONE, OutgoingLocation(latitude=-23.55, longitude=-46.63, name="Square"))
    place = {"latitude": -23.55, "longitude": -46.63, "name": "Square"}
    assert sent_body(wire) == TO_PERSON | {"type": "location", "location": place}


def test_a_location_and_a_contact_may_quote_and_carry_a_tag(
    cloud: Cloud, wire: responses.RequestsMock
) -> None:
    wire.post(MESSAGES, json=SENT)
    place = OutgoingLocation(latitude=1, longitude=2)
    cloud.send_location(PHONE, place, reply_to="wamid.0", tag="7")
    cloud.send_contact(PHONE, name="Ana", phone="5511900004321", reply_to="wamid.0", tag="7")
    for index in (0, 1):
        body = sent_body(wire, index)
        assert (body["context"], body["biz_opaque_callback_data"]) == ({"message_id": "wamid.0"}, "7")


@pytest.mark.parametrize(
    "components", [[], [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]]
)
def test_a_template_goes_by_its_name_and_language(
    cloud: Cloud, wire: responses.RequestsMock, components: list[dict[str, Any]]
) -> None:
    wire.post(MESSAGES, json=SENT)
    name = "order_ready"
    assert (
        cloud.send_template(PHONE, name=name, language="pt_BR", components=components, tag="7") == "wamid.1"
    )
    filled = {"components": components} if components else {}
    template = {"name": name, "language": {"code": "pt_BR"}, **filled}
    expected = {"type": "template", "template": template, "biz_opaque_callback_data": "7"}
    assert sent_body(wire) == TO_PERSON | expected


def test_a_contact_is_sent_as_a_card(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.post(MESSAGES, json=SENT)
    cloud.send_contact(PHONE, name="Ana", phone="5511900004321")
    card = sent_body(wire)["contacts"][0]
    assert card["name"] == {"formatted_name": "Ana", "first_name": "Ana"}
    assert card["phones"] == [{"phone": "+5511900004321", "wa_id": "5511900004321", "type": "CELL"}]
