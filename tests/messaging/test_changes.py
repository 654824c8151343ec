"""Statuses, reactions, edits and revokes: whose they are, and that their order does not matter."""

import itertools
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from messaging.models import Message, Reaction, StatusChange, WaitingChange, WebhookEvent
from messaging.services.changes import MOST_EDITS
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.world import Group, Person, World
from tests.telling import ANA, BETO, CAIO, composer, make_cloud, make_wapi, process, store, tell, the_message

pytestmark = pytest.mark.django_db

GROUP = Group("120363000000000001@g.us", "Entregas")
OURS, THEIRS = "3EB0OURS", "3EB0THEIRS"
FORWARD = ("sent", "delivered", "read", "played")
# Each status at each place, coming forwards and backwards.
ORDERS = [words[n:] + words[:n] for words in (FORWARD, FORWARD[::-1]) for n in range(len(words))]
Composer = WapiComposer | CloudComposer


@pytest.fixture(params=[make_wapi, make_cloud], ids=["wapi", "cloud"])
def line(request: pytest.FixtureRequest, db: None) -> Any:
    return request.param()


@pytest.fixture
def talk(world: World, line: Any) -> Composer:
    return composer(world, line)


def at(second: int) -> int:
    return 1790001000 + second


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(at(second), UTC)


def texts(message: Message) -> list[str]:
    message.refresh_from_db()
    return [version["text"] for version in message.earlier_texts] + [message.text]


def test_an_edit_replaces_the_text_and_keeps_the_earlier_one(line: Any, talk: Composer) -> None:
    tell(
        line, talk.text(ANA, "as 10", message_id=THEIRS, at=at(0)), talk.edit(ANA, THEIRS, "às 11", at=at(9))
    )
    message = the_message()
    assert (message.text, message.edited_at) == ("às 11", moment(9))
    assert message.earlier_texts == [{"text": "as 10", "until": moment(9).isoformat()}]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_edits_in_any_order_tell_the_same_story(order: tuple[int, ...], line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "zero", message_id=THEIRS, at=at(0)))
    edits = [talk.edit(ANA, THEIRS, word, at=at(10 + n)) for n, word in enumerate(("um", "dois", "três"))]
    for number in order:
        tell(line, edits[number], edits[number])
    assert texts(the_message()) == ["zero", "um", "dois", "três"]
    assert the_message().edited_at == moment(12)


@pytest.mark.parametrize("second", [9, 11], ids=["behind", "ahead"])
def test_an_edit_told_again_by_another_clock_is_one_edit(second: int, line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "zero", message_id=THEIRS, at=at(0)))
    tell(line, talk.edit(ANA, THEIRS, "um", at=at(10)), talk.edit(ANA, THEIRS, "um", at=at(second)))
    assert texts(the_message()) == ["zero", "um"]
    assert the_message().edited_at == moment(10)


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
def test_of_very_many_edits_the_first_text_and_the_newest_stay(step: int, line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "zero", message_id=THEIRS, at=at(0)))
    edits = [talk.edit(ANA, THEIRS, f"{n}", at=at(n)) for n in range(1, MOST_EDITS + 6)]
    tell(line, *edits[::step], edits[0])
    assert texts(the_message()) == ["zero", *(f"{n}" for n in range(6, MOST_EDITS + 6))]


def test_an_own_edit_changes_an_own_message(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "as 10", message_id=OURS, from_me=True))
    tell(line, talk.edit(ANA, OURS, "às 11", from_me=True))
    assert texts(the_message()) == ["as 10", "às 11"]


@pytest.mark.parametrize("who", [BETO, CAIO], ids=["known", "never seen before"])
@pytest.mark.parametrize("verb", ["edit", "revoke"])
def test_nobody_reaches_into_somebody_else_s_chat(verb: str, who: Person, line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "meu", message_id=THEIRS), talk.text(BETO, "outro"))
    extra = ("roubado",) if verb == "edit" else ()
    tell(line, getattr(talk, verb)(who, THEIRS, *extra))
    message = Message.objects.get(provider_message_id=THEIRS)
    assert (message.text, message.revoked_at) == ("meu", None)


