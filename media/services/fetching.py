"""The worker's side of the ledger: claim, fetch in threads, write down.

Threads only move bytes; the database is touched by the caller's thread alone.
"""

import traceback
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from accounts.fields import CannotDecrypt
from accounts.leased_crews import LeasedCrew, Pace
from accounts.leases import Claim, lease
from accounts.models import WhatsappInstance
from accounts.providers.reasons import one_line
from accounts.services import door, provider_for, raise_alarm
from media.models import MediaFile, MediaFileQuerySet
from media.services import health
from media.services.auditing import is_whole
from media.services.deciding import Errand, Result
from media.services.recording import (
    give_up_on_killers,
    hold_back,
    hold_back_for_room,
    hold_back_unreadable,
    record,
    reuse_known,
)
from media.services.registering import descriptor
from media.storage import incoming_folder, keep, path_for, takes_no_time
from media.strategies import Attempt, Fetched, Job, StorageTrouble, fetch

MOST_AHEAD = 16


class Fetcher(LeasedCrew[Errand | Result, Result]):
    """Keeps up to ``threads`` downloads under way, and what has yet to be stored of what they brought."""

    def __init__(self, threads: int | None = None, token: uuid.UUID | None = None) -> None:
        super().__init__(MediaFile, bring, threads or settings.WORKER_FETCH_THREADS, token)
        self._pace = Pace(least=self.threads, most=MOST_AHEAD * self.threads)

    def top_up(self, now: datetime, work: MediaFileQuerySet | None = None) -> int:
        """Claim as much as there is room for, some more than threads so that none waits for the database."""
        room = self._pace.room(self, now)
        claimed = claim(room, self.token, now, work) if room else []
        for errand in plan(claimed, self.token, now) if claimed else []:
            self.put(errand.media_file.pk, errand)
        return len(claimed)

    def collect(self, now: datetime, *, wait: float = 0) -> int:
        """Write down what has finished, waiting up to ``wait`` seconds for the first result."""
        results = self.crew.finished(wait)
        if not results:
            return 0
        self.let_go(*(result.errand.media_file.pk for result in results))
        unstored = record(results, self.token, now)
        for result in unstored:
            self.put(result.errand.media_file.pk, result)
        settled = len(results) - len(unstored)
        self._pace.done += settled
        return settled


def claim(
    limit: int, token: uuid.UUID, now: datetime, work: MediaFileQuerySet | None = None
) -> list[MediaFile]:
    wish = Claim(limit=limit, per_instance=settings.INSTANCE_CONCURRENCY, lease=lease(), token=token)
    rows = MediaFile.objects.all() if work is None else work
    claimed: list[MediaFile] = rows.claim(wish, now=now)
    return claimed


def plan(claimed: list[MediaFile], token: uuid.UUID, now: datetime) -> list[Errand]:
    """Decide how each claimed file is to be had; those that need no download, or cannot have one now, are settled."""
    waiting = reuse_known(give_up_on_killers(claimed, token, now), token, now)
    waiting = hold_back_for_room(waiting, token, now)
    instances = {media_file.instance_id: media_file.instance for media_file in waiting}
    states = health.health_of(set(instances))
    ways = {pk: way for pk, instance in instances.items() if (way := _way(instance, now))}
    errands = []
    for media_file in waiting:
        if media_file.instance_id not in ways:
            hold_back_unreadable(media_file, token, now)
            continue
        order = media_file.instance.strategy_order(settings.MEDIA_STRATEGIES)
        names, closed = health.open_strategies(media_file, order, states.get(media_file.instance_id, {}), now)
        if closed and not names:
            hold_back(media_file, closed, token, now)
        else:
            job = Job(media=descriptor(media_file), strategies=tuple(names), **ways[media_file.instance_id])
            errands.append(Errand(media_file, job, tuple(closed)))
    return errands


def _way(instance: WhatsappInstance, now: datetime) -> dict[str, Any] | None:
    """What all of an instance's jobs have in common; None when its secrets cannot be read."""
    try:
        # One question for all of them; a claim leaves them out.
        instance.refresh_from_db(fields=WhatsappInstance.SECRET_FIELDS)
        provider = provider_for(instance)
    except CannotDecrypt as exc:
        raise_alarm(instance, str(exc), now=now)
        return None
    return {
        "provider": provider,
        "door": door(),
        "cdn_base": settings.WHATSAPP_CDN_BASE_URL,
        "folder": incoming_folder(),
        "max_bytes": settings.MEDIA_MAX_BYTES,
        "now": now,
    }


def bring(work: Errand | Result) -> Result:
    """One file from its source to its place; runs in a thread and never touches the database.

    Where storing takes its time, what was fetched is looked at first: the client may have the same already.
    """
    row = work.errand.media_file if isinstance(work, Result) else work.media_file
    facts = {"instance": row.instance_id, "media_file": row.pk, "attempt": row.attempts}
    with structlog.contextvars.bound_contextvars(**facts):
        return _stored(work) if isinstance(work, Result) else _bring(work)


def _bring(errand: Errand) -> Result:
    try:
        if is_whole(errand.media_file):
            return _restored(errand)
        errand.job.folder.mkdir(parents=True, exist_ok=True)
        attempts, fetched = fetch(errand.job)
    except StorageTrouble as exc:
        return Result(errand, exc.attempts, trouble=str(exc))
    except OSError as exc:
        return Result(errand, [], trouble=f"no place for part files: {exc.strerror or exc}")
    except Exception:  # noqa: BLE001 - the one boundary: a bug in one fetch must not stop the worker
        return Result(errand, [], bug=traceback.format_exc())
    result = Result(errand, attempts, fetched)
    return _stored(result) if fetched and takes_no_time() else result


def _stored(result: Result) -> Result:
    fetched = result.fetched
    assert fetched is not None
    try:
        name = keep(fetched.path, _place_of(result.errand.media_file, fetched.extension))
    except Exception as exc:  # noqa: BLE001 - every storage has its own errors, and all are our trouble
        fetched.path.unlink(missing_ok=True)
        # Masked: a remote storage's own text may quote a signed address.
        return Result(result.errand, result.attempts, trouble=one_line(f"{type(exc).__name__}: {exc}"))
    return replace(result, name=name)


def _place_of(media_file: MediaFile, extension: str) -> str:
    """A new name where the usual one may still be on its way out: no name is ever given twice."""
    had_one = media_file.ready_at or media_file.cause == MediaFile.Cause.QUOTA
    return path_for(media_file, extension, again=uuid.uuid4().hex[:8] if had_one else "")


def _restored(errand: Errand) -> Result:
    """A lost file that came back, with its disk or from a backup, is as good as fetched."""
    media_file, name = errand.media_file, str(errand.media_file.file.name)
    attempt = Attempt(
        strategy="restored",
        started_at=errand.job.now,
        duration=0,
        http_status=None,
        bytes=0,
        outcome="ok",
        reason="the stored file is in its place again",
    )
    found = Fetched(
        path=Path(name),
        size=media_file.size or 0,
        sha256=bytes.fromhex(media_file.sha256),
        mimetype=media_file.mimetype,
        extension="",
        warning=media_file.warning,
    )
    return Result(errand, [attempt], fetched=found, name=name)


def fetch_now(work: MediaFileQuerySet, *, now: Callable[[], datetime]) -> Iterator[int]:
    """Fetch what of ``work`` is due until nothing is; yields how many were settled each time."""
    fetcher = Fetcher()
    try:
        while fetcher.top_up(now(), work) or fetcher.under_way:
            yield fetcher.collect(now(), wait=1)
            fetcher.renew(now())
    finally:
        fetcher.close()
