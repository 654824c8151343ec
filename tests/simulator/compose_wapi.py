"""Webhook bodies as W-API writes them, in either spelling of the content."""

import base64
from typing import Any, TypedDict, Unpack

from tests.simulator.world import Group, Line, Person, StoredFile, World

Body = dict[str, Any]
MESSAGE_FIELD = {
    "image": "imageMessage",
    "video": "videoMessage",
    "audio": "audioMessage",
    "voice": "audioMessage",
    "document": "documentMessage",
    "sticker": "stickerMessage",
}
SPELLING_B = {
    "url": "URL",
    "fileSha256": "fileSHA256",
    "fileEncSha256": "fileEncSHA256",
    "jpegThumbnail": "JPEGThumbnail",
    "ptt": "PTT",
    "stanzaId": "stanzaID",
    "remoteJid": "remoteJID",
    "mentionedJid": "mentionedJID",
    "id": "ID",
    "selectedId": "selectedID",
    "senderTimestampMs": "senderTimestampMS",
    "timestampMs": "timestampMS",
    "stickerSentTs": "stickerSentTS",
}


class Frame(TypedDict, total=False):
    """What any message may have around its content."""

    group: Group
    from_me: bool
    from_api: bool
    reply_to: str
    forwarded: bool
    message_id: str
    at: float


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def in_dialect_b(content: Any) -> Any:
    if isinstance(content, dict):
        renamed = {SPELLING_B.get(name, name): in_dialect_b(value) for name, value in content.items()}
        return dict(sorted(renamed.items()))
    return [in_dialect_b(item) for item in content] if isinstance(content, list) else content


def media_fields(world: World, file: StoredFile) -> Body:
    """A file as a message names it. A public file has no keys and no encrypted sum.

    On the wire ``url`` names mmg.whatsapp.net; here it names us, so that nothing is ever asked out there.
    """
    facts = file.facts
    found: Body = {
        "url": f"{world.public_url}{file.direct_path}&mms3=true",
        "directPath": file.direct_path,
        "mimetype": facts.mimetype,
        "fileSha256": b64(file.sha256),
        "fileLength": str(file.plain.size),
        "mediaKeyTimestamp": str(int(file.created)),
        "mediaKey": b64(file.media_key),
        "fileEncSha256": b64(file.enc_sha256),
        "seconds": facts.seconds,
        "width": facts.width,
        "height": facts.height,
        "pageCount": facts.pages,
        "fileName": facts.filename,
        "title": facts.filename,
        "waveform": b64(facts.waveform),
        "jpegThumbnail": b64(facts.thumbnail),
    }
    return {name: value for name, value in found.items() if value}


def media_content(world: World, file: StoredFile, caption: str = "") -> Body:
    inner = media_fields(world, file)
    kind = file.facts.kind
    if caption:
        inner["caption"] = caption
    if kind == "voice":
        inner["ptt"] = True
    if kind == "sticker":
        inner |= {
            "isAnimated": file.facts.animated,
            "isAvatar": False,
            "isAiSticker": False,
            "isLottie": False,
        }
    if kind == "document" and caption:
        return {"documentWithCaptionMessage": {"message": {"documentMessage": inner}}}
    return {MESSAGE_FIELD[kind]: inner}


def vcard(person: Person) -> str:
    shown = f"+{person.phone[:2]} {person.phone[2:4]} {person.phone[4:-4]}-{person.phone[-4:]}"
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{person.name};;;", f"FN:{person.name}"]
    return "\n".join([*lines, f"TEL;type=CELL;waid={person.phone}:{shown}", "END:VCARD"])


