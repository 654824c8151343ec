"""Filters of lists that say no to what the database could not take."""

from datetime import UTC
from typing import Any

from django import forms
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from accounts.numbers import LARGEST


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST})
class IdFilter(filters.NumberFilter):
    """By an id, without looking whether there is such a row: another client's is as unknown as one that never was."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=LARGEST, **kwargs)

    def get_max_validator(self) -> None:
        """The field has its own bounds."""


class MomentField(IsoDateTimeField):
    def to_python(self, value: Any) -> Any:
        """At the ends of the calendar a time may have no place in the database's time zone."""
        try:
            found = super().to_python(value)
            return found and found.astimezone(UTC)
        except OverflowError as exc:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from exc


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField
