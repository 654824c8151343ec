"""As much HTTP/1.1 as the stand-in needs: a request read, a response written, a byte range cut out."""

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

from tests.simulator.blobs import Blob, of_bytes

RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object; anything else counts as an empty one, the way lenient servers read."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Response:
    status: int
    body: Blob
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    start: int = 0
    ranges: bool = False

    @property
    def length(self) -> int:
        return self.body.size - self.start

    def head(self, length: int, close: bool) -> bytes:
        fields = {"Content-Type": self.content_type, "Content-Length": str(length), **self.headers}
        fields["Connection"] = "close" if close else "keep-alive"
        reason = HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def json_response(status: int, content: Any) -> Response:
    return Response(status, of_bytes(json.dumps(content, ensure_ascii=False).encode()))


def text_response(status: int, text: str, content_type: str = "text/plain") -> Response:
    return Response(status, of_bytes(text.encode()), content_type)


def file_response(blob: Blob, content_type: str) -> Response:
    return Response(200, blob, content_type, ranges=True)


def read_request(source: BinaryIO) -> Request | None:
    """None when the client has gone, or talks something else than HTTP."""
    parts = source.readline(65537).split()
    if len(parts) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := source.readline(65537)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    path, _, query = parts[1].decode("latin-1").partition("?")
    return Request(parts[0].decode("latin-1"), path, query, headers, read_body(source, headers))


def read_body(source: BinaryIO, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return source.read(int(headers.get("content-length") or 0))
    body = b""
    while size := int(source.readline().split(b";")[0] or b"0", 16):
        body += source.read(size)
        source.readline()
    source.readline()
    return body


def cut_range(request: Request, response: Response) -> Response:
    """Answers a Range request with 206 or 416; a response that knows no ranges stays as it is."""
    asked = RANGE.match(request.headers.get("range", ""))
    if not (asked and response.ranges and response.status == 200):
        return response
    start, size = int(asked[1]), response.body.size
    if start >= size:
        return Response(416, of_bytes(b""), headers={"Content-Range": f"bytes */{size}"})
    end = min(int(asked[2] or size - 1), size - 1)
    headers = {**response.headers, "Content-Range": f"bytes {start}-{end}/{size}"}
    body = Blob(end + 1, response.body.data, response.body.path)
    return Response(206, body, response.content_type, headers, start=start)
