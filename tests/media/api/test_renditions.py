"""Renditions for front ends: told with their file, and served like it."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from media.models import MediaFile, Rendition
from media.storage import storage
from tests.media.api.asking import body
from tests.media.rendering import made, make_all, sample, states
from tests.tenants import LogIn, Rows

pytestmark = pytest.mark.once


@pytest.fixture
def voice(acme: Rows) -> MediaFile:
    return sample(acme.instance, "voice-order.ogg")


@pytest.fixture
def cake(acme: Rows) -> MediaFile:
    media_file = sample(acme.instance, "cake.jpg")
    make_all()
    return media_file


def content(browser: Browser, media_file: MediaFile, kind: str, **headers: str) -> Any:
    return read(
        browser, f"/api/v1/media/{media_file.pk}/content/?{urlencode({'rendition': kind})}", **headers
    )


def read(browser: Browser, address: str, **headers: str) -> Any:
    """To its end, so that nothing stays open."""
    answer: Any = browser.get(address, headers=headers)
    answer.all = body(answer)
    return answer


def test_a_file_tells_what_is_made_of_it(acme: Rows, cake: MediaFile, browser_of: LogIn) -> None:
    told = browser_of("alice").get(f"/api/v1/media/{cake.pk}/").json()
    assert told["renditions"] == [
        {
            "kind": "thumbnail",
            "state": "ready",
            "mimetype": "image/webp",
            "width": 320,
            "height": 240,
            "size": made(cake).size,
            "url": f"/api/v1/media/{cake.pk}/content/?rendition=thumbnail",
        }
    ]


def test_what_is_not_made_yet_has_no_address(acme: Rows, voice: MediaFile, browser_of: LogIn) -> None:
    told = browser_of("alice").get(f"/api/v1/media/{voice.pk}/").json()["renditions"]
    assert [(one["kind"], one["state"], one["url"]) for one in told] == [
        ("m4a", "pending", None),
        ("waveform", "pending", None),
    ]


def test_a_page_of_files_costs_no_more_queries_with_renditions(
    acme: Rows, browser_of: LogIn, django_assert_max_num_queries: Any
) -> None:
    browser = browser_of("alice")
    for _ in range(12):
        sample(acme.instance, "voice-order.ogg")
    with django_assert_max_num_queries(12):
        told = browser.get("/api/v1/media/").json()["results"]
    assert sum(len(one["renditions"]) for one in told) == 24


def test_the_address_leads_to_the_rendition(acme: Rows, cake: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    address = browser.get(f"/api/v1/media/{cake.pk}/").json()["renditions"][0]["url"]
    answer = read(browser, address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert answer["Content-Disposition"] == f'inline; filename="thumbnail-{cake.pk}.webp"'
    assert len(answer.all) == made(cake).size


def test_an_m4a_is_had_in_parts(acme: Rows, voice: MediaFile, browser_of: LogIn) -> None:
    make_all()
    answer = content(browser_of("alice"), voice, "m4a", Range="bytes=4-10")
    assert (answer.status_code, answer["Content-Type"]) == (206, "audio/mp4")
    assert answer.all == b"ftypM4A"


def test_a_known_rendition_is_not_sent_again_until_it_is_made_anew(
    acme: Rows, cake: MediaFile, browser_of: LogIn
) -> None:
    browser = browser_of("alice")
    etag = content(browser, cake, "thumbnail")["ETag"]
    assert etag != read(browser, f"/api/v1/media/{cake.pk}/content/")["ETag"]
    assert content(browser, cake, "thumbnail", **{"If-None-Match": etag}).status_code == 304
    Rendition.objects.update(ready_at=timezone.now().replace(year=2030))
    assert content(browser, cake, "thumbnail", **{"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["m4a", "waveform", "preview", "thumbnail", "", "x" * 900, "nul\0", "ü", "1"]
)
def test_what_there_is_not_is_a_404_that_says_so(
    acme: Rows, voice: MediaFile, browser_of: LogIn, kind: str
) -> None:
    answer = content(browser_of("alice"), voice, kind)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_rendition")


def test_a_waveform_is_no_file(acme: Rows, voice: MediaFile, browser_of: LogIn) -> None:
    make_all()
    assert content(browser_of("alice"), voice, "waveform").status_code == 404


def test_other_clients_renditions_are_not_there(rival: Rows, cake: MediaFile, browser_of: LogIn) -> None:
    answer = content(browser_of("charlie"), cake, "thumbnail")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_lost_rendition_is_made_again(acme: Rows, cake: MediaFile, browser_of: LogIn) -> None:
    storage().delete(made(cake).file.name)
    assert content(browser_of("alice"), cake, "thumbnail").status_code == 404
    assert states(cake) == {"thumbnail": "pending"}
    make_all()
    assert content(browser_of("alice"), cake, "thumbnail").status_code == 200


def test_a_thumbnail_outlives_its_original(acme: Rows, cake: MediaFile, browser_of: LogIn) -> None:
    MediaFile.objects.filter(pk=cake.pk).update(state="missing")
    assert content(browser_of("alice"), cake, "thumbnail").status_code == 200


def test_a_link_leads_to_renditions_too(acme: Rows, cake: MediaFile, browser_of: LogIn) -> None:
    address = browser_of("alice").post(f"/api/v1/media/{cake.pk}/link/").json()["url"]
    answer = read(Browser(), f"{address}?rendition=thumbnail")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")


def test_the_web_server_is_told_where_a_rendition_lies(
    acme: Rows, cake: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY = "accel"
    answer = content(browser_of("alice"), cake, "thumbnail")
    assert answer["X-Accel-Redirect"].endswith(f"/renditions/{cake.pk}_thumbnail.webp")


def test_people_get_renditions_at_the_files_page(acme: Rows, cake: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("alice")
    shown = read(browser, f"/media-files/{cake.pk}/?rendition=thumbnail")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    lacking = read(browser, f"/media-files/{cake.pk}/?rendition=preview")
    assert (lacking.status_code, lacking["Content-Type"]) == (404, "text/plain")
