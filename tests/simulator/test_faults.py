import time
from typing import Any

import pytest
import requests

from tests.simulator.conftest import Inbox
from tests.simulator.server import Simulator
from tests.simulator.world import Line, StoredFile


@pytest.fixture
def file(sim: Simulator, wapi_line: Line) -> StoredFile:
    return sim.world.sample_file(wapi_line, "cake.jpg")


@pytest.fixture
def url(sim: Simulator, file: StoredFile) -> str:
    return sim.cdn_base + file.direct_path


def test_a_status_takes_the_place_of_the_answer_for_some_times(file: StoredFile, url: str) -> None:
    file.fault(status=503, retry_after="7", times=2)
    answers = [requests.get(url, timeout=30) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_a_cut_ends_the_body_early(file: StoredFile, url: str) -> None:
    file.fault(cut_at=5000, times=1)
    answer = requests.get(url, timeout=30, stream=True)
    assert int(answer.headers["Content-Length"]) == file.stored.size
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="5000 bytes read"):
        answer.content  # noqa: B018
    assert requests.get(url, timeout=30).content == file.stored.data


def test_a_reset_breaks_the_connection(file: StoredFile, url: str) -> None:
    file.fault(reset_at=5000)
    with pytest.raises(requests.exceptions.RequestException, match="reset by peer"):
        requests.get(url, timeout=30)


def test_a_stall_sends_no_more(file: StoredFile, url: str) -> None:
    file.fault(stall_at=5000)
    with pytest.raises(requests.exceptions.ConnectionError, match="Read timed out"):
        requests.get(url, timeout=0.3)


def test_a_flipped_bit_stays_where_it_is_in_the_file(file: StoredFile, url: str) -> None:
    file.fault(flip_at=2000)
    whole = requests.get(url, timeout=30).content
    resumed = requests.get(url, headers={"Range": "bytes=1500-"}, timeout=30).content
    assert [place for place, byte in enumerate(whole) if byte != file.stored.data[place]] == [2000]
    assert whole[1500:] == resumed


def test_a_truncated_file_is_short_and_says_so(file: StoredFile, url: str) -> None:
    file.fault(truncate_at=700)
    answer = requests.get(url, timeout=30)
    assert answer.headers["Content-Length"] == "700"
    assert answer.content == file.stored.data[:700]


def test_a_page_comes_instead_of_the_file(file: StoredFile, url: str) -> None:
    file.fault(html=True)
    answer = requests.get(url, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_redirect_leads_elsewhere(file: StoredFile, url: str) -> None:
    file.fault(redirect="http://127.0.0.1:1/elsewhere")
    answer = requests.get(url, timeout=30, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:1/elsewhere")


def test_an_expired_file_is_refused(file: StoredFile, url: str) -> None:
    file.fault(expired=True)
    assert requests.get(url, timeout=30).status_code == 403


def test_a_server_without_ranges_sends_everything(file: StoredFile, url: str) -> None:
    file.fault(no_range=True)
    answer = requests.get(url, headers={"Range": "bytes=1000-"}, timeout=30)
    assert (answer.status_code, len(answer.content)) == (200, file.stored.size)


def test_a_wrong_length_is_declared(file: StoredFile, url: str) -> None:
    file.fault(content_length=file.stored.size + 10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="10 more expected"):
        requests.get(url, timeout=30)


@pytest.mark.parametrize("facts", [{"delay": 0.3}, {"slow": 90_000}], ids=["delayed", "slow"])
def test_time_passes_before_the_file_is_there(file: StoredFile, url: str, facts: dict[str, Any]) -> None:
    file.fault(**facts)
    began = time.monotonic()
    assert requests.get(url, timeout=30).content == file.stored.data
    assert time.monotonic() - began > 0.25


def send_text(sim: Simulator, line: Line) -> requests.Response:
    asked = {"instanceId": line.id}
    headers = {"Authorization": f"Bearer {line.token}"}
    body = {"phone": "5511900002222", "message": "oi"}
    return requests.post(
        f"{sim.wapi_base}/message/send-text", params=asked, json=body, headers=headers, timeout=30
    )


def test_a_connection_hung_up_has_sent_nothing(sim: Simulator, wapi_line: Line) -> None:
    sim.world.fault("send-text", hang_up=True, times=1)
    with pytest.raises(requests.ConnectionError):
        send_text(sim, wapi_line)
    assert sim.world.sent == []
    assert send_text(sim, wapi_line).status_code == 200


def test_a_message_may_leave_without_an_answer(sim: Simulator, wapi_line: Line, inbox: Inbox) -> None:
    wapi_line.use_webhook(inbox.url)
    sim.world.fault("send-text", accepts=True, hang_up=True)
    with pytest.raises(requests.ConnectionError):
        send_text(sim, wapi_line)
    echo, *statuses = inbox.wait_for(4)
    assert (echo["messageId"], echo["fromApi"]) == (sim.world.sent[0].id, True)
    assert [status["status"] for status in statuses] == ["SERVER", "DELIVERY", "READ"]


@pytest.mark.parametrize(("accepts", "count"), [(True, 1), (False, 0)])
def test_a_message_may_leave_and_be_answered_as_lost(
    sim: Simulator, wapi_line: Line, accepts: bool, count: int
) -> None:
    sim.world.fault("send-text", accepts=accepts, status=502)
    assert send_text(sim, wapi_line).status_code == 502
    assert len(sim.world.sent) == count


def test_a_late_answer_is_that_of_what_was_done_at_once(sim: Simulator, wapi_line: Line) -> None:
    sim.world.fault("send-text", answer_after=0.3)
    answer = send_text(sim, wapi_line)
    [sent] = sim.world.sent
    assert answer.json()["messageId"] == sent.id
    assert sim.world.now() - sent.at > 0.25


def test_a_fault_of_one_file_leaves_others_alone(sim: Simulator, wapi_line: Line, file: StoredFile) -> None:
    file.fault(status=404)
    other = sim.world.sample_file(wapi_line, "bread.jpg")
    assert requests.get(sim.cdn_base + other.direct_path, timeout=30).status_code == 200


def test_a_fault_can_be_meant_for_one_line(sim: Simulator, wapi_line: Line, url: str) -> None:
    sim.world.fault("cdn@ANOTHER-LINE", status=500)
    assert requests.get(url, timeout=30).status_code == 200
    sim.world.fault(f"cdn@{wapi_line.id}", status=500)
    assert requests.get(url, timeout=30).status_code == 500


def test_another_process_sets_and_clears_faults(sim: Simulator, file: StoredFile, url: str) -> None:
    doors = f"{sim.url}/_sim"
    requests.post(f"{doors}/faults", json={"at": "cdn", "file": file.id, "status": 410}, timeout=30)
    assert requests.get(url, timeout=30).status_code == 410
    requests.delete(f"{doors}/faults", timeout=30)
    assert requests.get(url, timeout=30).status_code == 200
    seen = requests.get(f"{doors}/requests?point=cdn", timeout=30).json()
    assert [item["path"] for item in seen] == [file.path, file.path]


def test_a_fault_nobody_knows_is_refused(sim: Simulator) -> None:
    answer = requests.post(f"{sim.url}/_sim/faults", json={"at": "cdn", "sattus": 410}, timeout=30)
    assert answer.status_code == 400
