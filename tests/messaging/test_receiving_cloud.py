"""The Cloud API's webhooks, signed, posted and processed, and the rows they leave."""

from datetime import UTC, datetime
from typing import Any

import pytest

from media.models import MediaFile
from messaging.models import (
    Contact,
    ContactAlias,
    Conversation,
    Message,
    Reaction,
    StatusChange,
    WaitingChange,
    WebhookEvent,
)
from tests.loading import payload_names
from tests.simulator.world import Person, World
from tests.telling import (
    ANA,
    SECOND_CLOUD_ID,
    composer,
    make_client,
    make_cloud,
    make_wapi,
    replay,
    tell,
    the_conversation,
    the_message,
)

pytestmark = pytest.mark.django_db

OUT = "wamid.VEVTVC1GSVhUVVJFLW91dC0x"
WRITER = Person("Contato Teste", "5511900000123", bsuid="BR.10000000000000000001")

# One row per payload: what becomes of the event, then type, text, direction and media kind of its messages.
ROWS: dict[str, tuple[str, list[tuple[str, str, str, str]]]] = {
    "01": ("processed", [("text", "Sim, pode ser amanhã às 10h – obrigado 👍", "inbound", "")]),
    "02": ("processed", [("text", "Olá", "inbound", "")]),
    "04": ("processed", [("image", "Foto do produto", "inbound", "image")]),
    "05": ("processed", [("voice", "", "inbound", "voice")]),
    "07": ("processed", [("document", "Segue o contrato", "inbound", "document")]),
    "08": ("processed", [("sticker", "", "inbound", "sticker")]),
    "09": (
        "processed",
        [
            ("location", "Loja Teste, Rua de Teste, 100 - São Paulo", "inbound", ""),
            ("contacts", "Fulano De Teste", "inbound", ""),
        ],
    ),
    "11": ("processed", []),
    "12": ("processed", [("order", "", "inbound", "")]),
    "13": (
        "processed",
        [
            (
                "system",
                "User Contato Teste changed from 5511900000123 to 5511900000456",
                "inbound",
                "",
            )
        ],
    ),
    "14": ("processed", [("unsupported", "", "inbound", "")] * 3),
    "16": ("processed", [("text", "Mensagem no grupo", "inbound", "")]),
    "17": ("processed", []),
    "19": ("processed", [("text", "Respondido pelo celular", "outbound", "")]),
    "20": ("ignored", []),
}


@pytest.mark.parametrize(("name", "expected"), ROWS.items(), ids=list(ROWS))
def test_every_recorded_body_leads_to_its_rows(name: str, expected: tuple[str, Any]) -> None:
    replay(make_cloud(), name)
    state, messages = expected
    assert WebhookEvent.objects.get().state == state
    found = [
        (row.type, row.text, row.direction, row.media.kind if row.media else "")
        for row in Message.objects.select_related("media").order_by("id")
    ]
    assert found == messages


def test_the_table_names_every_recorded_body() -> None:
    assert [name[:2] for name in payload_names("cloud")] == list(ROWS)


def test_a_text_keeps_what_its_body_says() -> None:
    replay(make_cloud(), "01")
    message = the_message()
    assert message.sent_at == datetime.fromtimestamp(1790000000, UTC)
    assert message.reply_to_id == OUT
    assert {(alias.kind, alias.value) for alias in ContactAlias.objects.all()} == {
        ("phone", "5511900000123"),
        ("bsuid", "BR.10000000000000000001"),
    }


def test_a_person_without_a_phone_is_found_again_by_the_scoped_id() -> None:
    instance = make_cloud()
    replay(instance, "02")
    replay(instance, "01")
    assert (Contact.objects.count(), Conversation.objects.count(), Message.objects.count()) == (1, 1, 2)
    kinds = set(ContactAlias.objects.values_list("kind", flat=True))
    assert kinds == {"phone", "bsuid", "username"}


def test_a_document_waits_with_its_id_its_sum_and_its_name() -> None:
    replay(make_cloud(), "07")
    media = MediaFile.objects.get()
    assert (media.media_id, media.filename) == ("600000000000007", "Contrato nº 7 (versão final).pdf")
    assert len(media.declared_sha256) == 64
    assert media.media_key == ""


def test_a_file_over_metas_limit_has_no_source() -> None:
    replay(make_cloud(), "14")
    assert not MediaFile.objects.exclude(state="unavailable").exists()


