"""The command that adds a WhatsApp number, up to the provider's own record of the webhook address."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Client, WhatsappInstance
from accounts.services import webhook_url
from tests.simulator.server import Simulator
from tests.simulator.world import Line

pytestmark = pytest.mark.django_db
WAPI = {"client": "Padaria Aurora", "name": "Balcão", "provider": "wapi", "instance_id": "AB12-CD34"}
CLOUD = WAPI | {"provider": "cloud", "instance_id": "800000000000001"}


@pytest.fixture(autouse=True)
def no_secrets_in_the_environment(monkeypatch):
    for name in ("TOKEN", "APP_SECRET", "VERIFY_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sim(settings):
    with Simulator() as running:
        settings.WAPI_BASE_URL, settings.CLOUD_API_BASE_URL = running.wapi_base, running.cloud_base
        yield running


def create(**options):
    out = StringIO()
    call_command("create_instance", stdout=out, **options)
    return out.getvalue()


def test_client_and_instance_are_made_and_the_address_is_printed():
    told = create(**WAPI, token="wapi-token")
    instance = WhatsappInstance.objects.get()
    assert (instance.client.slug, instance.name, instance.token) == ("padaria-aurora", "Balcão", "wapi-token")
    assert webhook_url(instance) in told
    assert "wapi-token" not in told


def test_a_second_number_joins_the_client_that_is_there():
    create(**WAPI)
    create(**CLOUD)
    assert Client.objects.get().instances.count() == 2


def test_a_known_instance_is_refused_by_name():
    create(**WAPI)
    with pytest.raises(CommandError, match="AB12-CD34 at W-API already: “Balcão” of client “Padaria Aurora”"):
        create(**WAPI | {"client": "Another"})
    assert Client.objects.count() == 1


def test_a_verify_token_is_made_and_printed_once():
    told = create(**CLOUD, app_secret="shh")
    instance = WhatsappInstance.objects.get()
    assert len(instance.verify_token) >= 32
    assert instance.verify_token in told
    assert "shh" not in told


def test_a_given_verify_token_is_not_echoed(monkeypatch):
    monkeypatch.setenv("VERIFY_TOKEN", "chosen-by-hand")
    assert "chosen-by-hand" not in create(**CLOUD)
    assert WhatsappInstance.objects.get().verify_token == "chosen-by-hand"


def test_secrets_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("TOKEN", "from-env")
    monkeypatch.setenv("APP_SECRET", "secret-from-env")
    create(**CLOUD)
    instance = WhatsappInstance.objects.get()
    assert (instance.token, instance.app_secret) == ("from-env", "secret-from-env")


def test_the_token_comes_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("from-stdin\n"))
    create(**WAPI, token_stdin=True)
    assert WhatsappInstance.objects.get().token == "from-stdin"


def test_what_would_keep_messages_away_is_said(settings):
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    told = create(**CLOUD)
    assert "no token yet" in told
    assert "no app secret yet" in told
    assert "cannot reach http://127.0.0.1:8000" in told


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"client": "株式会社"}, "give one with --slug"),
        ({"name": "x" * 201}, "name: .*200"),
        ({"slug": "not a slug"}, "slug: "),
        ({"instance_id": " "}, "instance_id: "),
    ],
)
def test_a_wrong_value_leaves_nothing_behind(wrong, sentence):
    with pytest.raises(CommandError, match=sentence):
        create(**WAPI | wrong)
    assert not Client.objects.exists()


def test_an_unknown_provider_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'telegram'"):
        create(**WAPI | {"provider": "telegram"})


@pytest.mark.parametrize("provider", ["wapi", "cloud"])
def test_the_provider_is_told_the_address(sim, provider):
    facts = WAPI if provider == "wapi" else CLOUD
    line = sim.world.add_line(Line(provider, facts["instance_id"], "a-token", "5511900001111"))
    told = create(**facts, token="a-token", app_secret="shh", set_webhooks=True)
    assert line.webhooks["received"] == webhook_url(WhatsappInstance.objects.get())
    assert "The provider sends to this address now" in told


def test_after_a_refusal_the_command_can_be_run_again(sim):
    line = sim.world.add_line(Line("wapi", WAPI["instance_id"], "the-right-token", "5511900001111"))
    with pytest.raises(CommandError, match="its address could not be set: .* run this command again"):
        create(**WAPI, token="a-wrong-token", set_webhooks=True)
    assert "The provider sends to this address now" in create(
        **WAPI, token="the-right-token", set_webhooks=True
    )
    assert line.webhooks["received"] == webhook_url(WhatsappInstance.objects.get())


@pytest.mark.parametrize(
    ("option", "instead"),
    [("--token", "--token-stdin"), ("--app-secret", "APP_SECRET"), ("--verify-token", "VERIFY_TOKEN")],
)
def test_a_secret_among_the_options_is_refused(option, instead):
    facts = ["--client=Acme", "--name=Sales", "--provider=cloud", "--instance-id=800000000000001"]
    with pytest.raises(CommandError, match="seen by other users") as refused:
        call_command("create_instance", *facts, f"{option}=a-secret")
    assert instead in str(refused.value) and "a-secret" not in str(refused.value)
    assert not WhatsappInstance.objects.exists()
