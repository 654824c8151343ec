"""One conversation: its lines by id and by place, what became of sends, and who is offered what."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Change, User
from media.models import Rendition
from messaging.models import Conversation, Label, Note, OutboxItem
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_message,
    make_ready,
    people,
    rival,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
INBOX = "/admin/messaging/conversation/"


def of(rows: Rows, word: str = "change") -> str:
    return f"{INBOX}{rows.conversation.pk}/{word}/"


def test_lines_are_asked_for_by_id_or_by_place(acme: Rows, browser_of: LogIn) -> None:
    start = timezone.now() - timedelta(hours=1)
    made = [
        make_message(acme.conversation, text=f"m{number}", sent_at=start + timedelta(seconds=number))
        for number in range(60)
    ]
    alice, address = browser_of("alice"), of(acme, "lines")
    chosen = alice.get(address, {"ids": f"{made[3].pk},{made[1].pk},0"}).context["thread"].lines
    assert [line.message.pk for line in chosen] == [made[1].pk, made[3].pk]
    newest = alice.get(address).context["thread"]
    older = alice.get(address, {"before": newest.older}).context["thread"].lines
    assert older[-1].message.pk == made[10].pk
    newer = alice.get(address, {"after": older[-1].place}).context["thread"].lines
    assert newer[0].message.pk == made[11].pk


def test_a_line_of_another_conversation_is_not_shown_here(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    asked = {"ids": f"{rival.message.pk},{acme.message.pk}"}
    lines = browser_of("root").get(of(acme, "lines"), asked).context["thread"].lines
    assert [line.message for line in lines] == [acme.message]


def _waits(rows: Rows, status: str, state: str, action: str = "message", **facts: Any) -> OutboxItem:
    message = make_message(
        rows.conversation, direction="outbound", sender=None, status=status, text="Hi", **facts
    )
    return OutboxItem.objects.create(
        instance=rows.instance,
        conversation=rows.conversation,
        message=message,
        action=action,
        state=state,
        error="no answer",
        content={"emoji": "👍"},
    )


@pytest.mark.parametrize(
    ("status", "state", "verbs"),
    [
        ("failed", "failed", ["send-again"]),
        ("unknown", "unknown", ["settle", "send-again", "settle"]),
        ("queued", "pending", ["cancel"]),
    ],
)
def test_a_message_that_did_not_leave_says_what_to_do(
    status: str, state: str, verbs: list[str], acme: Rows, browser_of: LogIn
) -> None:
    item = _waits(acme, status, state)
    text = browser_of("alice").get(of(acme)).content.decode()
    assert text.count(f'data-outbox="{item.pk}"') == len(verbs)
    for verb in verbs:
        assert f'data-verb="{verb}"' in text
    bobs = browser_of("bob").get(of(acme)).content.decode()
    assert "no answer" in bobs
    assert "data-outbox" not in bobs


def test_a_reaction_that_failed_can_be_tried_again(acme: Rows, browser_of: LogIn) -> None:
    item = _waits(acme, "sent", "failed", action="reaction")
    text = browser_of("alice").get(of(acme)).content.decode()
    assert f'data-outbox="{item.pk}" data-verb="send-again"' in text
    assert "Reaction 👍" in text


def test_only_what_the_provider_can_is_offered(acme: Rows, browser_of: LogIn) -> None:
    make_message(acme.conversation, direction="outbound", sender=None, text="Fresh", status="sent")
    make_message(
        acme.conversation, direction="outbound", sender=None, text="Old", status="sent",
        sent_at=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    offered = _acts(browser_of("alice").get(of(acme)))
    assert (offered.count("edit"), offered.count("delete")) == (1, 2)
    acme.instance.provider = "cloud"
    acme.instance.save()
    offered = _acts(browser_of("alice").get(of(acme)))
    assert "copy" in offered
    assert not {"edit", "delete"} & set(offered)
    assert not _acts(browser_of("bob").get(of(acme)))


def _acts(page: Any) -> list[str]:
    return " ".join(re.findall('data-acts="([^"]*)"', page.content.decode())).split()


@pytest.mark.parametrize(
    ("hours", "said"), [(1, "Free answers until"), (30, "only templates go"), (None, "only templates go")]
)
def test_the_window_for_free_answers_is_told(
    hours: int | None, said: str, acme: Rows, browser_of: LogIn
) -> None:
    acme.instance.provider = "cloud"
    acme.instance.save()
    wrote = timezone.now() - timedelta(hours=hours) if hours else None
    Conversation.objects.filter(pk=acme.conversation.pk).update(last_inbound_at=wrote)
    text = browser_of("alice").get(of(acme)).content.decode()
    assert said in text
    assert ("data-template-dialog" in text) is True


def test_a_line_that_is_off_says_so(acme: Rows, browser_of: LogIn) -> None:
    acme.instance.is_active = False
    acme.instance.save()
    assert "switched off" in browser_of("alice").get(of(acme)).content.decode()


def test_a_viewer_reads_and_leaves_no_trace(acme: Rows, browser_of: LogIn) -> None:
    Conversation.objects.filter(pk=acme.conversation.pk).update(unread_count=2)
    for name in ("bob", "alice"):
        page = browser_of(name).get(of(acme))
        assert page.context["config"]["mayOperate"] is (name == "alice")
        assert ("data-write" in page.content.decode()) is (name == "alice")
    acme.conversation.refresh_from_db()
    assert acme.conversation.unread_count == 2
    assert not Change.objects.exists()


def test_the_panel_shows_notes_and_people(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    alices = Note.objects.create(conversation=acme.conversation, author=people["alice"], text="<b>Hi</b>")
    text = browser_of("alice").get(of(acme, "panel")).content.decode()
    assert "&lt;b&gt;Hi&lt;/b&gt;" in text
    assert f'data-delete-note="{alices.pk}"' in text
    assert f'<option value="{people["bob"].pk}"' in text
    assert "charlie" not in text
    assert "data-delete-note" not in browser_of("bob").get(of(acme, "panel")).content.decode()
    assert "data-delete-note" in browser_of("mona").get(of(acme, "panel")).content.decode()


def test_labels_are_set_without_a_script_too(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    bread = Label.objects.create(client=acme.client, name="Bread")
    foreign = Label.objects.create(client=rival.client, name="Foreign")
    sent = {"status": "open", "assigned_to": "", "_continue": "1"}
    assert browser_of("alice").post(of(acme), sent | {"labels": [bread.pk]}).status_code == 302
    assert list(acme.conversation.labels.all()) == [bread]
    assert browser_of("alice").post(of(acme), sent | {"labels": [foreign.pk]}).status_code == 200
    assert list(acme.conversation.labels.all()) == [bread]


def test_players_and_pictures_use_what_was_made_for_them(acme: Rows, browser_of: LogIn) -> None:
    for kind, made in (
        ("voice", "m4a"),
        ("image", "preview"),
        ("video", "thumbnail"),
        ("document", "thumbnail"),
    ):
        media_file = make_ready(acme.instance, kind=kind, mimetype="audio/ogg")
        facts = {"instance": acme.instance, "media_file": media_file, "state": "ready", "file": "x"}
        Rendition.objects.create(kind=made, **facts)
        make_message(acme.conversation, type=kind, media=media_file)
        text = browser_of("bob").get(of(acme)).content.decode()
        assert f'="/media-files/{media_file.pk}/?rendition={made}"' in text
    assert 'type="audio/ogg; codecs=opus"' in text
