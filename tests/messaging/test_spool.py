"""Bodies on disk: whole or not at all, in order, bounded, and nobody else's to read."""

import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from messaging.spool import ASIDE, BLOCK, CannotKeep, Letter, Spool, Unreadable, came_at

LETTER = Letter(b'{"a": 1}\n\x00\xff', instance=7)
FULL_DISK = """
import resource, sys
from pathlib import Path
from messaging.spool import CannotKeep, Letter, Spool
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
spool = Spool(Path(sys.argv[1]), 10**9)
spool.put(Letter(b"small", instance=1))
try:
    spool.put(Letter(b"x" * 100_000, instance=1))
except CannotKeep as exc:
    print(exc)
"""


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "var" / "spool", 10**9)


def test_a_letter_comes_back_byte_for_byte(spool: Spool) -> None:
    name = spool.put(LETTER)
    assert spool.names() == [name]
    assert spool.read(name) == LETTER


def test_a_strangers_letter_keeps_what_proves_it(spool: Spool) -> None:
    stranger = Letter(b"{}", key="key-1", signature="sha256=ab")
    assert spool.read(spool.put(stranger)) == stranger


def test_what_was_authenticated_carries_no_secret(spool: Spool) -> None:
    name = spool.put(Letter(b"{}", instance=7, key="the-key", signature="the-sum"))
    assert b"the-" not in (spool.folder / name).read_bytes()


def test_a_name_does_not_tell_the_key(spool: Spool) -> None:
    assert "the-key" not in spool.put(Letter(b"{}", key="the-key"))


def test_a_letter_in_a_log_shows_neither_body_nor_key() -> None:
    assert "secret" not in repr(Letter(b"secret", key="secret-key", signature="secret-sum"))


def test_nobody_else_may_read_it(spool: Spool) -> None:
    path = spool.folder / spool.put(LETTER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700


def test_names_sort_by_arrival_and_tell_its_time(spool: Spool) -> None:
    before = datetime.now(UTC)
    names = [spool.put(LETTER) for _ in range(20)]
    assert spool.names() == names
    assert before - timedelta(seconds=1) < came_at(names[0]) <= datetime.now(UTC)


def test_threads_never_take_each_others_name(spool: Spool) -> None:
    threads = [threading.Thread(target=lambda: [spool.put(LETTER) for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(spool.names()) == 100


def test_a_spool_over_its_limit_takes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 3 * BLOCK)
    names = [spool.put(LETTER) for _ in range(2)]
    with pytest.raises(CannotKeep, match="the spool is full"):
        spool.put(Letter(b"x" * 2 * BLOCK, instance=1))
    assert spool.names() == names


def test_strangers_leave_room_for_those_who_are_known(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 4 * BLOCK)
    spool.put(Letter(b"{}", key="a"))
    spool.put(Letter(b"{}", key="b"))
    with pytest.raises(CannotKeep, match="the spool is full"):
        spool.put(Letter(b"{}", key="c"))
    assert spool.put(LETTER)


@pytest.mark.parametrize(
    ("loud", "quiet"), [({"instance": 1}, {"instance": 2}), ({"key": "a"}, {"key": "b"})]
)
def test_who_floods_it_leaves_room_for_the_others(tmp_path: Path, loud: Any, quiet: Any) -> None:
    spool = Spool(tmp_path, 32 * BLOCK)
    with pytest.raises(CannotKeep, match="the sender's share"):
        for _ in range(32):
            spool.put(Letter(b"{}", **loud))
    another_process = Spool(tmp_path, 32 * BLOCK)
    for _ in range(3):
        another_process.put(Letter(b"{}", **quiet))
    with pytest.raises(CannotKeep, match="the sender's share"):
        another_process.put(Letter(b"{}", **loud))


def test_letters_of_an_earlier_version_are_taken_too(spool: Spool) -> None:
    name = spool.put(LETTER)
    old = f"{name.rpartition('-line')[0]}.event"
    (spool.folder / name).rename(spool.folder / old)
    assert (spool.names(), spool.read(old), spool.held().bytes) == ([old], LETTER, BLOCK)


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Held by the kernel: no file of that process may grow further."""
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("the disk is full", "")
    assert [path.stat().st_size < 100 for path in (tmp_path / "spool").iterdir()] == [True]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CannotKeep):
        Spool(tmp_path / "spool", 10**9).put(LETTER)


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(CannotKeep):
        Spool(tmp_path / "spool", 10**9).put(LETTER)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"length": 1}\n', b'{"instance": 1, "length": 9}\nshort'])
def test_a_damaged_file_is_told_from_a_letter(spool: Spool, damage: bytes) -> None:
    name = spool.put(LETTER)
    (spool.folder / name).write_bytes(damage)
    with pytest.raises(Unreadable):
        spool.read(name)


def test_what_is_set_aside_waits_for_a_person(spool: Spool) -> None:
    name = spool.put(LETTER)
    spool.set_aside(name)
    assert spool.names() == []
    assert (spool.folder / ASIDE / name).is_file()
    assert spool.held().unreadable == 1


def test_what_lies_there_is_measured(spool: Spool) -> None:
    assert (spool.held().files, spool.held().oldest) == (0, None)
    first = spool.put(LETTER)
    spool.put(LETTER)
    assert (spool.held().files, spool.held().bytes, spool.held().oldest) == (2, 2 * BLOCK, came_at(first))


def test_foreign_files_are_left_alone(spool: Spool) -> None:
    name = spool.put(LETTER)
    (spool.folder / "notes.txt").write_text("mine")
    (spool.folder / f".{name}.part").write_text("half")
    assert spool.names() == [name]


def test_parts_of_the_dead_are_swept_when_old(spool: Spool) -> None:
    name = spool.put(LETTER)
    part = spool.folder / f".{name}.part"
    part.write_text("half")
    spool.sweep()
    assert part.exists()
    spool.sweep(older_than=timedelta(seconds=-1))
    assert not part.exists()


def test_one_at_a_time_takes_letters_out(spool: Spool) -> None:
    spool.put(LETTER)
    with spool.mine() as first, Spool(spool.folder, 1).mine() as second:
        assert (first, second) == (True, False)
    with spool.mine() as again:
        assert again
