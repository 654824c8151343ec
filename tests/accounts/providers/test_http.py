import gzip
import threading

import pytest
import responses

from accounts.providers import errors
from accounts.providers.http import Door, Rules
from tests.media.origin import plain, send_head, serving

CDN = "https://mmg.whatsapp.net/v/x.enc?oh=s3cret"
TOKEN = "t0ken"
GZIPPED = gzip.compress(b"hello" * 100)


def door(*extra, **options):
    return Door(Rules(extra=extra), **{"timeout": (1, 0.3), **options})


def text_of(caught):
    """All that a traceback would show."""
    return "".join(map(str, (caught.value, caught.value.__cause__)))


def redirecting(target, status=302):
    return plain(b"", status, Location=target)


def test_a_redirect_is_followed_and_keeps_the_token_at_its_host():
    def answer(asked, connection):
        return (plain(b"here") if asked.target == "/b" else redirecting("/b"))(asked, connection)

    with serving(answer) as origin:
        assert door(origin.address).call("GET", origin.url + "/a", token=TOKEN).body == b"here"
    assert [asked.headers["authorization"] for asked in origin.asked] == [f"Bearer {TOKEN}"] * 2


def test_a_token_does_not_follow_to_another_host():
    with serving(plain(b"here")) as other, serving(redirecting(other.url + "/b")) as origin:
        answer = door(origin.address, other.address).call("GET", origin.url, token=TOKEN)
    assert answer.body == b"here"
    assert "authorization" in origin.asked[0].headers
    assert "authorization" not in other.asked[0].headers


def test_a_token_does_not_come_back_by_way_of_another_host():
    def answer(asked, connection):
        return (plain(b"") if asked.target == "/end" else redirecting(other.url))(asked, connection)

    def back(asked, connection):
        return redirecting(origin.url + "/end")(asked, connection)

    with serving(answer) as origin, serving(back) as other:
        door(origin.address, other.address).call("GET", origin.url, token=TOKEN)
    assert "authorization" not in origin.asked[1].headers


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:1/", "https://evil.example/", "//evil.example/", "file:///etc/passwd", "http://[::1/"],
)
def test_a_redirect_off_the_list_is_refused(target):
    with serving(redirecting(target)) as origin, pytest.raises(errors.HostNotAllowed):
        door(origin.address).call("GET", origin.url)


@responses.activate
def test_a_redirect_inside_the_list_is_followed():
    responses.get(CDN, status=302, headers={"Location": "https://media.cdn.whatsapp.net/y"})
    responses.get("https://media.cdn.whatsapp.net/y", body=b"here")
    assert door().call("GET", CDN).body == b"here"


def test_three_redirects_are_enough():
    with (
        serving(redirecting("/again")) as origin,
        pytest.raises(errors.UnexpectedResponse, match="3 redirects"),
    ):
        door(origin.address).call("GET", origin.url)
    assert len(origin.asked) == 4


def test_what_was_posted_is_not_sent_elsewhere():
    with serving(redirecting("/other", 307)) as origin:
        assert door(origin.address).call("POST", origin.url, json={"text": "x"}).status == 307
    assert len(origin.asked) == 1


