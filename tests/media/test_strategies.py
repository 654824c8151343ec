import hashlib
import resource
from dataclasses import replace
from datetime import timedelta

import pytest
import responses

from accounts.providers import errors
from accounts.providers.base import MediaLocation
from media.strategies import StorageTrouble, fetch
from tests.media.fetching import (
    EARLIER,
    KEY,
    LATER,
    NOW,
    PATH,
    PLAINTEXT,
    Locator,
    assert_delivered,
    encrypted_media,
    job_for,
    media_of,
    run_cdn,
    run_provider,
)
from tests.media.origin import plain, ranged, serving

CDN_URL = "https://mmg.whatsapp.net" + PATH
PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"


def test_the_cdn_is_asked_with_the_whole_query_and_its_headers(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(plain(blob)) as origin:
        assert_delivered(*run_cdn(media, tmp_path, origin))
    [asked] = origin.asked
    assert asked.target == PATH
    assert asked.headers["origin"] == "https://web.whatsapp.com"
    assert asked.headers["referer"] == "https://web.whatsapp.com/"
    assert asked.headers["accept-encoding"] == "identity"
    assert "authorization" not in asked.headers


def test_an_attempt_tells_what_it_cost(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(plain(blob)) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin)
    assert (attempt.strategy, attempt.http_status, attempt.bytes) == ("cdn", 200, len(blob))
    assert attempt.started_at >= NOW and 0 < attempt.duration < 10


def test_an_expired_link_is_gone_without_asking(tmp_path):
    _, media = encrypted_media(PLAINTEXT, direct_path=PATH.replace(LATER, EARLIER))
    with responses.RequestsMock():
        attempt, file = run_cdn(media, tmp_path)
    assert (attempt.outcome, file) == ("gone", None)
    assert attempt.reason == "link expired on 2026-02-28 12:00 UTC"
    assert attempt.error.since == NOW - timedelta(days=1)


@pytest.mark.parametrize("oe", ["", "zz", "0", "-65A1B2C", "F" * 40, "0x"])
def test_an_unreadable_expiry_is_no_expiry(oe, tmp_path):
    blob, media = encrypted_media(PLAINTEXT, direct_path=PATH.replace(LATER, oe))
    with serving(plain(blob)) as origin:
        assert_delivered(*run_cdn(media, tmp_path, origin))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (403, "gone"),
        (404, "gone"),
        (410, "gone"),
        (429, "unavailable"),
        (503, "unavailable"),
        (400, "refused"),
        (302, "unexpected"),
    ],
)
def test_a_status_decides_the_outcome(status, outcome, tmp_path):
    _, media = encrypted_media(PLAINTEXT)
    with serving(plain(b"Bad URL hash", status, Retry_After=7)) as origin:
        attempt, file = run_cdn(media, tmp_path, origin)
    assert (attempt.outcome, attempt.http_status, file) == (outcome, status, None)
    assert getattr(attempt.error, "retry_after", 7) == 7


@pytest.mark.parametrize(
    "path",
    ["//evil.example/x", "https://evil.example/x", "/\\evil.example", "x", "/a\nb", "/a b", "@evil.example/"],
)
def test_a_direct_path_cannot_become_a_host(path, tmp_path):
    _, media = encrypted_media(PLAINTEXT, direct_path=path)
    attempt, _ = run_cdn(media, tmp_path)
    assert (attempt.outcome, type(attempt.error)) == ("refused", errors.HostNotAllowed)


