"""What becomes of a media file after a fetch: a pure decision over what its sources said."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.providers.errors import IntegrityError, LineDown, MediaGone, ProviderError, UnexpectedResponse
from media.models import MediaFile, StrategyHealth
from media.services.health import LINE_DOWN_BREAK
from media.services.schedule import MOST_ATTEMPTS, next_try
from media.strategies import Attempt, Fetched, Job

OUR_TROUBLE_BREAK = timedelta(minutes=2)
# Bytes that are wrong again and again are what the source has.
MOST_INTEGRITY_ATTEMPTS = 5
State = MediaFile.State
Cause = MediaFile.Cause


@dataclass(frozen=True, slots=True)
class Errand:
    """``closed`` are strategies that were left out for now."""

    media_file: MediaFile
    job: Job
    closed: tuple[StrategyHealth, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What was fetched has no ``name`` before it is stored.

    ``trouble`` is ours, not the source's; ``bug`` is a traceback.
    """

    errand: Errand
    attempts: list[Attempt]
    fetched: Fetched | None = None
    name: str = ""
    trouble: str = ""
    bug: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """``counts`` is False when the attempt is given back: it was not the file's or its sources' fault."""

    state: MediaFile.State
    cause: MediaFile.Cause
    error: str = ""
    next_attempt_at: datetime | None = None
    counts: bool = True


def decide(result: Result, *, now: datetime, chance: random.Random) -> Decision:
    """The state of a file that could not be had."""
    media_file = result.errand.media_file
    found = [attempt.error for attempt in result.attempts if attempt.error]
    if result.trouble:
        wait = OUR_TROUBLE_BREAK * chance.uniform(0.9, 1.1)
        error = f"our storage: {result.trouble}"
        return Decision(State.PENDING, Cause.STORAGE, error, now + wait, counts=False)
    if result.bug or any(error.retryable for error in found):
        return _retry(media_file, result, found, now, chance)
    if result.errand.closed or any(isinstance(error, LineDown) for error in found):
        return wait_for(media_file, result.errand.closed, now, chance, sentence(result.attempts))
    if any(isinstance(error, MediaGone) for error in found):
        return Decision(State.EXPIRED, Cause.GONE, sentence(result.attempts))
    if not found:
        return Decision(State.FAILED, Cause.NO_SOURCE, "there is no source to ask for this file")
    return Decision(State.FAILED, Cause.REFUSED, sentence(result.attempts))


def wait_for(
    media_file: MediaFile,
    closed: tuple[StrategyHealth, ...],
    now: datetime,
    chance: random.Random,
    said: str = "",
) -> Decision:
    """Wait until the first of the closed strategies opens again, unless the deadline is over by now."""
    reasons = [f"{row.strategy} paused: {row.reason}" for row in closed]
    error = "; ".join([text for text in [said, *reasons] if text])
    if now >= media_file.expires_at:
        return Decision(State.EXPIRED, Cause.GONE, _over(media_file, error))
    openings = [row.closed_until for row in closed if row.closed_until and row.closed_until > now]
    opens = min(openings, default=now + LINE_DOWN_BREAK)
    again = opens + timedelta(seconds=chance.uniform(0, 10))
    return Decision(State.PENDING, Cause.LINE_DOWN, error, again, counts=False)


def _retry(
    media_file: MediaFile, result: Result, found: list[ProviderError], now: datetime, chance: random.Random
) -> Decision:
    error = "an error of our own, see the log" if result.bug else sentence(result.attempts)
    cause = Cause.OURS if result.bug else _worst(found)
    if _wrong_for_good(media_file, found):
        return Decision(State.FAILED, cause, error)
    asked = max((getattr(fault, "retry_after", None) or 0 for fault in found), default=0)
    deadline = media_file.expires_at
    again = next_try(
        media_file.attempts, now=now, deadline=deadline, chance=chance.uniform, retry_after=asked
    )
    if again:
        return Decision(State.PENDING, cause, error, again)
    if media_file.attempts >= MOST_ATTEMPTS:
        return Decision(State.FAILED, cause, f"given up after {media_file.attempts} attempts; {error}")
    return Decision(State.EXPIRED, Cause.GONE, _over(media_file, error))


def _worst(found: list[ProviderError]) -> MediaFile.Cause:
    """Of several sources' words the one that tells most."""
    if any(isinstance(fault, IntegrityError) for fault in found):
        return Cause.INTEGRITY
    if any(isinstance(fault, UnexpectedResponse) for fault in found):
        return Cause.UNEXPECTED
    return Cause.UNAVAILABLE


def _wrong_for_good(media_file: MediaFile, found: list[ProviderError]) -> bool:
    retryable = [fault for fault in found if fault.retryable]
    only_wrong_bytes = bool(retryable) and all(isinstance(fault, IntegrityError) for fault in retryable)
    return only_wrong_bytes and media_file.attempts >= MOST_INTEGRITY_ATTEMPTS


def _over(media_file: MediaFile, error: str) -> str:
    return f"kept at the source until {media_file.expires_at:%Y-%m-%d %H:%M} UTC; {error}"


def sentence(attempts: list[Attempt]) -> str:
    """One line for people: what each strategy said."""
    return "; ".join(f"{attempt.strategy}: {attempt.reason}" for attempt in attempts if attempt.error)
