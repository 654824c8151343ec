"""What processes count for /metrics; what lies in the database is not counted here but read.

Labels are few and bounded: the id of an instance, and words of our own. Never a chat, a message or a foreign word.
"""

import structlog
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from accounts import tallies

log = structlog.get_logger(__name__)

SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
FOREIGN = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
WAITING = (0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)
FETCHED = (0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 43200, 86400)


def _share() -> bool:
    """Where the folder cannot be used, each process tells of itself: that is no reason not to work."""
    if not settings.METRICS_TOKEN:
        return False
    try:
        tallies.share(settings.METRICS_DIR)
    except OSError as exc:
        log.warning("metrics of processes are not added up", error=exc.strerror)
        return False
    return True


# One more series for each, which nobody looks at.
disable_created_metrics()  # type: ignore[no-untyped-call]
is_shared = _share()
registry = CollectorRegistry()


def current() -> CollectorRegistry:
    """Of all processes of this machine, or of this one."""
    return tallies.of_all(settings.METRICS_DIR) if is_shared else registry


requests = Counter(
    "multichat_requests",
    "HTTP requests by route, method and class of status.",
    ["route", "method", "status"],
    registry=registry,
)
request_seconds = Histogram(
    "multichat_request_seconds",
    "How long an HTTP request took until its answer began.",
    ["part"],
    buckets=SHORT,
    registry=registry,
)
webhooks = Counter(
    "multichat_webhooks",
    "Webhook requests by instance and by what became of them.",
    ["instance", "outcome"],
    registry=registry,
)
webhook_events = Counter(
    "multichat_webhook_events",
    "Webhook events that a worker read, by their end.",
    ["outcome"],
    registry=registry,
)
webhook_lag_seconds = Histogram(
    "multichat_webhook_lag_seconds",
    "From a webhook's arrival until a worker took it up.",
    buckets=WAITING,
    registry=registry,
)
media_attempts = Counter(
    "multichat_media_attempts",
    "Tries to fetch a file, by strategy and by what came of it.",
    ["strategy", "outcome"],
    registry=registry,
)
media_bytes = Counter(
    "multichat_media_bytes", "Bytes of fetched files, by strategy.", ["strategy"], registry=registry
)
media_seconds = Histogram(
    "multichat_media_seconds",
    "From the first word of a file until it was stored and verified.",
    ["strategy"],
    buckets=FETCHED,
    registry=registry,
)
provider_seconds = Histogram(
    "multichat_provider_seconds",
    "How long a provider took until its answer began.",
    ["provider", "endpoint"],
    buckets=FOREIGN,
    registry=registry,
)
provider_answers = Counter(
    "multichat_provider_answers",
    "Answers of providers by class of status; none means that none came.",
    ["provider", "endpoint", "status"],
    registry=registry,
)
sends = Counter(
    "multichat_sends", "Tries to send, by what came of them.", ["provider", "outcome"], registry=registry
)
send_seconds = Histogram(
    "multichat_send_seconds",
    "From asking for a send until the provider took it.",
    buckets=WAITING,
    registry=registry,
)
deliveries = Counter(
    "multichat_deliveries",
    "Tries to call clients' webhooks, by what came of them.",
    ["outcome"],
    registry=registry,
)
stream_connections = Gauge(
    "multichat_stream_connections",
    "Live streams that are open.",
    registry=registry,
    multiprocess_mode="livesum",
)
workers = Gauge(
    "multichat_workers", "Worker processes at work.", registry=registry, multiprocess_mode="livesum"
)
worker_turn = Gauge(
    "multichat_worker_turn_timestamp_seconds",
    "When the worker that has been silent for longest last looked for work.",
    ["part"],
    registry=registry,
    multiprocess_mode="livemin",
)
worker_errors = Counter(
    "multichat_worker_errors",
    "Turns of workers that an error ended, e.g. of the database.",
    registry=registry,
)
