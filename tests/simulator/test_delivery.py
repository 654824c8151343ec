import socket
import threading
import time
from http.server import HTTPServer

import requests

from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.conftest import Inbox, answering
from tests.simulator.server import Simulator
from tests.simulator.world import Line, Person

ANA = Person("Ana", "5511900003333")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_webhook_waits_for_the_product_to_come_up(sim: Simulator, wapi_line: Line) -> None:
    port, inbox = free_port(), Inbox()
    wapi_line.use_webhook(f"http://127.0.0.1:{port}/hook")
    sim.courier.later(wapi_line, WapiComposer(sim.world, wapi_line).text(ANA, "oi"))
    time.sleep(0.2)
    with HTTPServer(("127.0.0.1", port), answering(inbox)) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert inbox.wait_for(1)[0]["msgContent"]["conversation"] == "oi"
        thread.join()


def test_a_line_without_an_address_posts_nowhere(sim: Simulator, wapi_line: Line) -> None:
    assert sim.courier.deliver(wapi_line, WapiComposer(sim.world, wapi_line).text(ANA, "oi")) == 0


def test_events_go_to_their_own_slots(sim: Simulator, wapi_line: Line, inbox: Inbox) -> None:
    wapi_line.webhooks = {"message-status": inbox.url}
    composer = WapiComposer(sim.world, wapi_line)
    assert sim.courier.deliver(wapi_line, composer.text(ANA, "oi")) == 0
    assert sim.courier.deliver(wapi_line, composer.status(ANA, "3EB0", "read")) == 200


def test_another_process_says_something(sim: Simulator, wapi_line: Line, inbox: Inbox) -> None:
    wapi_line.use_webhook(inbox.url)
    said = {"line": wapi_line.id, "sample": "cake.jpg", "text": "bolo"}
    answer = requests.post(f"{sim.url}/_sim/say", json=said, timeout=30).json()
    assert answer["status"] == 200
    assert inbox.bodies == [answer["body"]]
