import os
import resource
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from accounts.providers import errors
from accounts.providers.events import MediaKind
from media.strategies import fetch
from tests.media.fetching import (
    PLAINTEXT,
    assert_delivered,
    encrypted_media,
    job_for,
    media_of,
    run_cdn,
)
from tests.media.origin import plain, ranged, reset, send_head, serving, stall


@pytest.mark.parametrize("ending", [lambda connection: None, reset, stall], ids=["cut", "reset", "stall"])
@pytest.mark.parametrize("piece", [1500, 2000, 5001, 10_265])
def test_a_broken_line_is_resumed_and_no_byte_comes_twice(piece, ending, tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(ranged(blob, piece=piece, ending=ending)) as origin:
        attempt, file = run_cdn(media, tmp_path, origin)
    assert_delivered(attempt, file)
    if ending is not reset:
        assert [asked.start for asked in origin.asked] == list(range(0, len(blob), piece))
    assert attempt.bytes == len(blob)


def test_a_cut_at_every_place_is_resumed(tmp_path):
    blob, media = encrypted_media(b"twenty-one bytes here")
    for piece in range(3, len(blob) + 1):
        with serving(ranged(blob, piece=piece)) as origin:
            assert_delivered(*run_cdn(media, tmp_path, origin), b"twenty-one bytes here")


def test_a_source_without_ranges_starts_over(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    cut = iter([5000, len(blob)])

    def answer(asked, connection):
        send_head(connection, 200, Content_Length=len(blob))
        connection.sendall(blob[: next(cut)])
        return False

    with serving(answer) as origin:
        attempt, file = run_cdn(media, tmp_path, origin)
    assert_delivered(attempt, file)
    assert attempt.bytes == 5000 + len(blob)


def test_a_source_that_never_gets_to_the_end_is_left(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(ranged(blob, piece=1)) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin)
    assert attempt.outcome == "unavailable"
    assert 10 < len(origin.asked) < 50


def test_no_progress_ends_the_attempt(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(ranged(blob, piece=0)) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin)
    assert (attempt.outcome, attempt.reason) == ("unavailable", f"cut after 0 of {len(blob)} bytes")
    assert len(origin.asked) == 2


def test_a_dripping_source_is_left(tmp_path):
    _, media = encrypted_media(PLAINTEXT)

    def answer(asked, connection):
        send_head(connection, 200, Content_Length=10_266)
        while True:
            connection.sendall(b"x")
            connection.settimeout(0.1)
            try:
                connection.recv(1)
            except TimeoutError:
                continue
            return False

    with serving(answer) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin)
    assert attempt.reason.startswith("too slow")
    assert attempt.duration < 30


def test_another_part_than_asked_for_is_refused(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)

    def answer(asked, connection):
        if asked.start:
            send_head(connection, 206, Content_Length=10, Content_Range=f"bytes 0-9/{len(blob)}")
            connection.sendall(blob[:10])
        else:
            send_head(connection, 200, Content_Length=len(blob))
            connection.sendall(blob[:100])
        return False

    with serving(answer) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin)
    assert attempt.outcome == "unexpected"


def test_one_door_serves_many_threads(tmp_path):
    made = {
        f"/{number}": encrypted_media(os.urandom(50_000), direct_path=f"/{number}") for number in range(40)
    }

    def answer(asked, connection):
        return plain(made[asked.target][0])(asked, connection)

    with serving(answer) as origin, ThreadPoolExecutor(8) as pool:
        job = job_for(media_of(), tmp_path, origin=origin, strategies=("cdn",))
        outcomes = list(pool.map(lambda item: fetch(replace(job, media=item[1])), made.values()))
    assert [file.sha256 for _, file in outcomes] == [media.sha256 for _, media in made.values()]
    assert origin.connections <= 8


def test_a_file_of_the_largest_size_is_taken(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(plain(blob)) as origin:
        assert_delivered(*run_cdn(media, tmp_path, origin, max_bytes=len(PLAINTEXT)))


def test_a_file_that_says_it_is_too_large_is_not_taken(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(plain(blob)) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin, max_bytes=len(PLAINTEXT) - 20)
    assert (attempt.outcome, type(attempt.error), attempt.bytes) == ("refused", errors.TooLarge, 0)


def test_a_file_that_turns_out_too_large_is_dropped(tmp_path):
    _, media = encrypted_media(PLAINTEXT)

    def answer(asked, connection):
        send_head(connection, 200)
        connection.sendall(bytes(1_000_000))
        return False

    with serving(answer) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin, max_bytes=300_000)
    assert type(attempt.error) is errors.TooLarge
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [MediaKind.DOCUMENT, MediaKind.AUDIO], ids=["right key", "other kind's key"])
def test_memory_does_not_grow_with_the_file(kind, tmp_path):
    small, large = (encrypted_media(bytes(size), kind=kind) for size in (2 << 20, 40 << 20))
    peaks = []
    for blob, media in (small, large):
        with serving(plain(blob)) as origin:
            _, file = run_cdn(replace(media, kind=MediaKind.DOCUMENT), tmp_path, origin)
        assert file.size == media_size(blob)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert peaks[1] - peaks[0] < 4 * 1024


def media_size(blob):
    return (len(blob) - 10) // 16 * 16 - 16
