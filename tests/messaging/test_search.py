"""Search on whichever database the suite runs on: what is found, by which index, and what an upgrade does."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Client, WhatsappInstance
from messaging.models import Contact, ContactAlias, Conversation, Message
from messaging.search import conversations_matching, messages_matching

HOSTILE = [
    '"',
    '""" OR *',
    "%%%",
    "100%_\\",
    "NEAR(abc, 2)",
    "text:pão",
    "^abc*",
    "a\x00bcd",
    "\x00",
    "\ud800abc",
    "'; DROP TABLE messaging_message; --",
    "AND OR NOT",
    "(",
    "x" * 5000,
    "abc " * 500,
    "   ",
    "",
]


def conversation_with(name="Ana Souza", phone="5511900001234", **fields) -> Conversation:
    client, _ = Client.objects.get_or_create(name="Padaria", slug="padaria")
    instance, _ = WhatsappInstance.objects.get_or_create(
        client=client, name="Balcão", provider="wapi", instance_id="LINE-1"
    )
    contact = Contact.objects.create(client=client, name=name)
    ContactAlias.objects.create(client=client, contact=contact, kind="phone", value=phone)
    return Conversation.objects.create(instance=instance, contact=contact, chat_id=phone, **fields)


def write(conversation, *texts) -> list[Message]:
    count = conversation.messages.count()
    rows = [
        Message(
            conversation=conversation,
            provider_message_id=f"{count + number}",
            direction="inbound",
            type="text",
            text=text,
        )
        for number, text in enumerate(texts)
    ]
    return Message.objects.bulk_create(rows)


def found(text: str) -> list[str]:
    return sorted(messages_matching(Message.objects.all(), text).values_list("text", flat=True))


def names(text: str) -> list[str]:
    rows = conversations_matching(Conversation.objects.all(), text)
    return sorted(str(row) for row in rows)


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["pão", "PÃO", "pão quei", "queijo pão", "eij", "queijo de", "100%"])
def test_a_message_is_found_by_any_part_of_its_words(words):
    write(conversation_with(), "Pão de queijo, 100% fresco", "Bolo de milho", "")
    assert found(words) == ["Pão de queijo, 100% fresco"]


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["p%o", "qu__jo", "pão bolo", "100%%", "de"])
def test_a_wildcard_or_a_word_too_many_finds_nothing(words):
    write(conversation_with(), "Pão de queijo, 100% fresco", "Bolo de milho")
    assert found(words) == []


@pytest.mark.django_db
def test_a_short_word_beside_a_long_one_still_has_to_be_there():
    write(conversation_with(), "entrega no dia 7", "entrega no dia 8")
    assert found("entrega 7") == ["entrega no dia 7"]


@pytest.mark.django_db
def test_search_stays_inside_the_rows_it_is_given():
    first, second = conversation_with(), conversation_with("Bia", "5511900005678")
    write(first, "entrega hoje")
    assert not messages_matching(second.messages.all(), "entrega").exists()


@pytest.mark.django_db
def test_changed_and_deleted_texts_are_no_longer_found():
    edited, emptied, deleted, filled = write(conversation_with(), "alfa", "alfa b", "alfa c", "")
    Message.objects.filter(pk=edited.pk).update(text="ômega")
    Message.objects.filter(pk=emptied.pk).update(text="")
    Message.objects.filter(pk=deleted.pk).delete()
    filled.text = "alfabeto"
    filled.save()
    assert (found("alfa"), found("ômega")) == (["alfabeto"], ["ômega"])


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_words(text):
    conversation = conversation_with()
    write(conversation, "Pão de queijo")
    assert found(text) == []
    assert names(text) == []


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["souza", "ana so", "SOUZA ana", "an", "+55 (11) 90000-1234", "0001234"])
def test_a_conversation_is_found_by_name_and_number_however_written(words):
    conversation_with()
    conversation_with("Bia Lima", "5511900005678")
    assert names(words) == ["Ana Souza"]


@pytest.mark.django_db
def test_a_number_is_found_with_and_without_its_ninth_digit():
    conversation_with("Ana", "5511987654321")
    conversation_with("Bia", "551187654321")
    assert names("551187654321") == names("(+55) 11 98765-4321") == ["Ana", "Bia"]
    assert names("11 8765-4321") == names("11987654321") == ["Ana", "Bia"]


