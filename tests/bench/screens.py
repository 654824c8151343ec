"""The operators' screens over a large inbox, asked for as a browser would, one after the other."""

import logging
from typing import Any

from tests.bench.ground import Ground, Place
from tests.bench.webhooks import served

CONVERSATIONS, MESSAGES = 10_000, 1_000_000
ROUNDS = 20
MOST_MS = 300
HEADER = ("screen", "p50 ms", "p95 ms", "queries", "KiB", "")
log = logging.getLogger("bench")


def run(ground: Ground) -> None:
    conversations, messages = ground.less(CONVERSATIONS), ground.less(MESSAGES)
    place = filled(ground, conversations, messages)
    tell(place, ground.less(ROUNDS), f"{conversations:,} conversations, {messages:,} messages")


def filled(ground: Ground, conversations: int, messages: int) -> Place:
    place = ground.place("PostgreSQL", API_RATE="1000000/min")
    place.run("django", "seed", "--conversations", str(conversations), "--messages", str(messages))
    place.run("django", "bench_crowd", str(messages))
    return place


def tell(place: Place, rounds: int, size: str) -> None:
    with served(place) as server:
        found = place.measure("django", "bench_screens", server.url, str(rounds))
    for who, screens in found.items():
        _show(f"PostgreSQL: {size}, as {who}", screens)


def _show(title: str, screens: dict[str, dict[str, float]]) -> None:
    rows = [HEADER, *(_row(name, told) for name, told in screens.items())]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
    log.info("\n%s", title)
    for first, *others in rows:
        cells = [
            first.ljust(widths[0]),
            *(cell.rjust(wide) for cell, wide in zip(others, widths[1:], strict=True)),
        ]
        log.info("  %s", "  ".join(cells).rstrip())
    log.info("  A whole request to the server that `make run` starts. ok: 95 of 100 within %d ms.", MOST_MS)


def _row(name: str, told: dict[str, Any]) -> tuple[str, ...]:
    verdict = "ok" if told["p95"] <= MOST_MS else f"OVER {MOST_MS}"
    figures = (
        f"{told['p50']:.0f}",
        f"{told['p95']:.0f}",
        f"{told['queries']:.0f}",
        f"{told['bytes'] / 1024:.0f}",
    )
    return name, *figures, verdict
