"""Which of our sends an echo shows: a pure comparison of what both say."""

from collections.abc import Iterable
from datetime import timedelta

from accounts.providers.events import MessageReceived, MessageType
from media.models import MediaFile
from messaging.models import Message, OutboxItem

# The provider's clock may run behind ours by so much.
CLOCKS_DIFFER = timedelta(minutes=2)
# Where the provider does not say who sent it, later than this it is rather somebody who typed the same.
OURS_WITHIN = timedelta(hours=1)
SAME_PLACE = 1e-4
# W-API sends any audio as a voice note.
HEARD = (MessageType.AUDIO, MessageType.VOICE)


def shown_by(event: MessageReceived, items: Iterable[OutboxItem]) -> OutboxItem | None:
    alike = [item for item in items if _shows(event, item)]
    same_file = [item for item in alike if _same_file(event, item.message.media)]
    return next(iter(same_file or alike), None)


def _shows(event: MessageReceived, item: OutboxItem) -> bool:
    message = item.message
    if not _fits_in_time(event, item):
        return False
    same_type = event.type == message.type or {event.type, message.type} <= set(HEARD)
    if not same_type or event.text.split() != message.text.split():
        return False
    if event.type == MessageType.LOCATION:
        return _same_place(event, message)
    # The provider may have converted the file, but then it is the provider that says that it was ours.
    return event.from_api is True or message.media is None or _same_file(event, message.media)


def _fits_in_time(event: MessageReceived, item: OutboxItem) -> bool:
    if event.sent_at is None or item.asked_at is None:
        return True
    after = event.sent_at - item.asked_at
    return after >= -CLOCKS_DIFFER and (event.from_api is True or after <= OURS_WITHIN)


def _same_place(event: MessageReceived, message: Message) -> bool:
    names = ("latitude", "longitude")
    places = [(event.payload.get(name), message.payload.get(name)) for name in names]
    return all(
        isinstance(theirs, int | float) and isinstance(ours, int | float) and abs(theirs - ours) < SAME_PLACE
        for theirs, ours in places
    )


def _same_file(event: MessageReceived, media_file: MediaFile | None) -> bool:
    told = event.media.sha256.hex() if event.media else ""
    return bool(told and media_file and told == media_file.sha256)
