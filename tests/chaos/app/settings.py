"""multichat.settings with the commands that set a storm up and judge it."""

from multichat.settings import *  # noqa: F403
from multichat.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.app"]
