"""The state of the outside world: lines, people, files and what has been asked of them."""

import base64
import random
import shutil
import tempfile
import time
import weakref
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulator import samples
from tests.simulator.blobs import Blob, noise, of_bytes, of_chunks
from tests.simulator.faults import Fault, FaultBook
from tests.simulator.samples import Facts
from tests.simulator.sealing import digest, seal
from tests.simulator.wire import Request

DAY = 86_400
LIFETIME = 30 * DAY
MEDIA_ID_LIFETIME = 7 * DAY
FAMILIES = {
    "image": "7118",
    "video": "7161",
    "audio": "7117",
    "voice": "7117",
    "document": "7119",
    "sticker": "15575",
}
HEADS = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "video/mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
    "audio/ogg": b"OggS\x00\x02",
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "application/pdf": b"%PDF-1.4\n",
}
SLOTS = ("connected", "disconnected", "delivery", "received", "message-status", "chat-presence")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    phone: str
    lid: str = ""
    bsuid: str = ""
    username: str = ""


@dataclass(slots=True)
class Group:
    id: str
    subject: str
    members: list[Person] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """One WhatsApp number at a provider. ``webhooks``: a URL per W-API slot; Meta's only one is ``received``."""

    provider: str
    id: str
    token: str
    phone: str
    name: str = ""
    lid: str = ""
    app_secret: str = ""
    verify_token: str = ""
    waba_id: str = "900000000000001"
    connected: bool = True
    dialect: str = "B"
    client: str = ""
    webhooks: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def use_webhook(self, url: str) -> None:
        self.webhooks = dict.fromkeys(SLOTS, url)


@dataclass(slots=True)
class StoredFile:
    """``plain`` is the file as the sender has it, ``stored`` what the CDN keeps (encrypted, unless public)."""

    id: str
    line_id: str
    facts: Facts
    plain: Blob
    stored: Blob
    media_key: bytes
    direct_path: str
    sha256: bytes
    enc_sha256: bytes
    created: float
    faults: FaultBook
    sample: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.direct_path).path

    @property
    def signature(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.direct_path).query)

    @property
    def expires(self) -> int:
        return int(self.signature["oe"][0], 16)

    def fault(self, point: str = "cdn", **facts: Any) -> Fault:
        """For this file only; point: cdn, file-link, download-media, media-info or media-download."""
        return self.faults.add(f"{point}:{self.id}", **facts)


@dataclass(frozen=True, slots=True)
class Seen:
    point: str
    line_id: str
    request: Request
    at: float


@dataclass(slots=True)
class Sent:
    """A message the product sent through us."""

    id: str
    line_id: str
    to: str
    kind: str
    body: dict[str, Any]
    file: StoredFile | None = None
    at: float = 0


@dataclass(slots=True)
class Link:
    file: StoredFile
    expires: float


