from http.client import HTTPConnection

import requests

from tests.simulator.server import Simulator
from tests.simulator.world import Line


def test_a_file_is_served_encrypted_as_it_is_stored(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    answer = requests.get(sim.cdn_base + file.direct_path, timeout=30)
    assert answer.content == file.stored.data
    assert answer.content != file.plain.data


def test_the_address_in_the_message_leads_to_the_same_file(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    answer = requests.get(f"{sim.cdn_base}{file.direct_path}&mms3=true", timeout=30)
    assert answer.status_code == 200


def test_a_path_without_its_query_is_refused(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    answer = requests.get(sim.cdn_base + file.path, timeout=30)
    assert (answer.status_code, answer.text) == (403, "Bad URL hash")


def test_a_changed_expiry_is_refused(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    changed = file.direct_path.replace("oe=", "oe=7")
    assert requests.get(sim.cdn_base + changed, timeout=30).status_code == 403


def test_a_file_past_its_expiry_is_refused(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg", expires_in=60)
    assert requests.get(sim.cdn_base + file.direct_path, timeout=30).status_code == 200
    sim.world.clock_offset += 61
    assert requests.get(sim.cdn_base + file.direct_path, timeout=30).status_code == 403


def test_an_unknown_path_is_not_found(sim: Simulator) -> None:
    assert requests.get(sim.cdn_base + "/v/t62.7118-24/1_n.enc?oe=7", timeout=30).status_code == 404


def test_a_range_continues_where_asked(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    answer = requests.get(sim.cdn_base + file.direct_path, headers={"Range": "bytes=1000-"}, timeout=30)
    size = file.stored.size
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes 1000-{size - 1}/{size}"
    assert answer.content == file.stored.data[1000:]


def test_a_range_has_an_end_too(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.generated_file(wapi_line, 20 << 20, "video", "video/mp4")
    asked = {"Range": "bytes=10000000-10000099"}
    answer = requests.get(sim.cdn_base + file.direct_path, headers=asked, timeout=30)
    assert answer.content == file.stored.read(10_000_000, 100)


def test_a_range_past_the_end_is_416(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    asked = {"Range": f"bytes={file.stored.size}-"}
    assert requests.get(sim.cdn_base + file.direct_path, headers=asked, timeout=30).status_code == 416


def test_a_public_file_is_served_plain(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg", encrypted=False)
    assert requests.get(sim.cdn_base + file.direct_path, timeout=30).content == file.plain.data
    assert file.media_key == b""


def test_one_connection_serves_many_requests(sim: Simulator, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    connection = HTTPConnection(sim.host, timeout=30)
    used = set()
    for _ in range(3):
        connection.request("GET", file.direct_path)
        assert connection.getresponse().read() == file.stored.data
        used.add(connection.sock)
    connection.close()
    assert len(used) == 1
