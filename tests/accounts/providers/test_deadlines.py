import time

import pytest

from accounts.providers import errors
from accounts.providers.http import Door, Rules
from tests.media.origin import plain, send_head, serving

WITHIN, DRIPS_SECONDS = 0.6, 10


def impatient(origin, within=WITHIN):
    """Every read may last long; all of them together may not."""
    return Door(Rules(extra=(origin.address,)), timeout=(5, 5), within=within)


def post(door, origin, size=1024):
    with door.send("POST", origin.url, headers={}, data=b"{}") as answer:
        taken = bytearray()
        view = memoryview(bytearray(size))
        while count := answer.readinto(view):
            taken += view[:count]
        return answer.status, bytes(taken)


def drip(connection, piece, times=200):
    for _ in range(times):
        time.sleep(DRIPS_SECONDS / times)
        connection.sendall(piece)
    return False


def dripping_status(asked, connection):
    return drip(connection, b"H")


def dripping_headers(asked, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    return drip(connection, b"x: y\r\n")


def dripping_body(asked, connection):
    send_head(connection, 200, Content_Length=100)
    return drip(connection, b"x")


@pytest.mark.parametrize("answer", [dripping_status, dripping_headers, dripping_body])
def test_an_answer_that_drips_ends_in_time(answer):
    with serving(answer) as origin:
        started = time.monotonic()
        with pytest.raises(errors.Unavailable, match="stalled"):
            post(impatient(origin), origin)
        assert WITHIN * 0.9 < time.monotonic() - started < DRIPS_SECONDS


def test_the_time_begins_anew_with_each_call_on_a_kept_connection():
    def slow(asked, connection):
        time.sleep(0.8)
        return plain(b"thanks")(asked, connection)

    with serving(slow) as origin:
        door = impatient(origin, within=2)
        assert [post(door, origin) for _ in range(3)] == [(200, b"thanks")] * 3
        assert origin.connections == 1


def test_a_redirect_is_an_answer_like_any_other():
    with serving(plain(b"there", 307, Location="/elsewhere")) as origin:
        assert post(impatient(origin), origin) == (307, b"there")
        assert [asked.target for asked in origin.asked] == ["/"]
