"""multichat.settings in the environment of a test run."""

from tests import environment

FOLDER = environment.prepare()

from multichat.settings import *  # noqa: E402, F403
from multichat.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: in memory, threads would share one connection and nothing would ever be locked.
    DATABASES["default"]["TEST"] = {"NAME": str(FOLDER / "test.sqlite3")}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
