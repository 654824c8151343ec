"""How providers answer, in figures whose labels cannot grow with what foreign addresses say."""

import pytest
import responses

from accounts import metrics, observing
from accounts.services import door

WAPI = "https://api.w-api.app/v1"


@pytest.fixture(autouse=True)
def nothing_called_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "_endpoints", set())


def count(provider: str, endpoint: str, status: str) -> float:
    found = metrics.registry.get_sample_value(
        "multichat_provider_answers_total", {"provider": provider, "endpoint": endpoint, "status": status}
    )
    return found or 0.0


@pytest.mark.parametrize(
    ("url", "provider", "endpoint"),
    [
        (f"{WAPI}/message/send-text?instanceId=AB12CD", "wapi", "message/send-text"),
        ("https://graph.facebook.com/v25.0/800000000000001/messages", "cloud", "id/messages"),
        ("https://graph.facebook.com/v25.0/998877?fields=url", "cloud", "id"),
        ("https://mmg.whatsapp.net/v/t62.7118-24/secret?oe=1&oh=2", "cdn", "file"),
        ("https://media-gru2-1.cdn.whatsapp.net/v/x", "cdn", "file"),
        ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", "other", "file"),
    ],
)
def test_an_address_becomes_words_of_ours(url: str, provider: str, endpoint: str) -> None:
    before = count(provider, endpoint, "4xx")
    observing.note_answer(url, 404, 0.1)
    assert count(provider, endpoint, "4xx") == before + 1


@pytest.mark.parametrize(
    ("status", "word"), [(200, "2xx"), (302, "3xx"), (429, "429"), (503, "5xx"), (None, "none")]
)
def test_a_status_becomes_its_class(status: int | None, word: str) -> None:
    before = count("cdn", "file", word)
    observing.note_answer("https://mmg.whatsapp.net/v/x", status, 0.1)
    assert count("cdn", "file", word) == before + 1


def test_endpoints_do_not_grow_without_end() -> None:
    for number in range(200):
        word = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        observing.note_answer(f"{WAPI}/made-up-{word}", 200, 0.1)
    assert len(observing._endpoints) <= observing.MOST_ENDPOINTS
    assert count("wapi", "other", "2xx") > 0


@responses.activate
def test_the_door_tells_of_each_request() -> None:
    responses.get("https://mmg.whatsapp.net/v/y", status=410)
    before = count("cdn", "file", "4xx")
    door().call("GET", "https://mmg.whatsapp.net/v/y")
    assert count("cdn", "file", "4xx") == before + 1
