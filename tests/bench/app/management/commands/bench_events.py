"""Stored webhook events of a usual mix, then one worker's processing until none is left."""

import json
import random
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import Contact, Message, WebhookEvent
from messaging.services.processing import process_due
from messaging.services.working import Worker
from tests.bench.app.cast import make_instance
from tests.bench.cost import cost
from tests.simulator import samples
from tests.simulator.blobs import of_bytes
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.world import Line, Person, World


class Command(BaseCommand):
    help = "Process that many webhook events and say what it cost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        instance, count = make_instance(), options["count"]
        store(instance, count // 10)
        drain()
        store(instance, count)
        with cost() as found:
            drain()
        left = WebhookEvent.objects.exclude(state=WebhookEvent.State.PROCESSED).count()
        if left or not Message.objects.exists() or not Contact.objects.exists():
            raise CommandError(f"{left} events were not processed")
        found.report()


def drain() -> None:
    worker = Worker()
    while process_due(worker.token, now=timezone.now()):
        pass
    worker.finish()


def store(instance: WhatsappInstance, count: int) -> None:
    now = timezone.now() - timedelta(seconds=60)
    bodies = mix(instance, count)
    rows = [
        WebhookEvent(instance=instance, body=body, received_at=now, next_attempt_at=now) for body in bodies
    ]
    WebhookEvent.objects.bulk_create(rows, batch_size=500)


def mix(instance: WhatsappInstance, count: int) -> Iterator[bytes]:
    """Of ten: four texts and two pictures with thumbnail of 200 people, a text of somebody new, an own one and its
    two statuses."""
    world, chance = World(), random.Random(count)
    line = world.add_line(Line("wapi", instance.instance_id, "bench-token", "5511900001111"))
    composer = WapiComposer(world, line)
    for start in range(0, count, 10):
        known = [person(chance.randrange(200)) for _ in range(7)]
        own = world.message_id()
        picture = samples.facts_of("cake.jpg")
        bodies = [composer.text(who, "Bom dia, o pedido sai hoje?") for who in known[:4]]
        bodies += [composer.media(who, world.add_file(line, picture, of_bytes(b"x"))) for who in known[4:6]]
        bodies += [
            composer.text(person(count * 10 + start), "Oi!"),
            composer.text(known[6], "Sai sim, às três.", from_me=True, message_id=own),
            composer.status(known[6], own, "delivered"),
            composer.status(known[6], own, "read"),
        ]
        yield from (json.dumps(body).encode() for body in bodies)


def person(number: int) -> Person:
    return Person(f"Contato {number}", f"55119{number:08d}", f"{100_000_000_000_000 + number}@lid")
