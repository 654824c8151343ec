"""Webhooks on their way to the product: now or later, signed as by Meta, again while nobody answers."""

import hashlib
import heapq
import hmac
import itertools
import json
import logging
import threading
import time
from typing import Any

import requests

from tests.simulator.world import Line, World

Body = dict[str, Any]
logger = logging.getLogger(__name__)
USER_AGENTS = {"wapi": "axios/1.7.9", "cloud": "facebookexternalua"}
SLOT_OF_EVENT = {
    "webhookReceived": "received",
    "webhookDelivery": "delivery",
    "webhookStatus": "message-status",
    "webhookConnected": "connected",
    "webhookDisconnected": "disconnected",
}


def encode(line: Line, body: Body) -> bytes:
    """Meta escapes what is not ASCII and signs the escaped form; W-API sends plain UTF-8."""
    if line.provider == "cloud":
        return json.dumps(body, separators=(",", ":")).encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, raw: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def headers_for(line: Line, raw: bytes) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENTS[line.provider]}
    if line.provider == "cloud":
        headers["X-Hub-Signature-256"] = signature(line.app_secret, raw)
    return headers


def address(line: Line, body: Body) -> str:
    if line.provider == "cloud":
        return line.webhooks.get("received", "")
    return line.webhooks.get(SLOT_OF_EVENT.get(body.get("event", ""), "chat-presence"), "")


class Courier:
    """Carries webhooks of all lines, each in the order of its due time, on one thread of its own."""

    def __init__(self, world: World, patience: float = 60) -> None:
        self.world = world
        self.patience = patience
        self._queue: list[tuple[float, int, float, Line, Body]] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="simulator-courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._thread.join(timeout=10)

    def later(self, line: Line, body: Body, delay: float = 0) -> None:
        due = time.monotonic() + delay
        self._push(due, due + self.patience, line, body)

    def deliver(self, line: Line, body: Body) -> int:
        """Posts at once and waits for the answer; 0 when there is no address or nobody ever answered."""
        give_up = time.monotonic() + self.patience
        status = self._post(line, body)
        while status is None and time.monotonic() < give_up and not self._stopped:
            time.sleep(0.25)
            status = self._post(line, body)
        return status or 0

    def idle(self) -> bool:
        with self._wake:
            return not self._queue

    def _push(self, due: float, give_up: float, line: Line, body: Body) -> None:
        with self._wake:
            heapq.heappush(self._queue, (due, next(self._numbers), give_up, line, body))
            self._wake.notify()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            _, _, give_up, line, body = item
            if self._post(line, body) is None and time.monotonic() < give_up:
                self._push(time.monotonic() + 0.5, give_up, line, body)

    def _next(self) -> tuple[float, int, float, Line, Body] | None:
        with self._wake:
            while not self._stopped:
                if self._queue and (wait := self._queue[0][0] - time.monotonic()) <= 0:
                    return heapq.heappop(self._queue)
                self._wake.wait(wait if self._queue else None)
        return None

    def _log(self, line: Line, body: Body) -> dict[str, Any]:
        """What the provider itself writes down, once however often it tries."""
        known = next((item for item in reversed(list(self.world.tried)[-100:]) if item["body"] is body), None)
        logged = known or {"line": line.id, "status": 0, "body": body, "at": self.world.now()}
        if known is None:
            self.world.tried.append(logged)
        return logged

    def _post(self, line: Line, body: Body) -> int | None:
        """The HTTP status; 0 without an address; None when nobody listens there (yet)."""
        url, logged = address(line, body), self._log(line, body)
        if not url:
            return 0
        raw = encode(line, body)
        try:
            with requests.Session() as session:
                session.trust_env = False
                status = session.post(url, data=raw, headers=headers_for(line, raw), timeout=30).status_code
        except requests.RequestException as error:
            logger.info("line %s: webhook not taken (%s)", line.id, type(error).__name__)
            return None
        logged["status"] = status
        self.world.deliveries.append(
            {"line": line.id, "status": status, "body": body, "at": self.world.now()}
        )
        return status
