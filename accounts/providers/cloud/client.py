"""The Cloud API's calls. The base address names the version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from accounts.providers import errors
from accounts.providers.base import (
    Abilities,
    Credentials,
    LineState,
    LogPage,
    MediaLocation,
    OutgoingLocation,
    OutgoingMedia,
    QrCode,
)
from accounts.providers.cloud import answers, downloads, line, sending, webhooks
from accounts.providers.cloud.abilities import ABILITIES
from accounts.providers.cloud.answers import Classes
from accounts.providers.events import Event, MediaDescriptor, Party
from accounts.providers.http import Door
from accounts.providers.wire import Fields

NO_PAIRING = "the Cloud API needs no pairing"


class Cloud:
    name: ClassVar[str] = "cloud"
    media_strategies: ClassVar[tuple[str, ...]] = ("provider",)
    media_lifetime: ClassVar[timedelta] = timedelta(days=7)
    can_pair: ClassVar[bool] = False
    abilities: ClassVar[Abilities] = ABILITIES

    def __init__(self, credentials: Credentials, *, door: Door, base_url: str) -> None:
        self._credentials = credentials
        self._door = door
        self._base_url = base_url.rstrip("/")

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> None:
        webhooks.verify(body, headers, app_secret=self._credentials.app_secret)

    def answer_challenge(self, query: Mapping[str, str]) -> str:
        return webhooks.answer_challenge(query, verify_token=self._credentials.verify_token)

    @staticmethod
    def line_of(body: bytes) -> str:
        return webhooks.line_of(body)

    @staticmethod
    def parse_webhook(body: bytes) -> Sequence[Event]:
        return webhooks.parse(body)

    def locate_media(
        self, media: MediaDescriptor, *, now: datetime, alternative: bool = False
    ) -> MediaLocation:
        if alternative:
            raise errors.Unsupported("the Cloud API has one way to a file only")
        # An address that a webhook brings could be any page of an allowed host: only bytes with a known sum are taken.
        if media.sha256 and downloads.is_fresh(media.url, now):
            found = MediaLocation(url=media.url, mimetype=media.mimetype, sha256=media.sha256)
        else:
            found = downloads.location(self._look_up(downloads.checked_id(media)), media)
        return replace(found, token=self._token_for(found.url))

    def _look_up(self, media_id: str) -> Fields:
        # Named with the line, so that Meta refuses another line's file.
        asked = {"phone_number_id": self._credentials.instance_id}
        try:
            return self._call("GET", f"/{media_id}", params=asked, classes=answers.FILE_ERROR_CLASSES)
        except errors.RequestRejected as exc:
            if exc.status not in (404, 410):
                raise
            raise errors.MediaGone(exc.reason, status=exc.status) from exc

    def _token_for(self, url: str) -> str:
        shown = downloads.may_see_token(url, rules=self._door.rules, base_url=self._base_url)
        return self._credentials.token if shown else ""

    def status(self) -> LineState:
        return line.line_state(self._read_line(line.STATE_FIELDS))

    def qr_code(self) -> QrCode:
        raise errors.Unsupported(NO_PAIRING)

    def pairing_code(self, phone: str) -> str:
        raise errors.Unsupported(NO_PAIRING)

    def restart(self) -> None:
        raise errors.Unsupported(NO_PAIRING)

    def disconnect(self) -> None:
        raise errors.Unsupported(NO_PAIRING)

    def configure_webhooks(self, url: str) -> Mapping[str, str]:
        verify_token = self._credentials.verify_token
        if not verify_token:
            raise errors.RequestRejected("the instance has no verify token")
        if len(url) > line.MAX_URL:
            raise errors.RequestRejected(f"the Cloud API takes addresses of {line.MAX_URL} characters")
        wanted = {"override_callback_uri": url, "verify_token": verify_token}
        self._call("POST", self._line_path, json={"webhook_configuration": wanted})
        found = self.read_webhooks()
        if found[line.PHONE_SLOT] != url:
            raise errors.UnexpectedResponse(f"the Cloud API did not keep the address of: {line.PHONE_SLOT}")
        return found

    def read_webhooks(self) -> Mapping[str, str]:
        return line.webhooks_in(self._read_line("webhook_configuration"))

    def webhook_logs(self, page: int) -> LogPage:
        raise errors.Unsupported("the Cloud API keeps no log of its webhooks")

    def send_text(self, chat_id: str, text: str, *, reply_to: str = "", tag: str = "") -> str:
        return self._send(sending.message(chat_id, "text", {"body": text}, reply_to=reply_to, tag=tag))

    def send_media(self, chat_id: str, media: OutgoingMedia, *, reply_to: str = "", tag: str = "") -> str:
        media_id = self._uploaded(media) if media.content else ""
        content = sending.media_content(media, media_id=media_id)
        kind = sending.TYPES[media.kind]
        return self._send(sending.message(chat_id, kind, content, reply_to=reply_to, tag=tag))

    def send_template(
        self,
        chat_id: str,
        *,
        name: str,
        language: str,
        components: Sequence[Mapping[str, Any]],
        tag: str = "",
    ) -> str:
        content = sending.template_content(name, language, components)
        return self._send(sending.message(chat_id, "template", content, tag=tag))

    def send_location(
        self, chat_id: str, location: OutgoingLocation, *, reply_to: str = "", tag: str = ""
    ) -> str:
        content = sending.location_content(location)
        return self._send(sending.message(chat_id, "location", content, reply_to=reply_to, tag=tag))

    def send_contact(self, chat_id: str, *, name: str, phone: str, reply_to: str = "", tag: str = "") -> str:
        cards = sending.contact_cards(name, phone)
        return self._send(sending.message(chat_id, "contacts", cards, reply_to=reply_to, tag=tag))

    def send_reaction(self, chat_id: str, message_id: str, emoji: str) -> None:
        content = {"message_id": message_id, "emoji": emoji}
        self._send(sending.message(chat_id, "reaction", content))

    def mark_read(self, chat_id: str, message_id: str) -> None:
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        self._call("POST", f"{self._line_path}/messages", json=body)

    def edit_text(self, chat_id: str, message_id: str, text: str) -> None:
        raise errors.Unsupported("the Cloud API cannot change a sent message")

    def delete_message(self, chat_id: str, message_id: str) -> None:
        raise errors.Unsupported("the Cloud API cannot take a sent message back")

    def group_metadata(self, chat_id: str) -> str:
        subject = self._call("GET", f"/{answers.segment(chat_id)}", params={"fields": "subject"}).text(
            "subject"
        )
        if not subject:
            raise errors.UnexpectedResponse("the Cloud API tells no subject of the group")
        return subject

    def phone_exists(self, phone: str) -> Party | None:
        raise errors.Unsupported("the Cloud API does not tell who uses WhatsApp")

    @property
    def _line_path(self) -> str:
        return f"/{answers.segment(self._credentials.instance_id)}"

    def _read_line(self, names: str) -> Fields:
        return self._call("GET", self._line_path, params={"fields": names})

    def _uploaded(self, media: OutgoingMedia) -> str:
        try:
            return self._upload(media)
        except errors.ProviderError as exc:
            # The file may be there, but the message was not asked for yet.
            exc.may_have_arrived = False
            raise

    def _upload(self, media: OutgoingMedia) -> str:
        mimetype = sending.upload_type(media.mimetype)
        # No extension, for one that does not fit the type is refused; people see the name in the message.
        files = {"file": ("file", media.content, mimetype)}
        data = {"messaging_product": "whatsapp", "type": mimetype}
        media_id = self._call("POST", f"{self._line_path}/media", data=data, files=files).word("id")
        if not media_id:
            raise errors.UnexpectedResponse("the Cloud API answered without a media id")
        return media_id

    def _send(self, body: Mapping[str, object]) -> str:
        return sending.sent_id(self._call("POST", f"{self._line_path}/messages", json=body))

    def _call(
        self, method: str, path: str, *, classes: Classes = answers.ERROR_CLASSES, **content: Any
    ) -> Fields:
        """``content`` is what the door takes: params, json, data and files."""
        token = self._credentials.token
        answer = self._door.call(method, f"{self._base_url}{path}", token=token, **content)
        secrets = (token, self._credentials.app_secret, self._credentials.verify_token)
        return answers.check(answer, *secrets, classes=classes)
