"""Processes webhooks and fetches media."""

import os
import signal
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from messaging.services import pulse
from messaging.services.waking import Alarm
from messaging.services.working import Worker

STOPS = (signal.SIGTERM, signal.SIGINT)
RESTART_SECONDS = 2.0
SUPERVISOR = "MULTICHAT_WORKER_SUPERVISOR"


class Command(BaseCommand):
    help = (
        "Process webhook events and fetch media files until stopped. "
        "SIGTERM or Ctrl-C finishes what is in hand; kill -9 loses nothing either."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--healthy",
            action="store_true",
            help="only say whether the workers here go on; exit code 1 if not",
        )
        parser.add_argument("--once", action="store_true", help="drain what is due now, then exit")
        parser.add_argument(
            "--processes", type=int, default=1, metavar="N", help="worker processes (PostgreSQL; default 1)"
        )

    def handle(self, *, once: bool, processes: int, healthy: bool = False, **options: Any) -> None:
        if healthy:
            self.look()
            return
        if processes < 1:
            raise CommandError("--processes must be at least 1.")
        if processes > 1 and connection.vendor != "postgresql":
            raise CommandError("SQLite has one writer: several worker processes need PostgreSQL.")
        if processes > 1 and once:
            raise CommandError("--once is the work of one process; leave --processes out.")
        if processes > 1:
            supervise(processes)
        else:
            work(once=once)

    def look(self) -> None:
        if wrong := pulse.complaint():
            raise CommandError(wrong)
        self.stdout.write("All workers here go on.")


def work(*, once: bool) -> None:
    worker = Worker()
    if once:
        worker.drain()
        return

    def stop(*_: object) -> None:
        worker.stop()

    for number in STOPS:
        signal.signal(number, stop)
    if supervisor := os.environ.get(SUPERVISOR):
        threading.Thread(target=stop_with, args=(int(supervisor), stop), daemon=True).start()
    worker.run(Alarm())


def stop_with(supervisor: int, stop: Callable[[], None]) -> None:
    """A supervisor that was killed could not say so; its workers must not go on unseen."""
    while os.getppid() == supervisor:
        time.sleep(1)
    stop()


def supervise(processes: int) -> None:
    """Each worker is a process of its own; one that dies is replaced."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in STOPS:
        signal.signal(number, stop)
    children = [start() for _ in range(processes)]
    pulse.notify("READY=1")
    while not stopping:
        pulse.notify("WATCHDOG=1")
        time.sleep(0.5)
        if any(child.poll() is not None for child in children):
            # One that cannot even start must not be started twice a second.
            time.sleep(RESTART_SECONDS)
            children = [child if child.poll() is None else start() for child in children]
    for child in children:
        child.send_signal(signal.SIGTERM)
    for child in children:
        child.wait()


def start() -> "subprocess.Popen[bytes]":
    """In a session of its own, so that Ctrl-C reaches it once, through its supervisor."""
    command = [sys.executable, os.path.abspath(sys.argv[0]), "worker"]
    environment = os.environ | {SUPERVISOR: str(os.getpid())}
    # systemd listens to the supervisor.
    environment.pop("NOTIFY_SOCKET", None)
    return subprocess.Popen(command, env=environment, start_new_session=True)
