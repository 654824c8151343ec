"""Clients and lines of the storm, as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Client, WhatsappInstance

CLIENTS = ("Padaria", "Clinica")
PROVIDERS = ("wapi", "wapi", "cloud")


class Command(BaseCommand):
    help = "Make two clients with three lines each, and print what a provider knows of them."

    def handle(self, **options: Any) -> None:
        self.stdout.write(json.dumps([_line(place) for place in range(len(CLIENTS) * len(PROVIDERS))]))


def _line(place: int) -> dict[str, str]:
    name, provider = CLIENTS[place // len(PROVIDERS)], PROVIDERS[place % len(PROVIDERS)]
    client, _ = Client.objects.get_or_create(slug=name.lower(), defaults={"name": name})
    phone = f"5511900000{place:03d}"
    facts = {"token": f"token-{place}", "app_secret": f"secret-{place}"}
    number = f"STORM{place}" if provider == "wapi" else f"80000000000000{place}"
    line = WhatsappInstance.objects.create(
        client=client,
        name=f"Line {place}",
        provider=provider,
        instance_id=number,
        phone_number=phone,
        **facts,
    )
    return {"provider": provider, "id": number, "phone": phone, "key": line.webhook_key, **facts}
