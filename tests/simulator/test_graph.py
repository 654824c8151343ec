import hashlib
import hmac

import pytest
import requests

from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.conftest import Inbox
from tests.simulator.server import Simulator
from tests.simulator.world import Line, Person, StoredFile

ANA = Person("Ana", "5511900003333", bsuid="BR.10000000000000000001")
BEARER = {"Authorization": "Bearer cloud-token"}


@pytest.fixture
def file(sim: Simulator, cloud_line: Line) -> StoredFile:
    return sim.world.sample_file(cloud_line, "quote.pdf")


def ask(sim: Simulator, path: str, **query: str) -> requests.Response:
    return requests.get(f"{sim.cloud_base}/{path}", params=query, headers=BEARER, timeout=30)


def tell(sim: Simulator, path: str, body: object) -> requests.Response:
    return requests.post(f"{sim.cloud_base}/{path}", json=body, headers=BEARER, timeout=30)


def test_a_media_id_gives_an_address_and_a_hex_sum(sim: Simulator, file: StoredFile) -> None:
    found = ask(sim, file.id).json()
    assert (found["sha256"], found["file_size"]) == (file.sha256.hex(), file.plain.size)
    assert requests.get(found["url"], headers=BEARER, timeout=30).content == file.plain.data


def test_an_address_without_the_token_is_refused(sim: Simulator, file: StoredFile) -> None:
    answer = requests.get(ask(sim, file.id).json()["url"], timeout=30)
    assert (answer.status_code, answer.json()["title"]) == (401, "Authentication Error")


def test_an_address_lives_five_minutes(sim: Simulator, file: StoredFile) -> None:
    url = ask(sim, file.id).json()["url"]
    sim.world.clock_offset += 301
    assert requests.get(url, headers=BEARER, timeout=30).status_code == 404


def test_a_media_id_lives_seven_days(sim: Simulator, file: StoredFile) -> None:
    sim.world.clock_offset += 7 * 86_400 + 1
    answer = ask(sim, file.id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_another_lines_file_is_not_told(sim: Simulator, file: StoredFile) -> None:
    assert ask(sim, file.id, phone_number_id="800000000000009").status_code == 400


def test_a_wrong_token_is_error_190(sim: Simulator, file: StoredFile) -> None:
    answer = requests.get(f"{sim.cloud_base}/{file.id}", headers={"Authorization": "Bearer no"}, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


def test_a_sent_text_leads_to_signed_statuses(sim: Simulator, cloud_line: Line, inbox: Inbox) -> None:
    cloud_line.use_webhook(inbox.url)
    body = {"messaging_product": "whatsapp", "to": "+5511900003333", "type": "text", "text": {"body": "olá"}}
    sent = tell(sim, f"{cloud_line.id}/messages", {**body, "biz_opaque_callback_data": "outbox:1"}).json()
    inbox.wait_for(3)
    statuses = [found["entry"][0]["changes"][0]["value"]["statuses"][0] for found in inbox.bodies]
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    assert {status["id"] for status in statuses} == {sent["messages"][0]["id"]}
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"outbox:1"}


def test_the_signature_covers_the_escaped_bytes(sim: Simulator, cloud_line: Line, inbox: Inbox) -> None:
    cloud_line.use_webhook(inbox.url)
    sim.courier.deliver(cloud_line, CloudComposer(sim.world, cloud_line).text(ANA, "ação 👍"))
    headers, raw = inbox.raw[0]
    expected = hmac.new(b"app-secret", raw, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert b"a\\u00e7\\u00e3o \\ud83d\\udc4d" in raw


def test_a_read_receipt_is_taken(sim: Simulator, cloud_line: Line) -> None:
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}
    assert tell(sim, f"{cloud_line.id}/messages", body).json() == {"success": True}
    assert sim.world.sent == []
    assert [seen.line_id for seen in sim.world.seen("read-message")] == [cloud_line.id]


def text_to(to: str, **more: object) -> dict[str, object]:
    return {"messaging_product": "whatsapp", "type": "text", "text": {"body": "olá"}, "to": to, **more}


def template_to(to: str, **template: object) -> dict[str, object]:
    return {"messaging_product": "whatsapp", "type": "template", "template": template, "to": to}


def code_of(answer: requests.Response) -> int:
    return int(answer.json().get("error", {}).get("code", 0))


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ({"name": "hi", "language": {"code": "en"}}, 0),
        ({"name": "", "language": {"code": "en"}}, 100),
        ({"name": "hi", "language": "en"}, 100),
        ({"name": "hi", "language": {}}, 100),
        ({"name": "hi"}, 100),
        ({}, 100),
    ],
)
def test_a_template_needs_its_name_and_language(
    sim: Simulator, cloud_line: Line, template: dict[str, object], code: int
) -> None:
    answer = tell(sim, f"{cloud_line.id}/messages", template_to(ANA.phone, **template))
    assert (code_of(answer), len(sim.world.sent)) == (code, int(not code))


