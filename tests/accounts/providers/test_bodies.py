import time

import pytest
import responses

from accounts.providers import errors
from accounts.providers.http import Door, Pace, Rules
from tests.media.origin import plain, ranged, reset, send_head, serving, stall

CDN = "https://mmg.whatsapp.net/v/x.enc?oh=s3cret"


def door(*extra, **options):
    return Door(Rules(extra=extra), **{"timeout": (1, 0.3), **options})


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
            pytest.raises(errors.Unavailable, match=r"too slow: \d+ bytes"),
        ):
            read(body)


@responses.activate
def test_a_mocked_body_is_read_and_counted_too():
    responses.get(CDN, body=b"abc" * 50_000)
    responses.get("https://mmg.whatsapp.net/short", body=b"abc", headers={"Content-Length": "10"})
    assert door().call("GET", CDN).body == b"abc" * 50_000
    with pytest.raises(errors.Unavailable, match="cut after 3 of 10 bytes"):
        door().call("GET", "https://mmg.whatsapp.net/short")
