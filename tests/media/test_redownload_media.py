"""The command that asks for media again: what it chooses, what it refuses, and what --now brings."""

from base64 import b64encode
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Client, WhatsappInstance
from media.models import MediaFile
from tests.simulator.samples import manifest
from tests.simulator.world import Line

pytestmark = pytest.mark.django_db
State = MediaFile.State


def make_instance(slug="acme"):
    client, _ = Client.objects.get_or_create(name=slug.title(), slug=slug)
    facts = {"client": client, "name": "Sales", "token": "a-token"}
    found, _ = WhatsappInstance.objects.get_or_create(
        provider="wapi", instance_id=f"ID-{slug}", defaults=facts
    )
    return found


def add(state=State.FAILED, instance=None, **fields):
    fields = {"kind": "image", "error": "it was refused", "attempts": 7} | fields
    return MediaFile.objects.create(instance=instance or make_instance(), state=state, **fields)


def redownload(**options):
    out = StringIO()
    call_command("redownload_media", stdout=out, **options)
    return out.getvalue()


def waiting():
    return set(MediaFile.objects.filter(state=State.PENDING, attempts=0).values_list("pk", flat=True))


def test_without_filters_whatever_has_no_file_is_put_back():
    kept = [add(State.READY, file="a.jpg"), add(State.FETCHING), add(State.UNAVAILABLE)]
    asked = {add(state).pk for state in (State.PENDING, State.MISSING, State.EXPIRED, State.FAILED)}
    assert "4 media files put back to pending." in redownload()
    assert waiting() == asked
    assert [MediaFile.objects.get(pk=row.pk).state for row in kept] == [row.state for row in kept]


def test_unavailable_files_are_asked_for_by_name():
    media_file = add(State.UNAVAILABLE)
    redownload(state="unavailable")
    assert waiting() == {media_file.pk}


def test_a_dry_run_only_counts():
    add(), add(State.EXPIRED), add(State.EXPIRED)
    assert "3 media files would be put back: 2 expired, 1 failed." in redownload(dry_run=True)
    assert waiting() == set()


@pytest.mark.parametrize("given", ["acme", "by id"])
def test_by_client(given):
    mine, _ = add(), add(instance=make_instance("other"))
    redownload(client=str(mine.instance.client_id) if given == "by id" else given)
    assert waiting() == {mine.pk}


@pytest.mark.parametrize("given", ["ID-acme", "by id"])
def test_by_instance(given):
    mine, _ = add(), add(instance=make_instance("other"))
    redownload(instance=str(mine.instance_id) if given == "by id" else given)
    assert waiting() == {mine.pk}


def test_by_state_and_kind():
    video = add(State.EXPIRED, kind="video")
    add(State.EXPIRED, kind="image"), add(State.FAILED, kind="video")
    redownload(state="expired,missing", kind="video,audio")
    assert waiting() == {video.pk}


def test_by_time_where_a_day_counts_whole():
    days = [add(created_at=datetime(2026, 3, day, 23, 30, tzinfo=UTC)) for day in (1, 2, 3)]
    redownload(since="2026-03-02", until="2026-03-02")
    assert waiting() == {days[1].pk}


def test_until_a_moment():
    early, _ = [add(created_at=datetime(2026, 3, 1, hour, tzinfo=UTC)) for hour in (10, 12)]
    redownload(until="2026-03-01T11:00")
    assert waiting() == {early.pk}


def test_by_id():
    wanted, _ = add(), add()
    redownload(id=[wanted.pk])
    assert waiting() == {wanted.pk}


def test_a_limit_takes_the_nearest_deadline_first():
    add(expires_at=datetime(2026, 5, 1, tzinfo=UTC))
    urgent = add(expires_at=datetime(2026, 4, 1, tzinfo=UTC))
    redownload(limit=1)
    assert waiting() == {urgent.pk}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"state": "ready"}, "Run audit_media --fix first"),
        ({"state": "fetching"}, "being fetched right now"),
        ({"state": "lost"}, "--state 'lost' is not one of: pending, fetching, ready"),
        ({"kind": "film"}, "--kind 'film' is not one of: image, video"),
        ({"client": "nobody"}, "no client 'nobody'. There are: acme."),
        ({"instance": "x"}, "no instance 'x'. There are: ID-acme."),
        ({"since": "yesterday"}, "--since 'yesterday' is not a time like"),
        ({"until": "2026-02-31"}, "--until '2026-02-31' is not a time like"),
        ({"limit": 0}, "--limit must be at least 1"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(options, sentence):
    media_file = add()
    with pytest.raises(CommandError) as refused:
        redownload(**options)
    assert sentence in str(refused.value)
    assert MediaFile.objects.get(pk=media_file.pk).state == State.FAILED


@pytest.mark.django_db(transaction=True)
def test_now_fetches_and_sums_up(sim):
    instance = make_instance()
    line = sim.world.add_line(Line("wapi", instance.instance_id, "a-token", "5511900001111"))
    name = next(name for name, facts in manifest().items() if facts["kind"] == "image")
    good, gone = sim.world.sample_file(line, name), sim.world.sample_file(line, name)
    gone.fault(status=404)
    sim.world.fault("download-media", status=404)
    rows = [expired(instance, file) for file in (good, gone)]
    told = redownload(now=True)
    assert "2 media files put back to pending." in told
    assert "Now: 1 ready, 1 expired." in told
    assert MediaFile.objects.get(pk=rows[0].pk).sha256 == good.sha256.hex()


def expired(instance, file):
    facts = {"media_key": b64encode(file.media_key).decode(), "direct_path": file.direct_path}
    return add(State.EXPIRED, instance=instance, enc_sha256=file.enc_sha256.hex(), **facts)


def test_the_log_of_each_file_is_for_the_curious_only(caplog):
    add()
    redownload()
    assert "asked for again" not in caplog.text
    redownload(verbosity=2)
    assert "asked for again" in caplog.text
