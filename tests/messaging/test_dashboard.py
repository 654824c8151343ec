from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Client, Membership, Usage, User, WhatsappInstance
from accounts.reach import reach_of
from accounts.windows import window_over
from media.models import FetchAttempt, MediaFile
from media.services.measuring import quantile
from messaging.admin import charts
from messaging.admin.dashboard import span
from messaging.models import Message, OutboxItem, WebhookDelivery, WebhookEndpoint, WebhookEvent
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_media_file,
    make_message,
    make_ready,
    make_user,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def board(browser_of: LogIn, name: str = "bob", **query: Any) -> Any:
    response = browser_of(name).get("/admin/", query)
    assert response.status_code == 200
    return response.context["board"]


def chart(board: Any, key: str) -> Any:
    return next(one for one in board["charts"] if one.key == key)


def totals(board: Any, key: str) -> list[str]:
    return [one.total for one in chart(board, key).series]


def counted(board: Any, word: str) -> list[str]:
    return next(
        [f"{one.text} {one.word}" for one in row.cells] for row in board["backlog"] if row.word == word
    )


def test_messages_are_drawn_by_hour_and_direction(acme: Rows, browser_of: LogIn) -> None:
    make_message(acme.conversation, direction="outbound")
    make_message(acme.conversation, sent_at=timezone.now() - timedelta(hours=3))
    make_message(acme.conversation, sent_at=timezone.now() - timedelta(hours=26))
    shown = chart(board(browser_of), "messages")
    assert totals(board(browser_of), "messages") == ["2", "1"]
    assert [column.values for column in shown.columns if column.parts] == [["1", "0"], ["1", "1"]]
    assert len(shown.columns) == 24


def test_files_are_drawn_by_what_became_of_them(acme: Rows, browser_of: LogIn) -> None:
    make_ready(acme.instance, ready_at=timezone.now(), strategy="cdn")
    make_media_file(acme.instance)
    make_media_file(acme.instance, "expired", created_at=timezone.now() - timedelta(days=2))
    assert totals(board(browser_of), "files") == ["1", "1", "1"]


def test_the_time_to_a_file_is_told_by_line_and_strategy(acme: Rows, browser_of: LogIn) -> None:
    told_at = timezone.now() - timedelta(minutes=2)
    for seconds in (2, 4, 90):
        ready_at = told_at + timedelta(seconds=seconds)
        media_file = make_ready(acme.instance, created_at=told_at, ready_at=ready_at, strategy="provider")
        FetchAttempt.objects.create(
            media_file=media_file, strategy="provider", started_at=told_at, outcome="ok"
        )
    rows = {row.meter.strategy: row for row in board(browser_of)["lines"]}
    assert (rows["provider"].median, rows["provider"].slow, rows["provider"].meter.percent) == (
        "4 s",
        "2 min",
        100,
    )
    assert (rows["cdn"].median, rows["cdn"].meter.percent) == ("–", 0)


