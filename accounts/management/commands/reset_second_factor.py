"""Takes away a second factor whose phone and recovery codes are lost."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.logins import second_factors
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Take away somebody's second factor, after a lost phone, so that the password alone lets them in. Meant for "
        "the only administrator; for anybody else there is an action on the page of users. It is in the audit trail."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        if not second_factors.remove(user, by=None, now=timezone.now()):
            raise CommandError(f"{username} has no second factor.")
        self.stdout.write(f"{username} logs in by password alone, and can set up a new second factor then.")
