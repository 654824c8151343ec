"""The API's pages over a large inbox, beside one bare statement that reads the same rows."""

from tests.bench.ground import Ground, Place
from tests.bench.table import Line, show
from tests.bench.webhooks import served

CONVERSATIONS, MESSAGES = 10_000, 1_000_000
ROUNDS = 100
MOST_MS = 50
NOTE = (
    "ours is a whole request to the server that `make run` starts; beside it the same rows by one statement."
)


def run(ground: Ground) -> None:
    conversations, messages = ground.less(CONVERSATIONS), ground.less(MESSAGES)
    for database, most in (("PostgreSQL", MOST_MS), ("SQLite", None)):
        place = ground.place(database, API_RATE="1000000/min")
        size = ("--conversations", str(conversations), "--messages", str(messages))
        place.run("django", "seed", *size)
        title = f"{database}: {conversations:,} conversations, {messages:,} messages, ms"
        tell(place, ground.less(ROUNDS), title, most)


def tell(place: Place, rounds: int, title: str, most: float | None) -> None:
    with served(place) as server:
        found = place.measure("django", "bench_pages", server.url, str(rounds))
    show(title, [line for name, page in found.items() for line in lines_of(name, page, most)], NOTE)


def lines_of(name: str, page: dict[str, float], most: int | None) -> list[Line]:
    """The target holds for ours alone, so the floor stands beside the median only."""
    title = f"{name} ({page['queries']:.0f} queries)"
    return [
        Line(f"{title}: p50", page["p50"], page["floor"], digits=1),
        Line(f"{title}: p95", page["p95"], most=most, digits=1),
    ]
