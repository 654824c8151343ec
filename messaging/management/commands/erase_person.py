"""Erases one person's data for good."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.filters import find_client
from accounts.management.progress import progress, quiet_log
from accounts.models import Client
from messaging.models import Contact, PurgeReceipt
from messaging.services import erasing
from messaging.services.holds import IsHeld, hold_on


class Command(BaseCommand):
    help = (
        "Erase everything of one person: conversations, messages in groups, files, raw webhooks, what was told to the "
        "client's own systems. What others said stays, without the person's numbers. A legal hold refuses it. Killed "
        "in the middle, it goes on when it is run again, and the worker goes on by itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--client", metavar="SLUG", required=True, help="whose contact it is (slug or id)"
        )
        of = parser.add_mutually_exclusive_group(required=True)
        of.add_argument("--contact", type=int, metavar="ID", help="the contact's id")
        of.add_argument("--phone", metavar="N", help="the number, with its country code")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, dry_run: bool, yes: bool, **options: Any) -> None:
        client = find_client(options["client"])
        assert client is not None
        contact = _find(client, options)
        self.stdout.write(f"To be erased of contact {contact.pk}:\n{_told(erasing.preview(contact))}")
        if hold := hold_on(contact):
            raise CommandError(f"Legal hold {hold.pk} is in force: nothing is erased.")
        if dry_run:
            return
        if not yes and input("Erase all of this for good? Write yes: ").strip().lower() != "yes":
            raise CommandError("Nothing was erased.")
        with quiet_log(options["verbosity"]):
            receipt = _erase(contact)
        self.stdout.write(f"Erased, as receipt {receipt.pk} says:\n{_told(Counter(receipt.counts))}")


def _find(client: Client, options: dict[str, Any]) -> Contact:
    if options["phone"]:
        found = erasing.find_contact(client, options["phone"])
    else:
        found = Contact.objects.filter(client=client, pk=options["contact"]).first()
    if found is None:
        raise CommandError("This client has no such contact.")
    return found


def _erase(contact: Contact) -> PurgeReceipt:
    try:
        receipt = erasing.request_erasure(contact, by=None, now=timezone.now())
        for _ in progress(erasing.erase(receipt, now=timezone.now), unit="batch"):
            pass
    except IsHeld as exc:
        raise CommandError(f"Legal hold {exc.hold.pk} is in force: it stops here.") from exc
    receipt.refresh_from_db()
    return receipt


def _told(counts: "Counter[str]") -> str:
    shown = (f"  {name.replace('_', ' ')}: {number}" for name, number in sorted(counts.items()) if number)
    return "\n".join(shown) or "  nothing but the name"
