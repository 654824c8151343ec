"""What every provider owes its callers; each provider's tests subclass it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import requests
import responses

from accounts.providers import PROVIDERS, errors
from accounts.providers.base import OutgoingMedia, Provider
from accounts.providers.events import MediaDescriptor, MediaKind
from tests.accounts.providers.lines import IMAGE, NOW, PHONE, TOKEN

ANYWHERE = re.compile("https://.*")
METHODS = ("GET", "POST", "PUT", "DELETE")

PICTURE = OutgoingMedia(kind=MediaKind.IMAGE, mimetype="image/png", url="https://example.com/a.png")

Call = Callable[[Provider], object]
CALLS: dict[str, Call] = {
    "status": lambda provider: provider.status(),
    "read_webhooks": lambda provider: provider.read_webhooks(),
    "configure_webhooks": lambda provider: provider.configure_webhooks("https://hub.example.com/w/"),
    "locate_media": lambda provider: provider.locate_media(IMAGE, now=NOW),
    "send_text": lambda provider: provider.send_text(PHONE, "hello"),
    "send_media": lambda provider: provider.send_media(PHONE, PICTURE),
    "send_reaction": lambda provider: provider.send_reaction(PHONE, "M1", "👍"),
    "mark_read": lambda provider: provider.mark_read(PHONE, "M1"),
}
PAIRING: dict[str, Call] = {
    "qr_code": lambda provider: provider.qr_code(),
    "pairing_code": lambda provider: provider.pairing_code(PHONE),
    "restart": lambda provider: provider.restart(),
    "disconnect": lambda provider: provider.disconnect(),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


def answer_all(wire: responses.RequestsMock, **answer: object) -> None:
    for method in METHODS:
        wire.add(method, ANYWHERE, **answer)  # type: ignore[arg-type]


class ProviderContract:
    @pytest.fixture
    def wire(self) -> Iterator[responses.RequestsMock]:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
            yield wire

    def test_it_is_registered_under_its_name(self, provider: Provider) -> None:
        assert PROVIDERS[provider.name] is type(provider)

    def test_it_declares_what_it_can(self, provider: Provider) -> None:
        assert set(provider.media_strategies) <= {"provider", "provider_alt"}
        assert provider.media_lifetime > timedelta(days=1)

    def test_a_forged_webhook_is_refused(self, provider: Provider) -> None:
        with pytest.raises(errors.WebhookNotAuthentic):
            provider.verify_webhook(b"{}", {})

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b"\xff", b'{"a": 1}', b'"text"'])
    def test_a_foreign_body_is_unknown(self, provider: Provider, body: bytes) -> None:
        with pytest.raises((errors.UnknownPayload, errors.WebhookNotJson)):
            provider.parse_webhook(body)

    def test_a_challenge_without_our_token_is_refused(self, provider: Provider) -> None:
        query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "guess"}
        with pytest.raises(errors.WebhookNotAuthentic):
            provider.answer_challenge(query)

    @each_call
    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
    def test_a_busy_provider_is_worth_another_try(
        self, provider: Provider, wire: responses.RequestsMock, call: Call, status: int
    ) -> None:
        answer_all(wire, status=status, headers={"Retry-After": "7"})
        with pytest.raises(errors.Unavailable) as caught:
            call(provider)
        assert (caught.value.status, caught.value.retry_after) == (status, 7)

    @each_call
    def test_a_broken_connection_is_worth_another_try(
        self, provider: Provider, wire: responses.RequestsMock, call: Call
    ) -> None:
        answer_all(wire, body=requests.ConnectionError("reset"))
        with pytest.raises(errors.Unavailable):
            call(provider)

    @each_call
    def test_a_refused_token_stops_the_line(
        self, provider: Provider, wire: responses.RequestsMock, call: Call
    ) -> None:
        answer_all(wire, status=401, json={})
        with pytest.raises(errors.CredentialsRejected):
            call(provider)

    @pytest.mark.parametrize("body", ["<html>", "[]", "null", "{}"])
    @pytest.mark.parametrize("name", ["status", "read_webhooks", "locate_media", "send_text", "send_media"])
    def test_a_strange_answer_is_not_taken_for_success(
        self, provider: Provider, wire: responses.RequestsMock, name: str, body: str
    ) -> None:
        answer_all(wire, body=body)
        with pytest.raises(errors.UnexpectedResponse):
            CALLS[name](provider)

    @each_call
    def test_the_token_goes_in_the_header_and_never_into_an_error(
        self, provider: Provider, wire: responses.RequestsMock, call: Call
    ) -> None:
        told = f"\x1b[31mtoken {TOKEN} is wrong " + "x" * 5000
        answer_all(wire, status=400, json={"error": {"message": told}, "message": told})
        with pytest.raises(errors.ProviderError) as caught:
            call(provider)
        assert wire.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in caught.value.reason
        assert len(caught.value.reason) <= 220
        assert caught.value.reason.isprintable()

    @pytest.mark.parametrize("call", PAIRING.values(), ids=PAIRING.keys())
    def test_pairing_is_declared(self, provider: Provider, wire: responses.RequestsMock, call: Call) -> None:
        answer_all(wire, status=503)
        expected = errors.Unavailable if provider.can_pair else errors.Unsupported
        with pytest.raises(expected):
            call(provider)

    def test_only_a_declared_way_to_a_file_is_tried(
        self, provider: Provider, wire: responses.RequestsMock
    ) -> None:
        answer_all(wire, status=503)
        declared = "provider_alt" in provider.media_strategies
        with pytest.raises(errors.Unavailable if declared else errors.Unsupported):
            provider.locate_media(IMAGE, now=NOW, alternative=True)
        assert len(wire.calls) == int(declared)

    def test_a_message_without_anything_to_fetch_by_asks_nobody(
        self, provider: Provider, wire: responses.RequestsMock
    ) -> None:
        with pytest.raises(errors.RequestRejected):
            provider.locate_media(MediaDescriptor(kind=MediaKind.IMAGE), now=NOW)
        assert len(wire.calls) == 0

    def test_nothing_to_send_asks_nobody(self, provider: Provider, wire: responses.RequestsMock) -> None:
        with pytest.raises(errors.RequestRejected):
            provider.send_media(PHONE, OutgoingMedia(kind=MediaKind.IMAGE, mimetype="image/png"))
        assert len(wire.calls) == 0
