"""What came through, against what was sent."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.core.files.storage import default_storage

from media.models import MediaFile
from messaging.models import Message, WebhookEvent
from tests.chaos.app.expected import Expected

UNSETTLED = (MediaFile.State.PENDING, MediaFile.State.FETCHING)


@dataclass
class Verdict:
    """``wrong`` has a sentence for each thing that is not as it should be; the storm is weathered without any."""

    found: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def waiting(spool: Path) -> int:
    unread = WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING).count()
    return unread + MediaFile.objects.filter(state__in=UNSETTLED).count() + len(list(_spooled(spool)))


def judge(expected: dict[str, Expected], spool: Path) -> Verdict:
    verdict = Verdict()
    rows = Message.objects.select_related("media", "conversation__instance").prefetch_related("reactions")
    seen: Counter[str] = Counter()
    for message in rows.iterator(chunk_size=500):
        known = expected.get(message.provider_message_id or "")
        seen[message.provider_message_id or ""] += 1
        verdict.wrong += (
            [f"nobody wrote message {message.pk}"] if known is None else _compare(message, known, verdict)
        )
    verdict.found["messages there once"] = sum(count == 1 for count in seen.values())
    verdict.wrong += [f"message {name} is there {count} times" for name, count in seen.items() if count > 1]
    verdict.wrong += [f"message {name} is lost" for name in expected.keys() - seen.keys()]
    failed = WebhookEvent.objects.filter(state=WebhookEvent.State.FAILED)
    verdict.wrong += [f"webhook event {pk} failed" for pk in failed.values_list("pk", flat=True)]
    verdict.wrong += [f"{path.name} is still spooled" for path in _spooled(spool)]
    verdict.found["webhook events"] = WebhookEvent.objects.count()
    verdict.found["webhook events begun more than once"] = WebhookEvent.objects.filter(attempts__gt=1).count()
    verdict.found["files begun more than once"] = MediaFile.objects.filter(attempts__gt=1).count()
    return verdict


def _compare(message: Message, known: Expected, verdict: Verdict) -> Iterator[str]:
    name = f"message {message.pk}"
    if message.conversation.instance.instance_id != known.line:
        yield f"{name} is another line's"
    if known.revoked != (message.revoked_at is not None):
        yield f"{name}: revoked {message.revoked_at}, expected {known.revoked}"
    if not known.revoked and message.text != known.text:
        yield f"{name} does not say what was written"
    if known.status and message.status != known.status:
        yield f"{name} stands at {message.status}, not at {known.status}"
    if [row.emoji for row in message.reactions.all()] != [known.reaction] * bool(known.reaction):
        yield f"{name} has other reactions"
    yield from _compare_file(name, message.media, known, verdict)


def _compare_file(name: str, media: MediaFile | None, known: Expected, verdict: Verdict) -> Iterator[str]:
    if media is None or not known.file:
        if media or known.file:
            yield f"{name}: a file too many or too few"
    elif media.state == MediaFile.State.READY:
        verdict.found["files verified"] += 1
        if _sum_of(media) != known.file:
            yield f"{name}: the stored file {media.pk} is not what was sent"
    elif not known.dead:
        yield f"{name}: file {media.pk} is {media.state} ({media.error}), though its source lived"
    elif not media.error:
        yield f"{name}: nobody says why file {media.pk} is not there"
    else:
        verdict.found["files lost with their source, and saying so"] += 1


def _sum_of(media: MediaFile) -> str:
    with default_storage.open(media.file.name) as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


def _spooled(spool: Path) -> Iterator[Path]:
    return (path for path in spool.rglob("*") if path.is_file() and not path.name.startswith("."))
