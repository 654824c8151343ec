"""Whom the benchmarks measure with."""

from accounts.models import Client, WhatsappInstance
from tests.bench.origin import INSTANCE


def make_instance() -> WhatsappInstance:
    client = Client.objects.create(name="Bench", slug="bench")
    return WhatsappInstance.objects.create(
        client=client, name="Bench", provider="wapi", instance_id=INSTANCE, token="bench-token"
    )