def test_a_contact_cannot_edit_what_we_wrote(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "o preço é 10", message_id=OURS, from_me=True))
    tell(line, talk.edit(ANA, OURS, "o preço é 1"), talk.revoke(ANA, OURS))
    assert texts(the_message()) == ["o preço é 10"]
    assert the_message().revoked_at is None


def test_a_reaction_does_not_reach_into_somebody_else_s_chat(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "meu", message_id=THEIRS), talk.reaction(BETO, THEIRS, "🤡"))
    assert not Reaction.with_removed.exists()


@pytest.mark.parametrize("who", [BETO, CAIO], ids=["known", "never seen before"])
def test_members_of_a_group_do_not_edit_each_other(who: Person, line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "meu", message_id=THEIRS, group=GROUP), talk.text(BETO, "oi", group=GROUP))
    tell(line, talk.edit(who, THEIRS, "roubado", group=GROUP))
    assert Message.objects.get(provider_message_id=THEIRS).text == "meu"


def test_a_direct_chat_does_not_reach_into_a_group(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "no grupo", message_id=THEIRS, group=GROUP))
    tell(line, talk.edit(ANA, THEIRS, "de fora"), talk.reaction(ANA, THEIRS, "👍"))
    assert the_message().text == "no grupo"
    assert not Reaction.with_removed.exists()


def test_the_author_edits_in_a_group_and_anybody_there_may_take_back(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "um", message_id=THEIRS, group=GROUP))
    tell(line, talk.edit(ANA, THEIRS, "dois", group=GROUP), talk.revoke(BETO, THEIRS, group=GROUP, at=at(50)))
    assert texts(the_message()) == ["um", "dois"]
    assert the_message().revoked_at == moment(50)


def test_a_revoke_keeps_the_text_and_the_first_time(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "ops", message_id=THEIRS), talk.revoke(ANA, THEIRS, at=at(5)))
    tell(line, talk.revoke(ANA, THEIRS, at=at(5)))
    assert (the_message().text, the_message().revoked_at) == ("ops", moment(5))


def test_the_latest_reaction_of_each_person_counts(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "oi", message_id=THEIRS, group=GROUP))
    stamped = [(ANA, "👍", 5), (ANA, "❤️", 9), (BETO, "👍", 7), (ANA, "😮", 6)]
    tell(line, *[talk.reaction(who, THEIRS, emoji, group=GROUP, at=at(s)) for who, emoji, s in stamped])
    found = {(row.actor and row.actor.name, row.emoji) for row in Reaction.objects.all()}
    assert found == {("Ana", "❤️"), ("Beto", "👍")}


def test_our_own_reaction_has_no_actor_and_stands_once(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "oi", message_id=THEIRS))
    for emoji, second in (("👍", 1), ("❤️", 2)):
        tell(line, talk.reaction(ANA, THEIRS, emoji, from_me=True, at=at(second)))
    assert [(row.actor, row.emoji) for row in Reaction.objects.all()] == [(None, "❤️")]


def test_a_reaction_taken_back_is_not_revived_by_an_older_one(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "oi", message_id=THEIRS))
    tell(line, talk.reaction(ANA, THEIRS, "", at=at(9)), talk.reaction(ANA, THEIRS, "👍", at=at(5)))
    assert not Reaction.objects.exists()
    tell(line, talk.reaction(ANA, THEIRS, "❤️", at=at(10)))
    assert Reaction.objects.get().emoji == "❤️"


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_statuses_go_forward_only_and_each_has_its_own_time(
    order: tuple[str, ...], line: Any, talk: Composer
) -> None:
    tell(line, talk.text(ANA, "oi", message_id=OURS, from_me=True))
    seconds = {"sent": 1, "delivered": 2, "read": 3, "played": 4}
    for word in order:
        tell(line, talk.status(ANA, OURS, word, at=at(seconds[word])))
    message = the_message()
    times = (message.delivered_at, message.read_at, message.played_at)
    assert (message.status, *times) == ("played", moment(2), moment(3), moment(4))
    assert StatusChange.objects.filter(message=message).count() == 4


def test_a_failure_does_not_undo_a_delivery_but_follows_a_sending(line: Any, talk: Composer) -> None:
    for number, before in enumerate(("sent", "delivered")):
        tell(line, talk.text(ANA, "oi", message_id=f"M{number}", from_me=True))
        tell(line, talk.status(ANA, f"M{number}", before), talk.status(ANA, f"M{number}", "failed"))
    found = list(Message.objects.order_by("id").values_list("status", flat=True))
    assert found == ["failed", "delivered"]


