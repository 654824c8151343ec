"""Files that the product hands over: as a data URI, as a link to itself, or as a multipart form."""

import base64
import binascii
from email.parser import BytesParser
from urllib.parse import urlsplit

import requests

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def fetched(source: str) -> tuple[bytes, str] | None:
    """Bytes and mimetype behind a data URI or a link; None when it can't be read from this machine alone."""
    if source.startswith("data:"):
        head, _, data = source[5:].partition(",")
        try:
            return base64.b64decode(data), head.removesuffix(";base64").strip() or "application/octet-stream"
        except binascii.Error:
            return None
    if urlsplit(source).hostname not in LOOPBACK:
        return None
    return download(source)


def download(link: str) -> tuple[bytes, str] | None:
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(link, timeout=30)
    except requests.RequestException:
        return None
    return (answer.content, answer.headers.get("Content-Type", "")) if answer.ok else None


def form_fields(content_type: str, body: bytes) -> dict[str, tuple[bytes, str, str]]:
    """Each field of a multipart form: its bytes, its mimetype and its file name."""
    form = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found = {}
    for part in form.walk():
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            name = str(part.get_param("name", header="content-disposition"))
            found[name] = (data, str(part.get("Content-Type", "")), part.get_filename() or "")
    return found
