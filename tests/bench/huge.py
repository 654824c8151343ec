"""Screens and API pages with ten times as many messages: what grows with the size of the tables shows here."""

from tests.bench import pages, screens
from tests.bench.ground import Ground

COPIES = 9
ROUNDS = 20


def run(ground: Ground) -> None:
    conversations, messages = ground.less(screens.CONVERSATIONS), ground.less(screens.MESSAGES)
    place = screens.filled(ground, conversations, messages)
    screens.tell(place, ROUNDS, f"{conversations:,} conversations, {messages:,} messages")
    place.run("django", "bench_multiply", str(COPIES))
    size = f"{conversations * (COPIES + 1):,} conversations, {messages * (COPIES + 1):,} messages"
    screens.tell(place, ROUNDS, size)
    pages.tell(place, ROUNDS, f"PostgreSQL: {size}, ms", None)
