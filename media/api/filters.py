"""What the list of media files can be narrowed to."""

from typing import Any

from django_filters import rest_framework as filters

from accounts.api.filters import IdFilter, MomentFilter
from media.models import MediaFile


class WordsFilter(filters.MultipleChoiceFilter):
    """Any of the named words. No row is found twice by that, and looking for doubles would read all rows."""

    def __init__(self, **options: Any) -> None:
        super().__init__(distinct=False, **options)


class MediaFilter(filters.FilterSet):
    client = IdFilter(field_name="instance__client")
    instance = IdFilter()
    conversation = IdFilter(field_name="message__conversation", label="The conversation's id.")
    state = WordsFilter(choices=MediaFile.State.choices)
    kind = WordsFilter(choices=MediaFile.Kind.choices)
    cause = WordsFilter(choices=MediaFile.Cause.choices)
    since = MomentFilter(field_name="created_at", lookup_expr="gte", label="Made then or later.")
    until = MomentFilter(field_name="created_at", lookup_expr="lt", label="Made before.")

    class Meta:
        model = MediaFile
        fields: list[str] = []
