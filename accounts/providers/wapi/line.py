"""What W-API tells about the line itself, its webhooks, and who is on the other side."""

from accounts.providers import errors
from accounts.providers.base import LineState, QrCode
from accounts.providers.events import Party
from accounts.providers.http import Answer
from accounts.providers.wapi.answers import fields_of
from accounts.providers.wire import Fields, read_bytes

PNG = b"\x89PNG\r\n\x1a\n"
QR_KEYS = ("qrcode", "qrCode", "qr", "base64")
WEBHOOK_FIELDS = {
    "received": "webhookReceivedUrl",
    "delivery": "webhookDeliveryUrl",
    "message-status": "webhookStatusUrl",
    "connected": "webhookConnectedUrl",
    "disconnected": "webhookDisconnectedUrl",
    "chat-presence": "webhookPresenceUrl",
}


def line_state(answer: Answer) -> LineState:
    fields = fields_of(answer)
    if "connected" not in fields:
        raise errors.UnexpectedResponse("W-API does not say whether it is connected", status=answer.status)
    return LineState(connected=fields.flag("connected"), phone=fields.word("connectedPhone"))


def qr_code(answer: Answer) -> QrCode:
    if answer.body.startswith(PNG):
        return QrCode(png=answer.body)
    fields = fields_of(answer)
    picture = fields.word(*QR_KEYS)
    if picture:
        return QrCode(png=png_in(picture))
    if "connected" in fields and not fields.flag("connected"):
        raise errors.Unavailable("the QR code is not ready yet", status=answer.status)
    return QrCode(connected=True)


def png_in(picture: str) -> bytes:
    png = read_bytes(picture)
    if not png.startswith(PNG):
        raise errors.UnexpectedResponse("W-API handed over a QR code that is not a PNG")
    return png


def webhooks_in(fields: Fields) -> dict[str, str]:
    if not any(name.lower().startswith("webhook") for name in fields.names()):
        raise errors.UnexpectedResponse("W-API tells none of its webhook addresses")
    return {slot: fields.word(name) for slot, name in WEBHOOK_FIELDS.items()}


def group_subject(fields: Fields) -> str:
    subject = (fields.inside("group") or fields).text("subject", "name")
    if not subject:
        raise errors.UnexpectedResponse("W-API tells no subject of the group")
    return subject


def person(fields: Fields) -> Party | None:
    """The only bridge from a phone to its LID; None when WhatsApp does not know the phone."""
    if "exists" not in fields:
        raise errors.UnexpectedResponse("W-API does not say whether the phone exists")
    if not fields.flag("exists"):
        return None
    return Party(phone=fields.word("phoneNumber").partition("@")[0], lid=fields.word("lid"))