def test_nothing_of_the_environment_is_used(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(plain(b"ok")) as origin:
        assert door(origin.address).call("GET", origin.url).body == b"ok"
    assert "authorization" not in origin.asked[0].headers


def test_cookies_are_not_kept():
    with serving(plain(b"ok", Set_Cookie="a=b; Path=/")) as origin:
        exit_door = door(origin.address)
        exit_door.call("GET", origin.url)
        exit_door.call("GET", origin.url)
    assert "cookie" not in origin.asked[1].headers


def test_json_params_and_files_are_requests_own():
    with serving(plain(b'{"ok": true}')) as origin:
        exit_door = door(origin.address, user_agent="Hub/2")
        assert exit_door.call("post", origin.url + "/a", params={"id": "1"}, json={"x": 1}).json() == {
            "ok": True
        }
        exit_door.call(
            "POST", origin.url, data={"type": "x"}, files={"file": ("a.txt", b"abc", "text/plain")}
        )
    first, second = origin.asked
    assert (first.method, first.target, first.headers["user-agent"]) == ("POST", "/a?id=1", "Hub/2")
    assert second.headers["content-type"].startswith("multipart/form-data")


def test_a_token_that_is_no_header_is_refused_without_being_shown():
    with pytest.raises(errors.RequestRejected) as caught:
        door().call("GET", CDN, token="a\r\nX: b")
    assert "X: b" not in text_of(caught)


@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_any_status_is_an_answer(status):
    with serving(plain(b"{}", status, X_Y="z")) as origin:
        answer = door(origin.address).call("GET", origin.url)
    assert (answer.status, answer.headers["x-y"], answer.json()) == (status, "z", {})


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_not_json_says_so(body):
    with serving(plain(body)) as origin, pytest.raises(errors.UnexpectedResponse, match="not JSON"):
        door(origin.address).call("GET", origin.url).json()


@pytest.mark.parametrize("headers", [{"Content_Length": 101}, {}])
def test_an_answer_over_the_limit_is_dropped(headers):
    def answer(asked, connection):
        send_head(connection, 200, **headers)
        connection.sendall(bytes(101))
        return False

    with serving(answer) as origin:
        with pytest.raises(errors.TooLarge):
            door(origin.address).call("GET", origin.url, max_bytes=100)
        assert len(door(origin.address).call("GET", origin.url, max_bytes=101).body) == 101


def chunked(*pieces, end=b"0\r\n\r\n"):
    def answer(asked, connection):
        send_head(connection, 200, Transfer_Encoding="chunked")
        connection.sendall(b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end)
        return bool(end)

    return answer


def test_a_chunked_answer_is_read():
    with serving(chunked(b"abc", b"de" * 5000)) as origin:
        assert door(origin.address).call("GET", origin.url).body == b"abc" + b"de" * 5000


def test_a_chunked_answer_that_breaks_off_is_cut():
    with (
        serving(chunked(b"abc", end=b"")) as origin,
        pytest.raises(errors.Unavailable, match="cut after 3 bytes"),
    ):
        door(origin.address).call("GET", origin.url)


def test_a_compressed_answer_is_read_and_not_resumable():
    with serving(plain(GZIPPED, Content_Encoding="gzip")) as origin:
        exit_door = door(origin.address)
        assert exit_door.call("GET", origin.url).body == b"hello" * 100
        with exit_door.download(origin.url) as body:
            assert (body.resumable, body.length) == (False, None)


@pytest.mark.parametrize("content", [b"", b"x", bytes(300_000)])
def test_a_connection_is_used_again_after_all_was_read(content):
    with serving(plain(content)) as origin:
        exit_door = door(origin.address)
        for _ in range(3):
            assert exit_door.call("GET", origin.url).body == content
    assert origin.connections == 1


def test_a_body_left_unread_does_not_spoil_the_next():
    with serving(plain(b"abc" * 1000)) as origin:
        exit_door = door(origin.address)
        with exit_door.download(origin.url) as body:
            body.readinto(memoryview(bytearray(10)))
        assert exit_door.call("GET", origin.url).body == b"abc" * 1000


def test_a_connection_that_was_closed_meanwhile_is_opened_again():
    closing = iter([False, True])

    def answer(asked, connection):
        plain(b"ok")(asked, connection)
        return next(closing)

    with serving(answer) as origin:
        exit_door = door(origin.address)
        assert exit_door.call("GET", origin.url).body == b"ok"
        assert exit_door.call("GET", origin.url).body == b"ok"


def test_threads_do_not_share_connections():
    with serving(plain(b"ok")) as origin:
        exit_door = door(origin.address)
        threads = [threading.Thread(target=exit_door.call, args=("GET", origin.url)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert origin.connections == 3
