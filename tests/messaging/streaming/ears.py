"""A real process of the stream, and clients that listen to it as browsers do."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import psutil
import requests
from django.db import connection

from scripts.processes import free_port

ROOT = Path(__file__).resolve().parents[3]
PATH = "/api/v1/stream/"


def database_url() -> str:
    """Of the very database that this test sees."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


@dataclass
class Server:
    port: int = field(default_factory=free_port)
    application: str = "tests.messaging.streaming.counting"
    process: Any = None

    def start(self) -> None:
        interface = "wsgi" if "wsgi" in self.application else "asginl"
        options = f"--interface {interface} --host 127.0.0.1 --port {self.port} --no-ws --log-level error"
        command = [sys.executable, "-m", "granian", *options.split(), "--workers-kill-timeout", "1"]
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "multichat.settings",
            "DATABASE_URL": database_url(),
            "LOG_LEVEL": "ERROR",
        }
        command.append(f"{self.application}:application")
        self.process = psutil.Popen(command, cwd=ROOT, env=env, start_new_session=True)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            if any(one.laddr.port == self.port for one in self.worker_connections()):
                return
            time.sleep(0.05)
        raise AssertionError("the stream did not start")

    def worker_connections(self) -> list[Any]:
        return [one for child in self.process.children() for one in child.net_connections("inet")]

    def listeners(self) -> int:
        answer = requests.get(f"http://127.0.0.1:{self.port}/listeners", timeout=30)
        return int(answer.text)

    @property
    def worker(self) -> psutil.Process:
        found: list[psutil.Process] = self.process.children(recursive=True)
        return max(found, key=lambda process: process.memory_info().rss)

    def kill(self) -> None:
        for process in [self.process, *self.process.children(recursive=True)]:
            process.kill()
        self.process.wait()

    def stop(self) -> float:
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(20)
        return time.monotonic() - began


@contextmanager
def serving(**facts: Any) -> Iterator[Server]:
    server = Server(**facts)
    server.start()
    try:
        yield server
    finally:
        if server.process.is_running():
            server.kill()


@dataclass
class Ear:
    """An EventSource: it knows the last id and asks with it when it comes back."""

    port: int
    headers: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)
    last_id: str = ""
    status: int = 0
    answer: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, Any]] = field(default_factory=list)
    ended: bool = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Ear"]:
        self.ended = False
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        again = {"Last-Event-ID": self.last_id} if self.last_id else {}
        lines = [f"GET {PATH}?{urlencode(self.query)} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in (self.headers | again).items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await self._read_head(reader)
        task = asyncio.create_task(self._listen(reader))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            writer.close()

    async def _read_head(self, reader: asyncio.StreamReader) -> None:
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(first.split()[1])
        self.answer = dict(line.lower().split(": ", 1) for line in rest if line)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        text = b""
        try:
            while size := int(await reader.readline() or b"0", 16):
                text += await reader.readexactly(size)
                await reader.readline()
                *blocks, text = text.split(b"\n\n")
                for block in blocks:
                    self._take(block.decode())
        except (OSError, asyncio.IncompleteReadError):
            pass
        self.ended = True

    def _take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and line[0] != ":")
        self.last_id = fields.get("id", self.last_id)
        if "data" in fields:
            self.events.append((fields["event"], json.loads(fields["data"])))

    @property
    def ids(self) -> list[int]:
        return [int(told["id"]) for _, told in self.events if "id" in told]

    @property
    def types(self) -> list[str]:
        return [name for name, _ in self.events]


async def until(true: Any, seconds: float = 60) -> float:
    """How long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        await asyncio.sleep(0.01)
    return time.monotonic() - began
