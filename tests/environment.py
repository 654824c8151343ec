"""The environment of a test run, whatever the shell or a developer's .env says.

Processes that a test starts inherit it, and what the test itself changed for them stays.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

PREPARED = "MULTICHAT_TEST_FOLDER"
OURS = (
    "LOGIN_FAILURES",
    "LOGIN_LOCKOUT_MINUTES",
    "SECOND_FACTOR_REQUIRED",
    "SESSION_HOURS",
    "HSTS_SECONDS",
    "HSTS_SUBDOMAINS",
    "HSTS_PRELOAD",
    "SECRET_KEY_FALLBACKS",
    "VAR_DIR",
    "STATIC_ROOT",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "SENTRY_ENVIRONMENT",
    "RELEASE",
    "ALLOWED_HOSTS",
    "DEBUG",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "TIME_ZONE",
    "PUBLIC_BASE_URL",
    "MEDIA_STRATEGIES",
    "MEDIA_MAX_BYTES",
    "MEDIA_EXTRA_HOSTS",
    "WAPI_BASE_URL",
    "CLOUD_API_BASE_URL",
    "WHATSAPP_CDN_BASE_URL",
    "WEBHOOK_ALLOW_UNKEYED",
    "WEBHOOK_LOOKUP_SECONDS",
    "WEBHOOK_MAX_BYTES",
    "SPOOL_MAX_BYTES",
    "WEBHOOK_EVENT_DAYS",
    "ATTEMPT_DAYS",
    "STATUS_CHANGE_DAYS",
    "WORKER_LEASE_SECONDS",
    "WORKER_FETCH_THREADS",
    "INSTANCE_CONCURRENCY",
    "MEDIA_STORAGE",
    "MEDIA_STORAGE_ALSO",
    "S3_BUCKET",
    "S3_PREFIX",
    "S3_ENDPOINT_URL",
    "S3_REGION",
    "S3_ACCESS_KEY_ID",
    "S3_SECRET_ACCESS_KEY",
    "S3_READ_BACK",
    "MEDIA_DELIVERY",
    "MEDIA_ACCEL_PREFIX",
    "MEDIA_LINK_SECONDS",
    "API_ALLOWED_ORIGINS",
    "API_RATE",
    "STREAM_BASE_URL",
    "FEED_DAYS",
    "EXPORT_DAYS",
    "RETENTION_AUTOMATIC",
    "WORKER_SEND_THREADS",
    "WAPI_SEND_SECONDS",
    "SEND_SETTLE_SECONDS",
)


def prepare() -> Path:
    """Idempotent: the first process of a run makes the folder and sets the values."""
    if PREPARED not in os.environ:
        _set(_folder())
    return Path(os.environ[PREPARED])


def _folder() -> Path:
    # mypy leaves without the functions of atexit, and one folder is enough for lint.
    if "PYTEST_VERSION" not in os.environ:
        folder = Path(__file__).resolve().parent.parent / "var" / "lint"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    made = tempfile.mkdtemp(prefix="multichat-tests-")
    atexit.register(_remove, made, os.getpid())
    return Path(made)


def _set(folder: Path) -> None:
    for name in OURS:
        os.environ.pop(name, None)
    os.environ |= {
        PREPARED: str(folder),
        "ENV_FILE": "",
        "SECRET_KEY": "only-for-tests",
        "FIELD_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtISE=",
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "SPOOL_DIR": str(folder / "spool"),
    }


def _remove(folder: str, owner: int) -> None:
    # A forked child runs the same exit functions.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
