"""Requests to a running server, one after the other."""

import json
import random
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import ApiToken, Client, Membership, Role
from tests.bench.app.pages import Inbox, Page, Question

# Each of the server's two workers has opened its connection and noted the token's use by then.
WARMING = 6


class Command(BaseCommand):
    help = "Ask for every page that many times and say how long it took, in milliseconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("server")
        parser.add_argument("rounds", type=int)

    def handle(self, *, server: str, rounds: int, **options: Any) -> None:
        inbox = Inbox(Client.objects.order_by("pk")[0], random.Random(rounds))
        key = key_of(inbox.client)
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            visitor = Visitor(f"{server}api/v1/", session, key)
            self.stdout.write(
                json.dumps({page.name: measure(page, visitor, rounds) for page in inbox.pages()})
            )


@dataclass(frozen=True, slots=True)
class Visitor:
    address: str
    session: requests.Session
    key: str

    def ask(self, question: Question) -> None:
        answer = self.session.get(self.address + question[0], timeout=60)
        if answer.status_code != 200 or "results" not in answer.json():
            raise CommandError(f"{question[0]} answered {answer.status_code}: {answer.text[:200]}")

    def count_queries(self, question: Question) -> int:
        """In this process, where they can be seen."""
        asked: list[str] = []
        browser = APIClient(headers={"Authorization": f"Bearer {self.key}", "host": "127.0.0.1"})
        with connection.execute_wrapper(lambda run, sql, *rest: (asked.append(sql), run(sql, *rest))[1]):
            browser.get(f"/api/v1/{question[0]}")
        return len(asked)


def key_of(client: Client) -> str:
    """A manager's of the largest client."""
    user = Membership.objects.get(client=client, role=Role.MANAGER).user
    return ApiToken.issue(user=user, client=client, role=Role.MANAGER, name="bench")[1]


def measure(page: Page, visitor: Visitor, rounds: int) -> dict[str, float]:
    questions = [page.ask() for _ in range(rounds + WARMING)]
    queries = visitor.count_queries(questions[0])
    ours = [taken(lambda one=one: visitor.ask(one)) for one in questions][WARMING:]
    floor = [taken(lambda one=one: read(one)) for one in questions][WARMING:]
    return {
        "p50": statistics.median(ours),
        "p95": sorted(ours)[int(len(ours) * 0.95)],
        "queries": queries,
        "floor": statistics.median(floor),
    }


def read(question: Question) -> None:
    _, statement, facts = question
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        cursor.fetchall()


def taken(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000
