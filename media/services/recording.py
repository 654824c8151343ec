"""What a fetch found, written down: attempts, the file's next state, and what was learned of the strategies."""

import random
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import structlog
from django.db.models import F

from accounts import feed, metrics
from media.models import FetchAttempt, MediaFile, MediaFileQuerySet, StrategyHealth
from media.services import health, holding, quotas, renditions, sharing
from media.services.counting import count
from media.services.deciding import OUR_TROUBLE_BREAK, Decision, Result, decide, wait_for
from media.services.discarding import drop
from media.services.holding import Held
from media.services.registering import source_of
from media.services.schedule import MOST_ATTEMPTS
from media.services.settling import write_ready
from media.services.telling import tell
from media.storage import is_there

log = structlog.get_logger(__name__)
chance = random.Random()
State = MediaFile.State
Outcome = FetchAttempt.Outcome


def record(found: list[Result], token: uuid.UUID, now: datetime) -> list[Result]:
    """Returns what is new to its client and has to be stored first; of that nothing is written yet."""
    with feed.collecting():
        holding.lock(result.errand.media_file.instance.client_id for result in found)
        results = _still_wanted(found, now)
        shared = sharing.share([result for result in results if result.fetched])
        results = [result for result in results if result.errand.media_file.pk not in shared.unstored]
        had = [result for result in results if result.fetched]
        FetchAttempt.objects.bulk_create(_attempt_rows(results))
        for result in results:
            if not result.fetched:
                _put(result.errand.media_file, decide(result, now=now, chance=chance), token, now)
        refuse_what_does_not_fit(shared, token, now)
        kept = write_ready(shared.results, token, now)
        stored = [result for result in had if result.errand.media_file.pk in kept]
        tell((result.errand.media_file for result in stored), at=now)
        renditions.ask(_typed(stored), now=now)
        renditions.ask_again((result.errand.media_file for result in stored), now=now)
        count(_sized(stored), now=now)
        sharing.settle(shared, kept, now)
    for result in had:
        _log(result, now, kept=result.errand.media_file.pk in kept)
    _learn(results, now)
    _count_attempts(results)
    _remove_parts(result for result in found if result.errand.media_file.pk not in shared.unstored)
    return list(shared.unstored.values())


def _remove_parts(results: Iterable[Result]) -> None:
    """What was not stored and will not be: the client has the same, or the row is gone."""
    for result in results:
        if result.fetched and not result.name:
            result.fetched.path.unlink(missing_ok=True)


