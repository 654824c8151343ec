"""Whom the benchmarks measure with."""

from accounts.models import Client, WhatsappInstance
from tests.bench.origin import INSTANCE


def the_client() -> Client:
    return Client.objects.get_or_create(slug="bench", defaults={"name": "Bench"})[0]


def make_instance() -> WhatsappInstance:
    facts = {"client": the_client(), "name": "Bench", "token": "bench-token"}
    return WhatsappInstance.objects.get_or_create(provider="wapi", instance_id=INSTANCE, defaults=facts)[0]
