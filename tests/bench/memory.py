"""How much memory each process has at first, and after an hour's worth of a busy installation's traffic."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import psycopg

from scripts.processes import stream
from tests.bench.ground import ROOT, Ground, Place
from tests.bench.origin import free_port, origin
from tests.bench.table import Line, show
from tests.bench.webhooks import Load, body_for, served
from tests.bench.workers import EVENTS_LEFT

# Ten webhooks a second, and a file with each tenth.
WEBHOOKS, FILES, FILE_SIZE, LINES = 36_000, 3_600, 100 * 1024, 8
# What the load's webhooks tell of is not at this CDN, and says so soon.
FILES_LEFT = "SELECT count(*) FROM media_mediafile WHERE state IN ('pending', 'fetching')"
SETTLED_SECONDS = 5
MIB = 1024**2


def run(ground: Ground) -> None:
    with origin(ground.folder) as cdn, ExitStack() as stack:
        files = cdn.make(ground.folder / "m.json", size=FILE_SIZE, count=ground.less(FILES))
        place = ground.place("PostgreSQL", WEBHOOK_LOOKUP_SECONDS="1", **cdn.settings)
        key = place.run("django", "bench_instance").strip()
        port = free_port()
        command = [*stream(port).command]
        server = stack.enter_context(served(place))
        processes = {
            "web": server.process,
            "worker": stack.enter_context(started(place, [sys.executable, "-m", "django", "worker"])),
            "stream": stack.enter_context(started(place, command)),
        }
        load = Load(body_for(ground), 1)
        load.put(server, f"webhook/receive/{key}/")
        calm(place)
        before = {name: held(process) for name, process in processes.items()}
        seconds = 0.0
        while seconds * 400 < ground.less(WEBHOOKS):
            seconds += 10
            load.put(server, f"webhook/receive/{key}/", seconds=10)
        place.run("django", "bench_store", str(ground.less(WEBHOOKS)), str(LINES))
        place.run("django", "bench_register", str(files))
        calm(place)
        lines = [
            Line(f"{name}: {moment}, MiB", size, digits=0)
            for name, process in processes.items()
            for moment, size in (("at first", before[name]), ("afterwards", held(process)))
        ]
    told = f"{ground.less(WEBHOOKS):,} webhooks and {ground.less(FILES):,} files"
    note = f"Unshared memory of a process and its children, before and after {told}."
    show("PostgreSQL: memory", lines, note)


@contextmanager
def started(place: Place, command: list[str]) -> Iterator[psutil.Process]:
    with (place.folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=place.env, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def calm(place: Place) -> None:
    """Until nothing waits, and a moment longer."""
    with psycopg.connect(place.env["DATABASE_URL"], autocommit=True) as connection:
        for question in (EVENTS_LEFT, FILES_LEFT):
            while (row := connection.execute(question).fetchone()) and row[0]:
                time.sleep(0.2)
    time.sleep(SETTLED_SECONDS)


def held(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return float(sum(one.memory_full_info().uss for one in family)) / MIB
