"""A worker that hangs is seen, by systemd and by `worker --healthy`."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from messaging.services.pulse import SILENT_SECONDS, Pulse, complaint, notify

HOST = socket.gethostname()


@pytest.fixture(autouse=True)
def var(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "workers"


def test_where_no_worker_runs_nothing_is_well() -> None:
    with pytest.raises(CommandError, match="No worker runs here"):
        call_command("worker", healthy=True)


def test_a_worker_that_goes_on_is_healthy(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pulse = Pulse()
    pulse.begin()
    call_command("worker", healthy=True)
    assert "go on" in capsys.readouterr().out
    pulse.end()
    assert list(var.iterdir()) == []


def test_a_worker_that_hangs_is_not() -> None:
    pulse = Pulse()
    pulse.begin()
    long_ago = time.time() - SILENT_SECONDS - 10
    os.utime(pulse.mark, (long_ago, long_ago))
    assert "silent for 13" in complaint()
    pulse._beat_at = float("-inf")
    pulse.beat()
    assert complaint() == ""
    pulse.end()


def test_one_that_was_killed_is_forgotten(var: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    var.mkdir()
    (var / f"{HOST}-{dead.pid}").touch()
    assert complaint() == "No worker runs here."
    pulse = Pulse()
    pulse.begin()
    assert [mark.name for mark in var.iterdir()] == [f"{HOST}-{os.getpid()}"]
    pulse.end()


def test_another_container_that_shares_the_folder_says_nothing_of_this_one(var: Path) -> None:
    var.mkdir()
    (var / f"{'another' + HOST}-1").touch()
    assert complaint() == "No worker runs here."


def test_a_disk_that_takes_nothing_does_not_stop_the_worker(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    settings.VAR_DIR = tmp_path / "a file"
    pulse = Pulse()
    pulse.begin()
    pulse.end()


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        pulse = Pulse()
        pulse.begin()
        pulse.end()
        assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1", b"READY=1", b"STOPPING=1"]


def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")
