"""Bodies of ASGI requests, which Django writes to disk before it looks at anything: so much and no more."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from accounts.middleware.body_limits import most_of

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
TOLD = b"The body is longer than we take."
GONE = {"type": "http.disconnect"}


def bounded(scope: Any, receive: Receive, send: Send) -> Receive:
    """Too long a body is answered here, and to Django the caller is gone."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
    left = most_of(scope["path"], headers.get(b"content-type", ""))
    told = headers.get(b"content-length", "")
    if told.isascii() and told.isdigit() and int(told) > left:
        left = -1

    async def received() -> Any:
        nonlocal left
        if left < 0:
            await _refuse(send)
            return GONE
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            await _refuse(send)
            return GONE
        return message

    return received


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    status = int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": TOLD})