@responses.activate
def test_the_fallback_host_is_asked_when_the_first_is_down(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    responses.get(CDN_URL, status=503)
    responses.get(CDN_URL.replace("mmg.", "mmg-fallback."), body=blob)
    assert_delivered(*run_cdn(media, tmp_path))


@responses.activate
def test_the_first_hosts_word_is_the_reason(tmp_path):
    _, media = encrypted_media(PLAINTEXT)
    responses.get(CDN_URL, status=503)
    responses.get(CDN_URL.replace("mmg.", "mmg-fallback."), status=403)
    attempt, _ = run_cdn(media, tmp_path)
    assert (attempt.outcome, attempt.reason) == ("unavailable", "HTTP 503")


@responses.activate
def test_another_url_is_asked_when_the_direct_path_is_gone(tmp_path):
    other = "https://media-gru1-1.cdn.whatsapp.net/v/other.enc?oh=1"
    blob, media = encrypted_media(PLAINTEXT, url=other)
    responses.get(CDN_URL, status=403)
    responses.get(other, body=blob)
    assert_delivered(*run_cdn(media, tmp_path))


@responses.activate
def test_the_same_signature_is_not_asked_again_elsewhere(tmp_path):
    _, media = encrypted_media(PLAINTEXT, url=CDN_URL + "&mms3=true")
    responses.get(CDN_URL, status=403)
    attempt, _ = run_cdn(media, tmp_path)
    assert (attempt.outcome, len(responses.calls)) == ("gone", 1)


@pytest.mark.parametrize(
    "url", ["https://a.example/x.enc", "https://[::1", "x", "file:///etc/passwd", "//[", "https://"]
)
def test_a_url_off_the_list_is_refused(url, tmp_path):
    _, media = encrypted_media(PLAINTEXT, direct_path="", url=url)
    attempt, _ = run_cdn(media, tmp_path)
    assert (attempt.outcome, type(attempt.error)) == ("refused", errors.HostNotAllowed)


def test_media_with_an_id_is_not_the_cdns(tmp_path):
    media = media_of(direct_path="", url="https://lookaside.fbsbx.com/x", media_id="1", sha256=b"x" * 32)
    assert fetch(job_for(media, tmp_path)) == ([], None)


def test_the_providers_link_is_fetched_and_checked(tmp_path):
    media = media_of(sha256=hashlib.sha256(PLAINTEXT).digest())
    with serving(plain(PLAINTEXT)) as origin:
        attempt, file = run_provider(media, tmp_path, MediaLocation(url=origin.url + "/f"), origin)
    assert_delivered(attempt, file)
    assert "authorization" not in origin.asked[0].headers


def test_the_token_goes_with_the_link_that_needs_it(tmp_path):
    location = MediaLocation(
        url="https://lookaside.fbsbx.com/x", token="t0ken", sha256=hashlib.sha256(b"abc").digest()
    )
    with responses.RequestsMock() as mocked:
        mocked.get(location.url, body=b"abc")
        assert_delivered(*run_provider(media_of(), tmp_path, location), b"abc")
        assert mocked.calls[0].request.headers["Authorization"] == "Bearer t0ken"


def test_content_in_the_answer_needs_no_link(tmp_path):
    location = MediaLocation(content=PLAINTEXT)
    media = media_of(sha256=hashlib.sha256(PLAINTEXT).digest())
    assert_delivered(*run_provider(media, tmp_path, location))


def test_the_answers_checksum_comes_before_the_messages(tmp_path):
    location = MediaLocation(content=b"abc", sha256=hashlib.sha256(b"abd").digest())
    attempt, _ = run_provider(media_of(), tmp_path, location)
    assert attempt.outcome == "integrity"


def test_bytes_that_nothing_can_prove_come_with_a_warning(tmp_path):
    attempt, file = run_provider(
        media_of(mimetype="image/jpeg"), tmp_path, MediaLocation(content=b"\xff\xd8\xff!")
    )
    assert (attempt.outcome, file.warning) == ("ok", "no checksum to verify it against")


@pytest.mark.parametrize("content", [b"", PAGE, b'{"error": true}', b"[]"])
def test_an_error_page_is_no_file(content, tmp_path):
    attempt, file = run_provider(media_of(mimetype="image/jpeg"), tmp_path, MediaLocation(content=content))
    assert (attempt.outcome, file) == ("integrity", None)


def test_a_page_that_was_sent_as_a_page_is_a_file(tmp_path):
    attempt, file = run_provider(media_of(mimetype="text/html"), tmp_path, MediaLocation(content=PAGE))
    assert (attempt.outcome, file.mimetype) == ("ok", "text/html")


@pytest.mark.parametrize("known", [True, False], ids=["with checksum", "without"])
def test_a_file_handed_out_still_encrypted_is_decrypted(known, tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    if not known:
        media = replace(media, sha256=b"", enc_sha256=b"")
    assert_delivered(*run_provider(media, tmp_path, MediaLocation(content=blob)))


def test_a_public_link_that_is_forbidden_says_nothing_of_the_token(tmp_path):
    with serving(plain(b"", 403)) as origin:
        attempt, _ = run_provider(media_of(), tmp_path, MediaLocation(url=origin.url), origin)
    assert attempt.outcome == "unavailable"


def test_a_token_that_is_refused_brings_the_line_down(tmp_path):
    with serving(plain(b"", 401)) as origin:
        location = MediaLocation(url=origin.url, token="t0ken")
        attempt, _ = run_provider(media_of(), tmp_path, location, origin)
    assert (attempt.outcome, type(attempt.error)) == ("line_down", errors.CredentialsRejected)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.Unavailable("x", status=500), "unavailable"),
        (errors.NotConnected("x"), "line_down"),
        (errors.RequestRejected("x"), "refused"),
        (errors.Unsupported("x", status=404), "unsupported"),
        (errors.UnexpectedResponse("x"), "unexpected"),
        (errors.MediaGone("x"), "gone"),
    ],
)
def test_every_kind_of_error_has_its_outcome(error, outcome, tmp_path):
    attempt, file = run_provider(media_of(), tmp_path, error)
    assert (attempt.outcome, attempt.error, attempt.http_status, file) == (outcome, error, error.status, None)


