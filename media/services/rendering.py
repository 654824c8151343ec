"""The worker's side of renditions: claim, make in processes of their own, write down.

Threads only wait for those processes; the database is touched by the caller's thread alone.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog
from django.conf import settings
from django.db.models import F, prefetch_related_objects

from accounts.leased_crews import LeasedCrew, Pace
from accounts.leases import Claim, WaitingQuerySet, lease
from media.models import Rendition
from media.rendering.finding import find_ffmpeg
from media.services.making import Errand, Result, Sandboxes, make
from media.services.rendered import give_up, leave_out, record
from media.services.renditions import make_again, needs_tool

log = structlog.get_logger(__name__)

State = Rendition.State
# They have time: fetching and sending go first.
AT_ONCE = 2
MOST_AHEAD = 6
MOST_ATTEMPTS = 3


class Renderer(LeasedCrew[Errand, Result]):
    """Keeps up to two renditions under way.

    What is claimed ahead costs no attempt before its turn has come. Without ``ffmpeg`` what needs it is left out,
    until a worker starts that has it.
    """

    def __init__(self, ffmpeg: str | None = None, token: uuid.UUID | None = None) -> None:
        self.ffmpeg = find_ffmpeg() if ffmpeg is None else ffmpeg
        self.sandboxes = Sandboxes()
        super().__init__(Rendition, lambda errand: make(errand, self.sandboxes), AT_ONCE, token)
        self._pace = Pace(least=0, most=MOST_AHEAD)
        self._ahead: list[Rendition] = []
        self._begun: set[int] = set()
        self._has_looked = False

    def top_up(self, now: datetime, work: WaitingQuerySet | None = None) -> int:
        room = self._pace.room(self, now)
        if not room:
            return 0
        self._look_for_left_out(now)
        claimed = claim(room, self.token, now, work)
        going = [rendition for rendition in claimed if self._can_be_made(rendition)]
        self._ahead += going
        self._count_begun([])
        for rendition in going:
            self.put(rendition.pk, Errand(rendition, self.ffmpeg))
        return len(claimed)

    def collect(self, now: datetime, *, wait: float = 0) -> int:
        """Write down what has finished, waiting up to ``wait`` seconds for the first result."""
        results = self.crew.finished(wait)
        self.let_go(*(result.errand.rendition.pk for result in results))
        self._pace.done += len(results)
        self._count_begun([result.errand.rendition for result in results])
        for result in results:
            record(result, self.token, now)
        return len(results)

    def renew(self, now: datetime) -> None:
        """And processes that have had nothing to do are let go."""
        self.sandboxes.let_go_idle()
        super().renew(now)

    def close(self) -> None:
        super().close()
        self.sandboxes.close()

    def _count_begun(self, done: list[Rendition]) -> None:
        """Attempts of what the threads have or have next, so that what ends its worker is not tried for ever.

        One statement for all: a thread that is quicker has begun one that is counted the next time.
        """
        finished = {one.pk for one in done}
        self._begun -= finished
        unseen = [one for one in self._ahead if one.pk in finished]
        ahead = [one for one in self._ahead if one.pk not in finished]
        room = AT_ONCE - len(self._begun)
        following, self._ahead = ahead[:room], ahead[room:]
        self._begun.update(one.pk for one in following)
        count_attempt([*unseen, *following], self.token)

    def _look_for_left_out(self, now: datetime) -> None:
        if self._has_looked or not self.ffmpeg:
            return
        self._has_looked = True
        if count := make_again(Rendition.objects.filter(state=State.UNAVAILABLE), now=now):
            log.info("renditions are made after all", count=count)

    def _can_be_made(self, rendition: Rendition) -> bool:
        if rendition.attempts >= MOST_ATTEMPTS:
            give_up(rendition, "given up: workers ended while making it", self.token)
        elif not rendition.media_file.is_ready:
            give_up(rendition, "the original is not in the storage", self.token)
        elif needs_tool(rendition) and not self.ffmpeg:
            leave_out(rendition, self.token)
        else:
            return True
        return False


def claim(
    limit: int, token: uuid.UUID, now: datetime, work: WaitingQuerySet | None = None
) -> list[Rendition]:
    wish = Claim(
        limit=limit,
        per_instance=settings.INSTANCE_CONCURRENCY,
        lease=lease(),
        token=token,
        counts=False,
    )
    rows = Rendition.objects.all() if work is None else work
    claimed: list[Rendition] = rows.claim(wish, now=now)
    prefetch_related_objects(claimed, "media_file")
    for rendition in claimed:
        rendition.media_file.instance = rendition.instance
    return claimed


def count_attempt(renditions: list[Rendition], token: uuid.UUID) -> None:
    if not renditions:
        return
    held = Rendition.objects.held_by(token).filter(pk__in=[one.pk for one in renditions])
    held.update(attempts=F("attempts") + 1)
    for one in renditions:
        one.attempts += 1


def make_now(
    work: WaitingQuerySet, *, now: Callable[[], datetime], ffmpeg: str | None = None
) -> Iterator[int]:
    """Make what of ``work`` is due until nothing is; yields how many were settled since it began."""
    renderer = Renderer(ffmpeg)
    total = 0
    try:
        while (claimed := renderer.top_up(now(), work)) or renderer.under_way:
            renderer.collect(now(), wait=1)
            renderer.renew(now())
            total += claimed
            yield total - renderer.under_way
    finally:
        renderer.close()
