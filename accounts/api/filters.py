"""Filters of lists that say no to what the database could not take."""

from typing import Any

from django import forms
from django_filters import rest_framework as filters

LARGEST = 2**63 - 1


class IdFilter(filters.NumberFilter):
    """By an id, without looking whether there is such a row: another client's is as unknown as one that never was."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=LARGEST, **kwargs)

    def get_max_validator(self) -> None:
        """The field has its own bounds."""