@pytest.mark.django_db
def test_a_group_is_found_by_its_title_as_it_is_now():
    group = conversation_with("Ana", kind="group", title="Festa da firma")
    Conversation.objects.filter(pk=group.pk).update(title="Churrasco")
    assert (names("festa"), names("rrasco")) == ([], ["Churrasco"])


@pytest.mark.django_db
def test_a_merged_contact_is_found_by_the_alias_it_took_over():
    keeper, other = conversation_with("Ana"), conversation_with("Bia", "5511900005678")
    ContactAlias.objects.filter(contact=other.contact_id).update(contact=keeper.contact_id)
    assert names("00005678") == ["Ana"]


def plan_of(queryset: Any) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A handful of rows is read faster than any index, or by walking along another one.
            for way in ("seqscan", "indexscan", "indexonlyscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    return str(queryset.explain())


@pytest.mark.django_db
def test_messages_are_searched_in_the_index():
    write(conversation_with(), *(f"mensagem {number}" for number in range(50)))
    plan = plan_of(messages_matching(Message.objects.order_by(), "mensagem"))
    assert "messaging_message_search" in plan
    assert "SCAN messaging_message\n" not in plan + "\n"
    assert "Seq Scan" not in plan


@pytest.mark.django_db
def test_conversations_are_searched_in_each_index():
    conversation_with()
    plan = plan_of(conversations_matching(Conversation.objects.order_by(), "90000"))
    assert all(f"messaging_{table}_search" in plan for table in ("contactalias", "conversation"))
    plan = plan_of(conversations_matching(Conversation.objects.order_by(), "souza"))
    assert "messaging_contact_search" in plan


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["90000", "souza"])
def test_names_are_not_searched_again_for_each_conversation(word):
    """PostgreSQL may run what it joins once for every row; an alternative it runs beforehand."""
    conversation_with()
    assert "Semi Join" not in str(conversations_matching(Conversation.objects.all(), word).explain())


@pytest.fixture
def migrate(transactional_db):
    def to(name: str) -> Any:
        """The models as they were then."""
        executor = MigrationExecutor(connection)
        return executor.migrate([("messaging", name)]).apps

    yield to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


NEWEST = max(path.stem for path in (Path(__file__).parents[2] / "messaging" / "migrations").glob("0*.py"))


def conversation_then(apps: Any) -> int:
    client = apps.get_model("accounts", "Client").objects.create(name="Padaria", slug="padaria")
    line = apps.get_model("accounts", "WhatsappInstance").objects.create(client=client, instance_id="1")
    contact = apps.get_model("messaging", "Contact").objects.create(client=client, name="Ana Souza")
    rows = apps.get_model("messaging", "Conversation").objects
    return int(rows.create(instance=line, contact=contact, chat_id="5511900002222", kind="direct").pk)


def write_then(apps: Any, conversation: int, *texts: str) -> None:
    for number, text in enumerate(texts):
        apps.get_model("messaging", "Message").objects.create(
            conversation_id=conversation, provider_message_id=f"M{number}", direction="inbound", text=text
        )


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no extensions")
def test_a_role_that_may_not_create_the_extension_is_told_what_to_do():
    migration = import_module("messaging.migrations.0002_search")
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION pg_trgm CASCADE")
        cursor.execute("SET LOCAL ROLE pg_monitor")
    with pytest.raises(
        CommandError, match="Let an administrator of the server run `CREATE EXTENSION pg_trgm`"
    ):
        migration._create_extension(connection)


def test_the_upgrade_can_be_taken_back_and_then_finds_what_was_there_before(migrate):
    """In one walk, which is long."""
    before = set(connection.introspection.table_names())
    old = migrate("0001_initial")
    after = set(connection.introspection.table_names())
    assert after <= before
    assert not any(name.endswith("_search") for name in after)
    write_then(old, conversation_then(old), "pedido antigo", "")
    assert old.get_model("messaging", "Message").objects.filter(text__icontains="antigo").exists()
    migrate("0002_search")
    migrate(NEWEST)
    write(Conversation.objects.get(), "pedido novo")
    assert found("pedido") == ["pedido antigo", "pedido novo"]
    assert names("souza") == ["Ana Souza"]
    assert Conversation.objects.get().last_inbound_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["!!!", "...", "👍👍👍", "a!b"])
def test_a_word_that_no_index_knows_finds_no_message(word):
    write(conversation_with(), f"ok {word}")
    assert found(word) == []
    assert found(f"{word} outra") == []
