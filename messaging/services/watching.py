"""Where the lines' webhooks go, asked for a few times a day: somebody may set them elsewhere at the provider."""

import queue
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import reading_back
from accounts.fields import CannotDecrypt
from accounts.models import WhatsappInstance
from accounts.providers.base import Provider
from accounts.providers.errors import ProviderError
from accounts.services import provider_for

log = structlog.get_logger(__name__)

READ_AGAIN = timedelta(hours=6)
LOOK_SECONDS = 60.0
ASK_AGAIN_SECONDS = 3600.0
AT_ONCE = 5


class Watching:
    """Its thread only asks providers; the database is touched by the caller's thread alone."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="watching")
        self._told: queue.SimpleQueue[tuple[WhatsappInstance, datetime, Mapping[str, str]]] = (
            queue.SimpleQueue()
        )
        self._asked: dict[int, float] = {}
        self._looked_at = float("-inf")

    def turn(self) -> int:
        """Write down what was learned and ask for more; how many lines it was."""
        learned = 0
        while not self._told.empty():
            instance, asked_at, told = self._told.get()
            reading_back.note(instance, told, now=asked_at)
            learned += 1
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._ask(timezone.now())
        return learned

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, now: datetime) -> None:
        since = time.monotonic() - ASK_AGAIN_SECONDS
        self._asked = {pk: at for pk, at in self._asked.items() if at > since}
        for instance in unread(now).exclude(pk__in=self._asked)[:AT_ONCE]:
            self._asked[instance.pk] = time.monotonic()
            try:
                provider = provider_for(instance)
            except CannotDecrypt as exc:
                log.info("webhooks not read", instance=instance.pk, reason=str(exc))
                continue
            self._pool.submit(self._learn, instance, provider)

    def _learn(self, instance: WhatsappInstance, provider: Provider) -> None:
        try:
            self._told.put((instance, timezone.now(), provider.read_webhooks()))
        except ProviderError as exc:
            log.info("webhooks not read", instance=instance.pk, reason=exc.reason)


def unread(now: datetime) -> QuerySet[WhatsappInstance]:
    """The longest unread first. A line that never brought anything is being set up, and somebody looks at it."""
    late = Q(webhooks_read_at=None) | Q(webhooks_read_at__lt=now - READ_AGAIN)
    known = WhatsappInstance.objects.sealed().reachable().filter(late, last_event_at__isnull=False)
    return known.order_by(F("webhooks_read_at").asc(nulls_first=True), "pk")
