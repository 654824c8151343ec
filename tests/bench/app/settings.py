"""multichat.settings, and one more app with its table, address and commands."""

from multichat.settings import *  # noqa: F403
from multichat.settings import INSTALLED_APPS

INSTALLED_APPS += ["tests.bench.app"]
ROOT_URLCONF = "tests.bench.app.urls"
