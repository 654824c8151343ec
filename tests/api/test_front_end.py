"""A front end that knows only the document, against the demo with all its processes."""

import re

import pytest

from tests.api.front_end import Api, Inbox, Refused
from tests.test_scripts import env, only_demo, pytestmark, start

__all__ = ["env", "only_demo", "pytestmark", "start"]
OPERATOR = r"padaria-aurora +(\S+)"


@pytest.fixture
def inbox(only_demo, start):
    demo = start("demo.py")
    address = demo.said(r"The demo runs on (http://[^/]+)")[1]
    inbox = Inbox(Api(address))
    inbox.log_in("padaria-aurora", demo.said(OPERATOR)[1])
    return inbox


def test_an_inbox_is_written_from_the_document_alone(inbox):
    changes = inbox.changes()
    assert next(changes)["event"] == "hello"
    first = inbox.wait_for(changes, is_new)
    conversation = next(one for one in inbox.conversations() if one["id"] == first["conversation"])
    assert first["id"] in {message["id"] for message in inbox.messages(conversation)}
    sent = inbox.send(conversation, "Bom dia, o pedido sai às dez.", key="front-end-1")
    assert sent["status"] == "queued"
    read = inbox.wait_for(changes, lambda told: told["object_id"] == sent["id"] and is_read(told))
    assert read["text"] == "Bom dia, o pedido sai às dez."
    assert inbox.send(conversation, "Bom dia, o pedido sai às dez.", key="front-end-1")["id"] == sent["id"]
    came = inbox.wait_for(changes, is_new)
    assert came["conversation"] in {one["id"] for one in inbox.conversations()}
    assert inbox.listen_to(voice_note(inbox, changes)).startswith(b"OggS")
    with pytest.raises(Refused, match="404"):
        inbox.messages({"id": 999_999})


def is_read(told):
    return told["type"].startswith("message.") and told["object"]["status"] == "read"


def is_new(told):
    return told["type"] == "message.created" and told["object"]["direction"] == "inbound"


def voice_note(inbox, changes):
    """One that is there, or the next that comes."""
    if notes := inbox.voice_notes():
        return notes[0]
    return inbox.wait_for(changes, lambda told: re.match("media", told["type"]) and is_a_note(told["object"]))


def is_a_note(media_file):
    return media_file["kind"] == "voice" and media_file["state"] == "ready"
