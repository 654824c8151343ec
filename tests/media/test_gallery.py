"""The gallery of media files: what it shows, to whom, and what it costs."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Usage
from media.admin.changelist import TILES
from media.models import FetchAttempt, Rendition
from tests.media.shelves import LEDGER, LISTING, ready, shown, text, thumbnail
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_media_file,
    make_message,
    make_ready,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
JPEG = b"\xff\xd8\xff\xe0picture"


def use(rows: Rows, kind: str, size: int, files: int = 1, month: str = "2026-10-01") -> None:
    Usage.objects.create(instance=rows.instance, month=month, kind=kind, files=files, bytes=size)


def test_the_gallery_has_what_is_ready_and_the_ledger_what_is_not(acme: Rows, browser_of: LogIn) -> None:
    [here] = ready(acme)
    bob = browser_of("bob")
    assert shown(bob.get(LISTING)) == [here.pk]
    assert shown(bob.get(LEDGER)) == [acme.media_file.pk]


@pytest.mark.parametrize(
    ("query", "view"),
    [
        ("?state__exact=failed", "ledger"),
        ("?cause__exact=gone", "ledger"),
        ("?state__exact=ready", "gallery"),
    ],
)
def test_a_link_to_a_state_leads_to_where_it_is(query: str, view: str, acme: Rows, browser_of: LogIn) -> None:
    cl = browser_of("bob").get(LISTING + query).context["cl"]
    assert cl.shelf == view


def test_the_switch_keeps_the_other_filters(acme: Rows, browser_of: LogIn) -> None:
    page = browser_of("bob").get(LISTING, {"kind__exact": "image", "state__exact": "failed"})
    gallery, ledger = page.context["cl"].views
    assert (gallery["selected"], ledger["selected"]) == (False, True)
    assert gallery["query_string"] == "?kind__exact=image&view=gallery"


def test_a_picture_is_shown_by_its_thumbnail_and_until_then_by_the_messages_own(
    acme: Rows, browser_of: LogIn
) -> None:
    made, waiting = ready(acme, 2, thumbnail=JPEG, size=10**7)
    thumbnail(made)
    thumbnail(waiting, "pending")
    page = text(browser_of("bob").get(LISTING))
    assert f'<img src="/media-files/{made.pk}/?rendition=thumbnail" loading="lazy"' in page
    assert f"{waiting.pk}/?rendition=thumbnail" not in page
    assert page.count('<img src="data:image/jpeg;base64,') == 1


def test_a_video_shows_its_duration_and_a_document_its_pages(acme: Rows, browser_of: LogIn) -> None:
    ready(acme, kind="video", mimetype="video/mp4", duration=75)
    ready(acme, kind="document", mimetype="application/pdf", pages=3, filename="quote.pdf")
    page = text(browser_of("bob").get(LISTING))
    assert "mc-tile-play" in page
    for words in ("1:15", "3 pages", "quote.pdf"):
        assert words in page


def test_a_voice_note_plays_in_its_tile_in_either_format(acme: Rows, browser_of: LogIn) -> None:
    [note] = ready(acme, kind="voice", mimetype="audio/ogg", waveform=bytes(range(64)), duration=5)
    Rendition.objects.create(
        instance=note.instance, media_file=note, kind="m4a", state="ready", file="v.m4a", mimetype="audio/mp4"
    )
    page = text(browser_of("bob").get(LISTING))
    assert f'<source src="/media-files/{note.pk}/" type="audio/ogg">' in page
    assert f'<source src="/media-files/{note.pk}/?rendition=m4a" type="audio/mp4">' in page
    assert page.count('<rect x="') >= 64


def test_a_hostile_name_stays_a_name(acme: Rows, browser_of: LogIn) -> None:
    ready(acme, filename='"><script>alert(1)</script>\u202egpj', mimetype='"><b>', kind="audio")
    page = text(browser_of("bob").get(LISTING))
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert '<b>"' not in page


def test_nothing_stands_inline_in_the_pages(acme: Rows, browser_of: LogIn) -> None:
    ready(acme, thumbnail=JPEG)
    for address in (LISTING, LEDGER, f"{LISTING}{acme.media_file.pk}/change/"):
        page = text(browser_of("alice").get(address))
        assert not re.search(r"<script(?![^>]*(src=|application/json))|<style|\sstyle=|\son[a-z]+=", page)


def test_a_file_leads_to_its_message(acme: Rows, browser_of: LogIn) -> None:
    [here] = ready(acme)
    message = make_message(acme.conversation, type="image", media=here)
    there = f"/admin/messaging/conversation/{acme.conversation.pk}/change/?message={message.pk}"
    for address in (LISTING, f"{LISTING}{here.pk}/change/"):
        assert there in text(browser_of("bob").get(address))


def test_months_are_ranges_in_the_users_zone(acme: Rows, browser_of: LogIn) -> None:
    last = datetime(2026, 9, 30, 23, 30, tzinfo=UTC)
    before, after = (ready(acme, created_at=last + timedelta(hours=hours))[0] for hours in (0, 1))
    bob = browser_of("bob")
    assert shown(bob.get(LISTING, {"month": "2026-09"})) == [before.pk]
    assert shown(bob.get(LISTING, {"month": "2026-10"})) == [after.pk]
    bob.cookies["timezone"] = "Asia/Tokyo"
    assert shown(bob.get(LISTING, {"month": "2026-10"})) == [after.pk, before.pk]


@pytest.mark.parametrize(
    "query",
    [
        *("month=2026-13", "month=0001-01", "month=9999-12", "month=x", "month=%00", "view=%00"),
        *("conversation=x", "conversation=9999999999999999999999", "conversation=%00"),
        *("instance__client__id__exact=x", "instance__client__id__exact=99999999999999999999"),
        *("cause__exact=%00", "state__exact=nothing", "p=older.x", "instance__name__startswith=A"),
    ],
)
def test_a_query_of_nonsense_is_no_error(query: str, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(f"{LISTING}?{query}", follow=True)
    assert response.status_code in (200, 400)


def test_a_conversations_media_are_shown_alone(acme: Rows, browser_of: LogIn) -> None:
    one, _ = ready(acme, 2)
    make_message(acme.conversation, type="image", media=one)
    bob = browser_of("bob")
    page = bob.get(LISTING, {"conversation": acme.conversation.pk})
    assert shown(page) == [one.pk]
    assert "<b>Acme contact</b>" in text(page)
    assert shown(bob.get(LISTING, {"conversation": 0})) == []


def test_client_line_and_kind_narrow_it(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    [ours], [theirs], [film] = ready(acme), ready(rival), ready(acme, kind="video")
    root = browser_of("root")
    assert shown(root.get(LISTING, {"instance__client__id__exact": rival.client.pk})) == [theirs.pk]
    assert shown(root.get(LISTING, {"instance__id__exact": acme.instance.pk})) == [film.pk, ours.pk]
    assert shown(root.get(LISTING, {"kind__exact": "video"})) == [film.pk]


@pytest.mark.parametrize("view", ["gallery", "ledger"])
def test_another_client_sees_nothing_of_it(view: str, acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    ready(acme, filename="acme-secret.jpg")
    use(acme, "image", 5_000_000)
    charlie = browser_of("charlie")
    queries: list[dict[str, Any]] = [
        {},
        {"instance__client__id__exact": acme.client.pk},
        {"instance__id__exact": acme.instance.pk},
        {"conversation": acme.conversation.pk},
    ]
    for query in queries:
        page = charlie.get(LISTING, {"view": view, **query})
        assert [
            row.instance_id for row in page.context["cl"].result_list if row.instance_id != rival.instance.pk
        ] == []
        assert "Acme" not in text(page)
        assert "acme-secret" not in text(page)
        assert "4.8\xa0MB" not in text(page)


def test_storage_is_summed_by_client_and_kind(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    use(acme, "image", 3 * 1024**2, files=2)
    use(acme, "image", 1024**2, month="2026-11-01")
    use(rival, "video", 1024**3)
    used = browser_of("root").get(LISTING).context["cl"].used
    rows = [(row.name, row.cells[0], row.cells[1], row.total) for row in used.rows]
    assert [tuple(cell.replace("\xa0", " ") for cell in row) for row in rows] == [
        ("Rival", "–", "1.0 GB", "1.0 GB"),
        ("Acme", "4.0 MB", "–", "4.0 MB"),
        ("Together", "4.0 MB", "1.0 GB", "1.0 GB"),
    ]
    assert used.files == 4
    narrowed = browser_of("root").get(LISTING, {"instance__client__id__exact": acme.client.pk})
    assert [row.name for row in narrowed.context["cl"].used.rows] == ["Acme"]


@pytest.mark.parametrize("query", ["", "?view=ledger"])
def test_more_files_cost_no_more_queries(query: str, acme: Rows, browser_of: LogIn) -> None:
    def grow(count: int) -> None:
        for media_file in ready(acme, count) + [
            make_media_file(acme.instance, "failed", cause="gone") for _ in range(count)
        ]:
            make_message(acme.conversation, type="image", media=media_file)
            thumbnail(media_file)
            FetchAttempt.objects.create(
                media_file=media_file, strategy="cdn", started_at=timezone.now(), outcome="gone"
            )

    alice = browser_of("alice")
    grow(2)
    with CaptureQueriesContext(connection) as few:
        alice.get(LISTING + query)
    grow(20)
    with CaptureQueriesContext(connection) as many:
        alice.get(LISTING + query)
    assert len(many) == len(few) <= 20


def test_the_gallery_pages_by_place(acme: Rows, browser_of: LogIn) -> None:
    ready(acme, TILES + 5)
    bob = browser_of("bob")
    first = bob.get(LISTING)
    second = bob.get(LISTING + first.context["cl"].older_query)
    assert (len(shown(first)), len(shown(second))) == (TILES, 5)
    assert not set(shown(first)) & set(shown(second))
