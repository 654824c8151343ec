import pytest
import responses

from accounts.providers.base import OutgoingLocation, OutgoingMedia
from accounts.providers.events import MediaKind
from accounts.providers.wapi.client import WApi
from tests.accounts.providers.lines import PHONE, WAPI, sent_body

SENT = {"messageId": "3EB0AA", "insertedId": "q1"}


def test_a_text_may_quote(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(f"{WAPI}/message/send-text", json=SENT)
    assert wapi.send_text(f"{PHONE}@s.whatsapp.net", "hello", reply_to="M0", tag="7") == "3EB0AA"
    assert sent_body(wire) == {"phone": PHONE, "message": "hello", "messageId": "M0"}


@pytest.mark.parametrize(
    ("chat_id", "phone"),
    [
        (PHONE, PHONE),
        (f"+{PHONE}", PHONE),
        (f"{PHONE}@c.us", PHONE),
        ("100000000022222@lid", "100000000022222@lid"),
        ("120363000000000001@g.us", "120363000000000001@g.us"),
    ],
)
def test_groups_and_lids_keep_their_suffix(
    wapi: WApi, wire: responses.RequestsMock, chat_id: str, phone: str
) -> None:
    wire.post(f"{WAPI}/message/read-message", json={"error": False})
    wapi.mark_read(chat_id, "M1")
    assert sent_body(wire) == {"phone": phone, "messageId": "M1"}


@pytest.mark.parametrize(
    ("kind", "name", "captioned"),
    [
        (MediaKind.IMAGE, "image", True),
        (MediaKind.VIDEO, "video", True),
        (MediaKind.AUDIO, "audio", False),
        (MediaKind.VOICE, "audio", False),
        (MediaKind.STICKER, "sticker", False),
    ],
)
def test_each_kind_of_media_has_its_call(
    wapi: WApi, wire: responses.RequestsMock, kind: MediaKind, name: str, captioned: bool
) -> None:
    wire.post(f"{WAPI}/message/send-{name}", json=SENT)
    media = OutgoingMedia(kind=kind, mimetype="audio/ogg; codecs=opus", content=b"abc", caption="look")
    assert wapi.send_media(PHONE, media, reply_to="M0") == "3EB0AA"
    caption = {"caption": "look"} if captioned else {}
    source = "data:audio/ogg;base64,YWJj"
    assert sent_body(wire) == {"phone": PHONE, name: source, "messageId": "M0", **caption}


@pytest.mark.parametrize(
    ("filename", "mimetype", "extension", "shown"),
    [
        ("Contract.PDF", "application/pdf", "pdf", "Contract.PDF"),
        ("", "application/pdf", "pdf", "file.pdf"),
        ("notes", "text/plain; charset=utf-8", "txt", "notes"),
        ("what.is/this", "application/x-strange", "bin", "what.is/this"),
    ],
)
def test_a_document_says_its_extension(
    wapi: WApi, wire: responses.RequestsMock, filename: str, mimetype: str, extension: str, shown: str
) -> None:
    wire.post(f"{WAPI}/message/send-document", json=SENT)
    url = "https://hub.example.com/a"
    wapi.send_media(
        PHONE, OutgoingMedia(kind=MediaKind.DOCUMENT, mimetype=mimetype, filename=filename, url=url)
    )
    assert sent_body(wire) == {"phone": PHONE, "document": url, "extension": extension, "fileName": shown}


def test_a_location_travels_as_text(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(f"{WAPI}/message/send-location", json=SENT)
    place = OutgoingLocation(latitude=-23.55, longitude=-46.63, name="Square")
    assert wapi.send_location(PHONE, place) == "3EB0AA"
    assert sent_body(wire) == {
        "phone": PHONE,
        "latitude": "-23.55",
        "longitude": "-46.63",
        "name": "Square",
        "address": "",
    }


def test_a_contact_is_sent_by_name_and_phone(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(f"{WAPI}/message/send-contact", json=SENT)
    assert wapi.send_contact(PHONE, name="Ana", phone="+5511900004321") == "3EB0AA"
    assert sent_body(wire) == {"phone": PHONE, "contactName": "Ana", "contactPhone": "5511900004321"}


def test_a_location_and_a_contact_may_quote(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(f"{WAPI}/message/send-location", json=SENT)
    wire.post(f"{WAPI}/message/send-contact", json=SENT)
    wapi.send_location(PHONE, OutgoingLocation(latitude=1, longitude=2), reply_to="M0", tag="7")
    wapi.send_contact(PHONE, name="Ana", phone="5511900004321", reply_to="M0", tag="7")
    assert [sent_body(wire, index)["messageId"] for index in (0, 1)] == ["M0", "M0"]


@pytest.mark.parametrize(
    ("emoji", "path", "extra"),
    [("👍", "send-reaction", {"reaction": "👍"}), ("", "remove-reaction", {})],
)
def test_a_reaction_is_given_and_taken_back_by_two_calls(
    wapi: WApi, wire: responses.RequestsMock, emoji: str, path: str, extra: dict[str, str]
) -> None:
    wire.post(f"{WAPI}/message/{path}", json={"error": False})
    wapi.send_reaction(PHONE, "M1", emoji)
    assert sent_body(wire) == {"phone": PHONE, "messageId": "M1", **extra}


def test_a_text_can_be_changed(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(f"{WAPI}/message/edit-message", json={"error": False})
    wapi.edit_text(PHONE, "M1", "better")
    assert sent_body(wire) == {"phone": PHONE, "messageId": "M1", "text": "better"}
