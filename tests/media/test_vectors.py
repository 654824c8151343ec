"""Files encrypted by another program, and files that are wrong on purpose, through the whole of ``fetch``."""

import hashlib
import json
from base64 import b64decode
from pathlib import Path

import pytest
import responses

from accounts.providers.events import MediaKind
from tests.media.fetching import media_of, run_cdn

VECTORS = Path(__file__).parent.parent / "vectors"
BAILEYS = json.loads((VECTORS / "baileys/manifest.json").read_text())["vectors"]
NEGATIVE = json.loads((VECTORS / "negative/manifest.json").read_text())
KINDS = {kind.value: kind for kind in MediaKind} | {"ptv": MediaKind.VIDEO}


def fetched(folder, vector, tmp_path):
    declared = media_of(
        kind=KINDS[vector["mediaType"]],
        size=vector["fileLength"],
        media_key=b64decode(vector["mediaKey"]),
        sha256=b64decode(vector["fileSha256"]),
        enc_sha256=b64decode(vector["fileEncSha256"] or ""),
    )
    body = (VECTORS / folder / vector["file"]).read_bytes()
    with responses.RequestsMock() as mocked:
        mocked.get("https://mmg.whatsapp.net" + declared.direct_path, body=body)
        return run_cdn(declared, tmp_path)


@pytest.mark.parametrize("vector", [v for v in BAILEYS if v["stored"]], ids=lambda v: v["file"])
def test_a_file_of_another_program_is_decrypted(vector, tmp_path):
    attempt, file = fetched("baileys", vector, tmp_path)
    assert attempt.outcome == "ok"
    assert file.size == vector["fileLength"]
    assert hashlib.sha256(file.path.read_bytes()).digest() == b64decode(vector["fileSha256"])
    assert not file.warning


def of(*expected):
    return pytest.mark.parametrize(
        "vector", [v for v in NEGATIVE if v["expect"] in expected], ids=lambda v: v["file"]
    )


@of("reject", "reject-or-raw")
def test_a_file_that_cannot_be_right_is_refused(vector, tmp_path):
    attempt, file = fetched("negative", vector, tmp_path)
    assert (attempt.outcome, file) == ("integrity", None)
    assert list(tmp_path.iterdir()) == []


@of("ok", "ok-other-info", "ok-plaintext")
def test_an_odd_file_that_can_be_proved_is_delivered(vector, tmp_path):
    attempt, file = fetched("negative", vector, tmp_path)
    assert attempt.outcome == "ok"
    assert hashlib.sha256(file.path.read_bytes()).digest() == b64decode(vector["fileSha256"])
    assert not file.warning


@of("ok-warn")
def test_a_wrong_checksum_under_a_right_mac_is_a_warning(vector, tmp_path):
    attempt, file = fetched("negative", vector, tmp_path)
    assert attempt.outcome == "ok"
    assert "checksum" in file.warning
    assert hashlib.sha256(file.path.read_bytes()).digest() == file.sha256


def test_every_expectation_is_tested():
    assert {v["expect"] for v in NEGATIVE} == {
        *("ok", "ok-other-info", "ok-plaintext", "ok-warn", "reject", "reject-or-raw"),
    }
