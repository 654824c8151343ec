"""No secret leaves the product by a log, a page, an answer, a stored reason, a command's output or a process list."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, connections

from tests.canaries.installation import SETTINGS, installed
from tests.canaries.play import (
    APP_SECRET,
    FERNET,
    PASSWORD,
    TEXTS,
    TOKENS,
    VERIFY,
    WRONG,
    Play,
    breaking,
    made_key,
)

COMMANDS = (["diagnose"], ["rotate_secrets", "--dry-run"])
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="its errors quote rows; once is long enough"
    ),
]


def found(secrets: dict[str, str], seen: dict[str, str], *, but: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{name} in {place}: …{text[max(0, text.find(secret) - 60) : text.find(secret) + 80]!r}"
        for name, secret in secrets.items()
        for place, text in seen.items()
        if secret in text and not place.startswith(but or ("\x00",))
    ]


def told_to_nobody(play: Play) -> dict[str, str]:
    return {
        **{f"token of {name}": token for name, token in TOKENS.items()},
        **{f"setting {name}": value for name, value in SETTINGS.items()},
        **{f"media key {place}": made_key(file) for place, file in enumerate(play.files)},
        "app secret": APP_SECRET,
        "password": PASSWORD,
        "wrong password": WRONG,
        "Fernet key": FERNET,
        "key of the second factor": play.factor.key,
    }


def test_no_planted_secret_is_told_anywhere(transactional_db: None, tmp_path: Path) -> None:
    with breaking(), installed(tmp_path) as made:
        play = Play(made)
        connections.close_all()
        play.log_in()
        play.receive()
        play.send()
        play.settle()
        made.see_processes()
        with ThreadPoolExecutor(len(COMMANDS)) as pool:
            done = [pool.submit(made.run, words[0], "manage.py", *words) for words in COMMANDS]
            play.wander()
            play.take_along()
            play.listen()
        assert [one.result() for one in done] == [None] * len(done)
        play.see_rows()
        session = str(play.web.cookies["sessionid"])
    assert len(made.seen) > 60 and "request" in made.seen["log of web"] and made.seen["log of worker"]
    assert "Traceback" in "".join(
        text for place, text in made.seen.items() if place.startswith("WebhookEvent")
    )
    assert made.seen["log of stream"] and TEXTS[0] in made.seen["stream 200"]
    assert any(TEXTS[0] in text for place, text in made.seen.items() if place.startswith("export "))
    assert found(told_to_nobody(play) | {"session": session}, made.seen) == []
    # Managers copy the addresses and the verify token into the provider's panel; nobody else is told.
    pages = ("GET /admin/accounts/whatsappinstance/", "GET /api/v1/instances/")
    keys = {f"webhook key {place}": key for place, key in enumerate(play.keys)} | {"verify token": VERIFY}
    assert found(keys, made.seen, but=pages) == []
    assert found({"API token": play.key}, made.seen, but=("GET /nowhere/",)) == []
    assert found({"ticket of the stream": play.ticket}, made.seen, but=("POST /api/v1/stream/ticket/",)) == []
    # A provider may quote a message when it refuses it: who reads conversations may read that, a log may not.
    told = ("log of", "command line of", "environment of")
    outside = {place: text for place, text in made.seen.items() if place.startswith(told)}
    assert found({text: text for text in TEXTS}, outside) == []
