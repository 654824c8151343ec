from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, User
from media.admin.display import inline_picture, waveform_bars
from media.models import MediaFile
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_media_file,
    make_ready,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
LISTING = "/admin/media/mediafile/"
LEDGER = LISTING + "?view=ledger"


def again(media_file: MediaFile) -> str:
    return reverse("admin:media_mediafile_act", args=[media_file.pk, "download-again"])


def action(*chosen: MediaFile, everything: bool = False) -> dict[str, object]:
    picked = [media_file.pk for media_file in chosen]
    return {
        "action": "download_again_action",
        "_selected_action": picked,
        "index": 0,
        "select_across": int(everything),
        "confirmed": "yes",
    }


def state(media_file: MediaFile) -> str:
    media_file.refresh_from_db()
    return media_file.state


def test_an_operator_asks_for_a_file_again(acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("alice").post(again(acme.media_file), follow=True)
    assert "1 media file will be downloaded again" in response.content.decode()
    assert state(acme.media_file) == "pending"


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("charlie", 404)])
def test_others_cannot_ask_for_it(name: str, status: int, acme: Rows, browser_of: LogIn) -> None:
    assert browser_of(name).post(again(acme.media_file)).status_code == status
    assert state(acme.media_file) == "failed"


def test_the_action_asks_for_several(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    expired = make_media_file(acme.instance, "expired")
    browser_of("alice").post(LEDGER, action(acme.media_file, expired, rival.media_file))
    assert (state(acme.media_file), state(expired), state(rival.media_file)) == (
        "pending",
        "pending",
        "failed",
    )


def test_everything_that_matches_can_be_asked_for(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    rows = [make_media_file(acme.instance, "failed") for _ in range(60)]
    kept = make_media_file(acme.instance, "expired")
    browser_of("alice").post(f"{LEDGER}&state__exact=failed", action(rows[0], everything=True))
    assert {state(row) for row in rows} == {"pending"}
    assert (state(kept), state(rival.media_file)) == ("expired", "failed")


@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_the_action_does_nothing_for_others(name: str, acme: Rows, browser_of: LogIn) -> None:
    browser_of(name).post(LEDGER, action(acme.media_file))
    assert state(acme.media_file) == "failed"


def test_the_action_reaches_only_where_the_user_operates(
    acme: Rows, rival: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    Membership.objects.create(user=people["alice"], client=rival.client, role="viewer")
    browser_of("alice").post(LEDGER, action(acme.media_file, rival.media_file))
    assert (state(acme.media_file), state(rival.media_file)) == ("pending", "failed")


def test_the_way_back_stays_on_this_site(acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("alice")
    assert browser.post(again(acme.media_file), {"next": "/admin/"})["Location"] == "/admin/"
    evil = browser.post(again(acme.media_file), {"next": "https://example.com/"})
    assert evil["Location"] == f"{LISTING}{acme.media_file.pk}/change/"


@pytest.mark.parametrize("name", ["root", "mona"])
def test_nobody_adds_edits_or_deletes_a_file(name: str, acme: Rows, browser_of: LogIn) -> None:
    browser, page = browser_of(name), f"{LISTING}{acme.media_file.pk}"
    assert browser.get(f"{LISTING}add/").status_code == 403
    assert browser.post(f"{page}/change/", {"state": "ready"}).status_code == 403
    assert browser.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_the_page_tells_what_was_tried(acme: Rows, browser_of: LogIn) -> None:
    text = browser_of("bob").get(f"{LISTING}{acme.media_file.pk}/change/").content.decode()
    for word in ("Acme reason", "cdn", "gone", "410", "Acme contact"):
        assert word in text
    assert "Download again" not in text


def test_a_ready_file_is_shown_and_not_asked_for(acme: Rows, browser_of: LogIn) -> None:
    media_file = make_ready(acme.instance)
    text = browser_of("alice").get(f"{LISTING}{media_file.pk}/change/").content.decode()
    assert f'src="/media-files/{media_file.pk}/"' in text
    assert "Download again" not in text


def _ids(page: object) -> list[int]:
    return [row.pk for row in page.context["cl"].result_list]  # type: ignore[attr-defined]


def test_the_list_pages_both_ways_without_gap(acme: Rows, browser_of: LogIn) -> None:
    moment, browser = timezone.now() + timedelta(hours=1), browser_of("alice")
    for number in range(119):
        make_media_file(acme.instance, created_at=moment - timedelta(seconds=number // 3))
    expected = list(MediaFile.objects.filter(instance=acme.instance).values_list("pk", flat=True))
    first = browser.get(LEDGER)
    second = browser.get(LISTING + first.context["cl"].older_query)
    third = browser.get(LISTING + second.context["cl"].older_query)
    assert _ids(first) + _ids(second) + _ids(third) == expected
    assert _ids(browser.get(LISTING + third.context["cl"].newer_query)) == _ids(second)
    back = browser.get(LISTING + second.context["cl"].newer_query)
    assert (_ids(back), back.context["cl"].newer_query, third.context["cl"].older_query) == (
        _ids(first),
        "",
        "",
    )


def test_a_longer_list_costs_no_more_queries_and_no_count_without_end(acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("alice")
    with CaptureQueriesContext(connection) as few:
        browser.get(LEDGER)
    for number in range(30):
        make_media_file(acme.instance, "failed", error=f"reason {number}")
    with CaptureQueriesContext(connection) as many:
        browser.get(LEDGER)
    assert len(many) == len(few)
    counts = [query["sql"] for query in many.captured_queries if "COUNT(" in query["sql"]]
    assert all(sql.count("COUNT(*)") == sql.count("LIMIT 1001") for sql in counts)


def test_the_cause_is_a_filter(acme: Rows, browser_of: LogIn) -> None:
    other = make_media_file(acme.instance, "failed", cause="refused")
    assert _ids(browser_of("bob").get(LISTING, {"cause__exact": "refused"})) == [other.pk]


@pytest.mark.parametrize(
    ("thumbnail", "shown"),
    [
        (b"\xff\xd8\xff\xe0picture", True),
        (b"<svg onload=alert(1)>", False),
        (b"\xff\xd8\xff" + b"x" * 40_000, False),
    ],
    ids=["jpeg", "not a jpeg", "too large"],
)
def test_only_a_small_jpeg_is_shown_inline(thumbnail: bytes, shown: bool) -> None:
    assert inline_picture(MediaFile(thumbnail=thumbnail)).startswith("data:image/jpeg;base64,") is shown


def test_a_waveform_of_any_bytes_fits_its_strip() -> None:
    bars = waveform_bars(MediaFile(waveform=bytes(range(256))))
    assert len(bars) == 64
    assert all(y >= 0 and y + height <= 32 for _, y, height in bars)
