import io
import zipfile

import pytest

from media.sniffing import EXTENSIONS, extension_of, is_page, verified_mimetype

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
OGG = b"OggS\x00\x02" + bytes(20) + b"OpusHead"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
THREE_GP = b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x00\x00"
PDF = b"%PDF-1.7\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)
HTML = b"\n<!DOCTYPE html><html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
EXE = b"MZ\x90\x00\x03\x00\x00\x00"
NOISE = bytes(range(200, 256)) * 9
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def shown(value):
    return repr(value[:24]) if isinstance(value, bytes) else None


def zipped(*names):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "x")  # no clock: the bytes name the test
    return held.getvalue()


@pytest.mark.parametrize(
    ("head", "declared", "mimetype", "extension"),
    [
        (JPEG, "image/jpeg", "image/jpeg", ".jpg"),
        (JPEG, "image/png", "image/jpeg", ".jpg"),
        (JPEG, "", "image/jpeg", ".jpg"),
        (PNG, "IMAGE/PNG; charset=x", "image/png", ".png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "image/webp", ".webp"),
        (OGG, "audio/ogg; codecs=opus", "audio/ogg", ".ogg"),
        (OGG, "audio/mpeg", "audio/ogg", ".ogg"),
        (MP4, "video/mp4", "video/mp4", ".mp4"),
        (MP4, "audio/mp4", "audio/mp4", ".m4a"),
        (MP4, "application/pdf", "video/mp4", ".mp4"),
        (THREE_GP, "", "video/3gpp", ".3gp"),
        (THREE_GP, "audio/3gpp", "audio/3gpp", ".3gp"),
        (b"#!AMR\n", "audio/ogg", "audio/amr", ".amr"),
        (b"ID3\x04\x00", "audio/mpeg", "audio/mpeg", ".mp3"),
        (PDF, "application/pdf", "application/pdf", ".pdf"),
        (PDF, "image/jpeg", "application/pdf", ".pdf"),
        (PDF, "text/plain", "application/pdf", ".pdf"),
        (zipped("a.txt"), "application/zip", "application/zip", ".zip"),
        (zipped("word/document.xml"), DOCX, DOCX, ".docx"),
        (
            zipped("x"),
            "application/vnd.android.package-archive",
            "application/vnd.android.package-archive",
            ".apk",
        ),
        (zipped("a.txt"), "image/jpeg", "application/zip", ".zip"),
        (OLE, "application/msword", "application/msword", ".doc"),
        (OLE, "application/vnd.ms-excel", "application/vnd.ms-excel", ".xls"),
        (b"a;b;c\n1;2;3\n", "text/csv", "text/csv", ".csv"),
        (b"BM;x\n", "text/csv", "text/csv", ".csv"),
        (b"hello", "text/plain; charset=utf-8", "text/plain", ".txt"),
        (HTML, "text/html", "text/html", ".html"),
        (HTML, "image/jpeg", "application/octet-stream", ".bin"),
        (SVG, "image/png", "application/octet-stream", ".bin"),
        (EXE, "image/jpeg", "application/x-msdownload", ".bin"),
        (NOISE, "application/x-custom", "application/x-custom", ".bin"),
        (NOISE, "", "application/octet-stream", ".bin"),
        (NOISE, "../../etc", "application/octet-stream", ".bin"),
        (NOISE, "text/html\r\nX: y", "application/octet-stream", ".bin"),
        (b"", "image/jpeg", "image/jpeg", ".jpg"),
        (b"", "", "application/octet-stream", ".bin"),
    ],
    ids=shown,
)
def test_the_bytes_decide_and_the_sender_only_names_what_they_leave_open(head, declared, mimetype, extension):
    found = verified_mimetype(head, declared)
    assert (found, extension_of(found)) == (mimetype, extension)


def test_extensions_are_safe_to_put_behind_a_name():
    assert all(extension.startswith(".") and extension[1:].isalnum() for extension in EXTENSIONS.values())


@pytest.mark.parametrize(
    "head",
    [HTML, SVG, b"\xef\xbb\xbf<html>", b'{"error": 1}', b"{}", b'[{"a"', b"<?xml "],
    ids=shown,
)
def test_what_a_web_server_says_is_a_page(head):
    assert is_page(head)


@pytest.mark.parametrize(
    "head", [b"", JPEG, PDF, NOISE, b"<<<", b"[section]", b"{\\rtf1", b"hello"], ids=shown
)
def test_a_file_is_no_page(head):
    assert not is_page(head)
