"""How long to wait before another try: the step of a schedule with some chance in it, or longer where asked for."""

from collections.abc import Callable, Sequence
from datetime import timedelta

Chance = Callable[[float, float], float]


def jittered(step: timedelta, chance: Chance) -> timedelta:
    """Whatever failed together shall not come back together."""
    return step * chance(0.9, 1.1)


def wait_after(
    attempts: int,
    steps: Sequence[timedelta],
    *,
    then: timedelta,
    chance: Chance,
    asked: timedelta = timedelta(),
) -> timedelta:
    """After attempt number ``attempts``. ``then`` follows the last of ``steps``; ``asked`` is a server's own wish."""
    step = steps[attempts - 1] if 0 < attempts <= len(steps) else then
    return max(jittered(step, chance), asked)
