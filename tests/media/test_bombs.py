"""Small files that would be huge, endless or something else once they are opened, and files that are two things."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from accounts.providers.events import MediaKind
from media.rendering.jobs import Job, NotMade
from media.rendering.sandbox import Sandbox
from media.services.uploads import store_upload
from tests.media.rendering import put
from tests.tenants import LogIn, Rows, acme, browser_of, make_ready, people, rival, static_files_as_they_are

__all__ = ["acme", "browser_of", "people", "rival", "static_files_as_they_are"]

SCRIPT = b"<script>alert(document.domain)</script>"
MIB = 1024**2


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def render(sandbox: Sandbox, folder: Path, way: str, content: bytes) -> Path:
    target = folder / "target"
    sandbox.make(Job(way=way, source=str(put(folder, content)), target=str(target), longest=320, tool=""))
    return target


def endless_gif(frames: int) -> bytes:
    head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    frame = b"!\xf9\x04\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"
    return head + frame * frames + b";"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def apng_of_a_billion_frames() -> bytes:
    plain = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(plain, "PNG")
    head, rest = plain.getvalue()[:33], plain.getvalue()[33:]
    return head + chunk(b"acTL", struct.pack(">II", 10**9, 0)) + rest


def pdf_of(content: bytes) -> bytes:
    """A page whose content unpacks to far more than it weighs."""
    packed = zlib.compress(content, 9)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</XObject<</a 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
        # It draws itself.
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</a 5 0 R>>>>/Length 18>>stream\n"
        b"/a Do /a Do /a Do \nendstream",
    ]
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj%s endobj\n" % place for place in enumerate(parts, 1))
    return body + b"trailer<</Root 1 0 R>>\n%%EOF"


@pytest.mark.parametrize("content", [endless_gif(20_000), apng_of_a_billion_frames()], ids=["gif", "apng"])
def test_of_frames_without_an_end_the_first_is_shown(
    content: bytes, sandbox: Sandbox, tmp_path: Path
) -> None:
    with Image.open(render(sandbox, tmp_path, "picture", content)) as made:
        assert not getattr(made, "is_animated", False)


@pytest.mark.parametrize("content", [b"/a Do " * 1_000, b"% " + b"a" * 64 * MIB], ids=["itself", "long"])
def test_a_page_that_unpacks_without_an_end_takes_no_more_than_it_may(
    content: bytes, sandbox: Sandbox, tmp_path: Path
) -> None:
    bomb = pdf_of(content)
    assert len(bomb) < MIB // 8
    try:
        assert render(sandbox, tmp_path, "pdf", bomb).stat().st_size < MIB
    except NotMade as refused:
        assert refused.reason


def zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("zeros", bytes(64 * MIB))
    return made.getvalue()


def test_an_archive_is_kept_as_it_is_and_never_opened(acme: Rows) -> None:
    bomb = zip_bomb()
    assert len(bomb) < MIB // 8
    stored = store_upload(
        instance=acme.instance,
        chat_id="c",
        kind=MediaKind.DOCUMENT,
        content=ContentFile(bomb, "bomb.zip"),
        filename="bomb.zip",
        mimetype="application/zip",
        now=timezone.now(),
    )
    assert (stored.size, stored.file.size, stored.renditions.count()) == (len(bomb), len(bomb), 0)


POLYGLOTS = {
    "gif and script": (b"GIF89a=1/*" + bytes(20) + b"*/;alert(1)//" + SCRIPT, "image/gif"),
    "jpeg and page": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + SCRIPT, "image/jpeg"),
    "pdf and page": (b"%PDF-1.4\n" + SCRIPT, "application/pdf"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/svg+xml"),
    "page": (b"<!doctype html>" + SCRIPT, "text/html"),
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_what_is_two_things_runs_nowhere(name: str, acme: Rows, browser_of: LogIn) -> None:
    content, mimetype = POLYGLOTS[name]
    stored = make_ready(acme.instance, content, mimetype=mimetype, kind="document")
    for path in (f"/media-files/{stored.pk}/", f"/api/v1/media/{stored.pk}/content/"):
        answer: Any = browser_of("alice").get(path)
        assert b"".join(answer.streaming_content) == content
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        if mimetype in ("image/svg+xml", "text/html"):
            assert answer["Content-Type"] == "application/octet-stream"
            assert answer["Content-Disposition"].startswith("attachment")
