import threading

import pytest
from django.db import connections
from django.utils import timezone

from accounts import feed
from accounts.providers.events import Party
from messaging.models import Contact, ContactAlias, Conversation, Message, Reaction, WebhookEvent
from messaging.services import erasing
from messaging.services.contacts import People, phone_family
from tests.simulator.world import Person, World
from tests.telling import (
    ANA,
    BETO,
    LITE_ID,
    composer,
    make_client,
    make_cloud,
    make_wapi,
    process,
    store,
    tell,
)

pytestmark = pytest.mark.django_db

BY_PHONE = Person("Ana", ANA.phone)
BY_LID = Person("Ana", ANA.lid, ANA.lid)


def find(*parties: Party) -> list[int]:
    people = People(make_client(), parties)
    return [people.find(party).pk for party in parties]


def values(contact: Contact) -> set[str]:
    return set(ContactAlias.objects.filter(contact=contact).values_list("value", flat=True))


@pytest.mark.parametrize(
    ("phone", "family"),
    [
        ("5511987654321", {"5511987654321", "551187654321"}),
        ("551187654321", {"5511987654321", "551187654321"}),
        ("551133334444", {"551133334444"}),
        ("5511933334444", {"5511933334444"}),
        ("5519876543210", {"5519876543210"}),
        ("351912345678", {"351912345678"}),
        ("", {""}),
    ],
    ids=["with nine", "without", "landline", "landline with nine", "odd", "Portugal", "nothing"],
)
def test_only_brazilian_mobiles_have_a_family(phone: str, family: set[str]) -> None:
    assert set(phone_family(phone)) == family


def test_a_number_with_and_without_its_ninth_digit_is_one_contact() -> None:
    first, second = find(Party(phone="5511987654321"), Party(phone="551187654321"))
    assert first == second
    assert values(Contact.objects.get()) == {"5511987654321", "551187654321"}


def test_a_lid_first_and_a_phone_with_it_later_is_one_contact_and_one_conversation(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(BY_LID, "só o LID"))
    tell(instance, talk.text(ANA, "agora os dois"), talk.text(BY_PHONE, "só o telefone"))
    assert (Contact.objects.count(), Conversation.objects.count(), Message.objects.count()) == (1, 1, 3)


def test_two_contacts_are_merged_when_one_event_shows_that_they_are_one(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(BY_LID, "um", at=1790001000), talk.text(BY_PHONE, "dois", at=1790003000))
    assert (Contact.objects.count(), Conversation.objects.count()) == (2, 2)
    tell(instance, talk.text(ANA, "três", at=1790002000))
    conversation = Conversation.objects.get()
    assert list(conversation.messages.values_list("text", flat=True)) == ["um", "três", "dois"]
    assert conversation.unread_count == 3
    assert conversation.last_message_at is not None
    assert conversation.last_message_at.timestamp() == 1790003000
    assert values(Contact.objects.get()) == {ANA.phone, ANA.lid}


def test_a_merge_reaches_every_line_of_the_client_and_no_other_client(world: World) -> None:
    first, second = make_wapi(), make_wapi(instance_id=LITE_ID)
    foreign = make_cloud(make_client("Rival"))
    tell(first, composer(world, first).text(BY_LID, "um"))
    tell(second, composer(world, second).text(BY_PHONE, "dois"))
    tell(foreign, composer(world, foreign).text(BY_PHONE, "alheio"))
    tell(first, composer(world, first).text(ANA, "três"))
    assert Contact.objects.filter(client=first.client).count() == 1
    assert Contact.objects.filter(client=foreign.client).count() == 1
    assert sorted(row.instance_id for row in Conversation.objects.filter(contact__client=first.client)) == [
        first.pk,
        second.pk,
    ]


