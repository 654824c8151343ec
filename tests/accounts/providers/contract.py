"""What every provider owes its callers; each provider's tests subclass it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import requests
import responses

from accounts.providers import PROVIDERS, errors
from accounts.providers.base import OutgoingLocation, OutgoingMedia, Provider
from accounts.providers.events import MediaDescriptor, MediaKind
from tests.accounts.providers.lines import IMAGE, NOW, PHONE, TOKEN

ANYWHERE = re.compile("https://.*")
METHODS = ("GET", "POST", "PUT", "DELETE")

PICTURE = OutgoingMedia(kind=MediaKind.IMAGE, mimetype="image/png", url="https://example.com/a.png")

PLACE = OutgoingLocation(latitude=-23.55, longitude=-46.63)

Call = Callable[[Provider], object]
CALLS: dict[str, Call] = {
    "status": lambda provider: provider.status(),
    "read_webhooks": lambda provider: provider.read_webhooks(),
    "configure_webhooks": lambda provider: provider.configure_webhooks("https://hub.example.com/w/"),
    "locate_media": lambda provider: provider.locate_media(IMAGE, now=NOW),
    "send_text": lambda provider: provider.send_text(PHONE, "hello"),
    "send_media": lambda provider: provider.send_media(PHONE, PICTURE),
    "send_location": lambda provider: provider.send_location(PHONE, PLACE),
    "send_contact": lambda provider: provider.send_contact(PHONE, name="Ana", phone=PHONE),
    "send_reaction": lambda provider: provider.send_reaction(PHONE, "M1", "👍"),
    "mark_read": lambda provider: provider.mark_read(PHONE, "M1"),
}
PAIRING: dict[str, Call] = {
    "qr_code": lambda provider: provider.qr_code(),
    "pairing_code": lambda provider: provider.pairing_code(PHONE),
    "restart": lambda provider: provider.restart(),
    "disconnect": lambda provider: provider.disconnect(),
}
ABILITIES: dict[str, Call] = {
    "templates": lambda provider: provider.send_template(PHONE, name="hi", language="en", components=[]),
    "edit": lambda provider: provider.edit_text(PHONE, "M1", "hello"),
    "delete": lambda provider: provider.delete_message(PHONE, "M1"),
}
ARRIVAL = [
    *((status, True) for status in (200, 201, 408, 502, 504, 520, 522, 524)),
    *((status, False) for status in (302, 400, 401, 404, 413, 429, 500, 503, 521, 530)),
]
SENDING = ("send_text", "send_media", "send_location", "send_contact")
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

    def test_it_says_what_can_be_sent(self, provider: Provider) -> None:
        abilities = provider.abilities
        assert set(abilities.media) == set(MediaKind)
        assert min(limit.max_bytes for limit in abilities.media.values()) > 0
        assert abilities.text >= abilities.caption > 0
        assert abilities.burst is None or (abilities.burst > 0 and abilities.burst_period > timedelta())

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
    @pytest.mark.parametrize("name", ["status", "read_webhooks", "locate_media", *SENDING])
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

    @pytest.mark.parametrize("name", ABILITIES)
    def test_what_it_cannot_do_asks_nobody(
        self, provider: Provider, wire: responses.RequestsMock, name: str
    ) -> None:
        answer_all(wire, status=503)
        declared = getattr(provider.abilities, name)
        with pytest.raises(errors.Unavailable if declared else errors.Unsupported):
            ABILITIES[name](provider)
        assert len(wire.calls) == int(declared)

    @pytest.mark.parametrize("name", SENDING)
    @pytest.mark.parametrize(("status", "may_have_arrived"), ARRIVAL)
    def test_a_failed_sending_says_whether_it_may_have_arrived(
        self,
        provider: Provider,
        wire: responses.RequestsMock,
        name: str,
        status: int,
        may_have_arrived: bool,
    ) -> None:
        answer_all(wire, status=status, body="<html>")
        with pytest.raises(errors.ProviderError) as caught:
            CALLS[name](provider)
        assert caught.value.may_have_arrived is may_have_arrived

    @pytest.mark.parametrize("status", [status for status, _ in ARRIVAL])
    def test_an_error_in_the_providers_own_words_says_that_nothing_was_done(
        self, provider: Provider, wire: responses.RequestsMock, status: int
    ) -> None:
        answer_all(wire, status=status, json={"error": {"code": 999999, "message": "no"}})
        with pytest.raises(errors.ProviderError) as caught:
            provider.send_text(PHONE, "hello")
        assert not caught.value.may_have_arrived

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
