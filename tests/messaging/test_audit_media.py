"""Rows and storage compared: what is lost, what is wrong, what is nobody's."""

import hashlib
import os
import time
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from accounts.models import Client, WhatsappInstance
from media.models import MediaFile, Rendition
from media.storage import path_for, rendition_path, storage
from messaging.models import Export

pytestmark = pytest.mark.django_db
State = MediaFile.State
TWO_DAYS_AGO = time.time() - 2 * 86400


def make_instance(slug="acme"):
    client, _ = Client.objects.get_or_create(name=slug.title(), slug=slug)
    found, _ = WhatsappInstance.objects.get_or_create(
        client=client, name="Sales", provider="wapi", instance_id=f"ID-{slug}"
    )
    return found


def ready(content=b"a picture", slug="acme"):
    media_file = MediaFile.objects.create(
        instance=make_instance(slug), chat_id="551190000@c.us", kind="image"
    )
    name = storage().save(path_for(media_file, ".jpg"), ContentFile(content))
    facts = {"file": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    MediaFile.objects.filter(pk=media_file.pk).update(state=State.READY, **facts)
    media_file.refresh_from_db()
    return media_file


def stray(age=TWO_DAYS_AGO, name="cliente_1/instance_ID/chats/x/image/999_stray.jpg"):
    storage().save(name, ContentFile(b"nobody's"))
    os.utime(storage().path(name), (age, age))
    return name


def audit(*, wrong=False, **options):
    out = StringIO()
    if wrong:
        with pytest.raises(SystemExit, match="1"):
            call_command("audit_media", stdout=out, **options)
    else:
        call_command("audit_media", stdout=out, **options)
    return out.getvalue()


def overwrite(media_file, content):
    with open(storage().path(media_file.file.name), "wb") as file:
        file.write(content)


def test_an_empty_installation_is_well():
    assert "0 ready media files: 0 good, 0 not." in audit()


def test_good_files_are_counted():
    ready()
    ready(b"another one")
    told = audit()
    assert "2 ready media files: 2 good, 0 not." in told
    assert "0 files without row" in told


def test_a_lost_file_is_reported_and_left_alone():
    media_file = ready()
    storage().delete(media_file.file.name)
    assert f"media file {media_file.pk}: the file is not in the storage" in audit(wrong=True)
    media_file.refresh_from_db()
    assert media_file.state == State.READY


def test_fix_marks_a_lost_file_as_missing():
    media_file = ready()
    storage().delete(media_file.file.name)
    assert "redownload_media --state missing" in audit(fix=True)
    media_file.refresh_from_db()
    assert (media_file.state, media_file.error) == (State.MISSING, "the file is not in the storage")


def test_changed_bytes_of_the_same_size_are_found_by_their_hash():
    media_file = ready(b"a picture")
    overwrite(media_file, b"A picture")
    assert "SHA-256 is wrong" in audit(wrong=True)


def test_quick_compares_sizes_only():
    overwrite(ready(b"a picture"), b"A picture")
    audit(quick=True)
    overwrite(ready(b"a picture"), b"half")
    assert "has 4 bytes instead of 9" in audit(quick=True, wrong=True)


def test_a_file_without_row_is_reported():
    assert f"file without row: {stray()}" in audit(wrong=True)


def test_fix_removes_strays_older_than_a_day_only():
    old, young = stray(), stray(age=time.time(), name="cliente_1/young.jpg")
    assert "2 files without row, 16\xa0bytes, 1 removed" in audit(fix=True, wrong=True)
    assert (storage().exists(old), storage().exists(young)) == (False, True)


def test_a_dry_run_of_fix_changes_nothing():
    media_file, name = ready(), stray()
    overwrite(media_file, b"")
    audit(fix=True, dry_run=True, wrong=True)
    media_file.refresh_from_db()
    assert media_file.state == State.READY
    assert storage().exists(name)


def test_parts_of_exports_that_are_no_more_are_strays():
    client = make_instance().client
    here, removed = (
        Export.objects.create(client=client, scope="client", state=of) for of in ("ready", "expired")
    )
    part = stray(name=f"exports/client_{client.pk}/{here.pk}/000001-a.part")
    left = stray(name=f"exports/client_{client.pk}/{removed.pk}/000001-a.part")
    gone = stray(name="exports/client_999/7/000001.json")
    assert f"file without row: {left}" in audit(wrong=True, client="acme")
    told = audit(fix=True)
    assert "2 files without row" in told and gone in told and part not in told
    assert [storage().exists(name) for name in (part, left, gone)] == [True, False, False]


def test_a_file_that_is_just_being_fetched_is_no_stray():
    media_file = ready()
    rows = MediaFile.objects.filter(pk=media_file.pk)
    rows.update(state=State.FETCHING, file="")
    assert "0 files without row" in audit()
    rows.update(state=State.FAILED)
    assert "1 files without row" in audit(wrong=True)


def test_part_files_are_no_strays(media_root):
    (media_root / ".incoming").mkdir(parents=True)
    (media_root / ".incoming" / "x.part").write_bytes(b"half")
    assert "0 files without row" in audit()


def test_only_the_named_client_is_looked_at():
    other = ready(slug="other")
    storage().delete(other.file.name)
    stray(name=f"cliente_{other.instance.client_id}/stray.jpg")
    ready()
    assert "1 ready media files: 1 good" in audit(client="acme")
    with pytest.raises(CommandError, match="no client 'nobody'. There are: acme, other"):
        audit(client="nobody")


def test_a_file_that_cannot_be_read_is_not_called_lost(media_root):
    media_file = ready()
    path = storage().path(media_file.file.name)
    os.remove(path)
    os.mkdir(path)
    MediaFile.objects.filter(pk=media_file.pk).update(size=None)
    assert "cannot be read" in audit(fix=True, wrong=True)
    media_file.refresh_from_db()
    assert media_file.state == State.READY


def test_a_file_that_only_a_forward_still_names_is_no_stray():
    original = ready()
    forward = MediaFile.objects.create(instance=original.instance, kind="image")
    MediaFile.objects.filter(pk=forward.pk).update(file=original.file.name, state=State.READY)
    original.delete()
    assert "0 files without row" in audit()


def rendition(media_file, content=b"small", **fields):
    name = storage().save(rendition_path(media_file, "thumbnail", ".webp"), ContentFile(content))
    facts = {"file": name, "size": len(content), "state": "ready", "kind": "thumbnail", **fields}
    return Rendition.objects.create(instance=media_file.instance, media_file=media_file, **facts)


def test_renditions_are_counted_and_no_strays():
    rendition(ready())
    told = audit()
    assert "1 renditions: 1 good, 0 not." in told
    assert "0 files without row" in told


def test_a_rendition_that_is_just_being_made_is_no_stray():
    made = rendition(ready())
    Rendition.objects.update(state="making", file="")
    assert "0 files without row" in audit()
    made.delete()
    assert "1 files without row" in audit(wrong=True)


def test_a_rendition_that_only_a_forward_still_names_is_no_stray():
    made, forward = rendition(ready()), ready()
    Rendition.objects.filter(pk=made.pk).update(media_file=forward)
    assert "0 files without row" in audit()


def test_a_lost_rendition_is_reported_and_fix_has_it_made_again():
    made = rendition(ready())
    storage().delete(made.file.name)
    assert "thumbnail of media file" in audit(wrong=True)
    assert "1 renditions: 0 good, 1 not, 1 asked for again." in audit(fix=True)
    made.refresh_from_db()
    assert made.state == "pending"


def test_half_a_rendition_is_made_again():
    overwrite(rendition(ready()), b"sm")
    assert "the file has 2 bytes instead of 5" in audit(fix=True)


def test_other_clients_renditions_are_not_looked_at():
    other = rendition(ready(slug="other"))
    storage().delete(other.file.name)
    rendition(ready())
    assert "1 renditions: 1 good" in audit(client="acme")