def test_who_has_not_written_for_a_day_gets_templates_only(sim: Simulator, cloud_line: Line) -> None:
    sim.world.enforces_window = True
    path, at = f"{cloud_line.id}/messages", sim.world.now() - 86_000
    assert code_of(tell(sim, path, text_to(ANA.phone))) == 131047
    CloudComposer(sim.world, cloud_line).text(ANA, "hi", at=at)
    assert code_of(tell(sim, path, text_to(f"+{ANA.phone}"))) == 0
    assert code_of(tell(sim, path, text_to("", recipient=ANA.bsuid))) == 0
    sim.world.clock_offset += 500
    assert code_of(tell(sim, path, text_to(ANA.phone))) == 131047
    assert code_of(tell(sim, path, template_to(ANA.phone, name="hi", language={"code": "en"}))) == 0


def test_our_own_words_open_no_window(sim: Simulator, cloud_line: Line) -> None:
    sim.world.enforces_window = True
    CloudComposer(sim.world, cloud_line).text(ANA, "hi", from_me=True)
    sim.world.heard("another-line", ANA)
    assert code_of(tell(sim, f"{cloud_line.id}/messages", text_to(ANA.phone))) == 131047


def test_a_pair_is_held_back_for_a_while(sim: Simulator, cloud_line: Line) -> None:
    sim.world.pair_limit, path = 2, f"{cloud_line.id}/messages"
    codes = [code_of(tell(sim, path, text_to(ANA.phone))) for _ in range(3)]
    assert codes == [0, 0, 131056]
    assert code_of(tell(sim, path, text_to("5511900009999"))) == 0
    sim.world.clock_offset += 271
    assert code_of(tell(sim, path, text_to(ANA.phone))) == 0


def test_a_reaction_is_taken(sim: Simulator, cloud_line: Line) -> None:
    reaction = {"message_id": "wamid.X", "emoji": ""}
    body = {"messaging_product": "whatsapp", "to": ANA.phone, "type": "reaction", "reaction": reaction}
    assert tell(sim, f"{cloud_line.id}/messages", body).status_code == 200
    assert [sent.kind for sent in sim.world.sent] == ["reaction"]


def test_an_upload_gives_an_id_that_can_be_sent(sim: Simulator, cloud_line: Line) -> None:
    form = {"messaging_product": "whatsapp", "type": "application/pdf"}
    files = {"file": ("ação.pdf", b"%PDF-1.4 \r\n example", "application/pdf")}
    url = f"{sim.cloud_base}/{cloud_line.id}/media"
    media_id = requests.post(url, data=form, files=files, headers=BEARER, timeout=30).json()["id"]
    body = {
        "messaging_product": "whatsapp",
        "to": "5511900003333",
        "type": "document",
        "document": {"id": media_id},
    }
    assert tell(sim, f"{cloud_line.id}/messages", body).status_code == 200
    assert sim.world.sent[0].file is not None
    assert sim.world.sent[0].file.plain.data == b"%PDF-1.4 \r\n example"


def test_an_unknown_media_id_is_not_sent(sim: Simulator, cloud_line: Line) -> None:
    body = {"messaging_product": "whatsapp", "to": "5511900003333", "type": "image", "image": {"id": "1"}}
    assert tell(sim, f"{cloud_line.id}/messages", body).json()["error"]["code"] == 131053


def test_the_webhook_address_is_set_and_read_back(sim: Simulator, cloud_line: Line) -> None:
    wanted = {"override_callback_uri": "http://127.0.0.1/hook", "verify_token": "v"}
    tell(sim, cloud_line.id, {"webhook_configuration": wanted})
    found = ask(sim, cloud_line.id, fields="webhook_configuration").json()
    assert found["webhook_configuration"]["phone_number"] == "http://127.0.0.1/hook"


def test_meta_asks_back_before_it_takes_an_address(sim: Simulator, cloud_line: Line) -> None:
    sim.world.verifies_webhooks = True
    wanted = {"override_callback_uri": f"{sim.url}/nothing-here", "verify_token": "v"}
    answer = tell(sim, cloud_line.id, {"webhook_configuration": wanted})
    assert (answer.status_code, cloud_line.webhooks) == (400, {})
