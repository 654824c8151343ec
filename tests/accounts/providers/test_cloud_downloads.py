import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import responses

from accounts.providers import errors
from accounts.providers.cloud.client import Cloud
from accounts.providers.events import MediaDescriptor, MediaKind
from tests.accounts.providers.lines import CLOUD, CLOUD_ID, NOW, TOKEN, sent_query

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "cloud"
ANSWERS = json.loads((PAYLOADS / "20-media-get-responses.json").read_text())
SUM = hashlib.sha256(b"a picture").digest()
LOOKASIDE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&source=webhook"
FRESH = f"{LOOKASIDE}&ext={int(NOW.timestamp()) + 240}&hash=h"
STALE = f"{LOOKASIDE}&ext={int(NOW.timestamp()) + 5}&hash=h"
MEDIA_ID = "600000000000004"
LOOK_UP = f"{CLOUD}/{MEDIA_ID}"
PICTURE = MediaDescriptor(kind=MediaKind.IMAGE, mimetype="image/jpeg", media_id=MEDIA_ID, sha256=SUM)


def found_at(url: str, **more: Any) -> dict[str, Any]:
    return ANSWERS["get_media_200"] | {"url": url} | more


def test_the_webhook_s_address_is_used_while_it_is_fresh(cloud: Cloud, wire: responses.RequestsMock) -> None:
    found = cloud.locate_media(replace(PICTURE, url=FRESH), now=NOW)
    assert (found.url, found.token, found.sha256, found.mimetype) == (FRESH, TOKEN, SUM, "image/jpeg")
    assert len(wire.calls) == 0


@pytest.mark.parametrize(
    "url", ["", STALE, LOOKASIDE, f"{LOOKASIDE}&ext=soon", f"{LOOKASIDE}&ext={10**18}", "http://["]
)
def test_any_other_address_is_asked_for_anew(cloud: Cloud, wire: responses.RequestsMock, url: str) -> None:
    wire.get(LOOK_UP, json=ANSWERS["get_media_200"])
    found = cloud.locate_media(replace(PICTURE, url=url), now=NOW)
    assert (found.url, found.token) == (ANSWERS["get_media_200"]["url"], TOKEN)
    assert sent_query(wire) == {"phone_number_id": [CLOUD_ID]}


def test_the_webhook_s_address_is_not_trusted_without_a_sum(
    cloud: Cloud, wire: responses.RequestsMock
) -> None:
    wire.get(LOOK_UP, json=ANSWERS["get_media_200"])
    found = cloud.locate_media(replace(PICTURE, url=FRESH, sha256=b""), now=NOW)
    assert found.url == ANSWERS["get_media_200"]["url"]


@pytest.mark.parametrize("told", [SUM.hex(), SUM.hex().upper(), base64.b64encode(SUM).decode()])
def test_the_sum_is_read_in_both_spellings(cloud: Cloud, wire: responses.RequestsMock, told: str) -> None:
    wire.get(LOOK_UP, json=found_at(FRESH, sha256=told))
    found = cloud.locate_media(replace(PICTURE, sha256=b""), now=NOW)
    assert found.sha256 == SUM


@pytest.mark.parametrize("told", ["", "abcd", None, 7])
def test_a_sum_that_is_none_leaves_the_webhook_s(
    cloud: Cloud, wire: responses.RequestsMock, told: object
) -> None:
    wire.get(LOOK_UP, json=found_at(FRESH, sha256=told))
    assert cloud.locate_media(PICTURE, now=NOW).sha256 == SUM


@pytest.mark.parametrize(
    "url",
    [
        "https://lookaside.fbsbx.com/a",
        "https://scontent.xx.fbcdn.net/a",
        "https://graph.facebook.com/a",
        "https://gateway.example.com/a",
        "http://gateway.example.com:8080/a",
    ],
)
def test_the_token_goes_to_meta_and_to_listed_hosts(
    cloud: Cloud, wire: responses.RequestsMock, url: str
) -> None:
    wire.get(LOOK_UP, json=found_at(url))
    assert cloud.locate_media(PICTURE, now=NOW).token == TOKEN


@pytest.mark.parametrize(
    "url",
    [
        "https://mmg.whatsapp.net/a",
        "https://evil.example.com/a",
        "https://lookaside.fbsbx.com.evil.example/a",
        "https://lookaside.fbsbx.com@evil.example/a",
        "https://evilfbsbx.com/a",
        "http://lookaside.fbsbx.com/a",
        "//lookaside.fbsbx.com/a",
    ],
)
def test_the_token_goes_nowhere_else(cloud: Cloud, wire: responses.RequestsMock, url: str) -> None:
    wire.get(LOOK_UP, json=found_at(url))
    found = cloud.locate_media(PICTURE, now=NOW)
    assert (found.url, found.token) == (url, "")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, ANSWERS["get_media_400_gone_or_foreign"], errors.MediaGone),
        (400, {"error": {"code": 33}}, errors.MediaGone),
        (404, {}, errors.MediaGone),
        (401, ANSWERS["get_media_401_token"], errors.CredentialsRejected),
        (400, {"error": {"code": 190}}, errors.CredentialsRejected),
        (400, {"error": {"code": 131008}}, errors.RequestRejected),
        (400, {"error": {"code": 4}}, errors.Unavailable),
        (200, {"id": MEDIA_ID}, errors.UnexpectedResponse),
    ],
)
def test_a_refused_look_up_says_why(
    cloud: Cloud, wire: responses.RequestsMock, status: int, body: Any, error: type[Exception]
) -> None:
    wire.get(LOOK_UP, status=status, json=body)
    with pytest.raises(errors.ProviderError) as caught:
        cloud.locate_media(PICTURE, now=NOW)
    assert type(caught.value) is error


@pytest.mark.parametrize("media_id", ["../me", "1/2", "1?fields=token", "ç", "1" * 300])
def test_a_media_id_cannot_lead_to_another_path(
    cloud: Cloud, wire: responses.RequestsMock, media_id: str
) -> None:
    with pytest.raises(errors.RequestRejected):
        cloud.locate_media(replace(PICTURE, media_id=media_id), now=NOW)
    assert len(wire.calls) == 0


def test_an_ended_address_without_an_id_is_gone(cloud: Cloud) -> None:
    with pytest.raises(errors.MediaGone) as caught:
        cloud.locate_media(replace(PICTURE, media_id="", url=STALE), now=NOW)
    assert caught.value.since is not None
    assert int(caught.value.since.timestamp()) == int(NOW.timestamp()) + 5
