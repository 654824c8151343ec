"""How webhooks become rows: a line at each provider, people who write, and bodies on their way through the view."""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Client, WhatsappInstance
from messaging.models import Conversation, Message, WebhookEvent
from messaging.services.processing import process_due
from tests.loading import raw_payload
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.delivery import signature
from tests.simulator.server import Simulator
from tests.simulator.world import Line, Person, World

Body = dict[str, Any] | bytes

# As the recorded payloads name them.
WAPI_ID, LITE_ID = "AB12CD-EF34GH-IJ56KL", "LITE-AB12CD-EF34GH"
CLOUD_ID, SECOND_CLOUD_ID = "800000000000001", "800000000000002"
APP_SECRET, VERIFY_TOKEN = "app-secret", "verify-token"
ANA = Person("Ana", "5511900002222", "100000000022222@lid", "BR.10000000000000000002")
BETO = Person("Beto", "5511900003333", "100000000033333@lid", "BR.10000000000000000003")
CAIO = Person("Caio", "5511900004444", "100000000044444@lid", "BR.10000000000000000004")


def make_client(name: str = "Padaria", **fields: Any) -> Client:
    found, _ = Client.objects.get_or_create(slug=name.lower(), defaults={"name": name, **fields})
    return found


def make_wapi(client: Client | None = None, instance_id: str = WAPI_ID, **fields: Any) -> WhatsappInstance:
    facts = {"name": "Balcão", "token": "wapi-token", "phone_number": "5511900001111", **fields}
    return WhatsappInstance.objects.create(
        client=client or make_client(), provider="wapi", instance_id=instance_id, **facts
    )


def make_cloud(client: Client | None = None, instance_id: str = CLOUD_ID, **fields: Any) -> WhatsappInstance:
    facts = {
        "name": "Encomendas",
        "token": "cloud-token",
        "app_secret": APP_SECRET,
        "verify_token": VERIFY_TOKEN,
        **fields,
    }
    return WhatsappInstance.objects.create(
        client=client or make_client(), provider="cloud", instance_id=instance_id, **facts
    )


def composer(world: World, instance: WhatsappInstance) -> WapiComposer | CloudComposer:
    """Writes bodies as the instance's provider would."""
    facts = (instance.provider, instance.instance_id, instance.token, "5511900001111", "Balcão")
    line = world.add_line(Line(*facts, lid="100000000011111@lid", app_secret=instance.app_secret))
    return WapiComposer(world, line) if instance.provider == "wapi" else CloudComposer(world, line)


def address(instance: WhatsappInstance) -> str:
    return f"/webhook/receive/{instance.webhook_key}/"


def raw(body: Body) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def post(instance: WhatsappInstance, body: Body, **headers: str) -> HttpResponse:
    """As the provider delivers it: signed, when the line is Meta's."""
    sent = raw(body)
    signed = {"X-Hub-Signature-256": signature(instance.app_secret, sent)}
    chosen = (signed if instance.provider == "cloud" else {}) | headers
    response: HttpResponse = Browser().post(
        address(instance), sent, content_type="application/json", headers=chosen
    )
    return response


def store(instance: WhatsappInstance, body: Body) -> WebhookEvent:
    """What the view leaves behind."""
    return WebhookEvent.objects.create(instance=instance, body=raw(body))


def process(now: datetime | None = None) -> None:
    while process_due(uuid.uuid4(), now=now or timezone.now()):
        pass


def tell(instance: WhatsappInstance, *bodies: Body) -> None:
    """The whole way of some webhooks: posted, answered, processed."""
    for body in bodies:
        assert post(instance, body).status_code == 200
    process()


def replay(instance: WhatsappInstance, *names: str) -> None:
    """The same with recorded payloads, by the beginning of their file names."""
    tell(instance, *[raw_payload(instance.provider, name) for name in names])


def the_message() -> Message:
    return Message.objects.select_related("conversation__contact", "sender", "media").get()


def the_conversation() -> Conversation:
    return Conversation.objects.select_related("contact").get()


@pytest.fixture
def world() -> Iterator[World]:
    """Composers need one; nothing listens."""
    made = World(seed=1)
    yield made
    made.close()


@pytest.fixture
def sim(settings: Settings) -> Iterator[Simulator]:
    """Both providers and the CDN, on loopback, and settings that lead there."""
    with Simulator() as running:
        settings.MEDIA_EXTRA_HOSTS = [running.host]
        settings.WHATSAPP_CDN_BASE_URL = running.cdn_base
        settings.WAPI_BASE_URL = running.wapi_base
        settings.CLOUD_API_BASE_URL = running.cloud_base
        yield running


def stored_files(folder: Path) -> list[str]:
    """Every file below a media root, part files too, as paths from there."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
