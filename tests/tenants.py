"""The people and rows of access tests: Alice works for Acme, Bob only looks, Mona manages it, Charlie is another
client's manager, Root administers the platform."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db.models import Model
from django.db.models.signals import pre_save
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Client, Membership, Role, User, WhatsappInstance
from media.models import FetchAttempt, MediaFile
from messaging.models import Contact, ContactAlias, Conversation, Message, WebhookEvent

TOKEN, APP_SECRET, VERIFY_TOKEN = "tok-en-51", "app-secret-52", "verify-53"
MEDIA_KEY = "bWVkaWEta2V5LW9mLXRoaXJ0eS10d28tYnl0ZXMhISE="
SECRETS = (TOKEN, APP_SECRET, VERIFY_TOKEN, MEDIA_KEY)
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
LogIn = Callable[[str], Browser]


@dataclass
class Rows:
    """One client with one of everything."""

    client: Client
    instance: WhatsappInstance
    conversation: Conversation
    message: Message
    media_file: MediaFile
    event: WebhookEvent

    def all(self) -> list[Any]:
        return [self.client, self.instance, self.conversation, self.media_file, self.event]


def make_media_file(instance: WhatsappInstance, state: str = "pending", **facts: Any) -> MediaFile:
    facts = {"kind": "image", "mimetype": "image/jpeg", "media_key": MEDIA_KEY, "chat_id": "c"} | facts
    return MediaFile.objects.create(instance=instance, state=state, **facts)


def make_ready(instance: WhatsappInstance, content: bytes = PICTURE, **facts: Any) -> MediaFile:
    media_file = make_media_file(instance, **facts)
    media_file.file.save(f"{media_file.pk}.jpg", ContentFile(content), save=False)
    media_file.state, media_file.size, media_file.sha256 = "ready", len(content), f"{media_file.pk:064x}"
    media_file.save()
    return media_file


def make_message(conversation: Conversation, **facts: Any) -> Message:
    facts = {"direction": "inbound", "type": "text", "sender": conversation.contact} | facts
    facts.setdefault("provider_message_id", f"M{Message.objects.count()}")
    return Message.objects.create(conversation=conversation, **facts)


def make_rows(name: str) -> Rows:
    client = Client.objects.create(name=name, slug=name.lower())
    secrets = {"token": TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
    instance = WhatsappInstance.objects.create(
        client=client, name=f"{name} line", provider="wapi", instance_id=f"id-{name}", **secrets
    )
    contact = Contact.objects.create(client=client, name=f"{name} contact")
    ContactAlias.objects.create(client=client, contact=contact, kind="phone", value="5511900001234")
    conversation = Conversation.objects.create(
        instance=instance, chat_id="c", contact=contact, last_message_at=timezone.now()
    )
    media_file = make_media_file(
        instance, "failed", cause="gone", error=f"{name} reason", filename=f"{name}.jpg"
    )
    FetchAttempt.objects.create(
        media_file=media_file, strategy="cdn", started_at=timezone.now(), outcome="gone", http_status=410
    )
    message = make_message(conversation, text=f"{name} text", type="image", media=media_file)
    body = b'{"imageMessage": {"mediaKey": "%s", "caption": "hello"}}' % MEDIA_KEY.encode()
    event = WebhookEvent.objects.create(
        instance=instance, body=body, state="failed", error=f"{name} went wrong"
    )
    return Rows(client, instance, conversation, message, media_file, event)


def make_user(name: str, client: Client | None = None, role: Role = Role.VIEWER) -> User:
    user = User.objects.create_user(name, is_staff=True)
    if client:
        Membership.objects.create(user=user, client=client, role=role)
    return user


@contextmanager
def while_saving(model: type[Model], act: Callable[..., None]) -> Iterator[None]:
    """``act`` happens between reading and writing a row, as another process may."""
    pre_save.connect(act, sender=model)
    try:
        yield
    finally:
        pre_save.disconnect(act, sender=model)


@pytest.fixture(autouse=True)
def static_files_as_they_are(settings: Settings) -> None:
    """Nobody has collected them where tests run, and WhiteNoise warns of that."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def acme(db: None) -> Rows:
    return make_rows("Acme")


@pytest.fixture
def rival(db: None) -> Rows:
    return make_rows("Rival")


@pytest.fixture
def people(acme: Rows, rival: Rows) -> dict[str, User]:
    return {
        "alice": make_user("alice", acme.client, Role.OPERATOR),
        "bob": make_user("bob", acme.client, Role.VIEWER),
        "mona": make_user("mona", acme.client, Role.MANAGER),
        "charlie": make_user("charlie", rival.client, Role.MANAGER),
        "root": User.objects.create_superuser("root"),
    }


@pytest.fixture
def browser_of(people: dict[str, User]) -> LogIn:
    def log_in(name: str) -> Browser:
        browser = Browser()
        browser.force_login(people[name])
        return browser

    return log_in
