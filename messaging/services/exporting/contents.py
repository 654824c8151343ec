"""What goes into a part, as values that a thread can write down without asking the database."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from media.models import MediaFile
from media.sniffing import extension_of
from media.storage import safe_segment

ALL = "exports"
LONGEST_NAME = 60
# A browser that opens it from the disk would do what the sender wrote into it.
RUNS = frozenset({".html", ".svg", ".xml"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A stored file that goes along; ``path`` is its place in the ZIP."""

    media: int
    message: int
    name: str
    size: int
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """A file that is not there, and why."""

    media: int
    message: int
    state: str
    reason: str


@dataclass(kw_only=True, slots=True)
class Page:
    """Some messages of one conversation, as they are shown on one page. ``conversation`` is None on all but its first
    page; ``seen`` counts up to this page's end."""

    folder: str
    title: str
    kind: str
    number: int
    messages: list[dict[str, Any]]
    files: list[Stored] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    conversation: dict[str, Any] | None = None
    is_last: bool = False
    seen: int = 0


@dataclass(kw_only=True, slots=True)
class Plan:
    """The next part of an export. ``cursor`` is where the one after it begins; without one this is the last.

    ``mark`` is of this claim alone and stands in the part's name: a worker that slept over its lease cannot overwrite
    what another made meanwhile. ``before`` are the marks of the parts before it.
    """

    export: int
    place: int
    number: int
    mark: str
    folder: str
    made_at: datetime
    language: str
    facts: dict[str, Any]
    before: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    people_page: int = 0
    reactions: list[dict[str, Any]] = field(default_factory=list)
    reactions_page: int = 0
    cursor: dict[str, Any] | None = None

    @property
    def is_last(self) -> bool:
        return self.cursor is None


def folder_of_client(client: int) -> str:
    return f"{ALL}/client_{client}"


def folder_of_export(client: int, export: int) -> str:
    return f"{folder_of_client(client)}/{export}"


def part_name(folder: str, number: int, mark: str) -> str:
    return f"{folder}/{number:06}{mark and '-'}{mark}.part"


def notes_name(folder: str, number: int, mark: str) -> str:
    """Beside each part lies what is in it."""
    return f"{folder}/{number:06}{mark and '-'}{mark}.json"


def thread_folder(pk: int, title: str, kind: str) -> str:
    return f"conversations/{pk}-{safe_segment(title, fallback=kind, longest=LONGEST_NAME)}"


def path_of(media_file: MediaFile) -> str:
    """Beside its conversation's pages. The id makes it the only one of its name, and nothing in it is the sender's as
    it came."""
    extension = extension_of(media_file.mimetype)
    if extension in RUNS:
        extension += ".txt"
    stem = media_file.filename.rpartition(".")[0] or media_file.filename
    return f"media/{media_file.pk}-{safe_segment(stem, fallback=media_file.kind, longest=LONGEST_NAME)}{extension}"
