"""Whether a request may have arrived although nobody said so."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
import responses
import urllib3.exceptions as urllib3_errors

from accounts.providers import errors
from accounts.providers.base import OutgoingMedia
from accounts.providers.cloud.client import Cloud
from accounts.providers.events import MediaKind
from accounts.providers.faults import translated
from accounts.providers.http import Door, Pace, Rules
from tests.accounts.providers.lines import CLOUD, CLOUD_ID, PHONE
from tests.media.origin import Asked, plain, reset, send_head, serving, stall

Talk = Callable[[socket.socket], object]
Answer = Callable[[Asked, socket.socket], bool]


def failing(url: str, *extra: str, max_bytes: int = 1000) -> errors.ProviderError:
    door = Door(Rules(extra=extra), timeout=(0.3, 0.3), pace=Pace(least=1000, window=0.1))
    with pytest.raises(errors.ProviderError) as caught:
        door.call("POST", url, json={"text": "hello"}, max_bytes=max_bytes)
    return caught.value


@contextmanager
def listening(talk: Talk) -> Iterator[str]:
    """Somebody who takes one connection and speaks no HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            connection, _ = listener.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=take)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_where_nobody_listens_nothing_arrives() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    assert not failing(f"http://{address}", address).may_have_arrived


def test_where_nobody_takes_the_connection_nothing_arrives() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = f"127.0.0.1:{full.getsockname()[1]}"
        with socket.create_connection(full.getsockname()):
            error = failing(f"http://{address}", address)
    assert (error.reason, error.may_have_arrived) == ("connect time-out", False)


@pytest.mark.parametrize("host", ["x.invalid", f"{'x' * 70}.invalid"])
def test_to_a_name_that_does_not_exist_nothing_goes(host: str) -> None:
    assert not failing(f"https://{host}", host).may_have_arrived


@pytest.mark.parametrize(
    "talk",
    [
        lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda connection: connection.recv(10),
        lambda connection: connection.recv(100_000),
        lambda connection: [connection.recv(100_000), connection.recv(1)],
    ],
    ids=["no TLS", "reset", "closed", "stalled"],
)
def test_a_failed_handshake_has_sent_nothing(talk: Talk) -> None:
    with listening(talk) as address:
        assert not failing(f"https://{address}", address).may_have_arrived


def test_to_a_host_that_is_not_allowed_nothing_goes() -> None:
    assert not failing("https://evil.example/").may_have_arrived


def closing(asked: Asked, connection: socket.socket) -> bool:
    return False


def stalling(asked: Asked, connection: socket.socket) -> bool:
    stall(connection)
    return False


def resetting(asked: Asked, connection: socket.socket) -> bool:
    reset(connection)
    return False


def no_http(asked: Asked, connection: socket.socket) -> bool:
    connection.sendall(b"SSH-2.0-x\r\n")
    return False


def cutting(asked: Asked, connection: socket.socket) -> bool:
    send_head(connection, 200, Content_Length=100)
    connection.sendall(b"{")
    return False


def stalling_midway(asked: Asked, connection: socket.socket) -> bool:
    send_head(connection, 200, Content_Length=100)
    stall(connection)
    return False


def dripping(asked: Asked, connection: socket.socket) -> bool:
    send_head(connection, 200, Content_Length=100)
    for _ in range(20):
        connection.sendall(b" ")
        threading.Event().wait(0.02)
    return False


@pytest.mark.parametrize(
    "answer",
    [closing, stalling, resetting, no_http, cutting, stalling_midway, dripping, plain(bytes(1001))],
)
def test_what_was_sent_and_not_answered_may_have_arrived(answer: Answer) -> None:
    with serving(answer) as origin:
        assert failing(origin.url, origin.address).may_have_arrived
    assert len(origin.asked) == 1


def self_signed() -> ssl.SSLCertVerificationError:
    found = ssl.SSLCertVerificationError(1, "x")
    found.verify_message = "self-signed certificate"
    return found


@pytest.mark.parametrize(
    ("exc", "may_have_arrived"),
    [
        (requests.ConnectTimeout(), False),
        (requests.ConnectionError(urllib3_errors.NewConnectionError(None, "x")), False),  # type: ignore[arg-type]
        (self_signed(), False),
        (ConnectionRefusedError(), False),
        (socket.gaierror(), False),
        (requests.exceptions.InvalidURL(), False),
        (requests.ReadTimeout(), True),
        (requests.exceptions.SSLError(ssl.SSLEOFError(8, "x")), True),
        (requests.ConnectionError(ConnectionResetError()), True),
        (requests.ConnectionError("Connection refused"), True),
    ],
)
def test_an_exception_says_it_by_its_class(exc: Exception, may_have_arrived: bool) -> None:
    assert translated(exc).may_have_arrived is may_have_arrived


def test_the_trouble_of_an_earlier_call_says_nothing_about_this_one() -> None:
    try:
        raise errors.Unavailable("connection refused") from ConnectionRefusedError()
    except errors.Unavailable:
        with serving(closing) as origin:
            assert failing(origin.url, origin.address).may_have_arrived


@pytest.mark.parametrize("status", [200, 302, 502, 504])
def test_an_upload_that_failed_has_sent_no_message(
    cloud: Cloud, wire: responses.RequestsMock, status: int
) -> None:
    wire.post(f"{CLOUD}/{CLOUD_ID}/media", status=status, body="<html>")
    with pytest.raises(errors.ProviderError) as caught:
        cloud.send_media(PHONE, OutgoingMedia(kind=MediaKind.IMAGE, mimetype="image/png", content=b"abc"))
    assert not caught.value.may_have_arrived


@pytest.mark.parametrize(
    ("error", "may_have_arrived"),
    [
        (errors.Unavailable("x"), False),
        (errors.RequestRejected("x", status=400), False),
        (errors.Unsupported("x"), False),
        (errors.UnexpectedResponse("x"), True),
        (errors.UnexpectedResponse("x", status=204), True),
        (errors.UnexpectedResponse("x", status=302), False),
    ],
)
def test_an_error_says_it_until_told_otherwise(error: errors.ProviderError, may_have_arrived: bool) -> None:
    assert error.may_have_arrived is may_have_arrived
