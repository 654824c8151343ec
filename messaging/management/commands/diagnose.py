"""Says where messages and media get stuck, and what to do about it."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.utils import timezone

from accounts.management.filters import find_client, find_instances
from accounts.models import InstanceQuerySet, WhatsappInstance
from messaging.management.report import lines_of
from messaging.services.diagnosing.report import diagnose


class Command(BaseCommand):
    help = (
        "Say what state every station of a message's way is in: settings, credentials, providers, webhooks, worker, "
        "media, folders. Changes nothing and shows no secret. Asks each provider for the line's state, its webhook "
        "addresses and the place of its newest file. Exit code 1 when something needs a person."
    )
    # A broken set-up is what this command is for.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--instance", metavar="ID", help="only this one (its id at the provider, or our id)"
        )
        parser.add_argument("--client", metavar="SLUG", help="only this client's (its slug or id)")
        parser.add_argument("--json", action="store_true", help="print JSON for programs")
        parser.add_argument("--offline", action="store_true", help="ask nobody over the network")

    def handle(self, *, json: bool, offline: bool, **options: Any) -> None:
        try:
            rows = chosen_rows(options["instance"], options["client"])
        except DatabaseError:
            rows = None  # the report begins with the database and says what is wrong with it
        report = diagnose(rows, now=timezone.now(), offline=offline)
        told = report.as_dict()
        self.stdout.write(as_json(told) if json else "\n".join(lines_of(told)))
        if report.needs_a_person:
            sys.exit(1)


def chosen_rows(instance: str | None, client: str | None) -> InstanceQuerySet | None:
    if not instance and not client:
        return None
    rows: InstanceQuerySet = WhatsappInstance.objects.all()
    if instance:
        rows = rows.filter(pk__in=find_instances(instance) or [])
    return rows.filter(client=find_client(client)) if client else rows


def as_json(told: dict[str, Any]) -> str:
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
