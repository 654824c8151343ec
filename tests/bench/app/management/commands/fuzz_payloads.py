"""Mutated bodies from the view to the rows: what was answered, what became of it, and whether every body was kept."""

import hashlib
import json
from argparse import ArgumentParser
from collections import Counter
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Max
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, WhatsappInstance
from messaging.models import WebhookEvent
from messaging.services import reaching
from messaging.services.processing import process_due
from messaging.services.working import Worker
from tests.fuzz.mutating import Mutator
from tests.simulator.delivery import signature

AT_ONCE = 500
# As the recorded payloads name them.
NUMBERS = {"wapi": "AB12CD-EF34GH-IJ56KL", "cloud": "800000000000001"}
SECRET = "app-secret"
EXAMPLES = 10
Sums = Counter[str]


class Command(BaseCommand):
    help = "Post that many mutated bodies of a provider and process them; print what happened as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", choices=NUMBERS)
        parser.add_argument("count", type=int)
        parser.add_argument("seed", type=int)

    def handle(self, *, provider: str, count: int, seed: int, **options: Any) -> None:
        # However busy the machine is, its database is not away: what goes to disk then is the storm's business.
        reaching.PATIENCE_SECONDS = 600.0
        self.browser = Browser(raise_request_exception=False, headers={"host": "127.0.0.1"})
        self.instance = _instance(provider)
        self.answers: Counter[int] = Counter()
        self.states: Counter[str] = Counter()
        self.lost, self.errors = 0, list[str]()
        bodies = iter(Mutator(provider, self.instance.instance_id, seed))
        for _ in range(0, count, AT_ONCE):
            self._round(list(islice(bodies, AT_ONCE)))
        found = {"answers": self.answers, "states": self.states, "lost": self.lost, "errors": self.errors}
        self.stdout.write(json.dumps(found))

    def _round(self, bodies: list[bytes]) -> None:
        before = WebhookEvent.objects.aggregate(last=Max("pk"))["last"] or 0
        sent: Sums = Counter()
        for body in bodies:
            status = self._post(body)
            self.answers[status] += 1
            if status == 200:
                sent[_sum(body)] += 1
            elif status >= 500:
                self._tell(f"{status}: {body[:300]!r}")
        fresh = WebhookEvent.objects.filter(pk__gt=before)
        kept: Sums = Counter(_sum(bytes(body)) for body in fresh.values_list("body", flat=True))
        self.lost += (sent - kept).total()
        _drain()
        for state, error in fresh.values_list("state", "error"):
            self.states[state] += 1
            if "Traceback" in error:
                self._tell(_ours(error))

    def _post(self, body: bytes) -> int:
        path = f"/webhook/receive/{self.instance.webhook_key}/"
        headers = (
            {"X-Hub-Signature-256": signature(SECRET, body)} if self.instance.provider == "cloud" else {}
        )
        answer = self.browser.post(path, body, content_type="application/json", headers=headers)
        return int(answer.status_code)

    def _tell(self, error: str) -> None:
        if len(self.errors) < EXAMPLES:
            self.errors.append(error)


def _drain() -> None:
    worker = Worker()
    while process_due(worker.token, now=timezone.now()):
        pass
    worker.finish()


def _instance(provider: str) -> WhatsappInstance:
    client, _ = Client.objects.get_or_create(slug="fuzz", defaults={"name": "Fuzz"})
    facts = {"name": provider, "token": "fuzz", "app_secret": SECRET, "instance_id": NUMBERS[provider]}
    return WhatsappInstance.objects.create(client=client, provider=provider, **facts)


def _ours(error: str) -> str:
    """Where in our own code, and what."""
    lines = error.splitlines()
    frames = [line.strip() for line in lines if 'File "' in line and "site-packages" not in line]
    return " < ".join([lines[-1], *reversed(frames[-4:])])


def _sum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