class WapiComposer:
    def __init__(self, world: World, line: Line) -> None:
        self.world = world
        self.line = line

    def message(self, who: Person, content: Body, **frame: Unpack[Frame]) -> Body:
        """Own messages arrive as the echo of a sending (webhookDelivery), others as webhookReceived."""
        from_me = frame.get("from_me", False)
        group = frame.get("group")
        return {
            "event": "webhookDelivery" if from_me else "webhookReceived",
            "instanceId": self.line.id,
            "connectedPhone": self.line.phone,
            **({"connectedLid": self.line.lid} if self.line.lid else {}),
            "isGroup": group is not None,
            "messageId": frame.get("message_id") or self.world.message_id(),
            "fromMe": from_me,
            "chat": {"id": group.id if group else who.lid or who.phone},
            "sender": self._sender(who, from_me),
            "moment": int(frame.get("at") or self.world.now()),
            "fromApi": frame.get("from_api", False),
            "msgContent": self._dialect(self._framed(content, frame)),
        }

    def _sender(self, who: Person, from_me: bool) -> Body:
        phone, lid, name = (
            (self.line.phone, self.line.lid, self.line.name) if from_me else (who.phone, who.lid, who.name)
        )
        return {
            "id": phone or lid,
            **({"senderLid": lid} if lid else {}),
            "pushName": name,
            "verifiedBizName": "",
        }

    def _dialect(self, content: Body) -> Body:
        spelled: Body = in_dialect_b(content) if self.line.dialect == "B" else content
        return spelled

    def _framed(self, content: Body, frame: Frame) -> Body:
        context: Body = {}
        if reply_to := frame.get("reply_to"):
            context |= {
                "stanzaId": reply_to,
                "participant": self.line.lid,
                "quotedMessage": {"conversation": "…"},
            }
        if frame.get("forwarded"):
            context |= {"isForwarded": True, "forwardingScore": 1}
        secret = {
            "messageContextInfo": {
                "deviceListMetadataVersion": 2,
                "messageSecret": b64(self.world.random.randbytes(32)),
            }
        }
        if not context:
            return {**content, **secret}
        if "conversation" in content:
            content = {"extendedTextMessage": {"text": content["conversation"]}}
        name, inner = next(iter(content.items()))
        return {name: {**inner, "contextInfo": context}, **secret}

    def text(self, who: Person, words: str, **frame: Unpack[Frame]) -> Body:
        return self.message(who, {"conversation": words}, **frame)

    def media(self, who: Person, file: StoredFile, caption: str = "", **frame: Unpack[Frame]) -> Body:
        return self.message(who, media_content(self.world, file, caption), **frame)

    def album(
        self, who: Person, files: list[StoredFile], caption: str = "", **frame: Unpack[Frame]
    ) -> list[Body]:
        """The announcement, then each picture in its own request."""
        notice = self.message(who, {"albumMessage": {"expectedImageCount": len(files)}}, **frame)
        return [
            notice,
            *(self.media(who, file, caption if not n else "", **frame) for n, file in enumerate(files)),
        ]

    def view_once(self, who: Person, **frame: Unpack[Frame]) -> Body:
        """As linked devices get it: announced, without a key."""
        inner = {"imageMessage": {"viewOnce": True, "mimetype": "image/jpeg"}}
        return self.message(who, {"viewOnceMessageV2": {"message": inner}}, **frame)

    def location(
        self, who: Person, name: str, address: str, where: tuple[float, float], **frame: Unpack[Frame]
    ) -> Body:
        place = {"degreesLatitude": where[0], "degreesLongitude": where[1], "name": name, "address": address}
        return self.message(who, {"locationMessage": place}, **frame)

    def contacts(self, who: Person, people: list[Person], **frame: Unpack[Frame]) -> Body:
        cards = [{"displayName": person.name, "vcard": vcard(person)} for person in people]
        if len(cards) == 1:
            return self.message(who, {"contactMessage": cards[0]}, **frame)
        content = {"contactsArrayMessage": {"displayName": f"{len(cards)} contatos", "contacts": cards}}
        return self.message(who, content, **frame)

    def poll(self, who: Person, question: str, options: list[str], **frame: Unpack[Frame]) -> Body:
        named = [{"optionName": option} for option in options]
        content = {"name": question, "options": named, "selectableOptionsCount": 1}
        return self.message(who, {"pollCreationMessageV3": content}, **frame)

    def reaction(self, who: Person, target: str, emoji: str, **frame: Unpack[Frame]) -> Body:
        """An empty emoji takes the reaction back."""
        stamp = str(int(self.world.now() * 1000))
        content = {"key": self._key(who, target, True), "text": emoji, "senderTimestampMs": stamp}
        return self.message(who, {"reactionMessage": content}, **frame)

    def edit(self, who: Person, target: str, words: str, **frame: Unpack[Frame]) -> Body:
        content = {
            "type": "MESSAGE_EDIT",
            "key": self._key(who, target, frame.get("from_me", False)),
            "editedMessage": {"conversation": words},
        }
        return self.message(who, {"protocolMessage": content}, **frame)

    def revoke(self, who: Person, target: str, **frame: Unpack[Frame]) -> Body:
        key = self._key(who, target, frame.get("from_me", False))
        return self.message(who, {"protocolMessage": {"type": "REVOKE", "key": key}}, **frame)

    def noise(self, who: Person, **frame: Unpack[Frame]) -> Body:
        content = {
            "type": "EPHEMERAL_SYNC_RESPONSE",
            "key": self._key(who, "", True),
            "ephemeralExpiration": 604800,
        }
        return self.message(who, {"protocolMessage": content}, **frame)

    def story(self, who: Person, file: StoredFile) -> Body:
        return {**self.media(who, file, "story"), "chat": {"id": "status"}}

    def status(
        self, who: Person, message_id: str, word: str, at: float = 0, group: Group | None = None
    ) -> Body:
        """``word`` is sent, delivered, read, played or failed."""
        words = {
            "sent": "SERVER",
            "delivered": "DELIVERY",
            "read": "READ",
            "played": "PLAYED",
            "failed": "ERROR",
        }
        return {
            "event": "webhookStatus",
            "instanceId": self.line.id,
            "connectedPhone": self.line.phone,
            "status": words[word],
            "messageId": message_id,
            "fromMe": True,
            "moment": int(at or self.world.now()),
            "chat": {"id": group.id if group else who.lid or who.phone},
            "isGroup": group is not None,
        }

    def connected(self) -> Body:
        names = {"instanceId": self.line.id, "connectedPhone": self.line.phone}
        return {"event": "webhookConnected", "connected": True, **names}

    def disconnected(self) -> Body:
        moment = int(self.world.now())
        return {
            "event": "webhookDisconnected",
            "instanceId": self.line.id,
            "disconnected": True,
            "moment": moment,
        }

    def message_id(self, body: Body) -> str:
        return str(body["messageId"])

    def _key(self, who: Person, message_id: str, from_me: bool) -> Body:
        return {"remoteJid": who.lid or f"{who.phone}@s.whatsapp.net", "fromMe": from_me, "id": message_id}
