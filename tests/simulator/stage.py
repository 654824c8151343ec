"""Plays the steps of a dialogue on one line: composes each webhook, remembers what to answer, react to or forward."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulator import script
from tests.simulator.cast import contacts_of
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import Body, Frame, WapiComposer
from tests.simulator.control import composer_for
from tests.simulator.delivery import Courier
from tests.simulator.wapi_media import FAILURE
from tests.simulator.world import Group, Line, Person, StoredFile, World

DOWNLOAD_FAILS = json.dumps({"error": True, "message": FAILURE}, ensure_ascii=False)
FAULTS: dict[str, dict[str, Any]] = {
    "flipped": {"flip_at": 3000},
    "flaky": {"status": 503, "times": 2},
    "truncated": {"truncate_at": 9000},
    "page": {"html": True, "times": 3},
    "cut": {"cut_at": 20_000, "times": 1},
}
PLACE = (-23.5505, -46.6333)


@dataclass
class Thread:
    """One conversation: the last message of each side, and the last text that can be edited."""

    who: Person
    group: Group | None = None
    last: dict[str, str] = field(default_factory=dict)
    last_text: dict[str, str] = field(default_factory=dict)


class Stage:
    def __init__(self, world: World, courier: Courier, line: Line, random: Random) -> None:
        self.world = world
        self.courier = courier
        self.line = line
        self.random = random
        self.composer: WapiComposer | CloudComposer = composer_for(world, line)
        self.contacts = contacts_of(line)
        self.files: list[StoredFile] = []
        self.acts: dict[str, Callable[[Thread, Person, script.Step, Frame], list[Body]]] = {
            "text": self._text,
            "reply": self._reply,
            "file": self._file,
            "album": self._album,
            "react": self._react,
            "edit": self._edit,
            "revoke": self._revoke,
            "place": self._place,
            "card": self._card,
            "poll": self._poll,
            "forward": self._forward,
            "forward_expired": self._forward_expired,
            "view_once": self._view_once,
        }

    def play(self, thread: Thread, step: script.Step, at: float = 0) -> None:
        mine = step.who == "us"
        who = thread.group.members[int(step.who[1:])] if thread.group and not mine else thread.who
        frame: Frame = {"from_me": mine, "at": at or self.world.now()}
        if thread.group:
            frame["group"] = thread.group
        bodies = self.acts[step.act](thread, who, step, frame)
        for body in bodies:
            self.courier.later(self.line, body)
        if bodies and step.act not in ("react", "edit", "revoke"):
            self._remember(thread, step, self.composer.message_id(bodies[-1]), frame)

    def _remember(self, thread: Thread, step: script.Step, message_id: str, frame: Frame) -> None:
        side = "us" if step.who == "us" else "them"
        thread.last[side] = message_id
        if step.act == "text":
            thread.last_text[side] = message_id
        if side == "us":
            self._acknowledge(thread, message_id, frame["at"])

    def _acknowledge(self, thread: Thread, message_id: str, at: float) -> None:
        """Most are read, some stay delivered; one in twenty-five fails."""
        words = ["sent", "delivered", "read"][: self.random.choice((2, 3, 3, 3))]
        if self.random.random() < 0.04:
            words = ["sent", "failed"]
        for place, word in enumerate(words, 1):
            body = self._status(thread, message_id, word, at + 2 * place)
            self.courier.later(self.line, body, 0.5 + place * self.random.uniform(0.3, 1.2))

    def _status(self, thread: Thread, message_id: str, word: str, at: float) -> Body:
        if isinstance(self.composer, CloudComposer):
            return self.composer.status(thread.who, message_id, word, at)
        return self.composer.status(thread.who, message_id, word, at, thread.group)

    def _other(self, thread: Thread, step: script.Step) -> str:
        """In a group any earlier message will do."""
        if thread.group:
            return thread.last.get("them", "")
        return thread.last.get("them" if step.who == "us" else "us", "")

    def _own(self, thread: Thread, step: script.Step) -> str:
        return thread.last_text.get("us" if step.who == "us" else "them", "")

    def _text(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        return [self.composer.text(who, step.what, **frame)]

    def _reply(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        quoting: Frame = {**frame, "reply_to": self._other(thread, step)}
        return [self.composer.text(who, step.what, **quoting)]

    def _file(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        file = self.world.sample_file(self.line, step.what)
        if step.trouble:
            point = "cdn" if self.line.provider == "wapi" else "media-download"
            file.fault(point, **FAULTS[step.trouble])
        else:
            self.files = [*self.files[-19:], file]
        return [self.composer.media(who, file, step.more, **frame)]

    def _album(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        files = [self.world.sample_file(self.line, name) for name in step.what.split(",")]
        return self.composer.album(who, files, step.more, **frame)

    def _react(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        target = self._other(thread, step)
        return [self.composer.reaction(who, target, step.what, **frame)] if target else []

    def _edit(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        target = self._own(thread, step)
        return [self.composer.edit(who, target, step.what, **frame)] if target else []

    def _revoke(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        target = thread.last.get("us" if step.who == "us" else "them", "")
        return [self.composer.revoke(who, target, **frame)] if target else []

    def _place(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        return [self.composer.location(who, step.what, step.more, PLACE, **frame)]

    def _card(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        people = self.random.sample([person for person in self.contacts if person is not who], 1)
        return [self.composer.contacts(who, people, **frame)]

    def _poll(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        return [self.composer.poll(who, step.what, step.more.split(","), **frame)]

    def _forward(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        if not self.files:
            return []
        passed_on: Frame = {**frame, "forwarded": True}
        return [self.composer.media(who, self.random.choice(self.files), **passed_on)]

    def _forward_expired(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        """A forward keeps the old address, which may be past its date on arrival; at Meta's the id is gone."""
        file = self.world.sample_file(self.line, step.what, expires_in=-86_400)
        for point in ("media-info", "media-download"):
            file.fault(point, status=404)
        passed_on: Frame = {**frame, "forwarded": True}
        return [self.composer.media(who, file, step.more, **passed_on)]

    def _view_once(self, thread: Thread, who: Person, step: script.Step, frame: Frame) -> list[Body]:
        return [self.composer.view_once(who, **frame)]

    def reconnect(self, connected: bool) -> None:
        """W-API tells when the phone's session goes down or comes back; Meta has no such word."""
        if isinstance(self.composer, WapiComposer):
            self.line.connected = connected
            body = self.composer.connected() if connected else self.composer.disconnected()
            self.courier.later(self.line, body)
