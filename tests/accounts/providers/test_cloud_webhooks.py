import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.providers.cloud import webhooks
from accounts.providers.errors import UnknownPayload, WebhookNotAuthentic, WebhookNotJson
from accounts.providers.events import (
    Chat,
    ChatKind,
    Event,
    IdentityChanged,
    Ignored,
    LineTrouble,
    MessageReceived,
    MessageStatus,
    MessageType,
    Party,
    StatusChanged,
)
from tests.loading import payload, payload_names, raw_payload

LINE, SECRET = "800000000000001", "an app secret"
PHONE, BSUID, PARENT = "5511900000123", "BR.10000000000000000001", "BR.ENT.10000000000000000009"
CONTACT = Party(phone=PHONE, bsuids=(BSUID,), name="Contato Teste")


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def change(value: dict[str, Any], field: str = "messages", line: str = LINE) -> dict[str, Any]:
    metadata = {"metadata": {"phone_number_id": line}} if line else {}
    return {"field": field, "value": metadata | value}


def body(*changes: dict[str, Any]) -> bytes:
    entry = {"id": "900000000000001", "time": 1790000100, "changes": list(changes)}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def parsed(value: dict[str, Any], field: str = "messages", line: str = LINE) -> list[Event]:
    return webhooks.parse(body(change(value, field, line)))


def status(**facts: Any) -> StatusChanged:
    (event,) = parsed({"statuses": [{"id": "wamid.A", "status": "sent"} | facts]})
    assert isinstance(event, StatusChanged)
    return event


@pytest.mark.parametrize("header", ["X-Hub-Signature-256", "x-hub-signature-256", "X-HUB-SIGNATURE-256"])
def test_a_signature_over_the_raw_bytes_is_accepted(header: str) -> None:
    raw = raw_payload("cloud", "01")
    webhooks.verify(raw, {"Host": "x.example", header: signed(raw)}, app_secret=SECRET)


def test_the_same_json_in_other_bytes_is_not_authentic() -> None:
    raw = raw_payload("cloud", "01")
    with pytest.raises(WebhookNotAuthentic):
        webhooks.verify(
            json.dumps(json.loads(raw)).encode(), {"X-Hub-Signature-256": signed(raw)}, app_secret=SECRET
        )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": signed(b"{}")[7:]},
        {"X-Hub-Signature-256": signed(b"{}", "another secret")},
        {"X-Hub-Signature-256": signed(b"{}")[:-1]},
        {"X-Hub-Signature-256": "sha256=é"},
        {"X-Hub-Signature": signed(b"{}")},
    ],
)
def test_a_wrong_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookNotAuthentic):
        webhooks.verify(b"{}", headers, app_secret=SECRET)


def test_without_an_app_secret_nothing_is_authentic() -> None:
    with pytest.raises(WebhookNotAuthentic):
        webhooks.verify(b"{}", {"X-Hub-Signature-256": signed(b"{}", "")}, app_secret="")


def test_the_signature_is_checked_before_the_json() -> None:
    with pytest.raises(WebhookNotAuthentic):
        webhooks.verify(b"not json", {}, app_secret=SECRET)
    with pytest.raises(WebhookNotJson):
        webhooks.verify(b"not json", {"X-Hub-Signature-256": signed(b"not json")}, app_secret=SECRET)


def test_the_challenge_is_answered_with_itself() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "ours"}
    assert webhooks.answer_challenge(query, verify_token="ours") == "1158201444"


@pytest.mark.parametrize(
    ("changes", "token"),
    [
        ({"hub.verify_token": "theirs"}, "ours"),
        ({"hub.verify_token": ""}, ""),
        ({"hub.mode": "unsubscribe"}, "ours"),
        ({"hub.challenge": ""}, "ours"),
        ({"hub.verify_token": "é"}, "ours"),
    ],
)
def test_a_challenge_without_our_token_is_refused(changes: dict[str, str], token: str) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "ours"} | changes
    with pytest.raises(WebhookNotAuthentic):
        webhooks.answer_challenge(query, verify_token=token)


