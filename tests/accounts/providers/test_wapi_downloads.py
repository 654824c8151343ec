import base64
from dataclasses import replace

import pytest
import responses

from accounts.providers import errors
from accounts.providers.base import MediaLocation
from accounts.providers.events import MediaKind
from accounts.providers.wapi.client import WApi
from tests.accounts.providers.lines import IMAGE, NOW, TOKEN, WAPI, sent_body

DOWNLOAD = f"{WAPI}/message/download-media"
LINK = "https://api.w-api.app/media/file/1_image.jpeg"
JPEG = b"\xff\xd8\xff\xe0 a picture"
JPEG_TEXT = base64.b64encode(JPEG).decode()
FAILED_DOWNLOAD = "Falha ao fazer o download do conteúdo."
STICKER = replace(IMAGE, kind=MediaKind.STICKER, mimetype="image/webp")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (MediaKind.IMAGE, "image"),
        (MediaKind.VIDEO, "video"),
        (MediaKind.AUDIO, "audio"),
        (MediaKind.VOICE, "audio"),
        (MediaKind.DOCUMENT, "document"),
        (MediaKind.STICKER, "sticker"),
    ],
)
def test_download_media_is_asked_with_four_fields(
    wapi: WApi, wire: responses.RequestsMock, kind: MediaKind, word: str
) -> None:
    wire.post(DOWNLOAD, json={"error": False, "fileLink": LINK, "expires": 1790005798140})
    media = replace(IMAGE, kind=kind, mimetype="audio/ogg; codecs=opus")
    assert wapi.locate_media(media, now=NOW) == MediaLocation(url=LINK)
    assert sent_body(wire) == {
        "mediaKey": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "directPath": IMAGE.direct_path,
        "type": word,
        "mimetype": "audio/ogg; codecs=opus",
    }


@pytest.mark.parametrize(
    ("lack", "reason"),
    [
        ({"media_key": b""}, "the message brought no media key"),
        ({"direct_path": ""}, "the message brought no direct path"),
    ],
)
def test_what_cannot_be_asked_is_not_asked(
    wapi: WApi, wire: responses.RequestsMock, lack: dict[str, object], reason: str
) -> None:
    with pytest.raises(errors.RequestRejected, match=reason):
        wapi.locate_media(replace(IMAGE, **lack), now=NOW)  # type: ignore[arg-type]
    assert len(wire.calls) == 0


def test_a_missing_mimetype_does_not_lose_the_file(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(DOWNLOAD, json={"fileLink": LINK})
    wapi.locate_media(replace(IMAGE, mimetype=""), now=NOW)
    assert sent_body(wire)["mimetype"] == "image/jpeg"


def test_the_link_carries_no_token(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(DOWNLOAD, json={"fileLink": LINK})
    assert wapi.locate_media(IMAGE, now=NOW).token == ""


@pytest.mark.parametrize(
    "link",
    [
        "http://203.0.113.9:8080/media/file/1.jpeg?x=1",
        "https://203.0.113.9/media/file/1.jpeg?x=1",
        "https://store.example.com/media/file/1.jpeg?x=1",
        "https://api.w-api.app@10.0.0.1/media/file/1.jpeg?x=1",
        "//169.254.169.254/media/file/1.jpeg?x=1",
        "/media/file/1.jpeg?x=1",
    ],
)
def test_a_link_to_elsewhere_is_asked_at_the_own_host(
    wapi: WApi, wire: responses.RequestsMock, link: str
) -> None:
    wire.post(DOWNLOAD, json={"fileLink": link})
    found = wapi.locate_media(IMAGE, now=NOW)
    assert found.url == "https://api.w-api.app/media/file/1.jpeg?x=1"


def test_a_link_that_cannot_be_read_is_an_error(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(DOWNLOAD, json={"fileLink": "http://[bad/x"})
    with pytest.raises(errors.UnexpectedResponse):
        wapi.locate_media(IMAGE, now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        {"base64": JPEG_TEXT, "mimetype": "image/jpeg"},
        {"base64": f"data:image/jpeg;base64,{JPEG_TEXT}"},
        {"data": JPEG_TEXT, "mimeType": "image/jpeg"},
        {"data": {"base64": JPEG_TEXT, "mimetype": "image/jpeg"}},
        {"media": {"data": JPEG_TEXT}, "mime_type": "image/jpeg"},
        {"buffer": {"type": "Buffer", "data": list(JPEG)}, "mimetype": "image/jpeg"},
        {"file": JPEG_TEXT, "mimetype": "image/jpeg"},
        {"fileLink": f"data:image/jpeg;base64,{JPEG_TEXT}"},
    ],
)
def test_a_file_inside_the_answer_is_taken(
    wapi: WApi, wire: responses.RequestsMock, body: dict[str, object]
) -> None:
    wire.post(DOWNLOAD, json={"error": False, **body})
    found = wapi.locate_media(IMAGE, now=NOW)
    assert (found.content, found.mimetype, found.url) == (JPEG, "image/jpeg", "")


@pytest.mark.parametrize("body", [{"url": LINK}, {"data": {"fileLink": LINK}}, {"file": LINK}])
def test_a_link_is_found_under_other_names(
    wapi: WApi, wire: responses.RequestsMock, body: dict[str, object]
) -> None:
    wire.post(DOWNLOAD, json=body)
    assert wapi.locate_media(IMAGE, now=NOW).url == LINK


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream", "audio/ogg; codecs=opus"])
def test_bare_bytes_are_the_file(wapi: WApi, wire: responses.RequestsMock, content_type: str) -> None:
    wire.post(DOWNLOAD, body=JPEG, content_type=content_type)
    found = wapi.locate_media(IMAGE, now=NOW)
    assert (found.content, found.mimetype) == (JPEG, content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>maintenance</html>", "text/html"),
        ('{"error":false}', "application/json"),
        ('{"base64":"%%%"}', "application/json"),
        ('{"data":{"data":{"data":{"data":{"fileLink":"https://x"}}}}}', "application/json"),
        ("", "image/jpeg"),
    ],
)
def test_an_answer_without_a_file_is_an_error(
    wapi: WApi, wire: responses.RequestsMock, body: str, content_type: str
) -> None:
    wire.post(DOWNLOAD, body=body, content_type=content_type)
    with pytest.raises(errors.UnexpectedResponse):
        wapi.locate_media(IMAGE, now=NOW)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    "message",
    [FAILED_DOWNLOAD, {"error": False, "data": {"error": True, "message": FAILED_DOWNLOAD}}],
    ids=["flat", "nested"],
)
def test_a_failed_download_keeps_the_provider_s_sentence(
    wapi: WApi, wire: responses.RequestsMock, status: int, message: object
) -> None:
    wire.post(DOWNLOAD, status=status, json={"error": True, "message": message})
    with pytest.raises(errors.Unavailable) as caught:
        wapi.locate_media(IMAGE, now=NOW)
    assert (caught.value.reason, caught.value.status) == (FAILED_DOWNLOAD, status)
    assert len(wire.calls) == 1


