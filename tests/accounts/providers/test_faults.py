import socket
import threading

import pytest

from accounts.providers import errors
from accounts.providers.faults import raise_for_status, retry_after
from accounts.providers.http import Door, Rules
from tests.media.origin import serving, stall

TOKEN = "t0ken"


def door(*extra, **options):
    return Door(Rules(extra=extra), **{"timeout": (1, 0.3), **options})


def text_of(caught):
    """All that a traceback would show."""
    return "".join(map(str, (caught.value, caught.value.__cause__)))


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
