"""The ZIP writer against Python's own reader."""

import io
import struct
import zipfile
from datetime import UTC, datetime

import pytest

from messaging.services.exporting.zipping import FULL, Entry, Part

AT = datetime(2026, 3, 2, 12, 30, 8, tzinfo=UTC)


def in_parts(*groups):
    """One ZIP, each group of entries written as a part of its own."""
    whole, entries = b"", []
    for group in groups:
        target = io.BytesIO()
        part = Part(target, len(whole), AT)
        for path, content in group:
            part.add(path, [content], squeeze=path.endswith(".txt"))
        entries += part.entries
        whole += target.getvalue()
    target = io.BytesIO()
    Part(target, len(whole), AT).close(entries)
    return zipfile.ZipFile(io.BytesIO(whole + target.getvalue()))


def test_parts_one_after_the_other_are_one_file():
    archive = in_parts([("a.txt", b"one" * 100), ("b.bin", bytes(range(256)))], [("ç/ü.txt", b"two")])
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == {
        "a.txt": b"one" * 100, "b.bin": bytes(range(256)), "ç/ü.txt": b"two",
    }  # fmt: skip
    assert archive.getinfo("a.txt").date_time == (2026, 3, 2, 12, 30, 8)


def test_an_empty_one_is_read_too():
    assert in_parts().namelist() == []


def test_what_fails_on_the_way_leaves_nothing_behind():
    target = io.BytesIO()
    part = Part(target, 0, AT)
    part.add("good.txt", [b"good"])

    def cut():
        yield b"half"
        raise OSError("cut")

    with pytest.raises(OSError, match="cut"):
        part.add("bad.txt", cut())
    part.close(part.entries)
    assert zipfile.ZipFile(target).namelist() == ["good.txt"]


def test_a_file_that_may_be_large_has_room_for_its_size():
    target = io.BytesIO()
    part = Part(target, 0, AT)
    part.add("film.mp4", [b"small after all"], expected=FULL, squeeze=False)
    part.close(part.entries)
    assert zipfile.ZipFile(target).read("film.mp4") == b"small after all"


def test_places_beyond_four_gigabytes_are_told():
    target = io.BytesIO()
    part = Part(target, 0, AT)
    part.close([Entry("far.bin", 5, "", 0, 5, 0, 6 * 2**30)])
    line = target.getvalue()
    assert struct.unpack("<I", line[42:46]) == (FULL,)
    assert struct.unpack("<HHQ", line[46 + len("far.bin") :][:12]) == (1, 8, 6 * 2**30)


def test_more_entries_than_the_old_ending_can_count():
    target = io.BytesIO()
    part = Part(target, 0, AT)
    for number in range(70_000):
        part.entries.append(Entry(f"{number}", 0, "", 0, 0, 0, 0))
    part.close(part.entries)
    assert len(zipfile.ZipFile(target).namelist()) == 70_000
