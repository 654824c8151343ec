"""W-API's HTTP API: who may call, the line's own endpoints, webhooks, chats and groups."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.simulator import qr
from tests.simulator.blobs import of_bytes
from tests.simulator.cdn import Route
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.delivery import Courier
from tests.simulator.wapi_media import answer_download
from tests.simulator.wapi_messages import FIELDS, answer_send, recipient
from tests.simulator.wire import Request, Response, json_response, text_response
from tests.simulator.world import Line, World

WEBHOOK_SLOTS = {
    "update-webhook-connected": "connected",
    "update-webhook-disconnected": "disconnected",
    "update-webhook-delivery": "delivery",
    "update-webhook-received": "received",
    "update-webhook-message-status": "message-status",
    "update-webhook-chat-presence": "chat-presence",
}
URL_FIELDS = {
    "webhookConnectedUrl": "connected",
    "webhookDeliveryUrl": "delivery",
    "webhookDisconnectedUrl": "disconnected",
    "webhookStatusUrl": "message-status",
    "webhookPresenceUrl": "chat-presence",
    "webhookReceivedUrl": "received",
}


@dataclass(frozen=True, slots=True)
class Call:
    world: World
    courier: Courier
    line: Line
    request: Request

    @property
    def composer(self) -> WapiComposer:
        return WapiComposer(self.world, self.line)


Answer = Callable[[Call], Response]


def wapi_error(status: int, message: Any) -> Response:
    return json_response(status, {"error": True, "message": message})


def no_such_path(request: Request) -> Response:
    page = f"<pre>Cannot {request.method} {request.path}</pre>"
    return text_response(404, page, "text/html; charset=utf-8")


def route_wapi(world: World, courier: Courier, request: Request) -> Route:
    path = request.path.removeprefix("/v1")
    point = "media-download-alt" if path == "/media/download" else path.rpartition("/")[2]
    line = world.lines.get(request.query.get("instanceId", ""))
    answer = find_answer(world, request.method, path)
    if answer is None:
        return Route(point, lambda: no_such_path(request), line.id if line else "")
    if line is None or line.provider != "wapi":
        return Route(point, lambda: wapi_error(404, "Instância não encontrada."))
    if request.bearer != line.token:
        return Route(point, lambda: wapi_error(401, "Token inválido."), line.id)
    call = Call(world, courier, line, request)
    file = world.files_by_path.get(request.json.get("directPath", "").partition("?")[0])
    return Route(point, lambda: guarded(call, path, answer), line.id, file)


def guarded(call: Call, path: str, answer: Answer) -> Response:
    needs_session = not path.startswith(("/instance/", "/webhook/"))
    if needs_session and not call.line.connected:
        return wapi_error(401, "Whatsapp não conectado")
    return answer(call)


def find_answer(world: World, method: str, path: str) -> Answer | None:
    name = path.rpartition("/")[2]
    if (method, path) in ANSWERS:
        return ANSWERS[method, path]
    if method == "PUT" and name in WEBHOOK_SLOTS and path.startswith("/webhook/"):
        return update_webhook
    if method == "POST" and path.startswith("/message/") and name in FIELDS:
        return lambda call: answer_send(call.world, call.courier, call.line, name, call.request.json)
    if method == "POST" and path == "/media/download" and world.alternative_download:
        return download_media
    return None


def status_instance(call: Call) -> Response:
    return json_response(200, {"instanceId": call.line.id, "connected": call.line.connected})


def qr_code(call: Call) -> Response:
    if call.line.connected:
        return json_response(200, {"instanceId": call.line.id, "connected": True})
    image = qr.png(f"2@{call.line.id},simulated".encode())
    if call.request.query.get("image") == "enable":
        return Response(200, of_bytes(image), "image/png")
    shown = "data:image/png;base64," + base64.b64encode(image).decode()
    return json_response(200, {"instanceId": call.line.id, "qrcode": shown})


def pairing_code(call: Call) -> Response:
    return json_response(200, {"pairingCode": call.world.random.randbytes(4).hex().upper()})


def restart(call: Call) -> Response:
    return json_response(200, {"error": False, "message": "Instância reiniciada."})


def disconnect(call: Call) -> Response:
    call.line.connected = False
    call.courier.later(call.line, call.composer.disconnected())
    return json_response(200, {"error": False, "message": "Instância desconectada."})


def device(call: Call) -> Response:
    return json_response(
        200, {"connectedPhone": call.line.phone, "name": call.line.name, "platform": "android"}
    )


def fetch_instance(call: Call) -> Response:
    line = call.line
    urls = {field: line.webhooks.get(slot, "") for field, slot in URL_FIELDS.items()}
    known = {"instanceId": line.id, "instanceName": line.name, "connected": line.connected}
    more = {
        "connectedPhone": line.phone if line.connected else "",
        "paymentStatus": "paid",
        "rejectCalls": False,
    }
    return json_response(200, {**known, **more, **urls})


def update_webhook(call: Call) -> Response:
    """A body without ``value`` is answered as success and not saved, as in the field."""
    slot = WEBHOOK_SLOTS[call.request.path.rpartition("/")[2]]
    value = call.request.json.get("value")
    if isinstance(value, str):
        call.line.webhooks[slot] = value
    return json_response(200, {"error": False, "message": f"Webhook de {slot} atualizado."})


def webhook_logs(call: Call) -> Response:
    """Every webhook that was sent or tried, the newest first; whether anybody took it does not matter."""
    page, size = (int(call.request.query.get(name, usual)) for name, usual in (("page", 1), ("perPage", 20)))
    mine = [item for item in list(call.world.tried) if item["line"] == call.line.id][::-1]
    logs = [
        {
            "event": item["body"].get("event"),
            "statusCode": item["status"],
            "createdAt": datetime.fromtimestamp(item["at"], UTC).isoformat().replace("+00:00", "Z"),
            "payload": json.dumps(item["body"]),
        }
        for item in mine[(page - 1) * size : page * size]
    ]
    pages = max(1, -(-len(mine) // size))
    return json_response(
        200, {"logs": logs, "totalLogs": len(mine), "currentPage": page, "totalPages": pages}
    )


def group_metadata(call: Call) -> Response:
    group = call.line.groups.get(call.request.query.get("groupId", ""))
    if group is None:
        return wapi_error(404, "Grupo não encontrado.")
    members = [
        {
            "phone": member.phone,
            "lid": member.lid,
            "name": member.name,
            "isAdmin": place == 0,
            "isSuperAdmin": False,
        }
        for place, member in enumerate(group.members)
    ]
    found = {"id": group.id, "subject": group.subject, "size": len(members), "participants": members}
    return json_response(200, {"error": False, "group": found})


def phone_exists(call: Call) -> Response:
    phone = call.request.query.get("phoneNumber", "")
    valid = phone.isdigit() and 10 <= len(phone) <= 15
    lid = f"1{phone[-13:]:0>14}@lid" if valid else ""
    return json_response(200, {"exists": valid, "phoneNumber": phone, "lid": lid})


def profile_picture(call: Call) -> Response:
    return wapi_error(404, "Foto não disponível.")


def done(call: Call) -> Response:
    return json_response(200, {"error": False, "message": "Feito."})


def delete_message(call: Call) -> Response:
    """For everyone; the echo is what our own other devices see."""
    query = call.request.query
    if not (query.get("phone") and query.get("messageId")):
        return wapi_error(400, "Campo obrigatório: phone, messageId")
    body = call.composer.revoke(recipient(query["phone"]), query["messageId"], from_me=True, from_api=True)
    call.courier.later(call.line, body, call.world.acknowledge_after / 4)
    return json_response(200, {"error": False, "message": "Mensagem apagada."})


def download_media(call: Call) -> Response:
    return answer_download(call.world, call.request.json)


ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "/instance/status-instance"): status_instance,
    ("GET", "/instance/qr-code"): qr_code,
    ("GET", "/instance/pairing-code"): pairing_code,
    ("GET", "/instance/restart"): restart,
    ("GET", "/instance/disconnect"): disconnect,
    ("GET", "/instance/device"): device,
    ("GET", "/instance/fetch-instance"): fetch_instance,
    ("GET", "/webhook/fetch-webhook-logs"): webhook_logs,
    ("GET", "/group/group-metadata"): group_metadata,
    ("GET", "/contacts/phone-exists"): phone_exists,
    ("GET", "/contacts/profile-picture"): profile_picture,
    ("POST", "/chats/send-presence"): done,
    ("POST", "/message/read-message"): done,
    ("DELETE", "/message/delete-message"): delete_message,
    ("POST", "/message/download-media"): download_media,
}