def _still_wanted(results: list[Result], now: datetime) -> list[Result]:
    """A file whose row was discarded while it was fetched is nobody's."""
    wanted = {result.errand.media_file.pk for result in results}
    there = set(MediaFile.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    for result in results:
        if result.name and result.fetched and result.errand.media_file.pk not in there:
            spare = Held(result.name, result.fetched.sha256.hex(), result.fetched.size)
            drop(result.errand.media_file.instance.client_id, [spare], now=now)
    return [result for result in results if result.errand.media_file.pk in there]


def reuse_known(claimed: list[MediaFile], token: uuid.UUID, now: datetime) -> list[MediaFile]:
    """Settle forwards of what the same client has already; returns the rest."""
    waiting, twins = [], _twins(claimed)
    for media_file in claimed:
        twin = twins.get(_source(media_file))
        if twin is None or not is_there(twin.file.name) or not _reuse(media_file, twin, token, now):
            waiting.append(media_file)
    return waiting


def _twins(claimed: list[MediaFile]) -> dict[tuple[Any, ...], MediaFile]:
    return {_source(twin): twin for twin in MediaFile.objects.fetched_before(claimed)} if claimed else {}


def _source(media_file: MediaFile) -> tuple[Any, ...]:
    """What two files of one client have in common when they are the same."""
    return media_file.instance.client_id, media_file.enc_sha256, media_file.media_key


def give_up_on_killers(claimed: list[MediaFile], token: uuid.UUID, now: datetime) -> list[MediaFile]:
    """Settle files that were claimed so often only because their workers ended; returns the rest."""
    for media_file in claimed:
        if media_file.attempts > MOST_ATTEMPTS:
            error = "given up: workers ended while fetching it"
            _put(media_file, Decision(State.FAILED, MediaFile.Cause.OURS, error), token, now)
    return [media_file for media_file in claimed if media_file.attempts <= MOST_ATTEMPTS]


def hold_back(
    media_file: MediaFile, closed: Iterable[StrategyHealth], token: uuid.UUID, now: datetime
) -> None:
    """Nothing can be tried before a break is over; that is not this file's fault and costs it no attempt."""
    _put(media_file, wait_for(media_file, tuple(closed), now, chance), token, now)


def hold_back_for_room(waiting: list[MediaFile], token: uuid.UUID, now: datetime) -> list[MediaFile]:
    """Settle what its client's quota has no room for; returns the rest."""
    rooms = quotas.rooms({media_file.instance.client_id for media_file in waiting})
    fitting = []
    for media_file in waiting:
        client, size = media_file.instance.client_id, max(media_file.declared_size or 0, 1)
        if rooms.get(client, size) < size:
            _put(media_file, quotas.hold_back(media_file, now), token, now)
            continue
        if client in rooms:
            rooms[client] -= size
        fitting.append(media_file)
    for client, room in rooms.items():
        if room <= 0:
            quotas.postpone(client, now)
    return fitting


def refuse_what_does_not_fit(shared: sharing.Shared, token: uuid.UUID, now: datetime) -> None:
    """Under the lock, by the size that a file really has; it waits as if it had not been fetched."""
    rooms = quotas.rooms({result.errand.media_file.instance.client_id for result in shared.results})
    for result in list(shared.results) if rooms else []:
        media_file, client = result.errand.media_file, result.errand.media_file.instance.client_id
        twin, size = shared.twins.get(media_file.pk), result.fetched.size if result.fetched else 0
        if client not in rooms or (twin is not None and twin.pk not in shared.refused):
            continue
        if twin is None and size <= rooms[client]:
            rooms[client] -= size
            continue
        shared.refuse(result)
        drop(client, shared.spare[media_file.pk], now=now)
        media_file.declared_size = size
        _put(media_file, quotas.hold_back(media_file, now), token, now)
        quotas.learn_size(media_file, size)


def hold_back_unreadable(media_file: MediaFile, token: uuid.UUID, now: datetime) -> None:
    """The instance has its alarm; nothing is lost until its secrets can be read again."""
    error = "the instance's secrets fit no key of FIELD_ENCRYPTION_KEYS"
    again = now + OUR_TROUBLE_BREAK
    _put(media_file, Decision(State.PENDING, MediaFile.Cause.OURS, error, again, counts=False), token, now)


def _put(media_file: MediaFile, decision: Decision, token: uuid.UUID, now: datetime) -> None:
    changes: dict[str, Any] = {"error": decision.error[:500], "cause": decision.cause}
    if decision.next_attempt_at:
        changes["next_attempt_at"] = decision.next_attempt_at
    if not decision.counts:
        changes["attempts"] = F("attempts") - 1
    held = _held(media_file, token)
    with feed.collecting():
        settled = held.filter(**source_of(media_file)).move_to(decision.state, **changes)
        # Being fetched is told to nobody, so a file that waits again is no news.
        if settled and decision.state != State.PENDING:
            tell([media_file], at=now)
    # A message told of another source meanwhile: what this fetch found does not hold for it.
    moved = settled or held.move_to(State.PENDING)
    log.info(
        "media file not had" if moved else "lease lost, result dropped",
        instance=media_file.instance_id,
        media_file=media_file.pk,
        state=decision.state.value,
        attempt=media_file.attempts,
        next_attempt_at=str(decision.next_attempt_at or ""),
        error=decision.error[:300],
    )


def _reuse(media_file: MediaFile, twin: MediaFile, token: uuid.UUID, now: datetime) -> bool:
    """False when the other's file is being taken away at this moment."""
    same = ("size", "sha256", "mimetype", "warning")
    facts = {name: getattr(twin, name) for name in same}
    with feed.collecting():
        holding.lock([twin.instance.client_id])
        if not holding.still_names(twin):
            return False
        moved = _held(media_file, token).move_to(
            State.READY, file=twin.file.name, strategy="reuse", error="", cause="", ready_at=now, **facts
        )
        if moved:
            FetchAttempt.objects.create(
                media_file=media_file,
                strategy="reuse",
                started_at=now,
                outcome=Outcome.OK,
                reason=f"the same file as media file {twin.pk}",
            )
            tell([media_file], at=now)
            renditions.share(media_file, twin, now=now)
            renditions.ask_again([media_file], now=now)
            # One that was lost and is had again was counted before.
            if media_file.ready_at is None:
                count([(media_file, twin.size or 0)], now=now)
    return True


def _typed(results: Iterable[Result]) -> Iterator[tuple[MediaFile, str]]:
    """With the type that their bytes proved, which the rows at hand do not have yet."""
    for result in results:
        if result.fetched:
            yield result.errand.media_file, result.fetched.mimetype


def _sized(results: Iterable[Result]) -> Iterator[tuple[MediaFile, int]]:
    for result in results:
        if result.fetched and result.errand.media_file.ready_at is None:
            yield result.errand.media_file, result.fetched.size


def _held(media_file: MediaFile, token: uuid.UUID) -> MediaFileQuerySet:
    return MediaFile.objects.held_by(token).filter(pk=media_file.pk)


def _attempt_rows(results: list[Result]) -> list[FetchAttempt]:
    return [
        FetchAttempt(
            media_file=result.errand.media_file,
            strategy=attempt.strategy,
            started_at=attempt.started_at,
            duration=attempt.duration,
            http_status=attempt.http_status,
            bytes=attempt.bytes,
            outcome=attempt.outcome,
            reason=attempt.reason[:300],
        )
        for result in results
        for attempt in result.attempts
    ]


def _learn(results: list[Result], now: datetime) -> None:
    fine: set[tuple[int, str]] = set()
    for result in results:
        instance = result.errand.media_file.instance
        for attempt in result.attempts:
            way = instance.pk, attempt.strategy
            if attempt.outcome != Outcome.OK:
                fine.clear()
            elif way in fine:
                continue
            else:
                fine.add(way)
            health.note(instance, attempt.strategy, attempt.outcome, attempt.reason, now)
        if result.trouble:
            log.error("our storage fails", media_file=result.errand.media_file.pk, reason=result.trouble)
        if result.bug:
            log.error("fetch failed with a bug", media_file=result.errand.media_file.pk, traceback=result.bug)


def _count_attempts(results: list[Result]) -> None:
    for result in results:
        for attempt in result.attempts:
            metrics.media_attempts.labels(attempt.strategy, str(attempt.outcome)).inc()


def _log(result: Result, now: datetime, *, kept: bool) -> None:
    media_file, last = result.errand.media_file, result.attempts[-1]
    # One that was lost and is had again was not waited for since it was first heard of.
    if kept and media_file.ready_at is None:
        metrics.media_seconds.labels(last.strategy).observe((now - media_file.created_at).total_seconds())
        metrics.media_bytes.labels(last.strategy).inc(last.bytes)
    log.info(
        "media file ready" if kept else "lease lost, result dropped",
        instance=media_file.instance_id,
        media_file=media_file.pk,
        strategy=last.strategy,
        status=last.http_status,
        bytes=last.bytes,
        duration=round(last.duration, 3),
        attempt=media_file.attempts,
    )
