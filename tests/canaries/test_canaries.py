"""No secret leaves the product by a log, a page, an answer, a stored reason, a command's output or a process list."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib import admin
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections
from django.urls import reverse

from accounts.models import ApiToken, Client, Role, SecondFactor, User, WhatsappInstance
from media.models import FetchAttempt, MediaFile
from messaging.models import Message, OutboxItem, WebhookEvent
from tests.canaries.installation import SETTINGS, Installation, installed, wait_until
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.world import Line, Person
from tests.tenants import make_user

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD, WRONG = "canary-password-4711", "canary-wrong-password-4712"
TOKENS = {"wapi": "canary-provider-token-wapi-1", "cloud": "canary-provider-token-cloud-2"}
APP_SECRET, VERIFY = "canary-app-secret-3", "canary-verify-token-4"
TEXTS = ("canary text of a customer", "canary text of ours", "canary caption")
ANA = Person("Ana Canary", "5511900002222", "100000000022222@lid")
FERNET = "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtISE="


class Play:
    """Everything that is done with an installation, and every answer kept."""

    def __init__(self, made: Installation) -> None:
        self.made, self.sim = made, made.sim
        self.web = requests.Session()
        self.web.trust_env = False
        self.client = Client.objects.create(name="Canary", slug="canary")
        self.lines = {provider: self._line(provider) for provider in ("wapi", "cloud")}
        # As production hashes it.
        password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1_000)
        User.objects.create(username="root", password=password, is_staff=True, is_superuser=True)
        user = make_user("ana", self.client, Role.MANAGER)
        _, self.key = ApiToken.issue(user=user, client=self.client, role=Role.MANAGER, name="canary")
        self.factor = SecondFactor.objects.create(user=user)

    def _line(self, provider: str) -> tuple[WhatsappInstance, Line]:
        facts = {
            "instance_id": f"canary-{provider}",
            "token": TOKENS[provider],
            "phone_number": "5511900001111",
        }
        row = WhatsappInstance.objects.create(
            client=self.client,
            name=provider,
            provider=provider,
            app_secret=APP_SECRET,
            verify_token=VERIFY,
            **facts,
        )
        line = Line(
            provider, row.instance_id, row.token, "5511900001111", app_secret=APP_SECRET, verify_token=VERIFY
        )
        line = self.sim.world.add_line(line)
        line.use_webhook(f"{self.made.url}/webhook/receive/{row.webhook_key}/")
        return row, line

    @property
    def keys(self) -> list[str]:
        return [row.webhook_key for row, _ in self.lines.values()]

    def see(self, method: str, path: str, *, token: bool = False, **facts: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if token else {}
        caller: Any = requests if token else self.web
        answer: requests.Response = caller.request(
            method, self.made.url + path, headers=headers | facts.pop("headers", {}), timeout=20, **facts
        )
        told = "\n".join(
            f"{name}: {value}" for name, value in answer.headers.items() if name.lower() != "set-cookie"
        )
        self.made.seen[f"{method} {path} {token} {len(self.made.seen)}"] = f"{told}\n{answer.text}"
        return answer

    def log_in(self) -> None:
        page = self.web.get(f"{self.made.url}/admin/login/", timeout=20).text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        facts = {"csrfmiddlewaretoken": token, "username": "root"}
        self.see("POST", "/admin/login/", data=facts | {"password": WRONG})
        self.see("POST", "/admin/login/", data=facts | {"password": PASSWORD}, allow_redirects=False)
        assert self.web.cookies["sessionid"]

    def receive(self) -> None:
        composer = WapiComposer(self.sim.world, self.lines["wapi"][1])
        line = self.lines["wapi"][1]
        good, bad, gone = (self.sim.world.sample_file(line, "bread.jpg") for _ in range(3))
        bad.fault(status=500, body=json.dumps({"error": f"Bearer {TOKENS['wapi']}"}))
        gone.fault(redirect=f"http://10.0.0.1/?token={TOKENS['wapi']}")
        self.files = [good, bad, gone]
        self.sim.world.fault("download-media", status=500, body=json.dumps({"token": TOKENS["wapi"]}))
        self.sim.courier.deliver(line, composer.text(ANA, TEXTS[0]))
        for file in self.files:
            self.sim.courier.deliver(line, composer.media(ANA, file, TEXTS[2]))
        address = f"/webhook/receive/{self.keys[0]}/"
        for body in (
            b"\xff{",
            b"[]",
            b'{"event": "webhookReceived", "instanceId": "canary-wapi", "msgContent": 5}',
        ):
            self.see("POST", address, data=body)
        self.see(
            "POST",
            f"/webhook/receive/{self.keys[1]}/",
            data=b"{}",
            headers={"X-Hub-Signature-256": "sha256=00"},
        )
        self.see(
            "GET",
            f"/webhook/receive/{self.keys[1]}/?hub.mode=subscribe&hub.verify_token={VERIFY}x&hub.challenge=1",
        )
        self.see("GET", f"/webhook/receive/{self.keys[0]}x/")

    def send(self) -> None:
        wait_until(lambda: self._count(Message, text=TEXTS[0]) > 0)
        conversation = Message.objects.get(text=TEXTS[0]).conversation_id
        connections.close_all()
        for fault in (
            {"status": 401},
            {"status": 400},
            {"status": 500},
            {"hang_up": True},
            {"redirect": "http://10.0.0.1/"},
        ):
            body = json.dumps({"error": True, "message": f"Bearer {TOKENS['wapi']} {TEXTS[1]}"})
            self.sim.world.fault("send-text", body=body, times=1, **fault)
            path = f"/api/v1/conversations/{conversation}/messages/"
            assert self.see("POST", path, token=True, json={"text": TEXTS[1]}).status_code == 201
        for row, _ in self.lines.values():
            self.sim.world.fault("status-instance", status=500, body=TOKENS["wapi"])
            self.sim.world.fault("phone", status=500, body=TOKENS["cloud"])
            self.see("POST", f"/api/v1/instances/{row.pk}/check/", token=True)

    def wander(self) -> None:
        for path in sorted(set(self._pages())):
            self.see("GET", path, headers={"Accept": "text/html"})
        for path in (
            "me",
            "instances",
            "conversations",
            "media",
            "webhook-events",
            "outbox",
            "tokens",
            "changes",
        ):
            self.see("GET", f"/api/v1/{path}/", token=True)
        for row in MediaFile.objects.all():
            self.see("GET", f"/api/v1/media/{row.pk}/content/", token=True, headers={"Range": "bytes=0-3"})
        connections.close_all()
        wrong = {"username": "ana", "password": WRONG}
        self.see("POST", "/api/v1/auth/login/", json=wrong)
        self.see("POST", "/api/v1/auth/login/", data=f'{{"password": "{WRONG}"')
        self.see("GET", f"/nowhere/?token={self.key}")
        self.see("GET", "/metrics", headers={"Authorization": "Bearer wrong"})

    def _pages(self) -> Iterator[str]:
        yield from map(reverse, ("admin:index", "admin-diagnosis", "second-factor"))
        for model in admin.site._registry:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            yield reverse(f"{name}_changelist")
            for pk in model._default_manager.values_list("pk", flat=True)[:5]:
                yield reverse(f"{name}_change", args=[pk])

    def _count(self, model: Any, **facts: Any) -> int:
        found = int(model._default_manager.filter(**facts).count())
        connections.close_all()
        return found

    def settle(self) -> None:
        wait_until(lambda: self._count(WebhookEvent, state="pending") == 0)
        wait_until(lambda: self._count(FetchAttempt) >= 5)
        wait_until(lambda: self._count(OutboxItem, state="queued") < 5)

    def see_rows(self) -> None:
        """What is stored to be shown or told: reasons and tracebacks."""
        for model, field in ((WebhookEvent, "error"), (FetchAttempt, "reason"), (MediaFile, "error")):
            for text in model._default_manager.values_list(field, flat=True):
                self.made.seen[f"{model.__name__}.{field} {len(self.made.seen)}"] = str(text)
        connections.close_all()


def found(secrets: dict[str, str], seen: dict[str, str], *, but: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{name} in {place}: …{text[max(0, text.find(secret) - 60) : text.find(secret) + 80]!r}"
        for name, secret in secrets.items()
        for place, text in seen.items()
        if secret in text and not place.startswith(but or ("\x00",))
    ]


def test_no_planted_secret_is_told_anywhere(transactional_db: None, tmp_path: Path) -> None:
    with installed(tmp_path) as made:
        play = Play(made)
        connections.close_all()
        play.log_in()
        play.receive()
        play.send()
        play.settle()
        made.see_processes()
        play.wander()
        made.run("diagnose", "manage.py", "diagnose")
        made.run("rotate", "manage.py", "rotate_secrets", "--dry-run")
        play.see_rows()
        session = str(play.web.cookies["sessionid"])
    assert len(made.seen) > 60 and "request" in made.seen["log of web"] and made.seen["log of worker"]
    never = {
        **{f"token of {name}": token for name, token in TOKENS.items()},
        **{f"setting {name}": value for name, value in SETTINGS.items()},
        **{f"media key {place}": made_key(file) for place, file in enumerate(play.files)},
        "app secret": APP_SECRET,
        "password": PASSWORD,
        "wrong password": WRONG,
        "Fernet key": FERNET,
        "session": session,
        "key of the second factor": play.factor.key,
    }
    assert found(never, made.seen) == []
    # Managers copy the addresses and the verify token into the provider's panel; nobody else is told.
    pages = ("GET /admin/accounts/whatsappinstance/", "GET /api/v1/instances/")
    keys = {f"webhook key {place}": key for place, key in enumerate(play.keys)} | {"verify token": VERIFY}
    assert found(keys, made.seen, but=pages) == []
    assert found({"API token": play.key}, made.seen, but=("GET /nowhere/",)) == []
    # A provider may quote a message when it refuses it: who reads conversations may read that, a log may not.
    told = ("log of", "command line of", "environment of")
    outside = {place: text for place, text in made.seen.items() if place.startswith(told)}
    assert found({text: text for text in TEXTS}, outside) == []


def made_key(file: Any) -> str:
    return base64.b64encode(file.media_key).decode()
