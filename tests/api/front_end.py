"""A small inbox in the terminal, written from the OpenAPI document alone: nothing here knows the product's code.

``python -m tests.api.front_end http://127.0.0.1:8000 padaria-aurora PASSWORD`` shows it against `make demo`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import requests

PATIENCE = 60.0
METHODS = ("get", "post", "put", "patch", "delete")


class Refused(Exception):
    """The API answered with a problem, whose ``code`` is for programs."""

    def __init__(self, operation: str, problem: dict[str, Any]) -> None:
        super().__init__(
            f"{operation}: {problem.get('status')} {problem.get('detail')} {problem.get('errors', '')}"
        )
        self.code = problem.get("code")


@dataclass
class Api:
    """Calls operations by their id; where each argument belongs, the document says."""

    base: str
    session: requests.Session = field(default_factory=requests.Session)

    @cached_property
    def document(self) -> dict[str, Any]:
        answer = self.session.get(
            f"{self.base}/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}, timeout=30
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    @cached_property
    def operations(self) -> dict[str, tuple[str, str, dict[str, Any]]]:
        return {
            operation["operationId"]: (method, path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            if method in METHODS
        }

    def call(self, name: str, **given: Any) -> Any:
        method, path, operation = self.operations[name]
        places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}}
        known = {one["name"].replace("-", "_"): one for one in operation.get("parameters", [])}
        for argument, value in given.items():
            one = known.get(argument, {"in": "body", "name": argument})
            places[one["in"]][one["name"]] = value
        self._check_body(operation, places["body"])
        answer = self.session.request(
            method,
            self.base + path.format(**places["path"]),
            params=places["query"],
            headers={"Accept": "application/json", **places["header"]},
            json=places["body"] or None,
            timeout=30,
        )
        return self._read(name, operation, answer)

    def _check_body(self, operation: dict[str, Any], body: dict[str, Any]) -> None:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        allowed = self.resolved(content.get("schema", {})).get("properties", {})
        if unknown := body.keys() - allowed.keys():
            raise TypeError(f"{operation['operationId']} takes no {unknown}")

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        found: dict[str, Any] = self.document["components"]["schemas"][name] if name else schema
        return found

    def _read(self, name: str, operation: dict[str, Any], answer: requests.Response) -> Any:
        if str(answer.status_code) not in operation["responses"]:
            raise AssertionError(f"{name} answered {answer.status_code}, which the document does not promise")
        if answer.status_code >= 400:
            raise Refused(name, answer.json())
        return answer.json() if answer.content else None


@dataclass
class Inbox:
    api: Api

    def log_in(self, username: str, password: str) -> None:
        token = self.api.call("auth_login_create", username=username, password=password)["token"]
        self.api.session.headers["Authorization"] = f"Bearer {token}"

    def conversations(self) -> list[Any]:
        found: list[Any] = self.api.call("conversations_list", limit=100)["results"]
        return found

    def messages(self, conversation: Any) -> list[Any]:
        """Of one page, the oldest first."""
        page = self.api.call("conversations_messages_list", conversation_id=conversation["id"])
        return list(reversed(page["results"]))

    def send(self, conversation: Any, text: str, key: str) -> Any:
        return self.api.call(
            "conversations_messages_create",
            conversation_id=conversation["id"],
            text=text,
            Idempotency_Key=key,
        )

    def voice_notes(self) -> list[Any]:
        found: list[Any] = self.api.call("media_list", kind="voice", state="ready")["results"]
        return found

    def listen_to(self, media_file: Any) -> bytes:
        """How a player begins: a link that needs no header, and a first piece of the file."""
        link = self.api.call("media_link_create", id=media_file["id"])["url"]
        piece = requests.get(link, headers={"Range": "bytes=0-63"}, timeout=30)
        if piece.status_code != 206:
            raise AssertionError(f"a range was answered with {piece.status_code}")
        return piece.content

    def changes(self, after: str = "") -> Iterator[Any]:
        """What the stream tells, for ever: it is opened again where it ended or broke, as browsers do it."""
        while True:
            try:
                for event in self._stream(after):
                    after = event.get("id", after)
                    yield event
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                time.sleep(0.5)

    def _stream(self, after: str) -> Iterator[Any]:
        ticket = self.api.call("stream_ticket_create")
        query = {"ticket": ticket["ticket"]} | ({"after": after} if after else {})
        with requests.get(ticket["url"], params=query, stream=True, timeout=PATIENCE) as answer:
            answer.raise_for_status()
            yield from events(answer)

    def wait_for(self, changes: Iterator[Any], wanted: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + PATIENCE
        for event in changes:
            if event["event"] not in ("hello", "reset") and wanted(event["data"]):
                return event["data"]["object"]
            if time.monotonic() > deadline:
                break
        raise TimeoutError("it did not come through the stream")


def events(answer: requests.Response) -> Iterator[dict[str, Any]]:
    """Server-Sent Events: fields until an empty line; what begins with a colon only keeps the line open."""
    event: dict[str, Any] = {}
    for line in answer.iter_lines(chunk_size=1):
        name, _, value = line.decode().partition(":")
        if not line and "data" in event:
            yield {"event": "message"} | event | {"data": json.loads(event["data"])}
            event = {}
        elif name:
            event[name] = value.removeprefix(" ")


def main() -> None:
    base, username, password = sys.argv[1:]
    inbox = Inbox(Api(base))
    inbox.log_in(username, password)
    for conversation in inbox.conversations():
        sys.stdout.write(f"\n{conversation['title']} ({conversation['unread_count']} unread)\n")
        for message in inbox.messages(conversation)[-3:]:
            sys.stdout.write(f"  {message['direction']:>8}  {message['text'] or message['type']}\n")


if __name__ == "__main__":
    main()
