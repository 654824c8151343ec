"""Both clients against the simulator, over real connections."""

from collections.abc import Iterator

import pytest

from accounts.providers import PROVIDERS, errors
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


def client_of(sim: Simulator, line: Line, door: Door) -> Provider:
    credentials = Credentials(instance_id=line.id, token=TOKEN, verify_token="a word")
    base_url = sim.wapi_base if line.provider == "wapi" else sim.cloud_base
    return PROVIDERS[line.provider](credentials, door=door, base_url=base_url)


@pytest.fixture
def provider(sim: Simulator, door: Door, line: Line) -> Provider:
    return client_of(sim, line, door)


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


def sending_point(provider: Provider) -> str:
    return "send-text" if provider.name == "wapi" else "messages"


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ({"hang_up": True}, 0),
        ({"accepts": True, "hang_up": True}, 1),
        ({"accepts": True, "status": 502, "body": "<html>"}, 1),
        ({"answer_after": 5}, 1),
        ({"cut_at": 1}, 1),
    ],
)
def test_a_sending_without_an_answer_may_have_arrived(
    sim: Simulator, line: Line, fault: dict[str, object], sent: int
) -> None:
    impatient = Door(Rules(extra=(sim.host,)), timeout=(1, 0.3))
    provider = client_of(sim, line, impatient)
    sim.world.fault(sending_point(provider), **fault)
    with pytest.raises(errors.Unavailable) as caught:
        provider.send_text(PHONE, "hello")
    assert (caught.value.may_have_arrived, len(sim.world.sent)) == (True, sent)


def test_a_sending_that_was_refused_has_not_arrived(sim: Simulator, provider: Provider) -> None:
    sim.world.fault(sending_point(provider), status=429, retry_after="7")
    with pytest.raises(errors.Unavailable) as caught:
        provider.send_text(PHONE, "hello")
    assert (caught.value.may_have_arrived, sim.world.sent) == (False, [])


def test_a_read_receipt_goes_its_own_way(sim: Simulator, provider: Provider) -> None:
    sim.world.fault(sending_point(provider), status=500)
    provider.mark_read(PHONE, "M1")
    [seen] = sim.world.seen("read-message")
    assert "M1" in seen.request.json.values()


@pytest.fixture
def cloud(sim: Simulator, door: Door) -> Provider:
    return client_of(sim, sim.world.add_line(Line("cloud", CLOUD_ID, TOKEN, PHONE)), door)


def test_outside_the_window_only_a_template_goes(sim: Simulator, cloud: Provider) -> None:
    sim.world.enforces_window = True
    with pytest.raises(errors.WindowClosed):
        cloud.send_text(PHONE, "hello")
    cloud.send_template(PHONE, name="hello", language="en", components=[])
    assert [sent.kind for sent in sim.world.sent] == ["template"]


def test_too_many_messages_to_one_are_that_chats_trouble(sim: Simulator, cloud: Provider) -> None:
    sim.world.pair_limit = 1
    cloud.send_text(PHONE, "hello")
    with pytest.raises(errors.TooManyToOneChat) as caught:
        cloud.send_text(PHONE, "hello")
    cloud.send_text("5511900009999", "hello")
    assert not caught.value.may_have_arrived
