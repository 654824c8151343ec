"""A loopback server with the faults that real sources have. It speaks raw HTTP, so that it can break off anywhere."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def start(self) -> int:
        found = RANGE.match(self.headers.get("range", ""))
        return int(found[1]) if found else 0


@dataclass
class Origin:
    """``answer`` writes what it likes to the connection; returning False closes it."""

    answer: Callable[[Asked, socket.socket], bool]
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            while request := lines.readline().decode("latin-1").split():
                pairs = iter(lambda: lines.readline().decode("latin-1").strip(), "")
                headers = {
                    name.lower(): value.strip() for name, _, value in (pair.partition(":") for pair in pairs)
                }
                body = lines.read(int(headers.get("content-length", 0)))
                asked = Asked(request[0], request[1], headers, body)
                self.asked.append(asked)
                if not self.answer(asked, connection):
                    return


@contextmanager
def serving(answer: Callable[[Asked, socket.socket], bool]) -> Iterator[Origin]:
    origin = Origin(answer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin.port = listener.getsockname()[1]
        threading.Thread(target=origin.serve, args=(listener,), daemon=True).start()
        yield origin
        listener.shutdown(socket.SHUT_RDWR)


def send_head(connection: socket.socket, status: int, **headers: object) -> None:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode())


def plain(content: bytes, status: int = 200, **headers: object) -> Callable[[Asked, socket.socket], bool]:
    def answer(asked: Asked, connection: socket.socket) -> bool:
        send_head(connection, status, Content_Length=len(content), **headers)
        connection.sendall(content)
        return True

    return answer


def ranged(
    content: bytes, *, piece: int, ending: Callable[[socket.socket], None] = lambda connection: None
) -> Callable[[Asked, socket.socket], bool]:
    """Knows Range, promises everything, and breaks off after ``piece`` bytes."""

    def answer(asked: Asked, connection: socket.socket) -> bool:
        rest = content[asked.start :]
        total = len(content)
        if asked.start:
            send_head(
                connection,
                206,
                Content_Length=len(rest),
                Content_Range=f"bytes {asked.start}-{total - 1}/{total}",
            )
        else:
            send_head(connection, 200, Content_Length=total)
        connection.sendall(rest[:piece])
        if len(rest) <= piece:
            return True
        ending(connection)
        return False

    return answer


def reset(connection: socket.socket) -> None:
    # What was sent has to be read first: a reset takes back what still waits.
    time.sleep(0.02)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stall(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)
