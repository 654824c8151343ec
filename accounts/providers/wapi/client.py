"""W-API's calls. Every one names the instance in the query, whatever the method."""

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
from accounts.providers.events import Event, MediaDescriptor, MediaKind, Party
from accounts.providers.http import Answer, Door
from accounts.providers.wapi import answers, downloads, line, logs, sending, webhooks
from accounts.providers.wapi.abilities import ABILITIES

ANSWER_BYTES = 4 * 1024 * 1024
# A link is the only answer ever seen; room for the documented one that carries the file as base64.
DOWNLOAD_ANSWER_BYTES = 48 * 1024 * 1024
LOGS_BYTES = 32 * 1024 * 1024


class WApi:
    name: ClassVar[str] = "wapi"
    media_strategies: ClassVar[tuple[str, ...]] = ("provider", "provider_alt")
    media_lifetime: ClassVar[timedelta] = timedelta(days=30)
    can_pair: ClassVar[bool] = True
    abilities: ClassVar[Abilities] = ABILITIES

    def __init__(self, credentials: Credentials, *, door: Door, base_url: str) -> None:
        self._credentials = credentials
        self._door = door
        self._base_url = base_url.rstrip("/")

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> None:
        webhooks.verify(body, instance_id=self._credentials.instance_id)

    def answer_challenge(self, query: Mapping[str, str]) -> str:
        raise errors.WebhookNotAuthentic("W-API has no challenge")

    @staticmethod
    def line_of(body: bytes) -> str:
        return webhooks.line_of(body)

    @staticmethod
    def parse_webhook(body: bytes) -> Sequence[Event]:
        return webhooks.parse(body)

    def locate_media(
        self, media: MediaDescriptor, *, now: datetime, alternative: bool = False
    ) -> MediaLocation:
        question = downloads.question(media)
        try:
            return self._locate(question, alternative=alternative)
        except (errors.RequestRejected, errors.Unavailable) as exc:
            if media.kind is not MediaKind.STICKER or exc.status not in downloads.MAY_BE_THE_TYPE:
                raise
        # Not every W-API knows stickers; for WhatsApp's keys they are images.
        return self._locate({**question, "type": "image"}, alternative=alternative)

    def _locate(self, question: dict[str, str], *, alternative: bool) -> MediaLocation:
        path = "/media/download" if alternative else "/message/download-media"
        answer = self._ask("POST", path, json=question, max_bytes=DOWNLOAD_ANSWER_BYTES)
        downloads.check_there(answer, alternative=alternative)
        answers.check(answer, self._credentials.token, question["mediaKey"], question["directPath"])
        location = downloads.location(answer)
        if not location.url:
            return location
        return replace(location, url=self._reachable(location.url))

    def _reachable(self, link: str) -> str:
        try:
            self._door.rules.check(link)
        except errors.HostNotAllowed:
            return downloads.at_base_host(link, self._base_url)
        return link

    def status(self) -> LineState:
        try:
            return line.line_state(self._call("GET", "/instance/status-instance"))
        except errors.NotConnected as exc:
            return LineState(connected=False, detail=exc.reason)

    def qr_code(self) -> QrCode:
        return line.qr_code(self._call("GET", "/instance/qr-code", params={"image": "enable"}))

    def pairing_code(self, phone: str) -> str:
        asked = {"phoneNumber": sending.phone_of(phone)}
        return answers.word_in(
            self._call("GET", "/instance/pairing-code", params=asked), "pairingCode", "code"
        )

    def restart(self) -> None:
        self._call("GET", "/instance/restart")

    def disconnect(self) -> None:
        self._call("GET", "/instance/disconnect")

    def configure_webhooks(self, url: str) -> Mapping[str, str]:
        for slot in line.WEBHOOK_FIELDS:
            self._call("PUT", f"/webhook/update-webhook-{slot}", json={"value": url})
        found = self.read_webhooks()
        # W-API also answers success for what it did not save.
        lost = [slot for slot, address in found.items() if address != url]
        if lost:
            raise errors.UnexpectedResponse(f"W-API did not keep the address of: {', '.join(lost)}")
        return found

    def read_webhooks(self) -> Mapping[str, str]:
        return line.webhooks_in(answers.fields_of(self._call("GET", "/instance/fetch-instance")))

    def webhook_logs(self, page: int) -> LogPage:
        asked = {"page": str(page), "perPage": str(logs.PER_PAGE)}
        answer = self._ask("GET", "/webhook/fetch-webhook-logs", params=asked, max_bytes=LOGS_BYTES)
        answers.check(answer, self._credentials.token)
        return logs.page_in(answer, page)

    def send_text(self, chat_id: str, text: str, *, reply_to: str = "", tag: str = "") -> str:
        body = {"phone": sending.phone_of(chat_id), "message": text}
        return self._send("/message/send-text", sending.quoting(body, reply_to))

    def send_media(self, chat_id: str, media: OutgoingMedia, *, reply_to: str = "", tag: str = "") -> str:
        return self._send(*sending.media_call(chat_id, media, reply_to=reply_to))

    def send_template(
        self,
        chat_id: str,
        *,
        name: str,
        language: str,
        components: Sequence[Mapping[str, Any]],
        tag: str = "",
    ) -> str:
        raise errors.Unsupported("W-API has no templates")

    def send_location(
        self, chat_id: str, location: OutgoingLocation, *, reply_to: str = "", tag: str = ""
    ) -> str:
        body = sending.location_body(chat_id, location)
        return self._send("/message/send-location", sending.quoting(body, reply_to))

    def send_contact(self, chat_id: str, *, name: str, phone: str, reply_to: str = "", tag: str = "") -> str:
        body = sending.contact_body(chat_id, name=name, phone=phone)
        return self._send("/message/send-contact", sending.quoting(body, reply_to))

    def send_reaction(self, chat_id: str, message_id: str, emoji: str) -> None:
        body = {"phone": sending.phone_of(chat_id), "messageId": message_id}
        if emoji:
            self._call("POST", "/message/send-reaction", json={**body, "reaction": emoji})
        else:
            self._call("POST", "/message/remove-reaction", json=body)

    def mark_read(self, chat_id: str, message_id: str) -> None:
        body = {"phone": sending.phone_of(chat_id), "messageId": message_id}
        self._call("POST", "/message/read-message", json=body)

    def edit_text(self, chat_id: str, message_id: str, text: str) -> None:
        body = {"phone": sending.phone_of(chat_id), "text": text, "messageId": message_id}
        self._call("POST", "/message/edit-message", json=body)

    def delete_message(self, chat_id: str, message_id: str) -> None:
        asked = {"phone": sending.phone_of(chat_id), "messageId": message_id}
        self._call("DELETE", "/message/delete-message", params=asked)

    def group_metadata(self, chat_id: str) -> str:
        answer = self._call("GET", "/group/group-metadata", params={"groupId": chat_id})
        return line.group_subject(answers.fields_of(answer))

    def phone_exists(self, phone: str) -> Party | None:
        asked = {"phoneNumber": sending.phone_of(phone)}
        return line.person(answers.fields_of(self._call("GET", "/contacts/phone-exists", params=asked)))

    def _send(self, path: str, body: Mapping[str, str]) -> str:
        return answers.word_in(self._call("POST", path, json=body), "messageId")

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
    ) -> Answer:
        answer = self._ask(method, path, params=params, json=json)
        answers.check(answer, self._credentials.token)
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        max_bytes: int = ANSWER_BYTES,
    ) -> Answer:
        return self._door.call(
            method,
            f"{self._base_url}{path}",
            token=self._credentials.token,
            params={**(params or {}), "instanceId": self._credentials.instance_id},
            json=json,
            max_bytes=max_bytes,
        )
