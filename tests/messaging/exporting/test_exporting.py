"""Exports: what is in them, that nothing hostile gets out of them, and that a cut is no new beginning."""

import hashlib
import io
import shutil
import subprocess
import zipfile
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from media.models import MediaFile
from messaging.models import Conversation, Export, Message, Note, Reaction
from messaging.services import exporting
from messaging.services.exporting import Exporter, planning, request_export
from messaging.services.exporting.requesting import remove_over
from tests.media.bucket import bucket, front, moto, use  # noqa: F401
from tests.messaging.exporting.making import NOW, Clock, archive_of, made, names, told
from tests.tenants import PICTURE, make_media_file, make_message, make_ready

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = pytest.mark.django_db
HOSTILE = "../../../etc/<script>alert(1)</script>\u202egpj.exe"


@pytest.fixture
def small(monkeypatch):
    """Parts and pages so small that few messages make many."""
    monkeypatch.setattr(planning, "PAGE", 2)
    monkeypatch.setattr(planning, "MESSAGES_A_PART", 2)


def group_of(rows, **facts):
    return Conversation.objects.create(instance=rows.instance, chat_id="1@g.us", kind="group", **facts)


def test_a_conversation_with_its_files(acme):
    picture = make_ready(acme.instance, filename="cake.jpg")
    make_message(acme.conversation, type="image", media=picture, text="look")
    archive = archive_of(made(acme.conversation))
    [page] = names(archive, "messages-0001.json")
    message = told(archive, page)["messages"][1]
    assert message["text"] == "look"
    assert archive.read(f"{page.rpartition('/')[0]}/{message['media']['file']}") == PICTURE


