"""The ways to get a media file's bytes, tried in order until one delivers the file that was announced."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

from accounts.providers import errors
from accounts.providers.base import Provider
from accounts.providers.events import MediaDescriptor
from accounts.providers.http import Door
from media import cdn
from media.partfile import PartFile
from media.sniffing import extension_of, verified_mimetype
from media.transfer import Meter, Source, Transfer
from media.verification import CHUNK, NO_SUM, EncryptedIntake, Intake, PlainIntake

OUTCOMES: tuple[tuple[type[errors.ProviderError], str], ...] = (
    (errors.MediaGone, "gone"),
    (errors.Unavailable, "unavailable"),
    (errors.LineDown, "line_down"),
    (errors.Refused, "refused"),
    (errors.Unsupported, "unsupported"),
    (errors.IntegrityError, "integrity"),
    (errors.ProviderError, "unexpected"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """``folder`` takes the part files and has to exist; ``max_bytes`` is the largest file that we take."""

    media: MediaDescriptor
    strategies: tuple[str, ...]
    provider: Provider
    door: Door
    folder: Path
    max_bytes: int
    now: datetime
    cdn_base: str = cdn.CDN


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """``outcome``: ok, gone, unavailable, line_down, refused, unsupported, integrity, unexpected or storage."""

    strategy: str
    started_at: datetime
    duration: float
    http_status: int | None
    bytes: int
    outcome: str
    reason: str
    error: errors.ProviderError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A verified file under a temporary name, from now on the caller's. ``sha256`` is of these bytes."""

    path: Path
    size: int
    sha256: bytes
    mimetype: str
    extension: str
    warning: str = ""


class StorageTrouble(Exception):
    """Our own disk does not take the file, and no other source can help with that."""

    def __init__(self, reason: str, *, attempts: list[Attempt]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.attempts = attempts


def fetch(job: Job) -> tuple[list[Attempt], Fetched | None]:
    """A strategy that does not apply to this file, or to its provider, leaves no attempt."""
    attempts: list[Attempt] = []
    start = monotonic()
    for name in job.strategies:
        applies, run = STRATEGIES[name]
        if not applies(job):
            continue
        now = job.now + timedelta(seconds=monotonic() - start)
        try:
            attempt, fetched = attempted(name, partial(run, replace(job, now=now)), now)
        except StorageTrouble as exc:
            raise StorageTrouble(exc.reason, attempts=attempts + exc.attempts) from exc
        attempts.append(attempt)
        if fetched:
            return attempts, fetched
    return attempts, None


def attempted(name: str, run: Callable[[Meter], Fetched], now: datetime) -> tuple[Attempt, Fetched | None]:
    start, meter = monotonic(), Meter()

    def attempt(outcome: str, reason: str, error: errors.ProviderError | None = None) -> Attempt:
        return Attempt(
            strategy=name,
            started_at=now,
            duration=monotonic() - start,
            http_status=error.status if error and error.status else meter.status,
            bytes=meter.bytes,
            outcome=outcome,
            reason=reason,
            error=error,
        )

    try:
        fetched = run(meter)
    except errors.ProviderError as exc:
        # Its traceback would keep the buffers of the transfer alive.
        return attempt(outcome_of(exc), exc.reason, exc.with_traceback(None)), None
    except OSError as exc:
        # The door translates the network's errors, so what is left is the disk's.
        reason = f"cannot store the file: {exc.strerror or exc}"
        raise StorageTrouble(reason, attempts=[attempt("storage", reason)]) from exc
    return attempt("ok", fetched.warning), fetched


def outcome_of(error: errors.ProviderError) -> str:
    return next(word for kind, word in OUTCOMES if isinstance(error, kind))


def cdn_applies(job: Job) -> bool:
    """A file with a media id belongs to the Cloud API, whose addresses ask for its token."""
    return bool(job.media.direct_path or job.media.url) and not job.media.media_id


def from_cdn(job: Job, meter: Meter) -> Fetched:
    """The first host's word counts; the others are asked for what it may not know."""
    if not job.media.media_key and not job.media.sha256:
        raise errors.IntegrityError(NO_SUM)
    refusal: errors.ProviderError | None = None
    gone: list[object] = []
    for url in cdn.addresses(job.media, job.cdn_base):
        if gone and cdn.signed(url) in gone:
            continue
        try:
            return from_cdn_host(job, url, meter)
        except (errors.IntegrityError, errors.TooLarge):
            raise
        except errors.MediaGone as exc:
            gone.append(cdn.signed(url))
            refusal = refusal or exc
        except errors.ProviderError as exc:
            refusal = refusal or exc
    raise refusal or errors.MediaGone("no address")


def from_cdn_host(job: Job, url: str, meter: Meter) -> Fetched:
    cdn.refuse_expired(url, job.now)
    source = Source(url, headers=cdn.HEADERS, gone=cdn.GONE)
    with PartFile(job.folder) as part:
        intake: Intake = (
            EncryptedIntake(part, job.media)
            if job.media.media_key
            else PlainIntake(part, job.media, job.media.sha256)
        )
        Transfer(job.door, source, intake, limit=job.max_bytes, meter=meter).run()
        return delivered(part, intake, job.media.mimetype)


def provider_applies(job: Job, *, name: str) -> bool:
    return name in job.provider.media_strategies


def from_provider(job: Job, meter: Meter, *, alternative: bool) -> Fetched:
    location = job.provider.locate_media(job.media, now=job.now, alternative=alternative)
    with PartFile(job.folder) as part:
        intake = PlainIntake(part, job.media, location.sha256 or job.media.sha256)
        if location.content is None:
            source = Source(location.url, token=location.token)
            Transfer(job.door, source, intake, limit=job.max_bytes, meter=meter).run()
        else:
            take_content(location.content, intake, job.max_bytes, meter)
        return delivered(part, intake, job.media.mimetype or location.mimetype)


def take_content(content: bytes, intake: Intake, max_bytes: int, meter: Meter) -> None:
    if len(content) > max_bytes:
        raise errors.TooLarge(f"{len(content)} bytes are more than we take")
    meter.bytes = len(content)
    view = memoryview(content)
    for start in range(0, len(content), CHUNK):
        intake.take(view[start : start + CHUNK])


def delivered(part: PartFile, intake: Intake, declared: str) -> Fetched:
    verified = intake.finish()
    mimetype = verified_mimetype(part.head, declared)
    part.keep()
    return Fetched(
        path=part.path,
        size=part.size,
        sha256=verified.sha256,
        mimetype=mimetype,
        extension=extension_of(mimetype),
        warning=verified.warning,
    )


STRATEGIES: dict[str, tuple[Callable[[Job], bool], Callable[[Job, Meter], Fetched]]] = {
    "cdn": (cdn_applies, from_cdn),
    "provider": (
        partial(provider_applies, name="provider"),
        partial(from_provider, alternative=False),
    ),
    "provider_alt": (
        partial(provider_applies, name="provider_alt"),
        partial(from_provider, alternative=True),
    ),
}
