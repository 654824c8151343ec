"""Screens of the admin, from a running server."""

import json
import random
import statistics
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client as DjangoBrowser

from accounts.models import User
from tests.bench.app.management.commands.bench_pages import taken
from tests.bench.app.screens import Ask, Screens, largest_client, users

WARMING = 3
NOT_HIS = 403


class Command(BaseCommand):
    help = "Ask for every screen that many times and say how long it took, in milliseconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("server")
        parser.add_argument("rounds", type=int)

    def handle(self, *, server: str, rounds: int, **options: Any) -> None:
        client = largest_client()
        screens = Screens(random.Random(rounds), client).all()
        found = {
            name: measured(screens, Visitor(server, user), rounds) for name, user in users(client).items()
        }
        self.stdout.write(json.dumps(found))


@dataclass
class Visitor:
    server: str
    user: User

    def __post_init__(self) -> None:
        self.inside = DjangoBrowser(headers={"host": "127.0.0.1"})
        self.inside.force_login(self.user)
        name = settings.SESSION_COOKIE_NAME
        self.session = requests.Session()
        self.session.cookies.set(name, self.inside.cookies[name].value)

    def ask(self, address: str) -> None:
        answer = self.session.get(self.server.rstrip("/") + address, timeout=60, allow_redirects=False)
        if answer.status_code != 200:
            raise CommandError(f"{address} answered {answer.status_code}")

    def look(self, address: str) -> tuple[int, int, int]:
        """Status, queries and size, in this process, where they can be seen."""
        asked: list[str] = []
        with connection.execute_wrapper(lambda run, sql, *rest: (asked.append(sql), run(sql, *rest))[1]):
            answer = self.inside.get(address)
        return answer.status_code, len(asked), len(answer.content)


def measured(screens: dict[str, Ask], visitor: Visitor, rounds: int) -> dict[str, dict[str, float]]:
    """What this user may not see is left out."""
    found = {}
    for name, ask in screens.items():
        visitor.look(ask())
        status, queries, size = visitor.look(ask())
        if status != NOT_HIS:
            found[name] = {"queries": queries, "bytes": size} | _times(ask, visitor, rounds)
    return found


def _times(ask: Ask, visitor: Visitor, rounds: int) -> dict[str, float]:
    addresses = [ask() for _ in range(rounds + WARMING)]
    times = [taken(lambda one=one: visitor.ask(one)) for one in addresses][WARMING:]
    return {
        "p50": statistics.median(times),
        "p95": sorted(times)[min(len(times) - 1, int(len(times) * 0.95))],
    }
