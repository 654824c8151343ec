"""What came in is the file that was announced, or it is refused.

The MAC is the judge of encrypted media and the declared hash that of plain media. Senders mix up kinds, channels send
plain media with a key, and gateways hand out files still encrypted; all of that shows only when the last byte is in,
so the part file is then turned back into what was received, and read again under the other keys.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from accounts.providers.errors import IntegrityError
from accounts.providers.events import MediaDescriptor
from media.crypto import BLOCK, MAC_LENGTH, OVERHEAD, Decryptor, Keys, derive_keys, infos
from media.partfile import PartFile
from media.sniffing import is_page, is_page_type

CHUNK = 128 * 1024
OTHER_SUM = "the file's checksum is not the message's, though its MAC is right"
NO_SUM = "no checksum to verify it against"


@dataclass(frozen=True, slots=True)
class Verified:
    sha256: bytes
    warning: str = ""


class Intake(Protocol):
    """Takes a file piece by piece into a part file and says at the end what it is."""

    overhead: int

    def take(self, data: memoryview) -> None: ...

    def start_over(self) -> None: ...

    def finish(self) -> Verified: ...


class EncryptedIntake:
    overhead = OVERHEAD

    def __init__(self, part: PartFile, media: MediaDescriptor) -> None:
        self._part = part
        self._media = media
        self._infos = infos(media.kind, media.mimetype)
        self._keys = derive_keys(media.media_key, self._infos[0])
        self._decryptor = Decryptor(self._keys, chunk=CHUNK)

    def take(self, data: memoryview) -> None:
        self._part.append(self._decryptor.update(data))

    def start_over(self) -> None:
        self._part.cut_to(0)
        self._decryptor = Decryptor(self._keys, chunk=CHUNK)

    def finish(self) -> Verified:
        if self._decryptor.verified:
            self._part.append(self._decryptor.finish(self._media.sha256))
            return mac_verified(self._decryptor, self._media)
        self._part.append(self._decryptor.last_block)
        encrypt_again(self._part, self._keys)
        self._part.append(self._decryptor.rest)
        return reconsider(self._part, self._media, self._infos[1:])


class PlainIntake:
    """``sha256`` is what the source or the message declared; without it only the looks can be judged."""

    overhead = 0

    def __init__(self, part: PartFile, media: MediaDescriptor, sha256: bytes) -> None:
        self._part = part
        self._media = media
        self._declared = sha256
        self._sum = hashlib.sha256()

    def take(self, data: memoryview) -> None:
        self._sum.update(data)
        self._part.append(data)

    def start_over(self) -> None:
        self._part.cut_to(0)
        self._sum = hashlib.sha256()

    def finish(self) -> Verified:
        if self._declared and hmac.compare_digest(self._sum.digest(), self._declared):
            return Verified(self._sum.digest())
        if self._declared or self._media.media_key:
            return self._reconsider()
        return self._accept_unverified()

    def _reconsider(self) -> Verified:
        labels = infos(self._media.kind, self._media.mimetype) if self._media.media_key else ()
        try:
            return reconsider(self._part, self._media, labels)
        except IntegrityError:
            if self._declared:
                raise
        return self._accept_unverified()

    def _accept_unverified(self) -> Verified:
        refuse_page(self._part, self._media)
        return Verified(self._sum.digest(), NO_SUM)


def reconsider(part: PartFile, media: MediaDescriptor, labels: Iterable[bytes]) -> Verified:
    """The part file holds what was received, and it is not what it should be: say what it is."""
    candidates = [derive_keys(media.media_key, label) for label in labels]
    received, fitting = weigh(part, candidates)
    if fitting is not None:
        return mac_verified(decrypt_in_place(part, fitting, media), media)
    if media.sha256 and hmac.compare_digest(received, media.sha256):
        return Verified(received)
    refuse_page(part, media)
    if media.media_key and media.enc_sha256 and hmac.compare_digest(received, media.enc_sha256):
        raise IntegrityError("the MAC does not match: the file is whole, the key is another's")
    raise IntegrityError(
        "not the file that was announced: " + ("no MAC" if media.media_key else "no checksum") + " fits"
    )


def weigh(part: PartFile, candidates: list[Keys]) -> tuple[bytes, Keys | None]:
    """The sum of the part file, and the keys under which it is one encrypted file."""
    total, end = hashlib.sha256(), part.size - MAC_LENGTH
    macs = [keys.new_mac() for keys in candidates] if end >= BLOCK and end % BLOCK == 0 else []
    mac = b""
    for offset, data in part.chunks(memoryview(bytearray(CHUNK)), part.size):
        total.update(data)
        ciphertext = data[: max(end - offset, 0)]
        mac += bytes(data[len(ciphertext) :])
        for candidate in macs:
            candidate.update(ciphertext)
    for keys, candidate in zip(candidates, macs, strict=False):
        if hmac.compare_digest(candidate.digest()[:MAC_LENGTH], mac):
            return total.digest(), keys
    return total.digest(), None


def decrypt_in_place(part: PartFile, keys: Keys, media: MediaDescriptor) -> Decryptor:
    decryptor, written = Decryptor(keys, chunk=CHUNK), 0
    for _, data in part.chunks(memoryview(bytearray(CHUNK)), part.size):
        written += overwrite(part, written, decryptor.update(data))
    written += overwrite(part, written, decryptor.finish(media.sha256))
    part.cut_to(written)
    return decryptor


def encrypt_again(part: PartFile, keys: Keys) -> None:
    encryptor = keys.cipher().encryptor()
    output = memoryview(bytearray(CHUNK + BLOCK))
    for offset, data in part.chunks(memoryview(bytearray(CHUNK)), part.size):
        overwrite(part, offset, output[: encryptor.update_into(data, output)])


def overwrite(part: PartFile, offset: int, data: memoryview) -> int:
    part.write_at(offset, data)
    return len(data)


def mac_verified(decryptor: Decryptor, media: MediaDescriptor) -> Verified:
    found = decryptor.sha256.digest()
    fits = not media.sha256 or hmac.compare_digest(found, media.sha256)
    return Verified(found, "" if fits else OTHER_SUM)


def refuse_page(part: PartFile, media: MediaDescriptor) -> None:
    if not part.size:
        raise IntegrityError("the answer was empty")
    if is_page(part.head) and not is_page_type(media.mimetype):
        raise IntegrityError("a web page or error text instead of the file")
