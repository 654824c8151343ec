"""The text of /metrics: what processes counted, what the database and the disks say, and what runs here."""

import platform
from collections.abc import Iterator

import django
from django.conf import settings
from django.db import connection
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from accounts import metrics
from messaging.services import reporting

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Platform:
    def collect(self) -> Iterator[Metric]:
        facts = {
            "release": settings.RELEASE,
            "python": platform.python_version(),
            "django": django.get_version(),
            "database": connection.vendor,
        }
        build = GaugeMetricFamily("multichat_build_info", "What runs here.", labels=list(facts))
        build.add_metric(list(facts.values()), 1)
        yield build
        yield from reporting.figures()


def exposition() -> bytes:
    read = CollectorRegistry()
    read.register(Platform())
    return generate_latest(metrics.current()) + generate_latest(read)
