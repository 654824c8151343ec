"""Figures of several processes are one figure, whichever of them still live."""

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client import generate_latest

from accounts import tallies

COUNTS = """
import sys
from pathlib import Path
from accounts import tallies
tallies.share(Path(sys.argv[1]))
from prometheus_client import Counter, Gauge, Histogram
Counter("done", "d", ["what"]).labels("it").inc(float(sys.argv[2]))
Gauge("open", "o", multiprocess_mode="livesum").set(float(sys.argv[2]))
Histogram("took", "t", buckets=(1, 2)).observe(float(sys.argv[2]))
print("counted", flush=True)
sys.stdin.read()
"""

# The disk of VAR_DIR takes nothing more.
ON_A_FULL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from multichat.wsgi import application
from accounts import metrics
metrics.webhooks.labels(1, "stored").inc()
print(metrics.is_shared, metrics.webhooks.labels(1, "stored")._value.get())
"""
ROOT = Path(__file__).resolve().parents[2]


class Process:
    def __init__(self, folder: Path, number: int) -> None:
        command = [sys.executable, "-c", COUNTS, str(folder), str(number)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout and self.process.stdout.readline() == "counted\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def told(folder: Path) -> list[str]:
    lines = generate_latest(tallies.of_all(folder)).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_what_processes_count_is_added_up(tmp_path: Path) -> None:
    both = [Process(tmp_path, 1), Process(tmp_path, 2)]
    try:
        lines = told(tmp_path)
        assert 'done_total{what="it"} 3.0' in lines
        assert "open 3.0" in lines
        assert 'took_bucket{le="2.0"} 2.0' in lines
    finally:
        for one in both:
            one.kill()


def test_what_a_killed_process_counted_stays_and_what_it_held_open_does_not(tmp_path: Path) -> None:
    dead, alive = Process(tmp_path, 1), Process(tmp_path, 2)
    dead.kill()
    try:
        for _ in range(2):
            lines = told(tmp_path)
            assert 'done_total{what="it"} 3.0' in lines
            assert "open 2.0" in lines
            assert 'took_bucket{le="1.0"} 1.0' in lines and "took_count 2.0" in lines
        assert len(list(tmp_path.glob("counter_*.db"))) == 2
    finally:
        alive.kill()


def test_whoever_comes_first_begins_anew(tmp_path: Path) -> None:
    Process(tmp_path, 5).kill()
    first = Process(tmp_path, 1)
    try:
        assert 'done_total{what="it"} 1.0' in told(tmp_path)
    finally:
        first.kill()


def test_a_file_that_a_power_cut_left_half_is_gone_with_the_first_start(tmp_path: Path) -> None:
    (tmp_path / "counter_9-dead.db").write_bytes(b"\xff" * 4096)
    first = Process(tmp_path, 1)
    try:
        assert 'done_total{what="it"} 1.0' in told(tmp_path)
    finally:
        first.kill()


def test_a_full_disk_keeps_nobody_from_counting_or_working(tmp_path: Path) -> None:
    alive = Process(tmp_path / "metrics", 1)
    own = {"DJANGO_SETTINGS_MODULE": "multichat.settings", "METRICS_TOKEN": "token", "VAR_DIR": str(tmp_path)}
    command = [sys.executable, "-c", ON_A_FULL_DISK]
    done = subprocess.run(command, env=os.environ | own, cwd=ROOT, capture_output=True, text=True, timeout=60)
    try:
        assert done.stdout.splitlines()[-1:] == ["False 1.0"], done.stderr
        assert len(list((tmp_path / "metrics").glob("*.db"))) == len(tallies.ROOM)
        assert 'done_total{what="it"} 1.0' in told(tmp_path / "metrics")
    finally:
        alive.kill()
