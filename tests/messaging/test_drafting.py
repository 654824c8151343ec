"""What may be sent of each type, and how it is kept."""

import pytest

from accounts.models import WhatsappInstance
from accounts.providers.base import OutgoingLocation
from accounts.providers.events import MessageType
from messaging.services.sending import Draft, Template
from tests.messaging.outgoing import picture, queue, refusal, said_by_them, talk_with
from tests.simulator.world import Person
from tests.telling import make_client, make_cloud, make_wapi
from tests.tenants import PICTURE

pytestmark = pytest.mark.django_db

TEXT, IMAGE, VOICE, STICKER = MessageType.TEXT, MessageType.IMAGE, MessageType.VOICE, MessageType.STICKER


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused(text: str, instance: WhatsappInstance) -> None:
    assert refusal(talk_with(instance), Draft(type=TEXT, text=text)) == ("empty", "text")


def test_each_provider_has_its_own_longest_text() -> None:
    draft = Draft(type=TEXT, text="x" * 4097)
    assert refusal(talk_with(make_cloud()), draft) == ("too_long", "text")
    assert queue(talk_with(make_wapi(), Person("Beto", "5511900003333")), draft).text == draft.text


def test_what_no_database_takes_is_left_out(instance: WhatsappInstance) -> None:
    message = queue(talk_with(instance), Draft(type=TEXT, text="bom\x00 dia \ud83d"))
    message.refresh_from_db()
    assert message.text == "bom dia ?"


@pytest.mark.parametrize("word", ["poll", "interactive", "order", "system", "unsupported"])
def test_what_nobody_can_send_is_refused(word: str, instance: WhatsappInstance) -> None:
    assert refusal(talk_with(instance), Draft(type=MessageType(word))) == ("unsupported", "type")


def test_a_template_needs_a_provider_that_has_them_and_a_name() -> None:
    greeting = Draft(type=MessageType.TEMPLATE, template=Template(name="ola", language="pt_BR"))
    assert refusal(talk_with(make_wapi()), greeting) == ("unsupported", "type")
    nameless = Draft(type=MessageType.TEMPLATE, template=Template(name="", language="pt_BR"))
    assert refusal(talk_with(make_cloud(), Person("Beto", "5511900003333")), nameless) == (
        "empty",
        "template",
    )


def test_a_template_is_kept_with_what_it_says() -> None:
    body = {
        "type": "body",
        "parameters": [{"type": "text", "text": "Ana\x00"}, {"type": "text", "text": "12 h"}],
    }
    template = Template(name="lembrete", language="pt_BR", components=[body])
    message = queue(talk_with(make_cloud()), Draft(type=MessageType.TEMPLATE, template=template))
    message.refresh_from_db()
    assert message.text == "lembrete (pt_BR): Ana, 12 h"
    assert message.payload["components"][0]["parameters"][0] == {"type": "text", "text": "Ana"}


def test_a_file_goes_with_its_caption(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    media_file = picture(conversation)
    message = queue(conversation, Draft(type=IMAGE, text="olha", media=media_file))
    assert (message.media, message.text, message.type) == (media_file, "olha", "image")


def test_a_file_that_belongs_to_a_message_is_sent_as_a_copy(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    media_file = picture(conversation)
    received = said_by_them(conversation, type="image", media=media_file)
    draft = Draft(type=IMAGE, media=media_file)
    message = queue(conversation, draft, key="k-1")
    assert (received.media, message.media != media_file) == (media_file, True)
    assert message.media
    assert (message.media.file.name, message.media.size) == (media_file.file.name, len(PICTURE))
    assert queue(conversation, draft, key="k-1") == message


def test_a_file_of_another_client_is_refused(instance: WhatsappInstance) -> None:
    foreign = picture(talk_with(make_wapi(make_client("Rival"), "OTHER"), Person("Beto", "5511900003333")))
    assert refusal(talk_with(instance), Draft(type=IMAGE, media=foreign)) == ("not_ours", "media")


def test_a_file_that_is_not_here_is_refused(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    media_file = picture(conversation)
    media_file.state = "fetching"
    assert refusal(conversation, Draft(type=IMAGE, media=media_file)) == ("empty", "media")
    assert refusal(conversation, Draft(type=IMAGE)) == ("empty", "media")


def test_a_file_goes_as_what_it_is(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    draft = Draft(type=VOICE, media=picture(conversation))
    assert refusal(conversation, draft) == ("wrong_type", "type")


def test_a_file_of_a_type_that_the_provider_does_not_take_is_refused() -> None:
    conversation = talk_with(make_cloud())
    draft = Draft(type=IMAGE, media=picture(conversation, mimetype="image/tiff"))
    assert refusal(conversation, draft) == ("wrong_type", "media")


def test_a_file_that_is_too_large_for_the_provider_is_refused() -> None:
    conversation = talk_with(make_cloud())
    media_file = picture(conversation)
    media_file.size = 5_000_001
    assert refusal(conversation, Draft(type=IMAGE, media=media_file)) == ("too_large", "media")


def test_what_carries_no_caption_is_refused_one(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    sticker = picture(conversation, kind="sticker", mimetype="image/webp")
    draft = Draft(type=STICKER, text="olha", media=sticker)
    assert refusal(conversation, draft) == ("unsupported", "text")


def test_a_caption_has_its_own_limit(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    draft = Draft(type=IMAGE, text="x" * 1025, media=picture(conversation))
    assert refusal(conversation, draft) == ("too_long", "text")


def test_a_place_is_kept_as_a_received_one_is(instance: WhatsappInstance) -> None:
    place = OutgoingLocation(latitude=-23.5, longitude=-46.6, name="Padaria", address="Rua A, 1")
    message = queue(talk_with(instance), Draft(type=MessageType.LOCATION, location=place))
    assert message.text == "Padaria, Rua A, 1"
    where = {"latitude": -23.5, "longitude": -46.6}
    assert message.payload == {**where, "name": "Padaria", "address": "Rua A, 1"}


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_a_place_that_is_nowhere_is_refused(
    latitude: float, longitude: float, instance: WhatsappInstance
) -> None:
    place = OutgoingLocation(latitude=latitude, longitude=longitude)
    draft = Draft(type=MessageType.LOCATION, location=place)
    assert refusal(talk_with(instance), draft) == ("wrong_type", "location")


def test_a_contact_is_kept_as_a_received_one_is(instance: WhatsappInstance) -> None:
    draft = Draft(type=MessageType.CONTACTS, contact=("Beto", "+55 (11) 90000-3333"))
    message = queue(talk_with(instance), draft)
    phones = [{"phone": "+5511900003333", "wa_id": "5511900003333"}]
    assert (message.text, message.payload) == ("Beto", {"contacts": [{"name": "Beto", "phones": phones}]})


@pytest.mark.parametrize("phone", ["", "abc", "123", "1" * 16, "٥٥١١٩٠٠٠٠٣٣٣٣"])
def test_a_contact_needs_a_phone(phone: str, instance: WhatsappInstance) -> None:
    draft = Draft(type=MessageType.CONTACTS, contact=("Beto", phone))
    assert refusal(talk_with(instance), draft) == ("no_address", "contact")
