"""The worker's renditions: what is asked for, what is made of it, and what comes of trouble."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Change, WhatsappInstance
from media.models import MediaFile, Rendition
from media.rendering.jobs import NotMade
from media.services import Renderer
from media.services.making import Errand, Result, Sandboxes, make
from media.services.recording import record as record_fetch
from media.services.rendered import record
from media.services.rendering import claim, count_attempt
from media.storage import storage
from tests.media.ledger import fetched, result_of
from tests.media.rendering import (
    FFMPEG,
    PAGE,
    amr,
    made,
    make_all,
    picture,
    sample,
    shown,
    states,
    stored,
)
from tests.simulator.samples import bytes_of
from tests.telling import make_cloud

pytestmark = [pytest.mark.once, pytest.mark.django_db]
OURS, THEIRS = uuid.UUID(int=1), uuid.UUID(int=2)
BREAK = timedelta(minutes=20)


@pytest.fixture
def line() -> WhatsappInstance:
    return make_cloud()


def claimed(token: uuid.UUID = OURS, later: timedelta = timedelta()) -> Rendition:
    [rendition] = claim(1, token, timezone.now() + later)
    return rendition


def begun(later: timedelta) -> Rendition:
    rendition = claimed(later=later)
    count_attempt([rendition], OURS)
    return rendition


def test_a_picture_gets_a_thumbnail_beside_it(line: WhatsappInstance) -> None:
    media_file = sample(line, "cake.jpg")
    make_all()
    thumbnail = made(media_file)
    assert (thumbnail.state, thumbnail.mimetype, thumbnail.width, thumbnail.height) == (
        "ready",
        "image/webp",
        320,
        240,
    )
    folder = Path(media_file.file.name).parents[1]
    assert thumbnail.file.name == f"{folder}/renditions/{media_file.pk}_thumbnail.webp"
    assert thumbnail.size == storage().size(thumbnail.file.name)
    assert shown(thumbnail).size == (320, 240)


def test_the_original_is_not_touched(line: WhatsappInstance) -> None:
    media_file = sample(line, "cake.jpg")
    make_all()
    media_file.refresh_from_db()
    with media_file.file.open("rb") as content:
        assert content.read() == bytes_of("cake.jpg")
    assert (media_file.width, media_file.height, media_file.mimetype) == (1280, 960, "image/jpeg")


def test_only_a_large_picture_gets_a_preview(line: WhatsappInstance) -> None:
    large, small = stored(line, picture(2000, 1000)), stored(line, picture(1600, 900))
    make_all()
    assert states(large) == {"thumbnail": "ready", "preview": "ready"}
    assert (made(large, "preview").width, made(large, "preview").height) == (1600, 800)
    assert states(small) == {"thumbnail": "ready"}


def test_a_pdf_gets_a_thumbnail_and_its_number_of_pages(line: WhatsappInstance) -> None:
    media_file = sample(line, "guide.pdf")
    make_all()
    media_file.refresh_from_db()
    assert (media_file.pages, made(media_file).height) == (3, 320)


def test_a_video_gets_a_thumbnail(line: WhatsappInstance) -> None:
    media_file = sample(line, "morning.mp4")
    make_all()
    assert states(media_file) == {"thumbnail": "ready"}
    assert shown(made(media_file)).size == (320, 180)


def test_a_voice_note_plays_everywhere_and_is_drawn(line: WhatsappInstance) -> None:
    media_file = sample(line, "voice-order.ogg")
    make_all()
    media_file.refresh_from_db()
    assert states(media_file) == {"m4a": "ready", "waveform": "ready"}
    assert made(media_file, "m4a").mimetype == "audio/mp4"
    assert (media_file.duration, len(media_file.waveform), max(media_file.waveform)) == (5, 64, 100)


def test_what_the_message_said_stands(line: WhatsappInstance) -> None:
    known = sample(line, "voice-order.ogg", waveform=bytes(64 * [7]), duration=5)
    half_known = sample(line, "voice-order.ogg", waveform=bytes(64 * [7]))
    make_all()
    half_known.refresh_from_db()
    assert "waveform" not in states(known)
    assert (bytes(half_known.waveform), half_known.duration) == (bytes(64 * [7]), 5)


def test_old_telephones_sounds_are_made_playable_and_music_stays(line: WhatsappInstance) -> None:
    recording, music = stored(line, amr(), "audio", mimetype="audio/amr"), sample(line, "song.mp3")
    make_all()
    assert (states(recording), states(music)) == ({"m4a": "ready"}, {})


def test_nothing_is_made_of_other_documents_nor_of_pages_that_are_called_pictures(
    line: WhatsappInstance,
) -> None:
    others = [sample(line, name) for name in ("orders.csv", "agreement.docx")]
    others.append(stored(line, PAGE, mimetype="image/jpeg", filename="cake.jpg"))
    assert [states(media_file) for media_file in others] == [{}, {}, {}]


def test_a_picture_that_was_sent_as_a_document_gets_a_thumbnail_too(line: WhatsappInstance) -> None:
    assert states(stored(line, picture(9, 9), "document")) == {"thumbnail": "pending"}


def test_the_feed_tells_of_what_is_ready(line: WhatsappInstance) -> None:
    media_file = sample(line, "receipt.png")
    make_all()
    told = Change.objects.get()
    assert (told.topic, told.action, told.object_id) == ("media", "updated", media_file.pk)


def test_a_broken_picture_fails_at_once_and_nobody_is_told(line: WhatsappInstance) -> None:
    media_file = stored(line, picture(900, 900)[:-500])
    make_all()
    rendition = made(media_file)
    assert (rendition.state, rendition.attempts) == ("failed", 1)
    assert rendition.error.startswith("cannot be read: OSError: image file is truncated")
    assert not Change.objects.exists()


def test_a_picture_of_too_many_bytes_is_not_opened(line: WhatsappInstance) -> None:
    media_file = sample(line, "receipt.png")
    MediaFile.objects.update(size=65 * 1024**2)
    make_all()
    assert (made(media_file).state, made(media_file).error) == ("failed", "larger than 64 MiB")


def test_a_killed_process_is_tried_twice_more(line: WhatsappInstance) -> None:
    media_file = sample(line, "receipt.png")
    seen = []
    for attempt in range(3):
        killed = Result(Errand(begun(attempt * BREAK), ""), error=NotMade("ended", again=True))
        record(killed, OURS, timezone.now() + attempt * BREAK)
        seen.append(made(media_file).state)
    assert seen == ["pending", "pending", "failed"]
    assert made(media_file).error == "ended"


def test_a_worker_that_was_killed_in_the_middle_loses_nothing(line: WhatsappInstance) -> None:
    media_file = sample(line, "receipt.png")
    lost = claimed(THEIRS)
    make_all()
    assert made(media_file).state == "making"
    make_all(later=timedelta(minutes=5))
    assert made(media_file).state == "ready"
    record(Result(Errand(lost, ""), error=NotMade("too late")), THEIRS, timezone.now())
    assert made(media_file).state == "ready"


def test_what_kills_workers_is_given_up(line: WhatsappInstance) -> None:
    media_file = sample(line, "receipt.png")
    for day in range(3):
        begun(timedelta(days=day))
    make_all(later=timedelta(days=4))
    assert (made(media_file).state, made(media_file).error) == (
        "failed",
        "given up: workers ended while making it",
    )


def test_what_was_claimed_ahead_by_workers_that_were_killed_is_made(line: WhatsappInstance) -> None:
    media_files = [sample(line, "receipt.png") for _ in range(3)]
    for day in range(3):
        assert len(claim(3, uuid.uuid4(), timezone.now() + timedelta(days=day))) == 3
    later, renderer = timezone.now() + timedelta(days=4), Renderer(ffmpeg=FFMPEG)
    renderer._pace.ahead = 1
    renderer.top_up(later)
    assert sorted(made(one).attempts for one in media_files) == [0, 1, 1]
    while renderer.under_way:
        renderer.collect(later, wait=1)
    renderer.close()
    assert {(made(one).state, made(one).attempts) for one in media_files} == {("ready", 1)}


def test_without_ffmpeg_its_work_is_left_out_and_done_when_it_appears(line: WhatsappInstance) -> None:
    voice, video, cake = (sample(line, name) for name in ("voice-order.ogg", "morning.mp4", "cake.jpg"))
    make_all(ffmpeg="")
    assert states(voice) == {"m4a": "unavailable", "waveform": "unavailable"}
    assert (states(video), states(cake)) == ({"thumbnail": "unavailable"}, {"thumbnail": "ready"})
    assert made(video).error == "there is no ffmpeg on this machine"
    make_all()
    assert {*states(voice).values(), *states(video).values()} == {"ready"}


def test_a_line_that_is_switched_off_gets_its_renditions(line: WhatsappInstance) -> None:
    media_file = sample(line, "receipt.png")
    WhatsappInstance.objects.update(is_active=False)
    make_all()
    assert made(media_file).state == "ready"


def test_the_newest_comes_first(line: WhatsappInstance) -> None:
    _, newest = sample(line, "receipt.png"), sample(line, "receipt.png")
    assert claimed().media_file_id == newest.pk


def test_a_lost_original_is_marked_and_its_rendition_made_when_it_is_back(line: WhatsappInstance) -> None:
    media_file = sample(line, "receipt.png")
    storage().delete(media_file.file.name)
    make_all()
    media_file.refresh_from_db()
    assert (media_file.state, made(media_file).state) == ("missing", "failed")
    held = {"state": "fetching", "lease_token": OURS}
    MediaFile.objects.filter(pk=media_file.pk).update(**held)
    record_fetch([result_of(media_file, fetched=fetched(), name="x.png")], OURS, timezone.now())
    assert made(media_file).state == "pending"


def test_a_storage_that_takes_nothing_costs_no_attempt(line: WhatsappInstance, settings: Settings) -> None:
    media_file = sample(line, "receipt.png")
    default = {"BACKEND": "tests.media.full.FullStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    make_all()
    rendition = made(media_file)
    assert (rendition.state, rendition.attempts) == ("pending", 0)
    assert "the bucket is full" in rendition.error


def test_no_work_folder_is_left(line: WhatsappInstance, media_root: Path) -> None:
    stored(line, picture(900, 900)[:-500])
    sample(line, "cake.jpg")
    make_all()
    assert list((media_root / ".incoming").iterdir()) == []


def test_a_large_original_is_looked_at_in_its_place(line: WhatsappInstance) -> None:
    media_file = sample(line, "morning.mp4")
    media_file.size = 65 * 1024**2
    rendition = made(media_file)
    rendition.media_file = media_file
    sandboxes = Sandboxes()
    result = make(Errand(rendition, FFMPEG), sandboxes)
    sandboxes.close()
    assert (result.error, result.trouble, bool(result.made)) == (None, "", True)
    with media_file.file.open("rb") as content:
        assert content.read() == bytes_of("morning.mp4")
