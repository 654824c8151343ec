"""Message contents that are neither plain text nor a file: places, cards, polls, buttons."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from accounts.providers.events import MediaDescriptor, MessageType
from accounts.providers.wire import Fields, load_embedded, present

VCARD_PHONE = re.compile(r"^(?:item[0-9]+\.)?TEL([^:\r\n]*):([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
VCARD_NAME = re.compile(r"^FN[^:\r\n]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
WHATSAPP_ID = re.compile(r"waid=([0-9]{3,20})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    type: MessageType
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    media: MediaDescriptor | None = None
    context: Fields = field(default_factory=Fields)


def extended_text(part: Fields) -> Content:
    link = present(
        url=part.text("canonicalUrl", "matchedText"),
        title=part.text("title"),
        description=part.text("description"),
    )
    text = part.text("text")
    kind = MessageType.TEXT if text else MessageType.UNSUPPORTED
    return Content(type=kind, text=text, payload=present(link=link if "url" in link else None))


def location(part: Fields) -> Content:
    return _place(part, live=None)


def live_location(part: Fields) -> Content:
    return _place(part, live=True)


def _place(part: Fields, *, live: bool | None) -> Content:
    name, address = part.text("name"), part.text("address")
    payload = present(
        latitude=part.decimal("degreesLatitude"),
        longitude=part.decimal("degreesLongitude"),
        name=name,
        address=address,
        url=part.text("url"),
        live=live,
    )
    text = ", ".join(filter(None, (name, address))) or part.text("caption", "comment")
    return Content(type=MessageType.LOCATION, text=text, payload=payload)


def contact(part: Fields) -> Content:
    return _cards([part])


def contacts(part: Fields) -> Content:
    return _cards(part.each("contacts"))


def _cards(parts: Iterable[Fields]) -> Content:
    cards = [_card(part) for part in parts]
    names = ", ".join(card["name"] for card in cards if "name" in card)
    return Content(type=MessageType.CONTACTS, text=names, payload={"contacts": cards})


def _card(part: Fields) -> dict[str, Any]:
    vcard = part.text("vcard")
    stated = VCARD_NAME.search(vcard)
    phones = []
    for parameters, number in VCARD_PHONE.findall(vcard):
        whatsapp = WHATSAPP_ID.search(parameters)
        phones.append(present(phone=number.strip(), wa_id=whatsapp[1] if whatsapp else ""))
    name = part.text("displayName") or (stated[1].strip() if stated else "")
    return present(name=name, phones=phones, vcard=vcard)


def poll(part: Fields) -> Content:
    inner = part.inside("message")
    part = next((inner.inside(name) for name in inner.names() if inner.inside(name)), part)
    question = part.text("name")
    payload = present(
        question=question,
        options=[option.text("optionName") for option in part.each("options")],
        selectable=part.count("selectableOptionsCount"),
    )
    return Content(type=MessageType.POLL, text=question, payload=payload)


def template_button_reply(part: Fields) -> Content:
    return _choice(
        "button_reply",
        title=part.text("selectedDisplayText"),
        id=part.word("selectedId"),
        index=part.count("selectedIndex"),
    )


def buttons_response(part: Fields) -> Content:
    return _choice(
        "button_reply",
        title=part.text("selectedDisplayText"),
        id=part.word("selectedButtonId"),
    )


def list_response(part: Fields) -> Content:
    return _choice(
        "list_reply",
        title=part.text("title"),
        id=part.inside("singleSelectReply").word("selectedRowId"),
        description=part.text("description"),
    )


def interactive_response(part: Fields) -> Content:
    flow = part.inside("nativeFlowResponseMessage")
    response = load_embedded(flow.text("paramsJson"))
    stated = Fields(response)
    return _choice(
        "flow_reply",
        title=part.inside("body").text("text") or stated.text("display_text", "title"),
        id=stated.word("id"),
        name=flow.word("name"),
        response=response,
    )


def _choice(kind: str, *, title: str, **facts: Any) -> Content:
    payload = present(kind=kind, title=title, **facts)
    return Content(type=MessageType.INTERACTIVE, text=title or payload.get("id", ""), payload=payload)


def template(part: Fields) -> Content:
    names = ("hydratedTemplate", "hydratedFourRowTemplate", "interactiveMessageTemplate")
    body = next((part.inside(name) for name in names if part.inside(name)), part)
    if "nativeFlowMessage" in body or "body" in body:
        return interactive(body)
    lines = [body.text("hydratedTitleText"), body.text("hydratedContentText")]
    return _offer(lines, body.text("hydratedFooterText"), map(_template_button, body.each("hydratedButtons")))


def _template_button(button: Fields) -> dict[str, Any]:
    kinds = ("quickReplyButton", "urlButton", "callButton")
    stated = next((button.inside(kind) for kind in kinds if button.inside(kind)), button)
    return present(
        title=stated.text("displayText"),
        id=stated.word("id"),
        url=stated.text("url"),
        phone=stated.word("phoneNumber"),
    )


def buttons(part: Fields) -> Content:
    offered = (
        present(title=button.inside("buttonText").text("displayText"), id=button.word("buttonId"))
        for button in part.each("buttons")
    )
    return _offer([part.text("text"), part.text("contentText")], part.text("footerText"), offered)


def choice_list(part: Fields) -> Content:
    offered = (
        present(title=row.text("title"), id=row.word("rowId"), description=row.text("description"))
        for section in part.each("sections")
        for row in section.each("rows")
    )
    return _offer([part.text("title"), part.text("description")], part.text("footerText"), offered)


def interactive(part: Fields) -> Content:
    lines = [part.inside("header").text("title"), part.inside("body").text("text")]
    lines += [card.inside("body").text("text") for card in part.inside("carouselMessage").each("cards")]
    flow = part.inside("nativeFlowMessage")
    return _offer(lines, part.inside("footer").text("text"), map(_flow_button, flow.each("buttons")))


def _flow_button(button: Fields) -> dict[str, Any]:
    stated = Fields(load_embedded(button.text("buttonParamsJson")))
    return present(
        title=stated.text("display_text", "title"),
        id=stated.word("id"),
        url=stated.text("url"),
        phone=stated.word("phone_number"),
    )


def _offer(lines: Iterable[str], footer: str, offered: Iterable[dict[str, Any]]) -> Content:
    listed = [button for button in offered if button]
    return Content(
        type=MessageType.INTERACTIVE if listed else MessageType.TEXT,
        text="\n".join(filter(None, lines)),
        payload=present(kind="offer" if listed else "", buttons=listed, footer=footer),
    )
