"""Stored webhook events to conversations, messages and registered media, in one worker."""

from tests.bench.ground import Ground
from tests.bench.table import Line, show

COUNT = 5000
MIX = "Of ten: 4 texts, 2 pictures with thumbnail, 1 text of a new contact, 1 own text with its 2 statuses."


def run(ground: Ground) -> None:
    count = ground.less(COUNT)
    lines = []
    for database, least in (("PostgreSQL", 500), ("SQLite", None)):
        rounds = [
            ground.place(database).measure("django", "bench_events", str(count)) for _ in range(ground.rounds)
        ]
        rate = count / min(one["seconds"] for one in rounds)
        cpu = min(one["cpu"] for one in rounds) / count * 1000
        lines += [
            Line(f"{database}: events/s", rate, least=least, digits=0),
            Line(f"{database}: worker's CPU ms/event", cpu),
        ]
    show(f"{count} webhook events, best of {ground.rounds}", lines, MIX)
