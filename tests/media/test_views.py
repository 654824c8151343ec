import pytest
from django.test import Client as Browser

from accounts.models import User
from media.models import MediaFile
from media.ranges import Unsatisfiable, wanted
from tests.tenants import (  # noqa: F401
    PICTURE,
    LogIn,
    Rows,
    acme,
    browser_of,
    make_media_file,
    make_ready,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
HOSTILE = b"<html><script>alert(1)</script>"


def address(media_file: MediaFile) -> str:
    return f"/media-files/{media_file.pk}/"


def body(response: object) -> bytes:
    return b"".join(response)  # type: ignore[call-overload,no-any-return]


def test_a_stranger_is_asked_to_log_in(acme: Rows) -> None:
    response = Browser().get(address(make_ready(acme.instance)))
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=/media-files/")


@pytest.mark.parametrize(
    ("name", "status"), [("alice", 200), ("bob", 200), ("mona", 200), ("root", 200), ("charlie", 404)]
)
def test_only_the_clients_people_get_a_file(name: str, status: int, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of(name).get(address(make_ready(acme.instance)))
    assert response.status_code == status
    assert (body(response) == PICTURE) is (status == 200)


def test_somebody_who_left_gets_nothing(acme: Rows, browser_of: LogIn, people: dict[str, User]) -> None:
    browser, media_file = browser_of("alice"), make_ready(acme.instance)
    people["alice"].memberships.all().delete()
    assert browser.get(address(media_file)).status_code == 404


def test_an_inline_file_is_shut_in(acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(address(make_ready(acme.instance, filename="cake.jpeg")))
    assert body(response) == PICTURE
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Disposition"] == 'inline; filename="cake.jpeg.jpg"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"].startswith("private")
    assert response["Content-Length"] == str(len(PICTURE))


@pytest.mark.parametrize(
    "mimetype",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "", "nonsense", "application/javascript"],
)
def test_what_a_browser_could_run_is_only_saved(mimetype: str, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(address(make_ready(acme.instance, HOSTILE, mimetype=mimetype)))
    assert body(response) == HOSTILE
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")


def test_sound_and_film_may_play_by_their_own_address(acme: Rows, browser_of: LogIn) -> None:
    voice = make_ready(acme.instance, kind="voice", mimetype="audio/ogg; codecs=opus")
    response = browser_of("bob").get(address(voice))
    body(response)
    assert response["Content-Type"] == "audio/ogg"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "allow-scripts" not in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("invoice.jpg", 'filename="invoice.jpg"'),
        ("../../etc/passwd", 'filename="etcpasswd.jpg"'),
        ('a"b\r\nSet-Cookie: x.jpg', 'filename="abSet-Cookie x.jpg"'),
        ("bill\u202egpj.exe", 'filename="billgpj.exe.jpg"'),
        ("bão.jpg", "filename*=utf-8''b%C3%A3o.jpg"),
        ("...", 'filename="image-'),
    ],
)
def test_a_foreign_name_is_made_safe(sent: str, kept: str, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(address(make_ready(acme.instance, filename=sent)) + "?download=1")
    body(response)
    assert response["Content-Disposition"].startswith(f"attachment; {kept}")


@pytest.mark.parametrize(
    ("asked", "part", "content_range"),
    [
        ("bytes=0-9", PICTURE[:10], "bytes 0-9/1028"),
        ("bytes=1000-", PICTURE[1000:], "bytes 1000-1027/1028"),
        ("bytes=-5", PICTURE[-5:], "bytes 1023-1027/1028"),
        ("bytes=1020-9999", PICTURE[1020:], "bytes 1020-1027/1028"),
    ],
)
def test_a_part_can_be_had(
    asked: str, part: bytes, content_range: str, acme: Rows, browser_of: LogIn
) -> None:
    response = browser_of("bob").get(address(make_ready(acme.instance)), headers={"Range": asked})
    assert response.status_code == 206
    assert body(response) == part
    assert (response["Content-Range"], response["Content-Length"]) == (content_range, str(len(part)))


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=9-2", "items=0-1", "bytes=-", "bytes=a-b", ""])
def test_a_range_that_is_not_one_gets_the_whole(asked: str, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(address(make_ready(acme.instance)), headers={"Range": asked})
    assert (response.status_code, body(response)) == (200, PICTURE)


def test_a_range_behind_the_end_is_refused(acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(address(make_ready(acme.instance)), headers={"Range": "bytes=2000-"})
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */1028")


def test_no_part_of_an_empty_file_can_be_had() -> None:
    for asked in ("bytes=0-", "bytes=-4", "bytes=-0"):
        with pytest.raises(Unsatisfiable):
            wanted(asked, 0)


@pytest.mark.parametrize(("matches", "status"), [(True, 206), (False, 200)])
def test_a_part_is_given_only_of_the_same_file(
    matches: bool, status: int, acme: Rows, browser_of: LogIn
) -> None:
    media_file = make_ready(acme.instance)
    etag = f'"{media_file.sha256}"' if matches else '"other"'
    response = browser_of("bob").get(address(media_file), headers={"Range": "bytes=0-3", "If-Range": etag})
    assert response.status_code == status
    assert body(response) == (PICTURE[:4] if matches else PICTURE)


def test_a_known_file_is_not_sent_twice(acme: Rows, browser_of: LogIn) -> None:
    browser, media_file = browser_of("bob"), make_ready(acme.instance)
    etag = f'"{media_file.sha256}"'
    again = browser.get(address(media_file), headers={"If-None-Match": etag})
    assert (again.status_code, again["ETag"], again.content) == (304, etag, b"")
    assert browser_of("charlie").get(address(media_file), headers={"If-None-Match": etag}).status_code == 404


def test_head_tells_the_size_and_sends_nothing(acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").head(address(make_ready(acme.instance)))
    assert (response.status_code, response["Content-Length"], response.content) == (200, "1028", b"")
    assert response["Accept-Ranges"] == "bytes"


def test_nothing_can_be_posted(acme: Rows, browser_of: LogIn) -> None:
    assert browser_of("root").post(address(make_ready(acme.instance))).status_code == 405


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("pending", 409),
        ("fetching", 409),
        ("expired", 410),
        ("failed", 410),
        ("unavailable", 410),
        ("missing", 410),
    ],
)
def test_a_file_that_is_not_here_says_why(state: str, status: int, acme: Rows, browser_of: LogIn) -> None:
    media_file = make_media_file(acme.instance, state, error="The CDN answered <503>")
    response = browser_of("bob").get(address(media_file))
    assert response.status_code == status
    assert "The CDN answered &lt;503&gt;" in response.content.decode()
    assert browser_of("charlie").get(address(media_file)).status_code == 404


def test_a_lost_file_is_marked_missing(acme: Rows, browser_of: LogIn) -> None:
    media_file = make_ready(acme.instance)
    media_file.file.storage.delete(media_file.file.name)
    response = browser_of("bob").get(address(media_file))
    assert (response.status_code, "lost" in response.content.decode()) == (404, True)
    media_file.refresh_from_db()
    assert media_file.state == "missing"
