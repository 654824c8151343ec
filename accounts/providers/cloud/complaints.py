"""Meta's ``errors`` lists, wherever they hang: on a change, a message or a status."""

from typing import Any

from accounts.providers.wire import Fields

# Meta could not fetch the file, or it is over the limit: there never will be one.
MEDIA_LOST = "131052"


def complaints(fields: Fields) -> list[dict[str, Any]]:
    return [
        {"code": error.word("code"), "reason": reason_of(error)} for error in fields.each("errors") if error
    ]


def reason_of(error: Fields) -> str:
    return error.inside("error_data").text("details") or error.text("message", "title")


def sentence(complaint: dict[str, Any]) -> str:
    return ": ".join(filter(None, (complaint["code"], complaint["reason"])))
