"""WhatsApp's media encryption, written a second time so that the product is not its own judge."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.simulator.blobs import Blob, of_chunks

INFO = {
    "image": b"WhatsApp Image Keys",
    "sticker": b"WhatsApp Image Keys",
    "video": b"WhatsApp Video Keys",
    "audio": b"WhatsApp Audio Keys",
    "voice": b"WhatsApp Audio Keys",
    "document": b"WhatsApp Document Keys",
}
MAC_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Sealed:
    blob: Blob
    sha256: bytes
    enc_sha256: bytes


def expand(media_key: bytes, info: bytes, length: int = 112) -> bytes:
    """HKDF-SHA256 by hand (RFC 5869), salt empty."""
    secret = hmac.digest(bytes(32), media_key, "sha256")
    block, output = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(secret, block + info + bytes([number]), "sha256")
        output += block
    return output[:length]


def sealed_size(size: int) -> int:
    return (size // 16 + 1) * 16 + MAC_LENGTH


def ciphertext(plain: Blob, media_key: bytes, kind: str) -> Iterator[bytes]:
    keys = expand(media_key, INFO[kind])
    iv, cipher_key, mac_key = keys[:16], keys[16:48], keys[48:80]
    encryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).encryptor()
    mac = hmac.new(mac_key, iv, "sha256")
    rest = b""
    for chunk in plain.chunks():
        whole = rest + chunk
        cut = len(whole) - len(whole) % 16
        rest = whole[cut:]
        block = encryptor.update(whole[:cut])
        mac.update(block)
        yield block
    pad = 16 - len(rest)
    last = encryptor.update(rest + bytes([pad]) * pad) + encryptor.finalize()
    mac.update(last)
    yield last + mac.digest()[:MAC_LENGTH]


def digest(blob: Blob) -> bytes:
    total = hashlib.sha256()
    for chunk in blob.chunks():
        total.update(chunk)
    return total.digest()


def seal(plain: Blob, media_key: bytes, kind: str, path: Path) -> Sealed:
    blob = of_chunks(ciphertext(plain, media_key, kind), sealed_size(plain.size), path)
    return Sealed(blob, digest(plain), digest(blob))