@pytest.mark.parametrize(
    "foreign", [{}, {"object": "page", "entry": []}, {"object": "whatsapp_business_account"}]
)
def test_a_foreign_body_is_unknown(foreign: dict[str, Any]) -> None:
    with pytest.raises(UnknownPayload):
        webhooks.parse(json.dumps(foreign).encode())


def test_20_answers_of_the_media_endpoint_are_no_webhook() -> None:
    with pytest.raises(UnknownPayload):
        webhooks.parse(raw_payload("cloud", "20"))


@pytest.mark.parametrize("name", [name for name in payload_names("cloud") if not name.startswith("20")])
def test_every_recorded_body_gives_events_of_known_lines(name: str) -> None:
    events = webhooks.parse(raw_payload("cloud", name))
    assert {event.line_id for event in events} <= {LINE, "800000000000002"}
    assert events and not any(isinstance(event, Ignored) for event in events)


def test_the_first_line_of_a_body_is_told() -> None:
    assert webhooks.line_of(raw_payload("cloud", "17")) == LINE
    assert webhooks.line_of(body(change({}, line=""), change({}, line="8"))) == "8"
    assert webhooks.line_of(b"{}") == ""


def test_17_a_batch_is_read_over_every_entry_and_change() -> None:
    events = webhooks.parse(raw_payload("cloud", "17"))
    found = [(event.line_id[-1], event.status.value) for event in events if isinstance(event, StatusChanged)]
    assert found == [
        ("1", "read"),
        ("1", "delivered"),
        ("1", "sent"),
        ("1", "played"),
        ("1", "failed"),
        ("2", "delivered"),
    ]


def test_17_a_status_knows_its_chat_its_time_and_our_tag() -> None:
    events = webhooks.parse(raw_payload("cloud", "17"))
    assert events[3] == StatusChanged(
        line_id=LINE,
        message_id="wamid.VEVTVC1GSVhUVVJFLW91dC12b2ljZQ==",
        chat=Chat(id=PHONE, kind=ChatKind.DIRECT, contact=CONTACT),
        occurred_at=datetime.fromtimestamp(1790000091, UTC),
        status=MessageStatus.PLAYED,
        tag="outbox:42",
    )


def test_17_a_failure_tells_code_and_details() -> None:
    failed = webhooks.parse(raw_payload("cloud", "17"))[4]
    assert isinstance(failed, StatusChanged)
    assert failed.error.startswith("131047: More than 24 hours have passed")


def test_17_a_groups_status_names_the_member() -> None:
    last = webhooks.parse(raw_payload("cloud", "17"))[-1]
    assert isinstance(last, StatusChanged)
    assert last.chat == Chat(id="FIXTUREGROUPID0001", kind=ChatKind.GROUP)
    assert last.participant == PHONE


@pytest.mark.parametrize("field", ["recipient_parent_user_id", "parent_recipient_user_id"])
def test_a_status_may_name_scoped_ids_only(field: str) -> None:
    event = status(recipient_user_id=BSUID, **{field: PARENT})
    assert event.chat == Chat(id=BSUID, kind=ChatKind.DIRECT, contact=Party(bsuids=(BSUID, PARENT)))


def test_a_status_without_recipient_still_counts() -> None:
    assert status().chat is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"id": "A", "status": "deleted"}, "status deleted"),
        ({"id": "A"}, "status without a word"),
        ({"status": "read"}, "a status that names no message"),
    ],
)
def test_a_status_that_says_nothing_is_ignored(facts: dict[str, str], reason: str) -> None:
    assert parsed({"statuses": [facts]}) == [Ignored(line_id=LINE, reason=reason)]


def test_19_a_complaint_about_the_line_and_an_echo_of_the_phone() -> None:
    trouble, echo = webhooks.parse(raw_payload("cloud", "19"))
    assert trouble == LineTrouble(
        line_id=LINE, code="130429", reason="Cloud API message throughput has been reached."
    )
    assert echo == MessageReceived(
        line_id=LINE,
        chat=Chat(id=PHONE, kind=ChatKind.DIRECT, contact=CONTACT),
        message_id="wamid.VEVTVC1GSVhUVVJFLWVjaG8tMQ==",
        from_me=True,
        from_api=False,
        type=MessageType.TEXT,
        text="Respondido pelo celular",
        sent_at=datetime.fromtimestamp(1790000110, UTC),
    )


