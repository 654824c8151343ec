"""What people write in the storm: all kinds of news of a message, twice, out of order, until answered with 200."""

import heapq
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import requests

from tests.chaos.app.expected import Expected
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.delivery import Body, address, encode, headers_for
from tests.simulator.server import Simulator
from tests.simulator.world import Line, Person, StoredFile

TWICE, LATE, LATEST_SECONDS = 0.25, 0.2, 8.0
MEDIA, EDITED, REVOKED, REACTED, OURS, DEAD = 0.5, 0.1, 0.05, 0.15, 0.2, 0.04
PEOPLE = 12
STATUSES = ("sent", "delivered", "read")
HEADS = {
    "image": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "video": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
}
TYPES = {"image": "image/jpeg", "video": "video/mp4"}
# Who has lost a file for good says so at each of its doors.
DOORS = {"wapi": ("cdn", "download-media", "file-link"), "cloud": ("media-info", "media-download")}


@dataclass(order=True, slots=True)
class Letter:
    due: float
    number: int
    line: Line = field(compare=False)
    body: Body = field(compare=False)


class Traffic:
    def __init__(self, sim: Simulator, lines: list[Line], ports: list[int], seed: int) -> None:
        self.sim, self.lines, self.ports = sim, lines, ports
        self.dice = random.Random(seed)
        self.expected: dict[str, Expected] = {}
        self.answers: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()
        self._letters: list[Letter] = []
        self._number = 0
        self._lock = threading.Condition()
        self._closed = False

    def write(self, number: int) -> None:
        """One message and what becomes of it."""
        line = self.lines[number % len(self.lines)]
        compose = (WapiComposer if line.provider == "wapi" else CloudComposer)(self.sim.world, line)
        who = _person(line, self.dice.randrange(PEOPLE))
        if self.dice.random() < OURS:
            self._ours(line, compose, who, number)
        else:
            self._theirs(line, compose, who, number)

    def _theirs(self, line: Line, compose: WapiComposer | CloudComposer, who: Person, number: int) -> None:
        text, file = f"storm {number}", self._file(line) if self.dice.random() < MEDIA else None
        body = compose.media(who, file, text) if file else compose.text(who, text)
        message_id = compose.message_id(body)
        expected = self.expected[message_id] = Expected(line.id, text, file.sha256.hex() if file else "")
        self._post(line, body)
        if file and self.dice.random() < DEAD:
            self._let_die(line, file)
            expected.dead = True
        fate = self.dice.random()
        if not file and fate < EDITED:
            expected.text = f"{text}, mended"
            self._post(line, compose.edit(who, message_id, expected.text), after=1)
        elif not file and fate < EDITED + REVOKED:
            expected.revoked = True
            self._post(line, compose.revoke(who, message_id), after=1)
        elif fate > 1 - REACTED:
            expected.reaction = "❤"
            self._post(line, compose.reaction(who, message_id, "❤"), after=1)

    def _ours(self, line: Line, compose: WapiComposer | CloudComposer, who: Person, number: int) -> None:
        text = f"storm {number} of ours"
        body = compose.text(who, text, from_me=True)
        message_id = compose.message_id(body)
        self.expected[message_id] = Expected(line.id, text, status="read")
        self._post(line, body)
        for place, word in enumerate(STATUSES, 1):
            self._post(
                line, compose.status(who, message_id, word, self.sim.world.now() + place), after=place / 2
            )

    def _file(self, line: Line) -> StoredFile:
        kind = self.dice.choices(list(TYPES), (9, 1))[0]
        size = self.dice.randint(2_000, 120_000) if kind == "image" else self.dice.randint(300_000, 3_000_000)
        data = HEADS[kind] + self.dice.randbytes(size)
        return self.sim.world.bytes_file(line, data, kind, TYPES[kind])

    def _let_die(self, line: Line, file: StoredFile) -> None:
        for door in DOORS[line.provider]:
            file.fault(door, status=404)

    def _post(self, line: Line, body: Body, after: float = 0) -> None:
        """Late ones overtake each other; a quarter comes again."""
        if self.dice.random() < LATE:
            after += self.dice.uniform(0, LATEST_SECONDS)
            self.injected["webhooks out of order"] += 1
        self._push(line, body, after)
        if self.dice.random() < TWICE:
            self._push(line, body, after + self.dice.uniform(0, LATEST_SECONDS))
            self.injected["webhooks delivered twice"] += 1

    def _push(self, line: Line, body: Body, after: float) -> None:
        with self._lock:
            self._number += 1
            heapq.heappush(self._letters, Letter(time.monotonic() + after, self._number, line, body))
            self._lock.notify()

    def close(self) -> None:
        """No letter comes after this; carriers end when the last one is delivered."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def carry(self) -> None:
        """As a provider that insists, on a thread of its own."""
        dice = random.Random(threading.get_ident())
        with requests.Session() as session:
            session.trust_env = False
            while (letter := self._next()) is not None:
                while not self._delivered(session, letter, dice.choice(self.ports)):
                    time.sleep(dice.uniform(0.2, 1))

    def _next(self) -> Letter | None:
        with self._lock:
            while self._letters or not self._closed:
                wait = self._letters[0].due - time.monotonic() if self._letters else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._letters)
                self._lock.wait(wait)
        return None

    def _delivered(self, session: requests.Session, letter: Letter, port: int) -> bool:
        raw = encode(letter.line, letter.body)
        url = address(letter.line, letter.body).replace("{port}", str(port))
        try:
            answer = session.post(url, data=raw, headers=headers_for(letter.line, raw), timeout=30)
        except requests.RequestException as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[str(answer.status_code)] += 1
        return answer.status_code == 200


def _person(line: Line, number: int) -> Person:
    digits = f"{line.phone[-3:]}{number:02d}"
    return Person(f"Pessoa {number}", f"55119000{digits}", f"30000000000{digits}@lid")
