"""Meta's media: an id that lives for days, an address that lives for minutes."""

import hashlib
from typing import Any

from tests.simulator.cdn import Route
from tests.simulator.wire import Request, Response, file_response, json_response, text_response
from tests.simulator.world import MEDIA_ID_LIFETIME, Line, StoredFile, World

DOWNLOAD_PATH = "/whatsapp_business/attachments/"
URL_LIFETIME = 300
UNAUTHENTICATED = {"title": "Authentication Error", "detail": "Authentication Error", "status": 401}
GONE = (
    "Unsupported get request. Object with ID does not exist, cannot be loaded due to missing permissions, "
    "or does not support this operation."
)


def url_hash(file: StoredFile, source: str, expires: int) -> str:
    return hashlib.sha256(f"{file.id}:{source}:{expires}".encode() + file.sha256).hexdigest()[:32]


def media_url(world: World, file: StoredFile, source: str) -> str:
    expires = int(world.now()) + URL_LIFETIME
    mark = url_hash(file, source, expires)
    return f"{world.public_url}{DOWNLOAD_PATH}?mid={file.id}&source={source}&ext={expires}&hash={mark}"


def graph_error(
    status: int, code: int, message: str, kind: str = "OAuthException", subcode: int = 0, details: str = ""
) -> Response:
    error = {"message": message, "type": kind, "code": code, "fbtrace_id": "SIMULATED"}
    more: dict[str, Any] = {"error_subcode": subcode} if subcode else {}
    if details:
        more["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return json_response(status, {"error": {**error, **more}})


def media_info(world: World, line: Line, file: StoredFile, request: Request) -> Response:
    foreign = line.id != file.line_id or request.query.get("phone_number_id", line.id) != line.id
    if foreign or file.created + MEDIA_ID_LIFETIME <= world.now():
        return graph_error(400, 100, GONE, "GraphMethodException", 33)
    found = {
        "messaging_product": "whatsapp",
        "url": media_url(world, file, "getMedia"),
        "mime_type": file.facts.mimetype,
        "sha256": file.sha256.hex(),
        "file_size": file.plain.size,
        "id": file.id,
    }
    return json_response(200, found)


def route_download(world: World, request: Request) -> Route:
    file = world.files.get(request.query.get("mid", ""))
    if file is None:
        return Route("media-download", lambda: text_response(404, ""))
    return Route("media-download", lambda: serve(world, request, file), file.line_id, file)


def serve(world: World, request: Request, file: StoredFile) -> Response:
    line = world.find_line("cloud", request.bearer)
    if line is None or line.id != file.line_id:
        return json_response(401, UNAUTHENTICATED)
    query = request.query
    expires = int(query["ext"]) if query.get("ext", "").isdigit() else 0
    if expires <= world.now() or query.get("hash") != url_hash(file, query.get("source", ""), expires):
        return text_response(404, "")
    return file_response(file.plain, file.facts.mimetype)
