"""Meta's messages call: what it takes, what it refuses, and the statuses that follow."""

from typing import Any

from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import Body
from tests.simulator.delivery import Courier
from tests.simulator.graph_media import graph_error
from tests.simulator.wire import Response, json_response
from tests.simulator.world import DAY, Line, Person, Sent, World

STEPS = ("sent", "delivered", "read")
PAIR_PERIOD = 270.0
INVALID = "(#100) Invalid parameter"


def is_read_receipt(body: Body) -> bool:
    return body.get("status") == "read"


def answer_messages(world: World, courier: Courier, line: Line, body: Body) -> Response:
    if is_read_receipt(body):
        return json_response(200, {"success": True})
    to, kind = str(body.get("to") or body.get("recipient") or ""), str(body.get("type") or "text")
    if body.get("messaging_product") != "whatsapp" or not to or not is_whole(kind, body.get(kind)):
        return graph_error(400, 100, INVALID)
    media_id = str(body[kind].get("id") or "") if isinstance(body[kind], dict) else ""
    if media_id and media_id not in world.files:
        return graph_error(400, 131053, "(#131053) Media upload error")
    sent = Sent(world.wamid(to), line.id, to, kind, body, world.files.get(media_id), world.now())
    with world.lock:
        refusal = refusal_of(world, sent)
        if refusal:
            return refusal
        world.sent.append(sent)
    follow(world, courier, line, sent)
    contact = {"input": to, "wa_id": to.lstrip("+")}
    return json_response(
        200, {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": sent.id}]}
    )


def is_whole(kind: str, content: Any) -> bool:
    if kind != "template":
        return bool(content)
    named = isinstance(content, dict) and bool(content.get("name"))
    return named and isinstance(content.get("language"), dict) and bool(content["language"].get("code"))


def refusal_of(world: World, sent: Sent) -> Response | None:
    direct = sent.body.get("recipient_type") != "group"
    if world.enforces_window and direct and sent.kind != "template" and not wrote_lately(world, sent):
        details = (
            "Message failed to send because more than 24 hours have passed since the customer last replied."
        )
        return graph_error(400, 131047, "(#131047) Re-engagement message", details=details)
    if world.pair_limit is not None and sent_lately(world, sent) >= world.pair_limit:
        return graph_error(400, 131056, "(#131056) (Business Account, Consumer Account) pair rate limit hit")
    return None


def wrote_lately(world: World, sent: Sent) -> bool:
    wrote = world.wrote_at(sent.line_id, sent.to)
    return wrote is not None and sent.at - wrote < DAY


def sent_lately(world: World, sent: Sent) -> int:
    pair = (sent.line_id, sent.to)
    return sum((other.line_id, other.to) == pair and sent.at - other.at < PAIR_PERIOD for other in world.sent)


def follow(world: World, courier: Courier, line: Line, sent: Sent) -> None:
    composer = CloudComposer(world, line)
    number = sent.to.lstrip("+")
    who = Person("", number) if number.isdigit() else Person("", "", bsuid=number)
    tag = str(sent.body.get("biz_opaque_callback_data") or "")
    for place, word in enumerate(STEPS, 1):
        courier.later(line, composer.status(who, sent.id, word, tag=tag), world.acknowledge_after * place / 4)
