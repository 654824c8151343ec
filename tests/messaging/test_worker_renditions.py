"""Renditions over the whole way: announced, fetched, made by the worker, told."""

import pytest

from accounts.models import Change
from media.models import Rendition
from tests.messaging.announcing import announce, the_file, work
from tests.simulator.samples import bytes_of
from tests.simulator.server import Simulator
from tests.telling import make_cloud

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_voice_note_that_arrives_plays_everywhere(sim: Simulator) -> None:
    announce(sim, make_cloud(), bytes_of("voice-order.ogg"), kind="voice", mimetype="audio/ogg; codecs=opus")
    work()
    voice = the_file()
    assert dict(Rendition.objects.values_list("kind", "state")) == {"m4a": "ready", "waveform": "ready"}
    assert (voice.duration, len(voice.waveform)) == (5, 64)


def test_a_rendition_is_told_after_its_file(sim: Simulator) -> None:
    announce(sim, make_cloud(), bytes_of("cake.jpg"))
    work()
    told = Change.objects.filter(topic="media", object_id=the_file().pk).order_by("pk")
    ready = Rendition.objects.get()
    assert (ready.kind, ready.state) == ("thumbnail", "ready")
    assert [change.occurred_at for change in told][-1] == ready.ready_at