def test_keys_and_paths_that_the_provider_repeats_are_left_out(
    wapi: WApi, wire: responses.RequestsMock
) -> None:
    wire.post(DOWNLOAD, status=500, json={"message": f"no file at {IMAGE.direct_path} for {TOKEN}"})
    with pytest.raises(errors.Unavailable) as caught:
        wapi.locate_media(IMAGE, now=NOW)
    assert caught.value.reason == "no file at … for …"


@pytest.mark.parametrize(
    ("alternative", "status", "body", "error"),
    [
        (False, 404, '{"error":true}', errors.MediaGone),
        (False, 404, "", errors.MediaGone),
        (False, 410, "", errors.MediaGone),
        (False, 404, "Cannot POST /v1/message/download-media", errors.Unsupported),
        (True, 404, '{"error":true}', errors.Unsupported),
        (True, 404, "Cannot POST /v1/media/download", errors.Unsupported),
        (True, 410, "", errors.MediaGone),
    ],
)
def test_a_missing_file_is_told_from_a_missing_call(
    wapi: WApi,
    wire: responses.RequestsMock,
    alternative: bool,
    status: int,
    body: str,
    error: type[Exception],
) -> None:
    wire.post(f"{WAPI}/media/download" if alternative else DOWNLOAD, status=status, body=body)
    with pytest.raises(error):
        wapi.locate_media(IMAGE, now=NOW, alternative=alternative)


def test_a_sticker_that_is_refused_is_asked_for_as_an_image(wapi: WApi, wire: responses.RequestsMock) -> None:
    as_image = responses.matchers.json_params_matcher({"type": "image"}, strict_match=False)
    as_sticker = responses.matchers.json_params_matcher({"type": "sticker"}, strict_match=False)
    wire.post(DOWNLOAD, status=500, json={"error": True}, match=[as_sticker])
    wire.post(DOWNLOAD, json={"fileLink": LINK}, match=[as_image])
    assert wapi.locate_media(STICKER, now=NOW).url == LINK


@pytest.mark.parametrize(("status", "calls"), [(500, 2), (400, 2), (503, 1), (429, 1), (401, 1)])
def test_a_sticker_costs_one_extra_call_at_most(
    wapi: WApi, wire: responses.RequestsMock, status: int, calls: int
) -> None:
    wire.post(DOWNLOAD, status=status, json={"error": True})
    with pytest.raises(errors.ProviderError):
        wapi.locate_media(STICKER, now=NOW)
    assert len(wire.calls) == calls
