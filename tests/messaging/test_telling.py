"""What webhooks change is told, once; what they only repeat is not."""

from typing import Any

import pytest

from accounts.models import Change
from messaging.models import Conversation, Message
from tests.loading import payload_names, raw_payload
from tests.messaging.test_naming import a_group, name_groups
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.server import Simulator
from tests.simulator.world import Person, World
from tests.telling import (
    ANA,
    LITE_ID,
    composer,
    make_cloud,
    make_wapi,
    process,
    store,
    tell,
    the_conversation,
    the_message,
)

pytestmark = pytest.mark.django_db

Composer = WapiComposer | CloudComposer
OURS, THEIRS = "3EB0OURS", "3EB0THEIRS"
BY_PHONE, BY_LID = Person("Ana", ANA.phone), Person("Ana", ANA.lid, ANA.lid)


@pytest.fixture(params=[make_wapi, make_cloud], ids=["wapi", "cloud"])
def line(request: pytest.FixtureRequest, db: None) -> Any:
    return request.param(status="connected")


@pytest.fixture
def talk(world: World, line: Any) -> Composer:
    return composer(world, line)


def told_of(line: Any, *bodies: Any) -> list[tuple[str, int]]:
    """What these webhooks added to the feed."""
    before = Change.objects.count()
    tell(line, *bodies)
    found = list(Change.objects.order_by("pk"))[before:]
    assert {(change.client_id) for change in found} <= {line.client_id}
    return [(change.type, change.object_id) for change in found]


def test_a_first_message_tells_its_conversation_and_itself(line: Any, talk: Composer) -> None:
    found = told_of(line, talk.text(ANA, "oi"))
    assert found == [("conversation.created", the_conversation().pk), ("message.created", the_message().pk)]


def test_a_further_message_touches_its_conversation(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "oi"))
    found = told_of(line, talk.text(ANA, "tudo bem?"))
    newest = Message.objects.order_by("-pk").first()
    assert newest
    assert found == [("conversation.updated", newest.conversation_id), ("message.created", newest.pk)]


def test_a_batch_tells_each_object_once(line: Any, talk: Composer) -> None:
    for number in range(3):
        store(line, talk.text(ANA, f"{number}", message_id=f"M{number}"))
    store(line, talk.edit(ANA, "M1", "um"))
    process()
    types = [change.type for change in Change.objects.all()]
    assert types == ["conversation.created"] + ["message.created"] * 3


def test_what_happens_to_a_message_is_told(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "oi", message_id=THEIRS), talk.text(ANA, "sim", message_id=OURS, from_me=True))
    ours, theirs = (Message.objects.get(provider_message_id=name).pk for name in (OURS, THEIRS))
    bodies = {
        ours: talk.status(ANA, OURS, "delivered"),
        theirs: talk.reaction(ANA, THEIRS, "👍"),
    }
    for pk, body in bodies.items():
        assert told_of(line, body) == [("message.updated", pk)]
        assert told_of(line, body) == []
    for body in (talk.edit(ANA, THEIRS, "olá"), talk.revoke(ANA, THEIRS)):
        assert told_of(line, body) == [("message.updated", theirs)]
        assert told_of(line, body) == []


def test_a_status_that_comes_too_late_to_matter_is_no_news(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "sim", message_id=OURS, from_me=True))
    assert told_of(line, talk.status(ANA, OURS, "delivered", at=1790001000))
    assert told_of(line, talk.status(ANA, OURS, "read", at=1790001010))
    assert told_of(line, talk.status(ANA, OURS, "sent", at=1790001020)) == []


def test_a_reaction_taken_back_before_it_came_is_no_news(line: Any, talk: Composer) -> None:
    tell(line, talk.text(ANA, "oi", message_id=THEIRS))
    assert told_of(line, talk.reaction(ANA, THEIRS, "", at=1790001010)) == []
    assert told_of(line, talk.reaction(ANA, THEIRS, "👍", at=1790001000)) == []


@pytest.mark.parametrize("provider", ["wapi", "cloud"])
def test_every_recorded_webhook_tells_nothing_the_second_time(provider: str) -> None:
    line = make_wapi() if provider == "wapi" else make_cloud()
    make_wapi(instance_id=LITE_ID)
    counts = []
    for _ in range(2):
        for name in payload_names(provider):
            store(line, raw_payload(provider, name))
        process()
        counts.append(Change.objects.count())
    assert counts[0] == counts[1] > 10


def test_a_merged_conversation_is_gone_and_the_one_that_stays_is_touched(world: World) -> None:
    line = make_wapi(status="connected")
    talk = composer(world, line)
    tell(line, talk.text(BY_LID, "um"), talk.text(BY_PHONE, "dois"))
    stays, goes = Conversation.objects.order_by("pk").values_list("pk", flat=True)
    found = told_of(line, talk.text(ANA, "três"))
    newest = Message.objects.get(text="três").pk
    assert found == [
        ("conversation.updated", stays),
        ("conversation.deleted", goes),
        ("message.created", newest),
    ]


def test_a_conversation_of_another_line_that_gets_a_new_contact_is_touched(world: World) -> None:
    first, second = make_wapi(status="connected"), make_wapi(instance_id=LITE_ID, status="connected")
    tell(first, composer(world, first).text(BY_LID, "um"))
    tell(second, composer(world, second).text(BY_PHONE, "dois"))
    elsewhere = Conversation.objects.get(instance=second)
    assert ("conversation.updated", elsewhere.pk) in told_of(first, composer(world, first).text(ANA, "três"))
    assert Change.objects.get(object_id=elsewhere.pk, action="updated").instance_id == second.pk


def test_a_line_that_connects_is_told_with_the_rest(world: World) -> None:
    line = make_wapi()
    talk = composer(world, line)
    assert isinstance(talk, WapiComposer)
    assert told_of(line, talk.connected()) == [("instance.updated", line.pk)]
    assert told_of(line, talk.connected()) == []


def test_an_event_that_fails_tells_nothing(line: Any, talk: Composer) -> None:
    store(line, b"{}")
    process()
    assert not Change.objects.exists()


def test_a_group_that_got_its_name_is_touched(sim: Simulator) -> None:
    group = a_group(sim, make_wapi())
    assert name_groups() == 1
    assert [(one.type, one.object_id) for one in Change.objects.all()] == [("conversation.updated", group.pk)]