def test_the_same_status_again_changes_nothing(line: Any, talk: Composer) -> None:
    read = talk.status(ANA, OURS, "read", at=at(3))
    tell(line, talk.text(ANA, "oi", message_id=OURS, from_me=True), read, read)
    tell(line, read)
    assert StatusChange.objects.count() == 1
    assert the_message().read_at == moment(3)


def test_a_status_of_an_inbound_message_is_kept_and_moves_nothing(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "oi", message_id=THEIRS), talk.status(ANA, THEIRS, "read"))
    assert (the_message().status, the_message().read_at) == ("", None)


def story(talk: Composer) -> list[dict[str, Any]]:
    """A small conversation in which everything happens, each with a time of its own."""
    return [
        talk.text(ANA, "pergunta", message_id=THEIRS, at=at(0)),
        talk.text(ANA, "resposta", message_id=OURS, from_me=True, reply_to=THEIRS, at=at(10)),
        talk.status(ANA, OURS, "delivered", at=at(11)),
        talk.status(ANA, OURS, "read", at=at(12)),
        talk.edit(ANA, THEIRS, "pergunta!", at=at(20)),
        talk.edit(ANA, THEIRS, "pergunta?", at=at(21)),
        talk.edit(ANA, OURS, "resposta.", from_me=True, at=at(22)),
        talk.reaction(ANA, OURS, "👍", at=at(30)),
        talk.reaction(ANA, OURS, "❤️", at=at(31)),
        talk.reaction(ANA, THEIRS, "👏", from_me=True, at=at(32)),
        talk.reaction(ANA, THEIRS, "", from_me=True, at=at(33)),
        talk.revoke(ANA, THEIRS, at=at(40)),
    ]


def picture() -> dict[str, Any]:
    """Everything that people see, without ids and times of arrival."""
    messages = Message.objects.order_by("provider_message_id").select_related("conversation", "sender")
    fields = (
        "provider_message_id",
        "direction",
        "type",
        "text",
        "payload",
        "reply_to_id",
        "sent_at",
        "status",
    )
    fields += ("delivered_at", "read_at", "edited_at", "earlier_texts", "revoked_at")
    return {
        "messages": [[getattr(row, name) for name in fields] for row in messages],
        "people": [(row.sender and row.sender.name, row.conversation.contact.name) for row in messages],
        "conversations": {
            (row.conversation.unread_count, row.conversation.last_message_at) for row in messages
        },
        "reactions": sorted(
            (row.message.provider_message_id, row.actor is None, row.emoji, row.occurred_at)
            for row in Reaction.with_removed.all()
        ),
        "statuses": sorted(
            (row.provider_message_id, row.status, row.occurred_at, row.message is not None)
            for row in StatusChange.objects.all()
        ),
        "waiting": WaitingChange.objects.count(),
        "states": set(WebhookEvent.objects.values_list("state", flat=True)),
    }


def told_in_chunks(line: Any, bodies: list[dict[str, Any]], dice: random.Random) -> dict[str, Any]:
    """Stored and processed in chunks of any size, and undone again."""
    with transaction.atomic():
        for body in bodies:
            store(line, body)
            if dice.random() < 0.5:
                process()
        process()
        seen = picture()
        transaction.set_rollback(True)
    return seen


def test_any_order_and_any_repetition_leads_to_the_same_rows(line: Any, talk: Composer) -> None:
    bodies, dice = story(talk), random.Random(11)
    expected = told_in_chunks(line, bodies, dice)
    assert [row[3] for row in expected["messages"]] == ["resposta.", "pergunta?"]
    assert (expected["waiting"], expected["states"]) == (0, {"processed"})
    for _ in range(12):
        shuffled = dice.choices(bodies, k=4) + bodies
        dice.shuffle(shuffled)
        assert told_in_chunks(line, shuffled, dice) == expected


def test_everything_before_its_message_waits_and_is_applied_when_it_comes(line: Any, talk: Composer) -> None:
    bodies = story(talk)
    expected = told_in_chunks(line, bodies, random.Random(1))
    assert told_in_chunks(line, bodies[::-1], random.Random(2)) == expected
