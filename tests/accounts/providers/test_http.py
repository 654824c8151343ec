import gzip
import socket
import threading
import time

import pytest
import responses

from accounts.providers import errors
from accounts.providers.faults import raise_for_status, retry_after
from accounts.providers.http import Door, Pace, Rules
from tests.media.origin import plain, ranged, reset, send_head, serving, stall

CDN = "https://mmg.whatsapp.net/v/x.enc?oh=s3cret"
TOKEN = "t0ken"
GZIPPED = gzip.compress(b"hello" * 100)


def door(*extra, **options):
    return Door(Rules(extra=extra), **{"timeout": (1, 0.3), **options})


def text_of(caught):
    """All that a traceback would show."""
    return "".join(map(str, (caught.value, caught.value.__cause__)))


# Hosts


@pytest.mark.parametrize(
    "url",
    [
        "https://mmg.whatsapp.net/v/x",
        "https://MMG.WhatsApp.NET./v/x",
        "https://media-gru1-1.cdn.whatsapp.net:443/",
        "https://api.w-api.app/v1",
        "https://lookaside.fbsbx.com/x",
        "https://graph.facebook.com/v25.0",
        "https://scontent.fbcdn.net",
    ],
)
def test_the_providers_hosts_are_allowed(url):
    assert Rules().check(url).port == 443


@pytest.mark.parametrize(
    "url",
    [
        "http://mmg.whatsapp.net/",
        "https://mmg.whatsapp.net:8443/",
        "https://whatsapp.net/",
        "https://evilwhatsapp.net/",
        "https://mmg.whatsapp.net.evil.example/",
        "https://evil.example/mmg.whatsapp.net",
        "https://evil.example\\@mmg.whatsapp.net/",
        "https://mmg.whatsapp.net\\.evil.example/",
        "https://user@mmg.whatsapp.net/",
        "https://@mmg.whatsapp.net/",
        "https://mmg.whatsapp.net@evil.example/",
        "https://evil.example#.whatsapp.net/",
        "https://evil.example?.whatsapp.net/",
        "https://evil.example%2f.whatsapp.net/",
        "https://evil.example\n.whatsapp.net/",
        "https://..whatsapp.net/",
        " https://mmg.whatsapp.net/",
        "ftp://mmg.whatsapp.net/",
        "file:///etc/passwd",
        "//mmg.whatsapp.net/",
        "mmg.whatsapp.net",
        "https://",
        "https://[::1",
        "https://mmg.whatsapp.net:99999/",
        "",
        *(
            "https://localhost/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
        ),
        *("https://[::ffff:127.0.0.1]/", "https://169.254.169.254/", "https://0.0.0.0/", "https://10.0.0.1/"),
    ],
)
def test_every_other_address_is_refused(url):
    with pytest.raises(errors.HostNotAllowed):
        Rules().check(url)


def test_an_extra_host_may_be_plain_and_private():
    rules = Rules(extra=("127.0.0.1:9000", "Gateway.Example", "[::1]:9001"))
    assert rules.check("http://127.0.0.1:9000/x").trusted
    assert rules.check("http://gateway.example.:1234/x").trusted
    assert rules.check("http://[::1]:9001/").trusted


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9001/", "http://127.0.0.1/", "http://127.0.0.10:9000/", "http://u@127.0.0.1:9000/"],
)
def test_an_extra_host_opens_nothing_else(url):
    with pytest.raises(errors.HostNotAllowed):
        Rules(extra=("127.0.0.1:9000",)).check(url)


PRIVATE = (
    "localhost",
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
)


@pytest.mark.parametrize("host", PRIVATE)
def test_an_allowed_name_must_not_lead_into_our_own_network(host):
    guarded = Door(Rules(allowed=("*",)), timeout=(1, 1))
    with pytest.raises(errors.HostNotAllowed, match="private"):
        guarded.call("GET", f"https://{host}/")


# Redirects and tokens


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


# What is sent


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


# What comes back


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


# Downloads


def read(body, size=1000):
    view, parts = memoryview(bytearray(size)), []
    while count := body.readinto(view):
        parts.append(bytes(view[:count]))
    return b"".join(parts)


@pytest.mark.parametrize("size", [1, 7, 8191, 8192, 8193, 50_000])
def test_a_body_is_read_whatever_the_buffer(size):
    content = bytes(range(256)) * 100
    with serving(plain(content)) as origin, door(origin.address).download(origin.url) as body:
        assert (body.status, body.length, body.offset) == (200, len(content), 0)
        assert read(body, size) == content
        assert (body.length, body.received) == (0, len(content))


def test_the_rest_of_a_file_can_be_asked_for():
    with serving(ranged(b"0123456789", piece=10)) as origin:
        body = door(origin.address).download(origin.url, offset=4)
        with body:
            assert (body.status, body.offset, body.length, read(body)) == (206, 4, 6, b"456789")
    assert origin.asked[0].headers["range"] == "bytes=4-"


def test_a_source_that_knows_no_ranges_sends_all():
    with serving(plain(b"0123456789")) as origin, door(origin.address).download(origin.url, offset=4) as body:
        assert (body.status, body.offset, body.length) == (200, 0, 10)


