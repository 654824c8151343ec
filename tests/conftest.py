"""Holds for every test: which database, a media folder of its own, and no network beyond this machine."""

import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models.signals import post_migrate
from pytest_django import Settings

from accounts import audit
from messaging.services import addresses, reaching, readiness, refusing, reporting


def pytest_report_header() -> str:
    return f"database: {connection.display_name}"


@pytest.fixture(autouse=True)
def var_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    return tmp_path / "var"


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture(autouse=True)
def spool_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.SPOOL_DIR = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    """Ids and addresses come again in the next test; what the process remembered of them would be wrong there."""
    cache.clear()
    for memory in (refusing._waiting, refusing._written_at, addresses._known):
        memory.clear()
    for forget in (audit.forget, readiness.forget, reporting.forget, reaching.outage.ends):
        forget()


@pytest.fixture(autouse=True, scope="session")
def no_permission_rows() -> None:
    """Nobody reads them, and a database that a test has emptied would be given four hundred new ones each time."""
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Any:
    """Connections reach this machine only, and no foreign name resolves, as on a machine without a network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
        patch.setattr(socket, "getaddrinfo", _local_names_only(socket.getaddrinfo))
        yield


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and not _is_local(address[0]):
            pytest.fail(f"A test connects to {address[0]}, outside this machine.")
        return connect(self, address)

    return guarded


def _local_names_only(resolve: Any) -> Any:
    def resolved(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_local(name) and not _is_address(name):
            raise socket.gaierror(socket.EAI_NONAME, "No foreign name resolves in a test.")
        return resolve(host, *args, **kwargs)

    return resolved


def _is_local(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
