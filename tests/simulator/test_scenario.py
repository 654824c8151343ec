import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulator import scenario, state
from tests.simulator.cast import demo_lines
from tests.simulator.conftest import Inbox
from tests.simulator.server import Simulator
from tests.simulator.world import Line, World


@pytest.fixture
def lines(sim: Simulator, inbox: Inbox) -> list[Line]:
    found = [sim.world.add_line(line) for line in demo_lines()]
    for line in found:
        line.use_webhook(inbox.url)
    return found


@pytest.fixture
def feed(sim: Simulator, lines: list[Line]) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=scenario.run, args=(sim, lines, stop, 0.02, 7, 0.3))
    thread.start()
    yield stop
    stop.set()
    thread.join()


def kinds(bodies: list[dict[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for body in bodies:
        if "event" in body:
            found.update(name for name in body.get("msgContent", {}) if name != "messageContextInfo")
        else:
            value = body["entry"][0]["changes"][0]["value"]
            found.update(item["type"] for item in value.get("messages", []) + value.get("message_echoes", []))
    return found


def test_the_opening_shows_most_kinds(feed: threading.Event, inbox: Inbox) -> None:
    found = kinds(inbox.wait_for(150))
    wapi = {"imageMessage", "videoMessage", "audioMessage", "documentWithCaptionMessage", "stickerMessage"}
    wapi |= {"conversation", "extendedTextMessage", "locationMessage", "contactMessage", "reactionMessage"}
    wapi |= {"protocolMessage", "albumMessage", "viewOnceMessageV2"}
    cloud = {"text", "image", "video", "audio", "document", "sticker", "reaction"}
    assert (wapi | cloud) - set(found) == set()


def test_it_goes_on_after_the_opening(feed: threading.Event, inbox: Inbox) -> None:
    opening = len(inbox.wait_for(150))
    assert len(inbox.wait_for(opening + 150)) >= opening + 150


def test_it_waits_for_addresses_and_stops_when_told(sim: Simulator) -> None:
    line = sim.world.add_line(demo_lines()[0])
    stop = threading.Event()
    thread = threading.Thread(target=scenario.run, args=(sim, [line], stop))
    thread.start()
    stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert not sim.world.deliveries


def test_a_second_run_still_serves_what_the_first_promised(tmp_path: Path) -> None:
    kept = tmp_path / "state.json"
    first = World()
    line = first.add_line(demo_lines()[0])
    file = first.sample_file(line, "cake.jpg")
    state.save(first, kept, 1)
    first.close()
    with Simulator(world=World()) as sim:
        assert state.load(sim.world, kept) == 1
        assert requests.get(sim.cdn_base + file.direct_path, timeout=30).content == file.stored.data
        assert sim.world.lines[line.id].groups == line.groups
