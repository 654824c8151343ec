"""WhatsApp's media encryption: AES-256-CBC, then a MAC over the initialisation vector and the ciphertext.

A file is ``ciphertext + the first ten bytes of the MAC``; everything comes from one media key by HKDF under a label
that names the kind of media. Nothing decrypted here counts before ``Decryptor.verified`` says so.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accounts.providers.errors import IntegrityError
from accounts.providers.events import MediaKind

MEDIA_INFO = {
    MediaKind.IMAGE: b"WhatsApp Image Keys",
    MediaKind.STICKER: b"WhatsApp Image Keys",
    MediaKind.VIDEO: b"WhatsApp Video Keys",
    MediaKind.AUDIO: b"WhatsApp Audio Keys",
    MediaKind.VOICE: b"WhatsApp Audio Keys",
    MediaKind.DOCUMENT: b"WhatsApp Document Keys",
}
BLOCK = 16
MAC_LENGTH = 10
OVERHEAD = BLOCK + MAC_LENGTH
KEYS_LENGTH = 112


@dataclass(frozen=True, slots=True)
class Keys:
    iv: bytes = field(repr=False)
    cipher_key: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)

    def cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES256(self.cipher_key), modes.CBC(self.iv))

    def new_mac(self) -> "hmac.HMAC":
        return hmac.new(self.mac_key, self.iv, hashlib.sha256)


def derive_keys(media_key: bytes, info: bytes) -> Keys:
    made = HKDF(algorithm=SHA256(), length=KEYS_LENGTH, salt=None, info=info).derive(media_key)
    return Keys(iv=made[:16], cipher_key=made[16:48], mac_key=made[48:80])


def infos(kind: MediaKind, mimetype: str = "") -> tuple[bytes, ...]:
    """All labels a file may have been encrypted under, the likeliest first: senders mix up kinds."""
    family = mimetype.partition("/")[0].strip().lower()
    by_mimetype = MediaKind(family) if family in ("image", "video", "audio") else MediaKind.DOCUMENT
    return tuple(dict.fromkeys([MEDIA_INFO[kind], MEDIA_INFO[by_mimetype], *MEDIA_INFO.values()]))


class Decryptor:
    """Decrypts a file as it arrives.

    The last block stays back until ``finish``, because its padding is not part of the plaintext; what is neither a
    whole block nor a MAC stays in ``rest``, so that the file can be had again from what was delivered.
    """

    def __init__(self, keys: Keys, *, chunk: int) -> None:
        self._cipher: CipherContext = keys.cipher().decryptor()
        self._mac = keys.new_mac()
        self._buffer = bytearray(BLOCK + chunk + 4 * BLOCK)
        self._view = memoryview(self._buffer)
        self._end = 0
        self.rest = b""
        self.sha256 = hashlib.sha256()

    def update(self, data: memoryview) -> memoryview:
        """At most ``chunk`` bytes in; the plaintext that comes out is valid until the next call."""
        head = -len(self.rest) % BLOCK
        whole = (len(self.rest) + len(data) - MAC_LENGTH) // BLOCK * BLOCK
        if whole < len(self.rest) + head or len(data) < head:
            return self._update_joined(memoryview(self.rest + bytes(data)), whole)
        cut = whole - len(self.rest)
        start = self._hold_last_block()
        end = self._decrypt(memoryview(self.rest + bytes(data[:head])), start)
        end = self._decrypt(data[head:cut], end)
        self.rest = bytes(data[cut:])
        return self._deliver(end)

    def _update_joined(self, data: memoryview, whole: int) -> memoryview:
        whole = max(whole, 0)
        end = self._decrypt(data[:whole], self._hold_last_block())
        self.rest = bytes(data[whole:])
        return self._deliver(end)

    def _hold_last_block(self) -> int:
        if self._end:
            self._view[:BLOCK] = bytes(self._view[self._end - BLOCK : self._end])
            return BLOCK
        return 0

    def _decrypt(self, ciphertext: memoryview, at: int) -> int:
        if not len(ciphertext):
            return at
        self._mac.update(ciphertext)
        return at + self._cipher.update_into(ciphertext, self._view[at:])

    def _deliver(self, end: int) -> memoryview:
        self._end = end
        plaintext = self._view[: max(end - BLOCK, 0)]
        self.sha256.update(plaintext)
        return plaintext

    @property
    def last_block(self) -> memoryview:
        return self._view[self._end - BLOCK : self._end] if self._end else self._view[:0]

    @property
    def verified(self) -> bool:
        """Whether all that was taken in is one whole file under these keys."""
        mac = self._mac.digest()[:MAC_LENGTH]
        return self._end > 0 and hmac.compare_digest(self.rest, mac)

    def finish(self, sha256: bytes) -> memoryview:
        """The end of the plaintext. Some senders do not pad: their last block is taken whole if the sum says so."""
        if not self.verified:
            raise IntegrityError("the MAC does not match")
        block = self.last_block
        unpadded = block[: BLOCK - padding(block)]
        if len(unpadded) == BLOCK:
            whole = self.sha256.copy()
            whole.update(block)
            if not hmac.compare_digest(whole.digest(), sha256):
                raise IntegrityError("the padding is damaged")
        self.sha256.update(unpadded)
        return unpadded


def padding(block: memoryview) -> int:
    """How many bytes of PKCS#7 padding end this block; 0 when they are not padding."""
    count = block[-1]
    if not 1 <= count <= BLOCK or bytes(block[-count:]) != bytes([count]) * count:
        return 0
    return count


@dataclass(frozen=True, slots=True)
class Encrypted:
    blob: bytes = field(repr=False)
    sha256: bytes
    enc_sha256: bytes


def encrypt(plaintext: bytes, media_key: bytes, kind: MediaKind) -> Encrypted:
    keys = derive_keys(media_key, MEDIA_INFO[kind])
    count = BLOCK - len(plaintext) % BLOCK
    encryptor = keys.cipher().encryptor()
    ciphertext = encryptor.update(plaintext + bytes([count]) * count) + encryptor.finalize()
    mac = keys.new_mac()
    mac.update(ciphertext)
    blob = ciphertext + mac.digest()[:MAC_LENGTH]
    return Encrypted(blob, hashlib.sha256(plaintext).digest(), hashlib.sha256(blob).digest())
