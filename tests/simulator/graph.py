"""Meta's Graph API as far as WhatsApp needs it: the phone number and its media; messages have their own module."""

import re
import secrets
from typing import Any

import requests

from tests.simulator.cdn import Route
from tests.simulator.delivery import Courier
from tests.simulator.graph_media import GONE, graph_error, media_info
from tests.simulator.graph_messages import answer_messages, is_read_receipt
from tests.simulator.uploads import form_fields
from tests.simulator.wire import Request, Response, json_response
from tests.simulator.world import Line, StoredFile, World

PATH = re.compile(r"/v[\d.]+/(\d+)(?:/(\w+))?/?$")
# Its own point, named as W-API names it, so that a fault of sending does not meet it.
READ_RECEIPT = "read-message"
KIND_OF_MIMETYPE = {"image": "image", "video": "video", "audio": "audio"}


def route_graph(world: World, courier: Courier, request: Request) -> Route:
    matched = PATH.match(request.path)
    number, edge = matched.groups("") if matched else ("", "")
    line = world.find_line("cloud", request.bearer)
    file = world.files.get(number)
    point = edge or ("media-info" if file else "phone")
    if edge == "messages" and is_read_receipt(request.json):
        point = READ_RECEIPT
    line_id = line.id if line else ""
    if line is None:
        text = "Error validating access token: Session has expired"
        return Route(point, lambda: graph_error(401, 190, text), file=file)
    if file and not edge:
        return Route(point, lambda: answer_file(world, line, file, request), line_id, file)
    if edge == "subscribed_apps" and number == line.waba_id:
        return Route(point, lambda: json_response(200, {"success": True}), line_id)
    if number != line.id:
        return Route(point, lambda: graph_error(400, 100, GONE, "GraphMethodException", 33), line_id)
    return Route(point, lambda: answer_line(world, courier, line, request, edge), line_id)


def answer_file(world: World, line: Line, file: StoredFile, request: Request) -> Response:
    if request.method != "DELETE":
        return media_info(world, line, file, request)
    del world.files[file.id]
    return json_response(200, {"success": True})


def answer_line(world: World, courier: Courier, line: Line, request: Request, edge: str) -> Response:
    if request.method == "POST" and edge == "media":
        return upload(world, line, request)
    if request.method == "POST" and edge == "messages":
        return answer_messages(world, courier, line, request.json)
    if request.method == "POST" and not edge:
        return configure(world, line, request)
    if request.method == "GET" and not edge:
        return describe(line, request)
    return graph_error(400, 100, "Unsupported request", "GraphMethodException")


def describe(line: Line, request: Request) -> Response:
    known: dict[str, Any] = {
        "display_phone_number": f"+{line.phone}",
        "verified_name": line.name,
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "status": "CONNECTED" if line.connected else "DISCONNECTED",
        "throughput": {"level": "STANDARD"},
        "webhook_configuration": {"phone_number": line.webhooks.get("received", "")},
    }
    asked = request.query.get("fields", "display_phone_number,verified_name,quality_rating").split(",")
    return json_response(200, {"id": line.id, **{name: known[name] for name in asked if name in known}})


def configure(world: World, line: Line, request: Request) -> Response:
    wanted = request.json.get("webhook_configuration") or {}
    url = str(wanted.get("override_callback_uri") or "")
    token = str(wanted.get("verify_token") or "")
    if len(url) > 200 or (world.verifies_webhooks and url and not handshake(url, token)):
        return graph_error(400, 2200, "(#2200) Callback verification failed")
    line.use_webhook(url)
    return json_response(200, {"success": True})


def handshake(url: str, token: str) -> bool:
    challenge = secrets.token_hex(8)
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
    try:
        answer = requests.get(url, params=query, timeout=10)
    except requests.RequestException:
        return False
    return answer.status_code == 200 and answer.text == challenge


def upload(world: World, line: Line, request: Request) -> Response:
    fields = form_fields(request.headers.get("content-type", ""), request.body)
    if "file" not in fields or fields.get("messaging_product", (b"",))[0] != b"whatsapp":
        return graph_error(400, 100, "(#100) Invalid parameter")
    data, mimetype, filename = fields["file"]
    if mimetype == "audio/ogg":
        return graph_error(400, 131053, "(#131053) Media upload error")
    kind = KIND_OF_MIMETYPE.get(mimetype.partition("/")[0], "document")
    return json_response(200, {"id": world.bytes_file(line, data, kind, mimetype, filename=filename).id})
