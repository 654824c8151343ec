"""The ledger of files that are not here, and one file's page: what is told, and what can be asked for again."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Membership, User
from media.admin.changelist import CAP
from media.models import FetchAttempt, MediaFile, Rendition
from tests.media.shelves import LEDGER, LISTING, text, thumbnail
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


def everything(query: str, **more: str) -> tuple[str, dict[str, Any]]:
    asked = {"action": "download_again_action", "select_across": 1, "index": 0, "_selected_action": 0}
    return f"{LEDGER}{query}", asked | more


def test_reasons_are_counted_under_the_other_filters(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    for _ in range(2):
        make_media_file(acme.instance, "failed", cause="refused", kind="video")
    make_media_file(rival.instance, "failed", cause="lost")
    alice = browser_of("alice")

    def counts(**query: str) -> dict[str, str]:
        reasons = alice.get(LISTING, {"view": "ledger", **query}).context["cl"].reasons
        return {reason.word: reason.count for reason in reasons}

    assert counts() == {"refused": "2", "gone": "1"}
    assert counts(kind__exact="image") == {"gone": "1"}
    assert counts(cause__exact="gone") == {"refused": "2", "gone": "1"}


def test_the_ledger_tells_the_next_try_the_deadline_and_the_last_attempt(
    acme: Rows, browser_of: LogIn
) -> None:
    now = timezone.now()
    waiting = make_media_file(
        acme.instance,
        next_attempt_at=now + timedelta(hours=3, minutes=1),
        expires_at=now + timedelta(days=5, minutes=1),
    )
    for outcome, ago in (("gone", 1), ("line_down", 3)):
        FetchAttempt.objects.create(
            media_file=waiting, strategy="cdn", started_at=now - timedelta(days=ago), outcome=outcome
        )
    page = text(browser_of("bob").get(f"{LEDGER}&state__exact=pending"))
    for words in ("3\xa0hours", "5\xa0days", "1\xa0day", "cdn: gone"):
        assert words in page
    assert "line down" not in page.partition("result_list")[2]


def test_all_of_a_reason_are_asked_for_after_a_yes(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    for row in (acme, rival):
        make_media_file(row.instance, "expired", cause="gone")
    other = make_media_file(acme.instance, "failed", cause="refused")
    alice = browser_of("alice")
    page = text(alice.post(*everything("&cause__exact=gone")))
    assert "Ask for 2 files again" in page
    assert not MediaFile.objects.filter(state="pending").exists()
    alice.post(*everything("&cause__exact=gone", confirmed="yes"))
    asked = MediaFile.objects.filter(state="pending")
    assert {row.instance_id for row in asked} == {acme.instance.pk}
    assert (asked.count(), MediaFile.objects.get(pk=other.pk).state) == (2, "failed")


def test_no_more_are_asked_for_at_once_than_the_cap(acme: Rows, browser_of: LogIn) -> None:
    MediaFile.objects.bulk_create(
        MediaFile(instance=acme.instance, kind="image", state="failed", cause="lost") for _ in range(CAP + 1)
    )
    alice = browser_of("alice")
    page = text(alice.post(*everything("&cause__exact=lost")))
    assert f"Ask for {CAP} files again" in page
    assert "There are more" in page
    assert "1000+" in text(alice.get(LEDGER))
    alice.post(*everything("&cause__exact=lost", confirmed="yes"))
    assert MediaFile.objects.filter(state="pending").count() == CAP


def test_asking_once_more_goes_on_with_the_others(acme: Rows, browser_of: LogIn) -> None:
    MediaFile.objects.bulk_create(
        MediaFile(instance=acme.instance, kind="image", state="failed", cause="lost") for _ in range(CAP + 1)
    )
    alice, asked = browser_of("alice"), everything("", confirmed="yes")
    first = text(alice.post(*asked, follow=True))
    assert "1000 media files will be downloaded again. There are more" in first
    assert "state__exact=pending" in first
    second = text(alice.post(*asked, follow=True))
    assert "There are more" not in second
    assert not MediaFile.objects.filter(instance=acme.instance, state="failed").exists()


def test_the_way_back_from_a_file_leads_to_the_list_as_it_was(acme: Rows, browser_of: LogIn) -> None:
    make_ready(acme.instance, filename="menu.jpg")
    bob = browser_of("bob")
    for query, back in (("?kind__exact=image", "kind__exact=image"), ("?view=ledger", "view=ledger")):
        [address] = set(
            re.findall(
                rf'href="(/[^"]*/change/\?[^"]*{back.replace("=", "%3D")}[^"]*)"',
                text(bob.get(LISTING + query)),
            )
        )
        assert f'href="{LISTING}?{back}"' in text(bob.get(address))


@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_all_of_a_reason_is_nothing_for_others(name: str, acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    browser = browser_of(name)
    if name == "bob":
        assert "download_again_action" not in text(browser.get(LEDGER))
    browser.post(*everything("&cause__exact=gone", confirmed="yes"))
    acme.media_file.refresh_from_db()
    assert acme.media_file.state == "failed"


def test_who_only_looks_at_one_client_asks_for_nothing_of_it(
    acme: Rows, rival: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    Membership.objects.create(user=people["alice"], client=rival.client, role="viewer")
    assert "Ask for 1 file again" in text(browser_of("alice").post(*everything("&cause__exact=gone")))


def test_renditions_stand_on_the_files_page_and_are_made_again(acme: Rows, browser_of: LogIn) -> None:
    here = make_ready(acme.instance)
    failed = thumbnail(here, "failed")
    Rendition.objects.filter(pk=failed.pk).update(error="a bomb", attempts=3)
    page = text(browser_of("alice").get(f"{LISTING}{here.pk}/change/"))
    assert "a bomb" in page
    assert "Make again" in page
    browser_of("alice").post(f"{LISTING}{here.pk}/do/make-again/")
    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.error) == ("pending", 0, "")


def test_what_was_never_asked_for_is_made_too(acme: Rows, browser_of: LogIn) -> None:
    here = make_ready(acme.instance)
    browser_of("alice").post(f"{LISTING}{here.pk}/do/make-again/")
    assert [(one.kind, one.state) for one in here.renditions.all()] == [("thumbnail", "pending")]


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("charlie", 404)])
def test_others_make_nothing_again(name: str, status: int, acme: Rows, browser_of: LogIn) -> None:
    here = make_ready(acme.instance)
    response = browser_of(name).post(f"{LISTING}{here.pk}/do/make-again/")
    assert (response.status_code, here.renditions.count()) == (status, 0)
