"""W-API's download of media: asks WhatsApp itself and lends its own copy for a while."""

import base64
import uuid
from typing import Any

from tests.simulator.wire import Response, json_response
from tests.simulator.world import Link, StoredFile, World

FAILURE = "Falha ao fazer o download do conteúdo."
TYPE_OF_KIND = {"voice": "audio"}
SUFFIX = {
    "image": "jpeg",
    "voice": "oga",
    "audio": "mp3",
    "video": "mp4",
    "document": "bin",
    "sticker": "webp",
}


def failure() -> Response:
    nested = {"error": False, "data": {"error": True, "message": FAILURE}}
    return json_response(500, {"error": True, "message": nested})


def answer_download(world: World, body: dict[str, Any]) -> Response:
    """Answers with a link when key, whole path, type and mimetype fit a file that WhatsApp still has."""
    missing = [name for name in ("mediaKey", "directPath", "type", "mimetype") if not body.get(name)]
    if missing:
        return json_response(400, {"error": True, "message": f"Campo obrigatório: {missing[0]}"})
    file = world.files_by_path.get(str(body["directPath"]).partition("?")[0])
    if file is None or not fits(file, body) or file.expires <= world.now():
        return failure()
    link_id = str(uuid.UUID(int=world.random.getrandbits(128), version=4))
    expires = world.now() + world.link_lifetime
    world.links[link_id] = Link(file, expires)
    name = f"{link_id}_{body['type']}.{SUFFIX[file.facts.kind]}"
    link = f"{world.public_url}/media/file/{name}"
    return json_response(200, {"error": False, "fileLink": link, "expires": int(expires * 1000)})


def fits(file: StoredFile, body: dict[str, Any]) -> bool:
    kind = file.facts.kind
    types = {TYPE_OF_KIND.get(kind, kind), *(("image",) if kind == "sticker" else ())}
    same_key = body["mediaKey"] == base64.b64encode(file.media_key).decode()
    return same_key and body["directPath"] == file.direct_path and body["type"] in types
