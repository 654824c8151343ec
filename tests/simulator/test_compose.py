"""The bodies have the shape of the captured ones."""

import base64
import json
from pathlib import Path
from typing import Any

import requests

from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.server import Simulator
from tests.simulator.world import Group, Line, Person

PAYLOADS = Path(__file__).parent.parent / "payloads"
ANA = Person("Ana", "5511900003333", "100000000033333@lid", "BR.10000000000000000001")
UNUSED = {
    "JPEGThumbnail",
    "viewOnce",
    "contextInfo",
    "streamingSidecar",
    "externalShareFullVideoDurationInSeconds",
}


def captured(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / name).read_text(encoding="utf-8"))
    return found


def test_an_image_has_the_captured_fields(sim: Simulator, wapi_line: Line) -> None:
    body = WapiComposer(sim.world, wapi_line).media(ANA, sim.world.sample_file(wapi_line, "cake.jpg"), "bolo")
    known = captured("wapi/02-webhookReceived-imageMessage.json")
    assert set(known) == set(body)
    assert set(known["msgContent"]["imageMessage"]) - UNUSED <= set(body["msgContent"]["imageMessage"])


def test_the_older_dialect_spells_differently(sim: Simulator, wapi_line: Line) -> None:
    wapi_line.dialect = "A"
    file = sim.world.sample_file(wapi_line, "voice-order.ogg")
    body = WapiComposer(sim.world, wapi_line).media(ANA, file, from_me=True)
    known = captured("wapi/05-webhookDelivery-audioMessage-ptt-lowercase-dialect.json")
    assert body["event"] == "webhookDelivery"
    assert set(known["msgContent"]["audioMessage"]) == set(body["msgContent"]["audioMessage"])
    assert len(base64.b64decode(body["msgContent"]["audioMessage"]["waveform"])) == 64


def test_a_reaction_has_the_captured_fields(sim: Simulator, wapi_line: Line) -> None:
    body = WapiComposer(sim.world, wapi_line).reaction(ANA, "3EB0018C267D72F6381A2E", "👍")
    known = captured("wapi/23-webhookReceived-reactionMessage.json")["msgContent"]["reactionMessage"]
    found = body["msgContent"]["reactionMessage"]
    assert (set(found), set(found["key"])) == (set(known), set(known["key"]))


def test_a_group_message_names_group_and_sender(sim: Simulator, wapi_line: Line) -> None:
    group = Group("120363000000000001@g.us", "Pedidos", [ANA])
    body = WapiComposer(sim.world, wapi_line).text(ANA, "oi", group=group)
    assert (body["isGroup"], body["chat"]["id"], body["sender"]["id"]) == (True, group.id, ANA.phone)


def test_a_reply_quotes_its_message(sim: Simulator, wapi_line: Line) -> None:
    body = WapiComposer(sim.world, wapi_line).text(ANA, "sim", reply_to="3EB0AA")
    text = body["msgContent"]["extendedTextMessage"]
    assert (text["text"], text["contextInfo"]["stanzaID"]) == ("sim", "3EB0AA")


def test_a_forward_keeps_key_and_sum(sim: Simulator, wapi_line: Line) -> None:
    composer = WapiComposer(sim.world, wapi_line)
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    first = composer.media(ANA, file)["msgContent"]["imageMessage"]
    again = composer.media(ANA, file, forwarded=True)["msgContent"]["imageMessage"]
    assert again["contextInfo"]["isForwarded"]
    assert (again["mediaKey"], again["fileEncSHA256"]) == (first["mediaKey"], first["fileEncSHA256"])


def test_cloud_media_has_the_captured_fields(sim: Simulator, cloud_line: Line) -> None:
    file = sim.world.sample_file(cloud_line, "voice-order.ogg")
    body = CloudComposer(sim.world, cloud_line).media(ANA, file)
    known = captured("cloud/05-audio-voice.json")["entry"][0]["changes"][0]["value"]
    found = body["entry"][0]["changes"][0]["value"]
    assert set(known["messages"][0]) == set(found["messages"][0])
    assert set(known["messages"][0]["audio"]) == set(found["messages"][0]["audio"])
    assert found["messages"][0]["audio"]["sha256"] == base64.b64encode(file.sha256).decode()


def test_a_webhooks_address_serves_the_file(sim: Simulator, cloud_line: Line) -> None:
    file = sim.world.sample_file(cloud_line, "cake.jpg")
    value = CloudComposer(sim.world, cloud_line).media(ANA, file)["entry"][0]["changes"][0]["value"]
    url = value["messages"][0]["image"]["url"]
    answer = requests.get(url, headers={"Authorization": f"Bearer {cloud_line.token}"}, timeout=30)
    assert answer.content == file.plain.data


def test_a_cloud_reaction_taken_back_has_no_emoji(sim: Simulator, cloud_line: Line) -> None:
    body = CloudComposer(sim.world, cloud_line).reaction(ANA, "wamid.X", "")
    message = body["entry"][0]["changes"][0]["value"]["messages"][0]
    assert message["reaction"] == {"message_id": "wamid.X"}
