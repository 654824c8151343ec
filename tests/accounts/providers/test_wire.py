import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.providers import wire
from accounts.providers.errors import WebhookNotJson
from accounts.providers.wire import Fields

KEY = bytes([251, 255, 190]) + bytes(range(29))
STANDARD = base64.b64encode(KEY).decode()


@pytest.mark.parametrize(
    "spelling",
    [
        STANDARD,
        STANDARD.rstrip("="),
        STANDARD.replace("+", " "),
        base64.urlsafe_b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
        f"{STANDARD[:20]}\r\n{STANDARD[20:]}",
        f"data:application/octet-stream;base64,{STANDARD}",
        KEY.hex(),
        KEY.hex().upper(),
        list(KEY),
        [byte - 256 if byte > 127 else byte for byte in KEY],
        {str(index): byte for index, byte in enumerate(KEY)},
        {"type": "Buffer", "data": list(KEY)},
        {"type": "Buffer", "data": STANDARD},
    ],
)
def test_every_spelling_of_bytes_is_read(spelling: object) -> None:
    assert wire.read_bytes(spelling) == KEY


@pytest.mark.parametrize(
    "nonsense", [None, True, 7, "!!", "a", ["x"], [300], [1.5], [True], {"1": 2}, {"data": {"data": "AA=="}}]
)
def test_what_is_not_bytes_reads_as_none(nonsense: object) -> None:
    assert wire.read_bytes(nonsense) == b""


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        (65480, 65480),
        ("65480", 65480),
        (" 65480 ", 65480),
        (65480.0, 65480),
        ({"low": 65480, "high": 0, "unsigned": True}, 65480),
        ({"low": -1, "high": 0, "unsigned": True}, 2**32 - 1),
        ({"low": 5, "high": 1, "unsigned": False}, 2**32 + 5),
        (True, None),
        ("12a", None),
        ("9" * 30, None),
        (10**30, None),
        (float("inf"), None),
        (float("nan"), None),
        ([], None),
        ({"low": "x"}, None),
    ],
)
def test_every_spelling_of_a_number_is_read(spelling: object, number: int | None) -> None:
    assert wire.read_int(spelling) == number


def test_a_count_fits_the_database_and_a_size_is_never_negative() -> None:
    assert wire.read_count(2**31 - 1) == 2**31 - 1
    assert wire.read_count(2**31) is None
    assert wire.read_size("-1") is None


@pytest.mark.parametrize(
    "moment", [1790001234, "1790001234", 1790001234000, "1790001234567", 1790001234567890]
)
def test_a_moment_is_read_in_seconds_and_in_smaller_units(moment: object) -> None:
    assert wire.read_moment(moment) == datetime(2026, 9, 21, 14, 33, 54, tzinfo=UTC)


@pytest.mark.parametrize("moment", [0, -5, None, "soon", 2**80, {}, False])
def test_what_is_not_a_moment_reads_as_none(moment: object) -> None:
    assert wire.read_moment(moment) is None


@pytest.mark.parametrize(
    "address",
    [
        "/v/t62.7118-24/1_n.enc?ccb=11-4&oh=01_X&oe=6B000002&_nc_sid=5e03e0",
        "https://mmg.whatsapp.net/v/t62.7118-24/1_n.enc?oe=6b000002",
        "/v/1_n.enc?oe=6B000002#part",
    ],
)
def test_the_end_of_a_signature_is_read_from_the_path(address: str) -> None:
    assert wire.expiry_of(address) == datetime.fromtimestamp(0x6B000002, UTC)


@pytest.mark.parametrize(
    "address", ["", "/v/1.enc", "/v/1.enc?oe=", "/v/1.enc?oe=zz", "/v/1.enc?foe=6B000002"]
)
def test_a_path_without_signature_has_no_end(address: str) -> None:
    assert wire.expiry_of(address) is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"7", b"null", b"\xff\xfe\xff", b'{"a":' * 100_000, b"[" * 100_000]
)
def test_a_body_that_is_no_object_is_not_json(body: bytes) -> None:
    with pytest.raises(WebhookNotJson):
        wire.load_object(body)


def test_the_error_does_not_repeat_the_body() -> None:
    with pytest.raises(WebhookNotJson) as caught:
        wire.load_object(b'{"text": "a secret')
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_loaded_body_can_be_written_to_any_database() -> None:
    loaded = wire.load_object(
        rb'{"a\u0000": "x\u0000y", "b": ["\ud83d"], "c": NaN, "d": 1e999, "e": "\ud83d\udc4d"}'
    )
    assert loaded == {"a": "xy", "b": ["?"], "c": None, "d": None, "e": "👍"}
    json.dumps(loaded, allow_nan=False).encode()


def test_a_number_of_ten_thousand_digits_is_dropped() -> None:
    assert wire.load_object(b'{"n": ' + b"9" * 10_000 + b"}") == {"n": None}


def test_what_lies_too_deep_is_cut_off() -> None:
    loaded: Any = wire.load_object(b'{"a":' * 300 + b"1" + b"}" * 300)
    depth = 0
    while loaded:
        loaded, depth = loaded["a"], depth + 1
    assert depth == wire.MAX_DEPTH


def test_fields_are_found_in_any_case() -> None:
    fields = Fields({"fileSHA256": STANDARD, "PTT": True, "pushname": "Ana"})
    assert fields.blob("fileSha256") == KEY
    assert fields.flag("ptt")
    assert fields.text("pushName") == "Ana"


def test_of_two_spellings_the_one_with_a_value_counts() -> None:
    assert Fields({"url": "", "URL": "https://a.example/"}).text("url") == "https://a.example/"
    assert Fields({"URL": "https://a.example/", "url": None}).text("url") == "https://a.example/"


@pytest.mark.parametrize("value", [None, 5, "text", [], True])
def test_anything_but_an_object_reads_as_an_empty_one(value: object) -> None:
    fields = Fields(value)
    assert not fields
    assert fields.text("a") == "" and fields.number("a") is None and list(fields.each("a")) == []


def test_a_label_carries_no_foreign_text() -> None:
    assert wire.label("FOO\n<script>" + "x" * 500) == ("FOO?script?" + "x" * 500)[: wire.LABEL_LENGTH]
