"""What the list of media files can be narrowed to."""

from django_filters import rest_framework as filters

from accounts.api.filters import IdFilter, MomentFilter
from media.models import MediaFile


class MediaFilter(filters.FilterSet):
    client = IdFilter(field_name="instance__client")
    instance = IdFilter()
    conversation = IdFilter(field_name="message__conversation", label="The conversation's id.")
    state = filters.MultipleChoiceFilter(choices=MediaFile.State.choices)
    kind = filters.MultipleChoiceFilter(choices=MediaFile.Kind.choices)
    cause = filters.MultipleChoiceFilter(choices=MediaFile.Cause.choices)
    since = MomentFilter(field_name="created_at", lookup_expr="gte", label="Made then or later.")
    until = MomentFilter(field_name="created_at", lookup_expr="lt", label="Made before.")

    class Meta:
        model = MediaFile
        fields: list[str] = []
