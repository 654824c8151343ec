"""W-API's sending: queued at once, seen leaving a moment later, then acknowledged step by step."""

import re
from collections.abc import Callable
from typing import Any

from tests.simulator.compose_wapi import Body, WapiComposer, media_content
from tests.simulator.delivery import Courier
from tests.simulator.uploads import fetched
from tests.simulator.wire import Response, json_response
from tests.simulator.world import Line, Person, Sent, StoredFile, World

DESTINATION = re.compile(r"\d{10,15}|[\d-]+@g\.us|\d+@lid|\d{15,}@newsletter")
FIELDS = {
    "send-text": ["message"],
    "send-image": ["image"],
    "send-audio": ["audio"],
    "send-video": ["video"],
    "send-ptv": ["ptv"],
    "send-gif": ["gif"],
    "send-sticker": ["sticker"],
    "send-document": ["document", "extension"],
    "send-link": ["message", "linkUrl"],
    "send-location": ["latitude", "longitude"],
    "send-contact": ["contactName", "contactPhone"],
    "send-contacts": ["contacts"],
    "send-reaction": ["messageId", "reaction"],
    "remove-reaction": ["messageId"],
    "send-poll": ["message", "poll"],
    "send-list": ["title", "sections"],
    "send-button-actions": ["message", "buttonActions"],
    "send-buttons": ["message", "buttons"],
    "send-otp": ["message", "code"],
    "send-pix": ["pixKey"],
    "send-carousel": ["message", "cards"],
    "edit-message": ["text", "messageId"],
}
KIND_OF_CALL = {
    "send-image": "image",
    "send-audio": "voice",
    "send-video": "video",
    "send-ptv": "video",
    "send-gif": "video",
    "send-sticker": "sticker",
    "send-document": "document",
}
STEPS = ("sent", "delivered", "read")


def answer_send(world: World, courier: Courier, line: Line, call: str, body: Body) -> Response:
    missing = [name for name in ["phone", *FIELDS[call]] if not body.get(name)]
    if missing:
        return json_response(400, {"error": True, "message": f"Campo obrigatório: {missing[0]}"})
    if not DESTINATION.fullmatch(str(body["phone"])):
        return json_response(400, {"error": True, "message": "Número inválido."})
    kind = call.removeprefix("send-")
    sent = Sent(world.message_id(), line.id, str(body["phone"]), kind, body, at=world.now())
    sent.file = carried_file(world, line, call, body)
    world.sent.append(sent)
    follow(world, courier, line, sent, echo_content(world, call, body, sent.file))
    return json_response(
        200, {"instanceId": line.id, "messageId": sent.id, "insertedId": world.random.randbytes(12).hex()}
    )


def carried_file(world: World, line: Line, call: str, body: Body) -> StoredFile | None:
    kind = KIND_OF_CALL.get(call)
    if kind is None:
        return None
    found = fetched(str(body[FIELDS[call][0]]))
    if found is None:
        return None
    data, mimetype = found
    return world.bytes_file(line, data, kind, mimetype, filename=str(body.get("fileName") or ""))


def recipient(to: str) -> Person:
    return Person("", "", to) if "@" in to else Person("", to)


def follow(world: World, courier: Courier, line: Line, sent: Sent, content: Body) -> None:
    """The echo of what left, then its statuses, spread over ``world.acknowledge_after`` seconds."""
    composer = WapiComposer(world, line)
    who = recipient(sent.to)
    step = world.acknowledge_after / 4
    echo = composer.message(
        who, content, from_me=True, from_api=True, message_id=sent.id, reply_to=reply_to(sent)
    )
    courier.later(line, {**echo, "isGroup": sent.to.endswith("@g.us")}, step)
    if sent.kind in ("reaction", "remove-reaction", "edit-message"):
        return
    for place, word in enumerate(STEPS, 2):
        courier.later(line, composer.status(who, sent.id, word), step * place)


def reply_to(sent: Sent) -> str:
    return (
        ""
        if sent.kind in ("reaction", "remove-reaction", "edit-message")
        else str(sent.body.get("messageId") or "")
    )


def echo_content(world: World, call: str, body: Body, file: StoredFile | None) -> Body:
    if file is not None:
        return media_content(world, file, str(body.get("caption") or ""))
    build = CONTENTS.get(call)
    return build(body) if build else {"conversation": str(body.get("message") or body.get("title") or call)}


def location(body: Body) -> Body:
    where = {"degreesLatitude": float(body["latitude"]), "degreesLongitude": float(body["longitude"])}
    return {"locationMessage": {**where, "name": body.get("name", ""), "address": body.get("address", "")}}


def key(body: Body, from_me: bool) -> dict[str, Any]:
    return {"remoteJid": str(body["phone"]), "fromMe": from_me, "id": body["messageId"]}


def reaction(body: Body) -> Body:
    return {"reactionMessage": {"key": key(body, False), "text": body.get("reaction", "")}}


def edit(body: Body) -> Body:
    edited = {"conversation": body["text"]}
    return {"protocolMessage": {"type": "MESSAGE_EDIT", "key": key(body, True), "editedMessage": edited}}


def contact(body: Body) -> Body:
    card = f"BEGIN:VCARD\nVERSION:3.0\nFN:{body['contactName']}\nTEL:{body['contactPhone']}\nEND:VCARD"
    return {"contactMessage": {"displayName": body["contactName"], "vcard": card}}


def poll(body: Body) -> Body:
    options = [{"optionName": option} for option in body["poll"]]
    return {
        "pollCreationMessageV3": {"name": body["message"], "options": options, "selectableOptionsCount": 1}
    }


CONTENTS: dict[str, Callable[[Body], Body]] = {
    "send-location": location,
    "send-reaction": reaction,
    "remove-reaction": reaction,
    "edit-message": edit,
    "send-contact": contact,
    "send-poll": poll,
}
