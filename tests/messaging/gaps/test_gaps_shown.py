"""Where people see a gap: in the conversations of the line, in the API, on the line's card."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from accounts.admin.trouble import reasons, troubled
from accounts.models import WhatsappInstance
from accounts.services import SILENT
from messaging.admin.gaps import open_gaps
from messaging.admin.thread import read_lines, read_thread
from messaging.models import Gap
from tests.tenants import LogIn, Rows, acme, browser_of, make_message, people, rival

__all__ = ["acme", "browser_of", "people", "rival"]
pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(hour=18, minute=0, second=0, microsecond=0) - timedelta(days=1)
HOUR = timedelta(hours=1)


def make_gap(rows: Rows, **facts: object) -> Gap:
    facts = {"started_at": NOW - 3 * HOUR, "ended_at": NOW - HOUR, "why": "silent", "taken_in": 12} | facts
    return Gap.objects.create(instance=rows.instance, **facts)


@pytest.fixture
def talk(acme: Rows) -> Rows:
    acme.conversation.messages.all().delete()
    for ago in (4, 2, 0):
        make_message(acme.conversation, text=f"{ago} hours ago", sent_at=NOW - ago * HOUR)
    return acme


def marks(rows: Rows) -> list[tuple[str, list[str]]]:
    return [(line.message.text, list(line.gaps)) for line in read_thread(rows.conversation).lines]


def test_a_gap_stands_before_the_first_message_after_its_beginning(talk: Rows) -> None:
    make_gap(talk)
    assert [bool(gaps) for _, gaps in marks(talk)] == [False, True, False]
    (told,) = marks(talk)[1][1]
    assert told.startswith("Nothing came in from this line between ")
    assert told.endswith(" and 5 p.m.; 12 messages were taken in later.")


def test_a_line_that_is_read_alone_has_its_gap_too(talk: Rows) -> None:
    make_gap(talk)
    pk = read_thread(talk.conversation).lines[1].message.pk
    assert len(read_lines(talk.conversation, [pk])[0].gaps) == 1


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"taken_in": 0}, "Nothing came in from this line between"),
        ({"taken_in": 1}, "; 1 message was taken in later."),
        ({"why": "spooled"}, "our database was away; 12 messages"),
    ],
    ids=str,
)
def test_the_sentence_says_what_is_known(facts: dict[str, object], told: str, talk: Rows) -> None:
    make_gap(talk, **facts)
    assert told in marks(talk)[1][1][0]


def test_a_moment_is_not_marked_and_what_goes_on_is_no_line_s(talk: Rows) -> None:
    make_gap(talk, ended_at=NOW - 3 * HOUR + timedelta(seconds=30))
    make_gap(talk, ended_at=None)
    assert [gaps for _, gaps in marks(talk)] == [[], [], []]


def test_who_wrote_first_after_it_missed_nothing(talk: Rows) -> None:
    make_gap(talk, started_at=NOW - 9 * HOUR)
    assert [gaps for _, gaps in marks(talk)] == [[], [], []]


def test_another_lines_gap_is_not_shown(talk: Rows, rival: Rows) -> None:
    make_gap(rival)
    assert [gaps for _, gaps in marks(talk)] == [[], [], []]


def test_however_many_there_are_they_are_one_query(talk: Rows) -> None:
    read_thread(talk.conversation)
    with assertNumQueries(4):
        read_thread(talk.conversation)
    for hours in range(2, 6):
        make_gap(talk, started_at=NOW - hours * HOUR)
    with assertNumQueries(4):
        read_thread(talk.conversation)


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (
            "silent",
            "Since 2:05 p.m. nothing has come in from this line: that is longer than is usual for it.",
        ),
        ("disconnected", "Since 2:05 p.m. nothing has come in from this line: it is not connected."),
        ("webhooks_astray", ": its webhooks are sent somewhere else."),
        ("down", "Since 2:05 p.m. nothing has come in from this line."),
    ],
)
def test_what_goes_on_has_a_sentence_of_its_own(why: str, told: str, talk: Rows, rival: Rows) -> None:
    make_gap(rival, ended_at=None)
    make_gap(talk, why=why, started_at=NOW.replace(hour=14, minute=5), ended_at=None)
    (today,) = open_gaps(talk.instance.pk, NOW)
    assert told in today
    (tomorrow,) = open_gaps(talk.instance.pk, NOW + 24 * HOUR)
    assert NOW.strftime("%m/%d/%Y 2:05 p.m.") in tomorrow


def test_a_page_and_its_news_show_at_the_end_what_goes_on(talk: Rows, browser_of: LogIn) -> None:
    make_gap(talk, ended_at=None)
    for word in ("change", "panel"):
        page = browser_of("bob").get(f"/admin/messaging/conversation/{talk.conversation.pk}/{word}/")
        before, _, after = page.content.decode().partition('data-part="gaps"')
        assert "nothing has come in from this line" in after.partition("</div>")[0]
        assert "nothing has come in" not in before


def test_the_page_shows_it(talk: Rows, browser_of: LogIn) -> None:
    make_gap(talk)
    page = browser_of("bob").get(f"/admin/messaging/conversation/{talk.conversation.pk}/change/")
    assert b"12 messages were taken in later." in page.content


def test_the_api_lists_gaps_of_a_line(talk: Rows, rival: Rows, browser_of: LogIn) -> None:
    mine, open_one = make_gap(talk), make_gap(talk, started_at=NOW, ended_at=None)
    make_gap(rival)
    browser = browser_of("bob")
    asked = {"instance": talk.instance.pk, "limit": 10}
    found = browser.get("/api/v1/gaps/", asked).json()["results"]
    assert [row["id"] for row in found] == [open_one.pk, mine.pk]
    assert (found[1]["why"], found[1]["taken_in"], found[0]["ended_at"]) == ("silent", 12, None)
    for wish, expected in (({"open": "true"}, [open_one.pk]), ({"conversation": talk.conversation.pk}, 2)):
        rows = browser.get("/api/v1/gaps/", wish).json()["results"]
        assert ([row["id"] for row in rows] if isinstance(expected, list) else len(rows)) == expected


def test_a_days_silence_alone_is_no_trouble(acme: Rows) -> None:
    """Sundays are quiet. What is unusual becomes an alarm."""
    WhatsappInstance.objects.update(last_event_at=timezone.now() - 30 * HOUR)
    acme.instance.refresh_from_db()
    assert list(reasons(acme.instance, timezone.now())) == []
    assert not WhatsappInstance.objects.filter(troubled(timezone.now()), pk=acme.instance.pk)
    WhatsappInstance.objects.update(alarm=SILENT)
    acme.instance.refresh_from_db()
    assert list(reasons(acme.instance, timezone.now())) == [SILENT]


def test_a_line_that_nothing_ever_came_from_is_told_after_a_day(acme: Rows) -> None:
    WhatsappInstance.objects.update(last_event_at=None, created_at=timezone.now() - 25 * HOUR)
    acme.instance.refresh_from_db()
    assert list(reasons(acme.instance, timezone.now())) == ["No webhook has ever arrived."]
    assert WhatsappInstance.objects.filter(troubled(timezone.now()), pk=acme.instance.pk)
