"""Calls that end within a time, however slowly the other side drips: limits of silence alone would let a byte every
few seconds hold a thread for ever.

The time begins with ``begin`` and is kept per thread; every read from the connection waits at most for what is left.
"""

import http.client
import io
import threading
from time import monotonic
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_running = threading.local()


def begin(seconds: float) -> None:
    _running.until = monotonic() + seconds


def limit(adapter: HTTPAdapter) -> None:
    """Every answer that comes through ``adapter`` is held to the time that its thread has."""
    adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Wire(io.RawIOBase):
    def __init__(self, sock: Any, raw: io.RawIOBase, until: float) -> None:
        self._sock, self._raw, self._until = sock, raw, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        silence = self._sock.gettimeout()
        self._sock.settimeout(left if silence is None else min(left, silence))
        try:
            return self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(silence)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        buffered: Any = self.fp
        self.fp = io.BufferedReader(_Wire(sock, buffered.detach(), _running.until))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