class World:
    """``enforces_window`` lets only templates through to people who have not written to the Meta line within a day;
    ``pair_limit`` is how many messages such a line may send to one person in 270 seconds."""

    def __init__(self, seed: int | None = None, now: float | None = None) -> None:
        self.random = random.Random(seed)
        self.clock_offset = 0.0 if now is None else now - time.time()
        self.public_url = "http://127.0.0.1"
        self.alternative_download = False
        self.verifies_webhooks = False
        self.link_lifetime = float(DAY)
        self.enforces_window = False
        self.pair_limit: int | None = None
        self.acknowledge_after = 0.2
        self.faults = FaultBook()
        self.lines: dict[str, Line] = {}
        self.files: dict[str, StoredFile] = {}
        self.files_by_path: dict[str, StoredFile] = {}
        self.links: dict[str, Link] = {}
        self.sent: list[Sent] = []
        self.wrote: dict[tuple[str, str], float] = {}
        self.requests: deque[Seen] = deque(maxlen=10_000)
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=1_000)
        self.tried: deque[dict[str, Any]] = deque(maxlen=10_000)
        self.lock = RLock()
        self._folder = Path(tempfile.mkdtemp(prefix="simulator-"))
        self.close = weakref.finalize(self, shutil.rmtree, self._folder, True)

    def now(self) -> float:
        return time.time() + self.clock_offset

    def fault(self, point: str, **facts: Any) -> Fault:
        return self.faults.add(point, **facts)

    def add_line(self, line: Line) -> Line:
        with self.lock:
            self.lines[line.id] = line
        return line

    def heard(self, line_id: str, who: Person, at: float = 0) -> None:
        """Somebody wrote to a line; composers tell it by themselves."""
        with self.lock:
            for address in filter(None, (who.phone, who.lid, who.bsuid)):
                key = (line_id, address)
                self.wrote[key] = max(self.wrote.get(key, 0), at or self.now())

    def wrote_at(self, line_id: str, to: str) -> float | None:
        return self.wrote.get((line_id, to.lstrip("+")))

    def digits(self, count: int) -> str:
        return str(self.random.randrange(10 ** (count - 1), 10**count))

    def message_id(self) -> str:
        return "3EB0" + self.random.randbytes(9).hex().upper()

    def wamid(self, phone: str) -> str:
        return "wamid." + base64.b64encode(f"{phone}:{self.random.randbytes(12).hex()}".encode()).decode()

    def find_line(self, provider: str, token: str) -> Line | None:
        return next(
            (x for x in self.lines.values() if token and (x.provider, x.token) == (provider, token)), None
        )

    def seen(self, point: str, line_id: str = "") -> list[Seen]:
        return [item for item in list(self.requests) if item.point == point and line_id in ("", item.line_id)]

    def sample_file(self, line: Line, name: str, **options: Any) -> StoredFile:
        facts = samples.facts_of(name)
        return self.add_file(line, facts, of_bytes(samples.bytes_of(name)), sample=name, **options)

    def bytes_file(self, line: Line, data: bytes, kind: str, mimetype: str, **options: Any) -> StoredFile:
        return self.add_file(
            line, Facts(kind, mimetype, options.pop("filename", "")), of_bytes(data), **options
        )

    def generated_file(self, line: Line, size: int, kind: str, mimetype: str, **options: Any) -> StoredFile:
        """A file of any size that costs no memory: what is big lies on disk until the world is closed."""
        head = HEADS.get(mimetype.partition(";")[0], b"")
        plain = of_chunks(noise(size, head, self.random.randbytes(32)), size, self._new_path())
        return self.add_file(line, Facts(kind, mimetype, options.pop("filename", "")), plain, **options)

    def add_file(
        self,
        line: Line,
        facts: Facts,
        plain: Blob,
        *,
        encrypted: bool = True,
        key_kind: str = "",
        expires_in: float = LIFETIME,
        media_key: bytes = b"",
        sample: str = "",
    ) -> StoredFile:
        """``key_kind`` takes another type's keys than the declared; ``encrypted=False`` is a public file."""
        key = media_key or self.random.randbytes(32)
        if encrypted:
            sealed = seal(plain, key, key_kind or facts.kind, self._new_path())
            stored, sha256, enc_sha256 = sealed.blob, sealed.sha256, sealed.enc_sha256
        else:
            stored, sha256, enc_sha256, key = plain, digest(plain), b"", media_key
        path = self._direct_path(facts.kind, int(self.now() + expires_in))
        file = StoredFile(
            self.digits(15),
            line.id,
            facts,
            plain,
            stored,
            key,
            path,
            sha256,
            enc_sha256,
            self.now(),
            self.faults,
            sample,
        )
        return self.keep_file(file)

    def keep_file(self, file: StoredFile) -> StoredFile:
        with self.lock:
            self.files[file.id] = file
            self.files_by_path[file.path] = file
        return file

    def _direct_path(self, kind: str, expires: int) -> str:
        name = "_".join([self.digits(9), self.digits(15), self.digits(19)])
        oh = "01_" + base64.urlsafe_b64encode(self.random.randbytes(24)).decode()
        return f"/v/t62.{FAMILIES[kind]}-24/{name}_n.enc?ccb=11-4&oh={oh}&oe={expires:X}&_nc_sid=5e03e0"

    def _new_path(self) -> Path:
        return self._folder / self.random.randbytes(12).hex()
