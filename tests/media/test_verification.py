import hashlib
import os
from dataclasses import replace

import pytest

from accounts.providers.events import MediaKind
from media.crypto import MEDIA_INFO, derive_keys
from tests.media.fetching import (
    KEY,
    PLAINTEXT,
    assert_delivered,
    encrypted_media,
    media_of,
    run_cdn,
)
from tests.media.origin import plain, serving

PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"


def test_plain_media_is_checked_by_its_checksum(tmp_path):
    media = media_of(sha256=hashlib.sha256(PLAINTEXT).digest())
    with serving(plain(PLAINTEXT)) as origin:
        assert_delivered(*run_cdn(media, tmp_path, origin))


def test_plain_media_with_another_checksum_is_refused(tmp_path):
    with serving(plain(PLAINTEXT)) as origin:
        attempt, _ = run_cdn(media_of(sha256=bytes(32)), tmp_path, origin)
    assert attempt.outcome == "integrity"


def test_plain_media_that_nothing_can_prove_is_not_asked_for(tmp_path):
    with serving(plain(PLAINTEXT)) as origin:
        attempt, _ = run_cdn(media_of(), tmp_path, origin)
    assert (attempt.outcome, origin.asked) == ("integrity", [])


@pytest.mark.parametrize("size", [0, 5, 16, 26, 131_055, 131_056, 300_000])
@pytest.mark.parametrize("used", [MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO])
def test_keys_of_another_kind_are_found_without_asking_again(used, size, tmp_path):
    plaintext = os.urandom(size)
    blob, media = encrypted_media(plaintext, kind=used)
    with serving(plain(blob)) as origin:
        assert_delivered(*run_cdn(replace(media, kind=MediaKind.DOCUMENT), tmp_path, origin), plaintext)
    assert len(origin.asked) == 1


@pytest.mark.parametrize("size", [1, 9, 10, 15, 16, 26, 42, 300_000, 300_010])
def test_plain_media_with_a_key_is_delivered_as_it_is(size, tmp_path):
    plaintext = os.urandom(size)
    media = media_of(media_key=KEY, sha256=hashlib.sha256(plaintext).digest())
    with serving(plain(plaintext)) as origin:
        assert_delivered(*run_cdn(media, tmp_path, origin), plaintext)


def test_a_mac_without_any_checksum_is_proof_enough(tmp_path):
    blob, media = encrypted_media(PLAINTEXT, sha256=b"", enc_sha256=b"")
    with serving(plain(blob)) as origin:
        assert_delivered(*run_cdn(media, tmp_path, origin))


def test_an_encoder_that_does_not_pad_is_believed_by_its_checksum(tmp_path):
    plaintext = b"0123456789abcdef" * 3
    keys = derive_keys(KEY, MEDIA_INFO[MediaKind.DOCUMENT])
    encryptor, mac = keys.cipher().encryptor(), keys.new_mac()
    ciphertext = encryptor.update(plaintext)
    mac.update(ciphertext)
    media = media_of(media_key=KEY, sha256=hashlib.sha256(plaintext).digest())
    with serving(plain(ciphertext + mac.digest()[:10])) as origin:
        assert_delivered(*run_cdn(media, tmp_path, origin), plaintext)


def test_damage_and_a_wrong_key_are_told_apart(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(plain(blob)) as origin:
        wrong_key, _ = run_cdn(replace(media, media_key=bytes(32)), tmp_path, origin)
        damaged, _ = run_cdn(replace(media, media_key=bytes(32), enc_sha256=b"x" * 32), tmp_path, origin)
    assert "the file is whole" in wrong_key.reason
    assert "not the file that was announced" in damaged.reason


@pytest.mark.parametrize("page", [PAGE, b'{"error":true,"message":"x"}', b"  <?xml version='1.0'?><Error/>"])
def test_a_page_instead_of_the_file_is_named(page, tmp_path):
    _, media = encrypted_media(PLAINTEXT)
    with serving(plain(page)) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin)
    assert (attempt.outcome, attempt.reason) == ("integrity", "a web page or error text instead of the file")
