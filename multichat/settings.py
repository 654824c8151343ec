"""The one settings file. Development and production differ by values from the environment, not by code."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from corsheaders.defaults import default_headers

from multichat import env, policies, rest, sentry, storages
from multichat.logs import logging_config, usual_format

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_file(BASE_DIR / ".env")
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")

SECRET_KEY = env.secret("SECRET_KEY", "Start with `make run`, which writes one to .env, or set it yourself.")
# Former keys: what they signed stays valid until they are taken out.
SECRET_KEY_FALLBACKS = [key for key in env.optional_secret("SECRET_KEY_FALLBACKS").split(",") if key]
FIELD_ENCRYPTION_KEYS = env.fernet_keys("FIELD_ENCRYPTION_KEYS")
DEBUG = env.boolean("DEBUG", default=False)
PUBLIC_BASE_URL = env.base_url("PUBLIC_BASE_URL", default="http://127.0.0.1:8000")
# The address that providers are given has to work without saying it twice.
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
ALLOWED_HOSTS = list(dict.fromkeys([*ALLOWED_HOSTS, str(urlsplit(PUBLIC_BASE_URL).hostname)]))

INSTALLED_APPS = [
    "accounts.apps.ScreensConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "corsheaders",
    "csp",
    "django_filters",
    "django_otp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "media",
    "messaging",
]

MIDDLEWARE = [
    "multichat.health.Probes",
    "multichat.request_log.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.middleware.browser_rules.PagePolicy",
    "accounts.middleware.browser_rules.Permissions",
    "accounts.middleware.body_limits.BodyLimits",
    "corsheaders.middleware.CorsMiddleware",
    "accounts.middleware.clean_queries.CleanQueries",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "accounts.middleware.local_time.LocalTime",
    "accounts.middleware.private_answers.PrivateAnswers",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.middleware.gate.Gate",
    "accounts.middleware.door.Door",
    "accounts.middleware.personal_language.PersonalLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "multichat.urls"
WSGI_APPLICATION = "multichat.wsgi.application"
ASGI_APPLICATION = "multichat.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
# Throttles count in here. As small as Django's own default, it could be made to forget somebody who guesses passwords.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.logins.backends.Passwords"]
LOGIN_URL = "admin:login"
# none, staff or superusers: who has to have one before anything else.
SECOND_FACTOR_REQUIRED = env.choice("SECOND_FACTOR_REQUIRED", ("none", "staff", "superusers"), default="none")

AXES_FAILURE_LIMIT = env.integer("LOGIN_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=env.integer("LOGIN_LOCKOUT_MINUTES", default=15))
# Never by address alone: a whole office shares one.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "accounts.logins.lockouts.address"
AXES_LOCKOUT_CALLABLE = "accounts.logins.lockouts.answer"
AXES_SENSITIVE_PARAMETERS = ["username", "csrfmiddlewaretoken", "next"]
# The audit trail knows who logged in, and the screen of lockouts is our own.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português (Brasil)"), ("fr", "Français")]
# Apps bring their own catalogues; what the templates say belongs to the topmost app.
LOCALE_PATHS = [BASE_DIR / "messaging" / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = env.text("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR_DIR / "static")
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# A folder that was named holds what collectstatic put there; without one, the packages' own files are served.
WHITENOISE_USE_FINDERS = not env.text("STATIC_ROOT")

# MEDIA_URL stays empty on purpose: no stored file has an address but /media-files/<id>/, which checks access.
MEDIA_URL = None
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", default=str(VAR_DIR / "media_storage"))).resolve()
MEDIA_STORAGE = env.choice("MEDIA_STORAGE", storages.PLACES, default="file")
# While files move from one place to the other, they are found in either.
MEDIA_STORAGE_ALSO = env.choice("MEDIA_STORAGE_ALSO", ("", *storages.PLACES), default="")
STORAGES = {
    "default": storages.of_media(MEDIA_STORAGE, MEDIA_STORAGE_ALSO),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

MEDIA_STRATEGIES = env.strategies("MEDIA_STRATEGIES")
MEDIA_MAX_BYTES = env.integer("MEDIA_MAX_BYTES", default=2 * 1024**3)
MEDIA_EXTRA_HOSTS = env.words("MEDIA_EXTRA_HOSTS", default=[])
WAPI_BASE_URL = env.base_url("WAPI_BASE_URL", default="https://api.w-api.app/v1")
CLOUD_API_BASE_URL = env.base_url("CLOUD_API_BASE_URL", default="https://graph.facebook.com/v25.0")
WHATSAPP_CDN_BASE_URL = env.base_url("WHATSAPP_CDN_BASE_URL", default="https://mmg.whatsapp.net")

# How a stored file reaches the browser: stream it ourselves, hand it to the web server in front (X-Accel-Redirect to
# MEDIA_ACCEL_PREFIX), or redirect to the storage's own signed address.
MEDIA_DELIVERY = env.choice("MEDIA_DELIVERY", ("stream", "accel", "redirect"), default="stream")
MEDIA_ACCEL_PREFIX = env.text("MEDIA_ACCEL_PREFIX", default="/protected-media/")
MEDIA_LINK_SECONDS = env.integer("MEDIA_LINK_SECONDS", default=300)

# Other origins whose pages may call the API; sessions stay with our own.
API_ALLOWED_ORIGINS = env.words("API_ALLOWED_ORIGINS", default=[])
API_RATE = env.rate("API_RATE", default="1200/min")
# Where browsers reach the process of the live stream; the same address when a proxy leads there.
STREAM_BASE_URL = env.base_url("STREAM_BASE_URL", default=PUBLIC_BASE_URL)
FEED_DAYS = env.integer("FEED_DAYS", default=7)
EXPORT_DAYS = env.integer("EXPORT_DAYS", default=7)
# What clients' retention rules say is done by the worker; switched off, by the command `purge` alone.
RETENTION_AUTOMATIC = env.boolean("RETENTION_AUTOMATIC", default=True)
# How long the audit trail is kept; 0: for ever.
AUDIT_DAYS = env.integer("AUDIT_DAYS", default=365, least=0)
# So long what was settled is kept, for looking back; 0 is for ever. What waits or failed has its own, longer limit.
WEBHOOK_EVENT_DAYS = env.integer("WEBHOOK_EVENT_DAYS", default=90, least=0)
ATTEMPT_DAYS = env.integer("ATTEMPT_DAYS", default=90, least=0)
STATUS_CHANGE_DAYS = env.integer("STATUS_CHANGE_DAYS", default=180, least=0)

WEBHOOK_ALLOW_UNKEYED = env.boolean("WEBHOOK_ALLOW_UNKEYED", default=False)
WEBHOOK_MAX_BYTES = env.integer("WEBHOOK_MAX_BYTES", default=4 * 1024**2)
# Where webhooks wait for a database that is away; a disk of this machine, for each machine takes in its own.
SPOOL_DIR = env.folder("SPOOL_DIR", VAR_DIR / "spool")
SPOOL_MAX_BYTES = env.integer("SPOOL_MAX_BYTES", default=1024**3)
# So long a web process relies on what it knows of a webhook key; 0 asks the database at every request. The .env that
# `make run` writes says 1, which a busy line feels.
WEBHOOK_LOOKUP_SECONDS = env.integer("WEBHOOK_LOOKUP_SECONDS", default=0, least=0)
# The webhook view has its own limit and its own answer, 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = max(WEBHOOK_MAX_BYTES + 1, 2621440)

WORKER_LEASE_SECONDS = env.integer("WORKER_LEASE_SECONDS", default=60)
WORKER_FETCH_THREADS = env.integer("WORKER_FETCH_THREADS", default=8)
INSTANCE_CONCURRENCY = env.integer("INSTANCE_CONCURRENCY", default=4)
WORKER_SEND_THREADS = env.integer("WORKER_SEND_THREADS", default=4)
# Between two messages of one W-API line; faster lines get banned.
WAPI_SEND_SECONDS = env.integer("WAPI_SEND_SECONDS", default=1, least=0)
# So long a send without an answer waits for the provider's echo before somebody is asked.
SEND_SETTLE_SECONDS = env.integer("SEND_SETTLE_SECONDS", default=60)

HTTPS = PUBLIC_BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL] if HTTPS else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# With the prefix, a browser takes them from this very host and over https only.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (
    ("__Host-sessionid", "__Host-csrftoken") if HTTPS else ("sessionid", "csrftoken")
)
SESSION_COOKIE_AGE = 3600 * env.integer("SESSION_HOURS", default=14 * 24)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", default=30 * 24 * 3600, least=0) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.boolean("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.boolean("HSTS_PRELOAD", default=False)
# Plain http is led to https by the proxy in front, which alone knows; and what lies beside or below this host is for
# its owner to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
CONTENT_SECURITY_POLICY = policies.content_security_policy(
    STREAM_BASE_URL, policies.storage_origins(MEDIA_DELIVERY, STORAGES["default"])
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"

# Our own pages reach the stream at another port.
CORS_ALLOWED_ORIGINS = list(dict.fromkeys([*API_ALLOWED_ORIGINS, urljoin(PUBLIC_BASE_URL, "/").rstrip("/")]))
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    "last-event-id",
    "range",
    "if-range",
    "if-none-match",
]
CORS_EXPOSE_HEADERS = ["Content-Disposition", "Content-Range", "ETag", "Idempotent-Replayed", "Retry-After"]
REST_FRAMEWORK, SPECTACULAR_SETTINGS = rest.framework(API_RATE), rest.SCHEMA

# Who may read /metrics, as a bearer token; without one there is no such page, and nothing is shared for it.
METRICS_TOKEN = env.optional_secret("METRICS_TOKEN")
METRICS_DIR = VAR_DIR / "metrics"
RELEASE = env.text("RELEASE")

LOGGING_CONFIG = None
LOG_FORMAT = env.choice("LOG_FORMAT", ("console", "json"), default=usual_format(debug=DEBUG))
logging_config(LOG_FORMAT, env.text("LOG_LEVEL", default="INFO").upper())
sentry.begin(env.optional_secret("SENTRY_DSN"), env.text("SENTRY_ENVIRONMENT", default="production"), RELEASE)
