"""What lists can be narrowed to. An id that is not the caller's to see finds nothing, like one that never was."""

from typing import Any

from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError

from accounts.api.filters import IdFilter, MomentFilter
from accounts.numbers import whole_number
from accounts.providers.events import ChatKind, MessageType
from messaging.models import Contact, Conversation, Gap, Label, Message, OutboxItem, WebhookEvent
from messaging.search import contacts_matching, conversations_matching, messages_matching

KINDS = [(word.value, word.value) for word in ChatKind]
TYPES = [(word.value, word.value) for word in MessageType]


class WordsFilter(filters.CharFilter):
    """Words to look for; none of them is no condition."""

    def filter(self, qs: Any, value: Any) -> Any:
        return self.extra_search(qs, value) if value and value.strip() else qs

    def __init__(self, search: Any, **options: Any) -> None:
        super().__init__(**options)
        self.extra_search = search


class ConversationFilter(filters.FilterSet):
    q = WordsFilter(conversations_matching, label="Words of the title, the name, or a phone number.")
    client = IdFilter(field_name="instance__client")
    instance = IdFilter()
    contact = IdFilter()
    status = filters.ChoiceFilter(choices=Conversation.Status.choices)
    kind = filters.ChoiceFilter(choices=KINDS)
    assigned_to = filters.CharFilter(method="of_assignee", label="A user's id, `me`, or `none`.")
    unread = filters.BooleanFilter(method="with_unread")
    label = IdFilter(field_name="labels", label="A label's id.")

    class Meta:
        model = Conversation
        fields: list[str] = []

    def of_assignee(self, rows: Any, name: str, value: str) -> Any:
        if value == "none":
            return rows.filter(assigned_to=None)
        if value == "me":
            return rows.filter(assigned_to=self.request.user.pk)
        user = whole_number(value)
        if not user:
            raise ValidationError({name: ["This is a user's id, `me`, or `none`."]})
        return rows.filter(assigned_to=user)

    def with_unread(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(unread_count__gt=0) if value else rows.filter(unread_count=0)


class ThreadFilter(filters.FilterSet):
    q = WordsFilter(messages_matching, label="Words of the text; one has three characters or more.")

    class Meta:
        model = Message
        fields: list[str] = []


class MessageFilter(filters.FilterSet):
    """A list over all conversations has no order that an index knows: it is asked for by words or in one of them."""

    q = WordsFilter(messages_matching, label="Words of the text. Without it `conversation` has to be given.")
    conversation = IdFilter()
    instance = IdFilter(field_name="conversation__instance")
    direction = filters.ChoiceFilter(choices=Message.Direction.choices)
    type = filters.ChoiceFilter(choices=TYPES)
    since = MomentFilter(field_name="sent_at", lookup_expr="gte", label="Sent then or later.")
    until = MomentFilter(field_name="sent_at", lookup_expr="lt", label="Sent before.")

    class Meta:
        model = Message
        fields: list[str] = []

    def filter_queryset(self, queryset: Any) -> Any:
        asked = self.form.cleaned_data
        if not asked["q"].strip() and asked["conversation"] is None:
            raise ValidationError({"q": ["Say what to look for, or name a conversation."]}, "required")
        return super().filter_queryset(queryset)


class ContactFilter(filters.FilterSet):
    q = WordsFilter(contacts_matching, label="A part of the name, or a phone number.")
    client = IdFilter()

    class Meta:
        model = Contact
        fields: list[str] = []


class LabelFilter(filters.FilterSet):
    client = IdFilter()

    class Meta:
        model = Label
        fields: list[str] = []


class GapFilter(filters.FilterSet):
    client = IdFilter(field_name="instance__client")
    instance = IdFilter()
    conversation = IdFilter(field_name="instance__conversations", label="Of the line of this conversation.")
    why = filters.ChoiceFilter(choices=Gap.Why.choices)
    open = filters.BooleanFilter(
        field_name="ended_at", lookup_expr="isnull", label="Still going on, or over."
    )
    since = MomentFilter(field_name="started_at", lookup_expr="gte", label="Begun then or later.")
    until = MomentFilter(field_name="started_at", lookup_expr="lt", label="Begun before.")

    class Meta:
        model = Gap
        fields: list[str] = []


class OutboxFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=OutboxItem.State.choices)
    instance = IdFilter()
    conversation = IdFilter()
    message = IdFilter()

    class Meta:
        model = OutboxItem
        fields: list[str] = []


class WebhookEventFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=WebhookEvent.State.choices)
    instance = IdFilter()
    since = MomentFilter(field_name="received_at", lookup_expr="gte", label="Received then or later.")
    until = MomentFilter(field_name="received_at", lookup_expr="lt", label="Received before.")

    class Meta:
        model = WebhookEvent
        fields: list[str] = []
