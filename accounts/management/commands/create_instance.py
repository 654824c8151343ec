"""Adds a WhatsApp number, and its client if that is new."""

import os
import secrets
import sys
from argparse import Action, ArgumentParser
from collections.abc import Sequence
from getpass import getpass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts import audit
from accounts.models import Client, WhatsappInstance
from accounts.providers.errors import ProviderError
from accounts.services import change_instance, configure_webhooks, webhook_url

Provider = WhatsappInstance.Provider
AT_WAPI = "In W-API's panel, set this address for every webhook of the instance; or let --set-webhooks do it."
AT_META = (
    "In Meta's app dashboard, WhatsApp > Configuration: set this address as callback URL, the verify token beside it, "
    "and subscribe to the field messages; or let --set-webhooks do it. The web server must run and be reachable: "
    "Meta asks it at once."
)


class Elsewhere(Action):
    """An option that nobody may type: it would stand in the list of processes and in the shell's history."""

    def __init__(self, option_strings: Sequence[str], dest: str, **facts: Any) -> None:
        super().__init__(option_strings, dest, default="", **facts)

    def __call__(self, parser: ArgumentParser, *_: Any, **__: Any) -> None:
        name = self.dest.upper()
        parser.error(
            f"{self.option_strings[0]} would be seen by other users of this machine. Set {name} in the environment"
            + (", or give it with --token-stdin." if self.dest == "token" else ".")
        )


class Command(BaseCommand):
    help = (
        "Add a WhatsApp number and print its webhook address. The client is made when its slug is new. Secrets "
        "are given by --token-stdin or in the environment (TOKEN, APP_SECRET, VERIFY_TOKEN): other users of a machine "
        "can read the options of a running command."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--client", required=True, metavar="NAME", help="the company the number belongs to"
        )
        parser.add_argument("--slug", default="", help="the client's short name; made from NAME if not given")
        parser.add_argument("--name", required=True, help="what to call the number, e.g. Sales")
        parser.add_argument("--provider", required=True, choices=Provider.values)
        parser.add_argument(
            "--instance-id", required=True, metavar="ID", help="W-API: instanceId; Cloud API: phone number id"
        )
        token = parser.add_mutually_exclusive_group()
        token.add_argument(
            "--token", action=Elsewhere, help="refused: --token-stdin or TOKEN in the environment"
        )
        token.add_argument(
            "--token-stdin", action="store_true", help="read the access token from standard input"
        )
        parser.add_argument("--app-secret", action=Elsewhere, help="refused: APP_SECRET in the environment")
        parser.add_argument(
            "--verify-token",
            action=Elsewhere,
            help="refused: VERIFY_TOKEN in the environment; made and printed if not given",
        )
        parser.add_argument(
            "--set-webhooks",
            action="store_true",
            help="tell the provider the webhook address; run again, of the number that is there already",
        )

    def handle(self, *, set_webhooks: bool, **options: Any) -> None:
        token = read_token() if options["token_stdin"] else options["token"] or os.environ.get("TOKEN", "")
        given = {
            "name": options["name"].strip(),
            "provider": options["provider"],
            "instance_id": options["instance_id"].strip(),
            "token": token.strip(),
        }
        if given["provider"] == Provider.CLOUD:
            given |= cloud_secrets(options)
        client = options["client"].strip()
        slug = options["slug"] or slugify(client)
        instance = known(slug, given) if set_webhooks else None
        if instance is None:
            instance = create(client, slug, given)
            self._tell(instance, given_token=bool(given.get("verify_token")))
        if set_webhooks:
            self._set_webhooks(instance)

    def _tell(self, instance: WhatsappInstance, *, given_token: bool) -> None:
        client = instance.client
        self.stdout.write(
            f"Instance {instance.pk} “{instance.name}” of client “{client.name}” ({client.slug}) added."
        )
        self.stdout.write(f"  webhook address  {webhook_url(instance)}")
        if instance.provider == Provider.CLOUD and not given_token:
            self.stdout.write(f"  verify token     {instance.verify_token}")
        self.stdout.write("Whoever knows this address can write to the instance: keep it secret.")
        self.stdout.write(AT_WAPI if instance.provider == Provider.WAPI else AT_META)
        for note in notes(instance):
            self.stdout.write(self.style.WARNING(note))

    def _set_webhooks(self, instance: WhatsappInstance) -> None:
        try:
            found = configure_webhooks(instance)
        except ProviderError as exc:
            raise CommandError(
                f"The instance is there, but its address could not be set: {exc.reason.rstrip('.')}. "
                "Put that right and run this command again; secrets given then replace those from before."
            ) from exc
        ours = webhook_url(instance)
        slots = ", ".join(slot for slot, address in found.items() if address == ours)
        self.stdout.write(self.style.SUCCESS(f"The provider sends to this address now: {slots}."))


def read_token() -> str:
    return getpass("Token (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()


def cloud_secrets(options: dict[str, Any]) -> dict[str, str]:
    return {
        name: (options[name] or os.environ.get(name.upper(), "")).strip()
        for name in ("app_secret", "verify_token")
    }


def known(slug: str, given: dict[str, str]) -> WhatsappInstance | None:
    """This client's own from an earlier run, with the secrets that are given now."""
    rows = WhatsappInstance.objects.filter(client__slug=slug, provider=given["provider"])
    instance = rows.filter(instance_id=given["instance_id"]).first()
    changes = {name: given[name] for name in WhatsappInstance.SECRET_FIELDS if given.get(name)}
    if instance and changes:
        change_instance(instance, changes, now=timezone.now())
    return instance


def create(client_name: str, slug: str, given: dict[str, str]) -> WhatsappInstance:
    if not slug:
        raise CommandError("No slug can be made from this client's name: give one with --slug.")
    if given["provider"] == Provider.CLOUD:
        given = given | {"verify_token": given["verify_token"] or secrets.token_urlsafe(24)}
    try:
        with transaction.atomic():
            client = Client.objects.filter(slug=slug).first() or _saved(Client(name=client_name, slug=slug))
            instance: WhatsappInstance = _saved(WhatsappInstance(client=client, **given))
            audit.note(audit.Action.INSTANCE_CREATED, instance, by=None)
    except IntegrityError as exc:
        known = WhatsappInstance.objects.get(provider=given["provider"], instance_id=given["instance_id"])
        raise CommandError(
            f"There is an instance {known.instance_id} at {known.get_provider_display()} already: "
            f"“{known.name}” of client “{known.client.name}”."
        ) from exc
    except ValidationError as exc:
        found = [f"{name}: {' '.join(errors)}" for name, errors in exc.message_dict.items()]
        raise CommandError("; ".join(found)) from exc
    return instance


def _saved(row: Any) -> Any:
    row.full_clean(validate_unique=False, validate_constraints=False)
    row.save()
    return row


def notes(instance: WhatsappInstance) -> list[str]:
    """What would keep messages away although everything looks well."""
    found = []
    if not instance.token:
        found.append("It has no token yet: enter one in the admin, or nothing can be asked of the provider.")
    if instance.provider == Provider.CLOUD and not instance.app_secret:
        found.append(
            "It has no app secret yet: until one is entered in the admin, webhooks are refused as unsigned."
        )
    address = urlsplit(settings.PUBLIC_BASE_URL)
    if address.scheme != "https" or address.hostname in ("127.0.0.1", "localhost"):
        found.append(
            f"Providers cannot reach {settings.PUBLIC_BASE_URL}: set PUBLIC_BASE_URL to an https address."
        )
    return found
