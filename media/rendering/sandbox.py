"""Our end of the process for foreign files."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Timer

from media.rendering.jobs import Job, Made, NotMade, read_answer

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-E", "-s", "-m", "media.rendering")
# Neither keys nor passwords go where foreign files are opened.
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")
# Then a fresh one: what libraries lose of memory is not lost for long.
MOST_JOBS = 200
LONGEST_ANSWER = 64 * 1024
PATIENCE = 5.0
GRACE = 0.5


class Sandbox:
    """One job at a time. The process starts with the first one, and again after it was killed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._jobs = 0
        self.used_at = time.monotonic()

    def make(self, job: Job) -> Made:
        process = self._ready()
        self._jobs += 1
        late = Timer(job.seconds, _kill, [process])
        late.start()
        try:
            line = _ask(process, job)
        finally:
            late.cancel()
            self.used_at = time.monotonic()
        if not line.endswith("\n"):
            raise NotMade(f"the process that opened it ended with {self._end(GRACE)}", again=True)
        return read_answer(line)

    def close(self) -> None:
        self._end(PATIENCE)

    def _ready(self) -> "subprocess.Popen[str]":
        if self._process and (self._jobs >= MOST_JOBS or self._process.poll() is not None):
            self._end(PATIENCE)
        if self._process is None:
            self._process, self._jobs = _start(), 0
        return self._process

    def _end(self, patience: float) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin and process.stdout
        with suppress(OSError):
            process.stdin.close()
        if patience:
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        # One that ended well left no ffmpeg behind.
        if process.poll() != 0:
            _kill(process)
        process.stdout.close()
        return process.wait()


def _start() -> "subprocess.Popen[str]":
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        # A session of its own: Ctrl-C is for the worker, and ffmpeg can be ended together with it.
        return subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=passed_on,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as exc:
        raise NotMade(f"no process for it: {exc.strerror}", again=True) from exc


def _ask(process: "subprocess.Popen[str]", job: Job) -> str:
    assert process.stdin and process.stdout
    try:
        process.stdin.write(job.line())
        process.stdin.flush()
        line: str = process.stdout.readline(LONGEST_ANSWER)
        return line
    except OSError:
        return ""


def _kill(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
