"""Requests one after the other, through everything that a request goes through but the network."""

import json
import random
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import ApiToken, Client, Membership, Role
from tests.bench.app.pages import Inbox, Page, Question

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Ask for every page that many times and say how long it took, in milliseconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rounds", type=int)

    def handle(self, *, rounds: int, **options: Any) -> None:
        inbox = Inbox(Client.objects.order_by("pk")[0], random.Random(rounds))
        browser = logged_in(inbox.client)
        self.stdout.write(json.dumps({page.name: measure(page, browser, rounds) for page in inbox.pages()}))


def logged_in(client: Client) -> APIClient:
    """A manager of the largest client."""
    user = Membership.objects.get(client=client, role=Role.MANAGER).user
    _, key = ApiToken.issue(user=user, client=client, role=Role.MANAGER, name="bench")
    return APIClient(headers={"Authorization": f"Bearer {key}"})


def measure(page: Page, browser: APIClient, rounds: int) -> dict[str, float]:
    questions = [page.ask() for _ in range(rounds + 1)]
    asked: list[str] = []
    with connection.execute_wrapper(lambda run, sql, *rest: (asked.append(sql), run(sql, *rest))[1]):
        ask(browser, questions[0])
    ours = [taken(lambda one=one: ask(browser, one)) for one in questions[1:]]
    floor = [taken(lambda one=one: read(one)) for one in questions[1:]]
    return {
        "p50": statistics.median(ours),
        "p95": sorted(ours)[int(len(ours) * 0.95)],
        "queries": len(asked),
        "floor": statistics.median(floor),
    }


def ask(browser: APIClient, question: Question) -> None:
    response = browser.get(f"/api/v1/{question[0]}", headers={"host": HOST})
    if response.status_code != 200 or "results" not in response.json():
        raise CommandError(f"{question[0]} answered {response.status_code}: {response.content[:200]!r}")


def read(question: Question) -> None:
    _, statement, facts = question
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        cursor.fetchall()


def taken(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000
