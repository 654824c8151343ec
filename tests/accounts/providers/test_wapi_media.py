"""Files in W-API messages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.providers.events import Ignored, MediaKind, MessageType
from tests.accounts.providers.bodies import FILE, KEY, message, parsed


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"imageMessage": FILE}, MediaKind.IMAGE),
        ({"videoMessage": FILE}, MediaKind.VIDEO),
        ({"ptvMessage": FILE}, MediaKind.VIDEO),
        ({"audioMessage": FILE | {"PTT": True}}, MediaKind.VOICE),
        ({"audioMessage": FILE | {"ptt": True}}, MediaKind.VOICE),
        ({"audioMessage": FILE | {"PTT": False}}, MediaKind.AUDIO),
        ({"audioMessage": FILE}, MediaKind.AUDIO),
        ({"documentMessage": FILE}, MediaKind.DOCUMENT),
        ({"stickerMessage": FILE}, MediaKind.STICKER),
        ({"lottieStickerMessage": {"message": {"stickerMessage": FILE}}}, MediaKind.STICKER),
        ({"associatedChildMessage": {"message": {"imageMessage": FILE}}}, MediaKind.IMAGE),
        ({"deviceSentMessage": {"destinationJid": "x", "message": {"imageMessage": FILE}}}, MediaKind.IMAGE),
    ],
)
def test_a_file_has_the_kind_of_its_message(content: dict[str, Any], kind: MediaKind) -> None:
    event = message(content)
    assert event.media is not None and event.media.kind is kind
    assert event.type == kind.value
    assert event.media.unavailable == ""


def test_a_gif_is_an_animated_video() -> None:
    event = message({"videoMessage": FILE | {"gifPlayback": True, "seconds": 5}})
    assert event.media is not None and event.media.animated
    assert event.payload == {"gif": True}


def test_a_lottie_sticker_is_animated() -> None:
    event = message({"stickerMessage": FILE | {"isLottie": True}})
    assert event.media is not None and event.media.animated


def test_a_document_keeps_its_name_its_pages_and_its_caption() -> None:
    part = FILE | {"fileName": "a.pdf", "caption": "segue", "pageCount": 3, "fileLength": "183456"}
    event = message({"documentWithCaptionMessage": {"message": {"documentMessage": part}}})
    assert event.media is not None and event.text == "segue"
    assert (event.media.filename, event.media.pages, event.media.size) == ("a.pdf", 3, 183456)


def test_a_document_without_a_name_goes_by_its_title() -> None:
    event = message({"documentMessage": FILE | {"title": "contrato.pdf"}})
    assert event.media is not None and event.media.filename == "contrato.pdf"


@pytest.mark.parametrize("wrapper", ["viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension"])
def test_a_view_once_without_a_key_says_why_no_file_will_come(wrapper: str) -> None:
    event = message({wrapper: {"message": {"imageMessage": {"viewOnce": True, "mimetype": "image/jpeg"}}}})
    assert event.media is not None
    assert event.media.unavailable == "view once: the phone does not hand out the key"
    assert event.payload == {"view_once": True}


def test_a_view_once_with_its_key_can_be_fetched() -> None:
    event = message({"viewOnceMessageV2": {"message": {"imageMessage": FILE}}})
    assert event.media is not None and event.media.unavailable == ""


def test_a_file_without_an_address_cannot_be_fetched() -> None:
    event = message({"imageMessage": {"mediaKey": KEY}})
    assert event.media is not None and event.media.unavailable == "the message does not say where its file is"


def test_plain_media_of_a_channel_needs_no_key() -> None:
    event = message({"imageMessage": {"directPath": "/v/x"}}, chat={"id": "120363000000000009@newsletter"})
    assert event.media is not None and event.media.unavailable == ""


def test_a_picture_in_a_header_is_a_file_like_any_other() -> None:
    part = {"header": {"imageMessage": FILE}, "body": {"text": "Promoção"}}
    event = message({"interactiveMessage": part})
    assert (event.type, event.text) == (MessageType.IMAGE, "Promoção")
    assert event.media is not None and event.media.media_key == bytes(range(32))


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_second_copy_of_an_hd_video_is_skipped(wrapped: bool) -> None:
    info = {"messageAssociation": {"associationType": "HD_VIDEO_DUAL_UPLOAD"}}
    content: dict[str, Any] = {"messageContextInfo": info, "videoMessage": FILE}
    if wrapped:
        content = {"messageContextInfo": info, "associatedChildMessage": {"message": {"videoMessage": FILE}}}
    assert parsed(content) == Ignored(line_id="X-1", reason="the second copy of an HD upload")


def test_wrappers_in_wrappers_are_opened() -> None:
    content: dict[str, Any] = {"imageMessage": FILE | {"caption": "oi"}}
    for wrapper in ("viewOnceMessageV2", "ephemeralMessage", "groupMentionedMessage", "botInvokeMessage"):
        content = {wrapper: {"message": content}}
    assert message(content).text == "oi"


def test_no_key_of_a_file_shows_in_a_representation() -> None:
    event = message({"imageMessage": FILE})
    assert KEY not in repr(event) and repr(bytes(range(32))) not in repr(event)


@pytest.mark.parametrize(
    "content",
    [
        {"viewOnceMessage": {"message": {"videoMessage": {"mimetype": "video/mp4"}}}},
        {"videoMessage": {"mimetype": "video/mp4", "viewOnce": True}},
    ],
)
def test_either_the_wrapper_or_the_flag_makes_a_view_once(content: dict[str, Any]) -> None:
    event = message(content)
    assert event.payload == {"view_once": True}
    assert event.media is not None and event.media.unavailable.startswith("view once")


def test_the_address_tells_the_deadline_when_the_path_does_not() -> None:
    part = {
        "mediaKey": KEY,
        "URL": "https://mmg.whatsapp.net/v/x.enc?oe=6B000002",
        "mediaKeyTimestamp": "1790001200",
    }
    event = message({"imageMessage": part})
    assert event.media is not None
    assert event.media.expires_at == datetime.fromtimestamp(0x6B000002, UTC)
