"""Requests that come twice, as from a front end that got no answer: sent once, stored once."""

from functools import partial
from typing import Any

import pytest

from media.models import MediaFile
from messaging.models import OutboxItem
from tests.messaging.api.front import errors, sample
from tests.telling import stored_files
from tests.tenants import while_saving


def test_the_same_key_sends_once(path, front):
    alice = front("alice")
    first = alice.post(path, {"text": "Hi"}, 201, **{"Idempotency-Key": "k-1"})
    assert "Idempotent-Replayed" not in alice.response
    again = alice.post(path, {"text": "Hi"}, 200, **{"Idempotency-Key": "k-1"})
    assert alice.response["Idempotent-Replayed"] == "true"
    assert again["id"] == first["id"]
    assert OutboxItem.objects.count() == 1


def test_the_same_key_for_something_else_is_a_conflict(path, front):
    front("alice").post(path, {"text": "Hi"}, 201, **{"Idempotency-Key": "k-1"})
    problem = front("alice").post(path, {"text": "Bye"}, 409, **{"Idempotency-Key": "k-1"})
    assert problem["code"] == "key_reused"


def test_the_same_upload_under_the_same_key_is_stored_once(path, front, media_root):
    first = front("alice").upload(path, key="k-2", file=sample("bread.jpg"))
    before = stored_files(media_root)
    again = front("alice").upload(path, 200, key="k-2", file=sample("bread.jpg"))
    assert again["id"] == first["id"]
    assert stored_files(media_root) == before
    assert front("alice").upload(path, 409, key="k-2", file=sample("cake.jpg"))["code"] == "key_reused"
    assert stored_files(media_root) == before


@pytest.mark.parametrize("key", ["k" * 201, "é", "a\tb"])
def test_a_key_has_its_form(path, front, key):
    problem = front("alice").post(path, {"text": "Hi"}, 400, **{"Idempotency-Key": key})
    assert set(errors(problem)) == {"Idempotency-Key"}


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    """What follows a commit happens at the end of the block: bytes go when their row is gone for certain."""
    return partial(django_capture_on_commit_callbacks, execute=True)


def meanwhile(act):
    """Once, while the upload is being stored."""
    done = []

    def first_time(**_: Any) -> None:
        if not done:
            done.append(act)
            act()

    return while_saving(MediaFile, first_time)


def test_an_upload_whose_key_was_taken_meanwhile_is_taken_back(path, front, media_root, committed):
    alice, other = front("alice"), front("mona")
    files = MediaFile.objects.count()
    with committed(), meanwhile(lambda: other.post(path, {"text": "Hi"}, 201, **{"Idempotency-Key": "k-3"})):
        problem = alice.upload(path, 409, key="k-3", file=sample("bread.jpg"))
    assert problem["code"] == "key_reused"
    assert (MediaFile.objects.count(), stored_files(media_root)) == (files, [])


def test_an_upload_that_came_twice_at_once_is_sent_and_kept_once(path, front, media_root, committed):
    alice, again = front("alice"), front("alice")
    with committed(), meanwhile(lambda: again.upload(path, key="k-4", file=sample("bread.jpg"))):
        shown = alice.upload(path, 200, key="k-4", file=sample("bread.jpg"))
    assert OutboxItem.objects.get().message_id == shown["id"]
    assert len(stored_files(media_root)) == 1
