"""Stored files from one place to the other while the system runs: copied, compared, and only then removed.

A file is found in either place meanwhile (TwofoldStorage), and what is not moved yet is simply still there, so a move
that was broken off is taken up by beginning again.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.core.files.storage import Storage

from media.models import MediaFile, Rendition
from media.partfile import PartFile
from media.services import holding
from media.services.auditing import paged, sha256_of
from media.services.holding import Held
from media.storage import incoming_folder, keep_in, places

PIECE = 1 << 20


class Outcome(StrEnum):
    MOVED = "moved"
    HERE = "here already"
    GONE = "in neither place"
    WRONG = "not what its row says"
    FAILED = "not moved"
    UNWANTED = "discarded meanwhile"


@dataclass(frozen=True, slots=True)
class Item:
    """``checksum`` is empty for a rendition, which has none. ``is_ready`` when its row counts on it."""

    held: Held
    checksum: str
    is_ready: bool


@dataclass(frozen=True, slots=True)
class Step:
    item: Item
    outcome: Outcome
    reason: str = ""

    @property
    def is_trouble(self) -> bool:
        if self.outcome == Outcome.GONE:
            return self.item.is_ready
        return self.outcome in (Outcome.WRONG, Outcome.FAILED)


class NotOfThisRow(Exception):
    pass


def items() -> Iterator[Item]:
    """Originals first; a name that several rows have comes again and is here already."""
    for row in paged(MediaFile.objects.exclude(file="").only("file", "sha256", "size", "state")):
        yield Item(Held(row.file.name, row.sha256, row.size or 0), row.sha256, row.is_ready)
    made = Rendition.objects.exclude(file="").select_related("media_file")
    for row in paged(made.only("file", "size", "state", "media_file__sha256")):
        yield Item(Held(row.file.name, row.media_file.sha256, row.size or 0), "", row.is_ready)


def how_many() -> int:
    return MediaFile.objects.exclude(file="").count() + Rendition.objects.exclude(file="").count()


def is_left(item: Item) -> bool:
    return places()[1].exists(item.held.name)


def move(item: Item, *, keep_source: bool) -> Step:
    """One file; whatever happens in the middle, one whole copy of it is in one of the places."""
    first, second = places()
    try:
        return Step(item, _move(item, first, second, keep_source=keep_source))
    except NotOfThisRow as exc:
        return Step(item, Outcome.WRONG, str(exc))
    except FileNotFoundError:
        # Moved by somebody else, or discarded, while it was read.
        return Step(item, Outcome.HERE if first.exists(item.held.name) else Outcome.UNWANTED)
    except OSError as exc:
        return Step(item, Outcome.FAILED, str(exc))


def _move(item: Item, first: Storage, second: Storage, *, keep_source: bool) -> Outcome:
    name = item.held.name
    # Asked for what is here too: rows name no place, and a broken off move may have left its source.
    if not second.exists(name):
        return Outcome.HERE if first.exists(name) else Outcome.GONE
    if not _is_whole(item, first, second):
        expected = _copy(item, first, second)
        if sha256_of(first, name) != expected:
            raise OSError(f"the copy of {name} is not what was read")
    if not holding.named([item.held]):
        # Its last row went while it was copied: whoever removed it may not have seen the copy.
        first.delete(name)
        second.delete(name)
        return Outcome.UNWANTED
    if not keep_source:
        second.delete(name)
    return Outcome.MOVED


def _is_whole(item: Item, first: Storage, second: Storage) -> bool:
    """A copy that an earlier run left behind is believed only if it is compared."""
    if not first.exists(item.held.name):
        return False
    return sha256_of(first, item.held.name) == (item.checksum or sha256_of(second, item.held.name))


def _copy(item: Item, first: Storage, second: Storage) -> str:
    """By way of a part file, which is compared before anything becomes visible."""
    incoming_folder().mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with PartFile(incoming_folder()) as part:
        with second.open(item.held.name, "rb") as content:
            for piece in iter(lambda: content.read(PIECE), b""):
                digest.update(piece)
                part.append(piece)
        if item.checksum and digest.hexdigest() != item.checksum:
            raise NotOfThisRow(f"the SHA-256 of {item.held.name} is wrong")
        part.keep()
    try:
        keep_in(first, part.path, item.held.name)
    finally:
        part.path.unlink(missing_ok=True)
    return digest.hexdigest()
