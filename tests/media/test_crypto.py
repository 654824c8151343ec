import hashlib
import os

import pytest

from accounts.providers.errors import IntegrityError
from accounts.providers.events import MediaKind
from media.crypto import MEDIA_INFO, Decryptor, derive_keys, encrypt, infos

KEY = bytes(range(32))


def decryptor(kind=MediaKind.DOCUMENT, chunk=65536):
    return Decryptor(derive_keys(KEY, MEDIA_INFO[kind]), chunk=chunk)


def decrypted(taker, blob, step=65536, sha256=b""):
    out = b"".join(bytes(taker.update(memoryview(blob)[at : at + step])) for at in range(0, len(blob), step))
    return out + bytes(taker.finish(sha256))


@pytest.mark.parametrize("size", [*range(50), 65526, 65536, 65537])
def test_what_was_encrypted_comes_back(size):
    plaintext = os.urandom(size)
    taker = decryptor()
    assert decrypted(taker, encrypt(plaintext, KEY, MediaKind.DOCUMENT).blob) == plaintext
    assert taker.sha256.digest() == hashlib.sha256(plaintext).digest()


@pytest.mark.parametrize("step", [1, 2, 9, 10, 11, 15, 16, 17, 25, 26, 27, 100])
def test_the_size_of_the_pieces_does_not_matter(step):
    plaintext = os.urandom(1000)
    blob = encrypt(plaintext, KEY, MediaKind.DOCUMENT).blob
    assert decrypted(decryptor(chunk=step), blob, step) == plaintext


@pytest.mark.parametrize("at", [0, 15, 16, 500, 991, -27, -26, -11, -10, -1])
def test_a_flipped_bit_is_refused(at):
    blob = bytearray(encrypt(bytes(1000), KEY, MediaKind.DOCUMENT).blob)
    blob[at] ^= 1
    with pytest.raises(IntegrityError, match="MAC"):
        decrypted(decryptor(), bytes(blob))


@pytest.mark.parametrize("size", range(27))
def test_a_stump_is_refused(size):
    blob = encrypt(bytes(100), KEY, MediaKind.DOCUMENT).blob
    with pytest.raises(IntegrityError):
        decrypted(decryptor(), blob[:size])


def test_keys_of_another_kind_are_refused():
    with pytest.raises(IntegrityError):
        decrypted(decryptor(MediaKind.VIDEO), encrypt(b"x", KEY, MediaKind.AUDIO).blob)


def test_what_was_received_can_be_told_from_what_was_delivered():
    blob = os.urandom(1007)
    taker = decryptor()
    delivered = bytes(taker.update(memoryview(blob))) + bytes(taker.last_block)
    encryptor = derive_keys(KEY, MEDIA_INFO[MediaKind.DOCUMENT]).cipher().encryptor()
    assert encryptor.update(delivered) + taker.rest == blob


def test_stickers_share_the_label_of_images_and_voice_notes_that_of_audio():
    assert MEDIA_INFO[MediaKind.STICKER] == MEDIA_INFO[MediaKind.IMAGE]
    assert MEDIA_INFO[MediaKind.VOICE] == MEDIA_INFO[MediaKind.AUDIO]


def test_labels_are_tried_in_the_order_of_their_likelihood():
    ordered = infos(MediaKind.DOCUMENT, "audio/ogg; codecs=opus")
    assert ordered[:2] == (b"WhatsApp Document Keys", b"WhatsApp Audio Keys")
    assert sorted(ordered) == sorted(set(MEDIA_INFO.values()))


@pytest.mark.parametrize("mimetype", ["", "x", "application/pdf", "IMAGE/JPEG", "voice/x", "\0/\0"])
def test_any_mimetype_gives_all_four_labels(mimetype):
    assert len(infos(MediaKind.STICKER, mimetype)) == 4


def test_keys_do_not_show_themselves():
    assert "b'" not in repr(derive_keys(KEY, b"WhatsApp Image Keys"))
