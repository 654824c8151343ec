from datetime import timedelta
from typing import Any

import pytest

from accounts.providers import errors
from accounts.providers.base import Credentials
from accounts.providers.http import Door, Rules
from accounts.providers.wapi.client import WApi
from messaging.models import OutboxItem
from messaging.services.sending.errands import Answer, Errand
from messaging.services.sending.judging import MOST_ATTEMPTS, STEPS, Verdict, judge

PROVIDER = WApi(Credentials(instance_id="x"), door=Door(Rules()), base_url="https://api.example.com")
GRACE = timedelta(seconds=60)
LOST = errors.Unavailable("stalled", may_have_arrived=True)
BUSY = errors.Unavailable("busy", status=503)
TO_ONE = errors.TooManyToOneChat("131056", status=400)
UNREADABLE = errors.UnexpectedResponse("no id", status=200)


def verdict(
    error: errors.ProviderError | None = None, *, attempts: int = 1, failures: int = 0, **facts: Any
) -> Verdict:
    item = OutboxItem(action=facts.pop("action", "message"), attempts=attempts)
    answer = Answer(errand=Errand(item, PROVIDER), error=error, **facts)
    return judge(answer, failures=failures, grace=GRACE, chance=lambda low, high: 1.0)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, "sent"),
        (LOST, "unknown"),
        (UNREADABLE, "unknown"),
        (BUSY, "pending"),
        (TO_ONE, "pending"),
        (errors.UnexpectedResponse("a page", status=404), "pending"),
        (errors.NotConnected("down"), "pending"),
        (errors.CredentialsRejected("token"), "pending"),
        (errors.RequestRejected("no"), "failed"),
        (errors.WindowClosed("closed"), "failed"),
        (errors.TooLarge("large"), "failed"),
        (errors.Unsupported("unheard of"), "failed"),
        (errors.HostNotAllowed("not ours"), "failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_answer_has_its_state(error: errors.ProviderError | None, state: str) -> None:
    found = verdict(error)
    assert (found.state, found.error) == (state, error.reason if error else "")


@pytest.mark.parametrize("action", ["reaction", "edit", "delete", "read"])
def test_only_a_message_can_be_unknown(action: str) -> None:
    assert verdict(LOST, action=action).state == "pending"
    assert verdict(bug="Traceback", action=action).state == "pending"


def test_a_bug_leaves_a_message_unknown_for_it_may_have_left() -> None:
    found = verdict(bug="Traceback")
    assert (found.state, found.doubt, found.again) == ("unknown", "unanswered", GRACE)
    assert "Traceback" not in found.error


def test_our_storage_s_trouble_is_tried_again() -> None:
    assert verdict(trouble="our storage: gone").state == "pending"


def test_the_tries_become_rarer_and_end_within_a_day() -> None:
    waits = [verdict(BUSY, attempts=n).again for n in range(1, MOST_ATTEMPTS)]
    assert waits[: len(STEPS)] == list(STEPS)
    assert set(waits[len(STEPS) :]) == {timedelta(hours=1)}
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=24)
    assert verdict(BUSY, attempts=MOST_ATTEMPTS).state == "failed"


def test_a_receipt_is_tried_three_times() -> None:
    assert [verdict(BUSY, action="read", attempts=n).state for n in (1, 2, 3)] == [
        "pending",
        "pending",
        "failed",
    ]


def test_metas_limit_for_one_chat_grows_and_spares_the_line() -> None:
    found = [verdict(TO_ONE, attempts=n) for n in (1, 2, 3, 9)]
    assert [one.again.total_seconds() for one in found] == [4, 16, 64, 3600]
    assert {one.rest for one in found} == {None}


def test_the_provider_s_own_wait_is_kept() -> None:
    asked = errors.Unavailable("busy", status=429, retry_after=700)
    found = verdict(asked)
    assert (found.again, found.rest) == (timedelta(seconds=700), timedelta(seconds=700))


def test_the_whole_line_rests_longer_with_each_failure() -> None:
    rests = [verdict(BUSY, failures=n).rest for n in range(6)]
    assert rests == [*STEPS[:4], STEPS[3], STEPS[3]]


def test_a_line_that_is_down_rests_for_minutes_needs_somebody_and_burns_no_attempt() -> None:
    down = errors.NotConnected("down")
    found = [verdict(down, failures=n) for n in (0, 1, 2, 9)]
    assert [one.rest for one in found] == [timedelta(minutes=5)] * 4
    assert {(one.needs_person, one.counts) for one in found} == {(True, False)}


def test_a_refused_message_does_not_concern_the_line() -> None:
    assert verdict(errors.RequestRejected("no")).rest is None
