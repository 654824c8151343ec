"""Recorded bodies with something wrong in them: events or a WebhookError come out, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.providers.cloud import webhooks as cloud
from accounts.providers.errors import WebhookError
from accounts.providers.events import Event
from accounts.providers.wapi import webhooks as wapi
from tests.loading import payload, payload_names

GATES = {"wapi": wapi, "cloud": cloud}
RECORDED = [(provider, payload(provider, name)) for provider in GATES for name in payload_names(provider)]

HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["\x00", "\ud83d", "9" * 5000, "status@broadcast", "@lid", "data:;base64,", "{" * 3000]),
    st.just([]),
    st.just({}),
    st.lists(st.one_of(st.none(), st.integers(), st.just({}), st.just("x")), max_size=3),
    st.dictionaries(
        st.sampled_from(["id", "message", "low", "high", "data", "key"]), st.integers(), max_size=3
    ),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in below for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], by)
    return copy


@st.composite
def spoiled_bodies(draw: st.DrawFn) -> tuple[str, bytes]:
    provider, body = draw(st.sampled_from(RECORDED))
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from(places(body)))
        body = replaced(body, where, draw(HOSTILE))
    return provider, json.dumps(body).encode()


def storable(event: Event) -> None:
    """What PostgreSQL would refuse: NUL, lone surrogates, NaN; and an instant it cannot hold."""
    text = json.dumps(getattr(event, "payload", {}), ensure_ascii=False, allow_nan=False) + repr(event)
    text.encode()
    assert "\x00" not in text and "\\x00'" not in str(getattr(event, "text", ""))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoiled_bodies())
def test_a_spoiled_body_gives_events_or_a_webhook_error(spoiled: tuple[str, bytes]) -> None:
    provider, body = spoiled
    try:
        events = GATES[provider].parse(body)
    except WebhookError:
        return
    assert events
    for event in events:
        storable(event)


@settings(max_examples=100, deadline=None)
@given(spoiled_bodies())
def test_a_spoiled_body_is_authentic_or_refused(spoiled: tuple[str, bytes]) -> None:
    _, body = spoiled
    for check in (lambda: wapi.verify(body, instance_id="X-1"), lambda: cloud.line_of(body)):
        try:
            check()
        except WebhookError:
            continue


@pytest.mark.parametrize("provider", GATES)
@given(noise=st.binary(max_size=200))
def test_noise_is_a_webhook_error(provider: str, noise: bytes) -> None:
    with pytest.raises(WebhookError):
        GATES[provider].parse(noise)


@pytest.mark.parametrize("depth", [50, 200, 900, 5000])
def test_wrappers_without_end_do_not_run_out_of_stack(depth: int) -> None:
    opened = b'{"ephemeralMessage": {"message": ' * depth + b'{"conversation": "oi"}' + b"}}" * depth
    head = b'{"event": "webhookReceived", "instanceId": "X-1", "messageId": "A", "chat": {"id": "5511900002222"}, '
    try:
        assert wapi.parse(head + b'"msgContent": ' + opened + b"}")
    except WebhookError:
        assert depth > 200
