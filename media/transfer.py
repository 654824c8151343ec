"""Bytes from a source into an intake, going on where the line was cut."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from accounts.providers import errors
from accounts.providers.bodies import Body, TooSlow
from accounts.providers.faults import GONE, raise_for_status
from accounts.providers.http import Door
from media.verification import CHUNK, Intake

RESUMES = 20
FRESH_STARTS = 2
# A reset may take back bytes that had arrived already, so bringing none once is no verdict.
FRUITLESS = 1


@dataclass(frozen=True, slots=True)
class Source:
    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    gone: Collection[int] = GONE


@dataclass(slots=True)
class Meter:
    """What one attempt cost, whatever became of it."""

    status: int | None = None
    bytes: int = 0


class Transfer:
    """``limit`` is the most that we take, so a source cannot fill the disk."""

    def __init__(self, door: Door, source: Source, intake: Intake, *, limit: int, meter: Meter) -> None:
        self._door = door
        self._source = source
        self._intake = intake
        self._limit = limit + intake.overhead
        self._meter = meter
        self._at = 0
        self._fresh_starts = 0
        self._etag = ""
        self._resumable = False
        self._view = memoryview(bytearray(CHUNK))

    def run(self) -> None:
        fruitless = 0
        for _ in range(RESUMES):
            before, self._resumable = self._meter.bytes, False
            try:
                return self._go_on()
            except TooSlow:
                raise
            except errors.Unavailable:
                fruitless = fruitless + 1 if self._meter.bytes == before else 0
                if not self._resumable or fruitless > FRUITLESS:
                    raise
        return self._go_on()

    def _go_on(self) -> None:
        headers = dict(self._source.headers)
        if self._at and self._etag:
            headers["If-Range"] = self._etag
        with self._door.download(
            self._source.url, token=self._source.token, headers=headers, offset=self._at
        ) as body:
            self._meter.status = body.status
            self._refuse(body)
            if self._at != body.offset:
                self._start_over()
            self._etag, self._resumable = body.etag, body.resumable
            while self._fill(body):
                pass

    def _refuse(self, body: Body) -> None:
        if body.status in (401, 403) and not self._source.token and body.status not in self._source.gone:
            raise errors.Unavailable(f"HTTP {body.status} for a public link", status=body.status)
        if body.status == 416:
            raise errors.Unavailable("the source does not know the rest of the file", status=416)
        raise_for_status(body.status, body.headers, gone=self._source.gone)
        if body.length is not None and body.offset + body.length > self._limit:
            raise errors.TooLarge(
                f"{body.offset + body.length} bytes are more than we take", status=body.status
            )

    def _start_over(self) -> None:
        self._fresh_starts += 1
        if self._fresh_starts > FRESH_STARTS:
            raise errors.Unavailable("cut again and again, and the source cannot resume")
        self._intake.start_over()
        self._at = 0

    def _fill(self, body: Body) -> int:
        """Small pieces are gathered, since hashing and writing have a price per call; none is lost to an error."""
        filled = 0
        try:
            while filled < CHUNK and (count := body.readinto(self._view[filled:])):
                filled += count
        finally:
            if filled:
                self._take(self._view[:filled])
        return filled

    def _take(self, data: memoryview) -> None:
        self._meter.bytes += len(data)
        self._at += len(data)
        if self._at > self._limit:
            raise errors.TooLarge(f"more than {self._limit} bytes")
        self._intake.take(data)
