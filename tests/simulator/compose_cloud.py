"""Webhook bodies as Meta's Cloud API writes them: the same questions as W-API's, answered in Meta's words."""

import base64
from typing import Any, Unpack

from tests.simulator.compose_wapi import Body, Frame
from tests.simulator.graph_media import media_url
from tests.simulator.world import Line, Person, StoredFile, World

TYPE_OF_KIND = {"voice": "audio"}


class CloudComposer:
    def __init__(self, world: World, line: Line) -> None:
        self.world = world
        self.line = line

    def change(self, field: str = "messages", **value: Any) -> Body:
        metadata = {"display_phone_number": self.line.phone, "phone_number_id": self.line.id}
        whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        entry = {"id": self.line.waba_id, "changes": [{"value": whole, "field": field}]}
        return {"object": "whatsapp_business_account", "entry": [entry]}

    def message(self, who: Person, kind: str, content: Any, **frame: Unpack[Frame]) -> Body:
        """Own messages are echoes of what staff typed on the phone (``smb_message_echoes``)."""
        found: Body = {
            "id": frame.get("message_id") or self.world.wamid(who.phone),
            "timestamp": str(int(frame.get("at") or self.world.now())),
            "type": kind,
            kind: content,
        }
        if context := self._context(frame):
            found["context"] = context
        if group := frame.get("group"):
            found["group_id"] = group.id
        if frame.get("from_me"):
            echo = {"from": self.line.phone, "to": who.phone, "to_user_id": who.bsuid, **found}
            return self.change(
                "smb_message_echoes", contacts=[self._contact(who)], message_echoes=[self._filled(echo)]
            )
        self.world.heard(self.line.id, who, float(found["timestamp"]))
        named = self._filled({"from": who.phone, "from_user_id": who.bsuid})
        return self.change(contacts=[self._contact(who)], messages=[{**named, **found}])

    def _filled(self, fields: Body) -> Body:
        return {name: value for name, value in fields.items() if value != ""}

    def _contact(self, who: Person) -> Body:
        profile = self._filled({"name": who.name, "username": who.username})
        return self._filled({"profile": profile, "wa_id": who.phone, "user_id": who.bsuid})

    def _context(self, frame: Frame) -> Body:
        if reply_to := frame.get("reply_to"):
            return {"from": self.line.phone, "id": reply_to}
        return {"forwarded": True} if frame.get("forwarded") else {}

    def text(self, who: Person, words: str, **frame: Unpack[Frame]) -> Body:
        return self.message(who, "text", {"body": words}, **frame)

    def media(self, who: Person, file: StoredFile, caption: str = "", **frame: Unpack[Frame]) -> Body:
        facts = file.facts
        content: Body = {
            "mime_type": facts.mimetype,
            "sha256": base64.b64encode(file.sha256).decode(),
            "id": file.id,
            "url": media_url(self.world, file, "webhook"),
            "caption": caption,
            "filename": facts.filename,
        }
        content = self._filled(content)
        if facts.kind in ("audio", "voice"):
            content["voice"] = facts.kind == "voice"
        if facts.kind == "sticker":
            content["animated"] = facts.animated
        return self.message(who, TYPE_OF_KIND.get(facts.kind, facts.kind), content, **frame)

    def album(
        self, who: Person, files: list[StoredFile], caption: str = "", **frame: Unpack[Frame]
    ) -> list[Body]:
        return [self.media(who, file, caption if not n else "", **frame) for n, file in enumerate(files)]

    def view_once(self, who: Person, **frame: Unpack[Frame]) -> Body:
        return self.unsupported(who, 131060, "This message is currently unavailable.", **frame)

    def unsupported(self, who: Person, code: int, title: str, **frame: Unpack[Frame]) -> Body:
        body = self.message(who, "unsupported", {"type": "media_placeholder"}, **frame)
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        message["errors"] = [
            {"code": code, "title": title, "message": title, "error_data": {"details": title}}
        ]
        return body

    def location(
        self, who: Person, name: str, address: str, where: tuple[float, float], **frame: Unpack[Frame]
    ) -> Body:
        place = {"latitude": where[0], "longitude": where[1], "name": name, "address": address}
        return self.message(who, "location", place, **frame)

    def contacts(self, who: Person, people: list[Person], **frame: Unpack[Frame]) -> Body:
        cards = [
            {
                "name": {"first_name": person.name.split()[0], "formatted_name": person.name},
                "phones": [{"phone": f"+{person.phone}", "wa_id": person.phone, "type": "CELL"}],
            }
            for person in people
        ]
        return self.message(who, "contacts", cards, **frame)

    def poll(self, who: Person, question: str, options: list[str], **frame: Unpack[Frame]) -> Body:
        """Meta passes no polls on: it says that there was one."""
        return self.unsupported(who, 131051, "Message type unknown", **frame)

    def reaction(self, who: Person, target: str, emoji: str, **frame: Unpack[Frame]) -> Body:
        """An empty emoji takes the reaction back; on the wire it is then absent."""
        return self.message(who, "reaction", self._filled({"message_id": target, "emoji": emoji}), **frame)

    def edit(self, who: Person, target: str, words: str, **frame: Unpack[Frame]) -> Body:
        content = {"original_message_id": target, "message": {"type": "text", "text": {"body": words}}}
        return self.message(who, "edit", content, **frame)

    def revoke(self, who: Person, target: str, **frame: Unpack[Frame]) -> Body:
        return self.message(who, "revoke", {"original_message_id": target}, **frame)

    def status(self, who: Person, message_id: str, word: str, at: float = 0, tag: str = "") -> Body:
        """``word``: sent, delivered, read, played or failed; ``tag`` is what came along with the sending."""
        found = {
            "id": message_id,
            "status": word,
            "timestamp": str(int(at or self.world.now())),
            "recipient_id": who.phone,
            "recipient_user_id": who.bsuid,
            "biz_opaque_callback_data": tag,
        }
        status = self._filled(found)
        if word == "delivered":
            terms = {
                "billable": False,
                "pricing_model": "PMP",
                "type": "free_customer_service",
                "category": "service",
            }
            status["pricing"] = terms
        if word == "failed":
            details = {"details": "More than 24 hours have passed since the recipient last replied."}
            status["errors"] = [{"code": 131047, "title": "Re-engagement message", "error_data": details}]
            return self.change(statuses=[status])
        return self.change(contacts=[self._contact(who)], statuses=[status])

    def line_error(self, code: int, title: str) -> Body:
        return self.change(
            errors=[{"code": code, "title": title, "message": title, "error_data": {"details": title}}]
        )

    def message_id(self, body: Body) -> str:
        value = body["entry"][0]["changes"][0]["value"]
        return str((value.get("messages") or value["message_echoes"])[0]["id"])
