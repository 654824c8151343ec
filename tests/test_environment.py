import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
STARTS_A_SERVER = """
from tests.postgres import server
with server() as url:
    print(url, flush=True)
    input()
"""


def test_a_connection_out_of_this_machine_fails_the_test() -> None:
    with socket.socket() as line, pytest.raises(pytest.fail.Exception, match="192.0.2.1"):
        line.connect(("192.0.2.1", 443))


def test_a_connection_within_this_machine_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(listening.getsockname()).close()


def test_no_foreign_name_resolves() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("mmg.whatsapp.net", 443)


def test_media_of_a_test_lies_in_its_own_folder(tmp_path: Path) -> None:
    assert Path(settings.MEDIA_ROOT).is_relative_to(tmp_path)


def test_a_developers_environment_does_not_reach_the_tests() -> None:
    changed = os.environ | {"SECRET_KEY": "a developer's", "MEDIA_MAX_BYTES": "1", "PYTEST_VERSION": "any"}
    del changed["MULTICHAT_TEST_FOLDER"]
    code = "from tests.settings import *; print(SECRET_KEY, MEDIA_MAX_BYTES)"
    seen = subprocess.check_output([sys.executable, "-c", code], env=changed, cwd=ROOT, text=True)
    assert seen.split() == ["only-for-tests", str(2 * 1024**3)]


def test_the_server_of_the_tests_has_what_production_needs() -> None:
    with (
        postgres.server() as url,
        psycopg.connect(host=url.partition("host=")[2], user="postgres") as connection,
    ):
        connection.execute("CREATE EXTENSION pg_trgm")
        found = connection.execute("SELECT similarity('Conceição', 'CONCEIÇÃO')").fetchone()
    assert found == (1.0,)


def test_the_server_ends_with_a_killed_test_run() -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert run.stdout
    folder = Path(run.stdout.readline().strip().partition("host=")[2])
    assert (folder / "data").is_dir()
    run.send_signal(signal.SIGKILL)
    run.communicate()
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
