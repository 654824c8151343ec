import os
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler
from django.urls import reverse

from multichat.bounded import bounded
from multichat.starting import settle


class Application(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self.stream = reverse("stream")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Django gives each request a thread of its own until it ends, and with it a database connection.

        Streams do not end, so they share the process's one thread for what is not asynchronous.
        """
        if scope["type"] == "http":
            receive = bounded(scope, receive, send)
        if scope["type"] == "http" and scope["path"] == self.stream:
            await self.handle(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "multichat.settings")
django.setup(set_prefix=False)
application = Application()
settle()
