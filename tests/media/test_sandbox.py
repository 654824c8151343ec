"""The process for foreign files: killed, taken over or greedy, it harms nobody but its own job."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.rendering.jobs import Job, Made, NotMade, read_answer
from media.rendering.sandbox import ROOT, Sandbox
from tests.media.rendering import picture, put


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def test_a_file_that_takes_for_ever_is_ended_and_the_next_one_is_made(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "endless")
    target = str(tmp_path / "target")
    with pytest.raises(NotMade, match="ended with -9") as caught:
        sandbox.make(
            Job(way="picture", source=str(tmp_path / "endless"), target=target, longest=320, seconds=0.5)
        )
    assert caught.value.again
    job = Job(way="picture", source=str(put(tmp_path, picture(9, 9))), target=target, longest=320)
    assert sandbox.make(job).width == 9


@pytest.mark.parametrize(
    "line", ["", "[]\n", "{}\n", '{"error": 1}\n', '{"width": "x"}\n', "9" * 5000 + "\n", "[" * 60_000]
)
def test_a_process_that_was_taken_over_tells_nothing_strange(line: str) -> None:
    with pytest.raises(NotMade, match="no sensible answer"):
        read_answer(line)


def test_numbers_that_no_column_holds_are_cut() -> None:
    told = Made(width=10**30, seconds=1e300, waveform=(-5, 10**9)).line()
    made = read_answer(told)
    assert (made.width, made.seconds, made.waveform) == (2**31 - 1, 1e6, (0, 100))


@pytest.mark.parametrize("seconds", ["NaN", "-1", "Infinity", "1e999"])
def test_a_duration_that_is_no_number_is_nonsense(seconds: str) -> None:
    line = Made(seconds=5.5).line()
    assert "5.5" in line
    with pytest.raises(NotMade, match="no sensible answer"):
        read_answer(line.replace("5.5", seconds))


def test_a_reason_has_nothing_that_no_database_takes() -> None:
    with pytest.raises(NotMade) as caught:
        read_answer('{"error": "bad\\u0000 \\ud800\\u001b[31mfile", "again": false}\n')
    assert caught.value.reason == "bad [31mfile"


def test_more_memory_than_allowed_is_not_had() -> None:
    greedy = "from media.rendering.limits import *; restrict(); allow_one_more(); bytearray(2 * MEMORY)"
    ended = subprocess.run([sys.executable, "-c", greedy], cwd=ROOT, capture_output=True, check=False)
    assert b"MemoryError" in ended.stderr


def test_a_process_knows_no_secrets(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS", "secret")
    with pytest.raises(NotMade):
        sandbox.make(Job(way="picture", source="nowhere", target="nowhere"))
    assert sandbox._process
    environment = Path(f"/proc/{sandbox._process.pid}/environ")
    if environment.exists():
        assert b"PATH" in environment.read_bytes()
        assert b"secret" not in environment.read_bytes()


def test_a_process_that_somebody_killed_is_started_anew(sandbox: Sandbox, tmp_path: Path) -> None:
    job = Job(
        way="picture", source=str(put(tmp_path, picture(9, 9))), target=str(tmp_path / "target"), longest=9
    )
    sandbox.make(job)
    assert sandbox._process
    sandbox._process.kill()
    sandbox._process.wait()
    assert sandbox.make(job).width == 9