def test_every_entry_is_in_the_manifest_with_its_sum(acme):
    make_message(acme.conversation, type="image", media=make_ready(acme.instance))
    archive = archive_of(made(acme.client))
    entries = told(archive, "manifest.json")["entries"]
    assert {one["path"] for one in entries} == set(archive.namelist()) - {"manifest.json"}
    for one in entries:
        content = archive.read(one["path"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["size"], one["sha256"])


def test_a_file_that_is_not_there_is_told_with_its_reason(acme):
    lost = make_ready(acme.instance)
    message = make_message(acme.conversation, type="image", media=lost)
    lost.file.storage.delete(lost.file.name)
    export = made(acme.client)
    archive = archive_of(export)
    absent = {one["media"]: one for one in told(archive, "manifest.json")["absent"]}
    assert absent[acme.media_file.pk]["reason"] == "Acme reason"
    assert absent[lost.pk] == {
        "media": lost.pk, "message": message.pk, "state": "missing", "reason": "the file is not in the storage",
    }  # fmt: skip
    assert (export.files, export.absent) == (0, 2)


def test_hostile_names_and_texts_stay_inside_and_are_only_text(acme):
    for _ in range(2):
        media_file = make_ready(acme.instance, filename=HOSTILE)
        make_message(acme.conversation, type="image", media=media_file, text="<img src=x onerror=alert(1)>")
    Conversation.objects.update(title=HOSTILE)
    archive = archive_of(made(acme.client))
    assert len(set(archive.namelist())) == len(archive.namelist())
    for name in archive.namelist():
        assert ".." not in name and "\\" not in name and name.isascii() and not name.startswith("/")
    pages = "".join(archive.read(name).decode() for name in names(archive, ".html"))
    assert "<script" not in pages and "<img src=x" not in pages


def test_nothing_of_another_client_is_in_it(acme, rival):
    archive = archive_of(made(acme.client))
    assert all(b"Rival" not in archive.read(name) for name in archive.namelist())


def test_a_person_takes_along_their_own_words_and_not_those_of_others(acme):
    ana = acme.conversation.contact
    group = group_of(acme, title="Team")
    make_message(group, sender=ana, text="hers in the group")
    make_message(group, sender=None, direction="outbound", text="somebody else's")
    Note.objects.create(conversation=acme.conversation, text="a note on her")
    Note.objects.create(conversation=group, text="a note on the group")
    archive = archive_of(made(ana))
    everything = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    assert "hers in the group" in everything and "Acme text" in everything and "a note on her" in everything
    assert "somebody else's" not in everything and "a note on the group" not in everything


def test_a_person_takes_along_how_they_reacted_in_groups(acme, monkeypatch):
    monkeypatch.setattr(planning, "REACTIONS_A_PAGE", 2)
    ana, group = acme.conversation.contact, group_of(acme, title="Team")
    theirs = [make_message(group, sender=None, text="said by another") for _ in range(3)]
    for message, emoji in zip([*theirs, acme.message], "👍❤😂🙏", strict=True):
        Reaction.objects.create(message=message, actor=ana, emoji=emoji, occurred_at=NOW)
    Reaction.objects.create(message=theirs[0], actor=None, emoji="🔥", occurred_at=NOW)
    archive = archive_of(made(ana))
    pages = [told(archive, name)["reactions"] for name in names(archive, ".json") if "reactions-" in name]
    assert [len(page) for page in pages] == [2, 1]
    found = [(row["message"], row["emoji"]) for page in pages for row in page]
    assert found == [(row.pk, emoji) for row, emoji in zip(theirs, "👍❤😂", strict=True)]
    assert "said by another" not in str(pages) and pages[0][0]["title"] == "Team"


def test_nothing_secret_is_in_it(acme):
    archive = archive_of(made(acme.client))
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"bWVkaWEta2V5" not in everything and b"tok-en-51" not in everything


def test_pages_lead_to_each_other_in_order(acme, small):
    for number in range(5):
        make_message(acme.conversation, text=f"text {number}", sent_at=NOW + timedelta(minutes=number))
    Message.objects.filter(pk=acme.message.pk).update(sent_at=NOW - timedelta(days=1))
    archive = archive_of(made(acme.client))
    pages = names(archive, ".json")
    texts = [one["text"] for page in pages if "messages-" in page for one in told(archive, page)["messages"]]
    assert texts == ["Acme text", *(f"text {number}" for number in range(5))]
    [second] = names(archive, "page-0002.html")
    assert b'href="index.html"' in archive.read(second) and b'href="page-0003.html"' in archive.read(second)


def test_a_worker_that_is_killed_loses_one_part_at_most(acme, small):
    for number in range(6):
        make_message(acme.conversation, text=f"text {number}")
    whole = archive_of(made(acme.client))
    export = request_export(acme.client, by=None, now=NOW)
    work, clock = Export.objects.filter(pk=export.pk), Clock()
    killed = Exporter()
    for _ in range(3):
        killed.top_up(clock(), work)
        killed.collect(clock(), wait=5)
    killed.top_up(clock(), work)
    killed.crew.close()
    export.refresh_from_db()
    assert (export.state, len(export.part_sizes)) == ("making", 3)
    clock.now += timedelta(minutes=5)
    list(exporting.make_now(work, now=clock))
    export.refresh_from_db()
    again = archive_of(export)
    assert again.testzip() is None
    assert {name: again.read(name) for name in again.namelist() if "messages-" in name} == {
        name: whole.read(name) for name in whole.namelist() if "messages-" in name
    }


def test_conversations_that_go_meanwhile_do_not_stop_it(acme, small):
    for number in range(4):
        make_message(acme.conversation, text=f"text {number}")
    later = group_of(acme, title="Team")
    make_message(later, sender=None)
    export = request_export(acme.client, by=None, now=NOW)
    work, exporter = Export.objects.filter(pk=export.pk), Exporter()
    for _ in range(2):
        exporter.top_up(NOW, work)
        exporter.collect(NOW, wait=5)
    Message.objects.all().delete()
    Conversation.objects.all().delete()
    list(exporting.make_now(work, now=Clock()))
    exporter.close()
    export.refresh_from_db()
    assert export.state == "ready"
    assert archive_of(export).testzip() is None


def test_who_asks_twice_gets_the_same(acme):
    first = request_export(acme.client, by=None, now=NOW)
    assert request_export(acme.client, by=None, now=NOW) == first
    assert request_export(acme.conversation, by=None, now=NOW) != first


def test_it_is_removed_when_its_time_is_over(acme, media_root):
    export = made(acme.client)
    assert export.expires_at == NOW + timedelta(days=7)
    assert remove_over(NOW + timedelta(days=6)) == 0
    assert remove_over(NOW + timedelta(days=7)) == 1
    export.refresh_from_db()
    assert export.state == "expired"
    assert [path for path in (media_root / "exports").rglob("*") if path.is_file()] == []


def test_in_a_bucket_too(acme, bucket, settings):
    use(settings, bucket.described())
    made(acme.client)
    assert bucket.names() != []
    assert remove_over(NOW + timedelta(days=7)) == 1
    assert bucket.names() == []


def test_what_failed_on_the_way_is_removed_as_well(acme, media_root, small):
    export = request_export(acme.client, by=None, now=NOW)
    exporter = Exporter()
    exporter.top_up(NOW, Export.objects.all())
    exporter.collect(NOW, wait=5)
    exporter.close()
    Export.objects.filter(pk=export.pk).update(state="failed")
    assert parts_in(media_root) != []
    assert remove_over(NOW + timedelta(days=7)) == 1
    assert parts_in(media_root) == []


def test_a_storage_that_does_not_answer_is_asked_again(acme, front, bucket, settings):
    use(settings, bucket.described(endpoint_url=front.address))
    made(acme.client)
    front.refuse("GET", 403, "AccessDenied")
    remove_over(NOW + timedelta(days=7))
    assert bucket.names() != []
    remove_over(NOW + timedelta(days=7))
    assert bucket.names() == []
    assert not Export.objects.over(NOW + timedelta(days=8)).exists()


def test_one_that_is_removed_while_a_killed_worker_makes_it_is_looked_at_again(acme, media_root):
    export = request_export(acme.client, by=None, now=NOW)
    killed = Exporter()
    killed.top_up(NOW, Export.objects.all())
    killed.crew.close()
    written = {part: part.read_bytes() for part in parts_in(media_root)}
    exporting.remove([export], "removed by hand")
    # As by somebody who was still writing then.
    for part, content in written.items():
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
    assert written != {}
    remove_over(NOW)
    assert parts_in(media_root) == []


def parts_in(folder):
    return [path for path in (folder / "exports").rglob("*") if path.is_file()]


def test_the_command_writes_a_file_that_other_programs_read(acme, tmp_path, capsys):
    make_message(acme.conversation, type="image", media=make_ready(acme.instance))
    target = tmp_path / "acme.zip"
    call_command("export", "--client", "acme", "--to", str(target))
    assert "Written to" in capsys.readouterr().out
    assert zipfile.ZipFile(target).testzip() is None
    if unzip := shutil.which("unzip"):
        checked = subprocess.run([unzip, "-tq", str(target)], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
    assert Export.objects.get().state == "expired"
    assert list(tmp_path.glob("*.part")) == []


def test_the_command_refuses_what_is_not_there(acme):
    with pytest.raises(CommandError, match="There is no conversation 4711"):
        call_command("export", "--conversation", "4711")


def test_media_rows_without_a_file_name_are_called_by_their_kind(acme):
    media_file = make_media_file(acme.instance, kind="voice", mimetype="audio/ogg", filename="")
    assert isinstance(media_file, MediaFile)
    assert exporting.contents.path_of(media_file) == f"media/{media_file.pk}-voice.ogg"


@pytest.mark.parametrize(("mimetype", "end"), [("text/html", ".html.txt"), ("image/svg+xml", ".svg.txt")])
def test_what_a_browser_would_run_is_called_a_text(mimetype, end, acme):
    media_file = make_media_file(acme.instance, kind="document", mimetype=mimetype, filename="offer.html")
    assert exporting.contents.path_of(media_file) == f"media/{media_file.pk}-offer{end}"


def test_times_are_in_utc_in_the_manifest(acme):
    archive = archive_of(made(acme.client))
    assert told(archive, "manifest.json")["made_at"] == NOW.astimezone(UTC).isoformat()


def test_reading_starts_anywhere(acme):
    make_message(acme.conversation, type="image", media=make_ready(acme.instance))
    export = made(acme.client)
    whole = b"".join(exporting.chunks(export))
    with exporting.Parts(export) as parts:
        for start in (0, 1, len(whole) // 2, len(whole) - 1):
            parts.seek(start)
            rest = io.BytesIO()
            while chunk := parts.read(1000):
                rest.write(chunk)
            assert rest.getvalue() == whole[start:]


def test_a_part_file_beside_the_target_is_no_finished_export(tmp_path: Path):
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("export", "--client", "acme", "--to", str(tmp_path / "no" / "x.zip"))
