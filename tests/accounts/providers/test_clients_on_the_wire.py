"""Both clients against the simulator, over real connections."""

from collections.abc import Iterator

import pytest

from accounts.providers import PROVIDERS
from accounts.providers.base import Credentials, MediaLocation, OutgoingMedia, Provider
from accounts.providers.events import MediaDescriptor, MediaKind
from accounts.providers.http import Door, Rules, read_all
from tests.accounts.providers.lines import CLOUD_ID, NOW, PHONE, TOKEN, WAPI_ID
from tests.simulator.server import Simulator
from tests.simulator.world import Line

CONTENT = b"\x89PNG\r\n\x1a\n" + b"pixels" * 1000


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def door(sim: Simulator) -> Door:
    return Door(Rules(extra=(sim.host,)))


@pytest.fixture(params=["wapi", "cloud"])
def line(request: pytest.FixtureRequest, sim: Simulator) -> Line:
    line_id = WAPI_ID if request.param == "wapi" else CLOUD_ID
    return sim.world.add_line(Line(request.param, line_id, TOKEN, PHONE))


@pytest.fixture
def provider(sim: Simulator, door: Door, line: Line) -> Provider:
    credentials = Credentials(instance_id=line.id, token=TOKEN, verify_token="a word")
    base_url = sim.wapi_base if line.provider == "wapi" else sim.cloud_base
    return PROVIDERS[line.provider](credentials, door=door, base_url=base_url)


def downloaded(door: Door, location: MediaLocation) -> bytes:
    with door.download(location.url, token=location.token) as body:
        return read_all(body, 1_000_000)


def test_a_received_file_is_found(sim: Simulator, door: Door, line: Line, provider: Provider) -> None:
    file = sim.world.bytes_file(line, CONTENT, "image", "image/png")
    media = MediaDescriptor(
        kind=MediaKind.IMAGE,
        mimetype="image/png",
        media_key=file.media_key,
        direct_path=file.direct_path,
        media_id=file.id,
    )
    assert downloaded(door, provider.locate_media(media, now=NOW)) == CONTENT


def test_a_sent_file_arrives(sim: Simulator, provider: Provider) -> None:
    media = OutgoingMedia(kind=MediaKind.IMAGE, mimetype="image/png", content=CONTENT)
    message_id = provider.send_media(PHONE, media)
    [sent] = sim.world.sent
    assert sent.id == message_id
    assert sent.file is not None
    assert sent.file.plain.read() == CONTENT


def test_the_webhook_is_set(provider: Provider, line: Line) -> None:
    provider.configure_webhooks("https://hub.example.com/w/")
    assert set(line.webhooks.values()) == {"https://hub.example.com/w/"}


def test_the_line_tells_whether_it_is_up(provider: Provider, line: Line) -> None:
    assert provider.status().connected
    line.connected = False
    assert not provider.status().connected