def test_a_complaint_has_the_time_of_its_entry() -> None:
    (event,) = parsed({"errors": [{"code": 131000, "title": "Something went wrong"}]})
    at = datetime.fromtimestamp(1790000100, UTC)
    assert event == LineTrouble(line_id=LINE, code="131000", reason="Something went wrong", occurred_at=at)


def test_an_echo_to_a_scoped_id_finds_its_chat() -> None:
    echo = {
        "from": "5511900000001",
        "to_user_id": BSUID,
        "id": "wamid.E",
        "type": "text",
        "text": {"body": "oi"},
    }
    (event,) = parsed({"message_echoes": [echo]}, "smb_message_echoes")
    assert isinstance(event, MessageReceived)
    assert event.chat == Chat(id=BSUID, kind=ChatKind.DIRECT, contact=Party(bsuids=(BSUID,)))


@pytest.mark.parametrize(
    ("field", "place", "from_api"),
    [("smb_message_echoes", "message_echoes", False), ("message_echoes", "message_echoes", None)]
    + [("messages", "messages", None)],
)
def test_only_an_echo_of_the_phone_says_that_it_was_typed(
    field: str, place: str, from_api: bool | None
) -> None:
    text = {"from": PHONE, "to": PHONE, "id": "wamid.E", "type": "text", "text": {"body": "oi"}}
    (event,) = parsed({place: [text]}, field)
    assert isinstance(event, MessageReceived)
    assert event.from_api is from_api


@pytest.mark.parametrize(
    ("field", "line", "reason"),
    [
        ("message_template_status_update", "", "field message_template_status_update"),
        ("account_update", "", "field account_update"),
        ("history", LINE, "field history"),
        ("messages", "", "field messages names no line"),
        ("messages", LINE, "field messages without content"),
    ],
)
def test_a_field_we_do_not_use_is_ignored(field: str, line: str, reason: str) -> None:
    assert parsed({"event": "APPROVED"}, field, line) == [Ignored(line_id=line, reason=reason)]


def test_a_body_without_changes_is_ignored() -> None:
    assert webhooks.parse(body()) == [Ignored(line_id="", reason="a body without changes")]


def test_one_broken_message_does_not_lose_the_others() -> None:
    good = payload("cloud", "01")["entry"][0]["changes"][0]["value"]["messages"][0]
    broken = good | {"id": "wamid.B", "text": ["?"]}
    events = parsed({"messages": [good, "junk", broken, good | {"id": None}, good | {"id": "wamid.C"}]})
    kinds = [event.type if isinstance(event, MessageReceived) else type(event) for event in events]
    assert kinds == [MessageType.TEXT, Ignored, MessageType.UNSUPPORTED, Ignored, MessageType.TEXT]


def test_replaced_ids_are_one_person() -> None:
    update = {
        "wa_id": PHONE,
        "user_id": {"previous": BSUID, "current": "BR.2"},
        "parent_user_id": {"previous": PARENT, "current": "BR.ENT.2"},
        "timestamp": "1790000100",
    }
    (event,) = parsed({"user_id_update": [update]}, "user_id_update")
    assert event == IdentityChanged(
        line_id=LINE,
        before=Party(phone=PHONE, bsuids=(BSUID, PARENT)),
        after=Party(phone=PHONE, bsuids=("BR.2", "BR.ENT.2")),
        occurred_at=datetime.fromtimestamp(1790000100, UTC),
    )


def test_an_update_of_ids_that_says_nothing_is_ignored() -> None:
    (event,) = parsed({"user_id_update": [{"wa_id": PHONE}]}, "user_id_update")
    assert event == Ignored(line_id=LINE, reason="an update of ids that tells nothing new")
