"""A bucket on this machine, and settings that store media in it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from media.s3.storage import S3MediaStorage

NAME = "media"
KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "not-a-secret"}
HOP = ("content-length", "connection", "transfer-encoding")
FULL = b"<Error><Code>%s</Code><Message>x</Message></Error>"


@dataclass
class Bucket:
    endpoint: str
    client: Any

    def options(self, **changes: Any) -> dict[str, Any]:
        facts = {"bucket_name": NAME, "endpoint_url": self.endpoint, "region_name": "us-east-1"}
        return {**facts, "location": "hub", "attempts": 1, **KEYS, **changes}

    def described(self, **changes: Any) -> dict[str, Any]:
        return {"BACKEND": "media.s3.storage.S3MediaStorage", "OPTIONS": self.options(**changes)}

    def storage(self, **changes: Any) -> S3MediaStorage:
        return S3MediaStorage(**self.options(**changes))

    def names(self) -> list[str]:
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=NAME).get("Contents", [])]


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(moto: str) -> Iterator[Bucket]:
    facts = {"aws_access_key_id": KEYS["access_key"], "aws_secret_access_key": KEYS["secret_key"]}
    client = boto3.client("s3", endpoint_url=moto, region_name="us-east-1", **facts)
    client.create_bucket(Bucket=NAME)
    made = Bucket(moto, client)
    yield made
    for key in made.names():
        client.delete_object(Bucket=NAME, Key=key)
    client.delete_bucket(Bucket=NAME)
    client.close()


def use(settings: Settings, described: dict[str, Any]) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": described}


@dataclass
class Front:
    """Stands before the bucket and keeps a list of what was asked; ``refuse`` answers instead of it, so often."""

    behind: str
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    refusals: list[tuple[str, int, str]] = field(default_factory=list)
    cuts: int = 0
    address: str = ""

    def refuse(self, method: str, status: int, code: str, times: int = 1) -> None:
        self.refusals += [(method, status, code)] * times


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.front.asked.append((self.command, self.path, self.headers.get("Range", "")))
        for refusal in self.front.refusals:
            if refusal[0] == self.command:
                self.front.refusals.remove(refusal)
                self._answer(refusal[1], {}, FULL % refusal[2].encode())
                return
        connection = HTTPConnection(self.front.behind.removeprefix("http://"))
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        self._answer(answer.status, dict(answer.headers), answer.read())
        connection.close()

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        is_head = self.command == "HEAD"
        length = headers.get("Content-Length", "0") if is_head else str(len(content))
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP}
        self.send_response(status)
        for name, value in {**kept, "Content-Length": length}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.front.cuts and self.command == "GET" and len(content) > 1:
            self.front.cuts -= 1
            content, self.close_connection = content[: len(content) // 2], True
        if not is_head:
            self.wfile.write(content)


@pytest.fixture
def front(bucket: Bucket) -> Iterator[Front]:
    made = Front(bucket.endpoint)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Before", (Handler,), {"front": made}))
    server.daemon_threads = True
    made.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
