from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Client, WhatsappInstance
from media.models import MediaFile
from media.storage import incoming_folder, is_there, keep, path_for, safe_segment, storage
from tests.telling import stored_files

HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd",
    "\x00evil",
    "a\x00.jpg",
    "x" * 5000,
    "🎉🎉🎉",
    "",
    ".",
    "..",
    ".htaccess",
    " ",
    "CON",
    "a/b/c.jpg",
    "name\nwith\rlines",
    "%2e%2e%2f",
    "‮gpj.exe",
    "\ud83d",
]


def row_of(filename: str = "", chat_id: str = "", instance_id: str = "LINE") -> MediaFile:
    """Never saved: a path is made of what the row says."""
    instance = WhatsappInstance(pk=3, client=Client(pk=7), client_id=7, instance_id=instance_id)
    return MediaFile(pk=42, instance=instance, kind="document", filename=filename, chat_id=chat_id)


def check_is_harmless(path: str) -> None:
    parts = PurePosixPath(path).parts
    assert parts[0] == "cliente_7"
    assert parts[1].startswith("instance_")
    assert (parts[2], parts[4], len(parts)) == ("chats", "document", 6)
    assert parts[5].startswith("42_")
    assert parts[5].endswith(".pdf")
    assert path.isascii()
    assert path.isprintable()
    assert len(path) <= 400
    assert not {".", "..", ""} & set(path.split("/"))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_foreign_word_leads_out_of_its_place(text: str) -> None:
    check_is_harmless(path_for(row_of(text, text, text), ".pdf"))


@given(st.text(), st.text(), st.text())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_at_all_leads_out_of_its_place(filename: str, chat_id: str, instance_id: str) -> None:
    check_is_harmless(path_for(row_of(filename, chat_id, instance_id), ".pdf"))


def test_a_plain_path_reads_as_people_expect() -> None:
    path = path_for(row_of("Contrato nº 7 (final).docx", "120363000000000001@g.us", "AB12CD-EF34GH"), ".pdf")
    assert path == (
        "cliente_7/instance_AB12CD-EF34GH/chats/120363000000000001@g.us/document/42_Contrato_no_7_final.pdf"
    )


def test_without_a_name_the_file_is_called_after_its_kind() -> None:
    assert path_for(row_of(), ".pdf") == "cliente_7/instance_LINE/chats/unknown/document/42_document.pdf"


def test_the_sender_s_own_extension_does_not_count() -> None:
    assert path_for(row_of("invoice.exe"), ".pdf").endswith("/42_invoice.pdf")


@pytest.mark.parametrize(
    ("text", "segment"), [("", "x"), ("...", "x"), ("_a_", "a"), ("é", "e"), ("a b", "a_b")]
)
def test_a_segment_is_plain_and_never_empty(text: str, segment: str) -> None:
    assert safe_segment(text, fallback="x") == segment


def part_with(data: bytes) -> Path:
    incoming_folder().mkdir(parents=True, exist_ok=True)
    part = incoming_folder() / "one.part"
    part.write_bytes(data)
    return part


def test_a_kept_file_is_moved_and_no_part_is_left(media_root: Path) -> None:
    part = part_with(b"bytes")
    number = part.stat().st_ino
    name = keep(part, "a/b/c.jpg")
    assert (name, (media_root / name).read_bytes()) == ("a/b/c.jpg", b"bytes")
    assert (media_root / name).stat().st_ino == number
    assert stored_files(media_root) == ["a/b/c.jpg"]


def test_keeping_twice_leaves_one_file_under_the_same_name(media_root: Path) -> None:
    assert keep(part_with(b"first"), "a.jpg") == keep(part_with(b"again"), "a.jpg") == "a.jpg"
    assert stored_files(media_root) == ["a.jpg"]


def test_a_kept_file_can_be_read_by_the_web_server_of_another_account(media_root: Path) -> None:
    name = keep(part_with(b"bytes"), "a.jpg")
    assert (media_root / name).stat().st_mode & 0o777 == 0o644 or storage().file_permissions_mode is None  # type: ignore[attr-defined]


def test_what_is_there_is_told_from_what_is_not(media_root: Path) -> None:
    name = keep(part_with(b"bytes"), "a.jpg")
    assert is_there(name)
    assert not is_there("b.jpg")
    assert not is_there("")
