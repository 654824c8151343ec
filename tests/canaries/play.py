"""Everything that is done with an installation in which secrets are planted, and every answer kept."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

import requests
from django.contrib import admin
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection, connections
from django.urls import reverse

from accounts.models import ApiToken, Client, Role, SecondFactor, User, WhatsappInstance
from media.models import FetchAttempt, MediaFile
from messaging.models import Export, Message, OutboxItem, WebhookEvent
from tests.canaries.installation import Installation, wait_until
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.world import Line, Person
from tests.tenants import make_user

PASSWORD, WRONG = "canary-password-4711", "canary-wrong-password-4712"
TOKENS = {"wapi": "canary-provider-token-wapi-1", "cloud": "canary-provider-token-cloud-2"}
APP_SECRET, VERIFY = "canary-app-secret-3", "canary-verify-token-4"
TEXTS = ("canary text of a customer", "canary text of ours", "canary caption", "canary text that breaks")
SENDS = {"wapi": "send-text", "cloud": "messages"}
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 401},
    {"status": 400},
    {"status": 500},
    {"hang_up": True},
    {"redirect": "http://10.0.0.1/"},
)
AT_ONCE = 3
LINES_OF_STREAM = 30
# An error of the database, which on PostgreSQL quotes what was to be written.
BREAKS = {
    "postgresql": """
        CREATE FUNCTION canary() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'refused: %', NEW.text; END $$;
        CREATE TRIGGER canary BEFORE INSERT ON messaging_message FOR EACH ROW
        WHEN (NEW.text = 'canary text that breaks') EXECUTE FUNCTION canary()""",
    "sqlite": """
        CREATE TRIGGER canary BEFORE INSERT ON messaging_message
        WHEN NEW.text = 'canary text that breaks' BEGIN SELECT json(NEW.text); END""",
}
MENDS = {"postgresql": "DROP FUNCTION canary() CASCADE", "sqlite": "DROP TRIGGER canary"}
ANA = Person("Ana Canary", "5511900002222", "100000000022222@lid")
FERNET = "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtISE="


@contextmanager
def breaking() -> Iterator[None]:
    """While it lasts, one text cannot be written, so that a worker stores a traceback."""
    with connection.cursor() as cursor:
        cursor.execute(BREAKS[connection.vendor])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(MENDS[connection.vendor])


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
        self.sim.courier.deliver(line, composer.text(ANA, TEXTS[3]))
        cloud = self.lines["cloud"][1]
        self.sim.courier.deliver(cloud, CloudComposer(self.sim.world, cloud).text(ANA, TEXTS[0]))
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
        self.see("POST", "/api/v1/exports/", token=True, json={"client": self.client.pk})
        for provider, point in SENDS.items():
            line, told = self.lines[provider][0], f"Bearer {TOKENS[provider]} {TEXTS[1]}"
            body = json.dumps({"error": {"message": told, "code": 100}} | {"message": told})
            wait_until(lambda line=line: self._count(Message, conversation__instance=line, text=TEXTS[0]))
            message = Message.objects.get(conversation__instance=line, text=TEXTS[0])
            connections.close_all()
            for fault in FAULTS:
                self.sim.world.fault(point, body=body, times=1, **fault)
                path = f"/api/v1/conversations/{message.conversation_id}/messages/"
                assert self.see("POST", path, token=True, json={"text": TEXTS[1]}).status_code == 201
        for row, _ in self.lines.values():
            self.sim.world.fault("status-instance", status=500, body=TOKENS["wapi"])
            self.sim.world.fault("phone", status=500, body=TOKENS["cloud"])
            self.see("POST", f"/api/v1/instances/{row.pk}/check/", token=True)

    def wander(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._look_at, sorted(set(self._pages()))))
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

    def _look_at(self, path: str) -> None:
        self.see("GET", path, headers={"Accept": "text/html"})

    def take_along(self) -> None:
        """What an export has in it leaves the house."""
        wait_until(lambda: self._count(Export, state="ready") > 0)
        answer = self.see("GET", f"/api/v1/exports/{Export.objects.get().pk}/content/", token=True)
        connections.close_all()
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        for name in archive.namelist():
            self.made.seen[f"export {name}"] = archive.read(name).decode(errors="replace")

    def listen(self) -> None:
        """Everything that the stream has to tell since the beginning, and how it refuses."""
        self.ticket = self.see("POST", "/api/v1/stream/ticket/", token=True).json()["ticket"]
        address = f"{self.made.stream_url}/api/v1/stream/"
        for ticket in (f"{self.ticket}x", self.ticket):
            query = {"ticket": ticket, "after": "0"}
            with requests.get(address, params=query, stream=True, timeout=5) as answer:
                lines = answer.iter_lines(decode_unicode=True)
                wanted = LINES_OF_STREAM if answer.ok else 1
                told = "\n".join(str(line) for line in islice(lines, wanted))
            self.made.seen[f"stream {answer.status_code}"] = told

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


def made_key(file: Any) -> str:
    return base64.b64encode(file.media_key).decode()
