import random
from datetime import timedelta
from typing import Any

import pytest

from accounts.providers import errors
from media.models import MediaFile, StrategyHealth
from media.services.deciding import MOST_INTEGRITY_ATTEMPTS, Decision, decide
from media.services.schedule import MOST_ATTEMPTS
from tests.media.ledger import MONTH, NOW, result_of

GONE = errors.MediaGone("HTTP 404", status=404)
DOWN = errors.NotConnected("Whatsapp não conectado", status=401)
BUSY = errors.Unavailable("HTTP 503", status=503)
REFUSED = errors.RequestRejected("HTTP 400", status=400)
LACKING = errors.Unsupported("no such call", status=404)
WRONG = errors.IntegrityError("the MAC does not match")
ODD = errors.UnexpectedResponse("not JSON")
LARGE = errors.TooLarge("more than we take")


def row(**fields: Any) -> MediaFile:
    """Never saved: the decision is pure."""
    return MediaFile(**{"pk": 1, "kind": "image", "attempts": 1, "expires_at": NOW + MONTH, **fields})


def decided(*found: errors.ProviderError, media_file: MediaFile | None = None, **fields: Any) -> Decision:
    return decide(result_of(media_file or row(), *found, **fields), now=NOW, chance=random.Random(1))


@pytest.mark.parametrize(
    ("found", "state", "counts"),
    [
        ((GONE,), "expired", True),
        ((GONE, GONE, GONE), "expired", True),
        ((GONE, GONE, LACKING), "expired", True),
        ((GONE, REFUSED), "expired", True),
        ((REFUSED, REFUSED), "failed", True),
        ((REFUSED,), "failed", True),
        ((LARGE,), "failed", True),
        ((LACKING,), "failed", True),
        ((), "failed", True),
        ((BUSY,), "pending", True),
        ((GONE, BUSY), "pending", True),
        ((GONE, ODD), "pending", True),
        ((GONE, WRONG), "pending", True),
        ((BUSY, DOWN), "pending", True),
        ((DOWN,), "pending", False),
        ((GONE, DOWN), "pending", False),
        ((REFUSED, DOWN, LACKING), "pending", False),
    ],
    ids=lambda value: "-".join(type(error).__name__ for error in value) if isinstance(value, tuple) else None,
)
def test_what_the_sources_said_decides_the_state(
    found: tuple[errors.ProviderError, ...], state: str, counts: bool
) -> None:
    decision = decided(*found)
    assert (decision.state.value, decision.counts) == (state, counts)
    assert (decision.next_attempt_at is not None) == (state == "pending")
    assert decision.error


def test_the_error_is_one_line_that_names_every_strategy() -> None:
    assert decided(GONE, BUSY).error == "cdn: HTTP 404; provider: HTTP 503"


def test_the_longest_wish_of_the_sources_is_honoured() -> None:
    found = [errors.Unavailable("HTTP 429", status=429, retry_after=seconds) for seconds in (300.0, 900.0)]
    assert decided(*found).next_attempt_at == NOW + timedelta(seconds=900)


def test_trouble_of_our_own_storage_costs_no_attempt_and_is_said() -> None:
    decision = decided(trouble="No space left on device")
    assert (decision.state, decision.counts) == ("pending", False)
    assert decision.error == "our storage: No space left on device"
    assert decision.next_attempt_at is not None
    assert NOW < decision.next_attempt_at < NOW + timedelta(minutes=5)


def test_a_bug_is_tried_again_and_its_traceback_is_not_shown() -> None:
    decision = decided(bug="Traceback: secret")
    assert (decision.state, decision.counts) == ("pending", True)
    assert "secret" not in decision.error


def test_bytes_that_are_wrong_again_and_again_are_given_up() -> None:
    last = row(attempts=MOST_INTEGRITY_ATTEMPTS)
    assert decided(WRONG, media_file=last).state == "failed"
    assert decided(WRONG, GONE, media_file=last).state == "failed"
    assert decided(WRONG, BUSY, media_file=last).state == "pending"


def test_a_schedule_that_ran_into_the_deadline_is_expired_and_says_when() -> None:
    decision = decided(BUSY, media_file=row(expires_at=NOW))
    assert decision.state == "expired"
    assert decision.error.startswith("kept at the source until 2026-03-01 12:00 UTC")


def test_too_many_attempts_are_failed_and_counted_in_words() -> None:
    decision = decided(BUSY, media_file=row(attempts=MOST_ATTEMPTS))
    assert decision.state == "failed"
    assert f"after {MOST_ATTEMPTS} attempts" in decision.error


def paused(minutes: int) -> StrategyHealth:
    return StrategyHealth(
        strategy="provider", closed_until=NOW + timedelta(minutes=minutes), reason="HTTP 503"
    )


def test_a_file_waits_for_the_first_strategy_that_opens_again() -> None:
    decision = decided(GONE, closed=(paused(9), paused(4)))
    assert (decision.state, decision.counts) == ("pending", False)
    assert decision.next_attempt_at is not None
    assert timedelta(minutes=4) <= decision.next_attempt_at - NOW <= timedelta(minutes=4, seconds=10)
    assert "provider paused: HTTP 503" in decision.error


def test_nothing_waits_beyond_the_deadline() -> None:
    assert decided(GONE, closed=(paused(4),), media_file=row(expires_at=NOW)).state == "expired"
    assert decided(DOWN, media_file=row(expires_at=NOW)).state == "expired"
