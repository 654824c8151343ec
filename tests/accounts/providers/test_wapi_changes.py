"""What happens to W-API messages after they were sent, and the noise around them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.providers.events import Ignored, MessageEdited, MessageRevoked, Party, ReactionChanged
from tests.accounts.providers.bodies import PHONE, message, parsed


@pytest.mark.parametrize("key", [{"remoteJID": PHONE, "ID": "3EB0BB"}, {"remoteJid": PHONE, "id": "3EB0BB"}])
def test_an_empty_reaction_takes_it_back(key: dict[str, str]) -> None:
    event = parsed({"reactionMessage": {"key": key, "text": ""}})
    assert isinstance(event, ReactionChanged)
    assert (event.message_id, event.emoji, event.sender) == ("3EB0BB", "", Party(phone=PHONE))


def test_our_own_reaction_has_no_sender() -> None:
    event = parsed({"reactionMessage": {"key": {"ID": "3EB0BB"}, "text": "👍"}}, fromMe=True)
    assert isinstance(event, ReactionChanged) and event.sender is None


@pytest.mark.parametrize("kind", ["REVOKE", 0, "0"])
def test_a_revoke_names_what_is_gone(kind: object) -> None:
    event = parsed({"protocolMessage": {"type": kind, "key": {"ID": "3EB0BB"}}})
    assert isinstance(event, MessageRevoked)
    assert (event.message_id, event.chat and event.chat.id) == ("3EB0BB", PHONE)
    assert event.occurred_at == datetime.fromtimestamp(1790001234, UTC)


@pytest.mark.parametrize("kind", ["MESSAGE_EDIT", 14])
@pytest.mark.parametrize(
    "edited",
    [
        {"conversation": "novo"},
        {"extendedTextMessage": {"text": "novo"}},
        {"imageMessage": {"caption": "novo"}},
        {"message": {"conversation": "novo"}},
    ],
)
def test_an_edit_brings_the_new_text(kind: object, edited: dict[str, Any]) -> None:
    protocol = {"protocolMessage": {"type": kind, "key": {"ID": "3EB0BB"}, "editedMessage": edited}}
    for content in (protocol, {"editedMessage": {"message": protocol}}):
        event = parsed(content)
        assert isinstance(event, MessageEdited)
        assert (event.message_id, event.text, event.sender) == ("3EB0BB", "novo", Party(phone=PHONE))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            {"protocolMessage": {"type": "HISTORY_SYNC_NOTIFICATION"}},
            "protocol message HISTORY_SYNC_NOTIFICATION",
        ),
        ({"protocolMessage": {"type": 3, "key": {"ID": "A"}}}, "protocol message 3"),
        ({"protocolMessage": {}}, "protocol message without a type"),
        ({"protocolMessage": {"type": "REVOKE"}}, "protocol message REVOKE"),
        ({"protocolMessage": {"type": "MESSAGE_EDIT", "key": {"ID": "A"}}}, "an edit that brings no text"),
        ({"messageStubType": "CIPHERTEXT"}, "stub CIPHERTEXT"),
        ({"messageStubType": 2}, "stub 2"),
        ({"messageContextInfo": {"messageSecret": "x"}}, "a message without content"),
        ({}, "a message without content"),
        (None, "a message without content"),
        ({"pollUpdateMessage": {"vote": {}}}, "a poll vote, which only the phones can read"),
        ({"encReactionMessage": {"encPayload": "x"}}, "a reaction that only the phones can read"),
        (
            {"albumMessage": {"expectedImageCount": 2}},
            "the announcement of an album, whose pictures come by themselves",
        ),
        ({"pinInChatMessage": {"type": 1}}, "a pin"),
        ({"senderKeyDistributionMessage": {"groupId": "x"}}, "a group's key exchange"),
        ({"reactionMessage": {"text": "👍"}}, "a reaction that names no message"),
    ],
)
def test_noise_is_not_shown_as_a_message(content: Any, reason: str) -> None:
    assert parsed(content) == Ignored(line_id="X-1", reason=reason)


def test_a_key_exchange_beside_a_text_does_not_hide_it() -> None:
    assert message({"senderKeyDistributionMessage": {"groupId": "x"}, "conversation": "oi"}).text == "oi"


def test_a_reaction_without_moment_has_its_senders_time() -> None:
    part = {"key": {"ID": "3EB0BB"}, "text": "👍", "senderTimestampMS": "1790001600000"}
    event = parsed({"reactionMessage": part}, moment=None)
    assert isinstance(event, ReactionChanged)
    assert event.occurred_at == datetime.fromtimestamp(1790001600, UTC)


@pytest.mark.parametrize(
    "content",
    [
        {"protocolMessage": {"type": "REVOKE", "key": {"ID": "3EB0BB"}}},
        {"reactionMessage": {"key": {"ID": "3EB0BB"}, "text": "x"}},
    ],
    ids=["revoke", "reaction"],
)
def test_a_change_whose_author_is_not_named_does_not_count_as_ours(content: dict[str, Any]) -> None:
    event = parsed(content, chat={"id": "120363000000000001@g.us"}, sender={"id": "nobody"}, isGroup=True)
    assert isinstance(event, Ignored)
