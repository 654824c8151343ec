"""Whatever becomes ready, by whichever way, has its renditions asked for at that very moment."""

import uuid

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.providers.events import MediaKind
from media.services import Renderer, renditions
from media.services.auditing import strays
from media.services.discarding import discard
from media.services.recording import record as record_fetch
from media.services.recording import reuse_known
from media.services.uploads import copy_of, store_upload
from media.storage import storage
from tests.media.ledger import fetched, media_row, result_of
from tests.media.rendering import made, make_all, sample, states
from tests.telling import make_cloud

pytestmark = pytest.mark.django_db
OURS, THEIRS = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def line() -> WhatsappInstance:
    return make_cloud()


def test_a_fetched_file_asks_for_its_renditions() -> None:
    media_file = media_row(state="fetching", lease_token=OURS, mimetype="text/plain")
    record_fetch([result_of(media_file, fetched=fetched(), name="x.jpg")], OURS, timezone.now())
    assert states(media_file) == {"thumbnail": "pending"}


def test_a_fetch_that_lost_its_lease_asks_for_nothing() -> None:
    media_file = media_row(state="fetching", lease_token=THEIRS)
    record_fetch([result_of(media_file, fetched=fetched(), name="x.jpg")], OURS, timezone.now())
    assert states(media_file) == {}


def test_a_forward_shares_what_was_made(line: WhatsappInstance) -> None:
    source = {"enc_sha256": "a" * 64, "media_key": "key"}
    twin = sample(line, "voice-order.ogg", **source)
    make_all()
    forward = media_row(line, kind="voice", state="fetching", lease_token=OURS, **source)
    assert reuse_known([forward], OURS, timezone.now()) == []
    forward.refresh_from_db()
    assert made(forward, "m4a").file.name == made(twin, "m4a").file.name
    assert (forward.duration, states(forward)) == (5, {"m4a": "ready"})


def test_a_copy_shares_what_was_made_and_asks_for_the_rest(line: WhatsappInstance) -> None:
    original = sample(line, "cake.jpg")
    early = copy_of(original, instance=line, chat_id="c", now=timezone.now())
    make_all()
    late = copy_of(original, instance=line, chat_id="c", now=timezone.now())
    assert (states(early), states(late)) == ({"thumbnail": "ready"}, {"thumbnail": "ready"})
    assert made(late).file.name == made(original).file.name != made(early).file.name


@pytest.mark.django_db(transaction=True)
def test_an_upload_asks_for_its_renditions_and_takes_them_with_it(line: WhatsappInstance) -> None:
    content = storage().open(sample(line, "cake.jpg").file.name)
    upload = store_upload(
        instance=line,
        chat_id="c",
        kind=MediaKind.IMAGE,
        content=content,
        filename="cake.jpg",
        mimetype="image/jpeg",
        now=timezone.now(),
    )
    content.close()
    make_all()
    name = made(upload).file.name
    assert storage().exists(name)
    discard([upload], now=timezone.now())
    assert not storage().exists(name)


@pytest.mark.django_db(transaction=True)
def test_what_is_made_of_a_file_that_was_discarded_meanwhile_is_dropped(line: WhatsappInstance) -> None:
    row = sample(line, "cake.jpg")
    renditions.ask([(row, "image/jpeg")], now=timezone.now())
    renderer = Renderer(ffmpeg="")
    renderer.top_up(timezone.now())
    discard([row], now=timezone.now())
    while renderer.under_way:
        renderer.collect(timezone.now(), wait=1)
    renderer.close()
    assert list(strays(None)) == []
