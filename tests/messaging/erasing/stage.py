"""A person who has left traces everywhere, and a search of everything for them."""

import json
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.feed import Action, Topic
from accounts.models import User, WhatsappInstance
from media.models import MediaFile, Rendition
from media.storage import path_for, rendition_path
from messaging.models import Contact, ContactAlias, Conversation, Message, Note, OutboxItem, StatusChange
from messaging.services import webhooks_out
from messaging.services.webhooks_out import fan_out
from tests.messaging.exporting.making import made
from tests.messaging.receiver import happens
from tests.simulator.world import Group, Person, World
from tests.telling import BETO, composer, tell
from tests.tenants import make_media_file

ZULMIRA = Person("Zulmira Canário", "5511987650001", "177700000077777@lid", "BR.77770000000000000077")
OLD_FORM = "551187650001"
CANARIES = (
    "Zulmira", ZULMIRA.phone, OLD_FORM, "177700000077777", "98765-0001", "canary", "CANARY", "Canário",
)  # fmt: skip
GROUP = Group("120363000000000001@g.us", "Obra da Zulmira Canário")
BYTES = b"\xff\xd8\xff\xe0 CANARY bytes of a picture"


def everything_of(world: World, line: WhatsappInstance) -> Contact:
    """Told by webhooks, and made by people here."""
    talk: Any = composer(world, line)
    tell(
        line,
        talk.text(ZULMIRA, "canary one", message_id="Z1"),
        talk.text(ZULMIRA, "canary answer of ours", from_me=True, message_id="OURS"),
        talk.text(ZULMIRA, "canary in the group", group=GROUP, message_id="Z2"),
        talk.text(BETO, "I disagree", group=GROUP, message_id="B1", reply_to="Z2"),
        talk.reaction(ZULMIRA, "B1", "👍", group=GROUP),
        talk.contacts(BETO, [ZULMIRA], message_id="B2"),
        talk.text(BETO, f"call her: +55 (11) 98765-0001 or @{ZULMIRA.lid.split('@')[0]}", message_id="B3"),
        talk.status(ZULMIRA, "OURS", "read"),
        talk.status(ZULMIRA, "UNKNOWN", "read"),
    )
    contact: Contact = ContactAlias.objects.select_related("contact").get(value=ZULMIRA.phone).contact
    ContactAlias.objects.create(client=line.client, contact=contact, kind="username", value="zulmira.canary")
    thread = Conversation.objects.get(contact=contact)
    _quote(line)
    _files(line, contact, thread)
    _work(line, contact, thread)
    _told(line, thread)
    return contact


def _quote(line: WhatsappInstance) -> None:
    """As W-API repeats what is answered."""
    answer = Message.objects.get(provider_message_id="B1")
    answer.payload = {"quoted": "canary in the group", "mentions": [ZULMIRA.phone]}
    answer.save()
    StatusChange.objects.create(
        instance=line, message=answer, provider_message_id="B1", status="read",
        participant=ZULMIRA.lid, occurred_at=timezone.now(),
    )  # fmt: skip


def _files(line: WhatsappInstance, contact: Contact, thread: Conversation) -> None:
    own = _stored(line, thread.chat_id, filename="canary-photo.jpg")
    Message.objects.create(
        conversation=thread, provider_message_id="Z3", direction="inbound", type="image", sender=contact,
        media=own, text="canary caption",
    )  # fmt: skip
    group = Conversation.objects.get(chat_id=GROUP.id)
    shared = _stored(line, GROUP.id, filename="canary-film.jpg")
    Message.objects.create(
        conversation=group, provider_message_id="Z4", direction="inbound", type="image", sender=contact,
        media=shared,
    )  # fmt: skip
    _stored(line, thread.chat_id, filename="canary-never-sent.jpg")


def _stored(line: WhatsappInstance, chat: str, **facts: Any) -> MediaFile:
    media_file = make_media_file(line, "ready", chat_id=chat, thumbnail=b"CANARY", file="x", **facts)
    media_file.file.save(path_for(media_file, ".jpg"), ContentFile(BYTES), save=False)
    media_file.size, media_file.sha256 = len(BYTES), f"{media_file.pk:064x}"
    media_file.save()
    made_of = Rendition(instance=line, media_file=media_file, kind="thumbnail", state="ready")
    name = rendition_path(media_file, "thumbnail", ".jpg")
    made_of.file.save(name, ContentFile(b"CANARY thumbnail"), save=False)
    made_of.save()
    return media_file


def shared_with(other: Conversation, media_file: MediaFile) -> MediaFile:
    """Somebody else's message with the same stored file, as a forward has it."""
    facts = {"chat_id": other.chat_id, "size": media_file.size, "sha256": media_file.sha256}
    twin = make_media_file(other.instance, "ready", file=media_file.file.name, **facts)
    Message.objects.create(conversation=other, direction="inbound", type="image", media=twin)
    return twin


def _work(line: WhatsappInstance, contact: Contact, thread: Conversation) -> None:
    operator = User.objects.create_user("operator")
    Note.objects.create(conversation=thread, author=operator, text="canary note")
    group = Conversation.objects.get(chat_id=GROUP.id)
    Conversation.objects.filter(pk=group.pk).update(title=GROUP.subject)
    mention = Message.objects.create(
        conversation=group, direction="outbound", type="text", text=f"@{ZULMIRA.phone} hello"
    )
    OutboxItem.objects.create(
        instance=line, conversation=group, message=mention, action="edit",
        content={"text": f"@{ZULMIRA.phone} good morning"}, state="failed",
    )  # fmt: skip
    LogEntry.objects.create(
        user=operator, content_type=ContentType.objects.get_for_model(Contact), object_id=str(contact.pk),
        object_repr=contact.name, action_flag=2,
    )  # fmt: skip
    made(thread)


def _told(line: WhatsappInstance, thread: Conversation) -> None:
    """Deliveries to the client's own system, of what is theirs and of what only names them."""
    webhooks_out.create(client=line.client, url="https://hooks.example.com/in")
    happens(line, Topic.CONVERSATION, Action.UPDATED, thread.pk)
    for message in Message.objects.all():
        happens(line, Topic.MESSAGE, Action.UPDATED, message.pk)
    while fan_out(timezone.now()):
        pass


def found_in_database(words: tuple[str, ...] = CANARIES) -> list[str]:
    """Every column of every table."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        names = [field.attname for field in model._meta.concrete_fields]
        for row in model._base_manager.values_list(*names):
            for name, value in zip(names, row, strict=True):
                found += [f"{model._meta.label}.{name}: {word}" for word in words if word in _text(value)]
    return sorted(set(found))


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False, default=str)


def found_in_files(folder: Path, words: tuple[str, ...] = CANARIES) -> list[str]:
    """Names of folders count as well."""
    paths = list(folder.rglob("*"))
    named = [str(path) for path in paths for word in words if word in str(path.relative_to(folder))]
    inside = [
        path for path in paths if path.is_file() and any(w.encode() in path.read_bytes() for w in words)
    ]
    return sorted({*named, *map(str, inside)})
