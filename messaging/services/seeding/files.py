"""Media rows in every state; a few of the ready ones have a file."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.core.files.base import ContentFile

from accounts.providers.events import MessageType
from media.models import FetchAttempt, MediaFile
from media.storage import path_for, storage
from messaging.models import Message
from messaging.services.seeding import invention
from messaging.services.seeding.tenants import Thread

REAL_FILES = 24
# Kind: how many of a hundred, type, extension, typical size.
KINDS = {
    MessageType.IMAGE: (46, "image/jpeg", ".jpg", 180_000),
    MessageType.VOICE: (25, "audio/ogg; codecs=opus", ".ogg", 25_000),
    MessageType.DOCUMENT: (12, "application/pdf", ".pdf", 400_000),
    MessageType.VIDEO: (9, "video/mp4", ".mp4", 4_000_000),
    MessageType.STICKER: (5, "image/webp", ".webp", 30_000),
    MessageType.AUDIO: (3, "audio/mpeg", ".mp3", 900_000),
}
# State: how many of a thousand, cause, the sentence, and how its last fetch attempt ended.
STATES: dict[MediaFile.State, tuple[int, str, str, FetchAttempt.Outcome | None]] = {
    MediaFile.State.READY: (900, "", "", FetchAttempt.Outcome.OK),
    MediaFile.State.EXPIRED: (
        40,
        MediaFile.Cause.GONE,
        "It is gone at the source (HTTP 410).",
        FetchAttempt.Outcome.GONE,
    ),
    MediaFile.State.FAILED: (
        25,
        MediaFile.Cause.INTEGRITY,
        "What came is not the file.",
        FetchAttempt.Outcome.INTEGRITY,
    ),
    MediaFile.State.PENDING: (
        15,
        MediaFile.Cause.UNAVAILABLE,
        "The source does not answer (HTTP 503).",
        FetchAttempt.Outcome.UNAVAILABLE,
    ),
    MediaFile.State.UNAVAILABLE: (
        10,
        MediaFile.Cause.WITHHELD,
        "It can be seen once, on the phone only.",
        None,
    ),
    MediaFile.State.MISSING: (
        7,
        MediaFile.Cause.LOST,
        "The file is not in the storage.",
        FetchAttempt.Outcome.OK,
    ),
    MediaFile.State.FETCHING: (3, "", "", None),
}


@dataclass(slots=True)
class Files:
    chance: Random
    now: datetime
    pictures: dict[str, bytes] = field(default_factory=dict)

    def make(self, pk: int, thread: Thread, message: Message) -> tuple[MediaFile, list[FetchAttempt]]:
        kind = self.chance.choices(list(KINDS), [facts[0] for facts in KINDS.values()])[0]
        state = self.chance.choices(list(STATES), [facts[0] for facts in STATES.values()])[0]
        _, mimetype, extension, typical = KINDS[kind]
        media_file = MediaFile(
            pk=pk,
            instance=thread.conversation.instance,
            chat_id=thread.conversation.chat_id,
            kind=kind,
            mimetype=mimetype,
            declared_size=int(self.chance.lognormvariate(0, 0.7) * typical) + 100,
            created_at=message.received_at,
            expires_at=message.sent_at + timedelta(days=30),
        )
        if kind == MessageType.DOCUMENT:
            media_file.filename, media_file.pages = f"orçamento {pk}.pdf", self.chance.randrange(1, 9)
        if kind in (MessageType.VOICE, MessageType.AUDIO, MessageType.VIDEO):
            media_file.duration = self.chance.randrange(2, 180)
        if kind in (MessageType.IMAGE, MessageType.VIDEO, MessageType.STICKER):
            media_file.width, media_file.height = 1080, 1350
            media_file.thumbnail = invention.picture(self.chance, 4)
        self._put_into(state, media_file, extension)
        return media_file, self._attempts(state, media_file)

    def keep(self) -> None:
        for name, content in self.pictures.items():
            storage().save(name, ContentFile(content))

    def _put_into(self, state: MediaFile.State, media_file: MediaFile, extension: str) -> None:
        _, media_file.cause, media_file.error, _ = STATES[state]
        media_file.state, received_at = state, media_file.created_at
        media_file.next_attempt_at, media_file.attempts = received_at, 1
        if state == MediaFile.State.PENDING:
            media_file.next_attempt_at = self.now + timedelta(minutes=self.chance.randrange(1, 120))
        if state == MediaFile.State.FETCHING:
            media_file.lease_until = received_at + timedelta(minutes=1)
        if state in (MediaFile.State.READY, MediaFile.State.MISSING):
            self._fill(media_file, extension)

    def _fill(self, media_file: MediaFile, extension: str) -> None:
        size, sha256 = media_file.declared_size, f"{self.chance.getrandbits(256):064x}"
        if media_file.kind == MessageType.IMAGE and media_file.is_ready and len(self.pictures) < REAL_FILES:
            content, extension, media_file.mimetype = invention.picture(self.chance, 320), ".png", "image/png"
            size, sha256 = len(content), hashlib.sha256(content).hexdigest()
            self.pictures[path_for(media_file, extension)] = content
        media_file.file.name = path_for(media_file, extension)
        media_file.size, media_file.declared_size, media_file.sha256 = size, size, sha256
        media_file.strategy = "cdn"
        media_file.ready_at = media_file.created_at + timedelta(seconds=self.chance.randrange(1, 9))

    def _attempts(self, state: MediaFile.State, media_file: MediaFile) -> list[FetchAttempt]:
        outcome = STATES[state][3]
        if outcome is None:
            return []
        attempt = FetchAttempt(
            media_file=media_file,
            strategy="cdn",
            started_at=media_file.created_at,
            duration=round(self.chance.expovariate(2), 3),
            bytes=media_file.size or 0,
            outcome=outcome,
            reason=media_file.error[:300] if outcome != FetchAttempt.Outcome.OK else "",
        )
        return [attempt]
