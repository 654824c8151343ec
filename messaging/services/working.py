"""The worker's loop: webhooks in and out, sends, media files and what is made of them, and a broom, in one thread
that owns the database."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import close_old_connections
from django.utils import timezone

from accounts import metrics
from media.services import Fetcher, Renderer, sweep, tidy
from messaging.services.exporting import Exporter, remove_over
from messaging.services.gaps.attending import Attending
from messaging.services.intake import Intake
from messaging.services.looking import QUIET_SECONDS, Look
from messaging.services.naming import Naming
from messaging.services.processing import process_due
from messaging.services.pruning import Pruning
from messaging.services.pulse import Pulse
from messaging.services.sending.sender import Sender
from messaging.services.upkeep import Upkeep
from messaging.services.waking import Alarm
from messaging.services.watching import Watching
from messaging.services.webhooks_out import Courier, fan_out

log = structlog.get_logger(__name__)

# Longer each time that there was nothing: what another worker held a moment ago may be free soon.
REST_SECONDS = (0.1, 0.3, 1.0)
EXPORTS_SECONDS = 1.0
SWEEP_SECONDS = 600.0
DATABASE_BREAK_SECONDS = 2.0


@dataclass
class Worker:
    """``now`` is asked for the time at each turn. ``stop`` lets what is in hand finish."""

    now: Callable[[], datetime] = timezone.now
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.fetcher = Fetcher(token=self.token)
        self.sender = Sender(token=self.token)
        self.courier = Courier(token=self.token)
        self.renderer = Renderer(token=self.token)
        self.exporter = Exporter(token=self.token)
        self.upkeep = Upkeep()
        self.intake = Intake()
        self.pruning = Pruning()
        self._swept_at = 0.0
        self._rests = 0
        self._looks = [
            Look(lambda: process_due(self.token, now=self.now())),
            Look(lambda: self.sender.top_up(self.now()), lambda: self.sender.under_way),
            Look(lambda: self.fetcher.top_up(self.now()), lambda: self.fetcher.under_way),
            Look(lambda: fan_out(self.now())),
            Look(lambda: self.courier.top_up(self.now()), lambda: self.courier.under_way),
            Look(lambda: self.renderer.top_up(self.now()), lambda: self.renderer.under_way),
            Look(
                lambda: self.exporter.top_up(self.now()),
                lambda: self.exporter.under_way,
                seldom=EXPORTS_SECONDS,
            ),
        ]

    def stop(self) -> None:
        """Only a flag: a signal may call this in the middle of anything. An idle worker sees it within a second."""
        self.stopping = True

    def drain(self) -> None:
        """Everything that is due, and what becomes due by it; then end."""
        try:
            sweep()
            while not self.stopping and (self.turn() or self.under_way):
                self._collect(wait=0.2)
        finally:
            self.finish()

    def run(self, alarm: Alarm) -> None:
        """Until told to stop. A database that is away for a while is waited for."""
        for crew in self.crews:
            crew.crew.on_result = alarm.ring
        aside, pulse = (Naming(), Watching(), Attending()), Pulse()
        pulse.begin()
        try:
            while not self.stopping:
                pulse.beat()
                self._turn_or_rest(alarm, aside)
        finally:
            self.finish()
            for one in aside:
                one.close()
            pulse.end()

    def turn(self) -> int:
        """One look at everything that waits; how much there was."""
        # First, or after a long break this worker would claim anew what it still has in hand.
        self._renew()
        done = self.intake.turn()
        done += sum(look.turn(hurried=self.under_way > 0) for look in self._looks)
        return done + self.upkeep.turn(self.now()) + self._collect()

    def finish(self) -> None:
        """What is under way is finished and written down; nothing new is claimed."""
        while self.under_way:
            self._collect(wait=1)
            self._renew()
        for crew in self.crews:
            crew.close()

    @property
    def crews(self) -> "tuple[Sender, Courier, Fetcher, Renderer, Exporter]":
        """The quicker ones first."""
        return self.sender, self.courier, self.fetcher, self.renderer, self.exporter

    @property
    def under_way(self) -> int:
        return sum(crew.under_way for crew in self.crews)

    def _collect(self, wait: float = 0) -> int:
        """Waits for a send where one is under way: they are the quicker ones, and people look on."""
        done = 0
        for crew in self.crews:
            done += crew.collect(self.now(), wait=wait if crew.under_way else 0)
            wait = 0 if crew.under_way else wait
        return done

    def _renew(self) -> None:
        for crew in self.crews:
            crew.renew(self.now())

    def _turn_or_rest(self, alarm: Alarm, aside: tuple[Naming, Watching, Attending]) -> None:
        try:
            self._sweep_now_and_then()
            idle = not self.turn() + sum(one.turn() for one in aside)
            if not self.pruning.turn(self.now()) and idle:
                alarm.sleep(self._rest())
            else:
                self._rests = 0
        except Exception:  # noqa: BLE001 - leases bring back what this turn held; the next turn may fare better
            log.exception("worker turn failed")
            metrics.worker_errors.inc()
            close_old_connections()
            time.sleep(DATABASE_BREAK_SECONDS)

    def _rest(self) -> float:
        if any(look.was_left_out for look in self._looks):
            return QUIET_SECONDS
        self._rests += 1
        return REST_SECONDS[min(self._rests, len(REST_SECONDS)) - 1]

    def _sweep_now_and_then(self) -> None:
        if time.monotonic() - self._swept_at > SWEEP_SECONDS or not self._swept_at:
            self._swept_at = time.monotonic()
            sweep()
            tidy(self.now())
            remove_over(self.now())