@pytest.mark.parametrize("told", ["bytes 5-9/10", "bytes */10", "0-9", ""])
def test_another_part_of_the_file_is_not_taken(told):
    def answer(asked, connection):
        send_head(connection, 206, Content_Length=6, Content_Range=told)
        return False

    with serving(answer) as origin, pytest.raises(errors.UnexpectedResponse):
        door(origin.address).download(origin.url, offset=4)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (lambda connection: None, "cut after 400 of 1000 bytes"),
        (reset, "reset"),
        (stall, "stalled after 400 of 1000"),
    ],
    ids=["cut", "reset", "stall"],
)
def test_a_body_that_breaks_off_says_how(ending, reason):
    with serving(ranged(bytes(1000), piece=400, ending=ending)) as origin:
        body = door(origin.address).download(origin.url)
        with body, pytest.raises(errors.Unavailable, match=reason):
            read(body)


def test_what_came_before_a_stall_is_delivered_first():
    with serving(ranged(b"x" * 1000, piece=400, ending=stall)) as origin:
        body = door(origin.address).download(origin.url)
        with body:
            got, view = 0, memoryview(bytearray(100_000))
            while got < 400:
                got += body.readinto(view)
            with pytest.raises(errors.Unavailable):
                body.readinto(view)
    assert got == 400


def test_a_dripping_body_is_given_up():
    def answer(asked, connection):
        send_head(connection, 200, Content_Length=1000)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)
        return False

    with serving(answer) as origin:
        patient = door(origin.address, pace=Pace(least=100, window=0.3))
        with (
            patient.download(origin.url) as body,
            pytest.raises(errors.Unavailable, match="too slow: . bytes"),
        ):
            read(body)


@responses.activate
def test_a_mocked_body_is_read_and_counted_too():
    responses.get(CDN, body=b"abc" * 50_000)
    responses.get("https://mmg.whatsapp.net/short", body=b"abc", headers={"Content-Length": "10"})
    assert door().call("GET", CDN).body == b"abc" * 50_000
    with pytest.raises(errors.Unavailable, match="cut after 3 of 10 bytes"):
        door().call("GET", "https://mmg.whatsapp.net/short")


# Trouble


def failing(url, *extra):
    with pytest.raises(errors.ProviderError) as caught:
        door(*extra).call("GET", url + "/x?oh=s3cret", token=TOKEN)
    assert "s3cret" not in text_of(caught) and TOKEN not in text_of(caught)
    return caught.value


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    error = failing("http://" + address, address)
    assert (type(error), error.reason) == (errors.Unavailable, "connection refused")


def test_nobody_answers():
    with serving(lambda asked, connection: stall(connection) or False) as origin:
        assert failing(origin.url, origin.address).reason == "stalled"


def test_a_connection_closed_without_an_answer_is_tried_once_more():
    with serving(lambda asked, connection: False) as origin:
        assert failing(origin.url, origin.address).reason == "connection closed without an answer"
    assert len(origin.asked) == 2


def test_a_post_is_never_sent_twice():
    with serving(lambda asked, connection: False) as origin, pytest.raises(errors.Unavailable):
        door(origin.address).call("POST", origin.url, json={})
    assert len(origin.asked) == 1


def test_not_http_at_all():
    with serving(lambda asked, connection: bool(connection.sendall(b"SSH-2.0-x\r\n"))) as origin:
        assert isinstance(failing(origin.url, origin.address), errors.Unavailable)


def test_no_tls_where_tls_was_asked_for():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=speak_plainly, args=(listener,))
        thread.start()
        assert failing(f"https://{address}", address).reason.startswith("TLS: ")
        thread.join()


def speak_plainly(listener):
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(1000)


def test_a_name_that_does_not_exist():
    assert failing("https://x.invalid", "x.invalid").reason == "host name not found"


# Statuses


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((404, errors.MediaGone), (410, errors.MediaGone)),
        *((401, errors.CredentialsRejected), (403, errors.CredentialsRejected)),
        *((408, errors.Unavailable), (425, errors.Unavailable), (429, errors.Unavailable)),
        *((500, errors.Unavailable), (503, errors.Unavailable), (599, errors.Unavailable)),
        *((400, errors.RequestRejected), (418, errors.RequestRejected), (451, errors.RequestRejected)),
        *((304, errors.UnexpectedResponse), (302, errors.UnexpectedResponse)),
    ],
)
def test_a_status_has_its_meaning(status, kind):
    with pytest.raises(errors.ProviderError) as caught:
        raise_for_status(status, {})
    assert (type(caught.value), caught.value.status) == (kind, status)


@pytest.mark.parametrize("status", [200, 204, 206])
def test_success_is_no_error(status):
    raise_for_status(status, {})


def test_what_counts_as_gone_is_the_sources():
    with pytest.raises(errors.MediaGone):
        raise_for_status(403, {}, gone=(403,))


DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "9" * 400}, 86400),
        ({"Retry-After": "Sun, 01 Mar 2026 12:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Sun, 01 Mar 2026 11:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Sun, 01 Mar 2026 12:01:30 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({"Retry-After": "Sun, 01 Mar 2026 12:01:30 -0000", "Date": DATE}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers, seconds):
    assert retry_after(headers) == seconds
