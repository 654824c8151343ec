"""The worker's side of webhooks out: claim, deliver in threads, write down. Threads never touch the database."""

import traceback
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from accounts.fields import CannotDecrypt
from accounts.leased_crews import LeasedCrew
from accounts.leases import Claim, lease
from accounts.providers.errors import ProviderError
from accounts.providers.faults import retry_after
from accounts.providers.http import Body, Door
from accounts.providers.reasons import one_line
from messaging import targets
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services.webhooks_out import recording, signing
from messaging.services.webhooks_out.recording import Outcome

THREADS = 8
AT_ONCE_PER_ENDPOINT = 4
MOST_READ = 16 * 1024
EXCERPT = 300


@dataclass(frozen=True, slots=True, repr=False)
class Errand:
    delivery: WebhookDelivery
    secret: str
    door: Door
    at: datetime


class Courier(LeasedCrew[Errand, Outcome]):
    """Keeps up to ``threads`` deliveries under way."""

    def __init__(self, token: uuid.UUID | None = None) -> None:
        super().__init__(WebhookDelivery, deliver, THREADS, token)

    def top_up(self, now: datetime) -> int:
        """Claim what there is a thread for."""
        room = self.threads - self.under_way
        if room <= 0:
            return 0
        claimed = claim(room, self.token, now)
        for errand in plan(claimed, self.token, now):
            self.put(errand.delivery.pk, errand)
        return len(claimed)

    def collect(self, now: datetime, *, wait: float = 0) -> int:
        """Write down what has been answered, waiting up to ``wait`` seconds for the first answer."""
        outcomes = self.crew.finished(wait)
        if outcomes:
            self.let_go(*(outcome.delivery.pk for outcome in outcomes))
            recording.record(outcomes, self.token, now)
        return len(outcomes)


def claim(limit: int, token: uuid.UUID, now: datetime) -> list[WebhookDelivery]:
    # Chosen by endpoint: what piles up for one that rests or is switched off is not even looked at.
    able = list(WebhookEndpoint.objects.with_work(now).order_by("?").values_list("pk", flat=True)[:limit])
    if not able:
        return []
    wish = Claim(limit=limit, per_instance=AT_ONCE_PER_ENDPOINT, lease=lease(), token=token)
    claimed: list[WebhookDelivery] = WebhookDelivery.objects.filter(endpoint__in=able).claim(wish, now=now)
    return claimed


def plan(claimed: Iterable[WebhookDelivery], token: uuid.UUID, now: datetime) -> list[Errand]:
    """What can be delivered; the rest is settled."""
    waiting = recording.give_up_on_killers(claimed, token)
    endpoints = {delivery.endpoint_id: delivery.endpoint for delivery in waiting}
    secrets = {pk: _secret_of(endpoint) for pk, endpoint in endpoints.items()}
    unreadable = [delivery for delivery in waiting if secrets[delivery.endpoint_id] is None]
    recording.hold_back_unreadable(unreadable, token, now)
    door = targets.door()
    return [
        Errand(delivery, secret, door, now)
        for delivery in waiting
        if (secret := secrets[delivery.endpoint_id]) is not None
    ]


def _secret_of(endpoint: WebhookEndpoint) -> str | None:
    try:
        # One question for each: one that cannot be read must not hide the others.
        endpoint.refresh_from_db(fields=["secret"])
    except CannotDecrypt:
        return None
    return str(endpoint.secret)


def deliver(errand: Errand) -> Outcome:
    """One request; runs in a thread and never touches the database."""
    delivery, started = errand.delivery, monotonic()
    try:
        outcome = _post(errand)
    except ProviderError as exc:
        outcome = Outcome(delivery, error=exc.reason)
    except Exception:  # noqa: BLE001 - the one boundary: a bug in one delivery must not stop the worker
        outcome = Outcome(delivery, error="an error of our own, see the log", bug=traceback.format_exc())
    outcome.duration = monotonic() - started
    return outcome


def _post(errand: Errand) -> Outcome:
    delivery, body = errand.delivery, errand.delivery.body.encode()
    headers = signing.headers(errand.secret, str(delivery.event_id), body, errand.at)
    targets.check_target(delivery.endpoint.url)
    with errand.door.send("POST", delivery.endpoint.url, headers=headers, data=body) as answer:
        error = _complaint(answer, errand.secret)
        return Outcome(delivery, answer.status, error, retry_after=retry_after(answer.headers) or 0)


def _complaint(answer: Body, secret: str) -> str:
    """Empty when the receiver took it."""
    said = _beginning(answer)
    if 200 <= answer.status < 300:
        return ""
    if 300 <= answer.status < 400:
        return f"HTTP {answer.status}: redirects are not followed; enter the address that it leads to"
    excerpt = one_line(said.decode("utf-8", "replace")[:EXCERPT], secret)
    return f"HTTP {answer.status}: {excerpt}" if excerpt else f"HTTP {answer.status}"


def _beginning(answer: Body) -> bytes:
    """The status has said what counts, so a body that breaks off is no failure."""
    taken, view = bytearray(), memoryview(bytearray(MOST_READ))
    with suppress(ProviderError):
        while count := answer.readinto(view[: MOST_READ - len(taken)]):
            taken += view[:count]
    return bytes(taken)
