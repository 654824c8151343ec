"""A client's own system that is told of changes, and how it knows that it was us who told."""

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import feed
from accounts.feed import Action, Topic
from accounts.models import Change, WhatsappInstance
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services import webhooks_out
from messaging.services.webhooks_out import Courier, fan_out
from tests.media.origin import Asked, Origin, plain, serving
from tests.telling import make_wapi

Answer = Callable[[Asked, socket.socket], bool]


@dataclass
class Receiver:
    """``answer`` may be changed at any time."""

    origin: Origin

    @property
    def url(self) -> str:
        return f"{self.origin.url}/hooks?key=its-own"

    @property
    def got(self) -> list[Asked]:
        return self.origin.asked

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(asked.body) for asked in self.got]

    def says(self, status: int, text: str = "", **headers: object) -> None:
        self.origin.answer = plain(text.encode(), status, **headers)


@pytest.fixture(name="receiver")
def a_receiver(settings: Settings) -> Iterator[Receiver]:
    with serving(plain(b"thanks")) as origin:
        settings.MEDIA_EXTRA_HOSTS = [*settings.MEDIA_EXTRA_HOSTS, origin.address]
        yield Receiver(origin)


@pytest.fixture(name="line")
def a_line(db: None) -> WhatsappInstance:
    return make_wapi()


def is_ours(asked: Asked, secret: str, *, at: datetime) -> bool:
    """Verification as the Standard Webhooks specification describes it, written from its text."""
    key = base64.b64decode(secret.split("whsec_", 1)[1], validate=True)
    name, stamp = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    if abs(at.timestamp() - int(stamp)) > 300:
        return False
    content = name.encode() + b"." + stamp.encode() + b"." + asked.body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    versions = [part.split(",", 1) for part in asked.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(expected, given) for version, given in versions)


def endpoint_at(url: str, instance: WhatsappInstance, **facts: Any) -> WebhookEndpoint:
    return webhooks_out.create(client=instance.client, url=url, **facts)


def happens(
    instance: WhatsappInstance,
    topic: Topic = Topic.MESSAGE,
    action: Action = Action.CREATED,
    object_id: int = 1,
) -> Change:
    feed.tell([feed.change(instance, topic, object_id, action, at=timezone.now())])
    return Change.objects.latest("pk")


def work(now: datetime | None = None) -> None:
    """What a worker does of this: everything that is due."""
    now = now or timezone.now()
    while fan_out(now):
        pass
    courier = Courier()
    try:
        while courier.top_up(now) or courier.under_way:
            courier.collect(now, wait=1)
    finally:
        courier.close()


def the_delivery() -> WebhookDelivery:
    return WebhookDelivery.objects.select_related("endpoint").get()


def states() -> list[str]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("state", flat=True))
