from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from accounts.models import Client, Membership, Role, User, WhatsappInstance
from messaging.models import WebhookEvent
from tests.telling import WAPI_ID, make_client, make_cloud, make_wapi, store

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def member(role: Role, client: Client) -> User:
    user = User.objects.create_user(f"{role}-{client.slug}")
    Membership.objects.create(user=user, client=client, role=role)
    return user


def test_an_instance_needs_nothing_but_its_names() -> None:
    made = WhatsappInstance.objects.create(client=make_client(), name="a", provider="wapi", instance_id="x")
    assert (len(made.webhook_key), made.status, made.is_active, made.token) == (43, "unknown", True, "")


def test_every_instance_has_a_key_of_its_own() -> None:
    assert make_wapi().webhook_key != make_cloud().webhook_key


def test_a_provider_knows_an_id_once_but_two_providers_may_use_it() -> None:
    make_wapi()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_wapi(make_client("Rival"))
    make_cloud(instance_id=WAPI_ID)


@pytest.mark.parametrize(
    ("role", "able"),
    [(Role.VIEWER, {Role.VIEWER}), (Role.OPERATOR, {Role.VIEWER, Role.OPERATOR}), (Role.MANAGER, set(Role))],
)
def test_a_role_may_what_the_roles_below_it_may(role: Role, able: set[Role]) -> None:
    instance = make_wapi()
    user = member(role, instance.client)
    found = {asked for asked in Role if WhatsappInstance.objects.visible_to(user, role=asked).exists()}
    assert found == able


def test_nobody_sees_another_client_s_rows() -> None:
    mine, foreign = make_wapi(), make_wapi(make_client("Rival"), instance_id="other")
    for instance in (mine, foreign):
        store(instance, b"{}")
    user = member(Role.MANAGER, mine.client)
    assert list(Client.objects.visible_to(user)) == [mine.client]
    assert list(WhatsappInstance.objects.visible_to(user)) == [mine]
    assert [row.instance for row in WebhookEvent.objects.visible_to(user)] == [mine]


def test_a_superuser_sees_everything_and_a_stranger_nothing() -> None:
    make_wapi()
    assert WhatsappInstance.objects.visible_to(User.objects.create_superuser("root")).count() == 1
    assert WhatsappInstance.objects.visible_to(AnonymousUser()).count() == 0
    assert WhatsappInstance.objects.visible_to(User.objects.create_user("nobody")).count() == 0


def test_somebody_switched_off_sees_nothing() -> None:
    instance = make_wapi()
    user = member(Role.MANAGER, instance.client)
    user.is_active = False
    assert WhatsappInstance.objects.visible_to(user).count() == 0


def test_a_person_has_one_membership_per_client() -> None:
    user = member(Role.VIEWER, make_client())
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, client=make_client(), role=Role.MANAGER)


def test_the_last_event_s_time_only_goes_forward() -> None:
    instance = make_wapi()
    for minutes in (5, 1, 3):
        WhatsappInstance.objects.heard_from(instance.pk, NOW + timedelta(minutes=minutes))
    instance.refresh_from_db()
    assert instance.last_event_at == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(("own", "order"), [("", ["cdn"]), (" provider , cdn,", ["provider", "cdn"])])
def test_an_instance_s_own_order_comes_before_the_platform_s(own: str, order: list[str]) -> None:
    assert make_wapi(media_strategies=own).strategy_order(["cdn"]) == order
