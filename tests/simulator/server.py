"""The loopback server: a thread per connection, keep-alive, no delay; and the faults that happen on the wire."""

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import BinaryIO, cast

from tests.simulator.blobs import of_bytes
from tests.simulator.cdn import Route, route_cdn, route_link
from tests.simulator.control import route_control
from tests.simulator.delivery import Courier
from tests.simulator.faults import Fault
from tests.simulator.graph import route_graph
from tests.simulator.graph_media import DOWNLOAD_PATH, route_download
from tests.simulator.wapi import route_wapi
from tests.simulator.wire import Request, Response, cut_range, read_request
from tests.simulator.world import Seen, World

SMALL = 256 * 1024
STEP = 16 * 1024


class Hangup(Exception):
    """The connection is of no further use."""


def find_route(world: World, courier: Courier, request: Request) -> Route:
    path = request.path
    if path.startswith("/v1/"):
        return route_wapi(world, courier, request)
    if path.startswith("/media/file/"):
        return route_link(world, request)
    if path.startswith(DOWNLOAD_PATH):
        return route_download(world, request)
    if path.startswith("/_sim/"):
        return route_control(world, courier, request)
    if path.startswith("/v") and path[2:3].isdigit():
        return route_graph(world, courier, request)
    return route_cdn(world, request)


def understood(source: BinaryIO) -> Request | None:
    """None also for what is no HTTP, such as a length that is no number."""
    try:
        return read_request(source)
    except ValueError:
        return None


class Connection(socketserver.BaseRequestHandler):
    server: "Server"
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.request.makefile("rb", 65536) as source:
            try:
                while (request := understood(cast(BinaryIO, source))) is not None:
                    self._answer(request)
            except (Hangup, OSError):
                return

    def _answer(self, request: Request) -> None:
        world = self.server.world
        route = find_route(world, self.server.courier, request)
        if not request.path.startswith("/_sim/"):
            world.requests.append(Seen(route.point, route.line_id, request, world.now()))
        fault = world.faults.take(*route.points)
        if fault and fault.delay:
            self._wait(fault.delay)
        response = self._response(fault, route) if fault else route.answer()
        if not (fault and fault.no_range):
            response = cut_range(request, response)
        if fault and fault.touches_body:
            self._write_faulty(fault, response)
        else:
            self._write(response, request)

    def _response(self, fault: Fault, route: Route) -> Response:
        instead = fault.replacement()
        real = route.answer() if fault.accepts or not (instead or fault.hang_up) else None
        if fault.answer_after:
            self._wait(fault.answer_after)
        response = instead or real
        if response is None or fault.hang_up:
            raise Hangup
        return response

    def _write(self, response: Response, request: Request) -> None:
        close = request.headers.get("connection", "").lower() == "close"
        head = response.head(response.length, close)
        body = response.body
        if request.method == "HEAD":
            self.request.sendall(head)
        elif body.path is None and response.length <= SMALL:
            self.request.sendall(head + body.read(response.start))
        elif body.path is None:
            self.request.sendall(head)
            self.request.sendall(memoryview(body.data)[response.start : body.size])
        else:
            self.request.sendall(head)
            with body.path.open("rb") as source:
                self.request.sendfile(source, response.start, response.length)
        if close:
            raise Hangup

    def _write_faulty(self, fault: Fault, response: Response) -> None:
        if fault.truncate_at is not None:
            short = of_bytes(response.body.read(0, fault.truncate_at))
            response = replace(response, body=short, start=min(response.start, short.size))
        declared = fault.content_length
        self.request.sendall(response.head(response.length if declared is None else declared, close=False))
        stops = [mark for mark in (fault.cut_at, fault.reset_at, fault.stall_at) if mark is not None]
        for piece in faulty_pieces(fault, response, min(stops, default=response.length)):
            self.request.sendall(piece)
            if fault.slow:
                self._wait(len(piece) / fault.slow)
        if fault.stall_at is not None:
            self._wait(fault.stall_seconds)
        if fault.reset_at is not None:
            self._reset()
        if stops or declared is not None:
            raise Hangup

    def _reset(self) -> None:
        """What was sent gets time to arrive: a reset throws away what still waits to go out."""
        time.sleep(0.05)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.forget(self.request)
        self.request.close()

    def _wait(self, seconds: float) -> None:
        if self.server.stopping.wait(seconds):
            raise Hangup


def faulty_pieces(fault: Fault, response: Response, stop: int) -> Iterator[bytes]:
    step = STEP if not fault.slow else max(1, min(STEP, fault.slow // 20))
    end = min(response.start + stop, response.body.size)
    for place in range(response.start, end, step):
        piece = response.body.read(place, min(step, end - place))
        flip = -1 if fault.flip_at is None else fault.flip_at - place
        if 0 <= flip < len(piece):
            piece = piece[:flip] + bytes([piece[flip] ^ 1]) + piece[flip + 1 :]
        yield piece


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], world: World, courier: Courier) -> None:
        self.world = world
        self.courier = courier
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Connection)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        with self._lock:
            self._open.add(cast(socket.socket, request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        self.forget(cast(socket.socket, request))
        super().shutdown_request(request)

    def forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            close_both_ways(connection)


def close_both_ways(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was quicker
        return


class Simulator:
    """The whole outside world on a loopback port: ``with Simulator() as sim: sim.world.add_line(…)``."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1", world: World | None = None) -> None:
        self.world = world or World()
        self.courier = Courier(self.world)
        self.server = Server((host, port), self.world, self.courier)
        self.url = f"http://{host}:{self.server.server_address[1]}"
        self.host = f"{host}:{self.server.server_address[1]}"
        self.cdn_base = self.url
        self.wapi_base = f"{self.url}/v1"
        self.cloud_base = f"{self.url}/v25.0"
        self.world.public_url = self.url
        serve = self.server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), name="simulator", daemon=True)

    def start(self) -> "Simulator":
        self._thread.start()
        self.courier.start()
        return self

    def stop(self) -> None:
        self.courier.stop()
        self.server.stop()
        self._thread.join(timeout=10)
        self.world.close()

    def __enter__(self) -> "Simulator":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
