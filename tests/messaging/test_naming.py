import time

import pytest
from django.db import connection

from accounts.models import WhatsappInstance
from messaging.models import Conversation
from messaging.services.naming import Naming
from tests.simulator.server import Simulator
from tests.simulator.world import Group
from tests.telling import ANA, composer, make_wapi

pytestmark = pytest.mark.django_db
GROUP = "120363000000000001@g.us"


def a_group(sim: Simulator, instance: WhatsappInstance, title: str = "") -> Conversation:
    line = composer(sim.world, instance).line
    line.groups[GROUP] = Group(GROUP, "Entregas", [ANA])
    return Conversation.objects.create(instance=instance, kind="group", chat_id=GROUP, title=title)


def name_groups(seconds: float = 5) -> int:
    naming, named, end = Naming(), 0, time.monotonic() + seconds
    while not named and time.monotonic() < end:
        named = naming.turn()
    naming.close()
    return named


def test_a_group_without_a_name_gets_the_providers(sim: Simulator) -> None:
    group = a_group(sim, make_wapi())
    assert name_groups() == 1
    group.refresh_from_db()
    assert group.title == "Entregas"


def test_a_group_with_a_name_is_not_asked_for(sim: Simulator) -> None:
    a_group(sim, make_wapi(), title="Ours")
    assert name_groups(seconds=0.2) == 0
    assert sim.world.seen("group-metadata") == []


def test_a_provider_that_does_not_know_is_asked_again_much_later(sim: Simulator) -> None:
    group = a_group(sim, make_wapi())
    sim.world.fault("group-metadata", status=500)
    assert name_groups(seconds=0.5) == 0
    group.refresh_from_db()
    assert (group.title, len(sim.world.seen("group-metadata"))) == ("", 1)


def test_a_line_that_is_down_is_left_alone(sim: Simulator) -> None:
    a_group(sim, make_wapi(status="disconnected"))
    assert name_groups(seconds=0.2) == 0
    assert sim.world.seen("group-metadata") == []


def test_an_unreadable_secret_keeps_no_other_line_s_groups_nameless(sim: Simulator) -> None:
    group, broken = a_group(sim, make_wapi()), make_wapi(instance_id="broken")
    Conversation.objects.create(instance=broken, kind="group", chat_id="120363000000000002@g.us")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_whatsappinstance SET token = 'damaged' WHERE id = %s", [broken.pk])
    assert name_groups() == 1
    group.refresh_from_db()
    assert group.title == "Entregas"
