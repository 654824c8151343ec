"""What becomes of a send after its answer: a pure decision, with time and chance passed in."""

from dataclasses import dataclass
from datetime import timedelta

from accounts.backoff import Chance, jittered, wait_after
from accounts.providers.errors import LineDown, ProviderError, TooManyToOneChat, Unavailable
from messaging.models import OutboxItem
from messaging.services.sending.errands import Answer

STEPS = (
    timedelta(seconds=5),
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
)
HOURLY = timedelta(hours=1)
# With these steps the last try is not quite a day after the first one.
MOST_ATTEMPTS = 28
# Nobody misses a read receipt that comes an hour late.
MOST_RECEIPT_ATTEMPTS = 3
LINE_DOWN_REST = timedelta(minutes=5)
LONGEST_REST = timedelta(hours=1)
# One chat's limit opens by powers of four, as Meta asks.
CHAT_STEPS = tuple(timedelta(seconds=4**power) for power in range(1, 6))
OURS = "an error of our own, see the log"

State = OutboxItem.State


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """``again`` is how long to wait, and ``rest`` how long the whole line does. ``counts`` is False when the attempt
    is given back; ``needs_person`` when the line works again only after somebody did something.
    """

    state: OutboxItem.State
    error: str = ""
    doubt: str = ""
    again: timedelta = timedelta()
    rest: timedelta | None = None
    counts: bool = True
    needs_person: bool = False


def judge(answer: Answer, *, failures: int, grace: timedelta, chance: Chance) -> Verdict:
    """``failures`` is how often the line failed in a row before, ``grace`` how long an echo is waited for."""
    item = answer.errand.item
    if answer.trouble:
        return _retry(item, answer.trouble, None, chance)
    if answer.bug:
        return _doubt(OURS, grace) if _is_message(item) else _retry(item, OURS, None, chance)
    if answer.error is None:
        return Verdict(state=State.SENT)
    rest = _rest(answer.error, failures, chance)
    if answer.error.may_have_arrived and _is_message(item):
        return _doubt(answer.error.reason, grace, rest)
    return _refused(item, answer.error, chance, rest)


def _refused(item: OutboxItem, error: ProviderError, chance: Chance, rest: timedelta | None) -> Verdict:
    if isinstance(error, LineDown):
        return Verdict(state=State.PENDING, error=error.reason, rest=rest, counts=False, needs_person=True)
    if error.retryable:
        return _retry(item, error.reason, error, chance, rest)
    return Verdict(state=State.FAILED, error=error.reason)


def _is_message(item: OutboxItem) -> bool:
    """Everything else may be asked twice without anybody noticing."""
    return item.action == OutboxItem.Action.MESSAGE


def _doubt(reason: str, grace: timedelta, rest: timedelta | None = None) -> Verdict:
    doubt = OutboxItem.Doubt.UNANSWERED
    return Verdict(state=State.UNKNOWN, error=reason, doubt=doubt, again=grace, rest=rest)


def most_attempts(item: OutboxItem) -> int:
    return MOST_RECEIPT_ATTEMPTS if item.action == OutboxItem.Action.READ else MOST_ATTEMPTS


def _retry(
    item: OutboxItem,
    reason: str,
    error: ProviderError | None,
    chance: Chance,
    rest: timedelta | None = None,
) -> Verdict:
    if item.attempts >= most_attempts(item):
        text = f"given up after {item.attempts} attempts; {reason}"
        return Verdict(state=State.FAILED, error=text, rest=rest)
    again = wait_after(item.attempts, _steps(error), then=HOURLY, chance=chance, asked=_asked_for(error))
    return Verdict(state=State.PENDING, error=reason, again=again, rest=rest)


def _steps(error: ProviderError | None) -> tuple[timedelta, ...]:
    return CHAT_STEPS if isinstance(error, TooManyToOneChat) else STEPS


def _asked_for(error: ProviderError | None) -> timedelta:
    asked = error.retry_after if isinstance(error, Unavailable) else None
    return timedelta(seconds=asked or 0)


def _rest(error: ProviderError, failures: int, chance: Chance) -> timedelta | None:
    """One chat's limit, or one message's fault, does not concern the line."""
    if isinstance(error, LineDown):
        # Not longer each time: whoever puts it right wants to see it work.
        return LINE_DOWN_REST
    if isinstance(error, TooManyToOneChat) or not isinstance(error, Unavailable):
        return None
    step = STEPS[min(failures, len(STEPS) - 2)]
    return max(jittered(step, chance), min(_asked_for(error), LONGEST_REST))
