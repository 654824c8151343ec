"""Sending through the API: what is queued, what is refused, and what a refusal leaves behind."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import WhatsappInstance
from media.models import MediaFile
from messaging.models import Message, OutboxItem
from tests.messaging.api.front import errors, sample, told, write
from tests.simulator.samples import bytes_of
from tests.telling import make_cloud, stored_files
from tests.tenants import PICTURE, make_media_file, make_ready


@pytest.fixture
def cloud(acme, thread):
    """The same conversation on a line of Meta's, with an open window."""
    thread.instance, thread.last_inbound_at = make_cloud(acme.client), timezone.now()
    thread.save()
    return thread


def queued() -> tuple[Any, ...]:
    return OutboxItem.objects.get().action, Message.objects.latest("pk").status


def test_a_text_is_queued_and_shown_at_once(thread, path, front, people):
    shown = front("alice").post(path, {"text": "  Good morning!  "}, 201)
    assert (shown["type"], shown["text"], shown["status"]) == ("text", "  Good morning!  ", "queued")
    assert (shown["direction"], shown["sender"], shown["sent_by"]["id"]) == (
        "outbound",
        None,
        people["alice"].pk,
    )
    assert shown["provider_message_id"] is None
    assert [item["state"] for item in shown["outbox"]] == ["pending"]
    assert told("message") == [("message.created", shown["id"])]
    assert front("bob").get(f"conversations/{thread.pk}/")["last_message"]["id"] == shown["id"]


def test_an_answer_names_the_message_by_its_id(thread, path, front):
    quoted = write(thread, 1)[0]
    shown = front("alice").post(path, {"text": "Yes", "reply_to": quoted.pk}, 201)
    assert (shown["reply_to"]["id"], shown["reply_to"]["text"]) == (quoted.pk, "text 0")


def test_a_place_and_a_card_are_sent(path, front):
    place = {"latitude": -23.55, "longitude": -46.63, "name": "Shop", "address": "Rua A, 1"}
    shown = front("alice").post(path, {"location": place}, 201)
    assert (shown["type"], shown["payload"]["latitude"]) == ("location", -23.55)
    card = {"name": "Nina", "phone": "+55 11 98888-7777"}
    shown = front("alice").post(path, {"contact": card}, 201)
    assert (shown["type"], shown["payload"]["contacts"][0]["name"]) == ("contacts", "Nina")


def test_a_template_is_sent_where_there_are_templates(cloud, path, front):
    template = {"name": "order_ready", "language": "pt_BR", "components": [{"type": "body"}]}
    shown = front("alice").post(path, {"template": template}, 201)
    assert (shown["type"], shown["status"]) == ("template", "queued")
    assert shown["payload"] == template


@pytest.mark.parametrize(
    ("name", "mimetype", "kind"),
    [
        ("bread.jpg", "image/jpeg", "image"),
        ("receipt.png", "", "image"),
        ("receipt.png", "application/octet-stream", "image"),
        ("morning.mp4", "video/mp4", "video"),
        ("song.mp3", "audio/mpeg", "audio"),
        ("guide.pdf", "application/pdf", "document"),
        ("orders.csv", "text/csv", "document"),
        ("smile.webp", "image/webp", "document"),
    ],
)
def test_an_upload_goes_as_what_it_is(path, front, name, mimetype, kind):
    shown = front("alice").upload(path, file=sample(name, mimetype))
    assert (shown["type"], shown["status"], shown["media"]["state"]) == (kind, "queued", "ready")
    assert (shown["media"]["filename"], shown["media"]["size"]) == (name, len(bytes_of(name)))
    with MediaFile.objects.get(pk=shown["media"]["id"]).file.open() as stored:
        assert stored.read() == bytes_of(name)


def test_an_upload_goes_as_what_it_is_said_to_be(path, front):
    for name, kind in [("voice-order.ogg", "voice"), ("smile.webp", "sticker"), ("bread.jpg", "document")]:
        assert front("alice").upload(path, file=sample(name), type=kind)["type"] == kind


def test_a_caption_and_an_answer_go_with_a_picture(thread, path, front):
    quoted = write(thread, 1)[0]
    shown = front("alice").upload(path, file=sample("bread.jpg"), text="Fresh", reply_to=str(quoted.pk))
    assert (shown["text"], shown["reply_to"]["id"]) == ("Fresh", quoted.pk)


def test_a_stored_file_is_sent_once_more_as_a_row_of_its_own(acme, thread, path, front):
    stored = make_ready(acme.instance)
    first = front("alice").post(path, {"media_file": stored.pk, "text": "Look"}, 201)
    second = front("alice").post(path, {"media_file": stored.pk}, 201)
    assert (first["type"], first["text"]) == ("image", "Look")
    assert first["media"]["id"] != second["media"]["id"]


