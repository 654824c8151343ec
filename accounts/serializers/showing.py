"""Serializers of rows that are only shown."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db.models import Manager, Model
from django.utils.timezone import get_current_timezone
from rest_framework import serializers

M = TypeVar("M", bound=Model)
Way = Callable[[Any, Any, tzinfo], Any]


class Shown(serializers.ModelSerializer[M]):
    # No docstring: it would become the description of each row in the API's document.

    def to_representation(self, instance: M) -> dict[str, Any]:
        # To ask for the zone at each time costs more than everything else about it.
        return _look(self, instance, get_current_timezone())


def _look(serializer: Any, row: Any, zone: tzinfo) -> dict[str, Any]:
    kind: Any = type(serializer)
    return {name: way(serializer, row, zone) for name, way in _ways(kind)}


@cache
def _ways(kind: type[Shown[Any]]) -> list[tuple[str, Way]]:
    """How each field is shown, found out once: to make a serializer's fields costs more than to use them."""
    fields: Any = kind().fields
    return [(name, _way(field)) for name, field in fields.items() if not field.write_only]


def _way(field: Any) -> Way:
    if isinstance(field, serializers.SerializerMethodField):
        # Asked of the serializer at hand, which knows the request and the page.
        method: str = field.method_name
        return lambda serializer, row, _: getattr(serializer, method)(row)
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        of_other = attrgetter(f"{field.source}_id")
        return lambda _, row, __: of_other(row)
    read, show = attrgetter(field.source), _showing(field)

    def way(_: Any, row: Any, zone: tzinfo) -> Any:
        value = read(row)
        return None if value is None else show(value, zone)

    return way


def _showing(field: Any) -> Callable[[Any, tzinfo], Any]:
    if isinstance(field, serializers.DateTimeField):
        return _moment
    if isinstance(field, serializers.ListSerializer) and _is_plain(field.child):
        return lambda rows, zone: [_look(field.child, row, zone) for row in _all(rows)]
    if _is_plain(field):
        return lambda row, zone: _look(field, row, zone)
    return lambda value, _: field.to_representation(value)


def _is_plain(field: Any) -> bool:
    return isinstance(field, Shown) and type(field).to_representation is Shown.to_representation


def _all(rows: Any) -> Any:
    return rows.all() if isinstance(rows, Manager) else rows


def _moment(value: datetime, zone: tzinfo) -> str:
    text = value.astimezone(zone).isoformat()
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
