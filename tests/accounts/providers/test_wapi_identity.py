"""Who is who in W-API's bodies: the failures of the field, one test each."""

import json
from typing import Any

import pytest

from accounts.providers.events import ChatKind, Ignored, MessageReceived, Party
from accounts.providers.wapi import webhooks

OWN_PHONE, OWN_LID = "5511900001111", "100000000011111@lid"
PHONE, LID = "5511900002222", "100000000022222@lid"


def received(**changes: Any) -> MessageReceived:
    (event,) = webhooks.parse(body(**changes))
    assert isinstance(event, MessageReceived)
    return event


def body(**changes: Any) -> bytes:
    plain = {
        "event": "webhookReceived",
        "instanceId": "X-1",
        "connectedPhone": OWN_PHONE,
        "connectedLid": OWN_LID,
        "messageId": "3EB0AA",
        "fromMe": False,
        "chat": {"id": PHONE},
        "sender": {"id": PHONE, "pushName": "Ana"},
        "msgContent": {"conversation": "oi"},
    }
    return json.dumps(plain | changes).encode()


@pytest.mark.parametrize(
    "address", [PHONE, f"+{PHONE}", f"{PHONE}@c.us", f"{PHONE}@s.whatsapp.net", f"{PHONE}:7@s.whatsapp.net"]
)
def test_a_phone_has_many_spellings(address: str) -> None:
    event = received(chat={"id": address}, sender={"id": address, "pushName": "Ana"})
    assert event.chat.id == PHONE
    assert event.chat.contact == Party(phone=PHONE, name="Ana")


def test_a_lid_of_thirteen_digits_that_looks_brazilian_is_no_phone() -> None:
    event = received(chat={"id": "5511900009999@lid"}, sender={"id": "5511900009999"})
    assert event.chat.contact == Party(lid="5511900009999@lid")
    assert event.chat.id == "5511900009999@lid"


@pytest.mark.parametrize("sender", ["100000000022222", LID, "100000000022222@c.us", "100000000022222:3@lid"])
def test_a_sender_with_its_lids_digits_is_known_by_the_lid(sender: str) -> None:
    event = received(chat={"id": "100000000022222"}, sender={"id": sender, "senderLid": LID})
    assert event.chat.contact == Party(lid=LID)
    assert event.chat.id == LID


def test_a_phone_chat_learns_the_senders_lid() -> None:
    event = received(sender={"id": "100000000022222", "senderLid": LID, "pushName": "Ana"})
    assert event.chat.contact == Party(phone=PHONE, lid=LID, name="Ana")


@pytest.mark.parametrize(
    "sender", [{"id": OWN_PHONE, "pushName": "Loja"}, {"id": "100000000011111", "senderLid": OWN_LID}]
)
def test_an_own_message_is_filed_under_its_chat_alone(sender: dict[str, str]) -> None:
    event = received(fromMe=True, chat={"id": LID}, sender=sender)
    assert event.sender is None
    assert event.chat.contact == Party(lid=LID)


def test_the_line_is_never_its_own_contact() -> None:
    event = received(sender={"id": OWN_PHONE, "senderLid": OWN_LID, "pushName": "Loja"})
    assert event.chat.contact == Party(phone=PHONE)


def test_a_delivery_is_ours_even_without_the_flag() -> None:
    event = received(event="webhookDelivery", fromMe=None, sender={"id": OWN_PHONE, "pushName": "Loja"})
    assert event.from_me and event.sender is None
    assert event.chat.contact == Party(phone=PHONE)


def test_two_people_in_one_direct_chat_are_not_made_one() -> None:
    event = received(sender={"id": "5521988887777", "senderLid": "100000000077777@lid", "pushName": "Bia"})
    assert event.chat.contact == Party(phone=PHONE)


def test_brazils_ninth_digit_does_not_make_two_people() -> None:
    event = received(sender={"id": "551100002222", "senderLid": LID, "pushName": "Ana"})
    assert event.chat.contact == Party(phone=PHONE, lid=LID, name="Ana")


@pytest.mark.parametrize(
    ("chat_id", "group_id"),
    [
        ("120363000000000001@g.us", "120363000000000001@g.us"),
        ("120363000000000001", "120363000000000001@g.us"),
        ("5511900001234-1500000000@g.us", "5511900001234-1500000000@g.us"),
        ("5511900001234-1500000000", "5511900001234-1500000000@g.us"),
    ],
)
def test_a_group_has_many_spellings(chat_id: str, group_id: str) -> None:
    event = received(
        chat={"id": chat_id, "subject": "Equipe"}, sender={"id": PHONE, "senderLid": LID, "pushName": "Ana"}
    )
    assert (event.chat.id, event.chat.kind, event.chat.title) == (group_id, ChatKind.GROUP, "Equipe")
    assert event.chat.contact is None
    assert event.sender == Party(phone=PHONE, lid=LID, name="Ana")


def test_our_own_message_in_a_group_has_no_sender() -> None:
    event = received(fromMe=True, chat={"id": "120363000000000001@g.us"}, sender={"id": OWN_PHONE})
    assert event.sender is None and event.chat.kind is ChatKind.GROUP


def test_a_channel_is_neither_group_nor_person() -> None:
    event = received(chat={"id": "120363000000000009@newsletter", "name": "Novidades"}, sender={})
    assert (event.chat.kind, event.chat.title, event.sender) == (ChatKind.CHANNEL, "Novidades", None)


def test_a_broadcast_reaches_us_in_its_senders_chat() -> None:
    assert received(chat={"id": "1500000000@broadcast"}).chat.id == PHONE


@pytest.mark.parametrize(
    "changes",
    [
        {"chat": None, "sender": None},
        {"chat": {"id": "x"}, "sender": {"id": []}},
        {"chat": None, "fromMe": True},
        {"chat": None, "isGroup": True},
        {"chat": {"id": OWN_LID[:3]}, "sender": {"id": OWN_PHONE}},
    ],
)
def test_a_message_that_names_nobody_is_filed_nowhere(changes: dict[str, Any]) -> None:
    assert webhooks.parse(body(**changes)) == [Ignored(line_id="X-1", reason="a message that names no chat")]


def test_a_message_without_an_id_is_ignored() -> None:
    assert webhooks.parse(body(messageId=" ")) == [Ignored(line_id="X-1", reason="a message without an id")]


def test_a_reply_to_our_story_is_a_customers_message() -> None:
    context = {"remoteJID": "status@broadcast", "stanzaID": "3EB0BB", "participant": OWN_LID}
    event = received(msgContent={"extendedTextMessage": {"text": "linda!", "contextInfo": context}})
    assert (event.text, event.chat.id, event.reply_to_id) == ("linda!", PHONE, "3EB0BB")


def test_keys_in_lower_case_are_read_all_the_same() -> None:
    plain = json.loads(body(sender={"id": PHONE, "senderLid": LID, "pushName": "Ana"}))
    lowered = {key.lower(): value for key, value in plain.items()}
    lowered["sender"] = {key.lower(): value for key, value in plain["sender"].items()}
    (event,) = webhooks.parse(json.dumps(lowered).encode())
    assert isinstance(event, MessageReceived)
    assert event.chat.contact == Party(phone=PHONE, lid=LID, name="Ana")


def test_the_digits_of_our_own_lid_are_no_members_phone() -> None:
    event = received(chat={"id": "120363000000000001@g.us"}, sender={"id": OWN_LID.removesuffix("@lid")})
    assert event.sender is None