def test_the_next_strategy_is_tried_until_one_delivers(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    provider = Locator(errors.Unavailable("down", status=500))
    with serving(plain(blob)) as origin:
        order = ("provider", "provider_alt", "cdn")
        attempts, file = fetch(job_for(media, tmp_path, origin=origin, provider=provider, strategies=order))
    assert [attempt.outcome for attempt in attempts] == ["unavailable", "unavailable", "ok"]
    assert provider.asked == [False, True]
    assert_delivered(attempts[-1], file)


def test_what_the_provider_cannot_do_is_not_asked(tmp_path):
    provider = Locator(errors.Unavailable("down"), media_strategies=("provider",))
    attempts, _ = fetch(job_for(media_of(direct_path=""), tmp_path, provider=provider))
    assert [attempt.strategy for attempt in attempts] == ["provider"]


def test_nothing_is_left_behind_when_all_fail(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(plain(blob[:-1])) as origin:
        provider = Locator(MediaLocation(url=origin.url + "/x"))
        attempts, file = fetch(job_for(media, tmp_path, origin=origin, provider=provider))
    assert [attempt.outcome for attempt in attempts] == ["integrity"] * 3
    assert (file, list(tmp_path.iterdir())) == (None, [])


def test_our_own_disk_is_nobody_elses_fault(tmp_path):
    blob, media = encrypted_media(PLAINTEXT)
    with serving(plain(blob)) as origin, pytest.raises(StorageTrouble, match="No such file") as caught:
        fetch(job_for(media, tmp_path / "missing", origin=origin, provider=Locator(MediaLocation())))
    assert [attempt.outcome for attempt in caught.value.attempts] == ["storage"]


def test_attempts_before_the_disk_failed_are_not_lost(tmp_path):
    provider = Locator(errors.Unavailable("down"))
    _, media = encrypted_media(PLAINTEXT)
    job = job_for(media, tmp_path / "missing", provider=provider, strategies=("provider", "cdn"))
    with pytest.raises(StorageTrouble) as caught:
        fetch(job)
    assert [attempt.outcome for attempt in caught.value.attempts] == ["unavailable", "storage"]


def test_a_full_disk_is_storage_trouble(tmp_path):
    blob, media = encrypted_media(bytes(300_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with serving(plain(blob)) as origin, pytest.raises(StorageTrouble, match="File too large"):
            run_cdn(media, tmp_path, origin)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_no_reason_carries_a_secret(tmp_path):
    _, media = encrypted_media(PLAINTEXT, url="https://a.example/x?oh=s3cret")
    with serving(ranged(b"x" * 50, piece=0)) as origin:
        attempt, _ = run_cdn(media, tmp_path, origin)
    shown = repr(attempt)
    assert "oh=" not in shown and repr(KEY) not in shown and PATH not in shown
