"""What those who read the feed may ask for, by poll or by stream."""

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.feed import TYPES, Topic
from accounts.numbers import LARGEST, whole_number
from messaging.services.feeding import Wish

GROUPS = {f"{topic}.*": [word for word in TYPES if word.startswith(f"{topic}.")] for topic in Topic.values}


def number(request: Request, name: str, most: int = LARGEST) -> int | None:
    return read_number(name, request.query_params.get(name, ""), most)


def read_number(name: str, text: str, most: int = LARGEST) -> int | None:
    if not text:
        return None
    found = whole_number(text, most)
    if found is None:
        raise ValidationError({name: [f"This is a whole number up to {most}."]})
    return found


def wish_of(request: Request) -> Wish:
    named = [word.strip() for word in request.query_params.get("types", "").split(",") if word.strip()]
    words = [word for name in named for word in GROUPS.get(name, [name])]
    if not set(words) <= set(TYPES):
        raise ValidationError({"types": [f"Types are, with commas between them: {', '.join(TYPES)}."]})
    return Wish(number(request, "instance"), frozenset(words))
