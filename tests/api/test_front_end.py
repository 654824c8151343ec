"""A front end that knows only the document, against the demo with all its processes."""

import re

import pytest
import requests

from tests.api.front_end import Api, Inbox, Refused
from tests.test_scripts import env, only_demo, pytestmark, start

__all__ = ["env", "only_demo", "pytestmark", "start"]
OPERATOR = r"padaria-aurora +(\S+)"
LINE = "AURORA-DEMO01-WAPI01"


@pytest.fixture
def demo(only_demo, start):
    return start("demo.py")


@pytest.fixture
def inbox(demo):
    address = demo.said(r"The demo runs on (http://[^/]+)")[1]
    inbox = Inbox(Api(address))
    inbox.log_in("padaria-aurora", demo.said(OPERATOR)[1])
    return inbox


@pytest.fixture
def customer_writes(demo):
    """Another person's phone, as the simulator plays it."""
    address = demo.said(r"simulator: ready at (\S+)")[1]

    def write(text):
        requests.post(f"{address}/_sim/say", json={"line": LINE, "text": text}, timeout=30).raise_for_status()

    return write


def test_an_inbox_is_written_from_the_document_alone(inbox, customer_writes):
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
    customer_writes("Chegou agora há pouco!")
    came = inbox.wait_for(
        changes, lambda told: is_new(told) and told["object"]["text"].startswith("Chegou agora")
    )
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
