"""Who writes to a client."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from rest_framework import serializers

from accounts.providers.events import AliasKind
from accounts.serializers import Shown
from messaging.models import Contact, ContactAlias
from messaging.serializers.together import Completed, Together


class AliasSerializer(Shown[ContactAlias]):
    class Meta:
        model = ContactAlias
        fields = ["kind", "value"]
        read_only_fields = fields


class ContactNameSerializer(Shown[Contact]):
    class Meta:
        model = Contact
        fields = ["id", "name"]
        read_only_fields = fields


class ContactSerializer(Completed):
    phone = serializers.SerializerMethodField(help_text="Digits with the country code; empty when unknown.")
    aliases = AliasSerializer(many=True, read_only=True, source="told_aliases")

    class Meta:
        model = Contact
        list_serializer_class = Together
        fields = ["id", "client", "name", "phone", "aliases", "created_at"]
        read_only_fields = fields

    def complete(self, rows: Sequence[Any]) -> None:
        prefetch_related_objects(rows, Prefetch("aliases", to_attr="told_aliases"))

    def get_phone(self, contact: Contact) -> str:
        return phone_of(contact)

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset


def phone_of(contact: Any) -> str:
    phones = (alias.value for alias in contact.told_aliases if alias.kind == AliasKind.PHONE)
    return next(phones, "")