REFUSED = [
    ({}, "text"),
    ({"text": ""}, "text"),
    ({"text": " \n"}, "text"),
    ({"text": "x" * 70_000}, "text"),
    ({"text": "a\x00"}, "text"),
    ({"text": "\ud800"}, "text"),
    ({"text": ["a"]}, "text"),
    ({"text": "a", "type": "image"}, "type"),
    ({"text": "a", "type": "poll"}, "type"),
    ({"text": "a", "reply_to": 2**62}, "reply_to"),
    ({"text": "a", "reply_to": 10**40}, "reply_to"),
    ({"text": "a", "reply_to": "x"}, "reply_to"),
    ({"media_file": 2**62}, "media_file"),
    ({"media_file": 1, "location": {"latitude": 0, "longitude": 0}}, "location"),
    ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
    ({"location": {"latitude": "nan", "longitude": 0}}, "location.latitude"),
    ({"location": {"latitude": 0}}, "location.longitude"),
    ({"location": 5}, "location"),
    ({"contact": {"name": "N", "phone": "abc"}}, "contact.phone"),
    ({"contact": {"name": "N", "phone": "0" * 20}}, "contact"),
    ({"template": {"name": "n", "language": "pt", "components": [{"a": "\x00"}]}}, "template.components.0"),
    ({"template": {"name": "n", "language": "pt", "components": {}}}, "template.components"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_sent_is_named(path, front, body, field):
    problem = front("alice").post(path, body, 400)
    found = set(errors(problem))
    assert found == {field} or {name.split(".")[0] for name in found} == {field.split(".")[0]}
    assert not OutboxItem.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"5", b"{", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_object_is_refused(path, front, body):
    front("alice").post(path, body, 400)


def test_another_clients_file_does_not_exist(path, rival, front):
    stored = make_ready(rival.instance)
    assert set(errors(front("alice").post(path, {"media_file": stored.pk}, 400))) == {"media_file"}


def test_a_message_of_another_conversation_is_not_answered(acme, path, front):
    problem = front("alice").post(path, {"text": "Hi", "reply_to": acme.message.pk}, 400)
    assert errors(problem) == {"reply_to": "reply_unknown"}


def test_a_file_that_is_not_here_is_not_sent(acme, path, front):
    waiting = make_media_file(acme.instance)
    assert errors(front("alice").post(path, {"media_file": waiting.pk}, 400)) == {"media_file": "empty"}


def test_outside_the_window_only_the_window_is_told(cloud, path, front):
    cloud.last_inbound_at = timezone.now() - timedelta(hours=25)
    cloud.save()
    problem = front("alice").post(path, {"text": "Hi"}, 409)
    assert problem["code"] == "window_closed"
    assert problem["window"]["open"] is False
    assert problem["window"]["until"] is not None


def test_a_line_that_is_off_sends_nothing(acme, path, front):
    WhatsappInstance.objects.update(is_active=False)
    assert front("alice").post(path, {"text": "Hi"}, 409)["code"] == "line_off"


def test_what_a_provider_cannot_do_is_said(path, front):
    template = {"name": "order_ready", "language": "pt_BR"}
    assert front("alice").post(path, {"template": template}, 409)["code"] == "unsupported"


BAD_FILES = [
    (SimpleUploadedFile("e.jpg", b"", "image/jpeg"), {}),
    (SimpleUploadedFile("e.jpg", b"<html></html>", "image/jpeg"), {"type": "image"}),
    (
        SimpleUploadedFile("big.webp", bytes_of("smile.webp") + bytes(2 * 1024 * 1024), ""),
        {"type": "sticker"},
    ),
    (SimpleUploadedFile("p.jpg", PICTURE, "image/jpeg"), {"type": "sticker"}),
    (SimpleUploadedFile("p.jpg", PICTURE, "image/jpeg"), {"text": "x" * 2000}),
    (SimpleUploadedFile("p.jpg", PICTURE, "image/jpeg"), {"reply_to": "999999"}),
    (SimpleUploadedFile("p.jpg", PICTURE, "image/jpeg"), {"type": "poll"}),
]


@pytest.mark.parametrize(("file", "fields"), BAD_FILES, ids=lambda value: str(value)[:30])
def test_a_refused_upload_leaves_nothing_behind(path, front, media_root: Path, file, fields):
    files = MediaFile.objects.count()
    file.seek(0)
    front("alice").upload(path, 400, file=file, **fields)
    assert (MediaFile.objects.count(), OutboxItem.objects.count()) == (files, 0)
    assert not media_root.exists() or stored_files(media_root) == []


def test_an_upload_outside_the_window_leaves_nothing_behind(cloud, path, front, media_root):
    cloud.last_inbound_at = None
    cloud.save()
    problem = front("alice").upload(path, 409, file=sample("bread.jpg"))
    assert (problem["code"], problem["detail"]) == ("window_closed", "They never wrote: send a template.")
    assert not media_root.exists() or stored_files(media_root) == []


def test_a_form_without_a_file_is_refused(path, front):
    assert set(errors(front("alice").upload(path, 400, text="Hi"))) == {"file"}
    assert set(errors(front("alice").upload(path, 400, file="no file"))) == {"file"}


def test_a_file_name_is_only_a_name(path, front):
    hostile = SimpleUploadedFile("..\\..\\x/../../e\u202egpj.exe", bytes_of("guide.pdf"), "application/pdf")
    shown = front("alice").upload(path, file=hostile)
    assert "/" not in shown["media"]["filename"]
    assert "\u202e" not in shown["media"]["filename"]
