"""The application of the stream, which also says how many listen."""

from typing import Any

# First, because it sets Django up.
from multichat.asgi import application as stream

# isort: split
from messaging.streaming import hub as hub_module
from messaging.streaming.hub import hub_here

# Here one user stands for hundreds.
hub_module.MOST_PER_USER = 1000


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] != "/listeners":
        await stream(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(hub_here().listeners)})
