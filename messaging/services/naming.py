"""Names of groups, which webhooks seldom bring: asked for now and then, beside the worker's real work."""

import queue
import time
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from accounts import feed
from accounts.fields import CannotDecrypt
from accounts.models import WhatsappInstance
from accounts.providers.base import Provider
from accounts.providers.errors import ProviderError
from accounts.providers.events import ChatKind
from accounts.services import provider_for
from messaging.models import Conversation
from messaging.services.telling import tell_conversation

log = structlog.get_logger(__name__)

LOOK_SECONDS = 10.0
ASK_AGAIN_SECONDS = 3600.0
AT_ONCE = 20


class Naming:
    """Its thread only asks providers; the database is touched by the caller's thread alone."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="naming")
        self._names: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self._asked: dict[int, float] = {}
        self._looked_at = float("-inf")

    def turn(self) -> int:
        """Write down what was learned and ask for more; how many names there were."""
        named = 0
        while not self._names.empty():
            named += _name(*self._names.get())
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._ask()
        return named

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self) -> None:
        since = time.monotonic() - ASK_AGAIN_SECONDS
        self._asked = {pk: at for pk, at in self._asked.items() if at > since}
        for conversation in nameless().exclude(pk__in=self._asked)[:AT_ONCE]:
            self._asked[conversation.pk] = time.monotonic()
            try:
                provider = provider_for(conversation.instance)
            except CannotDecrypt as exc:
                log.info("group name not asked for", conversation=conversation.pk, reason=str(exc))
                continue
            self._pool.submit(self._learn, conversation.pk, conversation.chat_id, provider)

    def _learn(self, pk: int, chat_id: str, provider: Provider) -> None:
        try:
            self._names.put((pk, provider.group_metadata(chat_id)))
        except ProviderError as exc:
            log.info("group name not had", conversation=pk, reason=exc.reason, status=exc.status)


def _name(pk: int, title: str) -> int:
    rows = Conversation.objects.filter(pk=pk, title="")
    instances = Prefetch("instance", WhatsappInstance.objects.sealed())
    with feed.collecting():
        now = timezone.now()
        for row in rows.prefetch_related(instances):
            tell_conversation(row, now)
        return rows.update(title=title[:200])


def nameless() -> QuerySet[Conversation]:
    rows = Conversation.objects.filter(kind=ChatKind.GROUP, title="", instance__is_active=True)
    connected = rows.exclude(instance__status=WhatsappInstance.Status.DISCONNECTED)
    instances = Prefetch("instance", WhatsappInstance.objects.sealed())
    return connected.prefetch_related(instances).order_by("-last_message_at", "-id")
