"""Questions over the network: many at once, each within a time limit. Nothing here touches the database."""

import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from accounts.providers import errors
from accounts.providers.base import Provider
from accounts.providers.http import Door, Pace
from accounts.services import door

# To connect, and of silence; a provider that needs longer is as good as down for whoever waits for the report.
TIMEOUT = (4.0, 10.0)
DEADLINE = 60.0
THREADS = 16

Questions = Mapping[str, Callable[[Provider], Any]]
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """``told`` is what the question's own call returned; with an error there is none."""

    seconds: float
    told: Any = None
    error: errors.ProviderError | None = None


def no_answer(error: errors.ProviderError | None) -> bool:
    return isinstance(error, errors.Unavailable) and error.status is None


def impatient_door() -> Door:
    """The same rules as the process's own door, but for somebody who waits at a terminal."""
    return Door(door().rules, timeout=TIMEOUT, pace=Pace(least=1024, window=TIMEOUT[1]))


def ask(call: Callable[[], Any]) -> Answered:
    started = time.monotonic()
    try:
        told = call()
    except errors.ProviderError as exc:
        return Answered(seconds=time.monotonic() - started, error=exc)
    return Answered(seconds=time.monotonic() - started, told=told)


def ask_line(provider: Provider, questions: Questions) -> dict[str, Answered]:
    """One after the other, until it is plain that the rest would say the same."""
    answers: dict[str, Answered] = {}
    for name, question in questions.items():
        answers[name] = ask(partial(question, provider))
        if no_answer(answers[name].error) or isinstance(answers[name].error, errors.CredentialsRejected):
            break
    return answers


def reach(door: Door, url: str) -> int:
    """Any status proves that somebody is there. HEAD, for a redirect is an answer and not to be followed."""
    return door.call("HEAD", url).status


def at_once(tasks: Mapping[K, Callable[[], T]], *, deadline: float = DEADLINE) -> dict[K, T]:
    """What came back within the deadline; what did not is missing."""
    pool = ThreadPoolExecutor(max(1, min(THREADS, len(tasks))), thread_name_prefix="diagnose")
    futures = {pool.submit(task): key for key, task in tasks.items()}
    done, _ = wait(futures, timeout=deadline)
    pool.shutdown(wait=False, cancel_futures=True)
    return {futures[future]: future.result() for future in done}
