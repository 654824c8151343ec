import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.blobs import IN_MEMORY, noise, of_bytes, of_chunks
from tests.simulator.sealing import digest, seal

VECTORS = Path(__file__).parent.parent / "vectors" / "baileys"
KINDS = {"ptv": "video"}


def small_vectors() -> list[dict[str, Any]]:
    found = json.loads((VECTORS / "manifest.json").read_text())["vectors"]
    return [vector for vector in found if vector["stored"] and vector["fileLength"] <= 32]


@pytest.mark.parametrize("vector", small_vectors(), ids=lambda vector: vector["file"])
def test_it_seals_byte_for_byte_like_another_program(vector: dict[str, Any], tmp_path: Path) -> None:
    plain = of_bytes(bytes.fromhex(vector["plaintextHex"]))
    kind = KINDS.get(vector["mediaType"], vector["mediaType"])
    sealed = seal(plain, base64.b64decode(vector["mediaKey"]), kind, tmp_path / "sealed")
    assert sealed.blob.data == (VECTORS / vector["file"]).read_bytes()
    assert sealed.sha256 == base64.b64decode(vector["fileSha256"])
    assert sealed.enc_sha256 == base64.b64decode(vector["fileEncSha256"])


def test_a_big_file_lies_on_disk_and_reads_the_same(tmp_path: Path) -> None:
    size = IN_MEMORY + 12_345
    big = of_chunks(noise(size, b"%PDF-", b"s" * 32), size, tmp_path / "big")
    small = of_bytes(b"".join(noise(size, b"%PDF-", b"s" * 32)))
    assert big.path is not None
    assert big.path.stat().st_size == size
    assert digest(big) == digest(small)
    assert big.read(5_000_000, 70) == small.read(5_000_000, 70)