@pytest.mark.parametrize("name", ["bob", "alice", "mona"])
def test_the_numbers_of_other_clients_are_never_shown(
    name: str, acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    for _ in range(3):
        make_message(rival.conversation)
        make_ready(rival.instance, ready_at=timezone.now(), strategy="cdn")
    Usage.objects.create(
        instance=rival.instance, month=timezone.now().date().replace(day=1), kind="image", bytes=10**6
    )
    shown = board(browser_of, name)
    assert (totals(shown, "messages"), totals(shown, "files")) == (["1", "0"], ["0", "0", "1"])
    assert [row.text for row in shown["causes"]] == ["1"]
    assert (shown["storage"], {row.line for row in shown["lines"]}) == ([], {"Acme line"})
    assert counted(shown, "Webhook events") == ["0 wait", "1 failed"]
    assert "Rival" not in browser_of(name).get("/admin/").content.decode()


def test_who_has_several_clients_chooses_one(
    acme: Rows, rival: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    Membership.objects.create(user=people["bob"], client=rival.client, role="viewer")
    assert totals(board(browser_of), "messages") == ["2", "0"]
    shown = board(browser_of, client=str(rival.client.pk))
    assert totals(shown, "messages") == ["1", "0"]
    assert f"instance__client__id__exact={rival.client.pk}" in shown["causes"][0].address
    assert [row.line for row in shown["lines"]] == ["Rival line"]


@pytest.mark.parametrize("chosen", ["0", "x", "9" * 40, "²", "-1", "1 or 1", "\x00", "12345678"])
def test_a_foreign_choice_shows_what_is_ones_own(
    chosen: str, acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    assert totals(board(browser_of, client=chosen), "messages") == ["1", "0"]
    assert totals(board(browser_of, client=str(rival.client.pk)), "messages") == ["1", "0"]


def test_the_backlog_tells_what_waits_and_since_when(acme: Rows, browser_of: LogIn) -> None:
    long_ago = timezone.now() - timedelta(hours=2)
    WebhookEvent.objects.create(instance=acme.instance, body=b"", received_at=long_ago)
    facts = {"instance": acme.instance, "conversation": acme.conversation, "message": acme.message}
    for state in ("pending", "unknown", "failed", "sent"):
        OutboxItem.objects.create(action="read", state=state, **facts)
    shown = board(browser_of)
    assert counted(shown, "Webhook events") == ["1 wait", "1 failed"]
    assert counted(shown, "Sends") == ["1 wait", "1 in doubt", "1 failed"]
    assert (shown["oldest"], shown["is_late"]) == (long_ago, True)


def test_what_waits_for_a_line_that_is_off_is_not_late(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(is_active=False)
    WebhookEvent.objects.create(
        instance=acme.instance, body=b"", received_at=timezone.now() - timedelta(hours=2)
    )
    shown = board(browser_of)
    assert (counted(shown, "Webhook events"), shown["is_late"]) == (["0 wait", "1 failed"], False)


def test_deliveries_are_told_to_managers_only(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    for client in (acme.client, rival.client):
        endpoint = WebhookEndpoint.objects.create(client=client, url="https://a.example/")
        WebhookDelivery.objects.create(endpoint=endpoint, event_type="message.created", body="{}")
    assert counted(board(browser_of, "mona"), "Webhooks out") == ["1 wait", "0 failed"]
    assert "Webhooks out" not in [row.word for row in board(browser_of, "alice")["backlog"]]


def test_storage_is_told_by_client_or_by_kind(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    month = timezone.now().date().replace(day=1)
    for instance, kind, size in (
        (acme.instance, "image", 2048),
        (acme.instance, "video", 512),
        (rival.instance, "image", 1),
    ):
        Usage.objects.create(instance=instance, month=month, kind=kind, bytes=size)
    of_root = [(row.label, row.percent) for row in board(browser_of, "root")["storage"]]
    assert of_root == [("Acme", 100.0), ("Rival", 0.0)]
    of_bob = [(row.label, row.text.replace("\xa0", " ")) for row in board(browser_of)["storage"]]
    assert of_bob == [("Image", "2.0 KB"), ("Video", "512 bytes")]


@pytest.mark.parametrize("name", ["bob", "mona", "root"])
def test_every_number_leads_to_a_list(name: str, acme: Rows, browser_of: LogIn) -> None:
    shown = board(browser_of, name)
    series = [one.address for one in chart(shown, "messages").series + chart(shown, "files").series]
    cells = [cell.address for row in shown["backlog"] for cell in row.cells]
    rows = [row.address for row in (*shown["causes"], *shown["states"], *shown["lines"])]
    for address in {*series, *cells, *rows, shown["lines_address"], shown["troubles_address"]}:
        assert browser_of(name).get(address).status_code == 200, address


def test_a_list_behind_a_number_has_that_many_rows(acme: Rows, browser_of: LogIn) -> None:
    make_media_file(acme.instance)
    for figure in board(browser_of)["states"]:
        assert str(browser_of("bob").get(figure.address).context["cl"].result_count) == figure.text


@pytest.mark.parametrize("name", ["mona", "root"])
def test_more_of_everything_costs_no_more_queries(name: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of(name)
    with CaptureQueriesContext(connection) as few:
        browser.get("/admin/")
    for number in range(12):
        client = Client.objects.create(name=f"C{number}", slug=f"c{number}")
        line = WhatsappInstance.objects.create(
            client=client if name == "root" else acme.client,
            name=f"L{number}",
            provider="wapi",
            instance_id=f"l{number}",
        )
        FetchAttempt.objects.create(
            media_file=make_media_file(line, "failed", cause="lost"),
            strategy="cdn",
            started_at=timezone.now(),
            outcome="ok",
        )
        make_message(acme.conversation)
    with CaptureQueriesContext(connection) as many:
        browser.get("/admin/")
    assert len(many) == len(few) <= 32


def test_an_empty_platform_says_what_to_do(db: None, client: Any) -> None:
    client.force_login(User.objects.create_superuser("first"))
    text = client.get("/admin/").content.decode()
    assert "Start with a client" in text
    assert '<svg class="mc-chart"' not in text


def test_a_client_without_traffic_has_empty_charts(acme: Rows, browser_of: LogIn) -> None:
    quiet = Client.objects.create(name="Quiet", slug="quiet")
    WhatsappInstance.objects.create(client=quiet, name="Q", provider="wapi", instance_id="q")
    make_user("quinn", quiet)
    browser = browser_of("bob")
    browser.force_login(User.objects.get(username="quinn"))
    response = browser.get("/admin/")
    assert [one.is_empty for one in response.context["board"]["charts"]] == [True, True, True]
    assert "Nothing in the last 24 hours." in response.content.decode()


def test_hostile_names_are_only_text(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(name="<img src=x onerror=alert(1)>\u202e")
    Client.objects.update(name="</option><script>alert(1)</script>")
    Client.objects.create(name="<b>other</b>", slug="other")
    text = browser_of("root").get("/admin/").content.decode()
    assert [bad for bad in ("<img src=x", "<script>alert", "<b>other", "\u202e") if bad in text] == []


def test_charts_are_told_to_those_who_do_not_see_them(acme: Rows, browser_of: LogIn) -> None:
    text = browser_of("bob").get("/admin/").content.decode()
    assert 'role="img" aria-labelledby="mc-chart-messages-t mc-chart-messages-d"' in text
    assert "1 received, 0 sent." in text
    assert text.count("As a table") == 2


def test_a_window_ends_where_too_much_lies_in_it(acme: Rows) -> None:
    for minutes in range(5):
        make_message(acme.conversation, sent_at=NOON - timedelta(minutes=minutes))
    rows = Message.objects.all()
    since = NOON - timedelta(hours=1)
    assert window_over(rows, "sent_at", since=since, most=10**6).since == since
    cut = window_over(rows.filter(sent_at__lte=NOON), "sent_at", since=since, most=3)
    assert (cut.since, cut.is_cut) == (NOON - timedelta(minutes=3), True)


def test_a_superuser_reaches_everything_without_a_list(
    acme: Rows, rival: Rows, people: dict[str, User]
) -> None:
    WhatsappInstance.objects.filter(pk=rival.instance.pk).update(is_active=False)
    everything = reach_of(people["root"])
    assert (everything.lines, everything.live) == (None, (acme.instance.pk,))
    assert reach_of(people["alice"]).narrow(MediaFile.objects.all()).get() == acme.media_file
    assert reach_of(people["root"], rival.client).lines == (rival.instance.pk,)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (1, 1), (3, 5), (21, 25), (101, 200), (0.3, 0.5), (9999, 10_000)]
)
def test_an_axis_ends_at_a_round_number(most: float, top: float) -> None:
    assert charts.round_top(most) == pytest.approx(top)


@pytest.mark.parametrize(("most", "top"), [(0, 1), (5, 10), (61, 120), (90_000, 172_800)])
def test_an_axis_of_time_ends_at_a_round_time(most: float, top: float) -> None:
    assert charts.round_span(most) == top


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0 s"), (1.25, "1.2 s"), (59, "59 s"), (150, "2 min"), (5400, "1.5 h")]
)
def test_a_span_is_told_in_one_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.95, 10), (0.01, 1), (1, 10)])
def test_a_quantile_is_a_value_that_occurred(share: float, value: int) -> None:
    assert quantile(range(1, 11), share) == value


def test_bars_stand_on_each_other_and_fill_the_field() -> None:
    series = [charts.Series("a", "a", "in"), charts.Series("b", "b", "out")]
    hours = charts.hours_until(NOON, 24)
    drawn = charts.bars("k", "t", series, hours, {(hours[-1], "a"): 6, (hours[-1], "b"): 4})
    lower, upper = drawn.columns[-1].parts
    assert (lower.y + lower.height, upper.y + upper.height, upper.y) == (100, lower.y, 0)
    assert (hours[0], hours[-1]) == (NOON.replace(minute=0) - timedelta(hours=23), NOON.replace(minute=0))