def test_a_batch_of_statuses_is_read_whole_and_each_keeps_its_time(world: World) -> None:
    instance = make_cloud()
    make_cloud(instance_id=SECOND_CLOUD_ID)
    tell(instance, composer(world, instance).text(WRITER, "oi", from_me=True, message_id=OUT))
    replay(instance, "17")
    message = the_message()
    times = [message.delivered_at, message.read_at]
    assert times == [datetime.fromtimestamp(1790000000 + second, UTC) for second in (89, 90)]
    assert (message.status, StatusChange.objects.count()) == ("read", 6)


def test_a_status_keeps_the_reason_of_a_failure_and_our_own_tag(world: World) -> None:
    instance = make_cloud()
    talk = composer(world, instance)
    tell(
        instance,
        talk.text(ANA, "oi", from_me=True, message_id="wamid.9"),
        talk.status(ANA, "wamid.9", "failed"),
    )
    message = the_message()
    assert message.status == "failed"
    assert message.failed_at is not None
    assert "24 hours" in message.error


def test_a_reaction_that_was_taken_back_is_not_shown(world: World) -> None:
    instance = make_cloud()
    tell(instance, composer(world, instance).text(WRITER, "oi", from_me=True, message_id=OUT))
    replay(instance, "11")
    assert Reaction.objects.count() == 0
    assert Reaction.with_removed.get().emoji == ""


def test_a_reaction_that_was_taken_back_before_its_message_came_is_not_shown(world: World) -> None:
    instance = make_cloud()
    replay(instance, "11")
    tell(instance, composer(world, instance).text(WRITER, "oi", from_me=True, message_id=OUT))
    assert Reaction.with_removed.get().emoji == ""
    assert not WaitingChange.objects.exists()


def test_a_new_number_belongs_to_the_same_contact() -> None:
    instance = make_cloud()
    replay(instance, "01", "13")
    assert Contact.objects.count() == Conversation.objects.count() == 1
    phones = set(ContactAlias.objects.filter(kind="phone").values_list("value", flat=True))
    assert phones == {"5511900000123", "5511900000456"}


def test_a_trouble_of_the_line_is_an_alarm() -> None:
    instance = make_cloud()
    replay(instance, "19")
    instance.refresh_from_db()
    assert "130429" in instance.alarm


def test_an_echo_of_the_phone_is_ours_and_in_the_contact_s_conversation() -> None:
    instance = make_cloud()
    replay(instance, "01", "19")
    assert Message.objects.filter(conversation=the_conversation(), direction="outbound").count() == 1
    assert the_conversation().unread_count == 1


def test_a_change_for_another_line_of_the_same_client_goes_to_that_line(world: World) -> None:
    home, other = make_cloud(), make_cloud(instance_id=SECOND_CLOUD_ID)
    body = composer(world, other).text(ANA, "para a segunda linha")
    tell(home, body)
    assert the_conversation().instance == other


def test_a_change_for_another_client_s_line_goes_nowhere_and_is_noted(world: World) -> None:
    home = make_cloud()
    foreign = make_cloud(make_client("Rival"), instance_id=SECOND_CLOUD_ID)
    tell(home, composer(world, foreign).text(ANA, "segredo"))
    assert not Message.objects.exists()
    assert not Contact.objects.exists()
    event = WebhookEvent.objects.get()
    assert (event.state, SECOND_CLOUD_ID in event.error) == ("ignored", True)


def test_a_foreign_change_beside_our_own_does_not_stop_ours(world: World) -> None:
    home = make_cloud()
    foreign = make_cloud(make_client("Rival"), instance_id=SECOND_CLOUD_ID)
    ours, theirs = (composer(world, line).text(ANA, line.name) for line in (home, foreign))
    tell(home, {**ours, "entry": ours["entry"] + theirs["entry"]})
    assert the_conversation().instance == home
    event = WebhookEvent.objects.get()
    assert (event.state, SECOND_CLOUD_ID in event.error) == ("processed", True)


def test_a_line_of_another_provider_is_not_meant_by_the_same_id(world: World) -> None:
    home = make_cloud()
    make_wapi(instance_id=SECOND_CLOUD_ID)
    other = composer(world, home)
    other.line.id = SECOND_CLOUD_ID
    tell(home, other.text(ANA, "oi"))
    assert WebhookEvent.objects.get().state == "ignored"


def test_a_whole_batch_of_messages_is_read(world: World) -> None:
    instance = make_cloud()
    bodies = [composer(world, instance).text(ANA, f"número {number}") for number in range(30)]
    tell(instance, {**bodies[0], "entry": [entry for body in bodies for entry in body["entry"]]})
    assert Message.objects.count() == 30
    assert the_conversation().unread_count == 30
