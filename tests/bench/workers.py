"""What one, two and four processes make of it: webhooks answered, events read, files fetched; each beside its floor."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from tests.bench.ground import ROOT, Ground, Place
from tests.bench.origin import Origin, origin
from tests.bench.table import Line, show
from tests.bench.webhooks import Load, body_for, served

PROCESSES = (1, 2, 4)
EVENTS, LINES = 10_000, 8
SMALL, SMALL_SIZE = 2_000, 100 * 1024
LARGE, LARGE_SIZE = 16, 32 * 1024**2
SECONDS = 8
EVENTS_LEFT = "SELECT count(*) FROM messaging_webhookevent WHERE state = 'pending'"
FILES_LEFT = "SELECT count(*) FROM media_mediafile WHERE state <> 'ready'"
UNTOUCHED = " AND lease_until IS NULL"
LOOK_SECONDS = 0.05
NOTE = "Load, database and CDN share this machine's cores with what is measured."


def run(ground: Ground) -> None:
    with origin(ground.folder) as cdn:
        small = cdn.make(ground.folder / "w-small.json", size=SMALL_SIZE, count=ground.less(SMALL))
        large = cdn.make(ground.folder / "w-large.json", size=LARGE_SIZE, count=ground.less(LARGE))
        lines = [*webhooks(ground), *events(ground)]
        for files, size, count in ((small, SMALL_SIZE, SMALL), (large, LARGE_SIZE, LARGE)):
            lines += fetching(ground, cdn, str(files), size, ground.less(count))
    show(f"PostgreSQL, {', '.join(map(str, PROCESSES))} processes", lines, NOTE)


def webhooks(ground: Ground) -> Iterator[Line]:
    load = Load(body_for(ground), max(2, ground.less(SECONDS)))
    for processes in PROCESSES:
        place = ground.place("PostgreSQL", WEBHOOK_LOOKUP_SECONDS="1")
        key = place.run("django", "bench_instance").strip()
        with served(place, workers=processes) as server:
            load.put(server, f"webhook/receive/{key}/", seconds=1)
            bare, ours = load.put(server, "bare/"), load.put(server, f"webhook/receive/{key}/")
        yield Line(f"{processes} web: webhooks/s", ours["rate"], bare["rate"], digits=0)
        yield Line(f"{processes} web: p99, ms", ours["p99"], bare["p99"], digits=0)


def events(ground: Ground) -> Iterator[Line]:
    count = ground.less(EVENTS)
    for processes in PROCESSES:
        place = ground.place("PostgreSQL")
        place.run("django", "bench_store", str(count), str(LINES))
        seconds = drained(place, processes, EVENTS_LEFT)
        floor = ground.place("PostgreSQL")
        floor.run("django", "bench_store", str(count), str(LINES))
        with crew(floor, processes, "bench_read") as finished:
            bare = finished()
        yield Line(f"{processes} worker: events/s", count / seconds, count / bare, digits=0)


def fetching(ground: Ground, cdn: Origin, files: str, size: int, count: int) -> Iterator[Line]:
    settings = cdn.settings | {"INSTANCE_CONCURRENCY": "256", "MEDIA_STRATEGIES": "cdn"}
    target = tempfile.mkdtemp(prefix="plain-", dir=ground.folder)
    floor = ground.bare_place(ground.folder).measure("tests.bench.loops", files, target, "8")["seconds"]
    for processes in PROCESSES:
        place = ground.place("PostgreSQL", **settings)
        place.run("django", "bench_register", files)
        seconds = drained(place, processes, FILES_LEFT)
        name = f"{processes} worker: {size // 1024:,} KiB"
        if size < 1024**2:
            yield Line(f"{name}, files/s", count / seconds, count / floor, digits=0)
        yield Line(f"{name}, MB/s", count * size / seconds / 1e6, count * size / floor / 1e6, digits=0)


def drained(place: Place, processes: int, left: str) -> float:
    """Seconds from the first claim to the last row: starting a process is no part of the work."""
    with psycopg.connect(place.env["DATABASE_URL"], autocommit=True) as connection:
        waiting = _one(connection, left)
        with crew(place, processes, "worker"):
            while _one(connection, left + UNTOUCHED) == waiting:
                time.sleep(LOOK_SECONDS)
            start = time.monotonic()
            while _one(connection, left):
                time.sleep(LOOK_SECONDS)
            return time.monotonic() - start


def _one(connection: "psycopg.Connection[tuple[int]]", question: str) -> int:
    row = connection.execute(question).fetchone()
    return row[0] if row else 0


@contextmanager
def crew(place: Place, processes: int, command: str) -> Iterator[Callable[[], float]]:
    """So many processes of ``manage.py <command>``; what it yields waits for their end and tells the seconds."""
    with (place.folder / "log").open("ab") as log:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "django", command],
                cwd=ROOT,
                env=place.env,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            for _ in range(processes)
        ]
    try:
        yield lambda: max(json.loads(one.communicate()[0].splitlines()[-1])["seconds"] for one in started)
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait()
