"""WhatsApp's file servers, and the two places where providers hand out the plain file."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.simulator.wire import Request, Response, file_response, text_response
from tests.simulator.world import StoredFile, World


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads: the point's name for faults, and what would answer if none is set."""

    point: str
    answer: Callable[[], Response]
    line_id: str = ""
    file: StoredFile | None = None

    @property
    def points(self) -> list[str]:
        narrow = [f"{self.point}:{self.file.id}"] if self.file else []
        return [*narrow, f"{self.point}@{self.line_id}", self.point]


def route_cdn(world: World, request: Request) -> Route:
    file = world.files_by_path.get(request.path)
    if file is None:
        return Route("cdn", lambda: text_response(404, "Not found"))
    return Route("cdn", lambda: serve_stored(world, request, file), file.line_id, file)


def serve_stored(world: World, request: Request, file: StoredFile) -> Response:
    asked = parse_qs(request.query_string)
    if any(asked.get(name) != value for name, value in file.signature.items()):
        return text_response(403, "Bad URL hash")
    if file.expires <= world.now():
        return text_response(403, "URL signature expired")
    return file_response(file.stored, "application/octet-stream")


def route_link(world: World, request: Request) -> Route:
    """W-API's own copy behind ``fileLink``: plain, without a token, for a while."""
    link = world.links.get(request.path.rpartition("/")[2].partition("_")[0])
    if link is None or link.expires <= world.now():
        return Route("file-link", lambda: text_response(404, f"Cannot GET {request.path}", "text/html"))
    file = link.file
    return Route("file-link", lambda: file_response(file.plain, file.facts.mimetype), file.line_id, file)