def test_a_message_that_stands_in_both_threads_stands_once_after_the_merge(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    for who in (BY_LID, BY_PHONE):
        tell(instance, talk.text(who, "o mesmo", message_id="3EB0SAME"))
    tell(instance, talk.text(ANA, "os dois"))
    assert sorted(Message.objects.values_list("text", flat=True)) == ["o mesmo", "os dois"]


def test_what_was_learned_of_either_copy_survives_the_merge(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    for who in (BY_PHONE, BY_LID):
        tell(instance, talk.text(who, "nossa", from_me=True, message_id="3EB0OURS"))
        tell(
            instance, talk.status(who, "3EB0OURS", "delivered" if who is BY_PHONE else "read", at=1790002000)
        )
    tell(instance, talk.reaction(BY_LID, "3EB0OURS", "👍"))
    assert Message.objects.count() == 2
    tell(instance, talk.text(ANA, "os dois"))
    message = Message.objects.get(provider_message_id="3EB0OURS")
    assert (message.status, message.status_changes.count(), message.reactions.get().emoji) == (
        "read",
        2,
        "👍",
    )
    assert message.delivered_at == message.read_at is not None


def test_reactions_follow_a_merged_contact(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    ours = talk.text(BY_LID, "nossa", from_me=True, message_id="3EB0OURS")
    tell(instance, ours, talk.reaction(BY_LID, "3EB0OURS", "👍"))
    tell(instance, talk.text(BY_PHONE, "oi"), talk.text(ANA, "os dois"))
    assert Reaction.objects.get().actor == Contact.objects.get()


def test_the_name_an_operator_gave_survives_a_merge_and_later_names(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(BY_LID, "um"))
    Contact.objects.update(name="Dona Ana (atacado)")
    tell(instance, talk.text(BY_PHONE, "dois"), talk.text(ANA, "três"))
    assert Contact.objects.get().name == "Dona Ana (atacado)"


def test_a_webhook_joins_nobody_to_somebody_who_is_being_erased(world: World) -> None:
    """It may be forged, and would take the other's words along."""
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(BY_LID, "um"), talk.text(BY_PHONE, "dois"))
    erased = Contact.objects.get(aliases__value=ANA.lid)
    receipt = erasing.request_erasure(erased, by=None, now=timezone.now())
    tell(instance, talk.text(ANA, "três"))
    sides = Party(lid=ANA.lid), Party(phone=ANA.phone)
    with feed.collecting():
        People(instance.client, sides).link(*sides)
    receipt.refresh_from_db()
    assert (receipt.subject, values(erased)) == (erased.pk, {ANA.lid})
    assert values(Contact.objects.exclude(pk=erased.pk).get()) == {ANA.phone}
    assert not WebhookEvent.objects.exclude(state="processed").exists()


def test_people_of_one_group_stay_apart() -> None:
    first, second = find(Party(phone=ANA.phone, lid=ANA.lid), Party(phone=BETO.phone, lid=BETO.lid))
    assert first != second


def test_a_username_finds_only_where_there_is_nothing_better() -> None:
    first, second, third = find(
        Party(bsuids=("BR.1",), username="ana"),
        Party(username="ana"),
        Party(bsuids=("BR.2",), username="ana"),
    )
    assert first == second != third


def test_a_username_moves_to_whoever_has_it_now() -> None:
    first, second = find(Party(bsuids=("BR.1",), username="ana"), Party(bsuids=("BR.2",), username="beto"))
    find(Party(bsuids=("BR.2",), username="ana"))
    assert ContactAlias.objects.get(kind="username", value="ana").contact_id == second
    assert values(Contact.objects.get(pk=first)) == {"BR.1"}


def test_a_parent_s_scoped_id_joins_two_lines_of_a_business() -> None:
    first, second = find(Party(bsuids=("BR.1", "BR.ENT.9")), Party(bsuids=("BR.2", "BR.ENT.9")))
    assert first == second


def test_a_name_longer_than_the_column_is_cut() -> None:
    find(Party(phone=ANA.phone, name="á" * 500))
    assert len(Contact.objects.get().name) == 200


@pytest.mark.django_db(transaction=True)
def test_lines_that_meet_the_same_person_at_once_make_one_contact(world: World) -> None:
    lines = [make_wapi(instance_id=f"LINE-{number}") for number in range(4)]
    for instance in lines:
        for number in range(5):
            who = Person(f"P{number}", f"55119000055{number:02d}", f"2000000000{number:05d}@lid")
            store(instance, composer(world, instance).text(who, "oi"))
    together, errors = threading.Barrier(len(lines)), []

    def work() -> None:
        try:
            together.wait()
            process(timezone.now())
        except Exception as exc:  # noqa: BLE001 - handed to the test's own thread
            errors.append(exc)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    process(timezone.now())
    assert errors == []
    assert (Contact.objects.count(), Conversation.objects.count(), Message.objects.count()) == (5, 20, 20)
